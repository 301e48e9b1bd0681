//! The network of the fast recogniser in whole numbers: rows of features add up to a token, layers look at its
//! neighbours and at the same word elsewhere. Every machine gets the same integers, whatever its kernel.

use crate::enrich::tagger::fast::document::Document;
use crate::enrich::tagger::kernels::Kernel;
use crate::enrich::tagger::kernels::ROWS;
use crate::enrich::tagger::numeric::log_softmax;
use crate::enrich::tagger::tags::Scores;
use crate::enrich::tagger::tags::TAGS;

/// Outputs of a layer come in blocks of this size; it is the most columns of any kernel's panel.
const BLOCK: usize = 64;
/// An activation is a multiple of 1/32 from 0 to 127/32, a weight one of 1/128: a sum is one of 1/4096, and loses
/// these bits on its way to an activation.
const SHIFT: u32 = 7;
const LARGEST: i32 = 127;
/// What a sum of products counts in.
const UNIT: f32 = 1.0 / 4096.0;
/// Number of the word in a gap.
const GAP: u32 = u32::MAX;

/// The numbers of a network, as stored.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    /// Numbers of a token.
    pub(super) embed: usize,
    /// Rows of features.
    pub(super) table: Vec<i8>,
    /// Rows of word vectors.
    pub(super) vectors: Vec<i8>,
    /// Added to every token.
    pub(super) bias: Vec<i8>,
    /// Weights (by output, then input) and biases of each layer; the last gives the tags.
    pub(super) layers: Vec<(Vec<i8>, Vec<i32>)>,
    /// Which layer also sees the greatest of the same word's activations in the document.
    pub(super) pool_at: usize,
}

/// Numbers that fill one line of a cache, and lie on one.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([i8; BLOCK]);

impl Line {
    /// Rows of `BLOCK` numbers, or of a multiple of that.
    fn table(numbers: &[i8]) -> Vec<Self> {
        let (lines, _) = numbers.as_chunks();
        lines.iter().map(|line| Self(*line)).collect()
    }
}

/// A network for one kernel.
#[derive(Debug)]
pub(super) struct Network<K: Kernel> {
    kernel: K,
    embed: usize,
    table: Vec<Line>,
    vectors: Vec<Line>,
    bias: Vec<Line>,
    layers: Vec<Layer<K>>,
    out: Layer<K>,
    pool_at: usize,
}

/// Weights of one layer, packed for a kernel.
#[derive(Debug)]
struct Layer<K: Kernel> {
    inputs: usize,
    /// By panel, group of inputs, column, input in the group.
    panels: Vec<K::Weight>,
    bias: Vec<i32>,
}

impl<K: Kernel> Layer<K> {
    fn new((mut weights, mut bias): (Vec<i8>, Vec<i32>)) -> Self {
        let inputs = weights.len() / bias.len().max(1);
        bias.resize(bias.len().next_multiple_of(BLOCK), 0);
        weights.resize(bias.len() * inputs, 0);
        Self {
            inputs,
            panels: K::packed(&weights, inputs),
            bias,
        }
    }

    /// Gives each block of sums (row, first column, sums with their biases) of `ROWS` rows of inputs to `take`.
    #[inline(always)]
    fn apply(&self, kernel: K, rows: &[K::Byte], mut take: impl FnMut(usize, usize, &[i32])) {
        let mut block = [0_i32; ROWS * BLOCK];
        let Some(sums) = block.get_mut(..ROWS * K::COLUMNS) else {
            return;
        };
        let panels = self.panels.chunks_exact(self.inputs * K::COLUMNS);
        for (number, (panel, bias)) in panels.zip(self.bias.chunks_exact(K::COLUMNS)).enumerate() {
            kernel.bytes(rows, self.inputs, panel, sums);
            for (row, sums) in sums.chunks_exact_mut(K::COLUMNS).enumerate() {
                for (sum, bias) in sums.iter_mut().zip(bias) {
                    *sum += bias;
                }
                take(row, number * K::COLUMNS, sums);
            }
        }
    }
}

