//! What the outside sees of a running worker: admin server, status, lag, and in the demo a line per record.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use tracing::info;
use tracing::warn;

use crate::article::RejectionCode;
use crate::commands::explained;
use crate::commands::service::now_ms;
use crate::config::Config;
use crate::encode::Framing;
use crate::kafka::Shared;
use crate::kafka::source::Heartbeat;
use crate::kafka::statistics::lag_records;
use crate::metrics::Metrics;
use crate::ops::logging::RateLimited;
use crate::ops::server;
use crate::ops::server::AdminState;
use crate::ops::server::Token;
use crate::ops::shutdown::Shutdown;
use crate::ops::status::About;
use crate::ops::status::ModelStatus;
use crate::ops::status::PartitionStatus;
use crate::ops::status::Readiness;
use crate::ops::status::Status;
use crate::record::Batch;
use crate::record::Origin;
use crate::record::Outcome;
use crate::record::PartitionKey;
use crate::record::Record;
use crate::worker::OnDelivered;
use crate::worker::process::Processor;

/// At most one log line about records rejected for one code in this time.
const REJECTION_LOG: Duration = Duration::from_secs(10);
/// How often lag and assignment are read.
const OBSERVE: Duration = Duration::from_millis(500);

/// Timestamp of the last delivered record of each partition.
type Delivered = Arc<Mutex<BTreeMap<PartitionKey, i64>>>;

/// The outside's view.
pub struct View {
    status: Arc<Status>,
    delivered: Delivered,
    opened: Arc<AtomicBool>,
    metrics: Metrics,
    rejections: Arc<RateLimited<RejectionCode>>,
    prints: bool,
    shows: bool,
}

