//! Vectors of four f32, which every machine of a kind has: what [`Portable`](super::Portable) is made of.

#[cfg(any(not(target_arch = "x86_64"), test))]
mod plain;
#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use plain::{Four, Mask};
#[cfg(target_arch = "x86_64")]
pub(crate) use sse2::{Four, Mask};

/// Both kinds do the same to each lane, NaN and zeros included.
#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::{plain, sse2};

    const NUMBERS: [f32; 8] = [-2.5, 0.0, -0.0, 1.0, 3.25, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];

    fn bits(lanes: [f32; 4]) -> [Option<u32>; 4] {
        lanes.map(|x| (!x.is_nan()).then_some(x.to_bits()))
    }

    #[test]
    fn the_same_to_each_lane() {
        for x in NUMBERS {
            assert_eq!(bits(plain::Four::splat(x).lanes()), bits(sse2::Four::splat(x).lanes()));
        }
        for bits in 0..16 {
            let lanes = std::array::from_fn(|lane| bits >> lane & 1 == 1);
            let chosen = lanes.map(|lane| f32::from(u8::from(lane)));
            macro_rules! choose {
                ($kind:ident) => {
                    $kind::Four::select($kind::Mask::of(lanes), $kind::Four::splat(1.0), $kind::Four::splat(0.0))
                };
            }
            assert_eq!([choose!(plain).lanes(), choose!(sse2).lanes()], [chosen; 2]);
        }
        for i in 0..NUMBERS.len() {
            for j in 0..NUMBERS.len() {
                let a: [f32; 4] = std::array::from_fn(|l| NUMBERS[(i + l) % 8]);
                let b: [f32; 4] = std::array::from_fn(|l| NUMBERS[(j + 3 * l) % 8]);
                let (p, q) = (plain::Four::of(a), plain::Four::of(b));
                let (s, t) = (sse2::Four::of(a), sse2::Four::of(b));
                macro_rules! same {
                    ($($name:ident($($left:ident, $right:ident),+);)*) => {$(
                        let (one, other) = (plain::Four::$name($($left),+), sse2::Four::$name($($right),+));
                        assert_eq!(bits(one.lanes()), bits(other.lanes()), "{} {a:?} {b:?}", stringify!($name));
                    )*};
                }
                same! {
                    add(p, s, q, t); sub(p, s, q, t); mul(p, s, q, t); div(p, s, q, t); max(p, s, q, t);
                    min(p, s, q, t); sqrt(p, s); abs(p, s); neg(p, s);
                }
                macro_rules! same_mask {
                    ($($name:ident),*) => {$(
                        let one = plain::Four::select(plain::Four::$name(p, q), p, q);
                        let other = sse2::Four::select(sse2::Four::$name(s, t), s, t);
                        assert_eq!(bits(one.lanes()), bits(other.lanes()), "{} {a:?} {b:?}", stringify!($name));
                    )*};
                }
                same_mask!(lt, le, eq);
                let (one, other) =
                    (plain::Four::select(plain::Four::nan(p), q, p), sse2::Four::select(sse2::Four::nan(s), t, s));
                assert_eq!(bits(one.lanes()), bits(other.lanes()));
            }
        }
    }
}
