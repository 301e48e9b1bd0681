//! The cascade between its two ends: how good, how fast, and how much of the text the encoder reads, by its margin.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Result;
use dateline::config::NamesConfig;
use dateline::config::NamesModel;
use dateline::enrich::english;
use dateline::enrich::tagger::Tagger;
use dateline::enrich::tagger::sightings::Passage;

use crate::Setting;
use crate::corpus::Document;
use crate::score;
use crate::score::Table;
use crate::score::View;

/// From nothing to everything.
const MARGINS: [f64; 9] = [0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 20.0];

/// Prints, at each margin, F1 of our news over the nine types and of each corpus in the shared view, the share of tokens
/// that the encoder reads, and words a second of the recogniser alone, on this thread.
pub(crate) fn print(documents: &[Document]) -> Result<()> {
    let sources: BTreeSet<&str> = documents.iter().map(Document::group).collect();
    let names: Vec<_> = sources
        .iter()
        .map(|source| format!("{source} | read |"))
        .collect();
    println!("\n| margin | nine types | {} words/s |", names.join(" "));
    println!("|---|---|{}---|", "---|---|".repeat(sources.len()));
    for margin in MARGINS {
        let config = NamesConfig {
            model: NamesModel::Cascade,
            cascade_margin: margin,
        };
        let tagger = Tagger::new(&english(), &config, false)?;
        let mut read: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut words = 0;
        let start = Instant::now();
        for document in documents {
            let tagged = tagger.tag(&Passage::of(&document.article));
            let (tokens, encoded) = read.entry(document.group()).or_default();
            *tokens += tagged.tokens;
            *encoded += tagged.encoded;
            words += document.words();
        }
        let speed = words as f64 / start.elapsed().as_secs_f64();
        let setting = Setting {
            name: "cascade",
            config,
        };
        let mut nine = Table::default();
        let mut shared: BTreeMap<&str, Table> = BTreeMap::new();
        for (document, found) in documents.iter().zip(setting.read(documents)?) {
            let add = |table: &mut Table, view| {
                table.add_types(
                    &score::gold_keys(&document.gold, view),
                    &score::found_keys(&found, view),
                );
            };
            if document.own {
                add(&mut nine, View::Nine);
            }
            add(shared.entry(document.group()).or_default(), View::Shared);
        }
        let each: Vec<_> = shared
            .iter()
            .map(|(source, table)| {
                let (tokens, encoded) = read.get(source).copied().unwrap_or_default();
                let share = 100.0 * encoded as f64 / tokens.max(1) as f64;
                format!("{:.1} | {share:.1} % |", table.total().f1())
            })
            .collect();
        println!(
            "| {margin} | {:.1} | {} {speed:.0} |",
            nine.total().f1(),
            each.join(" ")
        );
    }
    Ok(())
}
