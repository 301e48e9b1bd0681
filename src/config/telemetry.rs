//! Section `[telemetry]`: where traces go. Plain data; never sends one, never reads a file itself.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::config::Secret;

/// Traces for an OpenTelemetry collector: a span a batch. Without `traces_url` nothing is traced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// Where spans are sent: OTLP over HTTP (protobuf), the whole URL.
    pub traces_url: Option<String>,
    /// Headers that are sent along, `name=value` and comma separated, as in `OTEL_EXPORTER_OTLP_HEADERS`.
    pub headers: Option<Secret>,
    /// File that holds them.
    pub headers_file: Option<String>,
    /// PEM file of the authorities that sign the collector; absent = the system's.
    pub ca_file: Option<String>,
    /// `service.name` of the spans.
    #[schemars(length(min = 1))]
    pub service_name: String,
    /// Share of the batches that are traced; 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub sample_share: f64,
    /// Most links of a batch to the spans that its records come from; 0 to 10000.
    #[schemars(range(min = 0, max = 10_000))]
    pub links_max: usize,
    /// Most spans that wait to be sent; further ones are dropped and counted; 16 to 1000000.
    #[schemars(range(min = 16, max = 1_000_000))]
    pub queue_spans_max: usize,
    /// Most milliseconds that a span waits for others to be sent with; 1 to 60000.
    #[schemars(range(min = 1, max = 60_000))]
    pub interval_ms: u32,
    /// Most milliseconds for one request; 100 to 60000.
    #[schemars(range(min = 100, max = 60_000))]
    pub timeout_ms: u32,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            traces_url: None,
            headers: None,
            headers_file: None,
            ca_file: None,
            service_name: "dateline".to_owned(),
            sample_share: 1.0,
            links_max: 128,
            queue_spans_max: 2_048,
            interval_ms: 2_000,
            timeout_ms: 10_000,
        }
    }
}
