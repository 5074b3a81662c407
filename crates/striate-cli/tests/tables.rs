//! Tables: trained, measured, used, compared, learned from as they come.

mod common;

use common::{Bench, Ran};
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// Two classes by a number, a category and a number with gaps; the first column names the rows.
fn write_shop(bench: &Bench) {
    let row = |i: usize| {
        let (size, colour) = (i * 37 % 100, ["red", "blue", "green"][i % 3]);
        let kind = if size + 40 * usize::from(colour == "red") > 60 { "big" } else { "small" };
        let weight = if i.is_multiple_of(10) { "?".to_string() } else { format!("{:.1}", size as f64 / 7.0) };
        format!("r{i};{size};{colour};{weight};{kind}\n")
    };
    let text = "id;size;colour;weight;kind\n".to_string() + &(0..120).map(row).collect::<String>();
    bench.write("shop.csv", text.as_bytes());
}

const SHOP: &str = "train shop.csv --target kind --ignore id --missing category --epochs 100 --hidden 6";

fn with_stdin(bench: &Bench, line: &str, text: &str) -> Ran {
    let mut child =
        bench.command(line).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that refuses its input closes it before all is written.
    let _ = stdin.write_all(text.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_table_is_learned_measured_and_used() {
    let bench = Bench::new();
    write_shop(&bench);
    let ran = bench.well(&format!("{SHOP} --name shop"));
    for part in
        ["stopped: all 100 epochs are done", "validation accuracy: ", "(chosen on the validation part)", " rows/s"]
    {
        assert!(ran.out.contains(part), "{part} is not in {}", ran.out);
    }
    for part in
        ["target: kind (2 classes)", "numeric: 2 (size, weight)", "discrete: 1 (colour)", "96 samples; 24 watched"]
    {
        assert!(ran.err.contains(part), "{part} is not in {}", ran.err);
    }
    let model = fs::read_to_string(bench.path("runs/shop/model.toml")).unwrap();
    assert!(model.contains("table = {") && model.contains("categories = [\"blue\", \"green\", \"red\"]"), "{model}");

    let held_out = bench.well("eval runs/shop --json").last();
    assert_eq!(held_out["samples"], 24);
    let all = bench.well("eval runs/shop --data shop.csv --json").last();
    assert_eq!(all["samples"], 120);
    assert!(all["accuracy"].as_f64().unwrap() > 0.9, "{all}");

    bench.write("rows.csv", b"colour,weight,size\nred,,95\npurple,0.7,5\n");
    let told = bench.well("predict runs/shop rows.csv --json").last();
    let rows = told["tables"][0]["rows"].as_array().unwrap();
    assert_eq!((&rows[0]["kind"], &rows[1]["kind"]), (&"big".into(), &"small".into()), "{told}");
    let sum: f64 = rows[0]["probabilities"].as_object().unwrap().values().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5);
    assert!(bench.well("predict runs/shop rows.csv").out.contains("line 2      big "), "{told}");
    // The file of weights alone is enough.
    assert_eq!(
        bench.well("predict runs/shop/weights/best.safetensors rows.csv --json").last()["tables"],
        told["tables"]
    );
}

#[test]
fn a_run_goes_on_bit_for_bit_and_knows_its_table() {
    let bench = Bench::new();
    write_shop(&bench);
    let whole = bench.well(&format!("{SHOP} --name whole --json")).last();
    assert_eq!(
        bench.well(&format!("{SHOP} --threads 3 --name again --json")).last()["weights_sha256"],
        whole["weights_sha256"]
    );
    let mut running = bench.begin(&format!("{SHOP} --name part --json --checkpoint-every 1"));
    running.read_until_checkpoint(1);
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    assert_eq!(bench.well("resume runs/part --json").last()["weights_sha256"], whole["weights_sha256"]);
    let text = fs::read_to_string(bench.path("shop.csv")).unwrap().replace("r5;85", "r5;84");
    bench.write("shop.csv", text.as_bytes());
    let ran = bench.run("resume runs/whole");
    assert_eq!(ran.code, Some(3));
    assert!(ran.err.contains("the data are not those that the run was begun with"), "{}", ran.err);
}

#[test]
fn tables_inside_and_the_rules_that_stop() {
    let bench = Bench::new();
    let line = "train --table iris --style taught --hidden 4 --stop-accuracy 0.9 --json";
    let done = bench.well(line).last();
    assert_eq!(done["stop_reason"], "accuracy", "{done}");
    assert!(done["validation_accuracy"].as_f64().unwrap() > 0.8, "{done}");
    let done = bench.well("train --table wine --per-epoch --style taught --epochs 3 --validation 0 --json").last();
    assert!(done["training_accuracy"].is_f64() && done["steps"] == 3, "{done}");
}

#[test]
fn numbers_are_told_in_their_own_unit() {
    let bench = Bench::new();
    let row = |i: usize| format!("{}\t{}\t{}\n", i * 37 % 101, i * 53 % 89, 500 + 4 * (i * 37 % 101) - (i * 53 % 89));
    bench.write("line.tsv", ("a\tb\ty\n".to_string() + &(0..150).map(row).collect::<String>()).as_bytes());
    let ran = bench.well("train line.tsv --target y --hidden none --epochs 150 --lr 0.05 --name line");
    assert!(ran.out.contains("validation error: RMSE ") && ran.out.contains("best epoch: "), "{}", ran.out);
    assert!(ran.err.contains("target: y (a number)") && !ran.err.contains("right"), "{}", ran.err);
    let found = bench.well("eval runs/line --json").last();
    assert!(found["r2"].as_f64().unwrap() > 0.99 && found["rmse"].as_f64().unwrap() < 12.0, "{found}");
    bench.write("rows.tsv", b"a\tb\n50\t10\n");
    let told = bench.well("predict runs/line rows.tsv --json").last()["tables"][0]["rows"][0]["y"].as_f64().unwrap();
    assert!((told - 690.0).abs() < 25.0, "{told}");
    let done = bench.well("train line.tsv --target y --hidden none --epochs 2 --json").last();
    assert!(
        done["validation_rmse"].is_f64() && done["best_rmse"].is_f64() && done["validation_accuracy"].is_null(),
        "{done}"
    );
}

#[test]
fn a_search_names_the_best_and_saves_it() {
    let bench = Bench::new();
    let line = "search --table iris --hidden 1 --hidden 6,3 --seeds 2 --folds 3 --epochs 20";
    let one = bench.well(&format!("{line} --threads 1 --json")).last();
    assert_eq!(one, bench.well(&format!("{line} --threads 3 --json")).last());
    let topologies = one["topologies"].as_array().unwrap();
    assert_eq!((topologies.len(), topologies[0]["seeds"][1]["folds"].as_array().unwrap().len()), (2, 3));
    let ran = bench.well(&format!("{line} --save-best --name best"));
    assert!(ran.out.contains("best: hidden ") && ran.out.contains("± sd"), "{}", ran.out);
    assert!(ran.err.contains("12 of 12 trainings"), "{}", ran.err);
    let found = bench.well("eval runs/best --data iris --json").last();
    assert_eq!(found["samples"], 150);
}

#[test]
fn rows_are_learned_as_they_come() {
    let bench = Bench::new();
    write_shop(&bench);
    let text = fs::read_to_string(bench.path("shop.csv")).unwrap();
    let again: String = text.lines().skip(1).map(|row| format!("{row}\n")).collect::<String>().repeat(5);
    let stream = text.lines().next().unwrap().to_string() + "\n" + &again;
    let line = "train --online --target kind --ignore id --missing mean --first 30 --window 60 --out seen.safetensors";
    let ran = with_stdin(&bench, line, &stream);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let right = ran.out.lines().filter(|line| line.starts_with("line ") && line.ends_with(", right")).count();
    assert!((480..600).contains(&right), "{right} of 600");
    assert!(ran.out.contains("\nend of input: 600 rows: right ") && ran.out.contains("of the last 60"), "{}", ran.out);
    assert!(ran.err.contains("\n60 rows: right "), "{}", ran.err);

    let events = with_stdin(&bench, &format!("{line} --json"), &stream).objects();
    assert_eq!(events.iter().filter(|event| event["event"] == "answer").count(), 600);
    let done = events.last().unwrap();
    assert!(done["accuracy_of_window"].as_f64() >= done["accuracy"].as_f64(), "{done}");
    assert!(done["accuracy"].as_f64().unwrap() > 0.8, "{done}");

    // It can be used, and gone on with: with JSON, and rows that do not say what is right.
    assert_eq!(bench.well("eval seen.safetensors --data shop.csv --json").last()["samples"], 120);
    let rows = "{\"size\": 95, \"colour\": \"red\", \"weight\": null}\n\
                {\"size\": 5, \"colour\": \"blue\", \"weight\": 0.7}\n";
    let ran = with_stdin(&bench, "train seen.safetensors --online --json --out more.safetensors", rows);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let events = ran.objects();
    assert_eq!((&events[0]["class"], &events[1]["class"]), (&"big".into(), &"small".into()));
    assert_eq!(events[2]["learned"], 0);

    // A wrong row ends it, with its line; what was learned is kept.
    let ran = with_stdin(&bench, line, &(text.clone() + "r;1;red;2;huge\n"));
    assert_eq!(ran.code, Some(3));
    assert!(
        ran.err.contains("stdin:122") && ran.err.contains("`huge`") && ran.err.contains("seen.safetensors"),
        "{}",
        ran.err
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_stream_is_kept() {
    let bench = Bench::new();
    write_shop(&bench);
    let text = fs::read_to_string(bench.path("shop.csv")).unwrap();
    let line = "train --online --target kind --ignore id,weight --first 50 --json";
    let mut child = bench.command(line).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    for _ in 0..120 {
        assert!(lines.next().unwrap().unwrap().contains("answer"));
    }
    // It waits for more; stdin stays open.
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let last = lines.next().unwrap().unwrap();
    assert!(last.contains("interrupted") && last.contains("\"learned\":120"), "{last}");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(bench.path("online.safetensors").is_file());
    drop(stdin);
}

/// The report of a table has what makes sense of one: no pictures, but rows.
#[test]
fn reports_of_tables() {
    let bench = Bench::new();
    write_shop(&bench);
    let done = bench.well(&format!("{SHOP} --epochs 3 --name shop --json")).last();
    let html = fs::read_to_string(bench.path(done["report"].as_str().unwrap())).unwrap();
    for part in ["id=\"training\"", "ROC curve", "Confusion matrix", "Calibration", "greatest loss", "colour</th>"] {
        assert!(html.contains(part), "{part}");
    }
    assert!(["id=\"maps\"", "id=\"shift\"", "could not be made"].iter().all(|part| !html.contains(part)), "{html}");
    // The rows that are shown are rows of the table, with their lines.
    let table = fs::read_to_string(bench.path("shop.csv")).unwrap();
    let rows = html.split("the rows that are furthest off").nth(1).unwrap().split("</table>").next().unwrap();
    let mut shown = 0;
    for row in rows.split("<tr>").skip(2) {
        let text = row.replace(" class=\"n\"", "");
        let cells: Vec<&str> = text.split("<td>").skip(1).map(|cell| cell.split('<').next().unwrap()).collect();
        let line = table.lines().nth(cells[0].parse::<usize>().unwrap() - 1).unwrap();
        let fields: Vec<&str> = line.split(';').collect();
        assert_eq!((cells[1], &cells[5..8]), (fields[4], &fields[1..4]), "{row}");
        assert_ne!(cells[1], cells[3], "a row that is taken for another class");
        shown += 1;
    }
    assert!(shown > 0);

    // A number to tell: how far it is off.
    let done =
        bench.well("train shop.csv --target size --ignore id --missing category --epochs 3 --name size --json").last();
    let html = fs::read_to_string(bench.path(done["report"].as_str().unwrap())).unwrap();
    for part in ["root mean square error", "R²", "What is told over what is true: size", "off by</th>"] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("could not be made") && !html.contains("NaN"));
    let told = bench.well("eval runs/size --json").last();
    let rmse = format!("<dd>{:.4}</dd>", told["rmse"].as_f64().unwrap());
    assert!(html.contains(&rmse), "{rmse}");
}

#[test]
fn mistakes_are_said_with_line_and_column() {
    let bench = Bench::new();
    write_shop(&bench);
    bench.write("odd.csv", b"a,b,k\n1,2,x\n3,4\n");
    bench.well(&format!("{SHOP} --epochs 1 --name shop"));
    bench.well("train shop.csv --target kind --ignore id,weight --epochs 1 --name strict");
    bench.write("new.csv", b"size,colour\n5,purple\n");
    for (line, code, parts) in [
        ("train shop.csv --target kinds --ignore id", 2, vec!["no column `kinds`", "did you mean `kind`?"]),
        ("train shop.csv --target kind", 3, vec!["names the rows", "--ignore \"id\""]),
        ("train shop.csv --ignore id", 2, vec!["--target"]),
        ("train shop.csv --target kind --ignore id", 3, vec!["shop.csv:2", "`?` in column 4, `weight`", "--missing"]),
        ("train odd.csv --target k", 3, vec!["odd.csv:3", "2 fields", "3: a, b, k"]),
        ("train none.csv --target k", 3, vec!["none.csv"]),
        ("train --table irs", 2, vec!["did you mean `iris`?"]),
        ("train shop.csv --table iris", 2, vec!["two tables"]),
        ("train lenet5 --hidden 4", 2, vec!["--hidden belongs to tables"]),
        ("train shop.csv --target kind --hidden 0", 2, vec!["such as 16 or 8,4"]),
        ("train shop.csv --target kind --ignore id --missing drop --validation 1", 2, vec!["held-out part"]),
        ("train shop.csv --target kind --window 5", 2, vec!["--online"]),
        ("train shop.csv --online --target kind", 2, vec!["stdin"]),
        ("search shop.csv --target kind --ignore id,weight --hidden 2 --folds 1000", 2, vec!["folds"]),
        ("search --hidden 2", 2, vec!["no table is given"]),
        ("predict runs/strict new.csv", 3, vec!["new.csv:2", "`purple` in column 2, `colour`", "blue, green, red"]),
        ("predict runs/shop odd.csv", 3, vec!["odd.csv:3"]),
        ("eval runs/shop/weights/last.safetensors", 2, vec!["--data"]),
        ("eval runs/shop --data new.csv", 3, vec!["no column `kind`"]),
    ] {
        let ran = bench.run(line);
        assert_eq!(ran.code, Some(code), "striate {line}\n{}{}", ran.out, ran.err);
        for part in parts {
            assert!(ran.err.contains(part), "{part} is not said of striate {line}\n{}", ran.err);
        }
    }
}
