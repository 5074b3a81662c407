//! Whatever is given: a clear error, the right exit code, no panic, nothing half-written.

mod common;

use common::{Bench, MODEL, idx};
use std::fs;
use std::io::Write;

/// Runs a command that must fail with a code and say something; nothing in the folder may change.
#[track_caller]
fn check(bench: &Bench, line: &str, code: i32, says: &[&str]) {
    let before = bench.files("");
    let ran = bench.run(line);
    let told = format!("striate {line}\nstdout: {}\nstderr: {}", ran.out, ran.err);
    assert_eq!(ran.code, Some(code), "{told}");
    assert!(ran.err.starts_with("error: "), "{told}");
    assert!(!ran.err.contains("panicked") && !ran.err.contains("RUST_BACKTRACE"), "{told}");
    assert_eq!(ran.out, "", "{told}");
    for part in says {
        assert!(ran.err.contains(part), "`{part}` is not said\n{told}");
    }
    assert_eq!(bench.files(""), before, "something was written\n{told}");

    // The same as an object.
    let ran = bench.run(&format!("{line} --json"));
    assert_eq!(ran.code, Some(code), "{told}");
    let object = ran.last();
    assert_eq!(object["exit_code"], code, "{told}");
    assert!(object["error"]["what"].as_str().is_some_and(|what| !what.is_empty()), "{object}");
    assert_eq!(ran.err, "", "{told}");
}

#[test]
fn flags() {
    let bench = Bench::new();
    for (flags, says) in [
        ("--epocs 3", "--epochs"),
        ("--epochs 0", "epochs"),
        ("--epochs three", "three"),
        ("--epochs 99999999999999999999", "99999999999999999999"),
        ("--batch 0", "batch"),
        ("--batch -3", "-3"),
        ("--lr 0", "learning rate"),
        ("--lr nan", "learning rate"),
        ("--lr inf", "learning rate"),
        ("--lr -1", "learning rate"),
        ("--momentum 1.5", "momentum"),
        ("--momentum 0.5 --optimizer adam", "only sgd"),
        ("--nesterov --momentum 0", "momentum"),
        ("--weight-decay=-1", "weight_decay"),
        ("--optimizer rmsprop", "rmsprop"),
        ("--schedule cosinus", "cosine"),
        ("--schedule step:0:2", "step:EPOCHS:FACTOR"),
        ("--warmup=-1", "warm-up"),
        ("--seed -1", "-1"),
        ("--seed 18446744073709551615", "seed"),
        ("--threads 0", "0"),
        ("--patience 0", "patience"),
        ("--stop-accuracy 98", "stop at"),
        ("--stop-change 0", "stop at"),
        ("--stop-seconds 0", "time limit"),
        ("--validation 1.5", "validation"),
        ("--validation 0.999", "validation"),
        ("--name ../up", "name"),
        ("--name latest", "latest"),
        ("--checkpoint-every 0", "0"),
    ] {
        check(&bench, &format!("train tiny.toml --data data {flags}"), 2, &[says]);
    }
    for line in ["trian", "train tiny.toml other.toml", "predict runs/latest", "predict x y.png --invert sometimes"] {
        check(&bench, line, 2, &[]);
    }
    // No verb at all: the help, as an error.
    assert_eq!(bench.run("").code, Some(2));
}

