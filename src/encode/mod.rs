//! `EnrichedArticle` to record v1, and the dead letter of a record that can never be one. Pure: time and
//! versions come in
//! as arguments. Knows Kafka's records as plain data, never Kafka.

mod build;
mod code_points;
mod dead_letter;
mod letter;
pub mod record_v1;
pub mod schema;

#[cfg(test)]
mod tests;

use sha2::Digest;
use sha2::Sha256;

use crate::article::EnrichedArticle;
use crate::record::Header;
use crate::record::OutputRecord;
use crate::record::Record;

pub use dead_letter::DeadLetterContext;
pub use dead_letter::dead_letter;
pub use letter::Letter;
pub use letter::REFUSED_TIMESTAMP_HEADER;
pub use letter::read_replayed_note;
pub use letter::replayed_note;

/// The type of our CloudEvents.
pub const EVENT_TYPE: &str = "dateline.article.enriched.v1";

/// A model that took part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// What every record of a run says of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
    /// Version of the worker.
    pub worker_version: String,
    /// Models, in a fixed order.
    pub models: Vec<ModelInfo>,
    /// Version of the topic vocabulary.
    pub vocabulary_version: String,
    /// `ce_source` of the events: a URI reference that names this worker's work, for example `/dateline/<group_id>`.
    pub ce_source: String,
    /// When the record is made, in milliseconds since 1970.
    pub processed_at_ms: i64,
}

/// Record v1 of an article, as an event in CloudEvents' binary mode. Whether it is too large for the output
/// topic is for
/// the caller to see (`OutputRecord::bytes`).
///
/// The event's id is the SHA-256 of the payload: the same payload is the same event on every replay, a
/// corrected article
/// is another. The article's id is its subject.
pub fn encode(article: &EnrichedArticle, record: &Record, run: &RunInfo) -> OutputRecord {
    let content_sha256 = sha256(record.value.as_deref().unwrap_or_default());
    let processed_at = build::time(run.processed_at_ms);
    let id = &article.article.id;
    let built = build::record(article, record, run, &content_sha256);
    // Cannot fail: all keys are strings and the writer is memory (`tests` has a property over it).
    let value = serde_json::to_vec(&built).unwrap_or_default();
    let kept = |header: &&Header| !is_ours(&header.name);
    let mut headers: Vec<Header> = record.headers.iter().filter(kept).cloned().collect();
    headers.push(Header::text("content-type", "application/json"));
    headers.push(Header::text("ce_specversion", "1.0"));
    headers.push(Header::text("ce_id", &content_sha256));
    headers.push(Header::text("ce_source", &run.ce_source));
    headers.push(Header::text("ce_type", EVENT_TYPE));
    headers.push(Header::text("ce_subject", id));
    headers.extend(processed_at.map(|time| Header::text("ce_time", time)));
    let key = record.key.clone().unwrap_or_else(|| id.clone().into_bytes());
    OutputRecord {
        key: Some(key),
        value: Some(value),
        headers,
    }
}

/// A tombstone, passed on as one: key and headers kept.
pub fn pass_through(record: &Record) -> OutputRecord {
    OutputRecord {
        key: record.key.clone(),
        value: None,
        headers: record.headers.clone(),
    }
}

/// Headers that describe the value, and so are replaced with it.
fn is_ours(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
        || name
            .get(..3)
            .is_some_and(|prefix| prefix.eq_ignore_ascii_case("ce_"))
}

/// SHA-256 in lower-case hex.
fn sha256(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |d| char::from(*d));
    Sha256::digest(bytes)
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
