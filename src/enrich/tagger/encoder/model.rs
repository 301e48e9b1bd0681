//! A model in memory: its file, embeddings, layers and heads. Knows what each tensor is for, nothing of articles.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;

use crate::enrich::tagger::calibration::Calibration;
use crate::enrich::tagger::encoder::attention::HEAD;
use crate::enrich::tagger::encoder::engine::Engine;
use crate::enrich::tagger::encoder::engine::Instructions;
use crate::enrich::tagger::encoder::engine::engine;
use crate::enrich::tagger::encoder::linear::Weights;
use crate::enrich::tagger::encoder::network::Norm;
use crate::enrich::tagger::encoder::network::PIECES_MAX;
use crate::enrich::tagger::encoder::network::StoredLayer;
use crate::enrich::tagger::encoder::windows::CASE_ROWS;
use crate::enrich::tagger::encoder::windows::Input;
use crate::enrich::tagger::encoder::wordpiece::WordPiece;
use crate::enrich::tagger::file::ModelError;
use crate::enrich::tagger::file::ModelFile;
use crate::enrich::tagger::numeric::dot;
use crate::enrich::tagger::numeric::layer_norm;
use crate::enrich::tagger::numeric::log_softmax;
use crate::enrich::tagger::sightings::Decoder;
use crate::enrich::tagger::tags::Scores;
use crate::enrich::tagger::tags::TAGS;
use crate::enrich::tagger::viterbi::Transitions;

/// The first bytes of an encoder's file.
const MAGIC: &[u8; 8] = b"dlencode";
/// What widths must be a multiple of: a kernel's panel.
const WIDTH_STEP: usize = 64;

/// What the file says of itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Name and version of the model, for provenance.
    name: String,
    version: String,
    /// Numbers for one piece.
    hidden: usize,
    /// Numbers inside the feed-forward half.
    wide: usize,
    layers: usize,
    /// Media Topics that the topic head has outputs for.
    topics: Vec<String>,
    /// Raw score of a name to its probability, by points.
    calibration: Vec<(f32, f32)>,
    /// Scores of the first tag, then of each step from tag to tag.
    transitions: Option<Vec<f32>>,
}

/// An encoder's file, unpacked.
#[derive(Debug)]
pub(super) struct Model {
    file: ModelFile<Header>,
    /// Turns tokens into pieces.
    pub(super) wordpiece: WordPiece,
    /// Turns scores into names.
    pub(super) decoder: Decoder,
    /// One row of bytes a piece, in the file.
    words: Range<usize>,
    word_scales: Vec<f32>,
    positions: Vec<f32>,
    kinds: Vec<f32>,
    cases: Vec<f32>,
    norm: Norm,
    engine: Box<dyn Engine>,
    names: Head,
    topics: Head,
}

/// A layer of floats on top, one row an output.
#[derive(Debug)]
struct Head {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Head {
    fn logit(&self, output: usize, hidden: &[f32]) -> f32 {
        let row = self
            .weights
            .get(output * hidden.len()..(output + 1) * hidden.len());
        dot(row.unwrap_or_default(), hidden) + self.bias.get(output).copied().unwrap_or_default()
    }
}

impl Model {
    /// Reads and packs a file.
    pub(super) fn new(instructions: Instructions, bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let file = ModelFile::<Header>::new(bytes, MAGIC)?;
        let header = &file.model;
        let (hidden, wide) = (header.hidden, header.wide);
        let refuse = |problem: &str| Err(ModelError::Header(problem.to_owned()));
        let is_width = |width: usize| (1..=1 << 16).contains(&width) && width.is_multiple_of(WIDTH_STEP);
        if !is_width(hidden) || !is_width(wide) || !hidden.is_multiple_of(HEAD) {
            return refuse("`hidden` and `wide` must be multiples of 64");
        }
        let Some(wordpiece) = WordPiece::new(file.text("vocabulary")?) else {
            return refuse("the vocabulary is too long or lacks [UNK], [CLS] or [SEP]");
        };
        let transitions = match &header.transitions {
            None => Some(Transitions::bio()),
            Some(scores) => Transitions::learned(scores),
        };
        let calibration = Calibration::new(&header.calibration);
        let Some((transitions, calibration)) = transitions.zip(calibration) else {
            return refuse("`transitions` or `calibration` is no such table");
        };
        let head = |name: &str, outputs: usize| -> Result<Head, ModelError> {
            Ok(Head {
                weights: file.floats(&format!("{name}.weight"), outputs * hidden)?,
                bias: file.floats(&format!("{name}.bias"), outputs)?,
            })
        };
        let layers = (0..header.layers)
            .map(|number| layer(&file, number))
            .collect::<Result<_, _>>()?;
        let at = |name: &str| format!("embeddings.{name}.weight");
        Ok(Self {
            decoder: Decoder {
                transitions,
                calibration,
            },
            words: file.bytes(&at("word_embeddings"), wordpiece.len() * hidden)?,
            word_scales: file.floats("embeddings.word_embeddings.scales", wordpiece.len())?,
            positions: file.floats(&at("position_embeddings"), PIECES_MAX * hidden)?,
            kinds: file.floats(&at("token_type_embeddings"), 2 * hidden)?,
            cases: file.floats(&at("case_embeddings"), CASE_ROWS * hidden)?,
            norm: norm(&file, "embeddings.LayerNorm")?,
            engine: engine(instructions, hidden, wide, layers),
            names: head("names", TAGS)?,
            topics: head("topics", header.topics.len())?,
            wordpiece,
            file,
        })
    }

