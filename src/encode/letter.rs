//! A dead letter read back: the original, why it was rejected, and how often it came back before. The inverse of
//! `dead_letter`; never decides whether it is sent again.

use crate::encode::dead_letter::FIRST_HEADER;
use crate::record::Header;
use crate::record::OutputRecord;
use crate::record::Record;

/// Header of an original that was sent again: how often by now.
const REPLAY_COUNT_HEADER: &str = "dateline.replay.count";
/// The only header of a note that letters of its partition were sent again; their offsets are its value.
const REPLAYED_HEADER: &str = "dateline.replayed";
/// Header that keeps a timestamp which the broker refused.
pub const REFUSED_TIMESTAMP_HEADER: &str = "dateline.error.timestamp_ms";

/// A dead letter, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The rejection's code.
    pub code: String,
    /// What it said for people.
    pub message: String,
    /// Kafka topic, partition and offset of the original.
    pub kafka_topic: String,
    /// Its partition, where the header is a number.
    pub partition: Option<i32>,
    /// Its offset, likewise.
    pub offset: Option<i64>,
    /// Its timestamp, in milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
    /// How often it was sent again before.
    pub replays: u32,
    /// Something of the original is missing.
    pub is_cut: bool,
    /// The original: key, value and headers as they came, but for the count of replays.
    pub original: OutputRecord,
}

impl Letter {
    /// Takes a record of the dead-letter topic apart; `None` where dateline did not write it.
    pub fn read(record: &Record) -> Option<Self> {
        let first = record.headers.iter().rposition(|h| h.name == FIRST_HEADER)?;
        let (theirs, ours) = record.headers.split_at_checked(first)?;
        let text = |name: &str| {
            let header = ours.iter().find(|h| h.name == name)?;
            std::str::from_utf8(header.value.as_deref()?).ok()
        };
        let code = text("dateline.error.code")?.to_owned();
        let counts = theirs.iter().filter(|h| h.name == REPLAY_COUNT_HEADER);
        let replays = counts.filter_map(count).max().unwrap_or(0);
        Some(Self {
            code,
            message: text("__connect.errors.exception.message")
                .unwrap_or_default()
                .to_owned(),
            kafka_topic: text(FIRST_HEADER)?.to_owned(),
            partition: text("__connect.errors.partition").and_then(|n| n.parse().ok()),
            offset: text("__connect.errors.offset").and_then(|n| n.parse().ok()),
            timestamp_ms: match text(REFUSED_TIMESTAMP_HEADER) {
                Some(refused) => refused.parse().ok(),
                None => record.timestamp_ms,
            },
            replays,
            is_cut: ours.iter().any(|h| h.name.starts_with("dateline.truncated.")),
            original: OutputRecord {
                key: record.key.clone(),
                value: record.value.clone(),
                headers: theirs
                    .iter()
                    .filter(|h| h.name != REPLAY_COUNT_HEADER)
                    .cloned()
                    .collect(),
            },
        })
    }

    /// The original as it is sent again: with the count of replays as its last header.
    pub fn again(&self) -> OutputRecord {
        let mut record = self.original.clone();
        let count = self.replays.saturating_add(1).to_string();
        record.headers.push(Header::text(REPLAY_COUNT_HEADER, count));
        record
    }
}

/// A count that cannot be read is the largest: better not sent again than for ever.
fn count(header: &Header) -> Option<u32> {
    let text = std::str::from_utf8(header.value.as_deref()?).ok();
    Some(text.and_then(|text| text.parse().ok()).unwrap_or(u32::MAX))
}

/// The note that the letters at these offsets were sent again; it stands in their partition, so that retention never
/// takes it before them.
pub fn replayed_note(offsets: &[i64]) -> OutputRecord {
    let offsets: Vec<String> = offsets.iter().map(i64::to_string).collect();
    OutputRecord {
        key: None,
        value: Some(offsets.join(",").into_bytes()),
        headers: vec![Header::text(REPLAYED_HEADER, "offsets")],
    }
}

