//! Every verb, as text and as JSON.

mod common;

use common::Bench;
use std::fs;

const TRAIN: &str = "train tiny.toml --data data --epochs 4 --batch 16 --lr 0.1";

#[test]
fn train_learns_says_so_and_saves_a_run() {
    let bench = Bench::new();
    let ran = bench.well(TRAIN);
    assert!(ran.out.starts_with("stopped: all 4 epochs are done\n"), "{}", ran.out);
    for part in ["test accuracy: ", "best epoch: ", "weights: sha256 ", "run: runs"] {
        assert!(ran.out.contains(part), "{}", ran.out);
    }
    // Elsewhere than on a terminal: plain lines, one for each epoch.
    assert_eq!(ran.err.lines().filter(|line| line.starts_with("epoch ")).count(), 4, "{}", ran.err);
    assert!(!ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'));

    for file in ["run.toml", "model.toml", "metrics.csv", "checkpoint.safetensors"] {
        assert!(bench.path("runs/latest").join(file).is_file(), "{file}");
    }
    let metrics = fs::read_to_string(bench.path("runs/latest/metrics.csv")).unwrap();
    let lines: Vec<_> = metrics.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[0].starts_with("epoch,steps,learning_rate,train_loss,train_accuracy,test_loss,test_accuracy"));
    assert!(lines[4].starts_with("4,52,"));
    let record = fs::read_to_string(bench.path("runs/latest/run.toml")).unwrap();
    for line in ["epochs = 4", "epochs = \"flag --epochs\"", "seed = \"default\"", "model = \"model file tiny.toml\""] {
        assert!(record.contains(line), "{line} is not in\n{record}");
    }
    // Nothing is left over from writing.
    assert!(bench.files("runs").iter().all(|(path, _)| !path.to_string_lossy().contains(".partial")));
}

#[test]
fn train_as_events() {
    let bench = Bench::new();
    let events = bench.well(&format!("{TRAIN} --json --validation 0.2 --checkpoint-every 5")).objects();
    let kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds.first(), Some(&"start"));
    assert_eq!(kinds.last(), Some(&"done"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "epoch").count(), 4);
    assert!(kinds.contains(&"checkpoint"));
    let epoch = events.iter().find(|event| event["event"] == "epoch").unwrap();
    assert!(epoch["validation_accuracy"].is_f64() && epoch["test_accuracy"].is_null());
    let done = events.last().unwrap();
    for number in ["test_accuracy", "train_seconds", "images_per_second", "best_accuracy"] {
        assert!(done[number].is_f64(), "{number}: {done}");
    }
    assert_eq!(done["weights_sha256"].as_str().unwrap().len(), 64);
    assert_eq!((&done["stop_reason"], &done["best_chosen_on"]), (&"epochs".into(), &"validation".into()));
    assert!(bench.path(done["run"].as_str().unwrap()).join("weights/best.safetensors").is_file());
}

#[test]
fn the_rules_that_stop_are_named() {
    let bench = Bench::new();
    for (flags, reason) in [
        ("--stop-accuracy 0.3", "accuracy"),
        ("--stop-change 1000", "change"),
        ("--patience 1 --lr 1e-9 --schedule constant", "patience"),
        ("--stop-seconds 1e-9", "seconds"),
    ] {
        let line = format!("train tiny.toml --data data --batch 16 --epochs 50 --json {flags}");
        assert_eq!(bench.well(&line).last()["stop_reason"], reason, "{flags}");
    }
    let ran = bench.well("train tiny.toml --data data --epochs 9 --stop-accuracy 0.3 -q");
    assert!(ran.out.contains("of the training samples are right"), "{}", ran.out);
    assert_eq!(ran.err, "");
}

#[test]
fn every_optimiser_and_schedule_trains() {
    let bench = Bench::new();
    for flags in [
        "--optimizer sgd --momentum 0 --weight-decay 1e-4",
        "--optimizer sgd --nesterov --schedule step:1:0.5",
        "--optimizer adam --schedule one-cycle",
        "--optimizer adamw --schedule cosine:0.1 --warmup 0.5",
    ] {
        bench.well(&format!("train tiny.toml --data data --epochs 2 -q {flags}"));
    }
}

#[test]
fn eval_gives_what_training_gave() {
    let bench = Bench::new();
    let done = bench.well(&format!("{TRAIN} --json")).last();
    let eval = bench.well("eval runs/latest --last --json").last();
    assert_eq!(eval["accuracy"], done["test_accuracy"]);
    assert_eq!(eval["loss"], done["test_loss"]);
    assert_eq!(eval["weights_sha256"], done["weights_sha256"]);
    assert_eq!(eval["samples"], 60);
    let classes = eval["classes"].as_array().unwrap();
    assert_eq!(
        classes.iter().map(|class| class["class"].as_str().unwrap()).collect::<Vec<_>>(),
        ["bar", "pole", "slope"]
    );
    assert_eq!(
        classes.iter().map(|class| class["right"].as_u64().unwrap()).sum::<u64>(),
        eval["right"].as_u64().unwrap()
    );

    let best = bench.well("eval runs/latest --json").last();
    assert_eq!(best["accuracy"], done["best_accuracy"]);
    let text = bench.well("eval runs/latest").out;
    assert!(text.contains("accuracy: ") && text.contains("pole"), "{text}");
    // A file of weights alone, with data given; and the training part.
    bench.well("eval runs/latest/weights/best.safetensors --data data");
    assert_eq!(bench.well("eval runs/latest --part train --json").last()["samples"], 200);
}

