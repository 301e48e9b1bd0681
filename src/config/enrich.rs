//! Section `[enrich]`: what is looked for in an article. Plain data; never looks.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::config::models::Models;

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
    /// Models of more languages: a folder that has one for each, such as `de`, with files as in `models/README.md`.
    pub models_dir: Option<String>,
    /// What `models_dir` holds.
    #[serde(skip)]
    #[schemars(skip)]
    pub models: Models,
}

impl Default for EnrichConfig {
    fn default() -> Self {
        Self {
            entities: true,
            topics: true,
            keywords: true,
            models_dir: None,
            models: Models::new(),
        }
    }
}
