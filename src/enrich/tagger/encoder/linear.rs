//! A layer of weights in 8 bits over rows of activations in 8 bits. Weights have one scale a column, activations a
//! scale and a zero a row, found anew for each row; sums are exact integers, so every machine gets the same.

use crate::enrich::tagger::kernels::Kernel;
use crate::enrich::tagger::kernels::ROWS;
use crate::enrich::tagger::numeric::range;
use crate::enrich::tagger::numeric::round;

/// Most columns of a kernel's panel.
const COLUMNS_MAX: usize = 64;

/// Rows of activations in 8 bits: value = scale * (byte - zero).
#[derive(Debug)]
pub(super) struct Bytes<K: Kernel> {
    width: usize,
    bytes: Vec<K::Byte>,
    scales: Vec<f32>,
    zeros: Vec<i32>,
}

impl<K: Kernel> Bytes<K> {
    /// Room for `rows` (a multiple of `ROWS`) of `width`.
    pub(super) fn new(rows: usize, width: usize) -> Self {
        Self {
            width,
            bytes: vec![K::Byte::default(); rows * width],
            scales: vec![0.0; rows],
            zeros: vec![0; rows],
        }
    }

    /// Takes rows of floats, as many as `floats` holds, from the first on.
    #[inline(always)]
    pub(super) fn quantise(&mut self, floats: &[f32]) {
        let rows = floats
            .chunks_exact(self.width)
            .zip(self.bytes.chunks_exact_mut(self.width));
        for ((floats, bytes), (scale, zero)) in rows.zip(self.scales.iter_mut().zip(&mut self.zeros)) {
            let (low, high) = range(floats);
            *scale = (high - low) / 255.0;
            let inverse = if *scale > f32::MIN_POSITIVE {
                1.0 / *scale
            } else {
                0.0
            };
            *zero = i32::from(round(-low * inverse));
            let offset = *zero as f32;
            for (byte, float) in bytes.iter_mut().zip(floats) {
                let steps = round(float * inverse + offset);
                *byte = K::byte(steps.clamp(0, 255) as u8);
            }
        }
    }
}

/// Weights of one layer, packed for a kernel.
#[derive(Debug)]
pub(super) struct Linear<K: Kernel> {
    inputs: usize,
    outputs: usize,
    /// By panel, group of inputs, column, input in the group.
    panels: Vec<K::Weight>,
    scales: Vec<f32>,
    /// Of all weights of a column, for activations whose zero is not 0.
    sums: Vec<i32>,
    bias: Vec<f32>,
}

/// One layer as it is stored: weights by output, then by input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights {
    /// Inputs of each output.
    pub(super) inputs: usize,
    /// `outputs * inputs` numbers.
    pub(super) weights: Vec<i8>,
    /// One an output.
    pub(super) scales: Vec<f32>,
    /// One an output.
    pub(super) bias: Vec<f32>,
}

impl<K: Kernel> Linear<K> {
    /// Packs weights; inputs and outputs are multiples of 64.
    pub(super) fn new(stored: Weights) -> Self {
        let Weights {
            inputs,
            weights,
            scales,
            bias,
        } = stored;
        let outputs = scales.len();
        let sum = |column: &[i8]| column.iter().map(|&weight| i32::from(weight)).sum();
        Self {
            inputs,
            outputs,
            panels: K::packed(&weights, inputs),
            sums: weights.chunks_exact(inputs).map(sum).collect(),
            scales,
            bias,
        }
    }

    /// Writes the layer's answer for the first `count` rows, each through `activation`, into rows of `into`.
    #[inline(always)]
    pub(super) fn apply(
        &self,
        kernel: K,
        rows: &Bytes<K>,
        count: usize,
        into: &mut [f32],
        activation: impl Fn(f32) -> f32,
    ) {
        let mut sums = [0_i32; ROWS * COLUMNS_MAX];
        let sums = &mut sums[..ROWS * K::COLUMNS];
        for (number, panel) in self.panels.chunks_exact(self.inputs * K::COLUMNS).enumerate() {
            let columns = number * K::COLUMNS..(number + 1) * K::COLUMNS;
            let (scales, bias) = (&self.scales[columns.clone()], &self.bias[columns.clone()]);
            let column_sums = &self.sums[columns.clone()];
            for first in (0..count).step_by(ROWS) {
                kernel.bytes(&rows.bytes[first * self.inputs..], self.inputs, panel, sums);
                for (row, sums) in (first..count).zip(sums.chunks_exact(K::COLUMNS)) {
                    let (scale, zero) = (rows.scales[row], rows.zeros[row]);
                    let into = &mut into[row * self.outputs..][columns.clone()];
                    for ((((into, sum), column_sum), column_scale), bias) in
                        into.iter_mut().zip(sums).zip(column_sums).zip(scales).zip(bias)
                    {
                        let exact = sum - zero * column_sum;
                        *into = activation(exact as f32 * (scale * column_scale) + bias);
                    }
                }
            }
        }
    }
}
