//! `bench` and `plan` through the real program: what they print, and what they say to a driver.

mod common;

use common::{Bench, Ran};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

/// Runs a command with these lines on stdin.
fn serve(bench: &Bench, line: &str, requests: &str) -> Ran {
    let mut command = bench.command(line);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that ended early does not read to the end.
    let _ = child.stdin.take().unwrap().write_all(requests.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `bench op` on a problem, which is one argument.
fn op(bench: &Bench, problem: &str, flags: &str) -> Ran {
    let output = bench.command(&format!("bench op {flags}")).arg(problem).output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[track_caller]
fn positive(object: &Value, keys: &[&str]) {
    for key in keys {
        assert!(object[key].as_f64().is_some_and(|number| number > 0.0), "{key} in {object}");
    }
}

#[test]
fn a_model_is_timed() {
    let bench = Bench::new();
    for mode in ["train", "infer"] {
        let line = format!("bench model tiny.toml --batch 3 --mode {mode} --threads 2 --steps 4 --warmup 1");
        let text = bench.well(&line).out;
        assert!(text.starts_with(&format!("tiny · {mode} · batch 3 · 2 threads · ")), "{text}");
        for part in ["images/s: ", "step: ", "(median of 4)", "(shortest)", "peak memory: "] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let object = bench.well(&format!("{line} --json")).last();
        assert_eq!(
            (&object["peer"], &object["model"], &object["mode"]),
            (&"striate".into(), &"tiny".into(), &mode.into())
        );
        assert_eq!((&object["batch"], &object["threads"], &object["steps"]), (&3.into(), &2.into(), &4.into()));
        // One 3×3 convolution to 4 channels at 6×6 places, 36 features to 3 units.
        assert_eq!(object["macs"], 4 * 9 * 36 + 36 * 3);
        positive(&object, &["median_ns", "min_ns", "images_per_s"]);
        assert!(object["min_ns"].as_u64() <= object["median_ns"].as_u64(), "{object}");
        if cfg!(target_os = "linux") {
            positive(&object, &["peak_rss_kib"]);
        }
        assert!(object["profile"].is_null());
    }
}

#[test]
fn a_profile_names_layers_kernels_and_operations() {
    let bench = Bench::new();
    let line = "bench model tiny.toml --batch 3 --steps 3 --threads 1 --profile";
    let text = bench.well(line).out;
    for part in ["conv1", "dense1.weight", "max_pool_grad", "GFLOP/s", "share", "conv_grad_weight"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let profile = bench.well(&format!("{line} --json")).last()["profile"].clone();
    let equations = profile["equations"].as_array().unwrap();
    let first = &equations[0];
    assert_eq!((&first["layer"], &first["op"]), (&"conv1".into(), &"conv".into()), "{first}");
    assert_eq!(first["multiply_adds"], 3 * 4 * 9 * 36);
    positive(first, &["ms", "share", "gflops", "bytes"]);
    let sum = |rows: &Value| rows.as_array().unwrap().iter().map(|row| row["share"].as_f64().unwrap()).sum::<f64>();
    assert!((sum(&profile["equations"]) - 1.0).abs() < 1e-9 && (sum(&profile["families"]) - 1.0).abs() < 1e-9);
    let counted: u64 = profile["families"].as_array().unwrap().iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, equations.len() as u64);
}

#[test]
fn a_driver_asks_for_steps() {
    let bench = Bench::new();
    let line = "bench model tiny.toml --serve --batch 2 --mode train --threads 1 --warmup 1";
    for end in ["quit\n7\n", ""] {
        let ran = serve(&bench, line, &format!("2\n 3 \n0\n{end}"));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
        let objects = ran.objects();
        assert_eq!(objects.len(), 5, "{}", ran.out);
        assert_eq!(
            (&objects[0]["ready"], &objects[0]["peer"], &objects[0]["batch"]),
            (&true.into(), &"striate".into(), &2.into())
        );
        for (object, steps) in objects[1..].iter().zip([2, 3, 0]) {
            assert_eq!(object["steps"], steps);
            let ns = object["ns"].as_array().unwrap();
            assert!(ns.len() == steps && ns.iter().all(|ns| ns.as_u64() > Some(0)), "{object}");
        }
        assert!(objects[4].get("peak_rss_kib").is_some());
    }
}

#[test]
fn a_driver_asks_for_what_is_no_number() {
    let bench = Bench::new();
    for request in ["two", "-1", "1.5", "", "99999999999999999999", "10000001"] {
        let line = "bench model tiny.toml --serve --warmup 0 --threads 1";
        let ran = serve(&bench, line, &format!("1\n{request}\n1\n"));
        assert_eq!(ran.code, Some(2), "{request}: {}{}", ran.out, ran.err);
        assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
        let told = format!("found: `{request}`");
        assert!(ran.err.contains("no request") && ran.err.contains(&told) && ran.err.contains("`quit`"), "{}", ran.err);
        let ran = serve(&bench, &format!("{line} --json"), &format!("{request}\n"));
        assert_eq!((ran.code, &ran.last()["exit_code"]), (Some(2), &2.into()));
    }
}

#[test]
fn the_plan_of_a_model() {
    let bench = Bench::new();
    let text = bench.well("plan tiny.toml --batch 5 --mode infer").out;
    assert!(text.starts_with("tiny · infer · batch 5 · "), "{text}");
    for part in ["pass fuse epilogues: `conv1` (conv) ends with relu(x0)", "f32 5×4×6×6", "2.8 KiB", "arena ", "MACs"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let total = text.lines().last().unwrap();
    assert!(total.starts_with("total") && total.ends_with("7,020"), "{total}");
    let object = bench.well("plan lenet5 --batch 2 --json").last();
    assert_eq!((&object["model"], &object["mode"], &object["batch"]), (&"lenet5".into(), &"train".into(), &2.into()));
    positive(&object, &["arena_bytes", "multiply_adds"]);
    assert!(object["passes"].as_array().is_some_and(|passes| !passes.is_empty()));
    for key in ["layer", "op", "kernel", "outputs", "bytes", "multiply_adds"] {
        assert!(!object["equations"][0][key].is_null(), "{key}");
    }
}

#[test]
fn an_operation_is_timed() {
    let bench = Bench::new();
    for (problem, macs) in [
        ("conv2d n1 c4 8x8 -> o8 k3 p1", 64 * 4 * 8 * 9),
        ("conv1d n2 c3 40 -> o5 k7 s2 p3", 2 * 20 * 3 * 5 * 7),
        ("conv3d n1 c2 4x4x4 -> o2 k3 same g2", 64 * 2 * 27),
        ("conv n2 c5 3x3 -> o4 k1", 2 * 9 * 20),
        ("dense n4 30 -> 7", 4 * 30 * 7),
        ("max_pool2d n2 c3 8x8 k2", 0),
        ("mean_pool1d n2 c3 9 k3 s2 p1", 0),
    ] {
        for pass in ["forward", "grad-input", "grad-weight"] {
            if problem.contains("pool") && pass == "grad-weight" {
                continue;
            }
            let ran = op(&bench, problem, &format!("--pass {pass} --threads 1 --json"));
            assert_eq!(ran.code, Some(0), "{problem}: {}{}", ran.out, ran.err);
            let object = ran.last();
            assert_eq!(
                (&object["problem"], &object["pass"], &object["macs"]),
                (&problem.into(), &pass.into(), &macs.into())
            );
            positive(&object, &["peak_gflops"]);
            let variants = object["variants"].as_array().unwrap();
            let chosen: Vec<_> = variants.iter().filter(|variant| variant["chosen"] == true).collect();
            assert_eq!(chosen.len(), 1, "{object}");
            positive(chosen[0], &["ns", "gb_per_s"]);
            if macs > 0 {
                positive(chosen[0], &["gflops", "peak_share"]);
            }
        }
    }
}

#[test]
fn variants_are_compared_chosen_and_decline() {
    let bench = Bench::new();
    let problem = "conv2d n1 c4 8x8 -> o8 k3 p1";
    let all = op(&bench, problem, "--variant all --threads 1 --json").last();
    let variants = all["variants"].as_array().unwrap();
    assert!(variants.len() >= 2 && variants.iter().all(|v| v["ns"].is_u64() != v["declined"].is_string()), "{all}");
    let plain = op(&bench, problem, "--variant plain --threads 1 --json").last();
    let timed = |v: &&Value| v["ns"].is_u64();
    let names: Vec<_> = plain["variants"].as_array().unwrap().iter().filter(timed).map(|v| v["name"].clone()).collect();
    assert_eq!(names, ["plain"], "{plain}");
    let text = op(&bench, problem, "--threads 1").out;
    assert!(text.contains("multipliers' peak: ") && text.contains("% of the peak"), "{text}");
    assert!(text.contains("accepts, not measured"), "{text}");
    // A plane that is too large for the offsets of the direct variant.
    let ran = op(&bench, "conv2d n1 c1 8200x8200 -> o1 k1", "--variant direct --threads 1");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("`direct` does not take this problem") && ran.err.contains("32-bit offsets"),
        "{}",
        ran.err
    );
}

#[test]
fn problems_that_are_none() {
    let bench = Bench::new();
    for (problem, flags, says) in [
        ("", "", "there is no operation ``"),
        ("convolution n1 c1 4x4 -> o1 k1", "", "no operation `convolution`"),
        ("conv2 n1 c1 4x4 -> o1 k1", "", "did you mean `conv2d`?"),
        ("conv2d n1 c1 4x4 -> o1 q3", "", "`q3` is not a part"),
        ("conv2d n1 c1 4x4 -> o1 k3x", "", "`k3x` is not a part"),
        ("conv2d n1 c1 4x4 -> o1 k-3", "", "`k-3` is not a part"),
        ("conv2d n1 c1 4x4 -> o1 k99999999999999999999", "", "`k99999999999999999999` is not a part"),
        ("conv2d n1 c1 4x4 -> o1 k3x3x3", "", "`k` does not have one number for each spatial axis"),
        ("conv2d n1 c1 4x4 -> o1 k5", "", "the kernel does not fit the input"),
        ("conv2d n1 c1 4x4 -> o1 k0", "", "must be at least 1"),
        ("conv2d n0 c1 4x4 -> o1 k1", "", "at least one sample"),
        ("conv2d n1 c3 4x4 -> o4 k1 g2", "", "groups do not divide"),
        ("conv2d n1 c1 4 -> o1 k1", "", "`conv2d` works on 2 spatial axes"),
        ("conv2d n1 c1 -> o1 k1", "", "1, 2 or 3 spatial axes"),
        ("conv2d n9999999 c9999 999x999 -> o1 k1", "", "far too large"),
        ("max_pool2d n1 c1 4x4 k2 o3", "", "`o3` is not a part of a pool"),
        ("max_pool2d n1 c1 4x4 k9", "", "does not fit the input"),
        ("max_pool2d n1 c1 4x4 k2", "--pass grad-weight", "no weights"),
        ("max_pool2d n1 c1 4x4 k2", "--variant plain", "no variant `plain`"),
        ("dense n4 30", "", "two sizes"),
        ("dense n4 30 -> x", "", "`x` is not a part"),
        ("dense n4 30 -> 0", "", "`0` is not a part"),
        ("conv2d n1 c1 4x4 -> o1 k1", "--variant pain", "did you mean `plain`?"),
        ("conv2d n1 c1 4x4 -> o1 k1", "--pass backward", "grad-input"),
    ] {
        let ran = op(&bench, problem, flags);
        let told = format!("`{problem}` {flags}\n{}{}", ran.out, ran.err);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{told}");
        assert!(ran.err.starts_with("error: ") && ran.err.contains(says), "`{says}` is not said of {told}");
        assert_eq!(op(&bench, problem, &format!("{flags} --json")).last()["exit_code"], 2);
    }
}

#[test]
fn models_and_flags_that_are_none() {
    let bench = Bench::new();
    for (line, code, says) in [
        ("bench", 2, "Usage"),
        ("bench model", 2, "MODEL"),
        ("bench model lenet", 4, "did you mean `lenet5`?"),
        ("bench model nowhere.toml", 4, "cannot be read"),
        ("bench model tiny.toml --batch 0", 2, "batch size"),
        ("bench model tiny.toml --batch 99999999", 2, "batch size"),
        ("bench model mobilenet_v2 --batch 65536", 2, "too large for this model"),
        ("bench model tiny.toml --mode eval", 2, "infer"),
        ("bench model tiny.toml --steps 0", 2, "steps"),
        ("bench model tiny.toml --threads 0", 2, "threads"),
        ("bench model tiny.toml --serve --profile", 2, "cannot be used with"),
        ("plan lenet", 4, "did you mean `lenet5`?"),
        ("plan tiny.toml --batch 0", 2, "batch size"),
        ("plan tiny.toml --mode x", 2, "infer"),
    ] {
        let ran = bench.run(line);
        let told = format!("striate {line}\n{}{}", ran.out, ran.err);
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{told}");
        assert!(ran.err.contains(says) && !ran.err.contains("panicked"), "`{says}` is not said\n{told}");
    }
}
