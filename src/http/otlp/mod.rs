//! Traces for an OpenTelemetry collector: OTLP over HTTP, as protobuf. Spans wait in a bounded queue and are sent
//! beside the flow; what cannot be sent is dropped and counted. Never holds up a batch.

mod encode;
mod spans;

#[cfg(test)]
mod tests;

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::info;
use tracing::warn;
use url::Url;

use crate::config::TelemetryConfig;
use crate::http::breaker::backoff;
use crate::http::client;
use crate::http::otlp::encode::Resource;
use crate::http::otlp::encode::Span;
use crate::http::otlp::encode::Value;
use crate::http::otlp::spans::Now;
use crate::metrics::Metrics;
use crate::metrics::SpanFate;
use crate::worker::trace::BatchTrace;

/// Most spans in one request.
const REQUEST_SPANS_MAX: usize = 512;
/// Attempts at one request, and the waits between them.
const ATTEMPTS_MAX: u32 = 3;
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Takes batches that ended and sends their spans.
pub struct Exporter {
    queue: mpsc::Sender<Span>,
    group_id: String,
    sample_share: f64,
    metrics: Metrics,
}

/// The end of an exporter: what still waits is sent once every `Exporter` is gone.
pub struct Sending(JoinHandle<()>);

struct Collector {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    resource: Resource,
    metrics: Metrics,
    is_failing: bool,
}

impl Exporter {
    /// An exporter by the configuration, where that names a collector. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Where the URL, a header, the certificate or the client is refused.
    pub fn start(
        config: &TelemetryConfig,
        group_id: &str,
        ca_pem: Option<&[u8]>,
        metrics: Metrics,
    ) -> Result<Option<(Self, Sending)>, String> {
        let Some(url) = &config.traces_url else {
            return Ok(None);
        };
        let collector = Collector {
            client: client::build(Duration::from_millis(u64::from(config.timeout_ms)), ca_pem)?,
            url: Url::parse(url).map_err(|error| error.to_string())?,
            headers: headers(config.headers.as_ref().map_or("", |headers| headers.expose()))?,
            resource: resource(&config.service_name),
            metrics: metrics.clone(),
            is_failing: false,
        };
        let (queue, waiting) = mpsc::channel(config.queue_spans_max);
        let interval = Duration::from_millis(u64::from(config.interval_ms));
        let sending = Sending(tokio::spawn(collector.run(waiting, interval)));
        let exporter = Self {
            queue,
            group_id: group_id.to_owned(),
            sample_share: config.sample_share,
            metrics,
        };
        Ok(Some((exporter, sending)))
    }

    /// Takes a batch that ended: all of its spans, or where the queue is full none. Never waits.
    pub fn batch(&self, trace: BatchTrace) {
        let trace_id = uuid::Uuid::new_v4();
        // The trace's id decides, by its upper half, whose first bits are random.
        let place = trace_id.as_u64_pair().0 as f64 / u64::MAX as f64;
        if place >= self.sample_share && self.sample_share < 1.0 {
            return;
        }
        let spans = spans::spans(trace, &self.group_id, Now::get(), trace_id.into_bytes());
        match self.queue.try_reserve_many(spans.len()) {
            Ok(places) => places.zip(spans).for_each(|(place, span)| place.send(span)),
            Err(_) => self.metrics.spans(SpanFate::QueueFull, spans.len()),
        }
    }
}

impl Sending {
    /// Waits until what was taken is sent or dropped, at most `most`.
    pub async fn finish(self, most: Duration) {
        let task = self.0.abort_handle();
        if tokio::time::timeout(most, self.0).await.is_err() {
            task.abort();
        }
    }
}

impl Collector {
    /// Sends what comes, together where it comes within `interval`, until every exporter is gone.
    async fn run(mut self, mut waiting: mpsc::Receiver<Span>, interval: Duration) {
        let mut spans = Vec::new();
        while let Some(first) = waiting.recv().await {
            spans.push(first);
            let until = tokio::time::Instant::now() + interval;
            while spans.len() < REQUEST_SPANS_MAX {
                match tokio::time::timeout_at(until, waiting.recv()).await {
                    Ok(Some(span)) => spans.push(span),
                    Ok(None) | Err(_) => break,
                }
            }
            let failure = self.send(&spans).await.err();
            let fate = if failure.is_some() {
                SpanFate::NotSent
            } else {
                SpanFate::Sent
            };
            self.metrics.spans(fate, spans.len());
            self.tell(failure);
            spans.clear();
        }
    }

    /// One line where sending begins to fail, and one where it goes on.
    fn tell(&mut self, failure: Option<String>) {
        match failure {
            Some(reason) if !self.is_failing => {
                warn!(
                    reason,
                    "traces cannot be sent: they are dropped and counted, delivery goes on"
                );
                self.is_failing = true;
            }
            None if self.is_failing => {
                info!("traces are sent again");
                self.is_failing = false;
            }
            _ => {}
        }
    }

    async fn send(&self, spans: &[Span]) -> Result<(), String> {
        let body = encode::request(&self.resource, spans);
        let mut attempt = 1;
        loop {
            let (reason, may_pass) = match self.attempt(body.clone()).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            if !may_pass || attempt >= ATTEMPTS_MAX {
                return Err(reason);
            }
            let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
            tokio::time::sleep(backoff(attempt, random, BACKOFF_MIN, BACKOFF_MAX)).await;
            attempt += 1;
        }
    }

    /// Why it failed, and whether another attempt may do better (by the list of OTLP).
    async fn attempt(&self, body: Vec<u8>) -> Result<(), (String, bool)> {
        let sent = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .header("content-type", "application/x-protobuf")
            .body(body)
            .send()
            .await;
        let response = sent.map_err(|error| (error.without_url().to_string(), true))?;
        let status = response.status();
        // Read to its end, so that the connection serves again; what it says is not needed.
        drop(client::read(response, ANSWER_BYTES_MAX).await);
        if status.is_success() {
            return Ok(());
        }
        let may_pass = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        );
        Err((
            format!("the collector answers with status {}", status.as_u16()),
            may_pass,
        ))
    }
}

fn resource(service_name: &str) -> Resource {
    let version = env!("CARGO_PKG_VERSION");
    let text = |value: &str| Value::Text(value.to_owned());
    Resource {
        attributes: vec![
            ("service.name", text(service_name)),
            ("service.version", text(version)),
            ("service.instance.id", text(&uuid::Uuid::new_v4().to_string())),
        ],
        version,
    }
}

/// `name=value`, comma separated. What is wrong is told without the values.
fn headers(text: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("a header is not name=value")?;
        let name: HeaderName = name.trim().parse().map_err(|_| "a header's name is not one")?;
        let mut value: HeaderValue = value
            .trim()
            .parse()
            .map_err(|_| format!("the value of {name} is not one"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}
