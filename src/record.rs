//! What came from a topic and what became of it: `Record` in, exactly one `Outcome` out.
//! Never knows Kafka's client types.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::article::Rejection;

/// Where a record stands; nowhere (an empty topic) if it does not come from Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Kafka topic.
    pub kafka_topic: Arc<str>,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

impl Origin {
    /// Of a record that does not come from Kafka.
    pub fn nowhere() -> Self {
        Self {
            kafka_topic: Arc::from(""),
            partition: 0,
            offset: 0,
        }
    }

    /// The partition it stands in.
    pub fn key(&self) -> PartitionKey {
        PartitionKey {
            kafka_topic: Arc::clone(&self.kafka_topic),
            partition: self.partition,
        }
    }
}

/// A header: a name and a value that may be null. Order and doubles matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name.
    pub name: String,
    /// Value; `None` is Kafka's null.
    pub value: Option<Vec<u8>>,
}

impl Header {
    /// A header with a text value.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: Some(value.into().into_bytes()),
        }
    }
}

/// One record as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub origin: Origin,
    /// Kafka timestamp in milliseconds since 1970, if it has one.
    pub timestamp_ms: Option<i64>,
    /// Key; `None` is Kafka's null.
    pub key: Option<Vec<u8>>,
    /// Value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers in order, doubles and nulls kept.
    pub headers: Vec<Header>,
}

impl Record {
    /// Bytes held by key, value and headers.
    pub fn bytes(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|h| h.name.len() + h.value.as_ref().map_or(0, Vec::len))
            .sum();
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len) + headers
    }

    /// The value of the last header named `name` (names compare without case), if it is UTF-8.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        let header = self
            .headers
            .iter()
            .rev()
            .find(|h| h.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value.as_deref()?).ok()
    }
}

/// A record to publish; its timestamp and, for most, its key are the input's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRecord {
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Vec<Header>,
}

impl OutputRecord {
    /// Bytes held by key, value and headers.
    pub fn bytes(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|h| h.name.len() + h.value.as_ref().map_or(0, Vec::len))
            .sum();
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len) + headers
    }
}

/// Why a good record is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// A tombstone, where `tombstones = "drop"`.
    Tombstone,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 1] = [Self::Tombstone];

    /// The stable word, used as a metric label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Tombstone => "tombstone",
        }
    }
}

/// What became of one record: exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A structured record to publish.
    Enriched(OutputRecord),
    /// A tombstone, passed on as one.
    PassedThrough(OutputRecord),
    /// Nothing to publish, nobody's fault.
    Skipped(SkipReason),
    /// A dead letter.
    Rejected(Rejection),
}

/// The steps that `worker::process` takes on one record, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Bytes to `RawArticle`.
    Decode,
    /// `RawArticle` to `Article`.
    Accept,
    /// Named entities.
    Entities,
    /// Topic tags.
    Topics,
    /// Key phrases.
    Keywords,
    /// `EnrichedArticle` to bytes.
    Encode,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 6] = [
        Self::Decode,
        Self::Accept,
        Self::Entities,
        Self::Topics,
        Self::Keywords,
        Self::Encode,
    ];

    /// The stable word, used as a metric label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Accept => "accept",
            Self::Entities => "entities",
            Self::Topics => "topics",
            Self::Keywords => "keywords",
            Self::Encode => "encode",
        }
    }
}

/// Told when a step ends; takes the timings in the worker, does nothing in tests. Keeps the clock out of the core.
pub trait StepObserver {
    /// `step` has just ended.
    fn finished(&mut self, step: Step);
}

impl StepObserver for () {
    fn finished(&mut self, _step: Step) {}
}

/// A partition of a Kafka topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey {
    /// Kafka topic.
    pub kafka_topic: Arc<str>,
    /// Partition.
    pub partition: i32,
}

/// The unit of waiting, of parallel work, of delivery and of commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Distinct within the process, rising.
    pub id: u64,
    /// The assignment epoch the batch belongs to; once that has ended the batch is dropped.
    pub epoch: u64,
    /// In the order they were polled; per partition that is the order of offsets.
    pub records: Vec<Record>,
    /// Sum of `Record::bytes`.
    pub bytes: usize,
}

impl Batch {
    /// The offset to commit for each partition in the batch: that of its last record plus one.
    pub fn next_offsets(&self) -> BTreeMap<PartitionKey, i64> {
        let mut offsets = BTreeMap::new();
        for record in &self.records {
            offsets.insert(record.origin.key(), record.origin.offset + 1);
        }
        offsets
    }

    /// Takes in the batch that was taken right after it, whose id it has from then on; hands it back where an epoch
    /// ended between the two.
    pub fn join(&mut self, next: Self) -> Option<Self> {
        if next.epoch != self.epoch {
            return Some(next);
        }
        self.id = next.id;
        self.bytes += next.bytes;
        self.records.extend(next.records);
        None
    }
}
