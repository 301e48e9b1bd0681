//! What both recognisers say of a token, taken together: `names-accurate.json`, which `eval both` writes. Reads no text
//! itself.

use serde::Deserialize;

use crate::config::models::ModelFile;
use crate::enrich::tagger::ModelError;
use crate::enrich::tagger::calibration::Calibration;
use crate::enrich::tagger::numeric::log_softmax;
use crate::enrich::tagger::sightings::Decoder;
use crate::enrich::tagger::tags::Scores;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    version: String,
    fast: f32,
    calibration: Vec<(f32, f32)>,
}

/// How much each recogniser counts where both have read, and how sure the two are then.
#[derive(Debug)]
pub(super) struct Both {
    name: String,
    version: String,
    /// The part of the fast one's log-probabilities, 0 to 1; the rest is the encoder's.
    fast: f32,
    /// How scores of both together become names.
    pub(super) decoder: Decoder,
}

impl Both {
    /// Reads a language's file; steps between tags are those of the `encoder`.
    ///
    /// # Errors
    /// Where it is not such a file, or a number is out of its range.
    pub(super) fn new(file: &ModelFile, encoder: &Decoder) -> Result<Self, ModelError> {
        let wrong = |reason: String| ModelError::Header(reason);
        let File {
            name,
            version,
            fast,
            calibration,
        } = serde_json::from_slice(file.bytes).map_err(|error| wrong(error.to_string()))?;
        if !(0.0..=1.0).contains(&fast) {
            return Err(wrong("fast is not within 0 and 1".to_owned()));
        }
        let calibration = Calibration::new(&calibration).ok_or_else(|| {
            wrong("the points of calibration do not rise, or are no probabilities".to_owned())
        })?;
        Ok(Self {
            name,
            version,
            fast,
            decoder: Decoder {
                transitions: encoder.transitions.clone(),
                calibration,
            },
        })
    }

    /// Name and version.
    pub(super) fn version(&self) -> (&str, &str) {
        (&self.name, &self.version)
    }

    /// What both say of one token.
    pub(super) fn together(&self, fast: &Scores, encoder: &Scores) -> Scores {
        together(fast, encoder, self.fast)
    }
}

/// Log-probabilities of the product of two opinions, each to the power of what it counts: `part` for the fast
/// recogniser, the rest for the encoder (a logarithmic opinion pool: Heskes 1998).
pub fn together(fast: &Scores, encoder: &Scores, part: f32) -> Scores {
    let mut scores = *encoder;
    for (score, fast) in scores.iter_mut().zip(fast) {
        *score = (1.0 - part) * *score + part * fast;
    }
    log_softmax(&mut scores);
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::models::NAMES_ACCURATE;
    use crate::enrich::english;
    use crate::enrich::tagger::tags::TAGS;
    use crate::enrich::tagger::viterbi::Transitions;

    #[test]
    fn the_parts_decide_between_two_opinions() {
        let row = |favoured: usize, by: f32| {
            let mut row = [-1.0; TAGS];
            row[favoured] = by;
            log_softmax(&mut row);
            row
        };
        let (fast, encoder) = (row(3, 2.0), row(5, 2.5));
        for (part, expected) in [(0.0, 5), (0.3, 5), (0.6, 3), (1.0, 3)] {
            let scores = together(&fast, &encoder, part);
            let best = (0..TAGS).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
            assert_eq!(best, Some(expected), "{part}");
            let sum: f32 = scores.iter().map(|score| score.exp()).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{part}: {sum}");
        }
    }

    #[test]
    fn a_broken_file_is_told() {
        let encoder = Decoder {
            transitions: Transitions::bio(),
            calibration: Calibration::new(&[(0.0, 0.5)]).unwrap(),
        };
        for (text, reason) in [
            ("[]", "header: invalid"),
            (
                r#"{"name":"n","version":"1","fast":1.5,"calibration":[[0,1]]}"#,
                "within 0 and 1",
            ),
            (
                r#"{"name":"n","version":"1","fast":0.5,"calibration":[[0,1],[1,0]]}"#,
                "do not rise",
            ),
        ] {
            let file = ModelFile {
                path: "x",
                bytes: text.as_bytes(),
            };
            let told = Both::new(&file, &encoder).unwrap_err().to_string();
            assert!(told.contains(reason), "{told}");
        }
        assert!(Both::new(&english()[NAMES_ACCURATE], &encoder).is_ok());
    }
}
