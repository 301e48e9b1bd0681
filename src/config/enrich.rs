//! Section `[enrich]`: what is looked for in an article. Plain data; never looks.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// What is looked for in an article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnrichConfig {
    /// Whether named entities are found.
    pub entities: bool,
    /// Whether IPTC Media Topics are assigned.
    pub topics: bool,
    /// Whether key phrases are found.
    pub keywords: bool,
}

impl Default for EnrichConfig {
    fn default() -> Self {
        Self {
            entities: true,
            topics: true,
            keywords: true,
        }
    }
}
