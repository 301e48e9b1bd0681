//! The accurate model: the log-odds of an article's phrases and the encoder's of its opening, weighed by level and
//! added up, in `topics-accurate.json`, which `train/topics/mix.py` writes. Reads neither itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::models::ModelFile;
use crate::enrich::EnricherError;
use crate::enrich::topics::fast::Thresholds;

/// Farthest log-odds that count on either side.
const PHRASES_MAX: f32 = 9.2;
const OPENING_MAX: f32 = 12.0;

/// What the two sides weigh.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weights {
    phrases: f32,
    opening: f32,
    shift: f32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    version: String,
    /// Levels 1, 2, and 3 with all deeper ones.
    levels: [Weights; 3],
    thresholds: Thresholds,
}

/// The model, ready to weigh.
#[derive(Debug)]
pub(super) struct Accurate {
    file: File,
    /// By the fast model's concepts: where the encoder has the same one.
    places: Vec<Option<usize>>,
}

impl Accurate {
    /// Reads a language's file, for the concepts `judged` by phrases and those that the encoder has.
    pub(super) fn new(file: ModelFile, judged: &[String], encoder: &[String]) -> Result<Self, EnricherError> {
        let at: BTreeMap<&str, usize> = encoder
            .iter()
            .enumerate()
            .map(|(at, code)| (code.as_str(), at))
            .collect();
        Ok(Self {
            file: serde_json::from_slice(file.bytes)
                .map_err(|_| EnricherError::Topics(file.path.to_owned()))?,
            places: judged.iter().map(|code| at.get(code.as_str()).copied()).collect(),
        })
    }

    /// Name and version.
    pub(super) fn version(&self) -> (&str, &str) {
        (&self.file.name, &self.file.version)
    }

    /// From which probability a concept is said.
    pub(super) fn thresholds(&self) -> Thresholds {
        self.file.thresholds
    }

    /// The encoder's log-odds of the concept number `at`; `opening` is by the encoder's concepts.
    pub(super) fn opening(&self, at: usize, opening: &[f32]) -> Option<f32> {
        opening.get(self.places.get(at).copied().flatten()?).copied()
    }

    /// The log-odds of a concept of `level` from both sides.
    pub(super) fn weigh(&self, level: u8, phrases: f32, opening: f32) -> f32 {
        let weights = self.weights(level);
        weights.phrases * phrases.clamp(-PHRASES_MAX, PHRASES_MAX)
            + self.opening_part(level, opening)
            + weights.shift
    }

    /// What the encoder's log-odds of a concept of `level` add to those of both sides.
    pub(super) fn opening_part(&self, level: u8, opening: f32) -> f32 {
        self.weights(level).opening * opening.clamp(-OPENING_MAX, OPENING_MAX)
    }

    /// What each unit of the phrases' log-odds of a concept of `level` adds to those of both sides.
    pub(super) fn phrase_weight(&self, level: u8) -> f32 {
        self.weights(level).phrases
    }

    fn weights(&self, level: u8) -> Weights {
        let [first, second, deeper] = self.file.levels;
        match level {
            0 | 1 => first,
            2 => second,
            _ => deeper,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::config::models::TOPICS_ACCURATE;
    use crate::enrich::english;

    #[test]
    fn both_sides_count_and_strangers_are_left_out() {
        let codes = |codes: &[&str]| -> Vec<String> { codes.iter().map(|code| (*code).to_owned()).collect() };
        let accurate = Accurate::new(
            english()[TOPICS_ACCURATE],
            &codes(&["a", "b", "c"]),
            &codes(&["c", "a"]),
        )
        .unwrap();
        let opening = [0.5, -2.0];
        let found = [0, 1, 2, 3].map(|at| accurate.opening(at, &opening));
        assert_eq!(found, [Some(-2.0), None, Some(0.5), None]);
        assert_eq!(accurate.opening(0, &[]), None);
        for level in 1..=5 {
            let none = accurate.weigh(level, 0.0, 0.0);
            assert!(accurate.weigh(level, 1.0, 0.0) > none && accurate.weigh(level, 0.0, 1.0) > none);
            let farthest = accurate.weigh(level, PHRASES_MAX, OPENING_MAX);
            assert_eq!(
                accurate.weigh(level, 1e9, f32::INFINITY).to_bits(),
                farthest.to_bits()
            );
        }
    }
}