    /// Name and version.
    pub(super) fn version(&self) -> (&str, &str) {
        (&self.file.model.name, &self.file.model.version)
    }

    /// What the topic head has outputs for.
    pub(super) fn topics(&self) -> &[String] {
        &self.file.model.topics
    }

    /// Numbers for one piece.
    pub(super) const fn hidden(&self) -> usize {
        self.file.model.hidden
    }

    /// Reads one window of at most `PIECES_MAX` pieces: one row of numbers a piece, into `rows`.
    pub(super) fn forward(&self, inputs: &[Input], rows: &mut Vec<f32>) {
        rows.clear();
        for (input, position) in inputs.iter().zip(self.positions.chunks_exact(self.hidden())) {
            self.embed(*input, position, rows);
        }
        self.engine.forward(rows);
    }

    /// Appends the embedding of one piece.
    fn embed(&self, input: Input, position: &[f32], rows: &mut Vec<f32>) {
        let hidden = self.hidden();
        let number = usize::from(input.piece);
        let row = |table: &'_ [f32], number: usize| -> Range<usize> {
            let start = (number * hidden).min(table.len());
            start..(start + hidden).min(table.len())
        };
        let scale = self.word_scales.get(number).copied().unwrap_or_default();
        let words = self.file.bytes_at(&self.words);
        let word = words
            .get(number * hidden..(number + 1) * hidden)
            .unwrap_or_default();
        let kind = &self.kinds[row(&self.kinds, usize::from(input.headline))];
        let case = &self.cases[row(&self.cases, usize::from(input.case))];
        let start = rows.len();
        for (((word, position), kind), case) in word.iter().zip(position).zip(kind).zip(case) {
            rows.push(f32::from(*word as i8) * scale + position + kind + case);
        }
        layer_norm(&mut rows[start..], &self.norm.scale, &self.norm.shift);
    }

    /// The log-probability of each tag for the piece at `place` of a window.
    pub(super) fn scores(&self, rows: &[f32], place: usize) -> Scores {
        let row = rows
            .get(place * self.hidden()..(place + 1) * self.hidden())
            .unwrap_or_default();
        let mut scores = std::array::from_fn(|tag| self.names.logit(tag, row));
        log_softmax(&mut scores);
        scores
    }

    /// The logit of each topic for a window.
    pub(super) fn topic_logits(&self, rows: &[f32]) -> Vec<f32> {
        let mut mean = vec![0.0; self.hidden()];
        for row in rows.chunks_exact(self.hidden()) {
            for (mean, value) in mean.iter_mut().zip(row) {
                *mean += value;
            }
        }
        let count = (rows.len() / self.hidden()).max(1) as f32;
        for value in &mut mean {
            *value /= count;
        }
        (0..self.topics().len())
            .map(|topic| self.topics.logit(topic, &mean))
            .collect()
    }
}

fn norm(file: &ModelFile<Header>, name: &str) -> Result<Norm, ModelError> {
    Ok(Norm {
        scale: file.floats(&format!("{name}.weight"), file.model.hidden)?,
        shift: file.floats(&format!("{name}.bias"), file.model.hidden)?,
    })
}

fn weights(
    file: &ModelFile<Header>,
    name: &str,
    inputs: usize,
    outputs: usize,
) -> Result<Weights, ModelError> {
    let bytes = file.bytes(&format!("{name}.weight"), inputs * outputs)?;
    Ok(Weights {
        inputs,
        weights: file.bytes_at(&bytes).iter().map(|&byte| byte as i8).collect(),
        scales: file.floats(&format!("{name}.scales"), outputs)?,
        bias: file.floats(&format!("{name}.bias"), outputs)?,
    })
}

fn layer(file: &ModelFile<Header>, number: usize) -> Result<StoredLayer, ModelError> {
    let (hidden, wide) = (file.model.hidden, file.model.wide);
    let at = |name: &str| format!("encoder.layer.{number}.{name}");
    let [query, key, value] = ["query", "key", "value"].map(|part| at(&format!("attention.self.{part}")));
    let mut queries = weights(file, &query, hidden, hidden)?;
    for part in [key, value] {
        let more = weights(file, &part, hidden, hidden)?;
        queries.weights.extend(more.weights);
        queries.scales.extend(more.scales);
        queries.bias.extend(more.bias);
    }
    Ok(StoredLayer {
        queries,
        mix: weights(file, &at("attention.output.dense"), hidden, hidden)?,
        mix_norm: norm(file, &at("attention.output.LayerNorm"))?,
        widen: weights(file, &at("intermediate.dense"), hidden, wide)?,
        narrow: weights(file, &at("output.dense"), wide, hidden)?,
        norm: norm(file, &at("output.LayerNorm"))?,
    })
}

/// The vocabulary of a file that is whole, for tests.
#[cfg(test)]
pub(super) fn vocabulary(bytes: &'static [u8]) -> String {
    let file = ModelFile::<Header>::new(Cow::Borrowed(bytes), MAGIC);
    file.and_then(|file| file.text("vocabulary").map(str::to_owned))
        .unwrap_or_default()
}