#[test]
fn models() {
    let bench = Bench::new();
    let changed = |from: &str, to: &str| {
        assert!(MODEL.contains(from), "{from}");
        MODEL.replace(from, to)
    };
    for (name, text, says) in [
        ("no_toml", "version = = 1".to_string(), ":1"),
        ("no_version", changed("version = 1", ""), "version"),
        ("newer", changed("version = 1", "version = 2"), "version"),
        ("no_name", changed("name = \"tiny\"", ""), "name"),
        ("path_name", changed("\"tiny\"", "\"../tiny\""), "../tiny"),
        ("key", changed("kernel = 3", "kernal = 3"), "did you mean `kernel`?"),
        ("kind", changed("\"relu\"", "\"rellu\""), "relu"),
        ("kernel", changed("kernel = 3", "kernel = 30"), "does not fit"),
        ("stride", changed("kernel = 3", "kernel = 3, stride = 0"), "stride"),
        ("channels", changed("channels = 4", "channels = 0"), "channels"),
        ("text", changed("channels = 4", "channels = \"four\""), "channels"),
        ("huge", changed("units = 3", "units = 99999999999"), "large"),
        ("units", changed("units = 3", "units = 4"), "classes"),
        ("flat", changed("    { type = \"flatten\" },\n", ""), "layer"),
        ("from", changed("units = 3", "units = 3, from = \"conv9\""), "conv9"),
        ("twice", changed("{ type = \"relu\" }", "{ type = \"relu\", name = \"conv1\" }"), "conv1"),
        ("no_classes", changed("classes = 3", "classes = 0"), "classes"),
        ("input", changed("[1, 8, 8]", "[1, 0, 8]"), "input"),
        ("nothing", String::new(), "missing"),
    ] {
        bench.write(&format!("{name}.toml"), text.as_bytes());
        check(&bench, &format!("train {name}.toml --data data"), 4, &[says, &format!("{name}.toml")]);
        check(&bench, &format!("summary {name}.toml"), 4, &[says]);
    }
    bench.write("binary.toml", &[0xff, 0xfe, 0, 1, 2]);
    fs::create_dir(bench.path("folder.toml")).unwrap();
    for (word, says) in [
        ("binary.toml", "binary.toml"),
        ("folder.toml", "folder.toml"),
        ("absent.toml", "absent.toml"),
        ("lenet", "did you mean `lenet5`?"),
        ("transformer", "lenet5"),
    ] {
        check(&bench, &format!("train {word} --data data"), 4, &[says]);
    }
    check(&bench, "models lenet", 4, &["did you mean `lenet5`?"]);
}

#[test]
fn data() {
    let bench = Bench::new();
    let images = fs::read(bench.path("data/train-images-idx3-ubyte")).unwrap();
    let labels = fs::read(bench.path("data/train-labels-idx1-ubyte")).unwrap();
    let with = |folder: &str, file: &str, bytes: Option<&[u8]>| {
        bench.write_data(folder, 200, 60);
        match bytes {
            Some(bytes) => bench.write(&format!("{folder}/{file}"), bytes),
            None => fs::remove_file(bench.path(folder).join(file)).unwrap(),
        }
    };
    const IMAGES: &str = "train-images-idx3-ubyte";
    const LABELS: &str = "train-labels-idx1-ubyte";
    with("short", IMAGES, Some(&images[..images.len() / 2]));
    with("long", IMAGES, Some(&[&images[..], &[0]].concat()));
    with("magic", IMAGES, Some(&[&[0, 0, 9, 3], &images[4..]].concat()));
    with("header", IMAGES, Some(&images[..7]));
    with("empty_file", IMAGES, Some(&[]));
    with("lying", IMAGES, Some(&idx(&[0xffff_ffff, 0xffff_ffff, 0xffff_ffff], &[])));
    with("swapped", IMAGES, Some(&labels));
    with("fewer", LABELS, Some(&idx(&[3], &[0, 1, 2])));
    with("class", LABELS, Some(&idx(&[200], &[7; 200])));
    with("no_labels", LABELS, None);
    with("no_test", "t10k-images-idx3-ubyte", None);
    with("gzip", IMAGES, Some(&[0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5]));
    with("classes", "classes.txt", Some(b"one\ntwo\nthree\nfour\n"));
    with("not_text", "classes.txt", Some(&[0xff, 0xfe]));
    fs::create_dir(bench.path("empty")).unwrap();
    for (folder, says) in [
        ("short", "short"),
        ("long", "long"),
        ("magic", "magic"),
        ("header", "header"),
        ("empty_file", "empty_file"),
        ("lying", "lying"),
        ("swapped", "swapped"),
        ("fewer", "3"),
        ("class", "7"),
        ("no_labels", "labels"),
        ("no_test", "t10k"),
        ("gzip", "gzip"),
        ("classes", "4 classes"),
        ("not_text", "classes.txt"),
        ("empty", "empty folder"),
        ("absent", "absent"),
        ("tiny.toml", "folder"),
    ] {
        check(&bench, &format!("train tiny.toml --data {folder}"), 3, &[says]);
    }
    // Good data, but not for this model.
    check(&bench, "train tiny.toml", 3, &["1×28×28", "1×8×8"]);
    check(&bench, "train lenet5 --data data", 3, &["1×8×8", "1×28×28"]);
}

