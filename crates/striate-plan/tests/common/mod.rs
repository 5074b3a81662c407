//! The cases of all operations, as graphs that a plan can run.
#![allow(unreachable_pub)] // a module of tests

use striate_graph::{Builder, Case, Graph, Op, Value};
use striate_plan::Feed;
use striate_tensor::DType;

/// Runs `check` on every case and names the case that fails.
pub fn on_every_case(check: impl Fn(&Case)) {
    for case in Op::cases() {
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&case))) {
            eprintln!("case: {}", case.text);
            std::panic::resume_unwind(panic);
        }
    }
}

/// The case as a graph of its own; index outputs are cut off, since a run returns real numbers.
pub fn graph_of(case: &Case) -> Graph {
    let g = Builder::new();
    let inputs: Vec<_> =
        case.inputs.iter().enumerate().map(|(i, input)| g.input(&format!("x{i}"), input.ty.clone())).collect();
    let outputs = g.apply(case.op.clone(), &inputs);
    g.finish(outputs.iter().filter(|o| o.ty().dtype == DType::F32)).unwrap_or_else(|e| panic!("{e}"))
}

/// The values as a plan takes them.
pub fn feeds(values: &[Value<f32>]) -> Vec<Feed<'_>> {
    let mut feeds = Vec::new();
    for value in values {
        feeds.push(match value {
            Value::Real(a) => Feed::F32(a.data()),
            Value::Index(a) => Feed::I32(a.data()),
        });
    }
    feeds
}

/// Cases whose inputs can be fed: small indices come only from other equations.
pub fn feedable(case: &Case) -> bool {
    case.inputs.iter().all(|i| i.ty.dtype != DType::U8)
}
