//! Colours that readers with any colour vision can tell apart.
//!
//! Viridis and cividis rise evenly in lightness, vik falls evenly from its middle to both ends; between anchors they are
//! interpolated. Sources: S. van der Walt, N. Smith, "mpl colormaps" (2015); J. Nuñez, C. Anderton, R. Renslow,
//! "Optimizing colormaps with consideration for color vision deficiency", PLOS ONE 13 (2018); F. Crameri, "Scientific
//! colour maps" (2018); for classes: M. Okabe, K. Ito, "Color universal design" (2008);
//! for more than eight curves: M. Petroff, "Accessible color sequences for data visualization" (2021).

use std::fmt;

/// Red, green, blue, each a byte, and opacity from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Colour {
    pub(crate) rgb: [u8; 3],
    pub(crate) opacity: f32,
}

impl Colour {
    /// As it is written on the web: `Colour::of(0xff8000)` is orange.
    pub(crate) const fn of(rgb: u32) -> Self {
        Colour { rgb: [(rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8], opacity: 1.0 }
    }

    /// From `low` (black) to `high` (white).
    pub(crate) fn grey(v: f32, (low, high): (f32, f32)) -> Self {
        let byte = (part(v, (low, high)) * 255.0).round() as u8;
        Colour { rgb: [byte; 3], opacity: 1.0 }
    }

    /// The same colour, to be seen through.
    pub(crate) const fn opacity(self, opacity: f32) -> Self {
        Colour { opacity, ..self }
    }

    /// This colour laid over another one that is opaque.
    pub(crate) fn over(self, below: Self) -> Self {
        Colour { rgb: below.mix(self, self.opacity).rgb, opacity: 1.0 }
    }

    /// From this colour (`t` = 0) to the other (`t` = 1).
    pub(crate) fn mix(self, other: Self, t: f32) -> Self {
        let of = |i: usize| {
            let (a, b) = (f32::from(self.rgb[i]), f32::from(other.rgb[i]));
            (a + t * (b - a)).round() as u8
        };
        Colour { rgb: [of(0), of(1), of(2)], opacity: 1.0 }
    }

    /// A pale form, for areas behind text and marks.
    pub(crate) fn pale(self) -> Self {
        self.mix(WHITE, 0.8)
    }

    /// Black or white, whichever can be read on this colour.
    pub(crate) fn ink(self) -> Self {
        let [r, g, b] = self.rgb.map(u32::from);
        if 299 * r + 587 * g + 114 * b > 140_000 { BLACK } else { WHITE }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.rgb;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

pub(crate) const WHITE: Colour = Colour::of(0xffffff);
pub(crate) const BLACK: Colour = Colour::of(0x000000);
/// Titles.
pub(crate) const TITLE: Colour = Colour::of(0x111111);
/// Captions and numbers at ticks.
pub(crate) const TEXT: Colour = Colour::of(0x333333);
/// Remarks, ticks, the frame of axes.
pub(crate) const FRAME: Colour = Colour::of(0x555555);
/// The frame of a small picture.
pub(crate) const EDGE: Colour = Colour::of(0x999999);
/// Lines that only guide the eye.
pub(crate) const GRID: Colour = Colour::of(0xdddddd);

/// A scale from the least value to the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Map {
    /// Blue, green, yellow: magnitudes.
    Viridis,
    /// Blue, grey, yellow: magnitudes.
    Cividis,
    /// Blue below the middle, red above: signed values, over a range that is symmetric about 0.
    Vik,
    /// Paper to ink.
    Ink,
    /// Black to white, as photographs are.
    Grey,
}

const VIRIDIS: [u32; 10] =
    [0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725];
const CIVIDIS: [u32; 10] =
    [0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838];
const VIK: [u32; 11] =
    [0x001261, 0x02397a, 0x116496, 0x5496b7, 0xa7c9da, 0xece5e0, 0xe1b8a0, 0xcc875f, 0xb75a26, 0x852206, 0x590008];
const INK: [u32; 2] = [0xffffff, 0x000000];
const GREY: [u32; 2] = [0x000000, 0xffffff];

/// Ten that can be told apart: every other one is dashed besides.
const TEN: [u32; 10] =
    [0x3f90da, 0xffa90e, 0xbd1f01, 0x94a4a2, 0x832db6, 0xa96b59, 0xe76300, 0xb9ac70, 0x717581, 0x92dadd];
const CLASSES: [u32; 8] = [0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7, 0x56b4e9, 0xd55e00, 0xf0e442, 0x888888];

impl Map {
    /// The colour of `t`, which is clamped to 0–1.
    pub(crate) fn colour(self, t: f32) -> Colour {
        let anchors: &[u32] = match self {
            Map::Viridis => &VIRIDIS,
            Map::Cividis => &CIVIDIS,
            Map::Vik => &VIK,
            Map::Ink => &INK,
            Map::Grey => &GREY,
        };
        let at = t.clamp(0.0, 1.0) * (anchors.len() - 1) as f32;
        let low = (at as usize).min(anchors.len() - 2);
        Colour::of(anchors[low]).mix(Colour::of(anchors[low + 1]), at - low as f32)
    }

    /// The colour of a value within a range.
    pub(crate) fn of(self, v: f32, range: (f32, f32)) -> Colour {
        self.colour(part(v, range))
    }
}

/// Where a value lies within a range, from 0 to 1; what is no number lies at its low end.
fn part(v: f32, (low, high): (f32, f32)) -> f32 {
    let range = if high > low { high - low } else { 1.0 };
    let t = (v - low) / range;
    if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) }
}

