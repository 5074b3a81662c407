//! What the plan promises of every operation, held on every case: it agrees with the interpreter, gives the same bits for
//! any number of threads, and allocates nothing after the first run.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use striate_graph::{Builder, Case, Graph, Op, State, Value, interpret};
use striate_plan::{Feed, Isa, Options, Plan, Store, Workers};
use striate_tensor::DType;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: forwards to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's promise is the system's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn on_every_case(check: impl Fn(&Case)) {
    for case in Op::cases() {
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&case))) {
            eprintln!("case: {}", case.text);
            std::panic::resume_unwind(panic);
        }
    }
}

/// The case as a graph of its own; index outputs are cut off, since a run returns real numbers.
fn graph_of(case: &Case) -> Graph {
    let g = Builder::new();
    let inputs: Vec<_> =
        case.inputs.iter().enumerate().map(|(i, input)| g.input(&format!("x{i}"), input.ty.clone())).collect();
    let outputs = g.apply(case.op.clone(), &inputs);
    g.finish(outputs.iter().filter(|o| o.ty().dtype == DType::F32)).unwrap_or_else(|e| panic!("{e}"))
}

fn feeds(values: &[Value<f32>]) -> Vec<Feed<'_>> {
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
fn feedable(case: &Case) -> bool {
    case.inputs.iter().all(|i| i.ty.dtype != DType::U8)
}

fn run(plan: &mut Plan, workers: &Workers, values: &[Value<f32>]) -> Vec<Vec<f32>> {
    let mut store = Store::default();
    plan.run(workers, &mut store, &feeds(values)).unwrap_or_else(|e| panic!("{e}"));
    (0..plan.graph().outputs.len()).map(|k| plan.output(k).to_vec()).collect()
}

#[test]
fn the_plan_agrees_with_the_interpreter_on_any_number_of_threads_and_instruction_set() {
    on_every_case(|case| {
        if !feedable(case) {
            return;
        }
        let graph = graph_of(case);
        let values = case.values::<f32>(11);
        let names: Vec<_> = (0..values.len()).map(|i| format!("x{i}")).collect();
        let inputs: Vec<_> = names.iter().map(String::as_str).zip(values.iter().cloned()).collect();
        let trace = interpret(&graph, &State::new(), &inputs).unwrap_or_else(|e| panic!("{e}"));
        for isa in Isa::all() {
            let mut plan = Plan::new(&graph, 1, &Options { isa: Some(isa) }).unwrap_or_else(|e| panic!("{e}"));
            let one = run(&mut plan, &Workers::new(1), &values);
            for (k, output) in one.iter().enumerate() {
                let expected = trace.value(graph.outputs[k]).real().data();
                let scale = expected.iter().fold(1.0f32, |m, x| m.max(x.abs()));
                for (i, (a, b)) in output.iter().zip(expected).enumerate() {
                    assert!((a - b).abs() <= 2e-5 * scale, "{isa:?}, output {k}, element {i}: {a} is not {b}\n{plan}");
                }
            }
            for threads in [2, 3, 4] {
                let many = run(&mut plan, &Workers::new(threads), &values);
                let bits = |o: &[Vec<f32>]| o.iter().flatten().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&many), bits(&one), "{isa:?}, {threads} threads");
            }
        }
    });
}

#[test]
fn a_run_after_the_first_allocates_nothing() {
    on_every_case(|case| {
        if !feedable(case) {
            return;
        }
        let graph = graph_of(case);
        let values = case.values::<f32>(11);
        let feeds = feeds(&values);
        for workers in [Workers::new(1), Workers::new(2)] {
            let mut store = Store::default();
            let mut plan = Plan::new(&graph, 1, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
            if plan.to_string().contains("(reference)") {
                return eprintln!("no fast kernel yet, allocations not counted: {}", case.text);
            }
            plan.run(&workers, &mut store, &feeds).unwrap_or_else(|e| panic!("{e}"));
            let before = ALLOCATIONS.get();
            plan.run(&workers, &mut store, &feeds).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(ALLOCATIONS.get() - before, 0, "{plan}");
        }
    });
}
