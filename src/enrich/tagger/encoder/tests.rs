//! The encoder on a tiny model of chance, made here, against a plain implementation in double precision that shares
//! nothing with it but the file.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::*;
use crate::article::Field;
use crate::enrich::tagger::encoder::windows::Input;
use crate::enrich::tagger::tags::TAGS;

const HIDDEN: usize = 64;
const WIDE: usize = 128;
const LAYERS: usize = 2;
const VOCABULARY: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\nu\n\
    v\nw\nx\ny\nz\n##a\n##b\n##c\n##d\n##e\n##f\n##g\n##h\n##i\n##j\n##k\n##l\n##m\n##n\n##o\n##p\n##q\n##r\n\
    ##s\n##t\n##u\n##v\n##w\n##x\n##y\n##z\n.\n,\n'\n-\nthe\nparis\n##aris\npari\nunited\n##ited\n東\n0\n1\n\
    ##0\n##1\nü";

/// A file with tensors of chance, from a linear congruential generator (Knuth's MMIX).
#[derive(Debug, Clone)]
struct Builder {
    state: u64,
    body: Vec<u8>,
    places: serde_json::Map<String, serde_json::Value>,
    model: serde_json::Value,
}

impl Builder {
    fn new() -> Self {
        let model = json!({
            "name": "tiny", "version": "7", "hidden": HIDDEN, "wide": WIDE, "layers": LAYERS,
            "topics": ["04000000", "15000000"], "calibration": [[-2.0, 0.1], [0.0, 0.9]], "transitions": null,
        });
        let mut made = Self {
            state: 1,
            body: Vec::new(),
            places: serde_json::Map::new(),
            model,
        };
        made.put("vocabulary", VOCABULARY.as_bytes());
        let pieces = VOCABULARY.lines().count();
        made.matrix("embeddings.word_embeddings", pieces, HIDDEN, 2.0);
        for (name, rows) in [("position", PIECES_MAX), ("token_type", 2), ("case", 16)] {
            made.floats(
                &format!("embeddings.{name}_embeddings.weight"),
                rows * HIDDEN,
                0.0,
                0.3,
            );
        }
        made.norm("embeddings.LayerNorm");
        for layer in 0..LAYERS {
            let at = |name: &str| format!("encoder.layer.{layer}.{name}");
            for part in [
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
            ] {
                made.linear(&at(part), HIDDEN, HIDDEN);
            }
            made.norm(&at("attention.output.LayerNorm"));
            made.linear(&at("intermediate.dense"), WIDE, HIDDEN);
            made.linear(&at("output.dense"), HIDDEN, WIDE);
            made.norm(&at("output.LayerNorm"));
        }
        for (name, outputs) in [("names", TAGS), ("topics", 2)] {
            made.floats(&format!("{name}.weight"), outputs * HIDDEN, 0.0, 0.5);
            made.floats(&format!("{name}.bias"), outputs, 0.0, 0.1);
        }
        made
    }

