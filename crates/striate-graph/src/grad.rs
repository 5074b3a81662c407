use crate::ops::map::Map;
use crate::ops::reduce::Expand;
use crate::ops::shape::Reshape;
use crate::{Builder, Equation, Op, Outputs, ValueId, Var};
use std::collections::HashMap;
use striate_tensor::{Array, DType, Error, Program};

/// What the gradient rule of one equation has at hand.
#[derive(Debug)]
pub struct Adjoint<'g> {
    builder: &'g Builder,
    equation: Equation,
    upstream: Vec<Option<Var<'g>>>,
    wants: Vec<bool>,
}

/// Another gradient for some equations, see [`Builder::grad_by`]: that for each input, or `None` for the equation's own.
pub type GradientRule = for<'g> fn(&Adjoint<'g>) -> Option<Vec<Option<Var<'g>>>>;

impl<'g> Adjoint<'g> {
    /// The operation of the equation.
    pub fn op(&self) -> &Op {
        &self.equation.op
    }

    /// Input `index` of the equation.
    pub fn input(&self, index: usize) -> Var<'g> {
        self.builder.var(self.equation.inputs[index])
    }

    /// All inputs of the equation.
    pub fn inputs(&self) -> impl Iterator<Item = Var<'g>> {
        self.equation.inputs.iter().map(|&id| self.builder.var(id))
    }

    /// Output `index` of the equation.
    pub fn output(&self, index: usize) -> Var<'g> {
        self.builder.var(self.equation.outputs[index])
    }

    /// The gradient of the loss by output `index`; zeros where the loss does not depend on it.
    pub fn upstream(&self, index: usize) -> Var<'g> {
        self.upstream[index].unwrap_or_else(|| zeros_like(self.output(index)))
    }

    /// Whether the loss depends on output `index`.
    pub fn has_upstream(&self, index: usize) -> bool {
        self.upstream[index].is_some()
    }

    /// Whether the gradient by input `index` is needed at all; false for an input that is absent.
    pub fn wants(&self, index: usize) -> bool {
        self.wants.get(index).copied().unwrap_or(false)
    }

    /// Appends `op(inputs)`; the first output.
    pub fn apply(&self, op: impl Into<Op>, inputs: &[Var<'g>]) -> Var<'g> {
        self.builder.apply(op, inputs).get(0)
    }

    /// Notes a mistake and returns a poisoned value.
    pub fn poison(&self, error: Error) -> Var<'g> {
        self.builder.poison(error)
    }

    /// The gradient of an operation that other operations can say: `outputs` appends them, from the inputs to the outputs,
    /// and they are differentiated.
    pub fn composed(&self, outputs: impl FnOnce(&[Var<'g>]) -> Vec<Var<'g>>) -> Vec<Option<Var<'g>>> {
        // Values of their own: what an input was computed from must not be reached through another input.
        let own = |x: Var<'g>| match x.ty() {
            ty if ty.dtype == DType::F32 => x.apply(Reshape { dims: ty.dims }),
            _ => x,
        };
        let inputs: Vec<_> = self.inputs().map(own).collect();
        let outputs = outputs(&inputs);
        let weighed = outputs.iter().zip(&self.upstream).filter_map(|(&y, dy)| dy.map(|dy| (y * dy).sum_all()));
        let Some(loss) = weighed.reduce(|sum, part| sum + part) else { return vec![None; inputs.len()] };
        let wanted: Vec<_> = (0..inputs.len()).filter(|&i| self.wants(i)).collect();
        let slopes = self.builder.grad(loss, &wanted.iter().map(|&i| inputs[i]).collect::<Vec<_>>());
        let mut gradients = vec![None; inputs.len()];
        wanted.into_iter().zip(slopes).for_each(|(i, slope)| gradients[i] = Some(slope));
        gradients
    }

    /// Appends an elementwise program, giving it only the inputs that it reads. An output that is one of the inputs is that
    /// input; no other outputs, no equation.
    pub fn map(&self, program: Program, inputs: &[Var<'g>]) -> Vec<Var<'g>> {
        let same_type = |&r: &usize| inputs[r].ty() == self.output(0).ty();
        let handed_on = |r: usize| (r < program.inputs()).then_some(r).filter(same_type).map(|r| inputs[r]);
        let outputs = program.outputs();
        let computed: Vec<usize> = (0..outputs.len()).filter(|&k| handed_on(outputs[k]).is_none()).collect();
        let mut parts = Vec::new();
        if !computed.is_empty() {
            let (program, read) = program.with_outputs(&computed).without_unread_inputs();
            let inputs: Vec<_> = read.into_iter().map(|i| inputs[i]).collect();
            let appended: Outputs<'g> = self.builder.apply(Map { program }, &inputs);
            parts.extend((0..computed.len()).map(|k| appended.get(k)));
        }
        let mut parts = parts.into_iter();
        outputs.iter().filter_map(|&r| handed_on(r).or_else(|| parts.next())).collect()
    }
}

impl Builder {
    /// Appends the equations of ∂loss/∂x for each `x` of `wrt`; zeros where the loss does not depend on it.
    /// The results are values like any other: the gradient of a gradient is the second derivative.
    #[track_caller]
    pub fn grad<'g>(&'g self, loss: Var<'g>, wrt: &[Var<'g>]) -> Vec<Var<'g>> {
        self.grad_by(loss, wrt, |_| None)
    }

    /// As [`Builder::grad`], but an equation for which `rule` has an answer passes that on instead of its gradient.
    ///
    /// ```
    /// use striate_graph::{Builder, Op, f32};
    /// let g = Builder::new();
    /// let x = g.input("x", f32([3]));
    /// // Straight through: as if every elementwise function were the identity.
    /// let slope = g.grad_by(x.tanh().sum_all(), &[x], |at| match at.op() {
    ///     Op::Map(_) => Some(vec![Some(at.upstream(0))]),
    ///     _ => None,
    /// });
    /// assert_eq!(slope[0].ty(), x.ty());
    /// ```
    #[track_caller]
    pub fn grad_by<'g>(&'g self, loss: Var<'g>, wrt: &[Var<'g>], rule: GradientRule) -> Vec<Var<'g>> {
        let Some(loss_id) = loss.id() else { return wrt.iter().map(|_| loss).collect() };
        if loss.ty().rank() != 0 {
            let error = Error::model("only a scalar has a gradient").found(loss.ty()).expected("a scalar loss");
            let poison = self.poison(error.hint("reduce it with .mean_all() or .sum_all() first"));
            return wrt.iter().map(|_| poison).collect();
        }
        let equations = self.peek(|graph| graph.equations.clone());
        let mut needed: Vec<bool> = vec![false; self.peek(|graph| graph.values.len())];
        wrt.iter().filter_map(Var::id).for_each(|id| needed[id.0] = true);
        for equation in &equations {
            if equation.inputs.iter().any(|i| needed[i.0]) {
                equation.outputs.iter().for_each(|o| needed[o.0] = true);
            }
        }
        let one = self.constant(Array::scalar(1.0));
        let mut gradients: HashMap<ValueId, Var<'g>> = HashMap::from([(loss_id, one)]);
        for equation in equations.into_iter().rev() {
            let upstream: Vec<_> = equation.outputs.iter().map(|o| gradients.get(o).copied()).collect();
            if upstream.iter().all(Option::is_none) || !equation.outputs.iter().any(|o| needed[o.0]) {
                continue;
            }
            let wants: Vec<_> = equation.inputs.iter().map(|i| needed[i.0]).collect();
            let (layer, place) = (equation.layer.clone(), equation.place.clone());
            let at = Adjoint { builder: self, equation, upstream, wants };
            self.in_layer(&layer, place, || {
                let parts = rule(&at).unwrap_or_else(|| at.equation.op.gradient(&at));
                for (index, part) in parts.into_iter().enumerate() {
                    let (Some(part), true) = (part, at.wants(index)) else { continue };
                    let input = at.equation.inputs[index];
                    let sum = gradients.get(&input).map_or(part, |&sum| sum + part);
                    gradients.insert(input, sum);
                }
            });
        }
        wrt.iter()
            .map(|x| x.id().and_then(|id| gradients.get(&id).copied()).unwrap_or_else(|| zeros_like(*x)))
            .collect()
    }
}

fn zeros_like(x: Var<'_>) -> Var<'_> {
    let dims = x.ty().dims;
    let zero = x.builder().constant(Array::full(vec![1; dims.len()], 0.0));
    zero.apply(Expand { dims, shared: false })
}
