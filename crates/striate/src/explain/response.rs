//! What frequencies a kernel lets through.
//!
//! ```text
//! |H(u, v)| = √( Σ_i |DFT of the kernel's plane i, padded to 32×32|² )       u, v in cycles per pixel, −½ ≤ u, v < ½
//! g(f)     = mean of |H| over the ring of frequencies whose √(u² + v²) is nearest to f
//! ```

use super::transform::{Plane, frequency};
use serde::Serialize;
use std::f64::consts::PI;

/// Frequencies of an axis.
const SIDE: usize = 32;
/// Rings from frequency 0 to ½.
const RINGS: usize = SIDE / 2 + 1;
/// Directions of a half turn.
const DIRECTIONS: usize = 12;

/// What a kernel does to frequencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Character {
    /// It blurs.
    LowPass,
    /// It keeps edges and noise.
    HighPass,
    /// It keeps what is neither slow nor fast.
    BandPass,
    /// It prefers no size.
    AllPass,
}

impl std::fmt::Display for Character {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Character::LowPass => "low-pass",
            Character::HighPass => "high-pass",
            Character::BandPass => "band-pass",
            Character::AllPass => "all-pass",
        })
    }
}

/// The frequency response of a kernel: |H| over the plane of frequencies, and what kind of filter that is.
///
/// Its character, from the profile g over f = 0 … ½ divided by its maximum:
///
/// | character | g(0) | mean of g over ⅜ … ½ |
/// |---|---|---|
/// | low-pass | ≥ 0.7 | ≤ 0.5 |
/// | high-pass | ≤ 0.5 | ≥ 0.7 |
/// | band-pass | ≤ 0.5 | < 0.7 |
/// | all-pass | any other | |
///
/// It is oriented, too, where its power prefers a direction: with θ the angle of (u, v) and the sum over all frequencies but 0,
/// R = |Σ |H|² e^(2iθ)| / Σ |H|² ≥ 0.3. Its angle is that along which it changes: 0° for a kernel that finds upright edges,
/// 90° for lying ones. The bandwidth is the part of 0 … ½ in which g is at least its maximum over √2.
#[derive(Clone, Debug, Serialize)]
pub struct Response {
    /// |H|, row by row, frequency 0 first.
    #[serde(skip)]
    pub magnitude: Vec<f64>,
    /// Rows and columns of it: 32×32, more for kernels that are larger.
    #[serde(skip)]
    pub size: (usize, usize),
    /// g at 17 frequencies from 0 to ½ cycles per pixel.
    pub radial: Vec<f64>,
    /// The root mean square of |H| over the frequencies within 7½° of 0°, 15°, …, 165°; 0 < f ≤ ½.
    pub directions: Vec<f64>,
    /// By the rule.
    pub character: Character,
    /// R, from 0 (no direction) to 1 (a single one).
    pub directedness: f64,
    /// In degrees, 0 ≤ angle < 180, counter-clockwise from the right; where the kernel is oriented.
    pub angle: Option<f64>,
    /// Where g is greatest, in cycles per pixel.
    pub peak: f64,
    /// In cycles per pixel.
    pub bandwidth: f64,
    /// Σ f·|H|² / Σ |H|²: the mean frequency, by which kernels are sorted.
    pub centroid: f64,
}

impl Response {
    /// Of the planes of one kernel, each row-major with so many columns. Kernels of more than 32 rows or columns have as many
    /// frequencies as the next power of two.
    pub fn of<'a>(planes: impl IntoIterator<Item = &'a [f32]>, columns: usize) -> Self {
        let mut power: Vec<f64> = vec![];
        let mut size = (SIDE, SIDE);
        for plane in planes {
            let spectrum = Plane::padded(plane, columns, (SIDE, SIDE)).spectrum();
            size = spectrum.size;
            power.resize(spectrum.re.len(), 0.0);
            power.iter_mut().zip(spectrum.magnitudes()).for_each(|(sum, m)| *sum += m * m);
        }
        power.resize(size.0 * size.1, 0.0);
        Self::of_power(&power, size)
    }

    fn of_power(power: &[f64], (rows, columns): (usize, usize)) -> Self {
        let magnitude: Vec<f64> = power.iter().map(|p| p.sqrt()).collect();
        let (mut sums, mut counts) = ([0.0; RINGS], [0.0f64; RINGS]);
        let mut sectors = [(0.0f64, 0.0f64); DIRECTIONS];
        let (mut total, mut moment, mut along, mut across) = (0.0, 0.0, 0.0, 0.0);
        for (i, (&power, &magnitude)) in power.iter().zip(&magnitude).enumerate() {
            // Upwards is positive: rows run downwards.
            let (v, u) = (-frequency(i / columns, rows), frequency(i % columns, columns));
            let f = u.hypot(v);
            let ring = (f * 2.0 * (RINGS - 1) as f64).round() as usize;
            if ring < RINGS {
                sums[ring] += magnitude;
                counts[ring] += 1.0;
            }
            moment += f * power;
            total += power;
            if f > 0.0 && f <= 0.5 {
                let turns = v.atan2(u) / PI * DIRECTIONS as f64;
                let sector = (turns.round() as i64).rem_euclid(DIRECTIONS as i64) as usize;
                sectors[sector].0 += power;
                sectors[sector].1 += 1.0;
            }
            if f > 0.0 {
                let (sin, cos) = (2.0 * v.atan2(u)).sin_cos();
                along += power * cos;
                across += power * sin;
            }
        }
        let radial: Vec<f64> = sums.iter().zip(counts).map(|(sum, count)| sum / count.max(1.0)).collect();
        let most = radial.iter().fold(f64::MIN_POSITIVE, |m, g| m.max(*g));
        let moving = total - power.first().copied().unwrap_or(0.0);
        let directedness = along.hypot(across) / moving.max(f64::MIN_POSITIVE);
        let at = |ring: usize| ring as f64 / (2 * (RINGS - 1)) as f64;
        let fast = &radial[(RINGS - 1) * 3 / 4..];
        let (slow, fast) = (radial[0] / most, fast.iter().sum::<f64>() / fast.len() as f64 / most);
        let character = match (slow, fast) {
            (slow, fast) if slow >= 0.7 && fast <= 0.5 => Character::LowPass,
            (slow, fast) if slow <= 0.5 && fast >= 0.7 => Character::HighPass,
            (slow, _) if slow <= 0.5 => Character::BandPass,
            _ => Character::AllPass,
        };
        let angle = (across.atan2(along) / 2.0).to_degrees().rem_euclid(180.0);
        let kept = radial.iter().filter(|g| **g >= most / std::f64::consts::SQRT_2).count();
        let peak = (0..RINGS).fold(0, |best, ring| if radial[ring] > radial[best] { ring } else { best });
        Response {
            directions: sectors.iter().map(|(sum, count)| (sum / count.max(1.0)).sqrt()).collect(),
            character,
            directedness,
            // −0.0 and what rounds to 180 are both 0.
            angle: (directedness >= 0.3).then_some(if angle > 179.999 { 0.0 } else { angle + 0.0 }),
            peak: at(peak),
            bandwidth: at(RINGS - 1) * kept as f64 / RINGS as f64,
            centroid: moment / total.max(f64::MIN_POSITIVE),
            radial,
            magnitude,
            size: (rows, columns),
        }
    }

    /// Its label: `low-pass`, `band-pass, oriented 45°`.
    pub fn label(&self) -> String {
        match self.angle {
            Some(angle) => format!("{}, oriented {angle:.0}°", self.character),
            None => self.character.to_string(),
        }
    }
}