/// The colour of a class.
pub(crate) fn class(index: usize) -> Colour {
    Colour::of(CLASSES[index % CLASSES.len()])
}

/// The colour of one of `count` curves, and whether it is dashed: no two of ten are alike.
pub(crate) fn curve(index: usize, count: usize) -> (Colour, bool) {
    match count > CLASSES.len() {
        true => (Colour::of(TEN[index % TEN.len()]), index % 2 == 1),
        false => (class(index), false),
    }
}

/// The range that is as wide below 0 as above.
pub(crate) fn symmetric(values: &[f32]) -> (f32, f32) {
    let most = values.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(v.abs()));
    (-most, most)
}

/// From the least to the greatest.
pub(crate) fn extent(values: &[f32]) -> (f32, f32) {
    (values.iter().copied().fold(f32::INFINITY, f32::min), values.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_curves_are_ten_different_curves() {
        for count in 1..=10 {
            let all: Vec<_> = (0..count).map(|i| curve(i, count)).collect();
            assert!((0..count).all(|i| (0..i).all(|j| all[i].0 != all[j].0)), "{count}");
        }
    }

    fn lightness(colour: Colour) -> u32 {
        let [r, g, b] = colour.rgb.map(u32::from);
        299 * r + 587 * g + 114 * b
    }

    #[test]
    fn scales_end_at_their_anchors_and_rise_in_lightness() {
        assert_eq!((Map::Viridis.colour(-1.0), Map::Viridis.colour(2.0)), (Colour::of(0x440154), Colour::of(0xfde725)));
        for map in [Map::Viridis, Map::Cividis] {
            let at = |i: u32| lightness(map.colour(i as f32 / 100.0));
            assert!((0..100).all(|i| at(i) < at(i + 1) + 1500), "{map:?}");
            assert!(at(100) > at(0) + 100_000);
        }
        let at = |i: u32| lightness(Map::Vik.colour(i as f32 / 100.0));
        assert!((0..50).all(|i| at(i) < at(i + 1) + 1500 && at(100 - i) < at(99 - i) + 1500));
    }

    #[test]
    fn colours_mix_and_tell_which_ink_can_be_read_on_them() {
        assert_eq!(WHITE.opacity(0.5).over(BLACK), Colour::of(0x808080));
        assert_eq!((Map::Viridis.colour(0.0).ink(), Map::Viridis.colour(1.0).ink()), (WHITE, BLACK));
        assert_eq!(Map::Grey.of(f32::NAN, (0.0, 1.0)), BLACK);
        assert_eq!(Colour::of(0x0a0b0c).to_string(), "#0a0b0c");
    }
}
