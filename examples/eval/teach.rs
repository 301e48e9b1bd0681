//! The encoder as a teacher: what it says of every token of the trainers' documents, for `train/fast.py` to learn from.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use dateline::article::Field;
use dateline::enrich::tagger::encoder::Encoder;
use dateline::enrich::tagger::sightings::Passage;
use dateline::enrich::tagger::tags::Scores;
use serde::Deserialize;
use serde_json::json;

/// How many tags of a token are told.
const BEST: usize = 3;
/// What a probability of one is written as.
const WHOLE: f32 = 255.0;

/// One line of `docs.jsonl` (train/data.py).
#[derive(Debug, Deserialize)]
struct Lesson {
    id: String,
    split: String,
    head: Vec<String>,
    tokens: Vec<String>,
    ends: Vec<usize>,
}

/// Writes, for every training document of `from`, a line with its id and each token's most likely tags and their
/// probabilities in parts of 255: the headline's tokens, then the text's.
pub(crate) fn write(from: &Path, to: &Path) -> Result<()> {
    let model = fs::read("models/encoder.bin").context("models/encoder.bin")?;
    let encoder = Encoder::new(model.into())?;
    let lines = BufReader::new(fs::File::open(from).with_context(|| from.display().to_string())?);
    let mut out = BufWriter::new(fs::File::create(to)?);
    let mut count = 0;
    for line in lines.lines() {
        let lesson: Lesson = serde_json::from_str(&line?)?;
        if lesson.split != "train" {
            continue;
        }
        let (headline, text) = (lesson.head.join(" "), lesson.text());
        let passages = [
            Passage::new(Field::Headline, &headline),
            Passage::new(Field::Text, &text),
        ];
        let reading = encoder.read(&passages, |_, _| true);
        let rows: Vec<&Scores> = reading.scores.iter().flatten().collect();
        let tokens = lesson.head.len() + lesson.tokens.len();
        ensure!(
            rows.len() == tokens,
            "{}: {} tokens read of {tokens}",
            lesson.id,
            rows.len()
        );
        let (top, parts): (Vec<_>, Vec<_>) = rows.into_iter().map(best).unzip();
        serde_json::to_writer(&mut out, &json!({"id": lesson.id, "top": top, "parts": parts}))?;
        writeln!(out)?;
        count += tokens;
    }
    out.flush()?;
    println!("{count} tokens taught");
    Ok(())
}

impl Lesson {
    /// The text, a sentence a line, so that windows are cut between its sentences and nowhere else.
    fn text(&self) -> String {
        let starts = std::iter::once(&0).chain(&self.ends);
        let sentences = starts
            .zip(&self.ends)
            .map(|(&start, &end)| self.tokens[start..end].join(" "));
        sentences.collect::<Vec<_>>().join("\n")
    }
}

/// The most likely tags of a token, best first, and their parts of `WHOLE`.
fn best(row: &Scores) -> ([usize; BEST], [u8; BEST]) {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
    let mut found = ([0; BEST], [0; BEST]);
    for (place, tag) in order.into_iter().take(BEST).enumerate() {
        found.0[place] = tag;
        found.1[place] = (row[tag].exp() * WHOLE).round() as u8;
    }
    found
}
