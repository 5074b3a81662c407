use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::{Op, Value};
use striate_kernels::Workers;
use striate_tensor::{Array, DType, Shape};

/// The operation's own plain reference: for operations that have no fast kernel. It allocates.
struct Reference {
    op: Op,
    shapes: Vec<Shape>,
    in_place: Vec<(usize, usize)>,
}

pub(super) fn kernel(problem: &Problem<'_>) -> Box<dyn Kernel> {
    let inputs = problem.graph.equations[problem.equation].inputs.len();
    let shapes = (0..inputs).map(|i| problem.shape(i)).collect();
    Box::new(Reference { op: problem.op().clone(), shapes, in_place: problem.in_place.to_vec() })
}

impl Kernel for Reference {
    fn name(&self) -> String {
        format!("{} (reference)", self.op.name())
    }

    fn run(&self, _workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let mut outputs: Vec<Option<&mut [f32]>> = (0..self.in_place.iter().map(|p| p.1 + 1).max().unwrap_or(0))
            .map(|k| self.in_place.iter().any(|p| p.1 == k).then(|| io.out_f32(k)))
            .collect();
        let inputs: Vec<Value<f32>> = (0..io.inputs())
            .map(|i| {
                let shape = self.shapes[i].clone();
                let under = self.in_place.iter().find(|p| p.0 == i).and_then(|p| outputs[p.1].as_deref());
                match io.dtype(i) {
                    DType::F32 => Value::Real(Array::new(
                        shape,
                        match under {
                            Some(data) => data.to_vec(),
                            None => io.f32(i).to_vec(),
                        },
                    )),
                    DType::I32 => Value::Index(Array::new(shape, io.i32(i).to_vec())),
                    DType::U8 => Value::Index(Array::new(shape, io.u8(i).iter().map(|&x| x.into()).collect())),
                }
            })
            .collect();
        let results = self.op.reference(&inputs.iter().collect::<Vec<_>>());
        for (k, result) in results.iter().enumerate() {
            match (result, outputs.get_mut(k).and_then(Option::take)) {
                (Value::Real(a), Some(out)) => out.copy_from_slice(a.data()),
                (Value::Real(a), None) => io.out_f32(k).copy_from_slice(a.data()),
                (Value::Index(a), _) if io.out_dtype(k) == DType::U8 => {
                    io.out_u8(k).iter_mut().zip(a.data()).for_each(|(o, &i)| *o = i as u8);
                }
                (Value::Index(a), _) => io.out_i32(k).copy_from_slice(a.data()),
            }
        }
    }
}
