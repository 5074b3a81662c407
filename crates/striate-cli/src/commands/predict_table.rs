//! `striate predict RUN rows.csv`: what the rows of a table are.

use crate::Ended;
use crate::args::PredictArgs;
use crate::output::{Output, note, percent};
use serde_json::{Value, json};
use striate::prelude::*;
use striate::run::Saved;
use striate::tables::Header;
use striate::tensor::Array;
use striate::train::{Workers, best_class};

/// The answer to a row.
struct Row {
    line: usize,
    /// Probabilities, or the number; nothing where the row is left out.
    told: Vec<f32>,
}

pub(super) fn run(args: &PredictArgs, mut saved: Saved, output: &mut Output) -> Result<Ended> {
    let model = saved.model().clone();
    let Some(encoding) = &model.table else {
        return Err(Error::internal("a model without a table was given rows"));
    };
    let workers = Workers::new(1);
    // All before the first is printed: a wrong row leaves no half of an answer.
    let mut answers = vec![];
    for path in &args.pictures {
        let table = super::tables::open(path, Header::Auto)?;
        let columns = encoding.columns(&table)?;
        let mut rows = vec![];
        for row in 0..table.len() {
            let fields: Vec<&str> = columns.iter().map(|&column| table.field(row, column)).collect();
            let mut inputs = vec![];
            let kept = encoding.append(&fields, &columns, &mut inputs).map_err(|error| error.at(table.place(row)))?;
            let told = match kept {
                true => saved.predict(&workers, &Array::new([encoding.width()], inputs))?,
                false => vec![],
            };
            rows.push(Row { line: table.line(row), told });
        }
        answers.push((path, rows));
    }
    let own = |y: f32| encoding.scale.map_or(f64::from(y), |scale| scale.own(y));
    if output.is_json() {
        let object = |row: &Row| -> Value {
            let target = &encoding.target;
            match row.told[..] {
                [] => json!({ "line": row.line, target: null }),
                _ if encoding.scale.is_some() => json!({ "line": row.line, target: own(row.told[0]) }),
                _ => {
                    let each = model.classes.iter().zip(&row.told);
                    let each: serde_json::Map<_, _> = each.map(|(class, p)| (class.clone(), json!(p))).collect();
                    json!({ "line": row.line, target: model.classes[best_class(&row.told)], "probabilities": each })
                }
            }
        };
        let tables = answers
            .iter()
            .map(|(path, rows)| json!({ "table": path, "rows": rows.iter().map(object).collect::<Vec<_>>() }));
        output.object(&json!({ "model": model.name, "tables": tables.collect::<Vec<_>>() }))?;
        return Ok(Ended::Well);
    }
    let width = model.classes.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (path, rows) in &answers {
        output.line(format!("{}  ({} by {} columns)", path.display(), encoding.target, encoding.attributes.len()))?;
        for row in rows {
            let answer = match row.told[..] {
                [] => "left out: a value is missing or unknown".to_string(),
                _ if encoding.scale.is_some() => format!("{:.4}", own(row.told[0])),
                _ => {
                    let best = best_class(&row.told);
                    format!("{:<width$}  {:>9}", model.classes[best], percent(f64::from(row.told[best])))
                }
            };
            output.line(format!("  line {:<6} {answer}", row.line))?;
        }
        let left_out = rows.iter().filter(|row| row.told.is_empty()).count();
        if left_out > 0 {
            note(format!("{left_out} rows are left out, as the model was trained with --missing drop"));
        }
    }
    Ok(Ended::Well)
}
