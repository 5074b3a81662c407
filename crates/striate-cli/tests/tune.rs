//! `tune` through the real program: what is measured is kept, plans take it, runs go on with what they began with.

mod common;

use common::Bench;
use std::fs;

/// Convolutions that several variants accept.
fn bench() -> Bench {
    let bench = Bench::new();
    let wide = r#"{ type = "conv2d", channels = 16, kernel = 3, padding = "same" },"#;
    let first = r#"{ type = "conv2d", channels = 4, kernel = 3 },"#;
    bench.write("tiny.toml", common::MODEL.replace(first, &format!("{wide}{wide}")).as_bytes());
    bench
}

const TABLE: &str = "cache/striate/tune.toml";
const PLAN: &str = "plan tiny.toml --batch 16";

/// The table with one variant for all passes of the second convolution, whatever is the fastest.
fn choose(bench: &Bench, variant: &str) {
    let problem = "n16 c16 8x8 -> o16 k3 p1";
    let text = fs::read_to_string(bench.path(TABLE)).unwrap();
    let line = |line: &str| match line.starts_with(&format!("\"{problem}\"")) {
        true => format!("\"{problem}\" = \"{variant}\""),
        false => line.to_string(),
    };
    let text: Vec<_> = text.lines().map(line).collect();
    assert!(text.iter().filter(|line| line.contains(&format!("= \"{variant}\""))).count() >= 3, "{text:?}");
    bench.write(TABLE, text.join("\n").as_bytes());
}

#[test]
fn what_is_measured_is_kept_and_taken() {
    let bench = bench();
    assert!(bench.well("tune --show").out.contains("(there is none)"));
    let said = bench.well("tune tiny.toml --batch 16 --threads 1");
    assert!(said.err.contains("n16 c16 8x8 -> o16 k3 p1: ") && said.err.contains(", winograd4 "), "{}", said.err);
    assert!(said.out.contains("choices changed") && said.out.contains("tune.toml"), "{}", said.out);
    let text = fs::read_to_string(bench.path(TABLE)).unwrap();
    for part in ["striate = ", "[machine]", "[choices.forward]", "[choices.grad-input]", "[choices.grad-weight]"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(bench.well("tune --show").out.contains("grad-weight"), "{text}");

    choose(&bench, "winograd2");
    let plan = bench.well(PLAN).out;
    for part in ["conv winograd2", "conv_grad_input winograd2", "conv_grad_weight winograd2"] {
        assert!(plan.contains(part), "{part} is not in\n{plan}");
    }
    assert!(!bench.well(&format!("{PLAN} --exact")).out.contains("winograd"));
    choose(&bench, "direct");
    let plan = bench.well(PLAN);
    assert!(plan.out.contains("conv_grad_weight direct") && plan.err.is_empty(), "{}{}", plan.out, plan.err);

    let json = bench.well("tune tiny.toml --batch 2 --mode infer --threads 1 --json").last();
    assert_eq!(json["measured"][0]["pass"], "forward-packed", "{json}");
    let text = fs::read_to_string(bench.path(TABLE)).unwrap();
    assert!(text.contains("n16 c16 8x8") && text.contains("[choices.forward-packed]"), "{text}");
    assert!(bench.well("tune --clear").out.starts_with("removed"));
    assert!(!bench.path(TABLE).exists());
    assert!(bench.well("tune --clear").out.starts_with("there is no table"));
}

#[test]
fn a_table_that_cannot_be_used_is_left_out_and_says_why() {
    let bench = bench();
    let plain = bench.well(PLAN).out;
    bench.well("tune tiny.toml --batch 16 --threads 1");
    choose(&bench, "winograd2");
    let whole = fs::read_to_string(bench.path(TABLE)).unwrap();
    let taken = bench.well(PLAN).out;
    assert_ne!(taken, plain);
    for (from, to, why) in [
        ("cpu = \"", "cpu = \"another ", "another machine"),
        ("striate = \"", "striate = \"9", "another version"),
        ("winograd2", "winograd7", "no such variant"),
        ("[machine]", "[[[", "cannot be read"),
    ] {
        bench.write(TABLE, whole.replace(from, to).as_bytes());
        let ran = bench.well(PLAN);
        assert_eq!(ran.out, plain, "{why}");
        assert!(ran.err.contains(why) && ran.err.contains("striate tune"), "{why}: {}", ran.err);
    }
}

#[test]
fn a_run_goes_on_with_the_choices_that_it_began_with() {
    let bench = bench();
    let train = "train tiny.toml --data data --epochs 4 --batch 16 --json --checkpoint-every 3";
    let sha = |line: &str| bench.well(line).last()["weights_sha256"].as_str().unwrap().to_string();
    let ruled = sha(&format!("{train} --name ruled"));
    bench.well("tune tiny.toml --batch 16 --threads 1");
    choose(&bench, "winograd2");
    let chosen = sha(&format!("{train} --name chosen"));
    assert_ne!(chosen, ruled);
    let record = fs::read_to_string(bench.path("runs/chosen/run.toml")).unwrap();
    assert!(record.contains("winograd2"), "{record}");

    let mut running = bench.begin(&format!("{train} --name killed"));
    running.read_until_checkpoint(2);
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    choose(&bench, "direct");
    assert_eq!(sha("resume runs/killed --json"), chosen);
    // A run from before the table goes on without it.
    assert_eq!(sha("resume runs/ruled --json"), ruled);
    // The record is part of what a checkpoint belongs to.
    bench.write("runs/chosen/run.toml", record.replace("winograd2", "direct").as_bytes());
    assert_eq!(bench.run("resume runs/chosen").code, Some(3));
}
