//! The samples that the model gets most wrong.

use crate::look;
use crate::page::{Context, Html, Section, Told};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "errors", title: "Worst errors", build };

const COUNT: usize = 24;

fn build(context: &Context) -> Result<Option<Html>> {
    let answers = match &context.told {
        Told::Classes(answers) if look::samples::picture_shape(&context.data).is_ok() => answers,
        _ => return rows(context),
    };
    let worst: Vec<_> = answers.worst(COUNT).into_iter().filter(|j| j.truth != j.predicted).collect();
    if worst.is_empty() {
        let mut html = Html::default();
        html.paragraph("No sample of the test part is taken for another class.");
        return Ok(Some(html));
    }
    let names = answers.classes();
    let sheet = look::samples::sheet("Samples with the greatest loss", &context.data, answers, &worst, 8)?;
    let told: Vec<String> = worst
        .iter()
        .map(|j| format!("sample {}: {} taken for {}", j.sample, names[j.truth], names[j.predicted]))
        .collect();
    let mut html = Html::default();
    html.paragraph("Loss is −ln of the probability of the true class; the percentages are probabilities.");
    html.figure(&sheet, &format!("{} pictures. {}", worst.len(), told.join("; ")), "")?;
    Ok(Some(html))
}

/// Columns of a table that are shown.
const COLUMNS: usize = 8;

/// Of a table: its rows that the model gets most wrong.
fn rows(context: &Context) -> Result<Option<Html>> {
    let (model, record) = (context.saved.model(), &context.record);
    let Some(encoding) = &model.table else { return Ok(None) };
    let Some((table, rows)) = record.data.held_out_rows(model, record.settings.seed)? else { return Ok(None) };
    let columns = encoding.columns(&table)?;
    let shown = &columns[..columns.len().min(COLUMNS)];
    let names: Vec<&str> = shown.iter().map(|&column| table.columns()[column].as_str()).collect();
    let row = |sample: usize, told: &[String]| -> Vec<String> {
        let row = rows[sample];
        let fields = shown.iter().map(|&column| table.field(row, column).to_string());
        [table.line(row).to_string()].into_iter().chain(told.iter().cloned()).chain(fields).collect()
    };
    let mut html = Html::default();
    let (told, list): (&[&str], Vec<Vec<String>>) = match &context.told {
        Told::Classes(answers) => {
            let worst = answers.worst(COUNT).into_iter().filter(|j| j.truth != j.predicted);
            let list: Vec<_> = worst
                .map(|j| {
                    let (truth, said) = (&answers.classes()[j.truth], &answers.classes()[j.predicted]);
                    let of = |p: f32| format!("{p:.4}");
                    row(j.sample, &[truth.clone(), of(j.probability), said.clone(), of(j.confidence)])
                })
                .collect();
            if list.is_empty() {
                html.paragraph("No row that was held out is taken for another class.");
                return Ok(Some(html));
            }
            html.paragraph("The rows with the greatest loss, −ln of the probability of the true class.");
            (&["true", "#its probability", "said", "#its probability"], list)
        }
        Told::Numbers(pairs) => {
            let off = |i: usize| (pairs[i].1 - pairs[i].0).abs();
            let mut order: Vec<usize> = (0..pairs.len()).collect();
            order.sort_by(|&a, &b| off(b).total_cmp(&off(a)).then(a.cmp(&b)));
            order.truncate(COUNT);
            html.paragraph("The rows whose number is furthest off.");
            let told = |i: usize| [pairs[i].0, pairs[i].1, pairs[i].1 - pairs[i].0].map(|v| format!("{v:.4}"));
            (&["#true", "#told", "#off by"], order.into_iter().map(|i| row(i, &told(i))).collect())
        }
    };
    let left = columns.len() - shown.len();
    if left > 0 {
        html.paragraph(&format!("The first {COLUMNS} of {} columns.", columns.len()));
    }
    let head: Vec<&str> = ["#line"].into_iter().chain(told.iter().copied()).chain(names).collect();
    html.table("the rows that are furthest off", &head, &list);
    Ok(Some(html))
}
