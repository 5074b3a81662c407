use serde::{Deserialize, Serialize};
use striate_graph::{Builder, Init, Var, f32};
use striate_tensor::{Error, Result};

/// Placeholder until the optimisers as equations arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Optimizer { Sgd { momentum: f64 } }
impl Optimizer {
    pub fn check(&self) -> Result<()> { Ok(()) }
    pub fn append<'g>(&self, g: &'g Builder, loss: Var<'g>) {
        let params: Vec<_> = g.peek(|graph| graph.parameters().map(|id| (id, graph.value(id).name.clone())).collect());
        let vars: Vec<_> = params.iter().map(|(id, _)| g.var(*id)).collect();
        let grads = g.grad(loss, &vars);
        let rate = g.input("learning_rate", f32(Vec::<usize>::new()));
        let Optimizer::Sgd { momentum } = self;
        for ((w, d), (_, name)) in vars.iter().zip(grads).zip(&params) {
            let v = g.state(&format!("{name}.velocity"), w.ty(), Init::Fill(0.0));
            let next = v * *momentum + d;
            g.update(v, next);
            g.update(*w, *w - next * rate);
        }
    }
}
