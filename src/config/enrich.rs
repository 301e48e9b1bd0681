//! Section `[enrich]`: what is looked for in an article. Plain data; never looks.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// What is looked for in an article; named entities always are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnrichConfig {
    /// Whether IPTC Media Topics are assigned.
    pub topics: bool,
    /// Whether key phrases are found.
    pub keywords: bool,
}

impl Default for EnrichConfig {
    fn default() -> Self {
        Self {
            topics: true,
            keywords: true,
        }
    }
}
