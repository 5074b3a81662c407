//! Matrix products for dense layers.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use crate::parts::Parts;
use crate::product::accumulate;
use crate::simd::{Eight, Isa, Kernel, LANES, Simd, Wide};
use crate::workers::Workers;

/// Terms of one stretch of a sum: a packed panel of `B` of this height stays in the first-level cache.
const DEPTH: usize = 256;
/// Columns of a packed panel.
const PANEL: usize = 2 * LANES;
/// Columns of an item at most.
const WIDE: usize = 4 * PANEL;
/// Rows of an item at most.
const TALL: usize = 96;
/// With fewer rows than this, or at most as many terms, packing `B` does not pay: it is read as it lies.
const FEW: usize = 4;

/// `C = op(A)·op(B) (+ bias) (+ C)`, with `op(A)` `m×k`, `op(B)` `k×n`, all row-major, the bias a row of `n`.
///
/// ```
/// use striate_kernels::{Epilogue, Gemm, Isa, MatrixSizes, Workers};
/// let workers = Workers::new(1);
/// let gemm = Gemm::prepare(MatrixSizes { m: 1, n: 2, k: 3 }, false, true, Isa::best());
/// let mut scratch = vec![0.0; gemm.scratch_len(workers.threads())];
/// let weights = [1.0, 2.0, 3.0, 0.0, 1.0, 0.0]; // 2×3: `op` transposes it
/// let mut c = [0.0; 2];
/// gemm.run(&workers, &[1.0, 10.0, 100.0], &weights, Some(&[0.5, 0.0]), false, Epilogue::NONE, &mut c, &mut scratch);
/// assert_eq!(c, [321.5, 10.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gemm {
    sizes: MatrixSizes,
    a_transposed: bool,
    b_transposed: bool,
    isa: Isa,
    rows: usize,
    columns: usize,
}

/// `op(A)` is `m×k`, `op(B)` is `k×n`, `C` is `m×n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixSizes {
    /// Rows of `C`.
    pub m: usize,
    /// Columns of `C`.
    pub n: usize,
    /// Terms of each sum.
    pub k: usize,
}

impl Gemm {
    /// With `a_transposed`, `A` lies as `k×m`; with `b_transposed`, `B` lies as `n×k`.
    pub fn prepare(sizes: MatrixSizes, a_transposed: bool, b_transposed: bool, isa: Isa) -> Self {
        let MatrixSizes { m, n, k } = sizes;
        assert!(k > 0, "a product of at least one term");
        let rows = if m <= TALL + TALL / 2 { m.max(1) } else { TALL };
        let mut columns = WIDE;
        while columns > PANEL && m.div_ceil(rows) * n.div_ceil(columns) < 8 {
            columns /= 2;
        }
        Gemm { sizes, a_transposed, b_transposed, isa, rows, columns }
    }

    /// f32s of scratch that `run` needs with so many workers.
    pub fn scratch_len(&self, threads: usize) -> usize {
        threads * self.columns * DEPTH.min(self.sizes.k)
    }

    /// f32s of `B` packed once for many calls; 0 where that does not pay.
    pub fn packed_len(&self) -> usize {
        let MatrixSizes { m, n, k } = self.sizes;
        let pays = m >= FEW && k > 1 && (k > FEW || self.b_transposed);
        if pays { k * n.next_multiple_of(PANEL) } else { 0 }
    }

    /// Packs `b` for [`Gemm::run_packed`]: the columns of an item, stretch by stretch, as `run` packs them.
    pub fn pack(&self, b: &[f32], packed: &mut [f32]) {
        let MatrixSizes { n, k, .. } = self.sizes;
        assert_eq!((b.len(), packed.len()), (k * n, self.packed_len()), "b, packed");
        if packed.is_empty() {
            return;
        }
        for column in (0..n).step_by(self.columns) {
            let columns = self.columns.min(n - column);
            let width = columns.next_multiple_of(PANEL);
            for from in (0..k).step_by(DEPTH) {
                let stretch = Stretch::at(from, k);
                let packed = &mut packed[column * k + from * width..][..stretch.len * width];
                let item = Item { b, first: (0, column), size: (0, columns), packed, ..Item::of(self) };
                self.isa.run(Pack { item, stretch });
            }
        }
    }

