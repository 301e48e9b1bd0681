//! The recogniser against what its trainer computed, on every kernel, and against hostile input.

use std::fs;
use std::ops::Range;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::article::Field;
use crate::enrich::tagger::numeric::log_softmax;

/// The committed model; tests run in the root of the package.
fn file() -> Cow<'static, [u8]> {
    Cow::Owned(fs::read("models/names-fast.bin").unwrap())
}

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
        serde_json::from_slice(&fs::read("src/enrich/tagger/fast/parity.json").unwrap()).unwrap()
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
    Model::new(file()).unwrap()
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
    let file = file().into_owned();
    let cut = file[..file.len() - 100].to_vec();
    let mut flipped = file.clone();
    flipped[file.len() / 2] ^= 1;
    let mut newer = file;
    newer[8] = 9;
    for (bytes, expected) in [
        (Vec::new(), ModelError::Magic),
        (b"GGUF0000".to_vec(), ModelError::Magic),
        (newer, ModelError::Layout { found: 9 }),
        (cut, ModelError::Checksum),
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

/// Names that the recogniser finds: headline, text, then `name=TYPE` in order.
const HARD_CASES: &[(&str, &str, &str)] = &[
    (
        "EU Leaders Meet in Brussels to Discuss Ukraine Aid",
        "Leaders of the European Union met in Brussels.",
        "EU=ORG Brussels=GPE Ukraine=GPE European Union=ORG Brussels=GPE",
    ),
    (
        "",
        "TOKYO (Reuters) - Toyota Motor Corp said on Tuesday it would cut output in Japan.",
        "TOKYO=GPE Reuters=ORG Toyota Motor Corp=ORG Japan=GPE",
    ),
    (
        "",
        "PARIS, July 6 (AFP) -- French President Emmanuel Macron met German Chancellor Angela Merkel.",
        "PARIS=GPE AFP=ORG French=NORP Emmanuel Macron=PERSON German=NORP Angela Merkel=PERSON",
    ),
    (
        "",
        "PRESIDENT OBAMA VISITS KENYA\nPresident Obama arrived in Nairobi.",
        "OBAMA=PERSON KENYA=GPE Obama=PERSON Nairobi=GPE",
    ),
    (
        "",
        "Results:\nManchester United 2, Chelsea 1\nReal Madrid 3, Barcelona 3",
        "Manchester United=ORG Chelsea=ORG Real Madrid=ORG Barcelona=ORG",
    ),
    (
        "",
        "* Germany\n* France\n* United States\n* C\u{F4}te d'Ivoire",
        "Germany=GPE France=GPE United States=GPE C\u{F4}te d'Ivoire=GPE",
    ),
    (
        "",
        "\"We will not yield,\" said Gen. David Petraeus, the U.S. commander in Iraq. \"Al-Qaida is weak.\"",
        "David Petraeus=PERSON U.S.=GPE Iraq=GPE Al-Qaida=ORG",
    ),
    (
        "",
        "J. K. Rowling and J.R.R. Tolkien sold millions. Rowling lives in Edinburgh.",
        "J. K. Rowling=PERSON J.R.R. Tolkien=PERSON Rowling=PERSON Edinburgh=GPE",
    ),
    (
        "",
        "U.S.-China talks resumed in St. Louis, Missouri, on Friday.",
        "U.S.=GPE China=GPE St. Louis=GPE Missouri=GPE",
    ),
    (
        "",
        "The International Atomic Energy Agency (IAEA) said Iran had agreed. The IAEA's head, Mohamed ElBaradei, left.",
        "International Atomic Energy Agency=ORG IAEA=ORG Iran=GPE IAEA=ORG Mohamed ElBaradei=PERSON",
    ),
    (
        "",
        "Hurricane Katrina hit New Orleans in 2005, after the World Cup.",
        "Hurricane Katrina=EVENT New Orleans=GPE World Cup=EVENT",
    ),
    ("", "they said on friday that nothing was known about it", ""),
];

#[test]
fn hard_cases_of_news() {
    let fast = Fast::new(file()).unwrap();
    for (headline, text, expected) in HARD_CASES {
        let passages = [
            Passage::new(Field::Headline, headline),
            Passage::new(Field::Text, text),
        ];
        let reading = fast.read(&passages);
        let mut found = Vec::new();
        for (passage, scores) in passages.iter().zip(&reading.scores) {
            for name in fast.decoder().sightings(passage, scores) {
                found.push(format!(
                    "{}={}",
                    name.span.of(passage.text).unwrap(),
                    name.kind.name()
                ));
            }
        }
        assert_eq!(found.join(" "), *expected, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_gets_scores_for_every_token(headline in "(\\PC|[A-Za-z .]){0,20}",
                                            text in "(\\PC|[A-Z][a-z]{1,5} |[.\"\\n]){0,60}") {
        static FAST: std::sync::OnceLock<Fast> = std::sync::OnceLock::new();
        let fast = FAST.get_or_init(|| Fast::new(file()).unwrap());
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
