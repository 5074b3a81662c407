//! What the graph promises of every operation, held on every case: nobody writes these tests again for a new operation.

use std::collections::BTreeSet;
use striate_graph::{Builder, Case, Dim, Field, Op, State, Value, Var, interpret};
use striate_tensor::{Array, Counted, Rng, Taps, Window};

/// Runs `check` on every case and names the case that fails.
fn on_every_case(check: impl Fn(&Case)) {
    for case in Op::cases() {
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&case))) {
            eprintln!("case: {}", case.text);
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn types_agree_with_the_reference() {
    on_every_case(|case| {
        let types = case.op.types(&case.types()).expect("cases are well typed");
        let values = case.values::<f64>(1);
        let outputs = case.op.reference(&values.iter().collect::<Vec<_>>());
        let shapes: Vec<_> = outputs.iter().map(|o| o.shape().clone()).collect();
        assert_eq!(shapes, types.iter().map(|t| t.shape()).collect::<Vec<_>>());
    });
}

/// The sum of real values times fixed random numbers: a scalar that depends on every element.
fn weighed<'g>(vars: impl Iterator<Item = Var<'g>>, seed: u64) -> Option<Var<'g>> {
    let real = vars.enumerate().filter(|(_, v)| v.ty().dtype == striate_tensor::DType::F32);
    let parts = real.map(|(k, v)| {
        let rng = Rng::new(seed).substream(k as u64);
        let weights = Array::from_fn(v.ty().shape(), |i| rng.normal(i as u64));
        (v * v.builder().constant(weights)).sum_all()
    });
    parts.reduce(|sum, part| sum + part)
}

/// A scalar that depends on every real output: the sum of each output times fixed random numbers; and its gradients of
/// first and second order by every real input.
struct Differentiated {
    graph: striate_graph::Graph,
    inputs: Vec<String>,
    orders: usize,
}

impl Differentiated {
    fn new(case: &Case, orders: usize) -> Option<Self> {
        let g = Builder::new();
        let inputs: Vec<_> =
            case.inputs.iter().enumerate().map(|(i, input)| g.input(&format!("x{i}"), input.ty.clone())).collect();
        let mut loss = weighed(g.apply(case.op.clone(), &inputs).iter(), 7)?;
        let real: Vec<_> =
            inputs.iter().copied().zip(&case.inputs).filter(|(_, i)| i.is_real()).map(|(v, _)| v).collect();
        let mut outputs = Vec::new();
        for order in 0..orders {
            outputs.push(loss.named(&format!("loss{order}")));
            let slopes = g.grad(loss, &real);
            outputs.extend(slopes.iter().enumerate().map(|(i, s)| s.named(&format!("slope{order}.{i}"))));
            loss = weighed(slopes.into_iter(), 70 + order as u64)?;
        }
        let graph = g.finish(outputs).unwrap_or_else(|e| panic!("{e}"));
        let inputs = case.inputs.iter().enumerate().map(|(i, _)| format!("x{i}")).collect();
        Some(Differentiated { graph, inputs, orders })
    }

    fn run(&self, values: &[Value<f64>]) -> striate_graph::Trace<f64> {
        let inputs: Vec<_> = self.inputs.iter().map(String::as_str).zip(values.iter().cloned()).collect();
        interpret(&self.graph, &State::new(), &inputs).unwrap_or_else(|e| panic!("{e}"))
    }

    fn scalar(&self, values: &[Value<f64>], order: usize) -> f64 {
        self.run(values).output(&format!("loss{order}")).real().data()[0]
    }
}

#[test]
fn gradients_of_first_and_second_order_agree_with_central_differences() {
    on_every_case(|case| {
        let Some(d) = Differentiated::new(case, 2) else { return };
        let mut values = case.values::<f64>(3);
        let trace = d.run(&values);
        let real: Vec<_> = (0..values.len()).filter(|&i| case.inputs[i].is_real()).collect();
        for order in 0..d.orders {
            for (k, &input) in real.iter().enumerate() {
                let slope = trace.output(&format!("slope{order}.{k}")).real().clone();
                let scale = slope.data().iter().fold(1.0f64, |m, s| m.max(s.abs()));
                let elements = slope.data().len();
                for element in (0..elements).step_by(elements.div_ceil(12)) {
                    let step = 1e-5;
                    let mut at = |offset: f64| {
                        let Value::Real(array) = &mut values[input] else { unreachable!() };
                        let before = array.data()[element];
                        array.data_mut()[element] = before + offset;
                        let loss = d.scalar(&values, order);
                        let Value::Real(array) = &mut values[input] else { unreachable!() };
                        array.data_mut()[element] = before;
                        loss
                    };
                    // The five-point rule: its error is of the fourth order in the step.
                    let h = step * 20.0;
                    let slope_by_differences = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
                    let error = (slope.data()[element] - slope_by_differences).abs() / scale;
                    assert!(
                        error < 1e-6,
                        "order {}, input {input}, element {element}: {} by equations, {slope_by_differences} by differences",
                        order + 1,
                        slope.data()[element],
                    );
                }
            }
        }
    });
}

#[test]
fn counted_products_agree_with_the_cost() {
    on_every_case(|case| {
        let cost = case.op.cost(&case.types());
        if cost.multiply_adds > 0 {
            let values = case.values::<Counted>(5);
            let ((), products) = Counted::count(|| _ = case.op.reference(&values.iter().collect::<Vec<_>>()));
            assert_eq!(products, cost.multiply_adds - cost.in_padding);
        }
    });
}

