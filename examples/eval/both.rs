//! How much the fast recogniser counts beside the encoder, and how sure both are together: chosen on the documents at
//! hand, and written as `models/names-accurate.json`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use dateline::article::ByteSpan;
use dateline::enrich::tagger::both::together;
use dateline::enrich::tagger::encoder::Encoder;
use dateline::enrich::tagger::fast::Fast;
use dateline::enrich::tagger::sightings::Passage;
use dateline::enrich::tagger::sightings::names;
use dateline::enrich::tagger::tags::Scores;
use serde_json::json;

use crate::corpus::Document;
use crate::corpus::Label;
use crate::score;
use crate::score::Key;
use crate::score::Table;
use crate::score::View;

/// What the fast recogniser may count.
const PARTS: [f32; 9] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0];
/// Where one point of the table that makes raw scores probabilities ends and the next begins, as shares of the names by
/// rising score: most names are sure, and the few others tell the most.
const BOUNDS: [f64; 13] = [
    0.01, 0.02, 0.035, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0,
];

/// A name with its raw score, and whether it is right.
type Judged = (f32, bool);

/// Prints F1 of our news over the nine types and of each corpus in the shared view for each part, before resolution;
/// writes the part with the best mean of all these, and the calibration of its names in our news.
pub(crate) fn write(documents: &[Document], to: &Path) -> Result<()> {
    let read = |path: &str| fs::read(path).with_context(|| path.to_owned());
    let fast = Fast::new(read("models/names-fast.bin")?.into())?;
    let encoder = Encoder::new(read("models/encoder.bin")?.into())?;
    let mut tables: Vec<BTreeMap<&str, Table>> = PARTS.iter().map(|_| BTreeMap::new()).collect();
    let mut judged: Vec<Vec<Judged>> = PARTS.iter().map(|_| Vec::new()).collect();
    for document in documents {
        let passages = Passage::of(&document.article);
        let quick = fast.read(&passages).scores;
        let slow = encoder.read(&passages, |_, _| true).scores;
        let view = if document.own { View::Nine } else { View::Shared };
        let gold = score::gold_keys(&document.gold, view);
        for ((part, tables), judged) in PARTS.iter().zip(&mut tables).zip(&mut judged) {
            let mut found = BTreeSet::new();
            for (passage, (quick, slow)) in passages.iter().zip(quick.iter().zip(&slow)) {
                let rows = quick.iter().zip(slow);
                let rows: Vec<Scores> = rows.map(|(quick, slow)| together(quick, slow, *part)).collect();
                for (key, raw) in keys(&encoder, passage, &rows, view) {
                    if document.own {
                        judged.push((raw, gold.contains(&key)));
                    }
                    found.insert(key);
                }
            }
            tables
                .entry(document.group())
                .or_default()
                .add_types(&gold, &found);
        }
    }
    let mean = |tables: &BTreeMap<&str, Table>| {
        tables.values().map(|table| table.total().f1()).sum::<f64>() / tables.len() as f64
    };
    for (part, tables) in PARTS.iter().zip(&tables) {
        let each = tables
            .iter()
            .map(|(group, table)| format!("{group} {:.2}", table.total().f1()));
        println!(
            "{part}: mean {:.2}; {}",
            mean(tables),
            each.collect::<Vec<_>>().join(", ")
        );
    }
    let all = PARTS.iter().zip(&tables).zip(&mut judged);
    let best = all.max_by(|((_, a), _), ((_, b), _)| mean(a).total_cmp(&mean(b)));
    let ((part, _), judged) = best.context("no parts")?;
    let calibration = calibrated(judged);
    println!("chosen: {part}; (raw score, probability): {calibration:?}");
    let model =
        json!({"name": "names-accurate", "version": "1", "fast": rounded(*part), "calibration": calibration});
    fs::write(to, format!("{model}\n")).with_context(|| to.display().to_string())
}

/// The names of one passage as the scorer knows them, with their raw scores.
fn keys(encoder: &Encoder, passage: &Passage<'_>, rows: &[Scores], view: View) -> Vec<(Key, f32)> {
    let mut found = Vec::new();
    for line in &passage.lines {
        let (mut tags, mut back) = (Vec::new(), Vec::new());
        let rows = &rows[line.clone()];
        encoder.decoder().transitions.decode(rows, &mut tags, &mut back);
        for name in names(&tags, rows) {
            let Some(kind) = view.name(Label::Type(name.kind)) else {
                continue;
            };
            let words = &passage.words[line.start + name.tokens.start..line.start + name.tokens.end];
            if let (Some(first), Some(last)) = (words.first(), words.last()) {
                found.push((
                    (passage.field, ByteSpan::new(first.start, last.end), kind),
                    name.score,
                ));
            }
        }
    }
    found
}

/// Points of some names each, mean raw score and share right, made to rise (pooling adjacent violators: Ayer and
/// others 1955).
fn calibrated(judged: &mut [Judged]) -> Vec<[f64; 2]> {
    judged.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Sums of raw scores and of what is right, and how many.
    let mut pools: Vec<(f64, f64, f64)> = Vec::new();
    let mut start = 0;
    for bound in BOUNDS {
        let end = (judged.len() as f64 * bound).round() as usize;
        let chunk = &judged[start..end.max(start)];
        start = end;
        if chunk.is_empty() {
            continue;
        }
        let raw = chunk.iter().map(|(raw, _)| f64::from(*raw)).sum();
        let right = chunk.iter().filter(|(_, right)| *right).count() as f64;
        pools.push((raw, right, chunk.len() as f64));
        while let [.., a, b] = pools.as_slice()
            && a.1 / a.2 >= b.1 / b.2
        {
            let joined = (a.0 + b.0, a.1 + b.1, a.2 + b.2);
            pools.truncate(pools.len() - 2);
            pools.push(joined);
        }
    }
    // One more of each, so that nothing is certain.
    let point = |(raw, right, n): &(f64, f64, f64)| [raw / n, (right + 1.0) / (n + 2.0)];
    let mut points: Vec<[f64; 2]> = pools.iter().map(point).collect();
    points.dedup_by(|next, last| next[0] <= last[0]);
    let mut least = 0.0_f64;
    for [raw, probability] in &mut points {
        least = least.max(*probability);
        (*raw, *probability) = ((*raw * 1e5).round() / 1e5, (least * 1e3).round() / 1e3);
    }
    points
}

fn rounded(part: f32) -> f64 {
    (f64::from(part) * 100.0).round() / 100.0
}
