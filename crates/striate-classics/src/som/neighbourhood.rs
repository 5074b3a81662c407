//! How much a unit at grid distance d from the winner learns, for a radius σ:
//!
//! ```text
//! gaussian      e^(−d²/2σ²)
//! bubble        1 where d ≤ σ, else 0
//! mexican hat   (1 − d²/σ²)·e^(−d²/2σ²)
//! triangle      max(0, 1 − d/σ)
//! ```

use serde::{Deserialize, Serialize};

/// The shape of the region that learns with the winner.
///
/// ```
/// use striate_classics::som::Neighbourhood;
/// assert_eq!(Neighbourhood::Triangle.at(1.0, 2.0), 0.5); // distance 1, radius 2
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Neighbourhood {
    /// Smooth, everywhere positive.
    Gaussian,
    /// All units within the radius alike.
    Bubble,
    /// Gaussian with a surround that is pushed away; for online training only.
    MexicanHat,
    /// Falls in equal steps to 0 at the radius.
    Triangle,
}

impl Neighbourhood {
    /// The weight at a *squared* grid distance, for a radius above 0.
    pub fn at(self, squared: f32, radius: f32) -> f32 {
        let scaled = squared / (radius * radius);
        match self {
            Neighbourhood::Gaussian => (-0.5 * scaled).exp(),
            Neighbourhood::Bubble => f32::from(u8::from(scaled <= 1.0)),
            Neighbourhood::MexicanHat => (1.0 - scaled) * (-0.5 * scaled).exp(),
            Neighbourhood::Triangle => (1.0 - scaled.sqrt()).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Neighbourhood::*;

    #[test]
    fn the_formulas_at_known_points() {
        for shape in [Gaussian, Bubble, MexicanHat, Triangle] {
            assert_eq!(shape.at(0.0, 1.5), 1.0, "the winner learns fully: {shape:?}");
        }
        assert!((Gaussian.at(4.0, 2.0) - (-0.5f32).exp()).abs() < 1e-7);
        assert_eq!((Bubble.at(4.0, 2.0), Bubble.at(4.1, 2.0)), (1.0, 0.0));
        assert_eq!(MexicanHat.at(4.0, 2.0), 0.0);
        assert!(MexicanHat.at(9.0, 2.0) < 0.0);
        assert_eq!((Triangle.at(1.0, 2.0), Triangle.at(9.0, 2.0)), (0.5, 0.0));
    }
}
