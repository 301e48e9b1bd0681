//! Every metric: name, help, labels, and the method that records it. Never knows who calls. Labels come from enums
//! and from topic, partition and broker numbers, never from text of errors, URLs or names.

mod http;
mod table;
mod timer;
mod totals;

use std::sync::Arc;

use prometheus::Registry;
use prometheus::TextEncoder;
use prometheus::process_collector::ProcessCollector;

use crate::article::RejectionCode;
use crate::record::Outcome;
use crate::record::SkipReason;
use crate::record::Step;

pub use http::HttpService;
pub use http::ServiceTotals;
pub use table::CatalogueEntry;
pub use timer::StepTimer;
pub use totals::Distribution;
pub use totals::Totals;

macro_rules! label {
    ($(#[doc = $doc:literal])+ $type:ident { $( #[doc = $what:literal] $variant:ident = $name:literal, )* }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $( #[doc = $what] $variant, )* }

        impl $type {
            /// Every one.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// The stable word, used as a metric label.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }
        }
    };
}

label! {
    /// The stages a batch goes through.
    Stage {
        /// Waiting for and collecting records.
        Fetch = "fetch",
        /// Processing them over all cores.
        Enrich = "enrich",
        /// Publishing the outcomes and committing the offsets.
        Commit = "commit",
    }
}
label! {
    /// How a transaction ended.
    TransactionResult {
        /// Outputs and offsets became visible together.
        Committed = "committed",
        /// Nothing of it became visible.
        Aborted = "aborted",
    }
}
label! {
    /// How the assignment changed.
    Rebalance {
        /// Partitions came.
        Assigned = "assigned",
        /// Partitions were given back.
        Revoked = "revoked",
        /// Partitions were taken away.
        Lost = "lost",
    }
}
label! {
    /// Why a partition started at a place that was not committed.
    ResetKind {
        /// The group has never committed there.
        NoCommittedOffset = "no_committed_offset",
        /// The committed offset is no longer retained.
        OutOfRange = "out_of_range",
    }
}

label! {
    /// How a request over HTTP ended, redirects and further attempts included.
    HttpOutcome {
        /// With an answer.
        Ok = "ok",
        /// The URL or its address is not allowed.
        Refused = "refused",
        /// `robots.txt` does not allow it.
        Robots = "robots",
        /// The answer is larger than allowed.
        TooLarge = "too_large",
        /// Too many redirects, or one that leads nowhere.
        Redirects = "redirects",
        /// Not in time.
        Timeout = "timeout",
        /// No connection, or no TLS that can be trusted.
        Unreachable = "unreachable",
        /// An answer that is cut off or makes no sense.
        Broken = "broken",
        /// A status from 400 to 499.
        ClientError = "client_error",
        /// A status from 500 on, or 429.
        ServerError = "server_error",
        /// Not asked: it failed too often lately.
        BreakerOpen = "breaker_open",
        /// An answer that is not what was asked for, for at least one article.
        Invalid = "invalid",
    }
}

label! {
    /// What became of spans for the collector of traces.
    SpanFate {
        /// The collector took them.
        Sent = "sent",
        /// Dropped: too many waited already.
        QueueFull = "queue_full",
        /// Dropped: the collector could not be reached, or refused them.
        NotSent = "not_sent",
    }
}

impl HttpOutcome {
    /// True for trouble of the other side that may pass.
    pub const fn may_pass(self) -> bool {
        matches!(
            self,
            Self::Timeout | Self::Unreachable | Self::Broken | Self::ServerError
        )
    }
}

/// Every metric of one worker, in a registry of its own; clones share it.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    table: table::Table,
    services: http::Services,
}

