//! A rejected record as a dead letter: the original untouched, and why, in headers that Kafka's tools know (Connect's
//! `__connect.errors.*`). What the topic cannot hold is cut, and the cut is declared.

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::encode::sha256;
use crate::record::Header;
use crate::record::OutputRecord;
use crate::record::Record;

/// Bytes that a batch and a record take beside key, value and headers, and each header beside name and value:
/// more than the protocol needs.
const RECORD_OVERHEAD: usize = 128;
const HEADER_OVERHEAD: usize = 12;
/// The first of our headers: what stands before it is the input's.
pub(crate) const FIRST_HEADER: &str = "__connect.errors.topic";
/// Most bytes of the message for people.
const MESSAGE_BYTES_MAX: usize = 1024;

/// Where and by whom a record was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterContext {
    /// The consumer group.
    pub group_id: String,
    /// Version of the worker.
    pub worker_version: String,
    /// Most bytes that the dead-letter topic takes for a record.
    pub bytes_max: usize,
}

/// The dead letter of a rejected record, never larger than `bytes_max` unless our own headers alone are.
pub fn dead_letter(record: &Record, rejection: &Rejection, context: &DeadLetterContext) -> OutputRecord {
    let ours = reasons(record, rejection, context);
    let mut headers = record.headers.clone();
    headers.extend(ours.iter().cloned());
    let whole = OutputRecord {
        key: record.key.clone(),
        value: record.value.clone(),
        headers,
    };
    if size(&whole) <= context.bytes_max {
        whole
    } else {
        cut(whole, ours, context.bytes_max)
    }
}

/// Cuts in the order of what an operator misses least: the value's end; if key and headers alone are too
/// large, all of the
/// input's headers; then the key's end.
fn cut(whole: OutputRecord, ours: Vec<Header>, bytes_max: usize) -> OutputRecord {
    let OutputRecord { key, value, headers } = whole;
    let theirs = headers.len() - ours.len();
    let mut letter = OutputRecord {
        key,
        value: value.as_ref().map(|_| Vec::new()),
        headers,
    };
    if let Some(value) = &value {
        letter
            .headers
            .push(Header::text("dateline.truncated.sha256", sha256(value)));
        letter
            .headers
            .push(Header::text("dateline.truncated.bytes", value.len().to_string()));
    }
    if size(&letter) > bytes_max {
        letter.headers.drain(..theirs);
        letter
            .headers
            .push(Header::text("dateline.truncated.headers", theirs.to_string()));
    }
    let excess = size(&letter).saturating_sub(bytes_max);
    if let Some(key) = letter.key.as_mut().filter(|_| excess > 0) {
        let length = key.len();
        letter
            .headers
            .push(Header::text("dateline.truncated.key.bytes", length.to_string()));
        // The header just added takes its place from the key as well.
        key.truncate(length.saturating_sub(excess + 64));
    }
    let room = bytes_max.saturating_sub(size(&letter));
    letter.value = value.map(|mut value| {
        value.truncate(room);
        value
    });
    letter
}

fn size(record: &OutputRecord) -> usize {
    record.bytes() + RECORD_OVERHEAD + HEADER_OVERHEAD * record.headers.len()
}

fn reasons(record: &Record, rejection: &Rejection, context: &DeadLetterContext) -> Vec<Header> {
    let code = rejection.code.code();
    let message = &rejection.message;
    let message = message
        .get(..message.floor_char_boundary(MESSAGE_BYTES_MAX))
        .unwrap_or_default();
    let header = |name: &str, value: String| Header::text(format!("__connect.errors.{name}"), value);
    vec![
        Header::text(FIRST_HEADER, record.origin.kafka_topic.to_string()),
        header("partition", record.origin.partition.to_string()),
        header("offset", record.origin.offset.to_string()),
        header("connector.name", context.group_id.clone()),
        header("task.id", "0".to_owned()),
        header("stage", stage(rejection.code).to_owned()),
        header("class.name", "dateline".to_owned()),
        header("exception.class.name", format!("dateline.{code}")),
        header("exception.message", message.to_owned()),
        Header::text("dateline.error.code", code),
        Header::text("dateline.worker.version", context.worker_version.clone()),
    ]
}

