//! Interruptions of every kind change nothing in the result, nor do threads.

mod common;

use common::Bench;
use serde_json::Value;
use std::fs;

const TRAIN: &str = "train tiny.toml --data data --epochs 8 --batch 8 --lr 0.05 --json --checkpoint-every 3";

#[track_caller]
fn sha(done: &Value) -> String {
    assert_eq!(done["event"], "done", "{done}");
    done["weights_sha256"].as_str().unwrap().to_string()
}

/// Columns that do not depend on the clock.
fn metrics(bench: &Bench, run: &str) -> Vec<String> {
    let text = fs::read_to_string(bench.path(run).join("metrics.csv")).unwrap();
    text.lines().map(|line| line.split(',').take(8).collect::<Vec<_>>().join(",")).collect()
}

/// Kills a training without warning within an epoch, twice, and goes on.
#[track_caller]
fn killed_and_resumed_is_as_never_killed(flags: &str) {
    let bench = Bench::new();
    let whole = bench.well(&format!("{TRAIN} --name whole {flags}")).last();

    let mut running = bench.begin(&format!("{TRAIN} --name killed {flags}"));
    running.read_until_checkpoint(2);
    running.child.kill().unwrap();
    assert_eq!(running.child.wait().unwrap().code(), None, "it was to be killed before it ended");

    let mut running = bench.begin("resume runs/killed --json --checkpoint-every 2");
    let start = running.next().unwrap();
    assert_eq!(start["event"], "resume");
    assert!(start["step"].as_u64().unwrap() > 25, "{start}");
    running.read_until_checkpoint(4);
    running.child.kill().unwrap();
    assert_eq!(running.child.wait().unwrap().code(), None);

    let resumed = bench.well("resume runs/killed --json --threads 1").last();
    assert_eq!(sha(&resumed), sha(&whole), "{flags}");
    assert_eq!(metrics(&bench, "runs/killed"), metrics(&bench, "runs/whole"));
    for key in ["test_accuracy", "test_loss", "best_epoch", "best_accuracy", "epochs", "steps", "stop_reason"] {
        assert_eq!(resumed[key], whole[key], "{key}");
    }
    for which in ["best", "last"] {
        let weights = |run: &str| fs::read(bench.path(&format!("runs/{run}/weights/{which}.safetensors"))).unwrap();
        assert_eq!(weights("killed"), weights("whole"), "{which}");
    }
}

#[test]
fn killed_with_momentum() {
    killed_and_resumed_is_as_never_killed("--validation 0.1 --schedule one-cycle --patience 6");
}

#[test]
fn killed_with_adam_and_the_rule_of_stable_weights() {
    killed_and_resumed_is_as_never_killed("--optimizer adam --lr 0.01 --stop-change 1e-9 --weight-decay 0.001");
}