    /// Writes `c`, or adds to it with `accumulate`. Of the epilogue's hook, `sample` is the row and `position` the
    /// column; `channel` is 0.
    #[allow(clippy::too_many_arguments)] // the equation has so many letters
    pub fn run(
        &self,
        workers: &Workers,
        a: &[f32],
        b: &[f32],
        bias: Option<&[f32]>,
        accumulate: bool,
        epilogue: crate::Epilogue<'_>,
        c: &mut [f32],
        scratch: &mut [f32],
    ) {
        assert_eq!(b.len(), self.sizes.k * self.sizes.n, "b");
        self.run_items(workers, a, (b, &[]), (bias, accumulate), epilogue, c, scratch);
    }

    /// As [`Gemm::run`], with `B` as [`Gemm::pack`] laid it out; only where [`Gemm::packed_len`] is not 0.
    #[allow(clippy::too_many_arguments)] // the equation has so many letters
    pub fn run_packed(
        &self,
        workers: &Workers,
        a: &[f32],
        packed: &[f32],
        bias: Option<&[f32]>,
        accumulate: bool,
        epilogue: crate::Epilogue<'_>,
        c: &mut [f32],
        scratch: &mut [f32],
    ) {
        assert!(!packed.is_empty() && packed.len() == self.packed_len(), "packed");
        self.run_items(workers, a, (&[], packed), (bias, accumulate), epilogue, c, scratch);
    }

    /// With `B` as it lies, or else packed.
    #[allow(clippy::too_many_arguments)] // the equation has so many letters
    fn run_items(
        &self,
        workers: &Workers,
        a: &[f32],
        (b, once): (&[f32], &[f32]),
        (bias, accumulate): (Option<&[f32]>, bool),
        epilogue: crate::Epilogue<'_>,
        c: &mut [f32],
        scratch: &mut [f32],
    ) {
        assert!(epilogue.add.is_none(), "a matrix product adds nothing to its outputs");
        let MatrixSizes { m, n, k } = self.sizes;
        assert_eq!((a.len(), c.len()), (m * k, m * n), "a, c");
        assert!(bias.is_none_or(|b| b.len() == n), "bias");
        assert!(scratch.len() >= self.scratch_len(workers.threads()), "scratch");
        let (across, down) = (n.div_ceil(self.columns), m.div_ceil(self.rows));
        let len = self.scratch_len(1);
        let (out, own) = (Parts::new(c), Parts::new(scratch));
        workers.run_worth(m * n * k, across * down, |item, worker| {
            // SAFETY: each worker has its own part, and runs one item at a time.
            let packed = unsafe { own.part(worker * len..(worker + 1) * len) };
            let (row, column) = (item / across * self.rows, item % across * self.columns);
            let size = (self.rows.min(m - row), self.columns.min(n - column));
            self.isa.run(Item {
                gemm: self,
                a,
                b,
                once,
                bias,
                accumulate,
                limit: epilogue.limit,
                c: out.start(),
                first: (row, column),
                size,
                packed,
            });
            if let Some(hook) = epilogue.hook {
                let whole = size.1 == n;
                for r in (0..size.0).step_by(if whole { size.0 } else { 1 }) {
                    let start = (row + r) * n + column;
                    let len = if whole { size.0 * n } else { size.1 };
                    let block = crate::Block { start, sample: row + r, channel: 0, position: column, part: 0, worker };
                    // SAFETY: this item alone writes these rows and columns, and has written them.
                    hook(block, unsafe { out.part(start..start + len) });
                }
            }
        });
    }
}

/// A block of rows and columns of `C`.
struct Item<'a> {
    gemm: &'a Gemm,
    a: &'a [f32],
    b: &'a [f32],
    /// `B` packed once, or nothing.
    once: &'a [f32],
    bias: Option<&'a [f32]>,
    accumulate: bool,
    limit: crate::Limit,
    c: *mut f32,
    first: (usize, usize),
    size: (usize, usize),
    packed: &'a mut [f32],
}

