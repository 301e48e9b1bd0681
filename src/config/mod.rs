//! What an operator can set: plain data, one file per concern. Never reads the process environment, never
//! acts on a setting.

mod admin;
mod dead_letter;
mod enrich;
mod enrichers;
mod environment;
mod fetch;
mod input;
mod kafka;
mod librdkafka;
mod load;
mod log;
pub mod models;
mod names;
mod output;
mod problems;
mod schema;
mod schema_registry;
mod secret;
mod security;
mod shape;
mod similar;
mod telemetry;
mod topics;
mod validate;
mod worker;

#[cfg(test)]
mod tests;

pub use admin::AdminConfig;
pub use dead_letter::DeadLetterConfig;
pub use enrich::EnrichConfig;
pub use enrichers::{EnricherConfig, EnricherFailure, Gives, Merge};
pub use fetch::{FetchConfig, FetchFailure};
pub use input::{FormChoice, InputConfig, Tombstones};
pub use kafka::{Assignment, Compression, Delivery, GroupProtocol, KafkaConfig, OffsetReset};
pub use log::{LogConfig, LogFormat};
pub use names::{NamesConfig, NamesModel};
pub use output::{EventMode, OutputConfig, OutputForm};
pub use problems::{ConfigProblems, Problem};
pub use schema::schema;
pub use schema_registry::{SchemaFormat, SchemaRegistryConfig, SubjectName};
pub use secret::Secret;
pub use security::{SaslMechanism, SecurityConfig, SecurityProtocol};
pub use telemetry::TelemetryConfig;
pub use topics::OwnTopic;
pub use topics::TopicsConfig;
pub use topics::TopicsModel;
pub use worker::WorkerConfig;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// Every setting of the worker. Absent sections and keys have the defaults of `config/dateline.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The cluster, the group, the Kafka topics and how results are delivered.
    pub kafka: KafkaConfig,
    /// Batches, cores, memory and shutdown.
    pub worker: WorkerConfig,
    /// How payloads are read.
    pub input: InputConfig,
    /// How articles that are only a URL are fetched.
    pub fetch: FetchConfig,
    /// In which form records are published.
    pub output: OutputConfig,
    /// When too many dead letters stop the worker.
    pub dead_letters: DeadLetterConfig,
    /// What is looked for in an article.
    pub enrich: EnrichConfig,
    /// Which recogniser finds names.
    pub names: NamesConfig,
    /// A newer vocabulary of topics, and topics of your own.
    pub topics: TopicsConfig,
    /// Services over HTTP that find names and topics too.
    pub enrichers: Vec<EnricherConfig>,
    /// Metrics, health and the live page.
    pub admin: AdminConfig,
    /// Logging.
    pub log: LogConfig,
    /// Traces for an OpenTelemetry collector.
    pub telemetry: TelemetryConfig,
}