#[test]
fn killed_with_dropout_and_batch_norm() {
    let bench = Bench::new();
    let model = common::MODEL
        .replace(r#"{ type = "relu" },"#, r#"{ type = "batch_norm" }, { type = "relu" },"#)
        .replace(r#"{ type = "flatten" },"#, r#"{ type = "flatten" }, { type = "dropout", rate = 0.3 },"#);
    bench.write("tiny.toml", model.as_bytes());
    let whole = bench.well(&format!("{TRAIN} --name whole")).last();
    let mut running = bench.begin(&format!("{TRAIN} --name killed"));
    running.read_until_checkpoint(3);
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    assert_eq!(sha(&bench.well("resume runs/killed --json").last()), sha(&whole));
    let other = bench.well(&format!("{TRAIN} --seed 2")).last();
    assert_ne!(sha(&other), sha(&whole));
}

/// The kernels that a training was begun with are those that it goes on with.
#[test]
fn killed_with_exact_sums() {
    let bench = Bench::new();
    let wide = r#"{ type = "conv2d", channels = 16, kernel = 3, padding = "same" },"#;
    let first = r#"{ type = "conv2d", channels = 4, kernel = 3 },"#;
    bench.write("tiny.toml", common::MODEL.replace(first, &format!("{wide}{wide}")).as_bytes());
    let train = TRAIN.replace("--batch 8", "--batch 16");
    let fast = bench.well(&format!("{train} --name fast")).last();
    let whole = bench.well(&format!("{train} --name whole --exact")).last();
    assert_ne!(sha(&fast), sha(&whole), "the model has convolutions that Winograd's kernels take");
    let mut running = bench.begin(&format!("{train} --name killed --exact"));
    running.read_until_checkpoint(3);
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    assert_eq!(sha(&bench.well("resume runs/killed --json").last()), sha(&whole));
    let record = |run: &str| fs::read_to_string(bench.path(&format!("runs/{run}/run.toml"))).unwrap();
    assert!(record("killed").contains("exact = true") && record("killed").contains("flag --exact"));
    assert!(!record("fast").contains("exact = true"), "{}", record("fast"));
    for verb in ["eval", "predict"] {
        bench.write_png("pole.png", 1);
        let tail = if verb == "predict" { " pole.png" } else { "" };
        bench.well(&format!("{verb} runs/killed --exact{tail}"));
    }
    let listed = |flags: &str| bench.well(&format!("plan tiny.toml --batch 16 {flags}")).out;
    assert!(listed("").contains("winograd") && !listed("--exact").contains("winograd"));
    let timed = bench.well("bench model tiny.toml --batch 16 --exact --steps 1 --json").last();
    assert_eq!(timed["exact"], true);
}

#[cfg(unix)]
#[test]
fn interrupted_saves_says_how_to_go_on_and_goes_on() {
    let bench = Bench::new();
    let whole = bench.well(&format!("{TRAIN} --name whole")).last();
    let mut running = bench.begin(&format!("{TRAIN} --name cut"));
    running.read_until_checkpoint(2);
    let killed = std::process::Command::new("kill").arg("-INT").arg(running.child.id().to_string()).status().unwrap();
    assert!(killed.success());
    let mut last = Value::Null;
    while let Some(event) = running.next() {
        last = event;
    }
    assert_eq!(running.child.wait().unwrap().code(), Some(130));
    assert_eq!((&last["event"], &last["stop_reason"]), (&"interrupted".into(), &"interrupted".into()));
    // What was learnt so far can be used, and gone on with.
    bench.well("eval runs/cut --last");
    assert_eq!(sha(&bench.well("resume runs/cut --json").last()), sha(&whole));
    assert_eq!(metrics(&bench, "runs/cut"), metrics(&bench, "runs/whole"));
}

#[cfg(unix)]
#[test]
fn interrupted_in_words() {
    let bench = Bench::new();
    let line = "train tiny.toml --data data --epochs 100000 --name cut --checkpoint-every 1";
    let child = bench.command(line).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn();
    let child = child.unwrap();
    while !bench.path("runs/cut/weights/last.safetensors").is_file() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::process::Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("interrupted: ") && text.contains("to go on: striate resume runs/cut"), "{text}");
}

#[test]
fn a_finished_run_says_again_what_came_out() {
    let bench = Bench::new();
    let done = bench.well(&format!("{TRAIN} --epochs 2")).last();
    let before = bench.files("runs/latest/weights");
    let again = bench.well("resume --json").last();
    assert_eq!(again, done);
    assert_eq!(bench.files("runs/latest/weights"), before);
}

#[test]
fn threads_change_nothing() {
    let bench = Bench::new();
    let of = |threads: usize| sha(&bench.well(&format!("{TRAIN} --epochs 2 --threads {threads}")).last());
    let one = of(1);
    for threads in 2..=4 {
        assert_eq!(of(threads), one, "{threads} threads");
    }
}

/// Two processes must not train one run.
#[test]
fn a_run_that_is_being_trained_is_not_resumed_by_another() {
    let bench = Bench::new();
    bench.well("train tiny.toml --data data --epochs 1 --name one");
    let held = fs::File::open(bench.path("runs/one/model.toml")).unwrap();
    held.lock().unwrap();
    let refused = bench.run("resume runs/one");
    assert_eq!(refused.code, Some(3), "{}", refused.err);
    assert!(refused.err.contains("another process"), "{}", refused.err);
    drop(held);
    bench.well("resume runs/one");
}
