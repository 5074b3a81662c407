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

/// How a layer's weights start, before the sizes are known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Uniform in ±1/√fan_in, weights and biases alike: what PyTorch does.
    #[default]
    Fan,
    /// Normal with variance 2/fan_in, for ReLU (He et al. 2015); biases 0.
    He,
    /// Uniform in ±√(6/(fan_in + fan_out)), for tanh (Glorot and Bengio 2010); biases 0.
    Glorot,
    /// Uniform in ±2.4/fan_in, weights and biases alike (LeCun et al. 1998).
    Lecun,
    /// Uniform in ±bound, weights and biases alike.
    Uniform(f32),
    /// Normal with this standard deviation; biases 0.
    Normal(f32),
    /// One number everywhere, weights and biases alike.
    Fill(f32),
}

impl Scheme {
    /// How a weight of so many incoming and outgoing connections a unit starts.
    pub fn weight(&self, fan_in: usize, fan_out: usize) -> Init {
        let (fan_in, fan_out) = (fan_in.max(1) as f32, fan_out as f32);
        match *self {
            Scheme::Fan => Init::Uniform(1.0 / fan_in.sqrt()),
            Scheme::He => Init::Normal((2.0 / fan_in).sqrt()),
            Scheme::Glorot => Init::Uniform((6.0 / (fan_in + fan_out)).sqrt()),
            Scheme::Lecun => Init::Uniform(2.4 / fan_in),
            Scheme::Uniform(bound) => Init::Uniform(bound),
            Scheme::Normal(deviation) => Init::Normal(deviation),
            Scheme::Fill(value) => Init::Fill(value),
        }
    }

    /// How the bias beside it starts.
    pub fn bias(&self, fan_in: usize, fan_out: usize) -> Init {
        match self {
            Scheme::He | Scheme::Glorot | Scheme::Normal(_) => Init::Fill(0.0),
            _ => self.weight(fan_in, fan_out),
        }
    }
}
