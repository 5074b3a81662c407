use super::subject;
use crate::args::SavedArgs;
use crate::output::{Output, percent};
use crate::{Ended, draw, look};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use striate::explain::{Comparison, Connectivity, KernelBank, compare, to_dense_matrix};
use striate::prelude::*;

#[derive(Debug, Args)]
pub(crate) struct CompareConnectivityArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// One convolution [default: all]
    #[arg(long)]
    layer: Option<String>,
    /// Picture of a convolution's dense matrix (without --layer the first): a name that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &CompareConnectivityArgs, output: &mut Output) -> Result<Ended> {
    args.out.as_deref().map_or(Ok(()), draw::check)?;
    let lens = subject::any(&args.saved)?.lens;
    let first = subject::convolution(&lens, args.layer.as_deref())?;
    let names: Vec<String> = match &args.layer {
        Some(_) => vec![first.clone()],
        None => lens.layers().iter().map(|l| l.name.clone()).filter(|l| KernelBank::of(&lens, l).is_ok()).collect(),
    };
    let mut rows: Vec<(String, String, Comparison)> = vec![];
    for name in &names {
        let bank = KernelBank::of(&lens, name)?;
        let [from, to] = [bank.conv.input(), bank.conv.output()].map(|ty| Shape::from(&ty.shape()[1..]));
        let maps = format!("{from} → {to}");
        rows.push((name.clone(), maps, compare(&bank.conv, lens.weight(&format!("{name}.bias")).is_some())));
    }
    let mut matrix = None;
    if let Some(path) = &args.out {
        let bank = KernelBank::of(&lens, &first)?;
        let found = to_dense_matrix(&bank.conv, bank.weights())?;
        draw::write(path, &look::matrices::toeplitz(&format!("{first} as a dense layer"), &found))?;
        matrix = Some((first, found));
    }
    if output.is_json() {
        let layers: Vec<_> =
            rows.iter().map(|(name, maps, sides)| json!({ "layer": name, "maps": maps, "numbers": sides })).collect();
        let matrix = matrix.map(|(layer, m)| {
            json!({ "layer": layer, "rows": m.rows, "columns": m.columns, "connected": m.entries.len(),
                    "sparsity": m.sparsity(), "sharing": m.sharing() })
        });
        output
            .object(&json!({ "model": lens.model().name, "layers": layers, "matrix": matrix, "picture": args.out }))?;
        return Ok(Ended::Well);
    }
    for (name, maps, sides) in &rows {
        output.line(format!("{name}: {maps}"))?;
        let Comparison { dense, local, convolution } = sides;
        for (kind, Connectivity { parameters, connections }) in
            [("dense", dense), ("locally connected", local), ("convolution", convolution)]
        {
            output.line(format!(
                "  {kind:<18} {:>22} parameters  {:>22} connections",
                grouped(*parameters),
                grouped(*connections)
            ))?;
        }
    }
    if let Some((layer, m)) = matrix {
        output.line(format!(
            "{layer} as a matrix: {}×{}, {} of it 0 for want of a connection, each weight in {:.1} places on average",
            grouped(m.rows as u128),
            grouped(m.columns as u128),
            percent(m.sparsity()),
            m.sharing()
        ))?;
    }
    args.out.iter().try_for_each(|file| output.line(format!("picture: {}", file.display())))?;
    Ok(Ended::Well)
}

/// A count with commas between thousands, however large.
fn grouped(count: u128) -> String {
    let digits = count.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    parts.join(",")
}
