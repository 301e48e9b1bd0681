//! The `accurate` recogniser: a small BERT-like encoder in 8 bits, with a head for the tags of tokens and one for
//! topics. Pure Rust and deterministic: one text gives the same bits on every machine. Never joins names to things.

mod attention;
mod engine;
mod linear;
mod model;
mod network;
mod windows;
mod wordpiece;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use engine::Instructions;

use crate::article::Field;
use crate::enrich::tagger::ModelError;
use crate::enrich::tagger::encoder::model::Model;
use crate::enrich::tagger::encoder::network::PIECES_MAX;
use crate::enrich::tagger::encoder::windows::Script;
use crate::enrich::tagger::encoder::windows::Window;
use crate::enrich::tagger::sightings::Decoder;
use crate::enrich::tagger::sightings::Passage;
use crate::enrich::tagger::sightings::outside;
use crate::enrich::tagger::tags::Scores;
use crate::text::sentences::sentences;

/// What the encoder says of one article.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// One row a token of the headline and of the text; "outside" for those that were not wanted.
    pub scores: [Vec<Scores>; 2],
    /// One logit for each of `Encoder::topics`, from the window with the headline and the opening; none where nothing
    /// was read.
    pub topics: Vec<f32>,
    /// Pieces read, special ones and repeated ones included.
    pub pieces: usize,
}

/// The encoder, ready to read; shared by all threads.
#[derive(Debug)]
pub struct Encoder {
    model: Model,
}

impl Encoder {
    /// Reads a model file, for the best instructions that this machine has.
    pub fn new(file: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let best = Instructions::here()
            .into_iter()
            .next()
            .unwrap_or(Instructions::Portable);
        Self::on(best, file)
    }

    /// Reads a model file, for these instructions, which must not matter to the answer.
    pub fn on(instructions: Instructions, file: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        Ok(Self {
            model: Model::new(instructions, file)?,
        })
    }

    /// Name and version of the model.
    pub fn version(&self) -> (&str, &str) {
        self.model.version()
    }

    /// The Media Topics numbers that `Reading::topics` has logits of.
    pub fn topics(&self) -> &[String] {
        self.model.topics()
    }

    /// How scores become names.
    pub const fn decoder(&self) -> &Decoder {
        &self.model.decoder
    }

    /// Reads the tokens of an article's headline and text that are `wanted`, to the end, in windows. The answer for one
    /// token is that of the window where it stands further from an edge.
    pub fn read(&self, passages: &[Passage<'_>; 2], wanted: impl Fn(Field, usize) -> bool) -> Reading {
        let [headline, text] = passages;
        let script = Script::new(&self.model.wordpiece, passages, &sentence_ends(text), wanted);
        let rows = |passage: &Passage<'_>| vec![outside(); passage.words.len()];
        let mut reading = Reading {
            scores: [rows(headline), rows(text)],
            topics: Vec::new(),
            pieces: 0,
        };
        let mut distances = [vec![0; headline.words.len()], vec![0; text.words.len()]];
        let mut hidden = Vec::with_capacity(PIECES_MAX * self.model.hidden());
        script.windows(|window| {
            self.model.forward(&window.inputs, &mut hidden);
            reading.pieces += window.inputs.len();
            if window.leads {
                reading.topics = self.model.topic_logits(&hidden);
            }
            self.take(window, &hidden, &mut reading.scores, &mut distances);
        });
        reading
    }

    /// Takes the scores of a window's tokens, save where an earlier window knew better.
    fn take(
        &self,
        window: &Window,
        hidden: &[f32],
        scores: &mut [Vec<Scores>; 2],
        distances: &mut [Vec<usize>; 2],
    ) {
        for &(first, field, index) in &window.tokens {
            let distance = first.min(window.inputs.len() - first);
            let side = match field {
                Field::Headline => 0,
                Field::Text => 1,
            };
            let row = scores.get_mut(side).and_then(|rows| rows.get_mut(index));
            let known = distances.get_mut(side).and_then(|rows| rows.get_mut(index));
            if let (Some(row), Some(known)) = (row, known)
                && distance > *known
            {
                *row = self.model.scores(hidden, first);
                *known = distance;
            }
        }
    }
}

/// For each sentence of a text, the first token after it.
fn sentence_ends(passage: &Passage<'_>) -> Vec<usize> {
    let after = |end: usize| passage.words.partition_point(|word| word.start < end);
    sentences(passage.text)
        .iter()
        .map(|sentence| after(sentence.end))
        .collect()
}
