//! The running worker, wired: clients, flow, admin server, signals. Shared by `run` and `demo`; holds no
//! logic of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Notify;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::commands::exit::Exit;
use crate::commands::oauth::token_provider;
use crate::commands::outside;
use crate::commands::registry;
use crate::commands::telemetry;
use crate::commands::view::View;
use crate::config::Config;
use crate::config::Delivery;
use crate::config::OffsetReset;
use crate::encode;
use crate::encode::Framing;
use crate::enrich::topics::Changes;
use crate::kafka::ClientSettings;
use crate::kafka::KafkaSink;
use crate::kafka::KafkaSource;
use crate::kafka::Shared;
use crate::kafka::client::ConsumerCallbacks;
use crate::kafka::flow::FlowLimits;
use crate::kafka::flow::FlowState;
use crate::kafka::sink::SinkSettings;
use crate::kafka::startup;
use crate::metrics::Metrics;
use crate::ops::shutdown::Shutdown;
use crate::worker::Worker;
use crate::worker::WorkerError;
use crate::worker::guard::DeadLetterGuard;
use crate::worker::process::Processor;

/// Intake is paused when this share of the memory budget waits, and resumed at a quarter of that.
const INTAKE_SHARE: usize = 8;
const RESUME_SHARE: usize = 4;
/// No batch is begun while this share waits, enriched, for a commit to end. A larger one holds more memory and makes
/// larger commits, which are no faster.
const READY_SHARE: usize = 64;
/// Room for what the client counts beside key, value and headers.
const PRODUCER_FRAMING_BYTES: usize = 4096;
/// Most bytes that travel together, where the topics take as much.
const PRODUCER_BATCH_BYTES: usize = 1_000_000;
/// How soon the end of a backfill is seen.
const BACKFILL_STATISTICS_MS: u32 = 250;

/// What to run.
pub struct Service {
    /// The configuration, checked.
    pub config: Config,
    /// Stop at the end offsets seen at start.
    pub until_end: bool,
    /// "run" or "demo".
    pub mode: &'static str,
    /// Decode records and hand them on unchanged, for the benchmark of the pipe (benches/pipe).
    pub decodes_alone: bool,
    /// Stops it.
    pub shutdown: Shutdown,
    /// Counts what it does.
    pub metrics: Metrics,
}

/// The two ends of the flow, and how records are framed at the far one.
struct Ends {
    source: KafkaSource,
    sink: KafkaSink,
    framing: Option<Framing>,
}