/// The pixels of the first input on which one output position depends, by the gradient, against the rule.
#[test]
fn the_receptive_field_agrees_with_the_support_of_the_gradient() {
    on_every_case(|case| {
        let windows = match case.op.field() {
            Field::Whole => return,
            Field::Point => None,
            Field::Sliding(windows) => Some(windows),
        };
        let types = case.types();
        let output = case.op.types(&types).expect("cases are well typed")[0].shape();
        if windows.is_none() && types[0].shape() != output {
            return;
        }
        let axes = windows.as_ref().map_or(output.rank(), Vec::len);
        let outer = output.rank() - axes;
        let positions: usize = output[outer..].iter().product();
        for p in 0..positions {
            let g = Builder::new();
            let inputs: Vec<_> =
                case.inputs.iter().enumerate().map(|(i, input)| g.input(&format!("x{i}"), input.ty.clone())).collect();
            let y = g.apply(case.op.clone(), &inputs).get(0);
            let pick = Array::from_fn(output.clone(), |i| if i % positions == p { 1.0 } else { 0.0 });
            let slope = g.grad((y * g.constant(pick)).sum_all(), &[inputs[0]])[0].named("slope");
            let graph = g.finish([slope]).unwrap_or_else(|e| panic!("{e}"));
            let pixels: usize = types[0].shape()[outer..].iter().product();
            // Several inputs: a max-pool shows one tap of each window at a time.
            let mut seen = BTreeSet::new();
            for seed in 0..400 {
                let names: Vec<_> = (0..inputs.len()).map(|i| format!("x{i}")).collect();
                let feed: Vec<_> = names.iter().map(String::as_str).zip(case.values::<f64>(seed)).collect();
                let trace = interpret(&graph, &State::new(), &feed).unwrap_or_else(|e| panic!("{e}"));
                let slope = trace.output("slope").real().data();
                seen.extend(slope.iter().enumerate().filter(|(_, s)| **s != 0.0).map(|(i, _)| i % pixels));
                if !matches!(case.op, Op::MaxPool(_)) && seed >= 1 {
                    break;
                }
            }
            let expected: BTreeSet<_> = match &windows {
                None if matches!(case.op, Op::Map(_)) && seen.is_empty() => BTreeSet::new(),
                None => BTreeSet::from([p]),
                Some(windows) => field(windows, p),
            };
            // Where more taps than tries can win, the support must at least lie within the rule.
            let many = matches!(case.op, Op::MaxPool(_)) && expected.len() > 20;
            assert!(
                seen == expected || many && seen.is_subset(&expected),
                "position {p}: {seen:?} is not {expected:?}"
            );
        }
    });
}

fn field(windows: &[Window], position: usize) -> BTreeSet<usize> {
    Taps::sliding(windows).at(position).into_iter().map(|(_, q)| q).collect()
}

#[test]
fn attributes_round_trip() {
    on_every_case(|case| {
        let text = serde_json::to_string(&case.op).expect("attributes are plain data");
        let back: Op = serde_json::from_str(&text).expect("what was written can be read");
        assert_eq!(back, case.op);
    });
}

#[test]
fn wrong_inputs_get_an_error_and_no_panic() {
    on_every_case(|case| {
        assert!(case.op.types(&[]).is_err(), "no input at all");
        let mut types = case.types();
        types[0].dims.extend([Dim::from(7); 3]);
        if let Ok(outputs) = case.op.types(&types) {
            // An operation that takes any rank must mean it.
            let values = types.iter().map(|ty| match ty.dtype {
                striate_tensor::DType::F32 => Value::Real(Array::full(ty.shape(), 0.5)),
                _ => Value::Index(Array::full(ty.shape(), 0)),
            });
            let values: Vec<Value<f64>> = values.collect();
            let computed = case.op.reference(&values.iter().collect::<Vec<_>>());
            let shapes: Vec<_> = computed.iter().map(|v| v.shape().clone()).collect();
            assert_eq!(shapes, outputs.iter().map(|t| t.shape()).collect::<Vec<_>>(), "three axes more");
        }
        types[0].dtype = match types[0].dtype {
            striate_tensor::DType::F32 => striate_tensor::DType::I32,
            _ => striate_tensor::DType::F32,
        };
        assert!(case.op.types(&types).is_err(), "another element type");
    });
}

#[test]
fn types_of_every_kind_get_an_answer_and_no_panic() {
    use striate_graph::{N, Type};
    use striate_tensor::DType;
    let sizes: [&[Dim]; 9] = [
        &[],
        &[N],
        &[3.into()],
        &[N, N],
        &[N, 5.into()],
        &[0.into(), 2.into()],
        &[2.into(), N, 3.into()],
        &[N, 2.into(), 0.into(), 4.into()],
        &[Dim::from(2).times(N).unwrap(), 3.into(), 5.into(), 5.into()],
    ];
    let all: Vec<_> = sizes
        .iter()
        .flat_map(|dims| [DType::F32, DType::I32].map(|dtype| Type::new(dtype, dims.iter().copied())))
        .collect();
    on_every_case(|case| {
        let types = case.types();
        for odd in &all {
            for index in 0..types.len() {
                let mut types = types.clone();
                types[index] = odd.clone();
                _ = case.op.types(&types);
            }
            for count in 0..5 {
                _ = case.op.types(&vec![odd.clone(); count]);
            }
        }
    });
}