impl<'a> Item<'a> {
    /// No rows, no columns.
    fn of(gemm: &'a Gemm) -> Self {
        Item {
            gemm,
            a: &[],
            b: &[],
            once: &[],
            bias: None,
            accumulate: false,
            limit: crate::Limit::None,
            c: std::ptr::null_mut(),
            first: (0, 0),
            size: (0, 0),
            packed: &mut [],
        }
    }
}

/// Where a stretch of terms starts and whether it begins or ends the sums.
#[derive(Clone, Copy)]
struct Stretch {
    from: usize,
    len: usize,
    begins: bool,
    ends: bool,
}

impl Stretch {
    /// The stretch that starts at term `from` of `k`.
    #[inline(always)]
    fn at(from: usize, k: usize) -> Self {
        let len = DEPTH.min(k - from);
        Stretch { from, len, begins: from == 0, ends: from + len == k }
    }
}

/// Where the registers of a tile find `B`.
#[derive(Clone, Copy)]
struct Operand {
    from: *const f32,
    /// Distances between two terms, and between two registers.
    step: usize,
    gap: usize,
    /// Columns that may be read.
    readable: usize,
}

/// Packs the columns of an item over one stretch.
struct Pack<'a> {
    item: Item<'a>,
    stretch: Stretch,
}

impl Kernel for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        self.item.pack(simd, self.stretch);
    }
}

impl Kernel for Item<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let k = self.gemm.sizes.k;
        if k == 1 {
            return self.outer(simd);
        }
        let few = self.size.0 < FEW && self.once.is_empty();
        if self.gemm.b_transposed && few {
            return self.dots(simd);
        }
        let mut from = 0;
        loop {
            let stretch = Stretch::at(from, k);
            if few {
                self.stream(simd, stretch);
            } else if self.once.is_empty() {
                if k > FEW || self.gemm.b_transposed {
                    self.pack(simd, stretch);
                }
                self.panels(simd, stretch, self.packed);
            } else {
                let width = self.size.1.next_multiple_of(PANEL);
                self.panels(simd, stretch, &self.once[self.first.1 * k + from * width..]);
            }
            from += stretch.len;
            if from >= k {
                break;
            }
        }
    }
}