    /// Between -1 and 1.
    fn next(&mut self) -> f32 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 40) as f32 / 8_388_608.0) - 1.0
    }

    fn put(&mut self, name: &str, bytes: &[u8]) {
        self.places.insert(
            name.to_owned(),
            json!({"length": bytes.len(), "start": self.body.len()}),
        );
        self.body.extend_from_slice(bytes);
    }

    fn floats(&mut self, name: &str, count: usize, middle: f32, spread: f32) {
        let bytes: Vec<u8> = (0..count)
            .flat_map(|_| (middle + spread * self.next()).to_le_bytes())
            .collect();
        self.put(name, &bytes);
    }

    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize, spread: f32) {
        let bytes: Vec<u8> = (0..outputs * inputs)
            .map(|_| (127.0 * self.next()) as i8 as u8)
            .collect();
        self.put(&format!("{name}.weight"), &bytes);
        self.floats(&format!("{name}.scales"), outputs, spread / 127.0, spread / 500.0);
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize) {
        self.matrix(name, outputs, inputs, 3.0 / (inputs as f32).sqrt());
        self.floats(&format!("{name}.bias"), outputs, 0.0, 0.2);
    }

    fn norm(&mut self, name: &str) {
        self.floats(&format!("{name}.weight"), HIDDEN, 1.0, 0.2);
        self.floats(&format!("{name}.bias"), HIDDEN, 0.0, 0.2);
    }

    fn file(&self) -> Vec<u8> {
        let header = json!({"model": self.model, "tensors": self.places}).to_string();
        let length = u32::try_from(header.len()).unwrap();
        let parts: [&[u8]; 5] = [
            b"dlencode",
            &1_u32.to_le_bytes(),
            &length.to_le_bytes(),
            header.as_bytes(),
            &self.body,
        ];
        let content = parts.concat();
        [content.as_slice(), Sha256::digest(&content).as_slice()].concat()
    }

    /// A tensor of floats, or of bytes with their scales.
    fn tensor(&self, name: &str, width: usize) -> Vec<Vec<f64>> {
        let raw = |name: &str| {
            let place = self.places.get(name)?;
            let start = usize::try_from(place["start"].as_u64()?).ok()?;
            self.body
                .get(start..start + usize::try_from(place["length"].as_u64()?).ok()?)
        };
        let floats = |bytes: &[u8]| -> Vec<f64> {
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|four| f64::from(f32::from_le_bytes(*four)))
                .collect()
        };
        let Some(scales) = name
            .strip_suffix(".weight")
            .and_then(|name| raw(&format!("{name}.scales")))
        else {
            return floats(raw(name).unwrap())
                .chunks(width)
                .map(<[f64]>::to_vec)
                .collect();
        };
        let rows = raw(name).unwrap().chunks(width).zip(floats(scales));
        rows.map(|(row, scale)| row.iter().map(|&byte| f64::from(byte as i8) * scale).collect())
            .collect()
    }

    fn linear_of(&self, name: &str, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let weights = self.tensor(&format!("{name}.weight"), rows[0].len());
        let bias = self.tensor(&format!("{name}.bias"), weights.len()).remove(0);
        let output = |row: &Vec<f64>| {
            let products = weights
                .iter()
                .map(|w| w.iter().zip(row).map(|(w, x)| w * x).sum::<f64>());
            products
                .zip(&bias)
                .map(|(product, bias)| product + bias)
                .collect()
        };
        rows.iter().map(output).collect()
    }

    fn norm_of(&self, name: &str, rows: &mut [Vec<f64>]) {
        let scale = self.tensor(&format!("{name}.weight"), HIDDEN).remove(0);
        let shift = self.tensor(&format!("{name}.bias"), HIDDEN).remove(0);
        for row in rows {
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row.len() as f64;
            for ((x, scale), shift) in row.iter_mut().zip(&scale).zip(&shift) {
                *x = (*x - mean) / variance.sqrt() * scale + shift;
            }
        }
    }

    /// The encoder as its papers have it.
    fn forward(&self, inputs: &[Input]) -> Vec<Vec<f64>> {
        let table = |name: &str| self.tensor(&format!("embeddings.{name}_embeddings.weight"), HIDDEN);
        let (words, positions, kinds, cases) = (
            table("word"),
            table("position"),
            table("token_type"),
            table("case"),
        );
        let embed = |(place, input): (usize, &Input)| -> Vec<f64> {
            let sum = |at: usize| {
                words[usize::from(input.piece)][at]
                    + positions[place][at]
                    + kinds[usize::from(input.headline)][at]
                    + cases[usize::from(input.case)][at]
            };
            (0..HIDDEN).map(sum).collect()
        };
        let mut rows: Vec<_> = inputs.iter().enumerate().map(embed).collect();
        self.norm_of("embeddings.LayerNorm", &mut rows);
        for layer in 0..LAYERS {
            let at = |name: &str| format!("encoder.layer.{layer}.{name}");
            let [queries, keys, values] = ["query", "key", "value"]
                .map(|part| self.linear_of(&at(&format!("attention.self.{part}")), &rows));
            let mut context = vec![vec![0.0; HIDDEN]; rows.len()];
            for head in 0..HIDDEN / 32 {
                let part = head * 32..head * 32 + 32;
                for (query, context) in queries.iter().zip(&mut context) {
                    let score = |key: &Vec<f64>| {
                        let product: f64 = part.clone().map(|i| query[i] * key[i]).sum();
                        (product / 32_f64.sqrt()).exp()
                    };
                    let weights: Vec<f64> = keys.iter().map(score).collect();
                    let total: f64 = weights.iter().sum();
                    for i in part.clone() {
                        context[i] = weights
                            .iter()
                            .zip(&values)
                            .map(|(w, value)| w / total * value[i])
                            .sum();
                    }
                }
            }
            add(
                &mut rows,
                &self.linear_of(&at("attention.output.dense"), &context),
            );
            self.norm_of(&at("attention.output.LayerNorm"), &mut rows);
            let mut wide = self.linear_of(&at("intermediate.dense"), &rows);
            wide.iter_mut()
                .flatten()
                .for_each(|x| *x *= 0.5 * (1.0 + erf(*x / 2_f64.sqrt())));
            add(&mut rows, &self.linear_of(&at("output.dense"), &wide));
            self.norm_of(&at("output.LayerNorm"), &mut rows);
        }
        rows
    }
}

