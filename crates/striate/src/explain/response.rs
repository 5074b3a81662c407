//! What frequencies a kernel lets through.
//!
//! ```text
//! |H(u, v)| = √( Σ_i |DFT of the kernel's plane i, padded to 32×32|² )       u, v in cycles per pixel, −½ ≤ u, v < ½
//! g(f)     = greatest |H| of the ring of frequencies whose √(u² + v²) is nearest to f, in steps of 1/32 up to √½
//! ```

use super::transform::{Plane, frequency};
use serde::Serialize;
use std::f64::consts::PI;

/// Frequencies of an axis.
const SIDE: usize = 32;
/// Rings from frequency 0 to the corners of the plane, √½ away.
const RINGS: usize = 24;
/// What half the power is of an amplitude.
const HALF_POWER: f64 = std::f64::consts::FRAC_1_SQRT_2;
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
    /// It keeps what is slow and what is fast.
    BandStop,
    /// It prefers no size.
    AllPass,
}

impl std::fmt::Display for Character {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Character::LowPass => "low-pass",
            Character::HighPass => "high-pass",
            Character::BandPass => "band-pass",
            Character::BandStop => "band-stop",
            Character::AllPass => "all-pass",
        })
    }
}

/// The frequency response of a kernel: |H| over the plane of frequencies, and what kind of filter that is.
///
/// A frequency passes where |H| is at least its greatest value over √2: half of the greatest power, as filters are described
/// (a brightness of 0.71 where |H| is drawn). The character says which ends pass:
///
/// | character | frequency 0, the middle of the plane | some frequency of its border, u = −½ or v = −½ |
/// |---|---|---|
/// | low-pass | passes | none passes |
/// | high-pass | does not | passes |
/// | band-pass | does not | none passes |
/// | all-pass | passes | passes, and so does a frequency of every ring between |
/// | band-stop | passes | passes, but none of a ring between does |
///
/// So the greatest |H|, whose place is the peak, lies on the border or near it in a high-pass, between middle and border in a
/// band-pass; in a low-pass it may lie beside the middle, where |H| is at most √2 times that of the middle.
///
/// It is oriented, too, where its power prefers a direction: with θ the angle of (u, v) and the sum over all frequencies but 0,
/// R = |Σ |H|² e^(2iθ)| / Σ |H|² ≥ 0.3. Its angle is that along which it changes: 0° for a kernel that finds upright edges,
/// 90° for lying ones. The bandwidth is how much of 0 … √½ passes: the steps of g that pass, 1/32 each.
#[derive(Clone, Debug, Serialize)]
pub struct Response {
    /// |H|, row by row, frequency 0 first.
    #[serde(skip)]
    pub magnitude: Vec<f64>,
    /// Rows and columns of it: 32×32, more for kernels that are larger.
    #[serde(skip)]
    pub size: (usize, usize),
    /// g at 24 frequencies, 1/32 cycles per pixel apart, from 0 on.
    pub radial: Vec<f64>,
    /// The root mean square of |H| over the frequencies within 7½° of 0°, 15°, …, 165°; 0 < f ≤ ½.
    pub directions: Vec<f64>,
    /// By the rule.
    pub character: Character,
    /// R, from 0 (no direction) to 1 (a single one).
    pub directedness: f64,
    /// In degrees, 0 ≤ angle < 180, counter-clockwise from the right; where the kernel is oriented.
    pub angle: Option<f64>,
    /// How far from frequency 0 |H| is greatest, in cycles per pixel.
    pub peak: f64,
    /// Where that is: u and v, v upwards, the first in the right half of the plane (of frequencies and their opposites, which
    /// are equal).
    pub peak_at: (f64, f64),
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
        let mut radial = vec![0.0f64; RINGS];
        let (mut peak, mut most, mut border) = ((0.0, 0.0), 0.0f64, 0.0f64);
        let mut sectors = [(0.0f64, 0.0f64); DIRECTIONS];
        let (mut total, mut moment, mut along, mut across) = (0.0, 0.0, 0.0, 0.0);
        for (i, (&power, &magnitude)) in power.iter().zip(&magnitude).enumerate() {
            // Upwards is positive: rows run downwards.
            let (v, u) = (-frequency(i / columns, rows), frequency(i % columns, columns));
            let f = u.hypot(v);
            let ring = ((f * SIDE as f64).round() as usize).min(RINGS - 1);
            radial[ring] = radial[ring].max(magnitude);
            let outermost = 2 * (i / columns) == rows || 2 * (i % columns) == columns;
            if outermost {
                border = border.max(magnitude);
            }
            // A hair more than before: rounding does not decide between equals. At −½ and ½ there is the same.
            if magnitude > most * (1.0 + 1e-9) || i == 0 {
                (most, peak) = (magnitude, (u, v));
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
                // On the border ½ is −½: θ and its mirror image are the same frequency.
                across += if outermost { 0.0 } else { power * sin };
            }
        }
        let passes = |m: f64| m >= most * HALF_POWER;
        let moving = total - power.first().copied().unwrap_or(0.0);
        let directedness = along.hypot(across) / moving.max(f64::MIN_POSITIVE);
        let character = match (passes(radial[0]), passes(border)) {
            (true, false) => Character::LowPass,
            (false, true) => Character::HighPass,
            (false, false) => Character::BandPass,
            // The corners belong to no whole ring.
            (true, true) if radial[..=SIDE / 2].iter().all(|g| passes(*g)) => Character::AllPass,
            (true, true) => Character::BandStop,
        };
        // The same frequency in the right half, or the upper end of its left edge.
        if peak.0 < 0.0 && peak.0 > -0.5 || peak.0 == 0.0 && peak.1 < 0.0 {
            peak = (-peak.0, -peak.1);
        }
        let angle = (across.atan2(along) / 2.0).to_degrees().rem_euclid(180.0);
        let kept = radial.iter().filter(|g| most > 0.0 && passes(**g)).count();
        Response {
            directions: sectors.iter().map(|(sum, count)| (sum / count.max(1.0)).sqrt()).collect(),
            character,
            directedness,
            // −0.0 and what rounds to 180 are both 0.
            angle: (directedness >= 0.3).then_some(if angle > 179.999 { 0.0 } else { angle + 0.0 }),
            peak: peak.0.hypot(peak.1),
            // −0.0 is 0.
            peak_at: (peak.0 + 0.0, peak.1 + 0.0),
            bandwidth: kept as f64 / SIDE as f64,
            centroid: moment / total.max(f64::MIN_POSITIVE),
            radial,
            magnitude,
            size: (rows, columns),
        }
    }

    /// Its angle in whole degrees, from 0 to 179.
    pub fn degrees(&self) -> Option<u32> {
        self.angle.map(|angle| angle.round() as u32 % 180)
    }

    /// Its label: `low-pass`, `band-pass, oriented 45°`.
    pub fn label(&self) -> String {
        match self.degrees() {
            Some(angle) => format!("{}, oriented {angle}°", self.character),
            None => self.character.to_string(),
        }
    }
}
