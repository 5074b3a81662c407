use super::{Dataset, folder, idx};
use std::sync::LazyLock;

/// The digits inside the binary: 12,000 images of MNIST, 28×28 pixels, light on dark.
///
/// They are drawn from MNIST's own training and test parts, equally many of each digit, and come in the order 0, 1, …,
/// 9, 0, 1, …. MNIST is by Yann LeCun, Corinna Cortes and Christopher J.C. Burges, CC BY-SA 3.0; the example
/// `make_digits` draws them.
///
/// ```
/// use striate::data::Digits;
/// let (train, test) = (Digits::train(), Digits::test());
/// assert_eq!((train.len(), test.len()), (10_000, 2_000));
/// assert_eq!(test.labels()[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
/// ```
pub struct Digits;

macro_rules! embedded {
    ($part:literal, $name:literal) => {
        LazyLock::new(|| {
            idx::from_bytes(
                include_bytes!(concat!("../../assets/digits/", $part, "-images-idx3-ubyte.gz")),
                include_bytes!(concat!("../../assets/digits/", $part, "-labels-idx1-ubyte.gz")),
                folder::digit_names(),
                concat!("the digits inside (MNIST, ", $name, " part)").into(),
            )
            .expect("the embedded files are whole: a test reads them")
        })
    };
}

static TRAIN: LazyLock<Dataset> = embedded!("train", "training");
static TEST: LazyLock<Dataset> = embedded!("t10k", "test");

impl Digits {
    /// 10,000 images to train on, 1,000 of each digit. Decoded on the first call, then shared.
    pub fn train() -> Dataset {
        TRAIN.clone()
    }

    /// 2,000 images to measure on, 200 of each digit. Decoded on the first call, then shared.
    pub fn test() -> Dataset {
        TEST.clone()
    }
}
