//! Colours that readers with any colour vision can tell apart.
//!
//! Viridis and cividis rise evenly in lightness; between ten anchors they are interpolated. Sources: S. van der Walt, N.
//! Smith, "mpl colormaps" (2015); J. Nuñez, C. Anderton, R. Renslow, "Optimizing colormaps with consideration for color
//! vision deficiency", PLOS ONE 13 (2018); for classes: M. Okabe, K. Ito, "Color universal design" (2008).

/// A scale from the least value to the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Map {
    /// Blue, green, yellow.
    Viridis,
    /// Blue, grey, yellow.
    Cividis,
    /// Paper to ink.
    Ink,
}

const VIRIDIS: [u32; 10] =
    [0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725];
const CIVIDIS: [u32; 10] =
    [0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838];
const INK: [u32; 10] =
    [0xffffff, 0xe3e3e3, 0xc6c6c6, 0xaaaaaa, 0x8e8e8e, 0x717171, 0x555555, 0x393939, 0x1c1c1c, 0x000000];

const CLASSES: [&str; 8] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000"];

impl Map {
    /// The colour of `t`, which is clamped to 0–1.
    pub(crate) fn colour(self, t: f32) -> String {
        let anchors = match self {
            Map::Viridis => VIRIDIS,
            Map::Cividis => CIVIDIS,
            Map::Ink => INK,
        };
        let at = t.clamp(0.0, 1.0) * (anchors.len() - 1) as f32;
        let low = (at as usize).min(anchors.len() - 2);
        let part = at - low as f32;
        let channel = |shift: u32| {
            let of = |anchor: u32| (anchor >> shift & 0xff) as f32;
            (of(anchors[low]) + part * (of(anchors[low + 1]) - of(anchors[low]))).round() as u8
        };
        format!("#{:02x}{:02x}{:02x}", channel(16), channel(8), channel(0))
    }
}

/// The colour of a class.
pub(crate) fn class(index: usize) -> &'static str {
    CLASSES[index % CLASSES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_their_anchors_and_rise_in_lightness() {
        assert_eq!((Map::Viridis.colour(-1.0), Map::Viridis.colour(2.0)), ("#440154".into(), "#fde725".into()));
        for map in [Map::Viridis, Map::Cividis] {
            let lightness = |i: u32| {
                let colour = u32::from_str_radix(&map.colour(i as f32 / 100.0)[1..], 16).unwrap();
                299 * (colour >> 16) + 587 * (colour >> 8 & 0xff) + 114 * (colour & 0xff)
            };
            assert!((0..100).all(|i| lightness(i) < lightness(i + 1) + 1500), "{map:?}");
            assert!(lightness(100) > lightness(0) + 100_000);
        }
    }
}
