//! The fast recogniser: hashed features of words and of the document, a small network in whole numbers, one pass. Gives
//! the same on every machine. Never decides how its scores become names, which is `sightings`' work.

mod document;
mod form;
mod hash;
mod model;
mod network;

use std::borrow::Cow;
use std::ops::Range;

use crate::article::ByteSpan;
use crate::enrich::tagger::fast::document::Document;
use crate::enrich::tagger::fast::document::Indexes;
use crate::enrich::tagger::fast::hash::Index;
use crate::enrich::tagger::fast::model::Model;
use crate::enrich::tagger::fast::network::Network;
use crate::enrich::tagger::file::ModelError;
#[cfg(target_arch = "x86_64")]
use crate::enrich::tagger::kernels::Avx2;
use crate::enrich::tagger::kernels::Portable;
#[cfg(target_arch = "x86_64")]
use crate::enrich::tagger::kernels::Vnni;
use crate::enrich::tagger::sightings::Decoder;
use crate::enrich::tagger::sightings::Passage;
use crate::enrich::tagger::tags::Scores;
use crate::text::sentences::sentences;

/// The fast recogniser, ready to read; shared by all threads.
#[derive(Debug)]
pub struct Fast {
    name: String,
    version: String,
    vectors: Index,
    phrases: Index,
    network: Machine,
    decoder: Decoder,
}

/// The network for the best instructions that the machine has.
#[derive(Debug)]
enum Machine {
    Portable(Network<Portable>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Network<Avx2>),
    #[cfg(target_arch = "x86_64")]
    Vnni(Network<Vnni>),
}

/// What the recogniser says of an article: of its headline, then of its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Log-probabilities of the tags, by token.
    pub scores: [Vec<Scores>; 2],
    /// Tokens of each sentence; together they are all.
    pub sentences: [Vec<Range<usize>>; 2],
    /// Per sentence, how sure its least sure token is: the log-probability of its best tag less that of its second.
    pub margins: [Vec<f32>; 2],
}

impl Fast {
    /// Reads the model from the bytes of its file, `models/names-fast.bin`.
    pub fn new(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let model = Model::new(bytes)?;
        #[cfg(target_arch = "x86_64")]
        let network = match (Vnni::detect(), Avx2::detect()) {
            (Some(kernel), _) => Machine::Vnni(Network::new(kernel, model.weights)),
            (None, Some(kernel)) => Machine::Avx2(Network::new(kernel, model.weights)),
            (None, None) => Machine::Portable(Network::new(Portable, model.weights)),
        };
        #[cfg(not(target_arch = "x86_64"))]
        let network = Machine::Portable(Network::new(Portable, model.weights));
        Ok(Self {
            name: model.name,
            version: model.version,
            vectors: model.vectors,
            phrases: model.phrases,
            network,
            decoder: model.decoder,
        })
    }

    /// Name and version of the model.
    pub fn name(&self) -> (&str, &str) {
        (&self.name, &self.version)
    }

    /// From scores to names, as measured for this model.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Reads the headline and the text of an article.
    pub fn read(&self, passages: &[Passage<'_>; 2]) -> Reading {
        let [headline, text] = passages;
        let head = headline.words.len();
        let whole = std::iter::once(0..head)
            .filter(|range| !range.is_empty())
            .collect();
        let sentences: [Vec<_>; 2] = [whole, sentences_of(text)];
        let shifted = sentences[1]
            .iter()
            .map(|range| range.start + head..range.end + head);
        let all: Vec<_> = sentences[0].iter().cloned().chain(shifted).collect();
        let words = passages.iter().flat_map(|passage| {
            let word = |span: &ByteSpan| span.of(passage.text).unwrap_or_default();
            passage.words.iter().map(word)
        });
        let mut in_headline = self.scores(words, head, &all);
        let in_text = in_headline.split_off(head.min(in_headline.len()));
        let scores = [in_headline, in_text];
        let margins = [0, 1].map(|part: usize| margins(&scores[part], &sentences[part]));
        Reading {
            scores,
            sentences,
            margins,
        }
    }

    fn scores<'t>(
        &self,
        words: impl Iterator<Item = &'t str>,
        head: usize,
        all: &[Range<usize>],
    ) -> Vec<Scores> {
        let indexes = Indexes {
            vectors: &self.vectors,
            phrases: &self.phrases,
        };
        let document = Document::new(words, head, all, indexes);
        match &self.network {
            Machine::Portable(network) => network.read(&document),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(network) => network.read(&document),
            #[cfg(target_arch = "x86_64")]
            Machine::Vnni(network) => network.read(&document),
        }
    }
}

/// Sentences as tokens: each begins where one of the text begins, and ends where the next begins.
fn sentences_of(passage: &Passage<'_>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for sentence in sentences(passage.text).iter().skip(1) {
        let ahead = passage.words.get(start..).unwrap_or_default();
        let end = start
            + ahead
                .iter()
                .take_while(|word| word.start < sentence.start)
                .count();
        if end > start {
            found.push(start..end);
        }
        start = end;
    }
    if start < passage.words.len() {
        found.push(start..passage.words.len());
    }
    found
}

fn margins(scores: &[Scores], sentences: &[Range<usize>]) -> Vec<f32> {
    let rows = |sentence: &Range<usize>| scores.get(sentence.clone()).unwrap_or_default();
    let least = |sentence| rows(sentence).iter().map(margin).fold(f32::INFINITY, f32::min);
    sentences.iter().map(least).collect()
}

/// How far the best tag is above the second.
fn margin(scores: &Scores) -> f32 {
    let (mut best, mut second) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
    for &score in scores {
        if score > best {
            (best, second) = (score, best);
        } else if score > second {
            second = score;
        }
    }
    best - second
}

#[cfg(test)]
mod tests;
