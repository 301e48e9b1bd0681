//! Products of small integers, the inner loop of the encoder: for AVX-512 VNNI, for AVX2, and for any machine; all
//! three give the same integers. The one file with vector instructions, and so with `unsafe`; knows nothing of layers.
#![allow(unsafe_code)]

use std::fmt::Debug;

/// Rows of one tile: how many rows of activations meet a panel of columns at once.
pub(super) const ROWS: usize = 6;
/// Columns of a panel of pairs.
pub(super) const PAIR_COLUMNS: usize = 32;

/// A set of instructions that this machine has; to hold one is the proof.
pub(super) trait Kernel: Copy + Debug + Send + Sync {
    /// An activation, 0 to 255.
    type Byte: Copy + Debug + Default + Ord + Send + Sync;
    /// A weight, -127 to 127.
    type Weight: Copy + Debug + Default + Send + Sync;
    /// Columns of a panel of weights.
    const COLUMNS: usize;
    /// Neighbours in a column that lie together in a panel.
    const GROUP: usize;

    /// The activation as this kernel reads it.
    fn byte(value: u8) -> Self::Byte;

    /// The weight as this kernel reads it.
    fn weight(value: i8) -> Self::Weight;

    /// `ROWS` rows of `depth` activations times one panel of weights (`depth / GROUP` times `COLUMNS` groups), into
    /// `ROWS` rows of `COLUMNS` exact sums.
    ///
    /// # Panics
    /// Where a slice is too short.
    fn bytes(self, rows: &[Self::Byte], depth: usize, panel: &[Self::Weight], sums: &mut [i32]);

    /// `ROWS` rows of `depth` numbers times one panel of pairs (`depth / 2` times `PAIR_COLUMNS` pairs), into `ROWS`
    /// rows of `PAIR_COLUMNS` sums, which lie `stride` apart. Sums must fit 32 bits.
    ///
    /// # Panics
    /// Where a slice is too short.
    fn pairs(self, rows: &[i16], depth: usize, panel: &[i16], sums: &mut [i32], stride: usize);

    /// Runs `work` compiled for these instructions, as far as it is inlined.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

    /// Weights of `inputs` each column, as panels of `COLUMNS` columns: by panel, group of inputs, column, input in the
    /// group.
    fn packed(weights: &[i8], inputs: usize) -> Vec<Self::Weight> {
        let mut panels = Vec::with_capacity(weights.len());
        for panel in weights.chunks_exact(inputs * Self::COLUMNS) {
            for group in (0..inputs).step_by(Self::GROUP) {
                for column in panel.chunks_exact(inputs) {
                    let weights = column.iter().skip(group).take(Self::GROUP);
                    panels.extend(weights.map(|&weight| Self::weight(weight)));
                }
            }
        }
        panels
    }
}

/// The slices of a product fit each other.
#[inline(always)]
fn fit(rows: usize, depth: usize, group: usize, panel: (usize, usize), sums: (usize, usize)) {
    let (length, columns) = panel;
    let (room, stride) = sums;
    assert!(
        depth > 0
            && depth.is_multiple_of(group)
            && rows >= ROWS * depth
            && length >= depth * columns
            && stride >= columns
            && room >= (ROWS - 1) * stride + columns,
        "slices of a product do not fit each other"
    );
}

/// Plain Rust, for any machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

impl Kernel for Portable {
    type Byte = i16;
    type Weight = i16;
    const COLUMNS: usize = PAIR_COLUMNS;
    const GROUP: usize = 2;

    #[inline(always)]
    fn byte(value: u8) -> i16 {
        i16::from(value)
    }

    #[inline(always)]
    fn weight(value: i8) -> i16 {
        i16::from(value)
    }

    #[inline(always)]
    fn bytes(self, rows: &[i16], depth: usize, panel: &[i16], sums: &mut [i32]) {
        self.pairs(rows, depth, panel, sums, PAIR_COLUMNS);
    }

