//! The encoder's layers, from the pieces of one window to one vector a piece (BERT: Devlin and others 2018, norm after
//! each half layer). Pure arithmetic; knows nothing of text, and nothing of the window before.

use crate::enrich::tagger::encoder::attention::Attention;
use crate::enrich::tagger::encoder::attention::HEAD;
use crate::enrich::tagger::encoder::linear::Bytes;
use crate::enrich::tagger::encoder::linear::Linear;
use crate::enrich::tagger::encoder::linear::Weights;
use crate::enrich::tagger::kernels::Kernel;
use crate::enrich::tagger::kernels::ROWS;
use crate::enrich::tagger::numeric::gelu;
use crate::enrich::tagger::numeric::layer_norm;

/// Most pieces of a window. A multiple of a tile's rows and of a panel's columns.
pub(super) const PIECES_MAX: usize = 192;
/// Rows that go through the feed-forward half together, so that their floats stay in the cache. A multiple of `ROWS`.
const BLOCK: usize = 8 * ROWS;

/// Scale and shift of a layer normalisation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Norm {
    /// Factors.
    pub(super) scale: Vec<f32>,
    /// Summands.
    pub(super) shift: Vec<f32>,
}

/// One layer as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredLayer {
    /// Queries, keys and values: hidden to 3 * hidden.
    pub(super) queries: Weights,
    /// After attention: hidden to hidden.
    pub(super) mix: Weights,
    /// Norm after attention.
    pub(super) mix_norm: Norm,
    /// Hidden to wide.
    pub(super) widen: Weights,
    /// Wide to hidden.
    pub(super) narrow: Weights,
    /// Norm after the feed-forward half.
    pub(super) norm: Norm,
}

#[derive(Debug)]
struct Layer<K: Kernel> {
    queries: Linear<K>,
    mix: Linear<K>,
    mix_norm: Norm,
    widen: Linear<K>,
    narrow: Linear<K>,
    norm: Norm,
}

/// All layers, packed for a kernel.
#[derive(Debug)]
pub(super) struct Network<K: Kernel> {
    kernel: K,
    hidden: usize,
    wide: usize,
    layers: Vec<Layer<K>>,
}

/// Memory for one window at a time; what is left in it has no effect on the next.
#[derive(Debug)]
pub(super) struct Scratch<K: Kernel> {
    attention: Attention,
    context: Vec<f32>,
    bytes: Bytes<K>,
    wide_bytes: Bytes<K>,
    wide: Vec<f32>,
    narrow: Vec<f32>,
}

impl<K: Kernel> Network<K> {
    /// Packs the layers; `hidden` and `wide` are multiples of 64.
    pub(super) fn new(kernel: K, hidden: usize, wide: usize, layers: Vec<StoredLayer>) -> Self {
        let pack = |layer: StoredLayer| Layer {
            queries: Linear::new(layer.queries),
            mix: Linear::new(layer.mix),
            mix_norm: layer.mix_norm,
            widen: Linear::new(layer.widen),
            narrow: Linear::new(layer.narrow),
            norm: layer.norm,
        };
        Self {
            kernel,
            hidden,
            wide,
            layers: layers.into_iter().map(pack).collect(),
        }
    }

    /// Memory for `forward`.
    pub(super) fn scratch(&self) -> Scratch<K> {
        Scratch {
            attention: Attention::new(PIECES_MAX, self.hidden / HEAD),
            context: vec![0.0; PIECES_MAX * self.hidden],
            bytes: Bytes::new(BLOCK, self.hidden),
            wide_bytes: Bytes::new(BLOCK, self.wide),
            wide: vec![0.0; BLOCK * self.wide.max(3 * self.hidden)],
            narrow: vec![0.0; BLOCK * self.hidden],
        }
    }

    /// Takes the embeddings of a window's pieces through all layers, in place: rows of `hidden` floats, at most
    /// `PIECES_MAX`.
    pub(super) fn forward(&self, scratch: &mut Scratch<K>, rows: &mut [f32]) {
        self.kernel.run(
            #[inline(always)]
            || {
                for layer in &self.layers {
                    self.attend(layer, scratch, rows);
                    self.feed_forward(layer, scratch, rows);
                }
            },
        );
    }

    /// The attention of one layer, up to its mixed values in `scratch.context`.
    #[inline(always)]
    fn attend(&self, layer: &Layer<K>, scratch: &mut Scratch<K>, rows: &[f32]) {
        for (number, block) in rows.chunks(BLOCK * self.hidden).enumerate() {
            let count = block.len() / self.hidden;
            scratch.bytes.quantise(block);
            layer
                .queries
                .apply(self.kernel, &scratch.bytes, count, &mut scratch.wide, |x| x);
            for (row, floats) in scratch.wide.chunks_exact(3 * self.hidden).take(count).enumerate() {
                scratch.attention.put(number * BLOCK + row, floats);
            }
        }
        let count = rows.len() / self.hidden;
        scratch.attention.attend(self.kernel, count, &mut scratch.context);
    }

    /// What follows attention in one layer.
    #[inline(always)]
    fn feed_forward(&self, layer: &Layer<K>, scratch: &mut Scratch<K>, rows: &mut [f32]) {
        let blocks = rows
            .chunks_mut(BLOCK * self.hidden)
            .zip(scratch.context.chunks(BLOCK * self.hidden));
        for (block, context) in blocks {
            let count = block.len() / self.hidden;
            scratch.bytes.quantise(&context[..block.len()]);
            layer
                .mix
                .apply(self.kernel, &scratch.bytes, count, &mut scratch.narrow, |x| x);
            add_and_norm(block, &scratch.narrow, &layer.mix_norm);
            scratch.bytes.quantise(block);
            layer
                .widen
                .apply(self.kernel, &scratch.bytes, count, &mut scratch.wide, gelu);
            scratch.wide_bytes.quantise(&scratch.wide[..count * self.wide]);
            layer.narrow.apply(
                self.kernel,
                &scratch.wide_bytes,
                count,
                &mut scratch.narrow,
                |x| x,
            );
            add_and_norm(block, &scratch.narrow, &layer.norm);
        }
    }
}

#[inline(always)]
fn add_and_norm(rows: &mut [f32], added: &[f32], norm: &Norm) {
    for (sum, value) in rows.iter_mut().zip(added) {
        *sum += value;
    }
    for row in rows.chunks_exact_mut(norm.scale.len()) {
        layer_norm(row, &norm.scale, &norm.shift);
    }
}