/// A bench with a finished run `runs/good`.
fn bench_with_run() -> Bench {
    let bench = Bench::new();
    bench.well("train tiny.toml --data data --epochs 1 --batch 50 --name good -q");
    bench
}

#[test]
fn pictures() {
    let bench = bench_with_run();
    bench.write_png("good.png", 0);
    let whole = fs::read(bench.path("good.png")).unwrap();
    bench.write("cut.png", &whole[..whole.len() / 2]);
    bench.write("text.png", b"this is no picture");
    bench.write("empty.png", b"");
    bench.write("moving.gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;");
    fs::create_dir(bench.path("folder.png")).unwrap();
    for picture in ["cut.png", "text.png", "empty.png", "moving.gif", "folder.png", "absent.png"] {
        check(&bench, &format!("predict runs/good {picture}"), 3, &[picture]);
        // The good one among them is told; that some were bad is in the exit code.
        let some = bench.run(&format!("predict runs/good {picture} good.png"));
        assert_eq!(some.code, Some(3), "{}", some.err);
        assert!(some.out.starts_with("good.png") && !some.out.contains(picture), "{}", some.out);
        assert!(some.err.contains("error: ") && some.err.contains(picture), "{}", some.err);
        let some = bench.run(&format!("predict runs/good {picture} good.png --json"));
        let told = some.last();
        assert_eq!((some.code, told["pictures"].as_array().unwrap().len()), (Some(3), 1), "{told}");
        assert_eq!((&told["failed"][0]["picture"], told["failed"].as_array().unwrap().len()), (&picture.into(), 1));
        assert!(told["failed"][0]["error"]["what"].is_string(), "{told}");
    }
}

