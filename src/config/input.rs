//! Section `[input]`: how payloads are read. Plain data; never reads one.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::limits::Limits;

/// How payloads are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InputConfig {
    /// `auto` (by `content-type` header, else by looking), or forced: `json`, `ninjs`, `wire`, `html`, `xml` or
    /// `mail`.
    pub form: FormChoice,
    /// JSON fields to carry into `given` under their own names.
    #[schemars(inner(length(min = 1)))]
    pub passthrough_fields: Vec<String>,
    /// What becomes of a null value: `pass`, `drop` or `dead_letter`.
    pub tombstones: Tombstones,
    /// Largest payload that is read, in bytes; above it the record is a dead letter; 1024 to 1073741824.
    #[schemars(range(min = 1_024, max = 1_073_741_824))]
    pub payload_bytes_max: usize,
}

impl Default for InputConfig {
    fn default() -> Self {
        Self {
            form: FormChoice::Auto,
            passthrough_fields: Vec::new(),
            tombstones: Tombstones::Pass,
            payload_bytes_max: Limits::default().payload_bytes_max,
        }
    }
}

/// The form payloads are in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FormChoice {
    /// Found per record.
    #[default]
    Auto,
    /// Our JSON envelope.
    Json,
    /// IPTC ninjs.
    Ninjs,
    /// Wire text: plain, IPTC 7901 or ANPA 1312.
    Wire,
    /// HTML pages and fragments.
    Html,
    /// XML: NewsML-G2, NewsML 1, NITF, RSS, Atom.
    Xml,
    /// Mail messages.
    Mail,
}

/// What becomes of a null value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tombstones {
    /// Published as a tombstone.
    #[default]
    Pass,
    /// Not published.
    Drop,
    /// A dead letter.
    DeadLetter,
}