impl<K: Kernel> Network<K> {
    /// Packs weights that `Model` has checked.
    pub(super) fn new(kernel: K, mut weights: Weights) -> Self {
        let out = Layer::new(weights.layers.pop().unwrap_or_default());
        Self {
            kernel,
            embed: weights.embed,
            table: Line::table(&weights.table),
            vectors: Line::table(&weights.vectors),
            bias: Line::table(&weights.bias),
            layers: weights.layers.into_iter().map(Layer::new).collect(),
            out,
            pool_at: weights.pool_at,
        }
    }

    /// Log-probabilities of the tags of every token of a document.
    pub(super) fn read(&self, document: &Document) -> Vec<Scores> {
        self.kernel.run(
            #[inline(always)]
            || self.read_inlined(document),
        )
    }

    #[inline(always)]
    fn read_inlined(&self, document: &Document) -> Vec<Scores> {
        let words = sequence(document);
        let mut rows = self.embeddings(document, &words);
        let mut width = self.embed;
        for (number, layer) in self.layers.iter().enumerate() {
            let most = if number == self.pool_at {
                pool(&rows, width, &words, document.key_count)
            } else {
                Vec::new()
            };
            let outputs = layer.bias.len();
            let mut next = vec![K::Byte::default(); words.len() * outputs];
            self.convolve(layer, &rows, (&most, width), &words, &mut next);
            (rows, width) = (next, outputs);
        }
        self.tags(&rows, width, &words)
    }

    /// Every token's activations, rows of zeros in the gaps.
    #[inline(always)]
    fn embeddings(&self, document: &Document, words: &[Word]) -> Vec<K::Byte> {
        let (embed, lines) = (self.embed, self.embed / BLOCK);
        let mut forms = vec![0_i16; document.forms.len() * embed];
        for (form, sums) in document.forms.iter().zip(forms.chunks_exact_mut(embed)) {
            add(sums, &self.bias);
            for &row in &form.rows {
                add(sums, slice(&self.table, row as usize, lines));
            }
            if let Some(row) = usize::from(form.vector).checked_sub(1) {
                add(sums, slice(&self.vectors, row, lines));
            }
        }
        let mut rows = vec![K::Byte::default(); words.len() * embed];
        for (word, row) in words.iter().zip(rows.chunks_exact_mut(embed)) {
            let Some(context) = document.context.get(word.token).filter(|_| word.key != GAP) else {
                continue;
            };
            let [phrase, flags, place] = context.map(|row| slice(&self.table, row as usize, lines));
            let (forms, _) = slice(&forms, word.form, embed).as_chunks::<BLOCK>();
            let around = phrase.iter().zip(flags).zip(place);
            for ((bytes, form), ((phrase, flags), place)) in
                row.chunks_exact_mut(BLOCK).zip(forms).zip(around)
            {
                let around = phrase.0.iter().zip(&flags.0).zip(&place.0);
                for ((byte, form), ((phrase, flags), place)) in bytes.iter_mut().zip(form).zip(around) {
                    let sum = form + i16::from(*phrase) + i16::from(*flags) + i16::from(*place);
                    *byte = K::byte(sum.clamp(0, LARGEST as i16) as u8);
                }
            }
        }
        rows
    }

