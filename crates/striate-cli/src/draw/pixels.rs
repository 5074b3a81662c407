//! Pictures of coloured pixels: of values on a scale, of grey, of red, green and blue, and one laid over another.

use super::colour::{Colour, Map};

/// Row-major pixels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pixels {
    pub(crate) columns: usize,
    pub(crate) pixels: Vec<Colour>,
}

impl Pixels {
    /// Values on a scale.
    pub(crate) fn values(values: &[f32], columns: usize, range: (f32, f32), map: Map) -> Self {
        Pixels { columns, pixels: values.iter().map(|v| map.of(*v, range)).collect() }
    }

    /// A sample as people see it: one plane as grey, three as red, green and blue; any other number as the grey of the
    /// planes' mean. `values` is channels × rows × columns.
    pub(crate) fn sample(values: &[f32], channels: usize, columns: usize, range: (f32, f32)) -> Self {
        let plane = values.len() / channels.max(1);
        let byte = |v: f32| Colour::grey(v, range).rgb[0];
        let pixel = |i: usize| match channels {
            3 => Colour { rgb: [0, 1, 2].map(|c| byte(values[c * plane + i])), opacity: 1.0 },
            _ => {
                let sum: f32 = (0..channels).map(|c| values[c * plane + i]).sum();
                Colour::grey(sum / channels as f32, range)
            }
        };
        Pixels { columns, pixels: (0..plane).map(pixel).collect() }
    }

    pub(crate) fn rows(&self) -> usize {
        self.pixels.len() / self.columns.max(1)
    }

    /// A map of values, of any size, stretched over this picture (interpolated between the middles of its cells) and laid
    /// over it: the more of `opacity`, the farther the value is from `quiet`, so that the picture can be seen where the map
    /// says nothing.
    pub(crate) fn under(&self, heat: &Heat<'_>) -> Self {
        let (rows, columns) = (self.rows(), self.columns);
        let furthest = (heat.range.1 - heat.quiet).abs().max((heat.range.0 - heat.quiet).abs());
        let pixels = (0..rows * columns).map(|i| {
            let at = |i: usize, of: usize| (i as f32 + 0.5) / of as f32;
            let v = heat.at(at(i / columns, rows), at(i % columns, columns));
            let strength = ((v - heat.quiet).abs() / furthest.max(f32::MIN_POSITIVE)).min(1.0);
            heat.map.of(v, heat.range).opacity(heat.opacity * strength.sqrt()).over(self.pixels[i])
        });
        Pixels { columns, pixels: pixels.collect() }
    }

    /// The bytes red, green, blue of each pixel, without opacity.
    pub(crate) fn rgb(&self) -> Vec<u8> {
        self.pixels.iter().flat_map(|pixel| pixel.rgb).collect()
    }
}

/// A map of values to lay over a picture.
pub(crate) struct Heat<'a> {
    /// Row-major.
    pub(crate) values: &'a [f32],
    pub(crate) columns: usize,
    pub(crate) range: (f32, f32),
    pub(crate) map: Map,
    /// The value that says nothing: 0 for signed maps, the low end for magnitudes.
    pub(crate) quiet: f32,
    /// Of the strongest values.
    pub(crate) opacity: f32,
}

impl Heat<'_> {
    /// The value at a place, 0–1 from top to bottom and from left to right.
    fn at(&self, y: f32, x: f32) -> f32 {
        let rows = self.values.len() / self.columns.max(1);
        let axis = |t: f32, n: usize| {
            let at = (t * n as f32 - 0.5).clamp(0.0, (n - 1) as f32);
            let low = at as usize;
            (low, (low + 1).min(n - 1), at - low as f32)
        };
        let ((top, bottom, v), (left, right, u)) = (axis(y, rows), axis(x, self.columns));
        let of = |r: usize, c: usize| self.values[r * self.columns + c];
        let across = |r: usize| of(r, left) * (1.0 - u) + of(r, right) * u;
        across(top) * (1.0 - v) + across(bottom) * v
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::colour::{BLACK, WHITE};

    #[test]
    fn one_plane_is_grey_and_three_are_colours() {
        assert_eq!(Pixels::sample(&[0.0, 1.0], 1, 2, (0.0, 1.0)).pixels, [BLACK, WHITE]);
        assert_eq!(Pixels::sample(&[1.0, 0.0, 0.0], 3, 1, (0.0, 1.0)).pixels, [Colour::of(0xff0000)]);
        assert_eq!(Pixels::sample(&[1.0, 0.0], 2, 1, (0.0, 1.0)).pixels, [Colour::of(0x808080)]);
    }

    #[test]
    fn a_map_shows_where_it_speaks_and_lets_through_elsewhere() {
        let grey = Pixels::values(&[0.5; 16], 4, (0.0, 1.0), Map::Grey);
        let (values, range) = ([0.0, 1.0], (0.0, 1.0));
        let heat = Heat { values: &values, columns: 2, range, map: Map::Viridis, quiet: 0.0, opacity: 1.0 };
        let both = grey.under(&heat);
        assert_eq!(both.pixels[0], grey.pixels[0]);
        assert_eq!(both.pixels[3], Map::Viridis.colour(1.0));
        // Between the middles of the two cells, a quarter and three quarters.
        assert!((heat.at(0.5, 0.5) - 0.5).abs() < 1e-6 && (heat.at(0.0, 0.375) - 0.25).abs() < 1e-6);
    }
}
