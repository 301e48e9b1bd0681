//! Hands what the worker says of its batches to the exporter of traces, where a collector is configured.

use std::sync::Arc;

use anyhow::Context;

use crate::config::Config;
use crate::http::otlp::Exporter;
use crate::http::otlp::Sending;
use crate::metrics::Metrics;
use crate::worker::trace::Tracing;

/// For the worker, and for whoever waits at the end until all is sent.
///
/// # Errors
/// Where the certificate file or the client is refused.
pub fn tracing(config: &Config, metrics: &Metrics) -> anyhow::Result<Option<(Tracing, Sending)>> {
    let settings = &config.telemetry;
    let ca = match &settings.ca_file {
        Some(file) => {
            Some(std::fs::read(file).with_context(|| format!("telemetry.ca_file {file} cannot be read"))?)
        }
        None => None,
    };
    let started = Exporter::start(settings, &config.kafka.group_id, ca.as_deref(), metrics.clone());
    let started = started.map_err(|error| anyhow::anyhow!("telemetry: {error}"))?;
    Ok(started.map(|(exporter, sending)| {
        let tracing = Tracing {
            links_max: settings.links_max,
            ended: Arc::new(move |trace| exporter.batch(trace)),
        };
        (tracing, sending)
    }))
}
