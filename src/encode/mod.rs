//! `EnrichedArticle` to record v1 (JSON or Avro) or ninjs 3.1, and the dead letter of a record that can never be
//! one. Pure: time and versions come in as arguments. Knows Kafka's records as plain data, never Kafka.

pub mod avro;
mod build;
mod code_points;
mod dead_letter;
mod framing;
mod letter;
mod ninjs;
pub mod record_v1;
pub mod schema;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::article::Article;
use crate::article::EnrichedArticle;
use crate::config::EventMode;
use crate::config::OutputForm;
use crate::record::Header;
use crate::record::OutputRecord;
use crate::record::Record;

pub use dead_letter::DeadLetterContext;
pub use dead_letter::dead_letter;
pub use framing::Framing;
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

/// In which form records are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Record v1 or ninjs.
    pub form: OutputForm,
    /// How the `CloudEvent` stands in the record.
    pub event: EventMode,
    /// For readers that ask a schema registry: record v1 in binary mode alone.
    pub framing: Option<Framing>,
}

/// A record of an article, as one of the CloudEvents. Whether it is too large for the output topic is for the
/// caller to see
/// (`OutputRecord::bytes`).
///
/// The event's id is the SHA-256 of the payload: the same payload is the same event on every replay, a
/// corrected article is another. The article's id is its subject. `None` where the record does not fit its schema,
/// which is a defect.
pub fn encode(
    article: &EnrichedArticle,
    record: &Record,
    run: &RunInfo,
    wanted: &Wanted,
) -> Option<OutputRecord> {
    let content_sha256 = sha256(record.value.as_deref().unwrap_or_default());
    let processed_at = build::time(run.processed_at_ms);
    let id = &article.article.id;
    let framing = wanted.framing.as_ref();
    let schema = match wanted.form {
        OutputForm::RecordV1 => framing.map(Framing::schema_uri),
        OutputForm::Ninjs31 => Some(ninjs::SCHEMA),
    };
    let value = match wanted.form {
        OutputForm::RecordV1 => Data::Record(Box::new(build::record(article, record, run, &content_sha256))),
        OutputForm::Ninjs31 => {
            let text_sha256 = sha256(article.article.text.as_bytes());
            Data::Ninjs(ninjs::item(article, &content_sha256, &text_sha256))
        }
    };
    let attributes = [
        ("specversion", Some("1.0")),
        ("id", Some(content_sha256.as_str())),
        ("source", Some(run.ce_source.as_str())),
        ("type", Some(EVENT_TYPE)),
        ("subject", Some(id.as_str())),
        ("dataschema", schema),
        ("time", processed_at.as_deref()),
    ];
    let attributes = attributes
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let kept = |header: &&Header| !is_ours(&header.name);
    let mut headers: Vec<Header> = record.headers.iter().filter(kept).cloned().collect();
    let value = match wanted.event {
        EventMode::Binary => {
            let content_type = framing.map_or("application/json", Framing::content_type);
            headers.push(Header::text("content-type", content_type));
            headers.extend(attributes.map(|(name, value)| Header::text(["ce_", name].concat(), value)));
            framing.map_or_else(|| json(&value, &article.article), |framing| framing.frame(&value))
        }
        EventMode::Structured => {
            headers.push(Header::text(
                "content-type",
                "application/cloudevents+json; charset=UTF-8",
            ));
            let event = Event {
                attributes: attributes.collect(),
                datacontenttype: "application/json",
                data: value,
            };
            json(&event, &article.article)
        }
    };
    let key = record.key.clone().unwrap_or_else(|| id.clone().into_bytes());
    Some(OutputRecord {
        key: Some(key),
        value: Some(value?),
        headers,
    })
}

/// What a record has beside its article's text, roughly, in bytes.
const BESIDE_TEXT: usize = 4096;

fn json(value: &impl Serialize, article: &Article) -> Option<Vec<u8>> {
    let mut written = Vec::with_capacity(article.text.len() + BESIDE_TEXT);
    serde_json::to_writer(&mut written, value).ok()?;
    written.shrink_to_fit();
    Some(written)
}

/// A record in the form that is wanted.
#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Record(Box<record_v1::RecordV1<'a>>),
    Ninjs(serde_json::Value),
}

/// One of the CloudEvents in structured mode (JSON Event Format 1.0).
#[derive(Serialize)]
struct Event<'a> {
    #[serde(flatten)]
    attributes: BTreeMap<&'a str, &'a str>,
    datacontenttype: &'a str,
    data: Data<'a>,
}

/// A record passed on as it is, such as a tombstone.
pub fn pass_through(record: &Record) -> OutputRecord {
    OutputRecord {
        key: record.key.clone(),
        value: record.value.clone(),
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
