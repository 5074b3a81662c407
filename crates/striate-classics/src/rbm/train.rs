//! Contrastive divergence, one batch at a time.
//!
//! ```text
//! h⁺ = p(h | v⁺), v⁺ the rows           h⁻, v⁻ after k steps of Gibbs sampling
//! G_W = ⟨h⁺v⁺ᵀ⟩ − ⟨h⁻v⁻ᵀ⟩ − λ·W          G_b = ⟨v⁺⟩ − ⟨v⁻⟩          G_c = ⟨h⁺⟩ − ⟨h⁻⟩
//! Δ ← μ·Δ + ε·G                         W, b, c ← W, b, c + Δ
//! ```
//!
//! ⟨·⟩ the mean over the batch, ε the rate, μ the momentum, λ the weight decay. The chain starts at the rows (CD-k:
//! Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation 14, 2002) or goes on
//! where the last batch left it (persistent CD: Tieleman, "Training restricted Boltzmann machines using approximations
//! to the likelihood gradient", ICML 2008).
//!
//! Sparsity (Hinton, "A practical guide to training restricted Boltzmann machines", 2010, section 11): with q_j a
//! running mean of h⁺_j and p its target, each hidden unit's input gets the extra gradient −κ·(q_j − p).

use super::units::{draw_bits, draw_normals, logistic};
use super::{Rbm, Visible};
use crate::product::{Lie, Product};
use striate_kernels::Workers;
use striate_tensor::{Error, Fault, Result, Rng};

/// How much of q is kept from batch to batch.
const KEPT: f32 = 0.9;

/// What a training needs, allocated once.
pub(super) struct Scratch {
    rows: Vec<f32>,
    visible: Vec<f32>,
    positive: Vec<f32>,
    negative: Vec<f32>,
    bits: Vec<f32>,
    gradient: Vec<f32>,
    visible_gradient: Vec<f32>,
    hidden_gradient: Vec<f32>,
    mean_row: Vec<f32>,
}

impl Scratch {
    fn new(rbm: &Rbm, most: usize) -> Self {
        let most = most.max(rbm.settings.batch);
        let (visible, hidden) = (rbm.visible, rbm.settings.hidden);
        Scratch {
            rows: vec![0.0; most * visible],
            visible: vec![0.0; most * visible],
            positive: vec![0.0; most * hidden],
            negative: vec![0.0; most * hidden],
            bits: vec![0.0; most * hidden],
            gradient: vec![0.0; hidden * visible],
            visible_gradient: vec![0.0; visible],
            hidden_gradient: vec![0.0; hidden],
            mean_row: vec![0.0; visible],
        }
    }
}

impl Rbm {
    /// Learns all rows `passes` times, in batches, each pass in an order of its own.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit; `Fault::Diverged` when a weight is no longer finite.
    pub fn train(&mut self, workers: &Workers, rows: &[f32], passes: usize) -> Result<()> {
        let n = self.check(rows)?;
        let (width, batch) = (self.visible, self.settings.batch);
        let mut product = Product::new(workers)?;
        let mut scratch = Scratch::new(self, batch.min(n));
        let rng = Rng::new(self.settings.seed).stream("rbm.order");
        let mut order: Vec<usize> = (0..n).collect();
        for _ in 0..passes {
            order.iter_mut().enumerate().for_each(|(i, place)| *place = i);
            rng.substream(self.batches).shuffle(&mut order);
            for some in order.chunks(batch) {
                for (to, &row) in scratch.rows.chunks_exact_mut(width).zip(some) {
                    to.copy_from_slice(&rows[row * width..][..width]);
                }
                self.learn(&mut product, &mut scratch, some.len());
            }
            self.still_finite()?;
        }
        Ok(())
    }

    /// Learns these rows as one batch: a step of a stream.
    ///
    /// # Errors
    /// As [`Rbm::train`].
    pub fn learn_batch(&mut self, workers: &Workers, rows: &[f32]) -> Result<()> {
        let n = self.check(rows)?;
        let mut scratch = Scratch::new(self, n);
        scratch.rows[..rows.len()].copy_from_slice(rows);
        self.learn(&mut Product::new(workers)?, &mut scratch, n);
        self.still_finite()
    }

    fn still_finite(&self) -> Result<()> {
        if self.weights.iter().chain(&self.visible_bias).chain(&self.hidden_bias).all(|w| w.is_finite()) {
            return Ok(());
        }
        Err(Error::new(Fault::Diverged, "the machine's weights are no longer finite")
            .found(format!("rate {}", self.settings.rate))
            .expected("weights that stay finite")
            .hint("lower the rate; Gaussian units want standardised rows and a rate near 0.001"))
    }