#[test]
fn predict_tells_what_is_on_pictures() {
    let bench = Bench::new();
    bench.well(&format!("{TRAIN} --epochs 12"));
    for sample in 0..3 {
        bench.write_png(&format!("p{sample}.png"), 600 + sample);
    }
    let answer = bench.well("predict runs/latest p0.png p1.png p2.png --json").last();
    let pictures = answer["pictures"].as_array().unwrap();
    assert_eq!(pictures.iter().map(|p| p["class"].as_str().unwrap()).collect::<Vec<_>>(), ["bar", "pole", "slope"]);
    let sum: f64 = pictures[0]["top"].as_array().unwrap().iter().map(|p| p["probability"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{answer}");
    let text = bench.well("predict runs/latest p0.png --top 1").out;
    assert!(text.starts_with("p0.png") && text.lines().count() == 2, "{text}");
}

#[test]
fn summary_of_models_files_and_runs() {
    let bench = Bench::new();
    bench.well(&format!("{TRAIN} --epochs 1 -q"));
    let lenet = bench.well("summary --json").last();
    assert_eq!((lenet["parameters"].as_u64(), lenet["macs"].as_u64()), (Some(61_706), Some(416_520)));
    for key in ["name", "type", "output", "parameters", "connections", "macs", "receptive_field"] {
        assert!(!lenet["layers"][0][key].is_null(), "{key}");
    }
    let expected = bench.well("summary tiny.toml").out;
    assert!(expected.contains("conv1"));
    assert_eq!(bench.well("summary runs/latest").out, expected);
    assert_eq!(bench.well("summary runs/latest/weights/best.safetensors").out, expected);
}

#[test]
fn models_can_be_listed_copied_and_used() {
    let bench = Bench::new();
    let list = bench.well("models").out;
    assert!(list.contains("lenet5") && list.contains("61,706"), "{list}");
    let models = bench.well("models --json").last();
    for model in models["models"].as_array().unwrap() {
        let name = model["name"].as_str().unwrap();
        let toml = bench.well(&format!("models {name}")).out;
        bench.write("copy.toml", toml.as_bytes());
        let summary = bench.well("summary copy.toml --json").last();
        assert_eq!(summary, bench.well(&format!("summary {name} --json")).last());
        assert_eq!(bench.well(&format!("models {name} --json")).last()["name"], name);
    }
}

#[test]
fn version_and_help() {
    let bench = Bench::new();
    let version = bench.well("version --json").last();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(version["target"].is_string() && version["instruction_set"].is_string() && version["threads"].is_u64());
    assert!(bench.well("version").out.contains("instruction set: "));
    assert!(bench.well("--version").out.contains(env!("CARGO_PKG_VERSION")));
    let help = bench.well("--help").out;
    for line in [
        "130",
        "training diverged",
        "NO_COLOR",
        "train",
        "resume",
        "eval",
        "predict",
        "search",
        "summary",
        "models",
        "bench",
        "plan",
    ] {
        assert!(help.contains(line), "{line} is not in the help");
    }
    for verb in [
        "train",
        "resume",
        "eval",
        "predict",
        "search",
        "summary",
        "models",
        "bench",
        "bench model",
        "bench op",
        "plan",
        "version",
    ] {
        assert!(bench.well(&format!("{verb} --help")).out.contains("Usage: striate"));
    }
}

#[test]
fn a_diverging_training_stops_names_the_layer_and_keeps_the_checkpoint() {
    let bench = Bench::new();
    let line = "train tiny.toml --data data --batch 16 --epochs 3 --lr 1e25 --schedule constant";
    let ran = bench.run(line);
    assert_eq!(ran.code, Some(5), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("error: training diverged") && ran.err.contains("of layer `"), "{}", ran.err);
    assert!(ran.err.contains("the last good checkpoint") && ran.err.contains("smaller learning rate"), "{}", ran.err);
    assert!(bench.path("runs/latest/checkpoint.safetensors").is_file());
    let ran = bench.run(&format!("{line} --json"));
    assert_eq!(ran.code, Some(5));
    let error = &ran.last()["error"];
    assert_eq!((&error["fault"], &ran.last()["exit_code"]), (&"diverged".into(), &5.into()));
    assert!(error["at"][0].as_str().unwrap().starts_with("layer `"), "{error}");
    // What is kept can be gone on with; it ends in the same way.
    assert_eq!(bench.run("resume").code, Some(5));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let bench = Bench::new();
    let mut child = bench.command("models").stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
