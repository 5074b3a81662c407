//! `striate locate`.

mod common;

use common::Bench;

#[test]
fn digits_are_composed_searched_and_drawn() {
    let bench = Bench::new();
    bench.well("train lenet5 --epochs 1 --batch 32 --quiet");
    let found = bench.well("locate runs/latest --digits 3 --seed 2 --out heat.svg --json").last();
    let objects = found["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 3, "{found}");
    assert!(objects.iter().all(|o| o["probability"].as_f64().unwrap() > 0.1 && o["height"] == 28), "{found}");
    assert_eq!((&found["cells"][0], &found["stride"][0]), (&22.into(), &4.into()));
    let svg = std::fs::read_to_string(bench.path("heat.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && svg.contains("3 found"));
    let text = bench.well("locate runs/latest --digits 3 --seed 2").out;
    assert_eq!(text.lines().filter(|line| line.contains("rows")).count(), 3, "{text}");
    let many = bench.well("locate runs/latest --digits 2 --trials 5 --json").last();
    assert!(many["digits_right"].as_u64().unwrap() >= 7, "{many}");

    let none = bench.run("locate runs/latest");
    assert!(none.err.contains("<PICTURE>"), "{}", none.err);
    let crowd = bench.run("locate runs/latest --digits 40");
    assert!(crowd.code == Some(2) && crowd.err.contains("no room"), "{}", crowd.err);
    bench.write_png("small.png", 1);
    let small = bench.run("locate runs/latest small.png");
    assert!(small.code == Some(3) && small.err.contains("smaller than what the model looks at"), "{}", small.err);
}
