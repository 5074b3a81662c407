use std::cell::Cell;
use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// The real numbers that a plain reference computes with: `f32`, `f64`, or [`Counted`], which counts products.
pub trait Number:
    Copy
    + Debug
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + 'static
{
    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;
    /// The value in 64 bits.
    fn to_f64(self) -> f64;

    /// 0.
    fn zero() -> Self {
        Self::from_f64(0.0)
    }
    /// 1.
    fn one() -> Self {
        Self::from_f64(1.0)
    }
    /// A count as a number.
    fn from_usize(count: usize) -> Self {
        Self::from_f64(count as f64)
    }
    /// eˣ.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// ln(1 + eˣ), without overflow.
    fn softplus(self) -> Self;
    /// 1 / (1 + e⁻ˣ).
    fn logistic(self) -> Self;
    /// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
    fn erf(self) -> Self;
    /// xʸ.
    fn pow(self, exponent: Self) -> Self;
    /// |x|.
    fn abs(self) -> Self {
        if self < Self::zero() { -self } else { self }
    }
}

macro_rules! number {
    ($float:ident, $erf:path) => {
        impl Number for $float {
            fn from_f64(value: f64) -> Self {
                value as $float
            }
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            fn exp(self) -> Self {
                $float::exp(self)
            }
            fn ln(self) -> Self {
                $float::ln(self)
            }
            fn sqrt(self) -> Self {
                $float::sqrt(self)
            }
            fn tanh(self) -> Self {
                $float::tanh(self)
            }
            fn softplus(self) -> Self {
                let tail = $float::ln_1p($float::exp(-$float::abs(self)));
                if self > 0.0 { self + tail } else { tail }
            }
            fn logistic(self) -> Self {
                let e = $float::exp(-$float::abs(self));
                if self < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
            }
            fn erf(self) -> Self {
                $erf(self)
            }
            fn pow(self, exponent: Self) -> Self {
                $float::powf(self, exponent)
            }
        }
    };
}
number!(f32, libm::erff);
number!(f64, libm::erf);

thread_local! {
    static PRODUCTS: Cell<u64> = const { Cell::new(0) };
}

/// A number that counts multiplications, so that a test can hold an operation's stated cost against its reference.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Counted(pub f64);

impl Counted {
    /// Runs `f` and tells how many products it took on this thread.
    pub fn count<R>(f: impl FnOnce() -> R) -> (R, u64) {
        let before = PRODUCTS.get();
        let result = f();
        (result, PRODUCTS.get() - before)
    }
}

impl Add for Counted {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Counted(self.0 + other.0)
    }
}
impl Sub for Counted {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Counted(self.0 - other.0)
    }
}
impl Mul for Counted {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        PRODUCTS.set(PRODUCTS.get() + 1);
        Counted(self.0 * other.0)
    }
}
impl Div for Counted {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Counted(self.0 / other.0)
    }
}
impl Neg for Counted {
    type Output = Self;
    fn neg(self) -> Self {
        Counted(-self.0)
    }
}
impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Number for Counted {
    fn from_f64(value: f64) -> Self {
        Counted(value)
    }
    fn to_f64(self) -> f64 {
        self.0
    }
    fn exp(self) -> Self {
        Counted(self.0.exp())
    }
    fn ln(self) -> Self {
        Counted(self.0.ln())
    }
    fn sqrt(self) -> Self {
        Counted(self.0.sqrt())
    }
    fn tanh(self) -> Self {
        Counted(self.0.tanh())
    }
    fn softplus(self) -> Self {
        Counted(Number::softplus(self.0))
    }
    fn logistic(self) -> Self {
        Counted(Number::logistic(self.0))
    }
    fn erf(self) -> Self {
        Counted(libm::erf(self.0))
    }
    fn pow(self, exponent: Self) -> Self {
        Counted(self.0.powf(exponent.0))
    }
}