/// Connect's name for the stage that failed.
const fn stage(code: RejectionCode) -> &'static str {
    match code {
        RejectionCode::Empty
        | RejectionCode::Tombstone
        | RejectionCode::TooLarge
        | RejectionCode::NotUtf8
        | RejectionCode::InvalidJson
        | RejectionCode::InvalidXml
        | RejectionCode::InvalidCompression
        | RejectionCode::InvalidWire
        | RejectionCode::TooDeep
        | RejectionCode::WrongType
        | RejectionCode::NoContent
        | RejectionCode::SeveralArticles
        | RejectionCode::UnsupportedForm => "VALUE_CONVERTER",
        RejectionCode::FetchFailed | RejectionCode::EnricherFailed | RejectionCode::Panicked => {
            "TRANSFORMATION"
        }
        RejectionCode::OutputTooLarge | RejectionCode::TimestampRefused | RejectionCode::RecordRefused => {
            "TASK_PUT"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Origin;

    fn record(key: usize, value: Option<usize>, header: usize) -> Record {
        Record {
            origin: Origin {
                kafka_topic: "articles.raw".into(),
                partition: 3,
                offset: 42,
            },
            timestamp_ms: Some(1),
            key: Some(vec![b'k'; key]),
            value: value.map(|length| vec![b'v'; length]),
            headers: vec![
                Header {
                    name: "a".into(),
                    value: Some(vec![0xFF; header]),
                },
                Header {
                    name: "a".into(),
                    value: None,
                },
            ],
        }
    }

    fn context(bytes_max: usize) -> DeadLetterContext {
        DeadLetterContext {
            group_id: "desk".into(),
            worker_version: "0.1.0".into(),
            bytes_max,
        }
    }

    fn text<'a>(letter: &'a OutputRecord, name: &str) -> Option<&'a str> {
        let header = letter.headers.iter().find(|header| header.name == name)?;
        std::str::from_utf8(header.value.as_deref()?).ok()
    }

    #[test]
    fn what_fits_is_untouched_and_says_why() {
        let record = record(4, Some(100), 3);
        let rejection = Rejection::new(RejectionCode::InvalidJson, "é".repeat(2000));
        let letter = dead_letter(&record, &rejection, &context(100_000));
        assert_eq!((&letter.key, &letter.value), (&record.key, &record.value));
        assert_eq!(letter.headers.get(..2), Some(record.headers.as_slice()));
        for (name, value) in [
            ("__connect.errors.topic", "articles.raw"),
            ("__connect.errors.partition", "3"),
            ("__connect.errors.offset", "42"),
            ("__connect.errors.connector.name", "desk"),
            ("__connect.errors.stage", "VALUE_CONVERTER"),
            ("__connect.errors.exception.class.name", "dateline.invalid_json"),
            ("dateline.error.code", "invalid_json"),
            ("dateline.worker.version", "0.1.0"),
        ] {
            assert_eq!(text(&letter, name), Some(value), "{name}");
        }
        assert_eq!(
            text(&letter, "__connect.errors.exception.message"),
            Some("é".repeat(512).as_str())
        );
        assert_eq!(text(&letter, "dateline.truncated.bytes"), None);
    }

    #[test]
    fn what_does_not_fit_is_cut_and_declared() {
        let rejection = Rejection::new(RejectionCode::OutputTooLarge, "too large");
        // Key, value and header lengths; then whether headers, and the key, had to be cut as well.
        let table = [
            (4, Some(1_000_000), 3, false, false),
            (4, Some(1_000_000), 500_000, true, false),
            (500_000, Some(1_000_000), 3, true, true),
            (500_000, Some(1_000_000), 500_000, true, true),
            (500_000, None, 3, true, true),
            (4, None, 500_000, true, false),
        ];
        for case @ (key, value, header, cuts_headers, cuts_key) in table {
            let record = record(key, value, header);
            let letter = dead_letter(&record, &rejection, &context(10_000));
            assert!(size(&letter) <= 10_000, "{case:?}: {}", size(&letter));
            assert_eq!(text(&letter, "dateline.error.code"), Some("output_too_large"));
            assert_eq!(letter.value.is_some(), value.is_some(), "{case:?}");
            let hash = record.value.as_deref().map(sha256);
            assert_eq!(
                text(&letter, "dateline.truncated.sha256"),
                hash.as_deref(),
                "{case:?}"
            );
            assert_eq!(
                text(&letter, "dateline.truncated.bytes").is_some(),
                value.is_some()
            );
            assert_eq!(
                text(&letter, "dateline.truncated.headers").is_some(),
                cuts_headers,
                "{case:?}"
            );
            assert_eq!(
                text(&letter, "dateline.truncated.key.bytes").is_some(),
                cuts_key,
                "{case:?}"
            );
            assert_eq!(letter.key == record.key, !cuts_key, "{case:?}");
        }
    }

    #[test]
    fn a_tiny_limit_never_panics() {
        let rejection = Rejection::new(RejectionCode::Empty, "");
        for bytes_max in 0..2_000 {
            let letter = dead_letter(&record(50, Some(50), 50), &rejection, &context(bytes_max));
            assert_eq!(text(&letter, "dateline.error.code"), Some("empty"));
        }
    }
}