impl Metrics {
    /// Registers every metric; those with a closed set of labels start at 0.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let table = table::Table::register(&registry)?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        for reason in SkipReason::ALL {
            table.skipped.with_label_values(&[reason.code()]);
        }
        for code in RejectionCode::ALL {
            table.rejected.with_label_values(&[code.code()]);
        }
        for stage in Stage::ALL {
            table.stage_seconds.with_label_values(&[stage.name()]);
        }
        for step in Step::ALL {
            table.step_seconds.with_label_values(&[step.name()]);
        }
        for result in TransactionResult::ALL {
            table.transactions.with_label_values(&[result.name()]);
        }
        for kind in Rebalance::ALL {
            table.rebalances.with_label_values(&[kind.name()]);
        }
        for kind in ResetKind::ALL {
            table.offset_resets.with_label_values(&[kind.name()]);
        }
        http::start(&table, &HttpService::Fetch);
        for fate in SpanFate::ALL {
            table.spans.with_label_values(&[fate.name()]);
        }
        table
            .build_info
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        let services = http::Services::default();
        Ok(Self(Arc::new(Inner {
            registry,
            table,
            services,
        })))
    }

    /// Name, type, labels and help of every metric of ours, for the documentation.
    pub fn catalogue() -> &'static [CatalogueEntry] {
        table::CATALOGUE
    }

    /// So many spans ended up like this.
    pub fn spans(&self, fate: SpanFate, count: usize) {
        let spans = self.0.table.spans.with_label_values(&[fate.name()]);
        spans.inc_by(count as u64);
    }

    /// Records read from the input topics.
    pub fn received(&self, records: u64, bytes: u64) {
        self.0.table.received.inc_by(records);
        self.0.table.received_bytes.inc_by(bytes);
    }

    /// What became of one record; called once for each, after acknowledgement.
    pub fn outcome(&self, outcome: &Outcome) {
        let table = &self.0.table;
        match outcome {
            Outcome::Enriched(_) => table.enriched.inc(),
            Outcome::PassedThrough(_) => table.passed_through.inc(),
            Outcome::Skipped(reason) => table.skipped.with_label_values(&[reason.code()]).inc(),
            Outcome::Rejected(rejection) => {
                table.rejected.with_label_values(&[rejection.code.code()]).inc();
            }
        }
    }

    /// Bytes published and acknowledged.
    pub fn published_bytes(&self, bytes: u64) {
        self.0.table.published_bytes.inc_by(bytes);
    }

    /// A batch was closed.
    pub fn batch(&self, records: usize, bytes: usize) {
        self.0.table.batch_records.observe(records as f64);
        self.0.table.batch_bytes.observe(bytes as f64);
    }

    /// A batch left a stage.
    pub fn stage_seconds(&self, stage: Stage, seconds: f64) {
        self.0
            .table
            .stage_seconds
            .with_label_values(&[stage.name()])
            .observe(seconds);
    }

    /// A record left a step; a `StepTimer` is cheaper where there are many.
    pub fn step_seconds(&self, step: Step, seconds: f64) {
        self.0
            .table
            .step_seconds
            .with_label_values(&[step.name()])
            .observe(seconds);
    }

    /// A timer for the records of one thread.
    pub fn step_timer(&self) -> StepTimer {
        let histograms = &self.0.table.step_seconds;
        StepTimer::new(Step::ALL.map(|step| histograms.with_label_values(&[step.name()]).local()))
    }

    /// A record's output was committed this long after the broker's timestamp of its input.
    pub fn latency_seconds(&self, seconds: f64) {
        self.0.table.latency.observe(seconds.max(0.0));
    }

    /// What is not yet committed in an assigned partition.
    pub fn lag(&self, topic: &str, partition: i32, records: i64, seconds: f64) {
        let number = partition.to_string();
        let labels = [topic, number.as_str()];
        self.0
            .table
            .lag_records
            .with_label_values(&labels)
            .set(records.max(0));
        self.0
            .table
            .lag_seconds
            .with_label_values(&labels)
            .set(seconds.max(0.0));
    }

    /// A partition is no longer ours: its series end.
    pub fn forget_partition(&self, topic: &str, partition: i32) {
        let number = partition.to_string();
        let labels = [topic, number.as_str()];
        // An error only says that the series was never there.
        let _ = self.0.table.lag_records.remove_label_values(&labels);
        let _ = self.0.table.lag_seconds.remove_label_values(&labels);
    }

    /// A transaction ended.
    pub fn transaction(&self, result: TransactionResult) {
        self.0
            .table
            .transactions
            .with_label_values(&[result.name()])
            .inc();
    }

    /// The assignment changed.
    pub fn rebalance(&self, kind: Rebalance) {
        self.0.table.rebalances.with_label_values(&[kind.name()]).inc();
    }

    /// What is read and not yet committed, now.
    pub fn in_flight(&self, records: i64, bytes: i64) {
        self.0.table.in_flight_records.set(records);
        self.0.table.in_flight_bytes.set(bytes);
    }

    /// A partition started at a place that was not committed; `skipped` records are gone.
    pub fn offset_reset(&self, kind: ResetKind, skipped: u64) {
        self.0.table.offset_resets.with_label_values(&[kind.name()]).inc();
        self.0.table.offset_reset_skipped.inc_by(skipped);
    }

    /// Output cannot be delivered, or can again.
    pub fn delivery_stalled(&self, stalled: bool) {
        self.0.table.delivery_stalled.set(i64::from(stalled));
    }

    /// How near the dead letters are to a limit, 0 to 1.
    pub fn dead_letter_limit_used(&self, share: f64) {
        self.0.table.dead_letter_limit_used.set(share);
    }

    /// Bytes of records that may be held at once.
    pub fn memory_budget(&self, bytes: i64) {
        self.0.table.memory_budget.set(bytes);
    }

    /// A model or vocabulary is in use.
    pub fn model(&self, name: &str, version: &str) {
        self.0.table.model_info.with_label_values(&[name, version]).set(1);
    }

    /// Fetching is paused, or goes on.
    pub fn paused(&self, paused: bool) {
        self.0.table.paused.set(i64::from(paused));
    }

    /// Partitions that are ours now.
    pub fn assigned_partitions(&self, partitions: i64) {
        self.0.table.assigned_partitions.set(partitions);
    }

    /// What waits in the Kafka client's own queues.
    pub fn client_queue(&self, messages: i64, bytes: i64) {
        self.0.table.client_queue_messages.set(messages);
        self.0.table.client_queue_bytes.set(bytes);
    }

    /// Brokers that the consumer is connected to.
    pub fn brokers_up(&self, brokers: i64) {
        self.0.table.brokers_up.set(brokers);
    }

    /// Round trip to one broker over the last statistics interval.
    pub fn broker_rtt_seconds(&self, broker_id: i32, p50: f64, p99: f64) {
        let broker = broker_id.to_string();
        self.0
            .table
            .broker_rtt
            .with_label_values(&[broker.as_str(), "0.5"])
            .set(p50);
        self.0
            .table
            .broker_rtt
            .with_label_values(&[broker.as_str(), "0.99"])
            .set(p99);
    }

    /// The Kafka client's statistics could not be read.
    pub fn statistics_unreadable(&self) {
        self.0.table.statistics_unreadable.inc();
    }

    /// A log line was held back by a rate limit.
    pub fn log_suppressed(&self) {
        self.0.table.log_suppressed.inc();
    }

    /// The counters as they stand, for the status page.
    pub fn totals(&self) -> Totals {
        let table = &self.0.table;
        let count = |label: &str| table.transactions.with_label_values(&[label]).get();
        let skipped = SkipReason::ALL.map(|r| (r, table.skipped.with_label_values(&[r.code()]).get()));
        let rejected = RejectionCode::ALL.map(|c| (c, table.rejected.with_label_values(&[c.code()]).get()));
        let stage = |stage: &Stage| {
            let histogram = table.stage_seconds.with_label_values(&[stage.name()]);
            (*stage, histogram.get_sample_count(), histogram.get_sample_sum())
        };
        Totals {
            stages: Stage::ALL.iter().map(stage).collect(),
            services: self.services(),
            received: table.received.get(),
            received_bytes: table.received_bytes.get(),
            enriched: table.enriched.get(),
            passed_through: table.passed_through.get(),
            skipped: skipped.into_iter().filter(|s| s.1 > 0).collect(),
            rejected: rejected.into_iter().filter(|r| r.1 > 0).collect(),
            published_bytes: table.published_bytes.get(),
            transactions_committed: count(TransactionResult::Committed.name()),
            transactions_aborted: count(TransactionResult::Aborted.name()),
            latency: Distribution::read(&table.latency),
            in_flight_records: table.in_flight_records.get(),
            in_flight_bytes: table.in_flight_bytes.get(),
            paused: table.paused.get() != 0,
            delivery_stalled: table.delivery_stalled.get() != 0,
        }
    }

    /// Everything in Prometheus' text format.
    pub fn render(&self) -> String {
        // Encoding into a string fails only for an inconsistent family, which registration has refused.
        TextEncoder::new()
            .encode_to_string(&self.0.registry.gather())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