impl View {
    /// Binds the admin port and starts to serve and to observe. `mode` is "run" or "demo".
    ///
    /// # Errors
    /// Where the port cannot be had.
    pub async fn start(
        config: &Config,
        mode: &'static str,
        processor: &Arc<Processor>,
        shared: &Arc<Shared>,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Self> {
        let listen = &config.admin.listen;
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .with_context(|| format!("the admin port {listen} cannot be had"))?;
        let address = listener.local_addr()?;
        info!(%address, "admin server: /, /metrics, /livez, /readyz, /status");
        if config.admin.token.is_none() && !address.ip().is_loopback() {
            warn!(%address, "the admin port can be reached from other machines and asks for no token (admin.token_file)");
        }
        let about = about(config, mode, processor);
        for model in &about.models {
            shared.metrics.model(&model.name, &model.version);
        }
        shared.metrics.model("mediatopics", &about.vocabulary_version);
        let status = Arc::new(Status::new(about));
        let state = AdminState {
            metrics: shared.metrics.clone(),
            status: Arc::clone(&status),
            enrich: paste_box(processor),
            host_names: config.admin.host_names.clone().into(),
            token: config.admin.token.as_ref().map(|t| Token::new(t.expose())),
        };
        let ending = shutdown.clone();
        tokio::spawn(async move {
            // Served until the process ends, so that the last figures can be read while it drains.
            let never = async move {
                ending.requested().await;
                std::future::pending::<()>().await;
            };
            if let Err(error) = server::serve(listener, state, never).await {
                warn!(%error, "the admin server ended");
            }
        });
        let delivered = Delivered::default();
        let opened = Arc::new(AtomicBool::new(false));
        tokio::spawn(observe(
            Observed {
                status: Arc::clone(&status),
                delivered: Arc::clone(&delivered),
                shared: Arc::clone(shared),
                opened: Arc::clone(&opened),
            },
            shutdown.clone(),
        ));
        Ok(Self {
            status,
            delivered,
            opened,
            metrics: shared.metrics.clone(),
            rejections: Arc::new(RateLimited::new(REJECTION_LOG)),
            prints: mode == "demo",
            shows: config.admin.show_articles,
        })
    }

    /// For the poll loop to call at each turn.
    pub fn heartbeat(&self) -> Heartbeat {
        let status = Arc::clone(&self.status);
        Box::new(move || status.live_tick(Instant::now()))
    }

    /// The output topic's metadata was read and the producer is open.
    pub fn output_reachable(&self) {
        self.opened.store(true, Ordering::Relaxed);
    }

    /// For the worker to call with each delivered batch, whose records are framed like this.
    pub fn on_delivered(&self, framing: Option<Framing>) -> OnDelivered {
        let framing = framing.filter(|_| self.shows);
        let (status, delivered, prints) =
            (Arc::clone(&self.status), Arc::clone(&self.delivered), self.prints);
        let (metrics, rejections) = (self.metrics.clone(), Arc::clone(&self.rejections));
        Box::new(move |batch, outcomes| {
            remember(&delivered, batch);
            let mut published: Vec<Cow<'_, [u8]>> = Vec::new();
            for (record, outcome) in batch.records.iter().zip(outcomes) {
                if prints {
                    println!("{}", line(record, outcome));
                }
                match outcome {
                    Outcome::Enriched(output) => {
                        let value = output.value.as_deref().unwrap_or_default();
                        let unframed = framing.as_ref().and_then(|framing| framing.unframe(value));
                        published.push(unframed.map_or(Cow::Borrowed(value), Cow::Owned));
                    }
                    Outcome::Rejected(rejection) => {
                        status.rejected(&record.origin, rejection);
                        let Some(suppressed) = rejections.allow(rejection.code) else {
                            metrics.log_suppressed();
                            continue;
                        };
                        let (origin, code) = (&record.origin, rejection.code.code());
                        warn!(topic = %origin.kafka_topic, partition = origin.partition, offset = origin.offset,
                            code, suppressed, "rejected: {}", rejection.message);
                    }
                    Outcome::PassedThrough(_) | Outcome::Skipped(_) => {}
                }
            }
            let published: Vec<&[u8]> = published.iter().map(AsRef::as_ref).collect();
            status.published(&published);
        })
    }

    /// No more batches come: says how many rejections no log line told of.
    pub fn end(&self) {
        for (code, suppressed) in self.rejections.take_suppressed() {
            let code = code.code();
            warn!(
                code,
                suppressed, "rejected: further records since the last line of this code"
            );
        }
    }
}

fn about(config: &Config, mode: &'static str, processor: &Processor) -> About {
    About {
        mode,
        delivery: config.kafka.delivery.name().to_owned(),
        group_id: config.kafka.group_id.clone(),
        models: processor
            .enricher()
            .models()
            .map(|m| ModelStatus {
                name: m.name.clone(),
                version: m.version.clone(),
            })
            .collect(),
        vocabulary_version: processor.enricher().vocabulary_version().to_owned(),
        config: config.to_redacted_toml(),
        config_changes: config.changes_to_redacted_toml(),
        show_articles: config.admin.show_articles,
        live_within: Duration::from_millis(u64::from(config.admin.live_timeout_ms)),
    }
}

/// What is declared is believed, whichever form records of the topic have: the page asks for reasons in JSON.
fn paste_box(processor: &Arc<Processor>) -> server::Enrich {
    let (unforced, processor) = (processor.unforced(), Arc::clone(processor));
    Arc::new(move |payload, content_type| {
        let processor = if content_type.is_some() {
            &unforced
        } else {
            &processor
        };
        let mut record = Record {
            origin: Origin::nowhere(),
            timestamp_ms: None,
            key: None,
            value: Some(payload),
            headers: Vec::new(),
        };
        record
            .headers
            .extend(content_type.map(|t| crate::record::Header::text("content-type", t)));
        match processor.process(&record, now_ms(), &mut ()) {
            Outcome::Enriched(output) => {
                let value = explained(output.value.unwrap_or_default(), &processor.explain(&record));
                String::from_utf8(value).map_err(|e| e.to_string())
            }
            Outcome::Rejected(rejection) => Err(rejection.to_string()),
            Outcome::PassedThrough(_) | Outcome::Skipped(_) => Err("empty: nothing to read".to_owned()),
        }
    })
}

fn remember(delivered: &Delivered, batch: &Batch) {
    let mut delivered = delivered.lock().unwrap_or_else(PoisonError::into_inner);
    for record in &batch.records {
        if let Some(timestamp_ms) = record.timestamp_ms {
            delivered.insert(record.origin.key(), timestamp_ms);
        }
    }
}

/// What is observed, and where it is told.
struct Observed {
    status: Arc<Status>,
    delivered: Delivered,
    shared: Arc<Shared>,
    /// The output topic's metadata was read and the producer is open.
    opened: Arc<AtomicBool>,
}

/// Reads assignment, lag and load into status and metrics, until the process ends.
async fn observe(observed: Observed, shutdown: Shutdown) {
    let Observed {
        status,
        delivered,
        shared,
        opened,
    } = observed;
    loop {
        let fetches = shared.fetches().clone();
        let last = delivered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = now_ms();
        {
            let flow = shared.flow();
            let mut assignment = Vec::new();
            for (key, state) in flow.partitions() {
                let lag = fetches
                    .get(key)
                    .and_then(|f| lag_records(f, state.committed.or(state.first), flow.is_drained(key)));
                // Time lag: how old the last delivered record is, while more wait; nothing waits, no lag.
                let seconds = lag.map(|lag| match (lag, last.get(key)) {
                    (0, _) | (_, None) => 0.0,
                    (_, Some(timestamp_ms)) => (now - timestamp_ms).max(0) as f64 / 1000.0,
                });
                if let (Some(records), Some(seconds)) = (lag, seconds) {
                    shared
                        .metrics
                        .lag(&key.kafka_topic, key.partition, records, seconds);
                }
                assignment.push(PartitionStatus {
                    topic: key.kafka_topic.to_string(),
                    partition: key.partition,
                    committed_offset: state.committed,
                    position: state.position,
                    lag_records: lag,
                    lag_seconds: seconds,
                });
            }
            shared
                .metrics
                .assigned_partitions(i64::try_from(assignment.len()).unwrap_or(i64::MAX));
            let (records, bytes, _) = flow.load();
            shared.metrics.in_flight(
                i64::try_from(records).unwrap_or(i64::MAX),
                i64::try_from(bytes).unwrap_or(i64::MAX),
            );
            let in_group = flow.is_joined();
            // Stalled: the last attempt to deliver failed, and the next has not succeeded yet.
            let stalled = shared.metrics.totals().delivery_stalled;
            let output_reachable = opened.load(Ordering::Relaxed) && !stalled;
            status.set_ready(Readiness {
                in_group,
                output_reachable,
            });
            status.set_member_state(match (shutdown.is_requested(), in_group) {
                (true, _) => "stopping",
                (false, true) => "joined",
                (false, false) => "starting",
            });
            status.set_assignment(assignment);
        }
        tokio::time::sleep(OBSERVE).await;
    }
}

/// One readable line about a record, for the demo.
fn line(record: &Record, outcome: &Outcome) -> String {
    let place = format!("{}/{}", record.origin.partition, record.origin.offset);
    let what = match outcome {
        Outcome::Enriched(output) => summary(output.value.as_deref().unwrap_or_default()),
        Outcome::PassedThrough(_) => "tombstone, passed on".to_owned(),
        Outcome::Skipped(reason) => format!("skipped: {}", reason.code()),
        Outcome::Rejected(rejection) => format!("dead letter  {rejection}"),
    };
    format!("{place:>7}  {what}")
}

fn summary(value: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(value) else {
        return "not JSON".to_owned();
    };
    let text = json["headline"]
        .as_str()
        .or_else(|| json["text"].as_str())
        .unwrap_or("(no text)");
    let head: String = text.chars().take(56).collect();
    let names = |list: &str, field: &str, most: usize| {
        let all: Vec<&str> = json[list]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|e| e[field].as_str())
            .take(most)
            .collect();
        all.join(", ")
    };
    format!(
        "{head:<56}  | {}  | {}",
        names("entities", "name", 4),
        names("topics", "name", 2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::config::FormChoice;

    #[test]
    fn a_form_that_records_must_have_binds_nobody_who_declares_another() {
        let mut config = Config::default();
        config.input.form = FormChoice::Wire;
        let pasted = paste_box(&Arc::new(Processor::new(&config).unwrap()));
        let text = |declared: Option<&str>| -> serde_json::Value {
            let record = pasted(
                br#"{"text": "Oslo is in Norway."}"#.to_vec(),
                declared.map(str::to_owned),
            );
            serde_json::from_str::<serde_json::Value>(&record.unwrap()).unwrap()["text"].clone()
        };
        assert_eq!(text(None), r#"{"text": "Oslo is in Norway."}"#);
        assert_eq!(text(Some("application/json")), "Oslo is in Norway.");
    }
}
