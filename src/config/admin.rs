//! Section `[admin]`: metrics, health and the live page. Plain data; never listens, never reads a file itself.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::config::Secret;

/// Metrics, health and the live page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdminConfig {
    /// Address and port to listen on, `IP:PORT`.
    pub listen: String,
    /// Whether the live page of `run` shows article texts.
    pub show_articles: bool,
    /// Host names under which the live page may show and take articles, beside addresses and `localhost`.
    pub host_names: Vec<String>,
    /// File that holds the token which `/metrics`, `/status` and the live page then ask for; probes stay open.
    pub token_file: Option<String>,
    /// What `token_file` holds.
    #[serde(skip)]
    #[schemars(skip)]
    pub token: Option<Secret>,
    /// Milliseconds without a turn of the poll loop after which `/livez` fails; 1000 to 3600000.
    #[schemars(range(min = 1_000, max = 3_600_000))]
    pub live_timeout_ms: u32,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9464".to_owned(),
            show_articles: false,
            host_names: Vec::new(),
            token_file: None,
            token: None,
            live_timeout_ms: 30_000,
        }
    }
}
