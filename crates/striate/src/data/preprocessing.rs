use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Error, Result, Shape};

/// From the bytes of a picture to the numbers that a model sees; a part of the model and of its file.
///
/// In this order: `pad` pixels of value 0 on each side; byte 0 becomes `range[0]` and byte 255 `range[1]`, linearly;
/// then `(x − mean) / std`, channel by channel. The default scales to [0, 1] and does nothing else.
///
/// ```
/// use striate::data::Preprocessing;
/// // LeNet-5 of 1998: background −0.1, ink 1.175, 28×28 pixels in a field of 32×32.
/// let lenet = Preprocessing { range: [-0.1, 1.175], pad: 2, ..Preprocessing::default() };
/// lenet.check(1)?;
/// assert_eq!(lenet.output_shape(&[1, 28, 28].into()).to_string(), "1×32×32");
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocessing {
    /// What byte 0 and byte 255 become. Data that are real numbers already are not scaled.
    pub range: [f32; 2],
    /// Subtracted after scaling: one number for each channel, or one for all, or none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<f32>,
    /// Divided by after the mean: one number for each channel, or one for all, or none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub std: Vec<f32>,
    /// Pixels of value 0 (before scaling) added on each of the four sides.
    #[serde(skip_serializing_if = "is_zero")]
    pub pad: usize,
    /// How the training pictures are drawn, so that a picture drawn the other way can be inverted;
    /// see [`Invert`](super::Invert).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polarity: Option<Polarity>,
}

fn is_zero(pad: &usize) -> bool {
    *pad == 0
}

/// Whether the strokes are brighter than the ground or darker.
///
/// ```
/// use striate::data::Polarity;
/// assert_eq!(Polarity::LightOnDark.to_string(), "light-on-dark");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Polarity {
    /// Light strokes on a dark ground, as in MNIST.
    LightOnDark,
    /// Dark strokes on a light ground, as on paper.
    DarkOnLight,
}

impl std::fmt::Display for Polarity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Polarity::LightOnDark => "light-on-dark",
            Polarity::DarkOnLight => "dark-on-light",
        })
    }
}

impl Default for Preprocessing {
    fn default() -> Self {
        Preprocessing { range: [0.0, 1.0], mean: vec![], std: vec![], pad: 0, polarity: None }
    }
}

/// Far more than any picture needs; keeps sizes from overflowing.
const MOST_PAD: usize = 1 << 12;

impl Preprocessing {
    /// Whether it makes sense for samples of so many channels (the first axis of a sample).
    ///
    /// # Errors
    /// `Fault::Model`, all mistakes at once: a number is not finite, the range is empty, a std is not positive,
    /// `mean` or `std` has neither none, one nor `channels` numbers, `pad` is too large.
    ///
    /// ```
    /// use striate::data::Preprocessing;
    /// let wrong = Preprocessing { std: vec![0.25, 0.0], ..Preprocessing::default() };
    /// assert!(wrong.check(3).is_err());
    /// ```
    pub fn check(&self, channels: usize) -> Result<()> {
        let mut mistakes = vec![];
        let [low, high] = self.range;
        if !(low.is_finite() && high.is_finite() && low != high) {
            mistakes.push(
                Error::model("preprocessing: the range is not a range")
                    .found(format!("range = [{low}, {high}]"))
                    .expected("two different, finite numbers: what byte 0 and byte 255 become"),
            );
        }
        for (name, values) in [("mean", &self.mean), ("std", &self.std)] {
            if ![0, 1, channels].contains(&values.len()) {
                mistakes.push(
                    Error::model(format!("preprocessing: {name} does not fit the channels"))
                        .found(format!("{} numbers for {channels} channel(s)", values.len()))
                        .expected("one number for each channel, or one for all, or none"),
                );
            }
            let fits = |x: f32| x.is_finite() && (name == "mean" || x > 0.0);
            if let Some(value) = values.iter().find(|&&x| !fits(x)) {
                let expected = if name == "std" { "finite numbers above 0" } else { "finite numbers" };
                mistakes.push(
                    Error::model(format!("preprocessing: a number of {name} is not usable"))
                        .found(value)
                        .expected(expected),
                );
            }
        }
        if self.pad > MOST_PAD {
            mistakes.push(
                Error::model("preprocessing: pad is too large")
                    .found(self.pad)
                    .expected(format!("at most {MOST_PAD} pixels on each side")),
            );
        }
        Error::all(mistakes).map_or(Ok(()), Err)
    }

    /// The shape of a sample after it, for a sample of this shape before it: `pad` widens the last two of three axes.
    pub fn output_shape(&self, sample: &Shape) -> Shape {
        match sample[..] {
            [channels, height, width] => [channels, height + 2 * self.pad, width + 2 * self.pad].into(),
            _ => sample.clone(),
        }
    }

    /// What byte 0 and byte 255 become in a channel.
    ///
    /// ```
    /// use striate::data::Preprocessing;
    /// let sharp = Preprocessing { mean: vec![0.5], std: vec![0.25], ..Preprocessing::default() };
    /// assert_eq!(sharp.ends(0), [-2.0, 2.0]);
    /// ```
    pub fn ends(&self, channel: usize) -> [f32; 2] {
        let (mean, std) = self.moments(channel);
        self.range.map(|end| (end - mean) / std)
    }

    /// The way back, to look at: how bright each element of a preprocessed sample is, 0 where it is black, 1 where it is white.
    /// The first axis is that of the channels; padding stays.
    pub fn brightness(&self, sample: &Array<f32>) -> Array<f32> {
        let places = sample.shape().iter().skip(1).product::<usize>().max(1);
        Array::from_fn(sample.shape().clone(), |i| {
            let [black, white] = self.ends(i / places);
            (sample.data()[i] - black) / (white - black)
        })
    }

    /// What to subtract and to divide by in a channel.
    pub(super) fn moments(&self, channel: usize) -> (f32, f32) {
        let of = |values: &[f32], default| values.get(channel).or(values.first()).copied().unwrap_or(default);
        (of(&self.mean, 0.0), of(&self.std, 1.0))
    }
}
