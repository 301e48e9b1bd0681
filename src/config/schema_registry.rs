//! Section `[output.schema_registry]`: framing of the output for readers that ask a schema registry. Plain data; never
//! asks one, never reads a file itself.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::config::Secret;

/// A schema registry that readers of the output ask, one with Confluent's API. Without `url` the output is plain JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaRegistryConfig {
    /// Where it is. Each output record then begins with the number of its schema (Confluent's wire format).
    pub url: Option<String>,
    /// What stands behind that number: `avro` or `json-schema`.
    pub format: SchemaFormat,
    /// The subject: `topic` (`<output_topic>-value`), `record` (`dateline.RecordV1`) or `topic-record` (both).
    pub subject: SubjectName,
    /// Whether the schema is registered where it is missing; else it must be there already.
    pub auto_register: bool,
    /// User name, for basic authentication.
    pub username: Option<String>,
    /// Password, for basic authentication.
    pub password: Option<Secret>,
    /// File that holds the password.
    pub password_file: Option<String>,
    /// Bearer token, instead of a user name.
    pub token: Option<Secret>,
    /// File that holds the token.
    pub token_file: Option<String>,
    /// PEM file of the authorities that sign the registry; absent = the system's.
    pub ca_file: Option<String>,
    /// Most milliseconds that the registry may take at start, further attempts included; 1000 to 300000.
    #[schemars(range(min = 1_000, max = 300_000))]
    pub timeout_ms: u32,
}

impl Default for SchemaRegistryConfig {
    fn default() -> Self {
        Self {
            url: None,
            format: SchemaFormat::Avro,
            subject: SubjectName::Topic,
            auto_register: true,
            username: None,
            password: None,
            password_file: None,
            token: None,
            token_file: None,
            ca_file: None,
            timeout_ms: 30_000,
        }
    }
}

/// What the registry keeps, and in which form records are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaFormat {
    /// Avro, binary.
    #[default]
    Avro,
    /// JSON with a JSON Schema.
    JsonSchema,
}

/// How the subject is named; Confluent's three strategies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectName {
    /// By the Kafka topic.
    #[default]
    Topic,
    /// By the record's full name.
    Record,
    /// By both.
    TopicRecord,
}