    #[inline(always)]
    fn convolve(
        &self,
        layer: &Layer<K>,
        rows: &[K::Byte],
        (most, width): (&[K::Byte], usize),
        words: &[Word],
        into: &mut [K::Byte],
    ) {
        let outputs = layer.bias.len();
        let mut wide = vec![K::Byte::default(); ROWS * layer.inputs];
        for (number, block) in words.chunks(ROWS).enumerate() {
            let first = number * ROWS;
            for ((at, word), inputs) in (first..).zip(block).zip(wide.chunks_exact_mut(layer.inputs)) {
                // The last and the first row are gaps, which nothing looks beyond.
                let from = at.saturating_sub(1) * width;
                let near = rows.get(from..from + 3 * width).unwrap_or_default();
                let (three, own) = inputs.split_at_mut(3 * width);
                if near.len() == three.len() {
                    three.copy_from_slice(near);
                }
                if word.key != GAP && !most.is_empty() {
                    own.copy_from_slice(slice(most, word.key as usize, width));
                }
            }
            layer.apply(
                self.kernel,
                &wide,
                #[inline(always)]
                |row, column, sums| {
                    let live = block.get(row).is_some_and(|word| word.key != GAP);
                    let start = (first + row) * outputs + column;
                    let Some(into) = into.get_mut(start..start + sums.len()).filter(|_| live) else {
                        return;
                    };
                    for (byte, sum) in into.iter_mut().zip(sums) {
                        let rounded = (sum + (1 << (SHIFT - 1))) >> SHIFT;
                        *byte = K::byte(rounded.clamp(0, LARGEST) as u8);
                    }
                },
            );
        }
    }

    #[inline(always)]
    fn tags(&self, rows: &[K::Byte], width: usize, words: &[Word]) -> Vec<Scores> {
        let mut found = Vec::with_capacity(words.len());
        let mut logits = [[0.0; TAGS]; ROWS];
        let mut tail = vec![K::Byte::default(); ROWS * width];
        for (number, block) in words.chunks(ROWS).enumerate() {
            let start = number * ROWS * width;
            let inputs = match rows.get(start..start + ROWS * width) {
                Some(inputs) => inputs,
                None => {
                    let rest = rows.get(start..).unwrap_or_default();
                    tail.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                    &tail
                }
            };
            self.out.apply(
                self.kernel,
                inputs,
                #[inline(always)]
                |row, column, sums| {
                    if let Some(logits) = logits.get_mut(row).filter(|_| column == 0) {
                        for (logit, sum) in logits.iter_mut().zip(sums) {
                            *logit = *sum as f32 * UNIT;
                        }
                    }
                },
            );
            for (word, logits) in block.iter().zip(&mut logits) {
                if word.key != GAP {
                    log_softmax(logits);
                    found.push(*logits);
                }
            }
        }
        found
    }
}

/// One place of the sequence that the layers see: a token or a gap.
#[derive(Debug, Clone, Copy)]
struct Word {
    token: usize,
    form: usize,
    key: u32,
}

/// A gap, the headline, a gap, the text, a gap.
fn sequence(document: &Document) -> Vec<Word> {
    let gap = Word {
        token: 0,
        form: 0,
        key: GAP,
    };
    let mut words = Vec::with_capacity(document.tokens.len() + 3);
    words.push(gap);
    for (token, form) in document.tokens.iter().enumerate() {
        if token == document.head && token > 0 {
            words.push(gap);
        }
        let form = *form as usize;
        words.push(Word {
            token,
            form,
            key: document.keys.get(form).copied().unwrap_or(GAP),
        });
    }
    words.push(gap);
    words
}

/// The greatest of each activation over all tokens of one word.
#[inline(always)]
fn pool<B: Copy + Default + Ord>(rows: &[B], width: usize, words: &[Word], keys: usize) -> Vec<B> {
    let mut most = vec![B::default(); keys * width];
    for (word, row) in words.iter().zip(rows.chunks_exact(width)) {
        let start = (word.key as usize).saturating_mul(width);
        if let Some(most) = most.get_mut(start..start.saturating_add(width)) {
            for (most, value) in most.iter_mut().zip(row) {
                *most = (*most).max(*value);
            }
        }
    }
    most
}

#[inline(always)]
fn add(sums: &mut [i16], row: &[Line]) {
    for (sums, line) in sums.chunks_exact_mut(BLOCK).zip(row) {
        for (sum, value) in sums.iter_mut().zip(&line.0) {
            *sum += i16::from(*value);
        }
    }
}

/// Row `number` of a table, empty beyond its end.
#[inline(always)]
fn slice<T>(table: &[T], number: usize, width: usize) -> &[T] {
    let start = number.saturating_mul(width);
    table.get(start..start.saturating_add(width)).unwrap_or_default()
}
