//! Names by trained models: tokens in, a probability of each tag out, one decoder for all of them. Pure; never joins
//! names to things, which is `entities`' work.

pub mod calibration;
pub mod encoder;
pub mod fast;
mod file;
mod kernels;
mod numeric;
pub mod sightings;
pub mod tags;
pub mod viterbi;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub use file::ModelError;
pub use sightings::Sighting;

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::Field;
use crate::config::NamesConfig;
use crate::config::NamesModel;
use crate::enrich::EnricherError;
use crate::enrich::tagger::encoder::Encoder;
use crate::enrich::tagger::fast::Fast;
use crate::enrich::tagger::sightings::Passage;

const FAST: (&str, &[u8]) = ("names-fast.bin", include_bytes!("../../../models/names-fast.bin"));
const ENCODER: (&str, &[u8]) = ("encoder.bin", include_bytes!("../../../models/encoder.bin"));

/// The recognisers that the configuration asks for; shared by all threads.
#[derive(Debug)]
pub struct Tagger {
    setting: Setting,
}

#[derive(Debug)]
enum Setting {
    Fast(Fast),
    Accurate(Box<Encoder>),
    Cascade {
        fast: Fast,
        encoder: Box<Encoder>,
        margin: f32,
    },
}

/// The names of one article, and what it took to find them.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    /// The headline's first, then the text's, each by position, without overlap.
    pub sightings: Vec<Sighting>,
    /// Tokens of the article.
    pub tokens: usize,
    /// Tokens that the encoder read.
    pub encoded: usize,
}

impl Tagger {
    /// Loads the embedded models that `wanted` asks for.
    pub fn new(wanted: &NamesConfig) -> Result<Self, EnricherError> {
        let fast = || Fast::new(Cow::Borrowed(FAST.1)).map_err(|error| broken(FAST.0, error));
        let encoder = || {
            let encoder = Encoder::new(Cow::Borrowed(ENCODER.1));
            encoder.map(Box::new).map_err(|error| broken(ENCODER.0, error))
        };
        let setting = match wanted.model {
            NamesModel::Fast => Setting::Fast(fast()?),
            NamesModel::Accurate => Setting::Accurate(encoder()?),
            NamesModel::Cascade => Setting::Cascade {
                fast: fast()?,
                encoder: encoder()?,
                margin: wanted.cascade_margin as f32,
            },
        };
        Ok(Self { setting })
    }

    /// Name and version of each model that takes part.
    pub fn models(&self) -> Vec<(String, String)> {
        let versions = match &self.setting {
            Setting::Fast(fast) => vec![fast.name()],
            Setting::Accurate(encoder) => vec![encoder.version()],
            Setting::Cascade { fast, encoder, .. } => vec![fast.name(), encoder.version()],
        };
        let owned = |(name, version): (&str, &str)| (name.to_owned(), version.to_owned());
        versions.into_iter().map(owned).collect()
    }

    /// The names in an article: a function of its headline and text alone.
    pub fn sightings(&self, article: &Article) -> Vec<Sighting> {
        self.tag(&Passage::of(article)).sightings
    }

    /// The names in a headline and a text, and how much the encoder read.
    pub fn tag(&self, passages: &[Passage<'_>; 2]) -> Tagged {
        let tokens = passages.iter().map(|passage| passage.words.len()).sum();
        let (sightings, encoded) = match &self.setting {
            Setting::Fast(fast) => (fast.decoder().all(passages, &fast.read(passages).scores), 0),
            Setting::Accurate(encoder) => {
                let reading = encoder.read(passages, |_, _| true);
                (encoder.decoder().all(passages, &reading.scores), tokens)
            }
            Setting::Cascade {
                fast,
                encoder,
                margin,
            } => cascade(fast, encoder, *margin, passages),
        };
        Tagged {
            sightings,
            tokens,
            encoded,
        }
    }
}

fn broken(file: &'static str, error: ModelError) -> EnricherError {
    EnricherError::Model { file, error }
}

/// Sure sentences as the fast model has them, the others as the encoder has them; and how many tokens those have.
fn cascade(
    fast: &Fast,
    encoder: &Encoder,
    margin: f32,
    passages: &[Passage<'_>; 2],
) -> (Vec<Sighting>, usize) {
    let quick = fast.read(passages);
    let unsure = [0, 1].map(|side: usize| {
        let words = passages.get(side).map_or(0, |passage| passage.words.len());
        let mut unsure = vec![false; words];
        let sentences = quick.sentences.get(side).into_iter().flatten();
        let margins = quick.margins.get(side).into_iter().flatten();
        for (sentence, least) in sentences.zip(margins) {
            if least.is_nan() || *least < margin {
                unsure.get_mut(sentence.clone()).unwrap_or_default().fill(true);
            }
        }
        unsure
    });
    let [in_headline, in_text] = &unsure;
    let count = in_headline
        .iter()
        .chain(in_text)
        .filter(|unsure| **unsure)
        .count();
    let mut found = fast.decoder().all(passages, &quick.scores);
    if count == 0 {
        return (found, 0);
    }
    let is_unsure = |field: Field, index: usize| {
        let tokens = match field {
            Field::Headline => in_headline,
            Field::Text => in_text,
        };
        tokens.get(index).copied().unwrap_or_default()
    };
    found.retain(|sighting| {
        let passage = passages.iter().find(|passage| passage.field == sighting.field);
        let mut tokens = passage.map_or(0..0, |passage| tokens_of(passage, sighting.span));
        !tokens.any(|index| is_unsure(sighting.field, index))
    });
    let reading = encoder.read(passages, is_unsure);
    found.extend(encoder.decoder().all(passages, &reading.scores));
    found.sort_by_key(|sighting| (sighting.field, sighting.span));
    (found, count)
}

/// The tokens of a passage that a span covers.
fn tokens_of(passage: &Passage<'_>, span: ByteSpan) -> Range<usize> {
    let start = passage.words.partition_point(|word| word.start < span.start);
    let end = passage.words.partition_point(|word| word.start < span.end);
    start..end
}
