/// Four lanes as an array.
#[derive(Clone, Copy)]
pub(crate) struct Four([f32; 4]);

/// A truth value a lane.
#[derive(Clone, Copy)]
pub(crate) struct Mask([bool; 4]);

impl Four {
    #[inline(always)]
    pub(crate) fn of(lanes: [f32; 4]) -> Self {
        Four(lanes)
    }
    #[inline(always)]
    pub(crate) fn lanes(self) -> [f32; 4] {
        self.0
    }
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        Four([value; 4])
    }
    #[inline(always)]
    fn with(self, b: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Four(std::array::from_fn(|i| f(self.0[i], b.0[i])))
    }
    #[inline(always)]
    fn test(self, b: Self, f: impl Fn(f32, f32) -> bool) -> Mask {
        Mask(std::array::from_fn(|i| f(self.0[i], b.0[i])))
    }
    #[inline(always)]
    pub(crate) fn add(self, b: Self) -> Self {
        self.with(b, |a, b| a + b)
    }
    #[inline(always)]
    pub(crate) fn sub(self, b: Self) -> Self {
        self.with(b, |a, b| a - b)
    }
    #[inline(always)]
    pub(crate) fn mul(self, b: Self) -> Self {
        self.with(b, |a, b| a * b)
    }
    #[inline(always)]
    pub(crate) fn div(self, b: Self) -> Self {
        self.with(b, |a, b| a / b)
    }
    #[inline(always)]
    pub(crate) fn max(self, b: Self) -> Self {
        self.with(b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    pub(crate) fn min(self, b: Self) -> Self {
        self.with(b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Four(self.0.map(f32::sqrt))
    }
    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        Four(self.0.map(f32::abs))
    }
    #[inline(always)]
    pub(crate) fn neg(self) -> Self {
        Four(self.0.map(|x| -x))
    }
    #[inline(always)]
    pub(crate) fn lt(self, b: Self) -> Mask {
        self.test(b, |a, b| a < b)
    }
    #[inline(always)]
    pub(crate) fn le(self, b: Self) -> Mask {
        self.test(b, |a, b| a <= b)
    }
    #[inline(always)]
    pub(crate) fn eq(self, b: Self) -> Mask {
        self.test(b, |a, b| a == b)
    }
    #[inline(always)]
    pub(crate) fn nan(self) -> Mask {
        Mask(self.0.map(f32::is_nan))
    }
    #[inline(always)]
    pub(crate) fn select(mask: Mask, yes: Self, no: Self) -> Self {
        Four(std::array::from_fn(|i| if mask.0[i] { yes.0[i] } else { no.0[i] }))
    }
}

impl Mask {
    #[inline(always)]
    pub(crate) fn of(lanes: [bool; 4]) -> Self {
        Mask(lanes)
    }
}
