//! Dropout (Srivastava et al. 2014): while learning, each element is silenced with probability `rate`.
//!
//! ```text
//! y[i] = x[i]·mask[i]      mask[i] = 1/(1 − rate) where uniform(seed, stream, step, i) ≥ rate, else 0
//! ```
//!
//! The mask is a pure function of a counter, which is a value like any other: `counter = [seed, step]`, and `count` moves
//! it on. So nothing is hidden, a resumed run draws the masks that it would have drawn, and threads change nothing.

use crate::layer::{LayerForm, Mode, Scope};
use crate::operation::Operation;
use crate::types::match_types;
use crate::{Adjoint, Builder, Case, Dim, Init, Type, Value, Var, f32, i32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Error, Literal, Number, Result, Rng};

/// The state that all dropout layers of a graph share: i32 `[seed, step]`. Both start at 0; whoever trains puts the seed in.
pub const COUNTER: &str = "dropout.counter";

/// `dropout_mask(counter) → mask`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DropoutMask {
    /// The sizes of the mask.
    pub dims: Vec<Dim>,
    /// The probability that an element is silenced.
    pub rate: Literal,
    /// Tells apart the masks of one step.
    pub stream: u64,
}

/// `count(counter) → counter`: the same seed, the next step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Count;

impl Operation for DropoutMask {
    const NAME: &'static str = "dropout_mask";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        check_rate(self.rate.0)?;
        match_types(inputs, &[counter()], 1)?;
        Ok(vec![f32(self.dims.clone())])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let counter = inputs[0].index().data();
        let rng = self.rng(counter[0], counter[1]);
        let (rate, kept) = (self.rate.0, T::from_f64(1.0 / (1.0 - self.rate.0)));
        let mask = Array::from_fn(f32(self.dims.clone()).shape(), |i| {
            if f64::from(rng.uniform(i as u64)) >= rate { kept } else { T::zero() }
        });
        vec![mask.into()]
    }

    fn gradient<'g>(&self, _at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![None]
    }

    fn at_batch(&self, batch: usize) -> Self {
        DropoutMask { dims: self.dims.iter().map(|d| d.at(batch).into()).collect(), ..self.clone() }
    }

    fn cases() -> Vec<Case> {
        let case = |dims: &[usize], rate| {
            let dims = dims.iter().map(|&d| d.into()).collect();
            Case::new(DropoutMask { dims, rate: Literal(rate), stream: 5 }, "2<9").named(&format!("rate {rate}"))
        };
        vec![case(&[3, 4, 5], 0.5), case(&[37], 0.25), case(&[2, 2], 0.0), case(&[], 0.9)]
    }
}

impl Operation for Count {
    const NAME: &'static str = "count";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        match_types(inputs, &[counter()], 1)?;
        Ok(vec![counter()])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let counter = inputs[0].index().data();
        vec![Value::Index(Array::new([2], vec![counter[0], counter[1].wrapping_add(1)]))]
    }

    fn gradient<'g>(&self, _at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![None]
    }

    fn cases() -> Vec<Case> {
        vec![Case::new(Count, "2<9")]
    }
}

impl DropoutMask {
    /// Whose number `i` decides on element `i`.
    pub fn rng(&self, seed: i32, step: i32) -> Rng {
        Rng::new(seed as u64).stream("dropout").substream(self.stream).substream(step as u64)
    }
}

/// The type of a counter.
fn counter() -> Type {
    i32([2])
}

fn check_rate(rate: f64) -> Result<()> {
    match (0.0..1.0).contains(&rate) {
        true => Ok(()),
        false => Err(Error::model("the rate of dropout is a probability below 1")
            .found(format!("rate = {rate}"))
            .expected("0 ≤ rate < 1")),
    }
}

/// `dropout`: silences elements while learning, does nothing afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// The probability that an element is silenced, below 1.
    pub rate: f64,
}

impl Dropout {
    /// Silences each element with this probability.
    pub fn new(rate: f64) -> Self {
        Dropout { rate }
    }
}

impl LayerForm for Dropout {
    const KINDS: &'static [&'static str] = &["dropout"];

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        if let Err(error) = check_rate(self.rate) {
            return scope.poison(error);
        }
        if scope.mode == Mode::Infer || self.rate == 0.0 {
            return x;
        }
        let mask = DropoutMask { dims: x.ty().dims, rate: Literal(self.rate), stream: number_of(&scope.name) };
        x * shared_counter(scope.builder).apply(mask)
    }
}

/// The counter of the graph, which moves on once a run however many layers read it.
fn shared_counter(builder: &Builder) -> Var<'_> {
    builder.find(COUNTER).unwrap_or_else(|| {
        let now = builder.state(COUNTER, counter(), Init::Fill(0.0));
        builder.update(now, now.apply(Count));
        now
    })
}

/// A number that depends on a layer's name alone (FNV-1a).
fn number_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Layer, State, interpret};

    #[test]
    fn a_step_draws_its_own_mask_and_moves_the_counter_once() {
        let g = Builder::new();
        let x = g.input("x", f32([4, 250]));
        let scope = |name: &str| Scope { builder: &g, name: name.into(), mode: Mode::Train };
        let layer = Layer::from(Dropout::new(0.25));
        let (a, b) = (layer.apply(&[x], &scope("a")).named("y.a"), layer.apply(&[x], &scope("b")).named("y.b"));
        let graph = g.finish([a, b]).unwrap();
        let run = |state: &State<f64>| interpret(&graph, state, &[("x", Array::full([4, 250], 3.0).into())]).unwrap();
        let first = run(&graph.initial_state(1));
        let next = first.next_state();
        assert_eq!(next[COUNTER], Value::Index(Array::new([2], vec![0, 1])));
        let second = run(&next);
        let [a, b, later] = [first.output("y.a"), first.output("y.b"), second.output("y.a")];
        assert!(a != b && a != later);
        assert_eq!(*a, *run(&graph.initial_state(1)).output("y.a"));
        let silenced = a.real().data().iter().filter(|y| **y == 0.0).count();
        assert!((200..300).contains(&silenced), "{silenced} of 1000");
        assert!(a.real().data().iter().all(|y| *y == 0.0 || *y == 4.0));
    }
}