    fn pairs(self, rows: &[i16], depth: usize, panel: &[i16], sums: &mut [i32], stride: usize) {
        fit(
            rows.len(),
            depth,
            2,
            (panel.len(), PAIR_COLUMNS),
            (sums.len(), stride),
        );
        for (row, sums) in rows.chunks_exact(depth).zip(sums.chunks_mut(stride)).take(ROWS) {
            let mut totals = [0_i32; PAIR_COLUMNS];
            for (pair, weights) in row.chunks_exact(2).zip(panel.chunks_exact(2 * PAIR_COLUMNS)) {
                let (a, b) = (i32::from(pair[0]), i32::from(pair[1]));
                for (total, weight) in totals.iter_mut().zip(weights.chunks_exact(2)) {
                    *total = total.wrapping_add(a * i32::from(weight[0]) + b * i32::from(weight[1]));
                }
            }
            sums[..PAIR_COLUMNS].copy_from_slice(&totals);
        }
    }

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Vnni};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Kernel;
    use super::PAIR_COLUMNS;
    use super::Portable;
    use super::ROWS;
    use super::fit;

    /// 256-bit vectors (Intel since 2013, AMD since 2015).
    #[derive(Debug, Clone, Copy)]
    pub(in crate::enrich::tagger) struct Avx2(());

    impl Avx2 {
        /// Where the machine has them.
        pub(in crate::enrich::tagger) fn detect() -> Option<Self> {
            is_x86_feature_detected!("avx2").then_some(Self(()))
        }
    }

    impl Kernel for Avx2 {
        type Byte = i16;
        type Weight = i16;
        const COLUMNS: usize = PAIR_COLUMNS;
        const GROUP: usize = 2;

        #[inline(always)]
        fn byte(value: u8) -> i16 {
            Portable::byte(value)
        }

        #[inline(always)]
        fn weight(value: i8) -> i16 {
            Portable::weight(value)
        }

        #[inline(always)]
        fn bytes(self, rows: &[i16], depth: usize, panel: &[i16], sums: &mut [i32]) {
            self.pairs(rows, depth, panel, sums, PAIR_COLUMNS);
        }

        #[inline(always)]
        fn pairs(self, rows: &[i16], depth: usize, panel: &[i16], sums: &mut [i32], stride: usize) {
            fit(
                rows.len(),
                depth,
                2,
                (panel.len(), PAIR_COLUMNS),
                (sums.len(), stride),
            );
            // SAFETY: `Avx2` exists only where `detect` found the instructions; `fit` has checked every slice.
            unsafe { pairs_avx2(rows.as_ptr(), depth, panel.as_ptr(), sums.as_mut_ptr(), stride) }
        }

        #[inline(always)]
        fn run<R>(self, work: impl FnOnce() -> R) -> R {
            #[target_feature(enable = "avx2")]
            fn inner<R>(work: impl FnOnce() -> R) -> R {
                work()
            }
            // SAFETY: `Avx2` exists only where `detect` found the instructions.
            unsafe { inner(work) }
        }
    }

    /// # Safety
    /// The slices behind the pointers fit each other (`fit`).
    #[target_feature(enable = "avx2")]
    unsafe fn pairs_avx2(rows: *const i16, depth: usize, panel: *const i16, sums: *mut i32, stride: usize) {
        for half in 0..2 {
            let mut totals = [[_mm256_setzero_si256(); 2]; ROWS];
            for step in 0..depth / 2 {
                // SAFETY: below `depth / 2` steps of 64 numbers, of which this half has 32.
                let at = unsafe { panel.add(step * 2 * PAIR_COLUMNS + half * PAIR_COLUMNS) };
                // SAFETY: two vectors of 16 numbers each.
                let weights = unsafe {
                    [
                        _mm256_loadu_si256(at.cast()),
                        _mm256_loadu_si256(at.add(16).cast()),
                    ]
                };
                for (row, totals) in totals.iter_mut().enumerate() {
                    // SAFETY: row `row` of `ROWS`, two numbers below `depth`.
                    let pair = unsafe { rows.add(row * depth + 2 * step).cast::<i32>().read_unaligned() };
                    let pair = _mm256_set1_epi32(pair);
                    for (total, weights) in totals.iter_mut().zip(weights) {
                        *total = _mm256_add_epi32(*total, _mm256_madd_epi16(pair, weights));
                    }
                }
            }
            for (row, totals) in totals.iter().enumerate() {
                for (vector, total) in totals.iter().enumerate() {
                    // SAFETY: row `row` of `sums` has `PAIR_COLUMNS` numbers, of which this vector has eight.
                    unsafe {
                        _mm256_storeu_si256(sums.add(row * stride + half * 16 + vector * 8).cast(), *total)
                    }
                }
            }
        }
    }

    /// 512-bit vectors with byte products (Intel since 2019, AMD since 2022).
    #[derive(Debug, Clone, Copy)]
    pub(in crate::enrich::tagger) struct Vnni(());

    impl Vnni {
        /// Where the machine has them.
        pub(in crate::enrich::tagger) fn detect() -> Option<Self> {
            let found = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            found.then_some(Self(()))
        }
    }

    impl Kernel for Vnni {
        type Byte = u8;
        type Weight = i8;
        const COLUMNS: usize = 64;
        const GROUP: usize = 4;

        #[inline(always)]
        fn byte(value: u8) -> u8 {
            value
        }

        #[inline(always)]
        fn weight(value: i8) -> i8 {
            value
        }

        #[inline(always)]
        fn bytes(self, rows: &[u8], depth: usize, panel: &[i8], sums: &mut [i32]) {
            fit(
                rows.len(),
                depth,
                4,
                (panel.len(), Self::COLUMNS),
                (sums.len(), Self::COLUMNS),
            );
            // SAFETY: `Vnni` exists only where `detect` found the instructions; `fit` has checked every slice.
            unsafe { bytes_vnni(rows.as_ptr(), depth, panel.as_ptr(), sums.as_mut_ptr()) }
        }

        #[inline(always)]
        fn pairs(self, rows: &[i16], depth: usize, panel: &[i16], sums: &mut [i32], stride: usize) {
            fit(
                rows.len(),
                depth,
                2,
                (panel.len(), PAIR_COLUMNS),
                (sums.len(), stride),
            );
            // SAFETY: `Vnni` exists only where `detect` found the instructions; `fit` has checked every slice.
            unsafe { pairs_vnni(rows.as_ptr(), depth, panel.as_ptr(), sums.as_mut_ptr(), stride) }
        }

        #[inline(always)]
        fn run<R>(self, work: impl FnOnce() -> R) -> R {
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
            fn inner<R>(work: impl FnOnce() -> R) -> R {
                work()
            }
            // SAFETY: `Vnni` exists only where `detect` found the instructions.
            unsafe { inner(work) }
        }
    }

    /// # Safety
    /// The slices behind the pointers fit each other (`fit`).
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn bytes_vnni(rows: *const u8, depth: usize, panel: *const i8, sums: *mut i32) {
        let mut totals = [[_mm512_setzero_si512(); 4]; ROWS];
        for step in 0..depth / 4 {
            let mut weights = [_mm512_setzero_si512(); 4];
            for (vector, weights) in weights.iter_mut().enumerate() {
                // SAFETY: below `depth / 4` steps of 256 weights, of which this vector has 64.
                *weights = unsafe { _mm512_loadu_si512(panel.add(step * 256 + vector * 64).cast()) };
            }
            for (row, totals) in totals.iter_mut().enumerate() {
                // SAFETY: row `row` of `ROWS`, four bytes below `depth`.
                let four = unsafe { rows.add(row * depth + 4 * step).cast::<i32>().read_unaligned() };
                let four = _mm512_set1_epi32(four);
                for (total, weights) in totals.iter_mut().zip(weights) {
                    *total = _mm512_dpbusd_epi32(*total, four, weights);
                }
            }
        }
        for (row, totals) in totals.iter().enumerate() {
            for (vector, total) in totals.iter().enumerate() {
                // SAFETY: `sums` has `ROWS` rows of 64 numbers, of which this vector has 16.
                unsafe { _mm512_storeu_si512(sums.add(row * 64 + vector * 16).cast(), *total) }
            }
        }
    }

    /// # Safety
    /// The slices behind the pointers fit each other (`fit`).
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn pairs_vnni(rows: *const i16, depth: usize, panel: *const i16, sums: *mut i32, stride: usize) {
        let mut totals = [[_mm512_setzero_si512(); 2]; ROWS];
        for step in 0..depth / 2 {
            // SAFETY: below `depth / 2` steps of 64 numbers.
            let at = unsafe { panel.add(step * 2 * PAIR_COLUMNS) };
            // SAFETY: two vectors of 32 numbers each.
            let weights = unsafe {
                [
                    _mm512_loadu_si512(at.cast()),
                    _mm512_loadu_si512(at.add(32).cast()),
                ]
            };
            for (row, totals) in totals.iter_mut().enumerate() {
                // SAFETY: row `row` of `ROWS`, two numbers below `depth`.
                let pair = unsafe { rows.add(row * depth + 2 * step).cast::<i32>().read_unaligned() };
                let pair = _mm512_set1_epi32(pair);
                for (total, weights) in totals.iter_mut().zip(weights) {
                    *total = _mm512_dpwssd_epi32(*total, pair, weights);
                }
            }
        }
        for (row, totals) in totals.iter().enumerate() {
            for (vector, total) in totals.iter().enumerate() {
                // SAFETY: row `row` of `sums` has `PAIR_COLUMNS` numbers, of which this vector has 16.
                unsafe { _mm512_storeu_si512(sums.add(row * stride + vector * 16).cast(), *total) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random, from a linear congruential generator (Knuth's MMIX).
    fn numbers(count: usize, low: i32, high: i32) -> Vec<i32> {
        let mut state = 7_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            low + ((state >> 33) % u64::try_from(high - low + 1).unwrap()) as i32
        };
        (0..count).map(|_| next()).collect()
    }

    fn check_bytes<K: Kernel>(kernel: K, depth: usize, activations: &[i32], weights: &[i32]) {
        let rows: Vec<_> = activations
            .iter()
            .map(|&a| K::byte(u8::try_from(a).unwrap()))
            .collect();
        let mut panel = Vec::new();
        for group in 0..depth / K::GROUP {
            for column in 0..K::COLUMNS {
                for inner in 0..K::GROUP {
                    let weight = weights[(group * K::GROUP + inner) * 64 + column];
                    panel.push(K::weight(i8::try_from(weight).unwrap()));
                }
            }
        }
        let mut sums = vec![-1; ROWS * K::COLUMNS];
        kernel.bytes(&rows, depth, &panel, &mut sums);
        for row in 0..ROWS {
            for column in 0..K::COLUMNS {
                let expected: i32 = (0..depth)
                    .map(|at| activations[row * depth + at] * weights[at * 64 + column])
                    .sum();
                assert_eq!(
                    sums[row * K::COLUMNS + column],
                    expected,
                    "row {row} column {column}"
                );
            }
        }
    }

    fn check_pairs<K: Kernel>(kernel: K, depth: usize, stride: usize, a: &[i32], b: &[i32]) {
        let rows: Vec<_> = a.iter().map(|&a| i16::try_from(a).unwrap()).collect();
        let mut panel = Vec::new();
        for pair in 0..depth / 2 {
            for column in 0..PAIR_COLUMNS {
                for at in [2 * pair, 2 * pair + 1] {
                    panel.push(i16::try_from(b[at * PAIR_COLUMNS + column]).unwrap());
                }
            }
        }
        let mut sums = vec![-1; ROWS * stride];
        kernel.pairs(&rows, depth, &panel, &mut sums, stride);
        for row in 0..ROWS {
            for column in 0..stride {
                let product = |at: usize| a[row * depth + at] * b[at * PAIR_COLUMNS + column];
                let expected = if column < PAIR_COLUMNS {
                    (0..depth).map(product).sum()
                } else {
                    -1
                };
                assert_eq!(sums[row * stride + column], expected, "row {row} column {column}");
            }
        }
    }

    fn check<K: Kernel>(kernel: K) {
        for depth in [4, 64, 384] {
            for (low, high) in [(0, 255), (255, 255)] {
                for (least, most) in [(-127, 127), (127, 127), (-127, -127)] {
                    let (activations, weights) =
                        (numbers(ROWS * depth, low, high), numbers(depth * 64, least, most));
                    check_bytes(kernel, depth, &activations, &weights);
                }
            }
        }
        for (depth, most) in [(2, 32767), (32, 8191), (192, 3000)] {
            for stride in [32, 96] {
                let (a, b) = (
                    numbers(ROWS * depth, -most, most),
                    numbers(depth * PAIR_COLUMNS, -most, most),
                );
                check_pairs(kernel, depth, stride, &a, &b);
                check_pairs(
                    kernel,
                    depth,
                    stride,
                    &vec![most; ROWS * depth],
                    &vec![-most; depth * PAIR_COLUMNS],
                );
            }
        }
        assert_eq!(kernel.run(|| 7), 7);
    }

    #[test]
    fn every_kernel_gives_exact_sums() {
        check(Portable);
        #[cfg(target_arch = "x86_64")]
        {
            Avx2::detect().map(check).unwrap_or_default();
            Vnni::detect().map(check).unwrap_or_default();
        }
    }

    #[test]
    #[should_panic(expected = "do not fit")]
    fn short_slices_are_refused() {
        Portable.bytes(&[0; 5 * 64], 64, &[0; 64 * 32], &mut [0; ROWS * 32]);
    }
}
