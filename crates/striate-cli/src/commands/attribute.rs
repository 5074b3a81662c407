use super::saved;
use crate::args::{SavedArgs, ThreadArgs};
use crate::look::attribution::greatest;
use crate::output::{Output, note, percent};
use crate::{Ended, draw, look};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;
use striate::data::{Invert, Picture};
use striate::explain::Lens;
use striate::explain::attribution::{self, Attribution, Method, Sanity, Settings};
use striate::prelude::*;
use striate::tensor::Array;
use striate::train::{Workers, best_class};

#[derive(Debug, Args)]
pub(crate) struct AttributeArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// A PNG, JPEG or BMP file of any size
    image: PathBuf,
    /// saliency, gradient-input, integrated-gradients, smooth-grad, guided-backprop, occlusion, grad-cam, grad-cam++ or all
    #[arg(long, default_value = "grad-cam")]
    method: String,
    /// The class whose score is to be explained, by name or number [default: the predicted one]
    #[arg(long)]
    class: Option<String>,
    /// Layer of grad-cam and grad-cam++ [default: the last that convolves and has more than one place]
    #[arg(long)]
    layer: Option<String>,
    /// Picture to draw the map on: a name that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draw the weights anew, layer after layer from the last on, and tell how alike the map remains
    #[arg(long)]
    sanity: bool,
    /// Points on the way of integrated-gradients [default: 64]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Methods")]
    steps: Option<u16>,
    /// Samples with noise of smooth-grad [default: 32]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Methods")]
    draws: Option<u16>,
    /// Noise of smooth-grad, as a part of the picture's range [default: 0.15]
    #[arg(long, help_heading = "Methods")]
    noise: Option<f32>,
    /// Edge of the window of occlusion, in pixels [default: a seventh of the shorter edge]
    #[arg(long, help_heading = "Methods")]
    window: Option<usize>,
    /// How far apart the windows are, in pixels [default: half a window]
    #[arg(long, help_heading = "Methods")]
    stride: Option<usize>,
    /// The picture that says nothing: where integrated-gradients begins, and what covers windows of occlusion [default: black]
    #[arg(long, value_enum, help_heading = "Methods")]
    baseline: Option<Baseline>,
    /// Decides the noise of smooth-grad, and the weights of --sanity [default: 0]
    #[arg(long, help_heading = "Methods")]
    seed: Option<u64>,
    /// Whether to turn light into dark: auto, never or always
    #[arg(long, default_value = "auto", value_parser = crate::args::invert)]
    invert: Invert,
    #[command(flatten)]
    threads: ThreadArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Baseline {
    Black,
    White,
    /// The picture's own mean, channel by channel
    Mean,
}

impl Baseline {
    fn of(self, model: &Model, sample: &Array<f32>) -> Array<f32> {
        let places = sample.shape()[1..].iter().product::<usize>();
        let channels: Vec<f32> = sample
            .data()
            .chunks_exact(places)
            .enumerate()
            .map(|(channel, values)| match self {
                Baseline::Black => model.preprocessing.ends(channel)[0],
                Baseline::White => model.preprocessing.ends(channel)[1],
                Baseline::Mean => (values.iter().map(|&v| f64::from(v)).sum::<f64>() / places as f64) as f32,
            })
            .collect();
        Array::from_fn(sample.shape().clone(), |i| channels[i / places])
    }
}

impl AttributeArgs {
    /// A flag that none of the methods reads is a mistake, not to be passed over.
    ///
    /// # Errors
    /// `Fault::Usage`: there is one.
    fn refuse_what_says_nothing(&self, methods: &[&Method]) -> Result<()> {
        let layered: Vec<&str> =
            Method::all().iter().filter(|method| method.of_layer).map(|method| method.name).collect();
        let flags: [(&str, bool, &[&str]); 8] = [
            ("--layer", self.layer.is_some(), &layered),
            ("--steps", self.steps.is_some(), &["integrated-gradients"]),
            ("--draws", self.draws.is_some(), &["smooth-grad"]),
            ("--noise", self.noise.is_some(), &["smooth-grad"]),
            ("--window", self.window.is_some(), &["occlusion"]),
            ("--stride", self.stride.is_some(), &["occlusion"]),
            ("--baseline", self.baseline.is_some(), &["integrated-gradients", "occlusion"]),
            ("--seed", self.seed.is_some() && !self.sanity, &["smooth-grad"]),
        ];
        let idle =
            flags.iter().find(|(_, given, of)| *given && !methods.iter().any(|method| of.contains(&method.name)));
        match idle {
            None => Ok(()),
            Some((flag, _, of)) => Err(Error::usage(format!("{flag} says nothing to {}", self.method))
                .expected(format!("{flag} with --method {} or all", of.join(" or ")))
                .hint(match *flag {
                    "--seed" => "leave it out, or add --sanity".to_string(),
                    _ => "leave it out, or take another method".to_string(),
                })),
        }
    }
}

/// Weights drawn anew are not those that a training of a small seed began with.
const OTHER: u64 = 1_000_003;

