//! The embedded files: `assets/README.md` says what they are. A CSV file has a line of class names, a line of column
//! names, then one sample a line with its class last; `digits.u8` has 64 grey levels 0–16 and the class, a byte each.

use super::Samples;

/// Fisher's irises: length and width of sepal and petal in cm, three species. The first is linearly separable from
/// the others, the second and third are not from each other.
pub fn iris() -> Samples {
    csv("iris", include_str!("../../assets/iris.csv"))
}

/// Wines of three cultivars of one region of Italy by 13 chemical measurements.
pub fn wine() -> Samples {
    csv("wine", include_str!("../../assets/wine.csv"))
}

/// Tumours of the breast, malignant or benign, by 30 measurements of cell nuclei (Wisconsin, diagnostic).
pub fn breast_cancer() -> Samples {
    csv("breast cancer", include_str!("../../assets/breast_cancer.csv"))
}

/// Handwritten digits, 8×8 pixels of 0 (paper) to 16 (ink), row by row.
pub fn digits() -> Samples {
    let (samples, rest) = include_bytes!("../../assets/digits.u8").as_chunks::<65>();
    debug_assert!(rest.is_empty());
    Samples::unchecked(
        "digits",
        samples.iter().flat_map(|sample| sample[..64].iter().map(|&pixel| f32::from(pixel))).collect(),
        samples.iter().map(|sample| usize::from(sample[64])).collect(),
        (0..10).map(|digit| digit.to_string()).collect(),
        (0..64).map(|pixel| format!("row{}column{}", pixel / 8, pixel % 8)).collect(),
    )
}

fn csv(name: &str, text: &str) -> Samples {
    let mut lines = text.lines();
    let names = |line: Option<&str>| -> Vec<String> { line.unwrap_or_default().split(',').map(String::from).collect() };
    let classes = names(lines.next());
    let columns = names(lines.next());
    let (mut values, mut labels) = (vec![], vec![]);
    for line in lines {
        let (numbers, label) = line.rsplit_once(',').expect("the embedded files are whole: a test reads them");
        values.extend(numbers.split(',').map(|n| n.parse::<f32>().expect("a number: a test reads them")));
        labels.push(label.parse().expect("a class: a test reads them"));
    }
    Samples::unchecked(name, values, labels, classes, columns)
}
