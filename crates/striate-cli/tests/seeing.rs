//! attribute, hierarchy, shift: what they print, draw and refuse.

mod common;

use common::Bench;

/// A trained run and a picture of a pole.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.well("train tiny.toml --data data --epochs 3 --batch 16 --lr 0.1 --name run --no-report -q");
    bench.write_png("pole.png", 1);
    bench
}

fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG")
}

#[test]
fn attribute_tells_draws_and_checks() {
    let bench = bench();
    let ran = bench.well("attribute runs/run pole.png --sanity --out cam.png");
    for part in
        ["predicted: pole", "the score of class pole before softmax", "layer conv1 (the last that convolves)", "sane"]
    {
        assert!(ran.out.contains(part), "no `{part}` in\n{}", ran.out);
    }
    assert!(is_png(&std::fs::read(bench.path("cam.png")).unwrap()));

    let all = bench.well("attribute runs/run pole.png --method all --class slope --out all.svg --json").last();
    let maps = all["maps"].as_array().unwrap();
    assert_eq!(maps.len(), 8, "{all}");
    assert!(maps.iter().all(|map| map["class"] == "slope" && map["map"].as_array().unwrap().len() == 8));
    let integrated = maps.iter().find(|map| map["method"] == "integrated-gradients").unwrap();
    let number = |key: &str| integrated["completeness"][key].as_f64().unwrap();
    assert!(number("error") < 0.02 * number("difference").abs().max(1.0), "{integrated}");
    let svg = std::fs::read_to_string(bench.path("all.svg")).unwrap();
    assert!(svg.contains("guided-backprop") && svg.contains("What speaks for class slope"));
    // The same answer for any number of threads.
    let with =
        |threads: u8| bench.well(&format!("attribute runs/run pole.png --method all --json --threads {threads}")).out;
    assert_eq!(with(1), with(3));
}

#[test]
fn attribute_leaves_out_what_does_not_fit_and_refuses_mistakes() {
    let bench = Bench::new();
    let tanh = common::MODEL.replace("relu", "tanh");
    bench.write("tiny.toml", tanh.as_bytes());
    bench.well("train tiny.toml --data data --epochs 1 --batch 16 --name run --no-report -q");
    bench.write_png("pole.png", 1);
    let ran = bench.well("attribute runs/run pole.png --method all --json");
    assert_eq!(ran.last()["left_out"][0]["method"], "guided-backprop");
    assert!(ran.err.contains("left out: guided-backprop"), "{}", ran.err);
    for (line, code, parts) in [
        ("--method gradcam", 2, &["no method of attribution `gradcam`", "did you mean `grad-cam`?"][..]),
        ("--class poles", 2, &["no class `poles`", "did you mean `pole`?"]),
        ("--class 3", 2, &["no class `3`", "a number below 3"]),
        ("--layer conf1", 2, &["no layer `conf1`", "did you mean `conv1`?"]),
        ("--layer dense1", 2, &["no maps", "conv1"]),
        ("--method guided-backprop", 4, &["`tanh1` is a tanh", "`relu`"]),
        ("--method occlusion --window 9", 2, &["a window of 9", "1 to 8"]),
        ("--out map.gif", 2, &[".svg or .png"]),
        ("--method saliency --layer conv1", 2, &["--layer says nothing to saliency", "grad-cam or grad-cam++"]),
        ("--steps 5", 2, &["--steps says nothing to grad-cam", "integrated-gradients"]),
        ("--method occlusion --noise 0.1", 2, &["--noise says nothing to occlusion", "smooth-grad"]),
        ("--baseline mean", 2, &["--baseline says nothing to grad-cam"]),
        ("--seed 3", 2, &["--seed says nothing to grad-cam", "--sanity"]),
    ] {
        let ran = bench.run(&format!("attribute runs/run pole.png {line}"));
        assert_eq!(ran.code, Some(code), "{line}\n{}", ran.err);
        parts.iter().for_each(|part| assert!(ran.err.contains(part), "{line}: no `{part}` in\n{}", ran.err));
    }
    let ran = bench.run("attribute runs/run missing.png");
    assert!(ran.code == Some(3) && ran.err.contains("missing.png"), "{}", ran.err);
}

#[test]
fn hierarchy_shows_pieces_and_makes_pictures() {
    let bench = bench();
    let ran = bench.well("hierarchy runs/run --top 4 --maximize --steps 20 --out features --format png");
    assert!(ran.out.contains("conv1 (conv2d): 4 channels, each unit sees 3×3"), "{}", ran.out);
    assert!(ran.out.contains("dense1 (dense): 3 channels, each unit sees 8×8"), "{}", ran.out);
    for file in ["01-conv1.png", "02-dense1.png"] {
        assert!(is_png(&std::fs::read(bench.path("features").join(file)).unwrap()), "{file}");
    }
    let all = bench.well("hierarchy runs/run --layer dense1 --top 5 --maximize --json").last();
    let channels = all["layers"][0]["channels"].as_array().unwrap();
    for (class, channel) in channels.iter().enumerate() {
        // What excites the score of a class most is of that class.
        let patches = channel["patches"].as_array().unwrap();
        assert!(patches.len() == 5 && patches.iter().all(|patch| patch["label"] == class), "{channel}");
        let after = all["maximized"][0]["after"][class].as_f64().unwrap();
        assert!(after > patches[0]["value"].as_f64().unwrap(), "{after} {channel}");
    }
    assert!(ran.out.contains("best piece ") && ran.out.contains(", made "), "{}", ran.out);
    for flag in ["--steps 3", "--seed 3", "--starts 3"] {
        let ran = bench.run(&format!("hierarchy runs/run {flag}"));
        assert!(ran.code == Some(2) && ran.err.contains("--maximize"), "{}", ran.err);
    }
    let ran = bench.run("hierarchy runs/run --layer dense2");
    assert!(ran.code == Some(2) && ran.err.contains("did you mean `dense1`?"), "{}", ran.err);
}

#[test]
fn shift_measures_and_draws() {
    let bench = bench();
    let ran = bench.well("shift runs/run --max 3 --samples 30 --out shift.svg");
    assert!(ran.out.contains("30 pictures") && ran.out.contains("E at multiples"), "{}", ran.out);
    let svg = std::fs::read_to_string(bench.path("shift.svg")).unwrap();
    assert!(svg.contains("same class") && svg.contains("E of pool1"));
    let shifts = &bench.well("shift runs/run --max 3 --samples 30 --json").last()["shifts"];
    assert_eq!((&shifts["same_class"][0], &shifts["layers"][1]["stride"][0]), (&1.0.into(), &2.into()));
    assert!(shifts["layers"][0]["error"][1].as_f64().unwrap() < 1e-5, "{shifts}");
    let ran = bench.run("shift runs/run --max 8");
    assert!(ran.code == Some(2) && ran.err.contains("at most 7"), "{}", ran.err);
}