    /// One step on the first `n` rows of the scratch.
    fn learn(&mut self, product: &mut Product<'_>, scratch: &mut Scratch, n: usize) {
        let workers = product.workers();
        let settings = self.settings;
        let (width, hidden) = (self.visible, settings.hidden);
        let chains = if settings.persistent { settings.batch } else { n };
        let rng = Rng::new(settings.seed).stream("rbm.gibbs").substream(self.batches);
        self.batches += 1;

        let rows = &scratch.rows[..n * width];
        let positive = &mut scratch.positive[..n * hidden];
        self.hidden_means(product, rows, positive);

        let negative = &mut scratch.negative[..chains * hidden];
        let bits = &mut scratch.bits[..chains * hidden];
        let visible = &mut scratch.visible[..chains * width];
        if settings.persistent {
            bits.copy_from_slice(&self.chain);
        } else {
            bits.copy_from_slice(positive);
            draw_bits(workers, rng.substream(0), bits);
        }
        for step in 0..settings.steps as u64 {
            self.draw_visible(product, rng.substream(2 * step + 1), bits, visible);
            self.hidden_means(product, visible, negative);
            bits.copy_from_slice(negative);
            draw_bits(workers, rng.substream(2 * step + 2), bits);
        }
        if settings.persistent {
            self.chain.copy_from_slice(bits);
        }

        // the means over rows and chains: scaled once, then summed
        positive.iter_mut().for_each(|h| *h /= n as f32);
        negative.iter_mut().for_each(|h| *h /= -(chains as f32));
        let gradient = &mut scratch.gradient[..];
        product.run(Lie::ATransposed, (hidden, width, n), positive, rows, None, false, gradient);
        product.run(Lie::ATransposed, (hidden, width, chains), negative, visible, None, true, gradient);
        let mean_row = &mut scratch.mean_row[..];
        mean_row.fill(0.0);
        add_rows(rows, 1.0 / n as f32, mean_row);
        scratch.visible_gradient.copy_from_slice(mean_row);
        add_rows(visible, -1.0 / chains as f32, &mut scratch.visible_gradient);
        let hidden_gradient = &mut scratch.hidden_gradient[..];
        hidden_gradient.fill(0.0);
        add_rows(positive, 1.0, hidden_gradient);
        let mut push = 0.0;
        if let Some(sparsity) = settings.sparsity {
            for (q, mean) in self.activity.iter_mut().zip(&*hidden_gradient) {
                *q = KEPT * *q + (1.0 - KEPT) * mean;
            }
            push = sparsity.cost as f32;
        }
        add_rows(negative, 1.0, hidden_gradient);

        let target = settings.sparsity.map_or(0.0, |s| s.target as f32);
        let (rate, momentum, decay) = (settings.rate as f32, settings.momentum as f32, settings.weight_decay as f32);
        let (weights, activity) = (&self.weights, &self.activity);
        workers.chunks(&mut self.weight_step, width, |unit, _, step| {
            let (w, g) = (&weights[unit * width..][..width], &gradient[unit * width..][..width]);
            let press = push * (activity[unit] - target);
            for i in 0..width {
                step[i] = momentum * step[i] + rate * (g[i] - decay * w[i] - press * mean_row[i]);
            }
        });
        let step = &self.weight_step;
        workers.chunks(&mut self.weights, width, |unit, _, w| {
            w.iter_mut().zip(&step[unit * width..]).for_each(|(w, step)| *w += step);
        });
        for (unit, g) in hidden_gradient.iter_mut().enumerate() {
            *g -= push * (self.activity[unit] - target);
        }
        move_by(&mut self.hidden_bias, &mut self.hidden_step, hidden_gradient, rate, momentum);
        move_by(&mut self.visible_bias, &mut self.visible_step, &scratch.visible_gradient, rate, momentum);
    }

    /// p(h | v) for each row.
    pub(super) fn hidden_means(&self, product: &mut Product<'_>, v: &[f32], h: &mut [f32]) {
        let sizes = (v.len() / self.visible, self.settings.hidden, self.visible);
        product.run(Lie::BTransposed, sizes, v, &self.weights, Some(&self.hidden_bias), false, h);
        logistic(product.workers(), h);
    }

    /// The means of v given h, for each row.
    pub(super) fn visible_means(&self, product: &mut Product<'_>, h: &[f32], v: &mut [f32]) {
        let sizes = (h.len() / self.settings.hidden, self.visible, self.settings.hidden);
        product.run(Lie::Plain, sizes, h, &self.weights, Some(&self.visible_bias), false, v);
        if self.settings.visible == Visible::Bernoulli {
            logistic(product.workers(), v);
        }
    }

    /// v drawn given h, for each row.
    pub(super) fn draw_visible(&self, product: &mut Product<'_>, rng: Rng, h: &[f32], v: &mut [f32]) {
        self.visible_means(product, h, v);
        match self.settings.visible {
            Visible::Bernoulli => draw_bits(product.workers(), rng, v),
            Visible::Gaussian => draw_normals(product.workers(), rng, v),
        }
    }
}

fn move_by(values: &mut [f32], steps: &mut [f32], gradient: &[f32], rate: f32, momentum: f32) {
    for ((value, step), g) in values.iter_mut().zip(steps).zip(gradient) {
        *step = momentum * *step + rate * g;
        *value += *step;
    }
}

/// Adds all rows, each times `scale`, in their order.
fn add_rows(rows: &[f32], scale: f32, sum: &mut [f32]) {
    for row in rows.chunks_exact(sum.len()) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += scale * x);
    }
}
