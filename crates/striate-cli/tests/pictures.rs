//! Pictures, evaluation, report and exercises through the program.

mod common;

use common::Bench;
use std::fs;
use std::io::Write;
use std::process::Stdio;

const TRAIN: &str = "train tiny.toml --data data --epochs 3 --batch 16 --lr 0.1 --name a -q";

/// Width and height of a PNG file.
#[track_caller]
fn size(bytes: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(bytes).unwrap();
    (picture.width(), picture.height())
}

/// Whether every element that is opened is closed, in order; void elements and `<!…>` are known.
#[track_caller]
fn well_formed(html: &str) {
    let mut open = vec![];
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        // The ends of attributes hold no bracket: text in them is escaped.
        let end = rest.find('>').unwrap_or_else(|| panic!("an element does not end: {:.60}", rest));
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if tag.starts_with('!') || tag.ends_with('/') {
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap();
        if ["meta", "link", "br", "hr", "img"].contains(&name) {
            continue;
        }
        match tag.starts_with('/') {
            true => assert_eq!(open.pop(), Some(name), "</{name}>"),
            false => open.push(name),
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn the_report_is_whole_small_needs_no_network_and_is_the_same_again() {
    let bench = Bench::new();
    let done = bench.well(&format!("{TRAIN} --json")).last();
    let path = done["report"].as_str().unwrap().to_string();
    let html = fs::read_to_string(bench.path(&path)).unwrap();
    well_formed(&html);
    assert!(html.starts_with("<!DOCTYPE html>") && html.len() < 3_000_000, "{} bytes", html.len());
    for load in ["http://", "https://", "<script", "@import", "url(", "src=\"", "srcset"] {
        assert!(!html.contains(load), "{load}");
    }
    for part in [
        "id=\"summary\"",
        "id=\"training\"",
        "id=\"evaluation\"",
        "flag --epochs",
        "conv1",
        "prefers-color-scheme",
        "id=\"shift\"",
        "answers after a shift",
        "E of pool1",
        "id=\"hierarchy\"",
        "what excites conv1",
        "what excites dense1",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // Every picture says what is on it.
    assert_eq!(html.matches("<svg ").count(), html.matches("role=\"img\" aria-label=\"").count());
    assert!(!html.contains("NaN") && !html.contains("could not be made"));

    bench.well("report runs/a --quick --threads 1 --out again.html");
    bench.well("report runs/a --quick --threads 3 --out more.html");
    let [again, more] = ["again.html", "more.html"].map(|name| fs::read_to_string(bench.path(name)).unwrap());
    assert!(again == html && more == html, "the same run gives the same bytes");
}

#[test]
fn a_report_is_not_written_where_it_is_not_wanted() {
    let bench = Bench::new();
    let done = bench.well(&format!("{TRAIN} --no-report --json")).last();
    assert!(done["report"].is_null() && !bench.path("runs/a/report.html").exists());
    bench.write_png("mine.png", 7);
    let told = bench.well("report runs/a --image mine.png").out;
    assert!(told.starts_with("report: ") && told.contains("report.html"), "{told}");
    let html = fs::read_to_string(bench.path("runs/a/report.html")).unwrap();
    assert!(html.contains("Most probable classes") && html.contains("mine.png"));
    well_formed(&html);
    let missing = bench.run("report runs/none");
    assert_eq!(missing.code, Some(3), "{}", missing.err);
}

#[test]
fn eval_tells_more_and_draws_it() {
    let bench = Bench::new();
    bench.well(TRAIN);
    let text = bench.well("eval runs/a --out seen").out;
    for part in ["F1: ", "ROC area: ", "calibration error: ", "precision", "picture: seen"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let names = ["confusion", "classes", "roc", "precision-recall", "calibration"];
    for name in names {
        let svg = fs::read_to_string(bench.path(&format!("seen/{name}.svg"))).unwrap();
        assert!(svg.starts_with("<svg xmlns") && !svg.contains("NaN"), "{name}");
    }
    let eval = bench.well("eval runs/a --out seen --format png --json").last();
    for name in names {
        let (width, height) = size(&fs::read(bench.path(&format!("seen/{name}.png"))).unwrap());
        assert!(width > 200 && height > 200, "{name}");
    }
    let counts = eval["confusion"].as_array().unwrap();
    let sum: u64 = counts.iter().flat_map(|row| row.as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(sum, 60);
    let right: u64 = (0..3).map(|k| counts[k][k].as_u64().unwrap()).sum();
    assert_eq!(Some(right), eval["right"].as_u64());
    assert!(eval["macro"]["f1"].is_f64() && eval["calibration"]["error"].is_f64() && eval["roc_area"].is_f64());
    // A kind of picture without a folder for it.
    assert_eq!(bench.run("eval runs/a --format png").code, Some(2));
}

#[test]
fn errors_show_the_worst_samples() {
    let bench = Bench::new();
    bench.well(TRAIN);
    let errors = bench.well("errors runs/a --top 5 --out worst.png --json").last();
    let losses: Vec<f64> = errors["errors"].as_array().unwrap().iter().map(|e| e["loss"].as_f64().unwrap()).collect();
    assert_eq!(losses.len(), 5);
    assert!(losses.windows(2).all(|two| two[0] >= two[1]), "{losses:?}");
    assert!(size(&fs::read(bench.path("worst.png")).unwrap()).0 > 200);
    let text = bench.well("errors runs/a --top 4").out;
    assert_eq!(text.lines().filter(|line| line.starts_with("sample ")).count(), 4, "{text}");
    let wrong = bench.run("errors runs/a --out worst.gif");
    assert!(wrong.code == Some(2) && wrong.err.contains(".svg or .png"), "{}", wrong.err);
    assert_eq!(bench.run("errors runs/a --top 0").code, Some(2));
}

#[test]
fn curves_of_a_run() {
    let bench = Bench::new();
    bench.well(TRAIN);
    let curves = bench.well("curves runs/a --out seen --json").last();
    assert_eq!((curves["epochs"].as_u64(), curves["pictures"].as_array().unwrap().len()), (Some(3), 3));
    assert_eq!(curves["columns"]["train_loss"].as_array().unwrap().len(), 3);
    assert!(fs::read_to_string(bench.path("seen/loss.svg")).unwrap().contains("best: epoch"));
    assert!(bench.well("curves runs/a").out.contains("test_accuracy"));
    bench.write("runs/a/metrics.csv", b"epoch,steps\n1,x\n");
    let damaged = bench.run("curves runs/a");
    assert!(damaged.code == Some(3) && damaged.err.contains("metrics.csv:2"), "{}", damaged.err);
}

#[test]
fn exercises_are_asked_judged_and_told() {
    let bench = Bench::new();
    let all = bench.well("exercises --answers --json").last();
    let all = all["exercises"].as_array().unwrap();
    assert!(all.len() >= 9);
    assert_eq!((&all[0]["answer"]["number"], &all[3]["answer"]["letter"]), (&196_609_000.into(), &"B".into()));
    assert!(bench.well("exercises --answers").out.contains("answer: 4 102 102"));

    let answer = |input: &str, line: &str| {
        let mut child = bench.command(line).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = answer("what\n280\nc\n", "exercises convolution-parameters pooling");
    assert!(text.contains("Once more:") && text.contains("Right.") && text.contains("1 of 2 right"), "{text}");
    assert!(text.contains("No, that statement is true"), "{text}");
    let json = answer("5\n", "exercises dense-parameters --json");
    let last: serde_json::Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!((&last["asked"], &last["right"]), (&1.into(), &0.into()));
    // Nobody answers.
    assert!(answer("", "exercises").contains("0 of 0 right"));
    let unknown = bench.run("exercises poling");
    assert!(unknown.code == Some(2) && unknown.err.contains("did you mean `pooling`?"), "{}", unknown.err);
}
