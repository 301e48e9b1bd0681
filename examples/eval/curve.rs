//! The cascade between its two ends: how good, how fast, and how much of the text the encoder reads, by its margin.

use std::time::Instant;

use anyhow::Result;
use dateline::config::NamesConfig;
use dateline::config::NamesModel;
use dateline::enrich::tagger::Tagger;
use dateline::enrich::tagger::sightings::Passage;

use crate::Setting;
use crate::corpus::Document;
use crate::score;
use crate::score::Table;
use crate::score::View;

/// From nothing to everything.
const MARGINS: [f64; 9] = [0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 20.0];

/// Prints F1 over the nine types and in the shared view, the share of tokens that the encoder reads, and words a second of
/// the recogniser alone, on this thread, at each margin.
pub(crate) fn print(documents: &[Document]) -> Result<()> {
    println!(
        "\n| margin | F1, nine types | F1, shared view | tokens to the encoder | words/s |\n|---|---|---|---|---|"
    );
    for margin in MARGINS {
        let config = NamesConfig {
            model: NamesModel::Cascade,
            cascade_margin: margin,
        };
        let tagger = Tagger::new(&config, false)?;
        let (mut tokens, mut encoded, mut words) = (0, 0, 0);
        let start = Instant::now();
        for document in documents {
            let tagged = tagger.tag(&Passage::of(&document.article));
            tokens += tagged.tokens;
            encoded += tagged.encoded;
            words += document.words();
        }
        let speed = words as f64 / start.elapsed().as_secs_f64();
        let setting = Setting {
            name: "cascade",
            config,
        };
        let (mut nine, mut shared) = (Table::default(), Table::default());
        for (document, found) in documents.iter().zip(setting.read(documents)?) {
            for (table, view) in [(&mut nine, View::Nine), (&mut shared, View::Shared)] {
                table.add_types(
                    &score::gold_keys(&document.gold, view),
                    &score::found_keys(&found, view),
                );
            }
        }
        println!(
            "| {margin} | {:.1} | {:.1} | {:.1} % | {speed:.0} |",
            nine.total().f1(),
            shared.total().f1(),
            100.0 * encoded as f64 / tokens.max(1) as f64
        );
    }
    Ok(())
}
