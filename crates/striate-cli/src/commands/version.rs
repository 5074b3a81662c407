use crate::Ended;
use crate::args::available_threads;
use crate::output::Output;
use serde_json::json;
use striate::prelude::*;

pub(crate) fn run(output: &mut Output) -> Result<Ended> {
    let (version, target) = (env!("CARGO_PKG_VERSION"), env!("STRIATE_TARGET"));
    let (instructions, threads) = (instruction_set(), available_threads());
    if output.is_json() {
        output.object(
            &json!({ "version": version, "target": target, "instruction_set": instructions, "threads": threads }),
        )?;
    } else {
        output.line(format!("striate {version}"))?;
        output.line(format!("target: {target}"))?;
        output.line(format!("instruction set: {}", instructions.join(" ")))?;
        output.line(format!("threads: {threads}"))?;
    }
    Ok(Ended::Well)
}

/// What this machine has of the instructions that make networks fast.
#[cfg(target_arch = "x86_64")]
fn instruction_set() -> Vec<&'static str> {
    let all = [
        ("sse2", true),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
    ];
    all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

#[cfg(target_arch = "aarch64")]
fn instruction_set() -> Vec<&'static str> {
    vec!["neon"]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn instruction_set() -> Vec<&'static str> {
    vec!["portable"]
}
