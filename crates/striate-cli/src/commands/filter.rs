use crate::output::Output;
use crate::{Ended, draw, look};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use striate::data::Picture;
use striate::explain::{Response, filter, filters};
use striate::prelude::*;

#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// The filter; without it, they are listed
    #[arg(requires = "picture")]
    name: Option<String>,
    /// PNG, JPEG or BMP file
    #[arg(value_name = "PICTURE")]
    picture: Option<PathBuf>,
    /// The filtered picture, in its own size: a name that ends with .svg or .png
    #[arg(long, value_name = "FILE", requires = "picture")]
    out: Option<PathBuf>,
    /// Sheet of the picture before and after, and the kernels: a name that ends with .svg or .png
    #[arg(long, value_name = "FILE", requires = "picture")]
    sheet: Option<PathBuf>,
}

pub(crate) fn run(args: &FilterArgs, output: &mut Output) -> Result<Ended> {
    args.out.iter().chain(&args.sheet).try_for_each(|path| draw::check(path))?;
    let (Some(name), Some(path)) = (&args.name, &args.picture) else {
        list(output)?;
        return Ok(Ended::Well);
    };
    let filter = filter(name)?;
    let picture = Picture::whole(path)?;
    let result = filter.apply(&picture)?;
    if let Some(out) = &args.out {
        draw::write_pixels(out, &look::spectra::filtered(filter, &result))?;
    }
    if let Some(sheet) = &args.sheet {
        draw::write(sheet, &look::spectra::before_and_after(filter, &picture, &result))?;
    }
    let (low, high) = draw::colour::extent(result.data());
    let labels: Vec<String> = responses(filter).iter().map(Response::label).collect();
    if output.is_json() {
        output.object(&json!({
            "filter": filter.name, "about": filter.about, "size": [result.shape()[1], result.shape()[2]],
            "kernels": labels, "least": low, "greatest": high, "picture": args.out, "sheet": args.sheet,
        }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("{}: {}", filter.name, filter.about))?;
    output.line(format!("kernels: {}", labels.join("; ")))?;
    output.line(format!("{} by {} pixels, values from {low:.4} to {high:.4}", result.shape()[1], result.shape()[2]))?;
    args.out.iter().chain(&args.sheet).try_for_each(|file| output.line(format!("picture: {}", file.display())))?;
    Ok(Ended::Well)
}

fn responses(filter: &striate::explain::Filter) -> Vec<Response> {
    filter.kernels().iter().map(|kernel| Response::of([kernel.data()], kernel.shape()[1])).collect()
}

fn list(output: &mut Output) -> Result<()> {
    if output.is_json() {
        let all = filters().iter().map(|f| {
            let labels: Vec<String> = responses(f).iter().map(Response::label).collect();
            json!({ "name": f.name, "about": f.about, "kernels": labels })
        });
        return output.object(&json!({ "filters": all.collect::<Vec<_>>() }));
    }
    filters().iter().try_for_each(|f| output.line(format!("{:<10} {}", f.name, f.about)))
}
