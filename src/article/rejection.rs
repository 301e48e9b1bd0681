//! Why a record can never be an article: a closed list of codes, each a dead-letter header and a metric label.

use thiserror::Error;

/// The closed list of reasons. The code is stable; the message may change. What is said of each here is what
/// `docs/output.md` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectionCode {
    /// The value has no bytes, or white space only.
    Empty,
    /// A null value, where `input.tombstones = "dead_letter"`.
    Tombstone,
    /// The payload, unpacked, is larger than `input.payload_bytes_max` or holds too many JSON values or XML
    /// elements, or the id is too long.
    TooLarge,
    /// The payload is in no character set that is declared or certain, and reading it would mean guessing.
    NotUtf8,
    /// The form is JSON, the payload is not.
    InvalidJson,
    /// The form is XML, the payload is not well-formed.
    InvalidXml,
    /// The form is gzip, zlib or zstd, the payload is broken.
    InvalidCompression,
    /// The form is IPTC 7901 or ANPA 1312, and the control characters that mark its text are missing.
    InvalidWire,
    /// JSON or XML nested deeper than the limit.
    TooDeep,
    /// A known field, or the payload itself, has the wrong type.
    WrongType,
    /// There is neither headline, text nor URL, nor the id of something withdrawn.
    NoContent,
    /// One record holds several articles (`dateline enrich` takes such files apart).
    SeveralArticles,
    /// The form is declared or recognised, and not one that is read.
    UnsupportedForm,
    /// Only a URL is given, and its page cannot be had, where `fetch.on_failure = "dead_letter"`.
    FetchFailed,
    /// A service that finds names or topics does not answer, where its `on_failure = "dead_letter"`; or it cannot
    /// answer about this article, where `on_failure = "wait"`.
    EnricherFailed,
    /// The output record is larger than the output topic allows.
    OutputTooLarge,
    /// The broker refused the record's timestamp for the output topic.
    TimestampRefused,
    /// The broker refused the record as invalid, for example a tombstone without a key on a compacted output topic.
    RecordRefused,
    /// Enriching the record panicked: a defect of dateline, kept for replay.
    Panicked,
}

impl RejectionCode {
    /// Every code.
    pub const ALL: [Self; 19] = [
        Self::Empty,
        Self::Tombstone,
        Self::TooLarge,
        Self::NotUtf8,
        Self::InvalidJson,
        Self::InvalidXml,
        Self::InvalidCompression,
        Self::InvalidWire,
        Self::TooDeep,
        Self::WrongType,
        Self::NoContent,
        Self::SeveralArticles,
        Self::UnsupportedForm,
        Self::FetchFailed,
        Self::EnricherFailed,
        Self::OutputTooLarge,
        Self::TimestampRefused,
        Self::RecordRefused,
        Self::Panicked,
    ];

    /// The stable word: dead-letter header `dateline.error.code` and metric label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Tombstone => "tombstone",
            Self::TooLarge => "too_large",
            Self::NotUtf8 => "not_utf8",
            Self::InvalidJson => "invalid_json",
            Self::InvalidXml => "invalid_xml",
            Self::InvalidCompression => "invalid_compression",
            Self::InvalidWire => "invalid_wire",
            Self::TooDeep => "too_deep",
            Self::WrongType => "wrong_type",
            Self::NoContent => "no_content",
            Self::SeveralArticles => "several_articles",
            Self::UnsupportedForm => "unsupported_form",
            Self::FetchFailed => "fetch_failed",
            Self::EnricherFailed => "enricher_failed",
            Self::OutputTooLarge => "output_too_large",
            Self::TimestampRefused => "timestamp_refused",
            Self::RecordRefused => "record_refused",
            Self::Panicked => "panicked",
        }
    }
}

/// A record that can never be an article, and why. A value, not a failure of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {message}", code.code())]
pub struct Rejection {
    /// The reason.
    pub code: RejectionCode,
    /// For people: what was wrong and where. Never holds payload text or secrets.
    pub message: String,
}

impl Rejection {
    /// A rejection with a message for people.
    pub fn new(code: RejectionCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_words() {
        let mut codes: Vec<_> = RejectionCode::ALL.iter().map(|c| c.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RejectionCode::ALL.len());
        assert!(codes.iter().all(|c| {
            c.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        }));
    }
}
