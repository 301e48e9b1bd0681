//! Self-attention (Vaswani and others 2017) over one window, in whole numbers of 16 bits where it multiplies and in
//! floats where it weighs; exact sums, so every machine gets the same. Never sees more than one window.

use crate::enrich::tagger::kernels::Kernel;
use crate::enrich::tagger::kernels::PAIR_COLUMNS;
use crate::enrich::tagger::kernels::ROWS;
use crate::enrich::tagger::numeric::LANES;
use crate::enrich::tagger::numeric::exp;
use crate::enrich::tagger::numeric::range;
use crate::enrich::tagger::numeric::round;
use crate::enrich::tagger::numeric::sum;

/// Numbers that one head has for one piece.
pub(super) const HEAD: usize = PAIR_COLUMNS;
/// Largest query or key: the sum of `HEAD` products still fits 32 bits.
const QUERY_MAX: f32 = 8191.0;
/// Largest value, and the whole of all weights: the sum of products fits 32 bits, since weights add up to one.
const VALUE_MAX: f32 = 32_000.0;

/// Queries, keys and values of one window, and room to work in.
#[derive(Debug)]
pub(super) struct Attention {
    rows_max: usize,
    heads: usize,
    /// By head, row, number.
    queries: Vec<i16>,
    query_scales: Vec<f32>,
    keys: Vec<i16>,
    key_scales: Vec<f32>,
    values: Vec<f32>,
    /// Keys of one head: by panel of rows, pair of numbers, row.
    key_panels: Vec<i16>,
    /// Values of one head: by pair of rows, number.
    value_panel: Vec<i16>,
    sums: Vec<i32>,
    weights: Vec<f32>,
    shares: Vec<i16>,
}

impl Attention {
    /// Room for `rows_max` rows, a multiple of `ROWS` and `PAIR_COLUMNS`.
    pub(super) fn new(rows_max: usize, heads: usize) -> Self {
        let numbers = rows_max * heads * HEAD;
        Self {
            rows_max,
            heads,
            queries: vec![0; numbers],
            query_scales: vec![0.0; rows_max * heads],
            keys: vec![0; numbers],
            key_scales: vec![0.0; rows_max * heads],
            values: vec![0.0; numbers],
            key_panels: vec![0; rows_max * HEAD],
            value_panel: vec![0; rows_max * HEAD],
            sums: vec![0; ROWS * rows_max],
            weights: vec![0.0; rows_max],
            shares: vec![0; ROWS * rows_max],
        }
    }

    /// Takes the queries, keys and values of one row, each `heads * HEAD` floats, in this order.
    #[inline(always)]
    pub(super) fn put(&mut self, row: usize, floats: &[f32]) {
        let width = self.heads * HEAD;
        for head in 0..self.heads {
            let at = head * self.rows_max + row;
            let numbers = at * HEAD..(at + 1) * HEAD;
            let part = |which: usize| &floats[which * width + head * HEAD..][..HEAD];
            self.query_scales[at] = narrow(part(0), &mut self.queries[numbers.clone()]);
            self.key_scales[at] = narrow(part(1), &mut self.keys[numbers.clone()]);
            self.values[numbers].copy_from_slice(part(2));
        }
    }

    /// Every row's answer over the first `count` rows, into rows of `heads * HEAD` floats.
    #[inline(always)]
    pub(super) fn attend<K: Kernel>(&mut self, kernel: K, count: usize, into: &mut [f32]) {
        let depth = count.next_multiple_of(PAIR_COLUMNS);
        let width = self.heads * HEAD;
        for head in 0..self.heads {
            self.pack_keys(head, count, depth);
            let value_scale = self.pack_values(head, count, depth);
            let start = head * self.rows_max;
            for first in (0..count).step_by(ROWS) {
                let queries = &self.queries[(start + first) * HEAD..][..ROWS * HEAD];
                let panels = self.key_panels[..depth * HEAD].chunks_exact(PAIR_COLUMNS * HEAD);
                for (number, panel) in panels.enumerate() {
                    kernel.pairs(
                        queries,
                        HEAD,
                        panel,
                        &mut self.sums[number * PAIR_COLUMNS..],
                        depth,
                    );
                }
                let rows = self
                    .sums
                    .chunks_exact(depth)
                    .zip(self.shares.chunks_exact_mut(depth));
                for (row, (sums, shares)) in (first..count).zip(rows) {
                    let key_scales = &self.key_scales[start..start + count];
                    let scale = self.query_scales[start + row];
                    weigh(sums, scale, key_scales, &mut self.weights[..depth], shares);
                }
                let mut sums = [0_i32; ROWS * HEAD];
                kernel.pairs(&self.shares, depth, &self.value_panel, &mut sums, HEAD);
                for (row, sums) in (first..count).zip(sums.chunks_exact(HEAD)) {
                    let into = &mut into[row * width + head * HEAD..][..HEAD];
                    for (into, sum) in into.iter_mut().zip(sums) {
                        *into = *sum as f32 * value_scale;
                    }
                }
            }
        }
    }

