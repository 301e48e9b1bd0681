//! Section `[output]`: in which form records are published. Plain data; never writes one.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::config::SchemaRegistryConfig;

/// In which form records are published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutputConfig {
    /// `record-v1` (all that is found, with offsets) or `ninjs-3.1` (IPTC's, strict; `docs/ninjs.md` says what
    /// is lost).
    pub form: OutputForm,
    /// CloudEvents 1.0 in `binary` mode (attributes in headers) or `structured` mode (one JSON event, the
    /// record its data).
    pub event: EventMode,
    /// A schema registry that readers of the output ask.
    pub schema_registry: SchemaRegistryConfig,
}

/// The form of a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OutputForm {
    /// Record v1.
    #[default]
    #[serde(rename = "record-v1")]
    RecordV1,
    /// IPTC ninjs 3.1.
    #[serde(rename = "ninjs-3.1")]
    Ninjs31,
}

/// How the event stands in Kafka's record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EventMode {
    /// The value is the record, the headers are the event.
    #[default]
    Binary,
    /// The value is the event, and the record is in it.
    Structured,
}