/// The offsets of such a note; `None` where it is none. A dead letter has more headers, so that no input can forge one.
pub fn read_replayed_note(record: &Record) -> Option<Vec<i64>> {
    let [header] = record.headers.as_slice() else {
        return None;
    };
    if header.name != REPLAYED_HEADER || record.key.is_some() {
        return None;
    }
    let text = std::str::from_utf8(record.value.as_deref()?).ok()?;
    text.split(',').map(|offset| offset.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Rejection;
    use crate::article::RejectionCode;
    use crate::encode::DeadLetterContext;
    use crate::encode::dead_letter;
    use crate::record::Origin;

    fn record(headers: Vec<Header>) -> Record {
        Record {
            origin: Origin {
                kafka_topic: "articles.raw".into(),
                partition: 3,
                offset: 42,
            },
            timestamp_ms: Some(7),
            key: Some(vec![0, 255]),
            value: Some(b"{ not json".to_vec()),
            headers,
        }
    }

    /// What stands in the dead-letter topic once `record` was rejected.
    fn rejected(record: &Record, bytes_max: usize) -> Record {
        let context = DeadLetterContext {
            group_id: "desk".into(),
            worker_version: "0.1.0".into(),
            bytes_max,
        };
        let rejection = Rejection::new(RejectionCode::InvalidJson, "at 1:3");
        let letter = dead_letter(record, &rejection, &context);
        Record {
            key: letter.key,
            value: letter.value,
            headers: letter.headers,
            ..record.clone()
        }
    }

    #[test]
    fn the_original_comes_back_and_counts_its_replays() {
        let theirs = vec![
            Header::text("x", "1"),
            Header {
                name: "x".into(),
                value: None,
            },
            // Somebody else's dead letter, which is our input.
            Header::text(FIRST_HEADER, "theirs"),
        ];
        let mut record = record(theirs.clone());
        for replays in 0..3 {
            let letter = Letter::read(&rejected(&record, 100_000)).unwrap();
            assert_eq!((letter.code.as_str(), letter.replays), ("invalid_json", replays));
            assert_eq!(
                (letter.kafka_topic.as_str(), letter.partition, letter.offset),
                ("articles.raw", Some(3), Some(42))
            );
            assert_eq!((letter.timestamp_ms, letter.is_cut), (Some(7), false));
            assert_eq!(letter.original.headers, theirs);
            let again = letter.again();
            assert_eq!((&again.key, &again.value), (&record.key, &record.value));
            record.headers = again.headers;
        }
        assert_eq!(record.headers.len(), 4, "one count, not one a replay");
    }

    #[test]
    fn a_count_that_cannot_be_read_is_the_largest() {
        for (value, replays) in [("2", 2), ("-1", u32::MAX), ("99999999999", u32::MAX)] {
            let record = record(vec![Header::text(REPLAY_COUNT_HEADER, value)]);
            assert_eq!(
                Letter::read(&rejected(&record, 100_000)).unwrap().replays,
                replays
            );
        }
    }

    #[test]
    fn a_cut_letter_and_a_refused_timestamp_are_seen() {
        let mut large = record(Vec::new());
        large.value = Some(vec![b'v'; 10_000]);
        assert!(Letter::read(&rejected(&large, 2_000)).unwrap().is_cut);
        let mut untimed = rejected(&record(Vec::new()), 100_000);
        untimed.timestamp_ms = Some(99);
        untimed.headers.push(Header::text(REFUSED_TIMESTAMP_HEADER, "7"));
        assert_eq!(Letter::read(&untimed).unwrap().timestamp_ms, Some(7));
    }

    #[test]
    fn what_dateline_did_not_write_is_no_letter_and_no_note() {
        assert_eq!(Letter::read(&record(Vec::new())), None);
        assert_eq!(Letter::read(&record(vec![Header::text(FIRST_HEADER, "t")])), None);
        assert_eq!(
            read_replayed_note(&record(vec![Header::text(REPLAYED_HEADER, "1")])),
            None
        );
        let forged = rejected(&record(vec![Header::text(REPLAYED_HEADER, "offsets")]), 100_000);
        assert_eq!(read_replayed_note(&forged), None);
        let note = replayed_note(&[1, 5, 9]);
        let written = Record {
            key: note.key,
            value: note.value,
            headers: note.headers,
            ..record(Vec::new())
        };
        assert_eq!(read_replayed_note(&written), Some(vec![1, 5, 9]));
        assert_eq!(Letter::read(&written), None);
    }
}