fn add(rows: &mut [Vec<f64>], more: &[Vec<f64>]) {
    for (row, more) in rows.iter_mut().zip(more) {
        row.iter_mut().zip(more).for_each(|(x, y)| *x += y);
    }
}

/// Abramowitz and Stegun 7.1.26, to within 1.5e-7.
fn erf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let sum = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    x.signum() * (1.0 - sum * (-x * x).exp())
}

fn tiny(instructions: Instructions) -> Encoder {
    Encoder::on(instructions, Cow::Owned(Builder::new().file())).unwrap()
}

fn passages<'t>(headline: &'t str, text: &'t str) -> [Passage<'t>; 2] {
    [
        Passage::new(Field::Headline, headline),
        Passage::new(Field::Text, text),
    ]
}

/// A text of several windows.
fn long_text() -> String {
    let sentence = "The United Nations met in Paris, Köln and 東京 on 10 June; al-Qaida's men were there. ";
    sentence.repeat(6) + "no stop anywhere in this one " + &"x y z ".repeat(75)
}

#[test]
fn layers_do_what_the_papers_say() {
    let builder = Builder::new();
    let encoder = tiny(Instructions::Portable);
    for pieces in [1, 5, 37] {
        let inputs: Vec<_> = (0..pieces)
            .map(|at| Input {
                piece: (at * 7 % 60) as u16,
                headline: at < 4,
                case: (at % 16) as u8,
            })
            .collect();
        let mut rows = Vec::new();
        encoder.model.forward(&inputs, &mut rows);
        let expected = builder.forward(&inputs);
        for (row, expected) in rows.chunks_exact(HIDDEN).zip(&expected) {
            let product: f64 = row.iter().zip(expected).map(|(a, b)| f64::from(*a) * b).sum();
            let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
            let norms = norm(&mut row.iter().map(|x| f64::from(*x))) * norm(&mut expected.iter().copied());
            assert!(
                product / norms > 0.99,
                "{pieces} pieces: cosine {}",
                product / norms
            );
        }
        let names = builder.linear_of("names", &expected);
        for (place, logits) in names.iter().enumerate() {
            let scores = encoder.model.scores(&rows, place);
            let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
            for (score, logit) in scores.iter().zip(logits) {
                assert!((f64::from(score.exp()) - logit.exp() / total).abs() < 0.1);
            }
        }
    }
}

#[test]
fn every_kernel_gives_the_same_bits() {
    let text = long_text();
    let both = passages("UN meets", &text);
    let expected = tiny(Instructions::Portable).read(&both, |_, _| true);
    for instructions in Instructions::here() {
        let reading = tiny(instructions).read(&both, |_, _| true);
        let bits = |reading: &Reading| -> Vec<u32> {
            let scores = reading.scores.iter().flatten().flatten();
            scores
                .chain(&reading.topics)
                .map(|score| score.to_bits())
                .collect()
        };
        assert_eq!(bits(&reading), bits(&expected), "{instructions:?}");
    }
}

