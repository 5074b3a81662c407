use super::subject::{self, Place};
use crate::Ended;
use crate::args::SavedArgs;
use crate::output::Output;
use clap::Args;
use std::path::PathBuf;
use striate::data::Invert;
use striate::explain::attribution::class_named;
use striate::explain::{Step, Term, Tracing, trace};
use striate::prelude::*;
use striate::train::Workers;

#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// PNG, JPEG or BMP file of any size
    #[arg(value_name = "PICTURE")]
    picture: PathBuf,
    /// The layer whose unit is looked at
    #[arg(long)]
    layer: String,
    /// Row and column of the unit in the layer's maps; a dense layer has none
    #[arg(long, value_name = "ROW,COLUMN", value_parser = subject::place)]
    pixel: Option<Place>,
    /// Channel of the unit; of a dense layer its number
    #[arg(long, default_value = "0")]
    channel: usize,
    /// Class by whose loss gradients are taken: a name or number [default: the most probable one]
    #[arg(long)]
    label: Option<String>,
    /// Whether to turn light into dark: auto, never or always
    #[arg(long, default_value = "auto", value_parser = crate::args::invert)]
    invert: Invert,
}

pub(crate) fn run(args: &TraceArgs, output: &mut Output) -> Result<Ended> {
    let lens = subject::trained(&args.saved)?;
    let place = args.pixel.as_ref().map_or(vec![], |place| place.0.clone());
    let label = args.label.as_deref().map(|name| class_named(lens.model(), name)).transpose()?;
    let (sample, _) = subject::picture(&lens, &args.picture, args.invert)?;
    let told = trace(&lens, &Workers::new(1), &sample, &args.layer, args.channel, &place, label)?;
    match output.is_json() {
        true => output.object(&told)?,
        false => tell(&told, &lens.model().classes, output)?,
    }
    Ok(Ended::Well)
}

fn tell(told: &Tracing, classes: &[String], output: &mut Output) -> Result<()> {
    let at = if told.place.is_empty() { String::new() } else { format!(" at {}", Place(told.place.clone())) };
    output.line(format!("{} ({}), channel {}{at}", told.layer, told.kind, told.channel))?;
    output.line("\nforward")?;
    match &told.step {
        Step::WeightedSum { terms, left_out, sum, bias, .. } => {
            output.line(format!("  {:<10} {:>11} {:>12} {:>12}", "input", "x", "w", "w·x"))?;
            for t in terms {
                let w = t.weight.unwrap_or(0.0);
                output.line(format!("  {:<10} {:>11.6} {w:>12.6} {:>12.6}", name(t), t.value, t.product + 0.0))?;
            }
            if *left_out > 0 {
                output.line(format!("  … and {left_out} smaller products"))?;
            }
            output.line(format!("  sum    {sum:.6}"))?;
            if let Some(bias) = bias {
                output.line(format!("  bias   {bias:.6}"))?;
            }
        }
        Step::Maximum { terms, winner, tap } => {
            for (i, t) in terms.iter().enumerate() {
                let mark = if i == *winner { format!("  ← the maximum, index {tap}") } else { String::new() };
                output.line(format!("  {:<10} {:>11.6}{mark}", name(t), t.value))?;
            }
        }
        Step::Mean { terms, count } => {
            for t in terms {
                output.line(format!("  {:<10} {:>11.6} / {count}", name(t), t.value))?;
            }
        }
        Step::Function { value, .. } => output.line(format!("  input  {value:.6}"))?,
    }
    output.line(format!("  output {:.6}", told.output))?;
    let label = classes.get(told.label).map_or("", String::as_str);
    output.line(format!("\nbackward, from the loss {:.6} of class {label}", told.loss))?;
    output.line(format!("  ∂L/∂output {:.4e}", told.output_gradient))?;
    if let Step::Function { slope, value_gradient_total, .. } = &told.step {
        let slope = slope.map_or("any slope × 0".to_string(), |slope| format!("slope {slope:.6}"));
        return output.line(format!("  ∂L/∂input  {value_gradient_total:.4e}  ({slope})"));
    }
    let weighted = matches!(&told.step, Step::WeightedSum { .. });
    if let Step::WeightedSum { bias_gradient_total: Some(total), .. } = &told.step {
        output.line(format!("  ∂L/∂bias   {:.4e} from here, {total:.4e} in all", told.output_gradient))?;
    }
    let head = format!("  {:<10} {:>12} {:>12}", "input", "∂L/∂x here", "in all");
    let by_weight = if weighted { format!(" {:>12} {:>12}", "∂L/∂w here", "in all") } else { String::new() };
    output.line(head + &by_weight)?;
    terms(&told.step).iter().try_for_each(|t| {
        // A product of 0 and a negative number is −0: nobody wants to read that.
        let number = |v: f32| format!("{:>12.4e}", v + 0.0);
        let by_weight = match (t.weight_gradient, t.weight_gradient_total) {
            (Some(part), Some(total)) => format!(" {} {}", number(part), number(total)),
            _ => String::new(),
        };
        let by_value = format!("{} {}", number(t.value_gradient), number(t.value_gradient_total));
        output.line(format!("  {:<10} {by_value}{by_weight}", name(t)))
    })
}

/// Channel and place of an element: `2 at 6,8`, or its number.
fn name(t: &Term) -> String {
    match t.place.is_empty() {
        true => t.channel.to_string(),
        false => format!("{} at {}", t.channel, Place(t.place.clone())),
    }
}

fn terms(step: &Step) -> &[Term] {
    match step {
        Step::WeightedSum { terms, .. } | Step::Maximum { terms, .. } | Step::Mean { terms, .. } => terms,
        Step::Function { .. } => &[],
    }
}
