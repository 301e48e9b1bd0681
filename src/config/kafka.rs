//! Section `[kafka]`: the cluster, the group, the Kafka topics, delivery. Never knows the client library's types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::config::SecurityConfig;
use crate::config::librdkafka;

/// The cluster, the group, the Kafka topics and how results are delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaConfig {
    /// Brokers to start from, `host:port`, comma separated.
    #[schemars(length(min = 1))]
    pub bootstrap_servers: String,
    /// Name under which brokers log this client.
    #[schemars(length(min = 1))]
    pub client_id: String,
    /// Consumer group; workers of one group share the partitions.
    #[schemars(length(min = 1))]
    pub group_id: String,
    /// Static membership: a name unique in the group, kept over restarts. Absent = dynamic member.
    #[schemars(length(min = 1))]
    pub group_instance_id: Option<String>,
    /// Group protocol: `classic`, or `consumer` (KIP-848; the broker assigns, Kafka 4 or later).
    pub group_protocol: GroupProtocol,
    /// How the classic protocol shares out partitions: `cooperative-sticky`, `range` or `roundrobin`.
    pub partition_assignment: Assignment,
    /// Kafka topics to read; an entry that starts with `^` is a regular expression.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub input_topics: Vec<String>,
    /// Kafka topic for structured records.
    #[schemars(length(min = 1))]
    pub output_topic: String,
    /// Kafka topic for records that can never be an article.
    #[schemars(length(min = 1))]
    pub dead_letter_topic: String,
    /// `exactly-once` (one transaction a batch) or `at-least-once`.
    pub delivery: Delivery,
    /// Where to start without a committed offset: `earliest`, `latest` or `error`.
    pub auto_offset_reset: OffsetReset,
    /// Milliseconds without a heartbeat after which the group takes a dead worker's partitions; 6000 to 1800000.
    #[schemars(range(min = 6_000, max = 1_800_000))]
    pub session_timeout_ms: u32,
    /// Milliseconds without a poll after which the client leaves the group; 10000 to 86400000, at least the
    /// session time-out.
    #[schemars(range(min = 10_000, max = 86_400_000))]
    pub max_poll_interval_ms: u32,
    /// Milliseconds a transaction may stay open; a dead worker's blocks its successor that long; 1000 to 900000.
    #[schemars(range(min = 1_000, max = 900_000))]
    pub transaction_timeout_ms: u32,
    /// Milliseconds a revoke waits for batches to be committed; 100 to 3600000, less than the poll interval.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub revoke_deadline_ms: u32,
    /// Milliseconds each check at start may take; 1000 to 300000.
    #[schemars(range(min = 1_000, max = 300_000))]
    pub request_timeout_ms: u32,
    /// Compression of what is written: `none`, `lz4`, `snappy`, `zstd` or `gzip`.
    pub compression: Compression,
    /// Milliseconds between the client's statistics, which feed lag and queue metrics; 100 to 3600000.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub statistics_interval_ms: u32,
    /// Encryption and sign-on.
    pub security: SecurityConfig,
    /// Any other librdkafka property, quoted or dotted; values are strings, integers or booleans.
    #[serde(with = "librdkafka")]
    #[schemars(schema_with = "librdkafka::schema")]
    pub librdkafka: BTreeMap<String, String>,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            bootstrap_servers: "localhost:9092".to_owned(),
            client_id: "dateline".to_owned(),
            group_id: "dateline".to_owned(),
            group_instance_id: None,
            group_protocol: GroupProtocol::Classic,
            partition_assignment: Assignment::CooperativeSticky,
            input_topics: vec!["articles.raw".to_owned()],
            output_topic: "articles.enriched".to_owned(),
            dead_letter_topic: "articles.dead".to_owned(),
            delivery: Delivery::ExactlyOnce,
            auto_offset_reset: OffsetReset::Earliest,
            session_timeout_ms: 45_000,
            max_poll_interval_ms: 300_000,
            transaction_timeout_ms: 10_000,
            revoke_deadline_ms: 20_000,
            request_timeout_ms: 30_000,
            compression: Compression::Lz4,
            statistics_interval_ms: 5_000,
            security: SecurityConfig::default(),
            librdkafka: BTreeMap::new(),
        }
    }
}

/// How the group agrees on who reads what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupProtocol {
    /// The classic protocol: a member assigns.
    #[default]
    Classic,
    /// KIP-848: the broker assigns.
    Consumer,
}

impl GroupProtocol {
    /// Its name in TOML and in librdkafka.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
        }
    }
}

/// How the classic protocol shares out partitions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Assignment {
    /// Members keep what they have; only moved partitions stop.
    #[default]
    CooperativeSticky,
    /// Ranges per Kafka topic.
    Range,
    /// One after the other.
    #[serde(rename = "roundrobin")]
    RoundRobin,
}

impl Assignment {
    /// Its name in TOML and in librdkafka.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CooperativeSticky => "cooperative-sticky",
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
        }
    }
}

/// How results are delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Outputs, dead letters and offsets of a batch in one transaction.
    #[default]
    ExactlyOnce,
    /// Offsets are committed once every output is acknowledged.
    AtLeastOnce,
}

impl Delivery {
    /// Its name in TOML.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExactlyOnce => "exactly-once",
            Self::AtLeastOnce => "at-least-once",
        }
    }
}

/// Where to start without a committed offset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OffsetReset {
    /// At the oldest record.
    #[default]
    Earliest,
    /// At the end.
    Latest,
    /// Stop with an error.
    Error,
}

impl OffsetReset {
    /// Its name in TOML and in librdkafka.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Earliest => "earliest",
            Self::Latest => "latest",
            Self::Error => "error",
        }
    }
}

/// Compression of what is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// None.
    None,
    /// LZ4.
    #[default]
    Lz4,
    /// Snappy.
    Snappy,
    /// Zstandard.
    Zstd,
    /// Gzip.
    Gzip,
}

impl Compression {
    /// Its name in TOML and in librdkafka.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Snappy => "snappy",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }
}