#[test]
fn nothing_is_remembered_from_one_article_to_the_next() {
    let encoder = Encoder::new(Cow::Owned(Builder::new().file())).unwrap();
    let text = long_text();
    let (long, short) = (passages("UN meets", &text), passages("", "Paris."));
    let first = encoder.read(&short, |_, _| true);
    let longer = encoder.read(&long, |_, _| true);
    assert_eq!(encoder.read(&short, |_, _| true), first);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(encoder.read(&long, |_, _| true), longer));
        }
    });
}

#[test]
fn every_wanted_token_is_read_to_the_end_and_no_other() {
    let encoder = tiny(Instructions::here()[0]);
    let text = long_text();
    let both = passages("United in Paris", &text);
    let reading = encoder.read(&both, |_, _| true);
    assert!(reading.pieces > 2 * PIECES_MAX && reading.topics.len() == 2);
    for (rows, passage) in reading.scores.iter().zip(&both) {
        assert_eq!(rows.len(), passage.words.len());
        assert!(rows.iter().all(|row| row != &outside()));
        let total = |row: &Scores| row.iter().map(|score| score.exp()).sum::<f32>();
        assert!(rows.iter().all(|row| (total(row) - 1.0).abs() < 1e-4));
    }
    let some = encoder.read(&both, |field, index| field == Field::Text && index % 50 < 10);
    assert!(some.pieces < reading.pieces / 2);
    assert!(some.scores[0].iter().all(|row| row == &outside()));
    for (index, row) in some.scores[1].iter().enumerate() {
        assert_eq!(row == &outside(), index % 50 >= 10, "{index}");
    }
    let nothing = encoder.read(&passages("", ""), |_, _| true);
    assert_eq!((nothing.pieces, nothing.topics.len()), (0, 0));
}

#[test]
fn a_file_that_does_not_fit_is_refused() {
    let builder = Builder::new();
    let good = builder.file();
    let error = |bytes: Vec<u8>| Encoder::new(Cow::Owned(bytes)).unwrap_err().to_string();
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        error(bytes)
    };
    assert_eq!(error(Vec::new()), "is not such a model of dateline");
    assert_eq!(changed(0, b'x'), "is not such a model of dateline");
    assert!(changed(8, 9).starts_with("has layout 9, this program reads 1"));
    assert!(
        changed(good.len() / 2, 1).contains("checksum") || changed(good.len() / 2, 2).contains("checksum")
    );
    assert!(error(good[..good.len() - 1].to_vec()).contains("checksum"));
    assert!(error(good[..20].to_vec()).contains("checksum"));
    let with = |change: &dyn Fn(&mut Builder)| {
        let mut builder = builder.clone();
        change(&mut builder);
        error(builder.file())
    };
    for (key, value, expected) in [
        ("hidden", json!(65), "multiples of 64"),
        ("hidden", json!(128), "another length"),
        (
            "layers",
            json!(3),
            "encoder.layer.2.attention.self.query.weight: is missing",
        ),
        ("calibration", json!([]), "no such table"),
        ("transitions", json!([1.0]), "no such table"),
        ("surprise", json!(1), "surprise"),
    ] {
        let message = with(&|builder| builder.model[key] = value.clone());
        assert!(message.contains(expected), "{key}: {message}");
    }
    let message = with(&|builder| builder.places["names.bias"]["start"] = json!(usize::MAX));
    assert_eq!(message, "tensor names.bias: lies beyond the end");
    let message = with(&|builder| {
        let start = usize::try_from(builder.places["names.bias"]["start"].as_u64().unwrap()).unwrap();
        builder.body[start..start + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    assert_eq!(message, "tensor names.bias: holds what is no finite number");
    let message = with(&|builder| {
        builder.put("vocabulary", b"a\nb");
    });
    assert!(message.contains("lacks [UNK]"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_text_is_read(headline in "\\PC{0,20}", text in "(\\PC|[a-z. \n\u{0}\u{301}]){0,120}") {
        let encoder = tiny(Instructions::here()[0]);
        let both = passages(&headline, &text);
        let reading = encoder.read(&both, |_, _| true);
        for (rows, passage) in reading.scores.iter().zip(&both) {
            prop_assert_eq!(rows.len(), passage.words.len());
            prop_assert!(rows.iter().flatten().all(|score| score.is_finite()));
        }
    }
}
