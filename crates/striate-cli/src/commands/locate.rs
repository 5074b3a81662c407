//! `striate locate`: finds objects in a picture that is larger than a model's input.

use crate::Ended;
use crate::args::SavedArgs;
use crate::draw;
use crate::look::heat;
use crate::output::{Output, note, percent};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use striate::data::{Digits, Invert, Picture, Scene};
use striate::explain::heatmap::HeatMap;
use striate::explain::locate::{Found, Locator, told};
use striate::plan::Workers;
use striate::prelude::*;

#[derive(Debug, Args)]
pub(crate) struct LocateArgs {
    #[command(flatten)]
    saved: SavedArgs,

    /// A PNG, JPEG or BMP file at least as large as the model's input; objects have the size that the model learnt
    #[arg(conflicts_with_all = ["digits", "seed", "trials"], required_unless_present = "digits")]
    picture: Option<PathBuf>,

    /// Instead of a file: a picture with so many of the digits inside, at random places
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
    digits: Option<u16>,

    /// Pixels of an edge of that picture
    #[arg(long, default_value_t = 112, value_parser = clap::value_parser!(u16).range(28..=1024))]
    size: u16,

    /// Seed of that picture
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// So many such pictures, of this seed and the following: in how many all digits are found and told right
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    trials: Option<u16>,

    /// Whether to turn light into dark before: auto, never or always
    #[arg(long, default_value = "auto", value_parser = clap::builder::ValueParser::new(|text: &str| text.parse::<Invert>()))]
    invert: Invert,

    /// Draws the picture with what was found, and the heat map, into this file: SVG or PNG, by its ending
    #[arg(long, value_name = "FILE", conflicts_with = "trials")]
    out: Option<PathBuf>,
}

/// A picture of which a larger edge would only take time.
const LONGEST: usize = 2048;

pub(crate) fn run(args: &LocateArgs, output: &mut Output) -> Result<Ended> {
    let saved = super::saved(&args.saved)?;
    let model = saved.model().clone();
    let [channels, ..] = super::picture_input(&model)?;
    let workers = Workers::new(1);
    let edge = usize::from(args.size);
    if let (Some(count), Some(trials)) = (args.digits, args.trials) {
        let mut locator = Locator::new(&model, saved.store(), [edge, edge])?;
        let mut right = 0;
        let mut digits_right = 0;
        for seed in (0..u64::from(trials)).map(|trial| args.seed.wrapping_add(trial)) {
            let scene = Scene::of_digits(&Digits::test(), count.into(), edge, seed)?;
            let (_, found) = locator.locate(&workers, &prepared(&scene, &model)?)?;
            digits_right += told(&scene, &found);
            right += usize::from(found.len() == scene.digits.len() && told(&scene, &found) == found.len());
        }
        let of = usize::from(trials);
        let share = [right as f64 / of as f64, digits_right as f64 / (of * usize::from(count)) as f64];
        match output.is_json() {
            true => output.object(&json!({
                "model": model.name, "pictures": of, "digits": count, "seed": args.seed,
                "all_right": right, "digits_right": digits_right,
            }))?,
            false => {
                output.line(format!(
                    "{right} of {of} pictures ({}): every digit found and told right",
                    percent(share[0])
                ))?;
                output.line(format!("{digits_right} of {} digits ({})", of * usize::from(count), percent(share[1])))?;
            }
        }
        return Ok(Ended::Well);
    }
    let (pixels, size, source) = match (&args.picture, args.digits) {
        (Some(path), _) => {
            let size = Picture::edges(path)?;
            if size.iter().any(|&edge| edge > LONGEST) {
                return Err(Error::new(Fault::Data, "the picture is larger than what is searched at a time")
                    .found(format!("{}×{}", size[1], size[0]))
                    .expected(format!("at most {LONGEST} pixels an edge"))
                    .hint("scale it so that the objects have the size that the model learnt"));
            }
            let picture = Picture::open(path, [channels, size[0], size[1]], &model.preprocessing, args.invert)?;
            (picture.pixels().clone(), size, path.display().to_string())
        }
        (None, count) => {
            let count = count.unwrap_or(4).into();
            let scene = Scene::of_digits(&Digits::test(), count, edge, args.seed)?;
            let source = format!("{count} digits, seed {}", args.seed);
            (prepared(&scene, &model)?, [edge, edge], source)
        }
    };
    let (map, found) = Locator::new(&model, saved.store(), size)?.locate(&workers, &pixels)?;
    if let Some(path) = &args.out {
        let [low, high] = model.preprocessing.ends(0);
        let ink: Vec<f32> = pixels.data()[..size[0] * size[1]].iter().map(|x| (x - low) / (high - low)).collect();
        draw::write(path, &heat::draw(&source, &ink, size, &map, &found, &model.classes))?;
    }
    tell(&model, &map, &found, args.out.as_ref(), output)?;
    Ok(Ended::Well)
}

/// The pixels of a scene as the model sees them.
fn prepared(scene: &Scene, model: &Model) -> Result<striate::tensor::Array<f32>> {
    if model.input.first() != Some(&1) {
        return Err(Error::model("the model does not read grey pictures")
            .found(format!("an input of {}", model.input))
            .expected("1 channel: the digits inside are grey"));
    }
    let [low, high] = model.preprocessing.ends(0);
    let number = |i: usize| low + (high - low) * f32::from(scene.pixels[i]) / 255.0;
    Ok(striate::tensor::Array::from_fn([1, scene.size, scene.size], number))
}

fn tell(model: &Model, map: &HeatMap, found: &[Found], out: Option<&PathBuf>, output: &mut Output) -> Result<()> {
    if output.is_json() {
        let objects = found.iter().map(|f| {
            json!({
                "class": model.classes[f.class], "probability": f.probability, "row": f.corner[0], "column": f.corner[1],
                "height": f.window[0], "width": f.window[1], "ink": f.ink,
            })
        });
        return output.object(&json!({
            "model": model.name, "objects": objects.collect::<Vec<_>>(), "picture": out,
            "cells": [map.rows, map.columns], "stride": map.stride, "window": map.window,
        }));
    }
    if found.is_empty() {
        note("note: there is too little ink for an object");
    }
    for f in found {
        let [y, x] = f.corner;
        output.line(format!(
            "{:<8} {:>9}  rows {y} to {}, columns {x} to {}",
            model.classes[f.class],
            percent(f64::from(f.probability)),
            y + f.window[0] as isize - 1,
            x + f.window[1] as isize - 1
        ))?;
    }
    out.map_or(Ok(()), |path| output.line(format!("picture: {}", path.display())))
}