impl Item<'_> {
    /// `packed[panel][term][column]`, zeros beyond the last column.
    #[inline(always)]
    fn pack<S: Simd>(&mut self, simd: S, stretch: Stretch) {
        let (n, k) = (self.gemm.sizes.n, self.gemm.sizes.k);
        for (panel, packed) in self.packed.chunks_mut(PANEL * stretch.len).enumerate() {
            let left = panel * PANEL;
            if left >= self.size.1 {
                break;
            }
            let count = PANEL.min(self.size.1 - left);
            let left = self.first.1 + left;
            if !self.gemm.b_transposed {
                for (term, to) in packed.chunks_exact_mut(PANEL).enumerate() {
                    let from = &self.b[(stretch.from + term) * n + left..][..count];
                    if count == PANEL {
                        to.copy_from_slice(from);
                    } else {
                        to[..count].copy_from_slice(from);
                        to[count..].fill(0.0);
                    }
                }
                continue;
            }
            for half in 0..2 {
                let live = count.saturating_sub(half * LANES).min(LANES);
                let row = |r: usize| (left + half * LANES + r.min(live.max(1) - 1)) * k + stretch.from;
                let mut term = 0;
                if live > 0 {
                    while term + LANES <= stretch.len {
                        let mut block = [simd.splat(0.0); LANES];
                        for r in 0..live {
                            // SAFETY: row `r` of `b` has `LANES` numbers from here, by the loop's condition.
                            block[r] = unsafe { simd.load(self.b[row(r) + term..][..LANES].as_ptr()) };
                        }
                        let block = simd.transpose(block);
                        for (t, v) in block.into_iter().enumerate() {
                            let to = &mut packed[(term + t) * PANEL + half * LANES..][..LANES];
                            // SAFETY: the slice has `LANES` numbers.
                            unsafe { simd.store(to.as_mut_ptr(), v) };
                        }
                        term += LANES;
                    }
                }
                for term in term..stretch.len {
                    let to = &mut packed[term * PANEL + half * LANES..][..LANES];
                    to.fill(0.0);
                    for r in 0..live {
                        to[r] = self.b[row(r) + term];
                    }
                }
            }
        }
    }

    /// All panels against all rows: six at a time, or twelve and two panels where there are registers. Fewer rows are the
    /// rest of many, or there is little to do at all: a tile for each number of them would be code without a use.
    #[inline(always)]
    fn panels<S: Simd>(&self, simd: S, stretch: Stretch, panels: &[f32]) {
        let (n, packed) = (self.gemm.sizes.n, self.gemm.sizes.k > FEW || self.gemm.b_transposed);
        // a panel is one register there
        let wide = packed && S::Wide::LANES == PANEL;
        let mut row = 0;
        while row < self.size.0 {
            let rows = match self.size.0 - row {
                12.. if wide => 12,
                8.. if wide => 8,
                6.. if !wide => 6,
                4.. => 4,
                left => left.min(2),
            };
            let mut left = 0;
            while left < self.size.1 {
                let two = wide && left + PANEL < self.size.1;
                let taken = if two { 2 * PANEL } else { PANEL };
                let at = (row, left, taken.min(self.size.1 - left));
                let b = if packed {
                    let b = panels[left * stretch.len..][..taken * stretch.len].as_ptr();
                    let gap = if wide { PANEL * stretch.len } else { LANES };
                    Operand { from: b, step: PANEL, gap, readable: taken }
                } else {
                    let b = self.b[stretch.from * n + self.first.1 + left..].as_ptr();
                    Operand { from: b, step: n, gap: LANES, readable: at.2 }
                };
                macro_rules! tile {
                    ($wide:expr, $registers:literal, [$($rows:literal),*]) => {
                        match rows {
                            $($rows => self.tile::<S, _, $rows, $registers>(simd, $wide, stretch, at, b),)*
                            _ => unreachable!("{rows} rows in a tile"),
                        }
                    };
                }
                // SAFETY: `pack` filled the panels (sliced above), `PANEL` numbers for each term, or `B` has the columns at
                // every `n`; the rows lie inside `A` and `C`.
                unsafe {
                    match (wide, two) {
                        (true, true) => tile!(simd.wide(), 2, [12, 8, 4, 2, 1]),
                        (true, false) => tile!(simd.wide(), 1, [12, 8, 4, 2, 1]),
                        (false, _) => tile!(Eight(simd), 2, [6, 4, 2, 1]),
                    }
                }
                left += taken;
            }
            row += rows;
        }
    }

    /// A few rows against `B` as it lies.
    #[inline(always)]
    fn stream<S: Simd>(&self, simd: S, stretch: Stretch) {
        let n = self.gemm.sizes.n;
        let width = if self.size.0 == 1 { 8 * LANES } else { 4 * LANES };
        for left in (0..self.size.1).step_by(width) {
            let columns = width.min(self.size.1 - left);
            let b = self.b[(stretch.from * n + self.first.1 + left).min(self.b.len())..].as_ptr();
            let b = Operand { from: b, step: n, gap: LANES, readable: columns };
            let at = (0, left, columns);
            // SAFETY: the rows and columns lie inside `A`, `B` and `C`; no load passes the last column.
            unsafe {
                match self.size.0 {
                    1 => self.tile::<S, _, 1, 8>(simd, Eight(simd), stretch, at, b),
                    2 => self.tile::<S, _, 2, 4>(simd, Eight(simd), stretch, at, b),
                    _ => self.tile::<S, _, 3, 4>(simd, Eight(simd), stretch, at, b),
                }
            }
        }
    }

    /// `M` rows and `V` registers of `C` over one stretch of terms.
    ///
    /// # Safety
    /// Row and column must lie inside the item, and `b` have its numbers for all terms of the stretch.
    #[inline(always)]
    unsafe fn tile<S: Simd, W: Wide<Eight = S::V>, const M: usize, const V: usize>(
        &self,
        simd: S,
        wide: W,
        stretch: Stretch,
        (row, left, columns): (usize, usize, usize),
        b: Operand,
    ) {
        let MatrixSizes { m, n, k } = self.gemm.sizes;
        let each = W::LANES / LANES;
        let (row, left) = (self.first.0 + row, self.first.1 + left);
        let (a_row, a_step) = if self.gemm.a_transposed { (1, m) } else { (k, 1) };
        let a = self.a.as_ptr().wrapping_add(row * a_row + stretch.from * a_step);
        // numbers that there are of `of` in eight lanes of a register
        let lanes = |v: usize, half: usize, of: usize| of.saturating_sub(v * W::LANES + half * LANES).min(LANES);
        let c =
            |r: usize, v: usize, half: usize| self.c.wrapping_add((row + r) * n + left + v * W::LANES + half * LANES);
        let mut sums = [[wide.splat(0.0); V]; M];
        for v in 0..V {
            let bias = |half: usize| match self.bias {
                // SAFETY: these columns are inside the bias.
                Some(bias) if stretch.begins && lanes(v, half, columns) > 0 => unsafe {
                    let bias = bias.as_ptr().add(left + v * W::LANES + half * LANES);
                    simd.load_partial(bias, lanes(v, half, columns))
                },
                _ => simd.splat(0.0),
            };
            if self.bias.is_some() && stretch.begins {
                let bias = wide.join(bias);
                for r in 0..M {
                    sums[r][v] = bias;
                }
            }
            if self.accumulate || !stretch.begins {
                for r in 0..M {
                    let sum = sums[r][v];
                    sums[r][v] = wide.join(|half| match lanes(v, half, columns) {
                        0 => simd.splat(0.0),
                        // SAFETY: the row and these columns are inside `C`.
                        live => simd.add(wide.eight(sum, half), unsafe { simd.load_partial(c(r, v, half), live) }),
                    });
                }
            }
        }
        // SAFETY: by the contract above.
        unsafe {
            let rows = |term: usize, r: usize| a.add(term * a_step + r * a_row);
            let from = |term: usize, v: usize| b.from.wrapping_add(term * b.step + v * b.gap);
            // panels are whole, and a register as wide as they are has nothing else
            debug_assert!(W::LANES != PANEL || b.readable == V * W::LANES, "a panel that is not whole");
            if W::LANES == PANEL || b.readable == V * W::LANES {
                accumulate(wide, stretch.len, rows, |term, v| wide.load(from(term, v)), &mut sums);
            } else {
                let part = |term: usize, v: usize, half: usize| {
                    simd.load_partial(from(term, v).wrapping_add(half * LANES), lanes(v, half, b.readable))
                };
                accumulate(wide, stretch.len, rows, |term, v| wide.join(|half| part(term, v, half)), &mut sums);
            }
        }
        for v in 0..V {
            for half in 0..each {
                let live = lanes(v, half, columns);
                let mut rows = [simd.splat(0.0); M];
                for r in 0..M {
                    rows[r] = wide.eight(sums[r][v], half);
                    if stretch.ends {
                        rows[r] = self.limit.vector(simd, rows[r]);
                    }
                }
                // SAFETY: the rows and `live` columns are inside `C`, and this item's alone.
                unsafe {
                    if live == LANES {
                        for r in 0..M {
                            simd.store(c(r, v, half), rows[r]);
                        }
                    } else if live > 0 {
                        let mut lanes = [[0.0f32; LANES]; M];
                        for r in 0..M {
                            simd.store(lanes[r].as_mut_ptr(), rows[r]);
                        }
                        put(&lanes, c(0, v, half), n, live);
                    }
                }
            }
        }
    }

    /// With one term, `A` is a column and `B` a row in either order of storage.
    #[inline(always)]
    fn outer<S: Simd>(&self, simd: S) {
        let n = self.gemm.sizes.n;
        let (row, left) = self.first;
        for r in row..row + self.size.0 {
            let a = simd.splat(self.a[r]);
            for column in (left..left + self.size.1).step_by(LANES) {
                let live = LANES.min(left + self.size.1 - column);
                // SAFETY: `live` columns are inside `B`, the bias and row `r` of `C`, where they are this item's alone.
                unsafe {
                    let c = self.c.add(r * n + column);
                    let load = |from: *const f32| {
                        if live == LANES { simd.load(from) } else { simd.load_partial(from, live) }
                    };
                    let mut start = self.bias.map_or(simd.splat(0.0), |b| load(b.as_ptr().add(column)));
                    if self.accumulate {
                        start = simd.add(start, load(c));
                    }
                    let mut v = simd.fma(a, load(self.b.as_ptr().add(column)), start);
                    v = self.limit.vector(simd, v);
                    if live == LANES { simd.store(c, v) } else { simd.store_partial(c, v, live) }
                }
            }
        }
    }

    /// A few rows against a transposed `B`: each element is a dot product along `k`.
    #[inline(always)]
    fn dots<S: Simd>(&self, simd: S) {
        let n = self.gemm.sizes.n;
        let mut column = 0;
        while column < self.size.1 {
            let count = (self.size.1 - column).min(4);
            for row in 0..self.size.0 {
                let row = self.first.0 + row;
                let at = self.first.1 + column;
                let totals = if count == 4 { self.dot::<S, 4>(simd, row, at) } else { [0.0; 4] };
                for i in 0..count {
                    let mut total = if count == 4 { totals[i] } else { self.dot::<S, 1>(simd, row, at + i)[0] };
                    total += self.bias.map_or(0.0, |b| b[at + i]);
                    // SAFETY: the element lies inside `C` and is this item's alone.
                    let c = unsafe { &mut *self.c.add(row * n + at + i) };
                    if self.accumulate {
                        total += *c;
                    }
                    *c = self.limit.number(total);
                }
            }
            column += count;
        }
    }

    /// Row `row` of `op(A)` times `W` columns of `op(B)`.
    #[inline(always)]
    fn dot<S: Simd, const W: usize>(&self, simd: S, row: usize, column: usize) -> [f32; W] {
        let MatrixSizes { m, k, .. } = self.gemm.sizes;
        let mut totals = [0.0; W];
        if self.gemm.a_transposed && m > 1 {
            for w in 0..W {
                let b = &self.b[(column + w) * k..][..k];
                totals[w] = b.iter().enumerate().map(|(t, b)| self.a[t * m + row] * b).sum();
            }
            return totals;
        }
        let a = &self.a[row * k..][..k];
        let b: [&[f32]; W] = std::array::from_fn(|w| &self.b[(column + w) * k..][..k]);
        let mut sums = [[simd.splat(0.0); 2]; W];
        let whole = k / (2 * LANES) * (2 * LANES);
        // SAFETY: all slices are `k` long, and no load passes `k`.
        unsafe {
            for t in (0..whole).step_by(2 * LANES) {
                for half in 0..2 {
                    let x = simd.load(a.as_ptr().add(t + half * LANES));
                    for w in 0..W {
                        let y = simd.load(b[w].as_ptr().add(t + half * LANES));
                        sums[w][half] = simd.fma(x, y, sums[w][half]);
                    }
                }
            }
            for t in (whole..k).step_by(LANES) {
                let count = LANES.min(k - t);
                let x = simd.load_partial(a.as_ptr().add(t), count);
                for w in 0..W {
                    let y = simd.load_partial(b[w].as_ptr().add(t), count);
                    sums[w][0] = simd.fma(x, y, sums[w][0]);
                }
            }
        }
        for w in 0..W {
            totals[w] = simd.sum(simd.add(sums[w][0], sums[w][1]));
        }
        totals
    }
}

/// Writes `live` numbers of each row, `pitch` apart. Not inlined: it would be much of each tile's code.
///
/// # Safety
/// They must be writable.
#[inline(never)]
unsafe fn put(rows: &[[f32; LANES]], to: *mut f32, pitch: usize, live: usize) {
    for (r, row) in rows.iter().enumerate() {
        // SAFETY: by the contract above.
        unsafe { std::ptr::copy_nonoverlapping(row.as_ptr(), to.wrapping_add(r * pitch), live) };
    }
}
