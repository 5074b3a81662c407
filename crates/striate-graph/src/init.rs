use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Rng, Shape};

/// How a parameter or state starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// The same number everywhere.
    Fill(f32),
    /// Uniform in ±bound: the "small random numbers" of the textbooks with 1 or 0.5.
    Uniform(f32),
    /// Normal with mean 0 and this standard deviation.
    Normal(f32),
    /// These numbers, row-major.
    Values(Vec<f32>),
}

impl Init {
    /// The starting values. Number `i` depends on the seed, the name of the tensor and `i` alone.
    pub fn sample(&self, name: &str, shape: &Shape, seed: u64) -> Array<f32> {
        let rng = Rng::new(seed).stream("init").stream(name);
        Array::from_fn(shape.clone(), |i| match self {
            Init::Fill(value) => *value,
            Init::Uniform(bound) => (2.0 * rng.uniform(i as u64) - 1.0) * bound,
            Init::Normal(deviation) => rng.normal(i as u64) * deviation,
            Init::Values(values) => values[i],
        })
    }
}
