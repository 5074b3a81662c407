//! The commands that look inside, through the real program.

mod common;

use common::Bench;
use serde_json::Value;

/// A tiny trained run, a picture, and the folder that both lie in.
fn trained() -> Bench {
    let bench = Bench::new();
    bench.well("train tiny.toml --data data --epochs 1 --name run --quiet");
    bench.write_png("bar.png", 0);
    bench
}

#[track_caller]
fn refused(bench: &Bench, line: &str, code: i32, wanted: &[&str]) {
    let ran = bench.run(line);
    assert_eq!(ran.code, Some(code), "striate {line}\n{}{}", ran.out, ran.err);
    wanted.iter().for_each(|text| assert!(ran.err.contains(text), "striate {line}\n{}", ran.err));
    assert_eq!(ran.out, "", "striate {line}");
}

#[track_caller]
fn is_picture(bench: &Bench, name: &str) {
    let bytes = std::fs::read(bench.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    match name.ends_with(".svg") {
        true => assert!(bytes.starts_with(b"<svg"), "{name}"),
        false => assert!(image::load_from_memory(&bytes).unwrap().width() > 50, "{name}"),
    }
}

#[test]
fn fields_are_told_and_drawn() {
    let bench = trained();
    let told = bench.well("rf runs/run --layer pool1 --at 1,2 --out f.png --json").last();
    assert_eq!(told["formula"], serde_json::json!({ "size": [4, 4], "stride": [2, 2], "offset": [0, 0] }));
    assert_eq!(told["sees"], serde_json::json!([[2, 6], [4, 8]]));
    assert_eq!((told["centre"][0].as_f64(), told["elements"].as_u64()), (Some(3.5), Some(16)));
    is_picture(&bench, "f.png");
    // Without weights: starting weights and noise.
    let told = bench.well("rf lenet5 --layer conv2 --json").last();
    assert_eq!((told["trained"].as_bool(), &told["at"]), (Some(false), &serde_json::json!([5, 5])));
    assert_eq!(told["effective"]["elements"], 196);
    let text = bench.well("rf cnn1d --layer conv2 --out line.svg").out;
    assert!(text.contains("by formula") && text.contains("noise"), "{text}");
    is_picture(&bench, "line.svg");
    refused(&bench, "rf lenet5 --layer conf2", 2, &["did you mean `conv2`?", "conv1, relu1, pool1"]);
    refused(&bench, "rf lenet5", 2, &["no layer is named", "conv1, relu1, pool1"]);
    let told = bench.well("rf unet_small --layer side0.conv1 --at 3,9 --json").last();
    assert_eq!((&told["formula"], &told["elements_are_box"]), (&Value::Null, &true.into()), "{told}");
    assert_eq!(told["effective"]["elements"], told["elements"]);
    assert!(bench.well("rf unet_small --layer up1").out.contains("depends on the place"));
    refused(&bench, "rf lenet5 --layer conv2 --at 10,0", 2, &["2 numbers, at most 9,9"]);
    refused(&bench, "rf lenet5 --layer conv2 --at 1", 2, &["no unit there"]);
    refused(&bench, "rf lenet5 --layer conv2 --at x", 2, &["such as 5,7"]);
    refused(&bench, "rf lenet5 --layer conv2 --channel 16", 2, &["at most 15"]);
    refused(&bench, "rf lstm_rows --layer lstm1", 2, &["a recurrent model has no receptive field"]);
    refused(&bench, "rf lenet5 --layer conv2 --out f.gif", 2, &[".svg or .png"]);
    refused(&bench, "rf lenet5 --layer conv2 --image none.png", 3, &["none.png"]);
}

#[test]
fn kernels_are_listed_sorted_and_drawn() {
    let bench = trained();
    let told = bench.well("kernels runs/run --sort norm --out k.png --json").last();
    let norms: Vec<f64> = told["kernels"].as_array().unwrap().iter().map(|k| k["norm"].as_f64().unwrap()).collect();
    assert_eq!((norms.len(), told["layer"].as_str(), told["watched"].as_str()), (4, Some("conv1"), Some("relu1")));
    assert!(norms.windows(2).all(|pair| pair[0] >= pair[1]));
    is_picture(&bench, "k.png");
    let frequency = bench.well("kernels runs/run --layer conv1 --sort frequency --no-data --out k.svg --planes").out;
    assert!(frequency.contains("mean frequency") && frequency.contains("picture: k.svg"), "{frequency}");
    refused(&bench, "kernels lenet5", 2, &["has no weights", "striate train lenet5"]);
    refused(&bench, "kernels runs/run --layer pool1", 2, &["has no kernels", "conv1"]);
    refused(&bench, "kernels runs/run --sort size", 2, &["frequency"]);
}

#[test]
fn maps_are_told_and_drawn_for_each_layer() {
    let bench = trained();
    let told = bench.well("maps runs/run bar.png --out maps --format png --json").last();
    let layers = told["layers"].as_array().unwrap();
    assert_eq!(
        layers.iter().map(|l| l["layer"].as_str().unwrap()).collect::<Vec<_>>(),
        ["conv1", "relu1", "pool1", "flatten1", "dense1"]
    );
    assert_eq!(layers[2]["shape"], serde_json::json!([4, 3, 3]));
    ["maps/conv1.png", "maps/pool1.png", "maps/dense1.png"].iter().for_each(|name| is_picture(&bench, name));
    bench.well("maps runs/run bar.png --layer conv1 --out one.svg");
    is_picture(&bench, "one.svg");
    refused(&bench, "maps runs/run bar.png --layer conv9", 2, &["no layer `conv9`"]);
    refused(&bench, "maps runs/run bar.png --out all.png", 2, &["a folder, or --layer"]);
    refused(&bench, "maps runs/run bar.png --layer conv1 --out one.png --format svg", 2, &["--format is for folders"]);
    refused(&bench, "maps runs/run bar.png --format png", 2, &["--out"]);
    refused(&bench, "maps runs/run tiny.toml", 3, &["tiny.toml"]);
}

/// The numbers of a trace are those of the layers, and they add up.
#[test]
fn a_unit_is_traced() {
    let bench = trained();
    let told = bench.well("trace runs/run bar.png --layer conv1 --pixel 2,3 --channel 1 --label pole --json").last();
    let number = |value: &Value| value.as_f64().unwrap();
    let step = &told["step"];
    let products: f64 = step["terms"].as_array().unwrap().iter().map(|t| number(&t["product"])).sum();
    assert_eq!((step["does"].as_str(), told["label"].as_u64()), (Some("weighted_sum"), Some(1)));
    assert!((products + number(&step["bias"]) - number(&told["output"])).abs() < 1e-5);
    let pool = bench.well("trace runs/run bar.png --layer pool1 --pixel 1,1").out;
    assert!(pool.contains("← the maximum, index") && !pool.contains("∂L/∂w"), "{pool}");
    let dense = bench.well("trace runs/run bar.png --layer dense1 --channel 2").out;
    assert!(dense.contains("and 4 smaller products") && dense.contains("∂L/∂bias"), "{dense}");
    let relu = bench.well("trace runs/run bar.png --layer relu1 --pixel 0,0").out;
    assert!(relu.contains("∂L/∂input"), "{relu}");
    refused(&bench, "trace runs/run bar.png --layer pool1 --pixel 3,0", 2, &["no such unit", "4×3×3"]);
    refused(&bench, "trace runs/run bar.png --layer pool1", 2, &["no such unit"]);
    refused(&bench, "trace runs/run bar.png --layer conv1 --pixel 0,0 --label bat", 2, &["did you mean `bar`?"]);
    refused(&bench, "trace runs/run bar.png --layer flatten1 --channel 0", 2, &["cannot be traced"]);
}

#[test]
fn connectivity_is_compared() {
    let bench = Bench::new();
    let told = bench.well("compare-connectivity lenet5 --layer conv2 --out t.png --json").last();
    let numbers = &told["layers"][0]["numbers"];
    assert_eq!(numbers["convolution"]["parameters"], 2_416);
    assert_eq!(numbers["dense"]["parameters"], (6 * 14 * 14 + 1) * 1600);
    assert_eq!(numbers["local"]["connections"], numbers["convolution"]["connections"]);
    assert_eq!((told["matrix"]["rows"].as_u64(), told["matrix"]["columns"].as_u64()), (Some(1600), Some(1176)));
    is_picture(&bench, "t.png");
    let text = bench.well("compare-connectivity lenet5").out;
    assert!(text.contains("3,692,640 parameters") && text.contains("locally connected"), "{text}");
    refused(&bench, "compare-connectivity mlp", 2, &["has no convolution"]);
    refused(&bench, "compare-connectivity lenet", 4, &["did you mean `lenet5`?"]);
}

#[test]
fn filters_and_spectra_are_shown() {
    let bench = trained();
    assert!(bench.well("filter").out.lines().any(|line| line.starts_with("scharr-x")));
    let told = bench.well("filter sobel bar.png --out edges.png --json").last();
    assert_eq!(
        (told["filter"].as_str(), told["kernels"][1].as_str()),
        (Some("sobel"), Some("band-pass, oriented 90°"))
    );
    // The result alone, pixel for pixel; the sheet is larger.
    assert_eq!(image::open(bench.path("edges.png")).unwrap().width(), 8);
    bench.well("filter gaussian bar.png --out blurred.svg --sheet sheet.png");
    ["blurred.svg", "sheet.png"].iter().for_each(|name| is_picture(&bench, name));
    refused(&bench, "filter gaussian bar.png --sheet sheet.jpg", 2, &[".svg or .png"]);
    refused(&bench, "filter soble bar.png", 2, &["did you mean `sobel`?"]);
    refused(&bench, "filter sobel", 2, &["PICTURE"]);
    refused(&bench, "filter sobel none.png", 3, &["none.png"]);

    let told = bench.well("spectrum runs/run --layer conv1 --image bar.png --out s.png --json").last();
    assert!(told["greatest_difference_of_paths"].as_f64().unwrap() < 1e-5);
    assert_eq!(
        (told["kernels"].as_array().unwrap().len(), told["kernels"][0]["radial"].as_array().unwrap().len()),
        (4, 24)
    );
    bench.well("spectrum runs/run --layer conv1 --kernel 2 --out one.svg");
    bench.well("spectrum runs/run --layer conv1 --directions --out rose.svg");
    let told = bench.well("spectrum runs/run --out bands.svg --json").last();
    assert_eq!(told["layers"][2]["limit"], 0.25);
    ["s.png", "one.svg", "rose.svg", "bands.svg"].iter().for_each(|name| is_picture(&bench, name));
    refused(&bench, "spectrum runs/run --layer conv1 --kernel 4", 2, &["a number below 4"]);
    refused(&bench, "spectrum runs/run --top 3", 2, &["--layer"]);
    refused(&bench, "spectrum runs/run --layer dense1", 2, &["has no kernels"]);
}
