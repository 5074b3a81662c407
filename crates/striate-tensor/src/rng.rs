/// Random numbers by counting: number `i` of stream `s` of seed `k` is a pure function of (k, s, i), so that
/// nothing depends on the order in which threads ask. Philox 4×32-10 (Salmon et al., "Parallel random numbers:
/// as easy as 1, 2, 3", 2011).
///
/// ```
/// use striate_tensor::Rng;
/// let rng = Rng::new(1).stream("conv1.weight");
/// assert_eq!(rng.bits(7), rng.bits(7));
/// let mut order: Vec<usize> = (0..10).collect();
/// rng.shuffle(&mut order);
/// assert_ne!(order, (0..10).collect::<Vec<_>>());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng {
    key: u64,
    stream: u64,
}

impl Rng {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Rng { key: seed, stream: 0 }
    }

    /// An independent stream under the same seed, by name.
    pub fn stream(self, name: &str) -> Self {
        self.substream(
            name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)),
        )
    }

    /// An independent stream under the same seed, by number.
    pub fn substream(self, number: u64) -> Self {
        Rng { key: self.key, stream: mix(self.stream ^ number.wrapping_add(0x9e37_79b9_7f4a_7c15)) }
    }

    /// 32 random bits: number `index`.
    pub fn bits(&self, index: u64) -> u32 {
        let block = philox(
            [(index / 4) as u32, ((index / 4) >> 32) as u32, self.stream as u32, (self.stream >> 32) as u32],
            [self.key as u32, (self.key >> 32) as u32],
        );
        block[(index % 4) as usize]
    }

    /// Number `index`, uniform in [0, 1), in steps of 2⁻²⁴ so that f32 holds it exactly.
    pub fn uniform(&self, index: u64) -> f32 {
        (self.bits(index) >> 8) as f32 / (1 << 24) as f32
    }

    /// Number `index`, standard normal (Box–Muller, in f64 so that every machine rounds alike).
    pub fn normal(&self, index: u64) -> f32 {
        let u = (f64::from(self.bits(2 * index)) + 1.0) / 4_294_967_296.0;
        let v = f64::from(self.bits(2 * index + 1)) / 4_294_967_296.0;
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    }

    /// Number `index`, uniform in `0..bound`. `bound` must not be 0.
    pub fn below(&self, index: u64, bound: usize) -> usize {
        let wide = (u64::from(self.bits(2 * index)) << 32) | u64::from(self.bits(2 * index + 1));
        ((u128::from(wide) * bound as u128) >> 64) as usize
    }

    /// A random order (Fisher–Yates).
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64, last + 1));
        }
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
        }
        let a = u64::from(counter[0]) * 0xd251_1f53;
        let b = u64::from(counter[2]) * 0xcd9e_8d57;
        counter = [(b >> 32) as u32 ^ counter[1] ^ key[0], b as u32, (a >> 32) as u32 ^ counter[3] ^ key[1], a as u32];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123's `kat_vectors`.
    #[test]
    fn philox_known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    }

    #[test]
    fn moments() {
        let rng = Rng::new(5).stream("x");
        let n = 20_000;
        let mean = (0..n).map(|i| f64::from(rng.normal(i))).sum::<f64>() / n as f64;
        let square = (0..n).map(|i| f64::from(rng.normal(i)).powi(2)).sum::<f64>() / n as f64;
        let uniform = (0..n).map(|i| f64::from(rng.uniform(i))).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.05 && (uniform - 0.5).abs() < 0.01);
    }
}
