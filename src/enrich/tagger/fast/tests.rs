//! The recogniser against what its trainer computed, on every kernel, and against hostile input.

use std::ops::Range;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::article::Field;
use crate::enrich::tagger::numeric::log_softmax;

static FILE: &[u8] = include_bytes!("../../../../models/names-fast.bin");

/// One document as `train/fast_prepare.py` and `train/fast_export.py` saw it.
#[derive(Deserialize)]
struct Case {
    words: Vec<String>,
    head: usize,
    ends: Vec<usize>,
    /// Per token: eleven rows of the table, and that of its vector.
    rows: Vec<Vec<u32>>,
    /// Per token and tag: what the last layer sums up to.
    sums: Vec<Vec<i32>>,
}

impl Case {
    fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("parity.json")).unwrap()
    }

    fn document(&self, model: &Model) -> Document {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let sentences: Vec<Range<usize>> = starts.zip(&self.ends).map(|(start, end)| start..*end).collect();
        let indexes = Indexes {
            vectors: &model.vectors,
            phrases: &model.phrases,
        };
        Document::new(
            self.words.iter().map(String::as_str),
            self.head,
            &sentences,
            indexes,
        )
    }
}

fn model() -> Model {
    Model::new(Cow::Borrowed(FILE)).unwrap()
}

#[test]
fn features_are_those_of_the_trainer() {
    let model = model();
    for case in Case::all() {
        let document = case.document(&model);
        for (token, word) in case.words.iter().enumerate() {
            let form = &document.forms[document.tokens[token] as usize];
            let mut rows = form.rows.to_vec();
            rows.extend(document.context[token]);
            rows.push(u32::from(form.vector));
            assert_eq!(rows, case.rows[token], "{word:?}, token {token}");
        }
    }
}

#[test]
fn scores_are_those_of_the_trainer_on_every_kernel() {
    let model = model();
    let portable = Network::new(Portable, model.weights.clone());
    for case in Case::all() {
        let document = case.document(&model);
        let found = portable.read(&document);
        for ((found, sums), word) in found.iter().zip(&case.sums).zip(&case.words) {
            let mut expected: Scores = std::array::from_fn(|tag| sums[tag] as f32 / 4096.0);
            log_softmax(&mut expected);
            assert_eq!(*found, expected, "{word:?}");
        }
        assert_eq!(found.len(), case.words.len());
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 =
                Avx2::detect().map(|kernel| Network::new(kernel, model.weights.clone()).read(&document));
            let vnni =
                Vnni::detect().map(|kernel| Network::new(kernel, model.weights.clone()).read(&document));
            assert_eq!(avx2.unwrap_or_else(|| found.clone()), found);
            assert_eq!(vnni.unwrap_or_else(|| found.clone()), found);
        }
    }
}

#[test]
fn a_damaged_or_foreign_file_is_refused() {
    let cut = FILE.len() - 100;
    let mut flipped = FILE.to_vec();
    flipped[FILE.len() / 2] ^= 1;
    let mut newer = FILE.to_vec();
    newer[8] = 9;
    for (bytes, expected) in [
        (Vec::new(), ModelError::Magic),
        (b"GGUF0000".to_vec(), ModelError::Magic),
        (newer, ModelError::Layout { found: 9 }),
        (FILE[..cut].to_vec(), ModelError::Checksum),
        (flipped, ModelError::Checksum),
    ] {
        assert_eq!(Fast::new(Cow::Owned(bytes)).unwrap_err(), expected);
    }
}

#[test]
fn sentences_cover_every_token() {
    let text = "\"Yes.\" He left.\n--\nA. B. Smith stayed. So it ended.\n...";
    let passage = Passage::new(Field::Text, text);
    let mut end = 0;
    let found = sentences_of(&passage);
    for sentence in &found {
        assert_eq!(sentence.start, end);
        assert!(sentence.end > sentence.start);
        end = sentence.end;
    }
    assert_eq!(end, passage.words.len());
    assert!(found.len() >= 4, "{found:?}");
    assert!(sentences_of(&Passage::new(Field::Text, "")).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_gets_scores_for_every_token(headline in "(\\PC|[A-Za-z .]){0,20}",
                                            text in "(\\PC|[A-Z][a-z]{1,5} |[.\"\\n]){0,60}") {
        static FAST: std::sync::OnceLock<Fast> = std::sync::OnceLock::new();
        let fast = FAST.get_or_init(|| Fast::new(Cow::Borrowed(FILE)).unwrap());
        let passages = [Passage::new(Field::Headline, &headline), Passage::new(Field::Text, &text)];
        let reading = fast.read(&passages);
        for (passage, scores) in passages.iter().zip(&reading.scores) {
            prop_assert_eq!(scores.len(), passage.words.len());
            prop_assert!(scores.iter().flatten().all(|score| score.is_finite() && *score <= 0.0001));
        }
        for (sentences, margins) in reading.sentences.iter().zip(&reading.margins) {
            prop_assert_eq!(sentences.len(), margins.len());
            prop_assert!(margins.iter().all(|margin| *margin >= 0.0));
        }
        prop_assert_eq!(fast.read(&passages), reading);
    }
}
