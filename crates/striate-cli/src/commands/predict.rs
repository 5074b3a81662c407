use super::saved;
use crate::Ended;
use crate::args::PredictArgs;
use crate::output::{Output, note, percent};
use serde_json::json;
use striate::data::Picture;
use striate::prelude::*;
use striate::train::Workers;

pub(crate) fn run(args: &PredictArgs, output: &mut Output) -> Result<Ended> {
    let mut saved = saved(&args.saved)?;
    let model = saved.model().clone();
    if model.table.is_some() {
        return super::predict_table::run(args, saved, output);
    }
    let input = super::picture_input(&model)?;
    let workers = Workers::new(1);
    let (mut answers, mut failed) = (vec![], vec![]);
    for path in &args.pictures {
        let picture = match Picture::open(path, input, &model.preprocessing, args.invert) {
            Ok(picture) => picture,
            // One of several that cannot be read is no reason to give up the others.
            Err(error) if error.fault() == Fault::Data && args.pictures.len() > 1 => {
                if !output.is_json() {
                    note(format!("error: {error}"));
                }
                failed.push((path, error));
                continue;
            }
            Err(error) => return Err(error),
        };
        let probabilities = saved.predict(&workers, picture.pixels())?;
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        order.truncate(usize::from(args.top));
        let top: Vec<_> =
            order.into_iter().map(|class| (model.classes[class].as_str(), probabilities[class])).collect();
        answers.push((path, picture, top));
    }
    let ended = if failed.is_empty() { Ended::Well } else { Ended::Partly };
    if output.is_json() {
        let pictures = answers.iter().map(|(path, picture, top)| {
            let top: Vec<_> = top.iter().map(|(class, p)| json!({ "class": class, "probability": p })).collect();
            json!({ "picture": path, "class": top[0]["class"], "top": top, "prepared": picture.to_string() })
        });
        let failed: Vec<_> = failed.iter().map(|(path, error)| json!({ "picture": path, "error": error })).collect();
        let mut object = json!({ "model": model.name, "pictures": pictures.collect::<Vec<_>>() });
        if !failed.is_empty() {
            object["failed"] = json!(failed);
        }
        output.object(&object)?;
        return Ok(ended);
    }
    let width = model.classes.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (path, picture, top) in &answers {
        output.line(format!("{}  ({picture})", path.display()))?;
        for (class, probability) in top {
            output.line(format!("  {class:<width$}  {:>9}", percent(f64::from(*probability))))?;
        }
    }
    Ok(ended)
}