#[test]
fn runs() {
    let bench = bench_with_run();
    let copy = |name: &str, change: &dyn Fn(&std::path::Path)| {
        let to = bench.path("runs").join(name);
        fs::create_dir_all(to.join("weights")).unwrap();
        for (path, bytes) in bench.files("runs/good") {
            fs::write(to.join(path.strip_prefix(bench.path("runs/good")).unwrap()), bytes).unwrap();
        }
        change(&to);
    };
    let edit = |file: &'static str, from: &'static str, to: &'static str| {
        move |run: &std::path::Path| {
            let text = fs::read_to_string(run.join(file)).unwrap();
            assert!(text.contains(from), "{from} is not in\n{text}");
            fs::write(run.join(file), text.replacen(from, to, 1)).unwrap();
        }
    };
    let cut = |file: &'static str| {
        move |run: &std::path::Path| {
            let bytes = fs::read(run.join(file)).unwrap();
            fs::write(run.join(file), &bytes[..bytes.len() - 5]).unwrap();
        }
    };
    let flip = |file: &'static str| {
        move |run: &std::path::Path| {
            let mut bytes = fs::read(run.join(file)).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(run.join(file), bytes).unwrap();
        }
    };
    let remove = |file: &'static str| move |run: &std::path::Path| fs::remove_file(run.join(file)).unwrap();

    const CHECKPOINT: &str = "checkpoint.safetensors";
    const BEST: &str = "weights/best.safetensors";
    copy("no_record", &remove("run.toml"));
    copy("no_model", &remove("model.toml"));
    copy("no_checkpoint", &remove(CHECKPOINT));
    copy("cut_checkpoint", &cut(CHECKPOINT));
    copy("changed_checkpoint", &flip(CHECKPOINT));
    copy("text_checkpoint", &|run| fs::write(run.join(CHECKPOINT), "no tensors at all").unwrap());
    copy("weights_as_checkpoint", &|run| _ = fs::copy(run.join(BEST), run.join(CHECKPOINT)).unwrap());
    copy("record_damaged", &edit("run.toml", "batch = 50", "batch = fifty"));
    copy("record_key", &edit("run.toml", "batch = 50", "batch = 50\nbtach = 3"));
    copy("record_newer", &edit("run.toml", "format = 1", "format = 9"));
    copy("record_value", &edit("run.toml", "batch = 50", "batch = 0"));
    copy("other_batch", &edit("run.toml", "batch = 50", "batch = 20"));
    copy("other_optimizer", &edit("run.toml", "momentum = 0.9", "momentum = 0.8"));
    copy("other_data", &edit("run.toml", "sha256 = \"", "sha256 = \"0"));
    copy("other_model", &edit("model.toml", "channels = 4", "channels = 5"));
    fs::create_dir(bench.path("runs/nothing")).unwrap();
    for (run, says) in [
        ("absent", "absent"),
        ("nothing", "run.toml"),
        ("no_record", "run.toml"),
        ("no_model", "model.toml"),
        ("no_checkpoint", CHECKPOINT),
        ("cut_checkpoint", CHECKPOINT),
        ("changed_checkpoint", "damaged"),
        ("text_checkpoint", CHECKPOINT),
        ("weights_as_checkpoint", "not a checkpoint"),
        ("record_damaged", "run.toml:"),
        ("record_key", "btach"),
        ("record_newer", "format = 9"),
        ("record_value", "batch"),
        ("other_batch", "belongs to other settings"),
        ("other_optimizer", "belongs to other settings"),
        ("other_data", "SHA-256"),
        ("other_model", "model.toml"),
    ] {
        check(&bench, &format!("resume runs/{run}"), 3, &[says]);
    }
    copy("broken_model", &edit("model.toml", "version = 1", "version = 7"));
    check(&bench, "resume runs/broken_model", 4, &["version"]);

    copy("no_weights", &remove(BEST));
    copy("cut_weights", &cut(BEST));
    copy("changed_weights", &flip(BEST));
    copy("checkpoint_as_weights", &|run| _ = fs::copy(run.join(CHECKPOINT), run.join(BEST)).unwrap());
    for (run, says) in [
        ("absent", "absent"),
        ("no_weights", "no weights yet"),
        ("cut_weights", BEST),
        ("changed_weights", "damaged"),
        ("checkpoint_as_weights", "which model"),
    ] {
        check(&bench, &format!("eval runs/{run}"), 3, &[says]);
        check(&bench, &format!("predict runs/{run} x.png"), 3, &[says]);
    }
    let huge = "version = 1\nname = \"huge\"\ninput = { shape = [1, 8, 8] }\nclasses = 3\nlayers = [{ type = \"flatten\" }, \
                { type = \"dense\", units = 60000 }, { type = \"dense\", units = 60000 }, { type = \"dense\", units = 3 }]\n";
    fs::write(bench.path("huge.toml"), huge).unwrap();
    check(&bench, "train huge.toml --data data", 4, &["too many parameters"]);
    check(&bench, "eval tiny.toml", 2, &["tiny.toml", "has no weights"]);
    check(&bench, "eval runs/good --data absent", 3, &["absent"]);
    check(&bench, "train tiny.toml --data data --name good", 2, &["already"]);
    check(&bench, "train tiny.toml --data data --runs tiny.toml", 3, &["tiny.toml"]);
}

/// The disk is full: what was there stays.
#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written() {
    let bench = Bench::new();
    let Ok(mut full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    if full.write_all(b"x").is_ok() {
        return;
    }
    let output = bench.command("models").stdout(full).stderr(std::process::Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: cannot write to stdout"));
}