    /// Lays out one head's keys by pairs; rows from `count` to `depth` become 0.
    #[inline(always)]
    fn pack_keys(&mut self, head: usize, count: usize, depth: usize) {
        let keys = &self.keys[head * self.rows_max * HEAD..][..count * HEAD];
        self.key_panels[..depth * HEAD].fill(0);
        for (row, key) in keys.chunks_exact(HEAD).enumerate() {
            let (panel, column) = (row / PAIR_COLUMNS, row % PAIR_COLUMNS);
            let panel = &mut self.key_panels[panel * PAIR_COLUMNS * HEAD..][..PAIR_COLUMNS * HEAD];
            for (pair, group) in key.chunks_exact(2).zip(panel.chunks_exact_mut(2 * PAIR_COLUMNS)) {
                group[2 * column..2 * column + 2].copy_from_slice(pair);
            }
        }
    }

    /// Lays out one head's values by pairs of rows, with one scale for all, which comes back with the shares' own.
    #[inline(always)]
    fn pack_values(&mut self, head: usize, count: usize, depth: usize) -> f32 {
        let values = &self.values[head * self.rows_max * HEAD..][..count * HEAD];
        let greatest = magnitude(values);
        let inverse = if greatest > f32::MIN_POSITIVE {
            VALUE_MAX / greatest
        } else {
            0.0
        };
        self.value_panel[..depth * HEAD].fill(0);
        for (row, value) in values.chunks_exact(HEAD).enumerate() {
            let pairs = &mut self.value_panel[row / 2 * 2 * HEAD..][..2 * HEAD];
            for (pair, value) in pairs.chunks_exact_mut(2).zip(value) {
                pair[row % 2] = round(value * inverse);
            }
        }
        greatest / VALUE_MAX / VALUE_MAX
    }
}

/// The greatest absolute value of a row.
#[inline(always)]
fn magnitude(row: &[f32]) -> f32 {
    let (low, high) = range(row);
    if -low > high { -low } else { high }
}

/// Floats to whole numbers up to `QUERY_MAX`; gives back what one step is worth.
#[inline(always)]
fn narrow(floats: &[f32], numbers: &mut [i16]) -> f32 {
    let greatest = magnitude(floats);
    let inverse = if greatest > f32::MIN_POSITIVE {
        QUERY_MAX / greatest
    } else {
        0.0
    };
    for (number, float) in numbers.iter_mut().zip(floats) {
        *number = round(float * inverse);
    }
    greatest / QUERY_MAX
}

/// One row of the softmax: exact products to shares of `VALUE_MAX`. Products beyond the keys get none.
#[inline(always)]
fn weigh(sums: &[i32], scale: f32, key_scales: &[f32], weights: &mut [f32], shares: &mut [i16]) {
    /// One over the root of `HEAD`.
    const NORM: f32 = 0.176_776_7;
    let scale = scale * NORM;
    for ((weight, sum), key_scale) in weights.iter_mut().zip(sums).zip(key_scales) {
        *weight = *sum as f32 * (scale * key_scale);
    }
    weights[key_scales.len()..].fill(f32::MIN);
    let mut greatest = [f32::MIN; LANES];
    for chunk in weights.chunks_exact(LANES) {
        for (greatest, &weight) in greatest.iter_mut().zip(chunk) {
            *greatest = if weight > *greatest { weight } else { *greatest };
        }
    }
    let greatest = greatest
        .into_iter()
        .fold(f32::MIN, |a, b| if b > a { b } else { a });
    for weight in weights.iter_mut() {
        *weight = exp(*weight - greatest);
    }
    let factor = VALUE_MAX / sum(weights);
    for (share, weight) in shares.iter_mut().zip(weights.iter()) {
        *share = round(weight * factor);
    }
}
