//! Calls of single convolutions, to be timed.

use striate_kernels::{ConvOptions, Epilogue, Forward, GradInput, GradWeight, Isa, Weights, Workers};
use striate_plan::ConvPass;
use striate_tensor::{ConvGeometry, Result, Rng};

/// One run of a prepared kernel.
pub(crate) type Call<'a> = Box<dyn FnMut() + 'a>;

/// Normal numbers for x, w and ∂y.
pub(crate) struct Numbers {
    x: Vec<f32>,
    w: Vec<f32>,
    dy: Vec<f32>,
}

impl Numbers {
    pub(crate) fn of(g: &ConvGeometry) -> Self {
        Numbers {
            x: normals("x", g.batch * g.in_channels * g.pixels()),
            w: normals("w", g.rows() * g.taps()),
            dy: normals("dy", g.batch * g.out_channels * g.positions()),
        }
    }

    /// A call of the variant of that name; an error where it does not take the problem.
    pub(crate) fn call<'a>(
        &'a self,
        g: &ConvGeometry,
        pass: ConvPass,
        name: &str,
        isa: Isa,
        workers: &'a Workers,
    ) -> Result<Call<'a>> {
        #[allow(clippy::needless_update, reason = "whatever other options there are stay as a plan has them")]
        let options = ConvOptions { variant: Some(name.to_string()), ..ConvOptions::default() };
        let (x, w, dy, threads) = (&self.x, &self.w, &self.dy, workers.threads());
        Ok(match pass {
            ConvPass::Forward | ConvPass::ForwardPacked => {
                let conv = Forward::prepare(g, isa, &options)?;
                let (mut y, mut room) = (vec![0.0; dy.len()], vec![0.0; conv.scratch_len(threads)]);
                let mut packed = vec![0.0; if pass == ConvPass::Forward { 0 } else { conv.packed_len() }];
                if pass == ConvPass::ForwardPacked {
                    conv.pack(workers, w, &mut packed);
                }
                Box::new(move || {
                    let weights = match pass {
                        ConvPass::ForwardPacked => Weights::Packed(&packed),
                        _ => Weights::Plain(w),
                    };
                    conv.run(workers, x, weights, None, Epilogue::NONE, &mut y, &mut room);
                })
            }
            ConvPass::GradInput => {
                let conv = GradInput::prepare(g, isa, &options)?;
                let (mut dx, mut room) = (vec![0.0; x.len()], vec![0.0; conv.scratch_len(threads)]);
                Box::new(move || {
                    conv.run(workers, dy, Weights::Plain(w), None, Epilogue::NONE, &mut dx, &mut room);
                })
            }
            ConvPass::GradWeight => {
                let conv = GradWeight::prepare(g, isa, &options)?;
                let (mut dw, mut room) = (vec![0.0; w.len()], vec![0.0; conv.scratch_len(threads)]);
                Box::new(move || conv.run(workers, x, dy, &mut dw, &mut room))
            }
        })
    }
}

/// Normal numbers, the same for the same name.
pub(super) fn normals(name: &str, len: usize) -> Vec<f32> {
    let rng = Rng::new(8).stream(name);
    (0..len).map(|i| rng.normal(i as u64)).collect()
}