/// Wall clock, milliseconds since 1970.
pub fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Runs a future on a runtime of its own. Blocking calls that hang in the Kafka client do not hold the
/// process: the runtime is left
/// behind, not waited for.
///
/// # Errors
/// Those of the future, or where the runtime cannot be made.
pub fn block_on(future: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

impl Service {
    /// Runs until a signal, the end of a backfill, or an error.
    ///
    /// # Errors
    /// Where something cannot be set up; what happens later is in the exit code and the log.
    pub async fn run(mut self) -> anyhow::Result<Exit> {
        if self.until_end {
            self.config.kafka.statistics_interval_ms = BACKFILL_STATISTICS_MS;
        }
        let config = &self.config;
        let mut processor = Processor::new(config)?;
        if self.decodes_alone {
            processor = processor.decoding_alone();
        }
        let processor = Arc::new(processor);
        tell_vocabulary(config, &processor);
        let shared = Arc::new(shared(config, self.metrics.clone())?);
        let fetch = outside::fetch(config, &shared.metrics)?;
        let services = outside::services(config, processor.catalogue(), &shared.metrics)?;
        let view = View::start(config, self.mode, &processor, &shared, &self.shutdown).await?;
        let opened = tokio::select! {
            opened = self.open(&shared, &view) => opened,
            () = self.shutdown.requested() => return Ok(Exit::Ok),
        };
        let Ends {
            mut source,
            mut sink,
            framing,
        } = match opened {
            Ok(ends) => ends,
            Err(problem) => return not_ready(problem),
        };
        view.output_reachable();
        info!(
            version = env!("CARGO_PKG_VERSION"),
            group_id = config.kafka.group_id,
            delivery = config.kafka.delivery.name(),
            "running"
        );
        self.stop_on_signal(source.stopper());
        let limits = &config.dead_letters;
        let (tracing, sending) = telemetry::tracing(config, &shared.metrics)?.unzip();
        let worker = Worker {
            processor: Arc::new(processor.framed(framing.clone())),
            metrics: shared.metrics.clone(),
            guard: DeadLetterGuard::new(limits.share_max, limits.run_length_max, limits.window_records),
            clock: now_ms,
            threads: config.worker.threads,
            ready_bytes_max: config.worker.memory_budget_bytes / READY_SHARE,
            fetch,
            services,
            on_delivered: view.on_delivered(framing),
            tracing,
        };
        let result = worker.run(&mut source, &mut sink).await;
        view.end();
        let close = tokio::task::spawn_blocking(move || {
            drop(sink);
            source.close();
        });
        // The client's own close waits for the broker; what is committed is committed, so the process need
        // not.
        let deadline = Duration::from_millis(u64::from(config.worker.shutdown_deadline_ms));
        match tokio::time::timeout(deadline, close).await {
            Ok(closed) => closed?,
            Err(_) => warn!("the group was not left within the deadline: ending all the same"),
        }
        if let Some(sending) = sending {
            let most = Duration::from_millis(u64::from(config.telemetry.timeout_ms));
            sending.finish(most).await;
        }
        Ok(exit(result))
    }

    /// Checks the cluster and the schema registry, then opens both ends of the flow.
    async fn open(&self, shared: &Arc<Shared>, view: &View) -> anyhow::Result<Ends> {
        let config = &self.config;
        let instance = uuid::Uuid::new_v4().simple().to_string();
        let first = ClientSettings::new(config, &instance, startup::MESSAGE_BYTES_DEFAULT);
        let (kafka, asking) = (config.kafka.clone(), Arc::clone(shared));
        let check = move || startup::check(&kafka, &first.admin, &asking);
        let (cluster, framing) = tokio::join!(tokio::task::spawn_blocking(check), registry::framing(config));
        let (cluster, framing) = registry::both_ready(cluster?, framing)?;
        let publish_bytes_max =
            cluster.output_bytes_max.max(cluster.dead_letter_bytes_max) + PRODUCER_FRAMING_BYTES;
        let mut settings = ClientSettings::new(config, &instance, publish_bytes_max);
        // The broker's limit is on what travels together; the client's own is a megabyte.
        let together = cluster.output_bytes_max.min(cluster.dead_letter_bytes_max);
        settings
            .producer
            .entry("batch.size".to_owned())
            .or_insert_with(|| together.min(PRODUCER_BATCH_BYTES).to_string());
        let until = if self.until_end {
            let (admin, topics, shared) = (
                settings.admin.clone(),
                cluster.input_topics.clone(),
                Arc::clone(shared),
            );
            let ends = move || startup::end_offsets(&admin, &topics, &shared);
            let ends = tokio::task::spawn_blocking(ends).await?;
            Some(ends.context("the end of the input topics cannot be read")?)
        } else {
            None
        };
        let consumer = ConsumerCallbacks::consumer(&settings.consumer, shared)?;
        let open = {
            let (shared, consumer) = (Arc::clone(shared), Arc::clone(&consumer));
            let sink_settings = sink_settings(config, &cluster);
            move || {
                KafkaSink::open(shared, consumer, &settings.producer, sink_settings)
                    .map_err(|e| startup::producer_problem(&e, settings.producer.get("transactional.id")))
            }
        };
        let sink = tokio::task::spawn_blocking(open).await??;
        // The group is joined last, and without waiting: whoever stops us before has no member to take out of it.
        // A rebalance lasts as long as its slowest member may take.
        let kafka = &config.kafka;
        let assignment_wait_max = kafka
            .max_poll_interval_ms
            .saturating_add(kafka.session_timeout_ms);
        let assignment_wait_max = Duration::from_millis(u64::from(assignment_wait_max));
        let source = KafkaSource::start(
            Arc::clone(shared),
            consumer,
            &config.kafka.input_topics,
            (until, assignment_wait_max),
            view.heartbeat(),
        )?;
        Ok(Ends {
            source,
            sink,
            framing,
        })
    }

    /// The first signal stops intake; if the batch in flight is not done within the deadline, the process
    /// ends all the same.
    fn stop_on_signal(&self, stopper: crate::kafka::source::Stopper) {
        let shutdown = self.shutdown.clone();
        let deadline = Duration::from_millis(u64::from(self.config.worker.shutdown_deadline_ms));
        tokio::spawn(async move {
            shutdown.requested().await;
            info!("stopping: no more records are taken, the batches in flight are finished");
            stopper.stop();
            tokio::time::sleep(deadline).await;
            error!(
                shutdown_deadline_ms = deadline.as_millis(),
                "not done within the deadline: ending now; what was not committed is read again"
            );
            std::process::exit(i32::from(Exit::Forced.code()));
        });
    }
}

/// Says what another vocabulary of topics changes, where there is one.
fn tell_vocabulary(config: &Config, processor: &Processor) {
    if let Some(version) = &config.topics.vocabulary_version {
        let Changes {
            mapped,
            dropped,
            moved,
        } = processor.enricher().vocabulary_changes();
        info!(
            version,
            mapped, dropped, moved, "another vocabulary of topics: what became of those that are looked for"
        );
    }
}

/// How a start ends that the cluster or the schema registry does not allow.
fn not_ready(problem: anyhow::Error) -> anyhow::Result<Exit> {
    let not_ready = problem.downcast::<startup::NotReady>()?;
    error!("{not_ready}");
    Ok(match not_ready {
        startup::NotReady::Problems(_) => Exit::Configuration,
        startup::NotReady::Unreachable(_) => Exit::Error,
    })
}

fn exit(result: Result<(), WorkerError>) -> Exit {
    match result {
        Ok(()) => Exit::Ok,
        Err(error @ WorkerError::DeadLetterLimit(..)) => {
            error!("{error}");
            Exit::DeadLetterLimit
        }
        Err(error @ WorkerError::Fatal(_)) => {
            error!("the Kafka client can go on no longer: {error}");
            Exit::FatalClient
        }
        Err(error) => {
            error!("{error}");
            Exit::Error
        }
    }
}

fn shared(config: &Config, metrics: Metrics) -> anyhow::Result<Shared> {
    metrics.memory_budget(i64::try_from(config.worker.memory_budget_bytes).unwrap_or(i64::MAX));
    let intake_bytes_max = config.worker.memory_budget_bytes / INTAKE_SHARE;
    let limits = FlowLimits {
        batch_records_max: config.worker.batch_records_max,
        batch_bytes_max: config.worker.batch_bytes_max,
        batch_wait_ms: u64::from(config.worker.batch_wait_ms),
        intake_bytes_max,
        intake_bytes_resume: intake_bytes_max / RESUME_SHARE,
    };
    Ok(Shared {
        flow: Mutex::new(FlowState::new(limits)),
        settled: Condvar::new(),
        ready: Notify::new(),
        fetches: Mutex::new(BTreeMap::new()),
        fresh_after_s: AtomicI64::new(0),
        metrics,
        revoke_deadline: Duration::from_millis(u64::from(config.kafka.revoke_deadline_ms)),
        resets_to_latest: config.kafka.auto_offset_reset == OffsetReset::Latest,
        // Asked on the poll thread: it must turn well within what counts as live.
        request_timeout: Duration::from_millis(u64::from(
            config
                .kafka
                .request_timeout_ms
                .min(config.admin.live_timeout_ms / 3),
        )),
        token: token_provider(&config.kafka.security)?,
    })
}

fn sink_settings(config: &Config, cluster: &startup::Cluster) -> SinkSettings {
    let context = encode::DeadLetterContext {
        group_id: config.kafka.group_id.clone(),
        worker_version: env!("CARGO_PKG_VERSION").to_owned(),
        bytes_max: cluster.dead_letter_bytes_max,
    };
    SinkSettings {
        output_topic: config.kafka.output_topic.clone(),
        dead_letter_topic: config.kafka.dead_letter_topic.clone(),
        transactional: config.kafka.delivery == Delivery::ExactlyOnce,
        is_static: config.kafka.group_instance_id.is_some(),
        output_bytes_max: cluster.output_bytes_max,
        backoff_max: Duration::from_millis(u64::from(config.worker.retry_backoff_ms_max)),
        dead_letter: Arc::new(move |record, rejection| encode::dead_letter(record, rejection, &context)),
    }
}
