//! What the tests of the core and of the flow share: records to read and the processor with its defaults.
//! Holds no test.

use std::sync::Arc;
use std::sync::LazyLock;

use dateline::config::Config;
use dateline::record::Header;
use dateline::record::Origin;
use dateline::record::Outcome;
use dateline::record::Record;
use dateline::worker::process::Processor;
use serde_json::Value;

/// 2023-11-14T22:13:20Z.
pub(super) const NOW_MS: i64 = 1_700_000_000_000;

/// Every default; loaded once, since that is what takes time.
pub(super) static PROCESSOR: LazyLock<Arc<Processor>> =
    LazyLock::new(|| Arc::new(Processor::new(&Config::default()).unwrap()));

pub(super) fn record(offset: i64, value: &str, content_type: Option<&str>) -> Record {
    Record {
        origin: Origin {
            kafka_topic: Arc::from("articles.raw"),
            partition: 0,
            offset,
        },
        timestamp_ms: Some(NOW_MS - 1_000),
        key: None,
        value: Some(value.as_bytes().to_vec()),
        headers: content_type
            .map(|content_type| Header::text("content-type", content_type))
            .into_iter()
            .collect(),
    }
}

/// The published record of an enriched outcome.
pub(super) fn published(outcome: &Outcome) -> Option<Value> {
    match outcome {
        Outcome::Enriched(output) => Some(serde_json::from_slice(output.value.as_deref()?).unwrap()),
        _ => None,
    }
}

/// The lines of `samples/articles.jsonl` as records; line `n` has offset `n`.
pub(super) fn samples() -> Vec<Record> {
    let lines = include_str!("../../samples/articles.jsonl").lines();
    let records = lines.zip(1..).map(|(line, offset)| {
        let line: Value = serde_json::from_str(line).unwrap();
        record(
            offset,
            line["value"].as_str().unwrap(),
            line["content_type"].as_str(),
        )
    });
    records.collect()
}
