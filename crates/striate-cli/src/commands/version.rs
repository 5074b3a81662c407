use crate::Ended;
use crate::output::Output;
use serde_json::json;
use striate::plan::{Isa, available_threads};
use striate::prelude::*;

pub(crate) fn run(output: &mut Output) -> Result<Ended> {
    let (version, target) = (env!("CARGO_PKG_VERSION"), env!("STRIATE_TARGET"));
    let (instructions, threads) = (Isa::from_environment()?.to_string(), available_threads());
    if output.is_json() {
        output.object(
            &json!({ "version": version, "target": target, "instruction_set": instructions, "threads": threads }),
        )?;
    } else {
        output.line(format!("striate {version}"))?;
        output.line(format!("target: {target}"))?;
        output.line(format!("instruction set: {instructions}"))?;
        output.line(format!("threads: {threads}"))?;
    }
    Ok(Ended::Well)
}