pub(crate) fn run(args: &AttributeArgs, output: &mut Output) -> Result<Ended> {
    args.out.as_deref().map_or(Ok(()), draw::check)?;
    let all = args.method == "all";
    let methods: Vec<&'static Method> =
        if all { Method::all().iter().collect() } else { vec![Method::named(&args.method)?] };
    args.refuse_what_says_nothing(&methods)?;
    let seed = args.seed.unwrap_or(0);
    let mut saved = saved(&args.saved)?;
    let lens = Lens::of(&saved)?;
    let model = lens.model().clone();
    let class = args.class.as_deref().map(|word| attribution::class_named(&model, word)).transpose()?;
    let input = super::picture_input(&model)?;
    let picture = Picture::open(&args.image, input, &model.preprocessing, args.invert)?;
    let sample = picture.pixels();
    let usual = Settings::default();
    let settings = Settings {
        layer: args.layer.clone(),
        baseline: Some(args.baseline.unwrap_or(Baseline::Black).of(&model, sample)),
        steps: args.steps.map_or(usual.steps, usize::from),
        draws: args.draws.map_or(usual.draws, usize::from),
        noise: args.noise.unwrap_or(usual.noise),
        window: args.window,
        stride: args.stride,
        seed,
    };
    let workers = Workers::new(args.threads.count());
    let (mut maps, mut checks, mut skipped): (Vec<Attribution>, Vec<Option<Sanity>>, Vec<Value>) = Default::default();
    for method in methods {
        let found = attribution::attribute(&lens, &workers, sample, method, class, &settings);
        let found = match found {
            // One of all that does not fit the model is no reason to give up the others.
            Err(error) if all && error.fault() == Fault::Model => {
                note(format!("left out: {}", error.what()));
                skipped.push(json!({ "method": method.name, "why": error.what() }));
                continue;
            }
            found => found?,
        };
        let sanity = args.sanity.then(|| {
            attribution::sanity(&lens, &workers, sample, method, Some(found.class), &settings, seed.wrapping_add(OTHER))
        });
        maps.push(found);
        checks.push(sanity.transpose()?);
    }
    if let Some(path) = &args.out {
        let drawing = match (&maps[..], all) {
            ([only], false) => look::attribution::one(&model, sample, only),
            _ => look::attribution::sheet(&model, sample, &maps),
        };
        draw::write(path, &drawing)?;
    }
    let probabilities = saved.predict(&workers, sample)?;
    let predicted = best_class(&probabilities);
    if output.is_json() {
        output.object(&json!({
            "model": model.name, "image": args.image, "prepared": picture.to_string(),
            "predicted": model.classes[predicted], "probability": probabilities[predicted],
            "target": "score before softmax", "maps": maps.iter().zip(&checks).map(|(map, check)| object(map, check, &model, args)).collect::<Vec<_>>(),
            "left_out": skipped, "picture": args.out,
        }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("{}  ({picture})", args.image.display()))?;
    let certain = percent(f64::from(probabilities[predicted]));
    output.line(format!("predicted: {} ({certain})", model.classes[predicted]))?;
    if let Some(first) = maps.first() {
        let class = &model.classes[first.class];
        output.line(format!("target: the score of class {class} before softmax, {:.4}", first.score))?;
    }
    for (found, sanity) in maps.iter().zip(&checks) {
        output.line(line(found, args))?;
        for step in sanity.iter().flat_map(|sanity| &sanity.steps) {
            let r = step.correlation.map_or("the map is the same everywhere".into(), |r| format!("{r:+.3}"));
            output.line(format!("    weights drawn anew from {:<12} rank correlation {r}", step.layer))?;
        }
        if let Some(sanity) = sanity {
            output.line(format!("    {}", verdict(sanity)))?;
        }
    }
    if let Some(path) = &args.out {
        output.line(format!("picture: {}", path.display()))?;
    }
    Ok(Ended::Well)
}

fn verdict(sanity: &Sanity) -> String {
    match sanity.passes() {
        true => "sane: the map depends on what was learnt".into(),
        false => format!(
            "not sane: with all weights drawn anew the map stays alike (rank correlation {} or more)",
            Sanity::LIMIT
        ),
    }
}

fn line(found: &Attribution, args: &AttributeArgs) -> String {
    let (value, row, column) = greatest(&found.heat());
    let mut text = format!("{:<22}strongest {value:.4} at row {row}, column {column}", found.method.name);
    if let Some(layer) = &found.layer {
        let chosen = if args.layer.is_some() { "" } else { " (the last that convolves)" };
        text += &format!("; layer {layer}{chosen}");
    }
    if let Some(completeness) = &found.completeness {
        let part = completeness.error() / completeness.difference.abs().max(f64::MIN_POSITIVE);
        text += &format!(
            "; sum {:.4} of a score difference of {:.4}, error {:.4} ({})",
            completeness.sum,
            completeness.difference,
            completeness.error(),
            percent(part)
        );
    }
    text
}

fn object(found: &Attribution, sanity: &Option<Sanity>, model: &Model, args: &AttributeArgs) -> Value {
    let heat = found.heat();
    let columns = heat.shape().last().copied().unwrap_or(1).max(1);
    json!({
        "method": found.method.name,
        "class": model.classes[found.class],
        "score": found.score,
        "layer": found.layer,
        "layer_chosen": found.layer.as_ref().map(|_| args.layer.is_none()),
        "completeness": found.completeness.map(|c| json!({ "sum": c.sum, "difference": c.difference, "error": c.error() })),
        "sanity": sanity.as_ref().map(|s| json!({ "steps": s.steps, "passes": s.passes() })),
        "map": heat.data().chunks(columns).collect::<Vec<_>>(),
    })
}
