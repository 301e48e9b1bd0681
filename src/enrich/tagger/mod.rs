//! Names by trained models: tokens in, a probability of each tag out, one decoder for all of them. Pure; never joins
//! names to things, which is `entities`' work.

pub mod both;
pub mod calibration;
pub mod encoder;
pub mod fast;
mod file;
mod kernels;
mod numeric;
mod tokens;
pub mod sightings;
pub mod tags;
pub mod viterbi;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use file::ModelError;
pub use sightings::Sighting;

use crate::article::Article;
use crate::config::NamesConfig;
use crate::config::NamesModel;
use crate::config::models;
use crate::config::models::LanguageModels;
use crate::config::models::ModelFile;
use crate::enrich::EnricherError;
use crate::enrich::tagger::both::Both;
use crate::enrich::tagger::encoder::Encoder;
use crate::enrich::tagger::fast::Fast;
use crate::enrich::tagger::sightings::Passage;
use crate::enrich::tagger::tokens::Tokens;

/// The recognisers that the configuration asks for; shared by all threads.
#[derive(Debug)]
pub struct Tagger {
    /// Finds names, unless the encoder alone does.
    fast: Option<Fast>,
    /// Finds names where the fast one is unsure, or everywhere, and what openings are about.
    encoder: Option<Box<Encoder>>,
    /// What the two say together where both have read.
    both: Option<Both>,
    /// A sentence is unsure where some token's margin is less, in nats; margins are never below 0.
    margin: f32,
    /// Whether the encoder reads every opening.
    openings: bool,
}

/// The names of one article, and what it took to find them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tagged {
    /// The headline's first, then the text's, each by position, without overlap.
    pub sightings: Vec<Sighting>,
    /// Tokens of the article.
    pub tokens: usize,
    /// Tokens that the encoder read.
    pub encoded: usize,
    /// The encoder's logit of each of its topics, from the opening; empty where it read none.
    pub topics: Vec<f32>,
}

impl Tagger {
    /// Loads those of a language's models that `wanted` asks for, or the one that there is; with `openings`, the
    /// encoder too.
    pub fn new(files: &LanguageModels, wanted: &NamesConfig, openings: bool) -> Result<Self, EnricherError> {
        let (fast, encoder) = (files.get(models::NAMES_FAST), files.get(models::ENCODER));
        let both = files
            .get(models::NAMES_ACCURATE)
            .filter(|_| wanted.model != NamesModel::Fast && fast.is_some() && encoder.is_some());
        let (quick, slow, margin) = match wanted.model {
            NamesModel::Fast => (true, openings, 0.0),
            NamesModel::Accurate => (both.is_some(), true, f32::INFINITY),
            NamesModel::Cascade => (true, true, wanted.cascade_margin as f32),
        };
        let fast_wanted = fast.filter(|_| quick || encoder.is_none());
        let encoder_wanted = encoder.filter(|_| slow || fast.is_none());
        let new_fast =
            |file: &ModelFile| Fast::new(Cow::Borrowed(file.bytes)).map_err(|error| broken(file, error));
        let new_encoder = |file: &ModelFile| {
            let encoder = Encoder::new(Cow::Borrowed(file.bytes));
            encoder.map(Box::new).map_err(|error| broken(file, error))
        };
        let encoder = encoder_wanted.map(new_encoder).transpose()?;
        let new_both = |(file, encoder): (&ModelFile, &Encoder)| {
            Both::new(file, encoder.decoder()).map_err(|error| broken(file, error))
        };
        Ok(Self {
            both: both.zip(encoder.as_deref()).map(new_both).transpose()?,
            fast: fast_wanted.map(new_fast).transpose()?,
            encoder,
            margin,
            openings,
        })
    }

    /// The Media Topics numbers that `Tagged::topics` has logits of; none without the encoder.
    pub fn topics(&self) -> &[String] {
        self.encoder.as_deref().map(Encoder::topics).unwrap_or_default()
    }

    /// Name and version of each model that takes part.
    pub fn models(&self) -> Vec<(String, String)> {
        let fast = self.fast.as_ref().map(Fast::name);
        let versions = fast
            .into_iter()
            .chain(self.encoder.as_deref().map(Encoder::version))
            .chain(self.both.as_ref().map(Both::version));
        let owned = |(name, version): (&str, &str)| (name.to_owned(), version.to_owned());
        versions.map(owned).collect()
    }

    /// The names in an article and its topics by the encoder: a function of its headline and text alone.
    pub fn read(&self, article: &Article) -> Tagged {
        self.tag(&Passage::of(article))
    }

    /// The names in a headline and a text, and how much the encoder read.
    pub fn tag(&self, passages: &[Passage<'_>; 2]) -> Tagged {
        let mut tagged = Tagged {
            tokens: passages.iter().map(|passage| passage.words.len()).sum(),
            ..Tagged::default()
        };
        let quick = self.fast.as_ref().map(|fast| (fast, fast.read(passages)));
        if let Some((fast, quick)) = &quick {
            tagged.sightings = fast.decoder().all(passages, &quick.scores);
        }
        let Some(encoder) = self.encoder.as_deref() else {
            return tagged;
        };
        let wanted = match &quick {
            None => Tokens::all(passages),
            Some((_, quick)) => {
                let mut wanted = Tokens::unsure(quick, passages, self.margin);
                if self.openings {
                    wanted.add_opening();
                }
                wanted
            }
        };
        tagged.encoded = wanted.count();
        if tagged.encoded == 0 {
            return tagged;
        }
        let reading = encoder.read(passages, |field, index| wanted.has(field, index));
        tagged.topics = reading.topics;
        // Where the fast recogniser was asked for alone, its names stand.
        if quick.is_none() || self.margin > 0.0 {
            tagged
                .sightings
                .retain(|sighting| !wanted.touch(passages, sighting));
            tagged.sightings.extend(match (&self.both, &quick) {
                (Some(both), Some((_, quick))) => {
                    let scores = wanted.together(both, &quick.scores, &reading.scores);
                    both.decoder.all(passages, &scores)
                }
                _ => encoder.decoder().all(passages, &reading.scores),
            });
            tagged
                .sightings
                .sort_by_key(|sighting| (sighting.field, sighting.span));
        }
        tagged
    }
}

fn broken(file: &ModelFile, error: ModelError) -> EnricherError {
    let file = file.path.to_owned();
    EnricherError::Model { file, error }
}
