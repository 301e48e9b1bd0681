//! The table of every metric: type, name, help (its doc comment), labels and buckets. Never records a value.

use prometheus::Gauge;
use prometheus::GaugeVec;
use prometheus::Histogram;
use prometheus::HistogramOpts;
use prometheus::HistogramVec;
use prometheus::IntCounter;
use prometheus::IntCounterVec;
use prometheus::IntGauge;
use prometheus::IntGaugeVec;
use prometheus::Opts;
use prometheus::Registry;
use prometheus::core::Collector;

/// What the documentation says of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Name, `dateline_<what>_<unit>[_total]`.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Label names.
    pub labels: &'static [&'static str],
    help: &'static str,
}

impl CatalogueEntry {
    /// One sentence for people.
    pub fn help(&self) -> &'static str {
        self.help.trim()
    }
}

/// Bucket bounds of durations inside the worker, 20 microseconds to 10 seconds.
const WORK_SECONDS: &[f64] = &[
    0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0,
    2.0, 5.0, 10.0,
];
/// Bucket bounds of end-to-end latency, 5 milliseconds to an hour.
const LATENCY_SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
];
/// Bucket bounds of records in a batch.
const RECORDS: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0,
];
/// Bucket bounds of bytes in a batch, 1 KiB to 64 MiB.
const BYTES: &[f64] = &[
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
/// Bucket bounds of metrics that are not histograms.
const NONE: &[f64] = &[];

/// Makes one metric from its row.
trait Make: Collector + Clone + 'static {
    const KIND: &'static str;
    fn make(row: &CatalogueEntry, buckets: &[f64]) -> prometheus::Result<Self>;
}

macro_rules! make_plain {
    ($($type:ty, $kind:literal;)*) => {$(
        impl Make for $type {
            const KIND: &'static str = $kind;
            fn make(row: &CatalogueEntry, _buckets: &[f64]) -> prometheus::Result<Self> {
                Self::with_opts(Opts::new(row.name, row.help()))
            }
        }
    )*};
}
macro_rules! make_labelled {
    ($($type:ty, $kind:literal;)*) => {$(
        impl Make for $type {
            const KIND: &'static str = $kind;
            fn make(row: &CatalogueEntry, _buckets: &[f64]) -> prometheus::Result<Self> {
                Self::new(Opts::new(row.name, row.help()), row.labels)
            }
        }
    )*};
}
make_plain! { IntCounter, "counter"; IntGauge, "gauge"; Gauge, "gauge"; }
make_labelled! { IntCounterVec, "counter"; IntGaugeVec, "gauge"; GaugeVec, "gauge"; }

impl Make for Histogram {
    const KIND: &'static str = "histogram";
    fn make(row: &CatalogueEntry, buckets: &[f64]) -> prometheus::Result<Self> {
        Self::with_opts(HistogramOpts::new(row.name, row.help()).buckets(buckets.to_vec()))
    }
}

impl Make for HistogramVec {
    const KIND: &'static str = "histogram";
    fn make(row: &CatalogueEntry, buckets: &[f64]) -> prometheus::Result<Self> {
        Self::new(
            HistogramOpts::new(row.name, row.help()).buckets(buckets.to_vec()),
            row.labels,
        )
    }
}

macro_rules! metrics {
    ($( #[doc = $help:literal] $field:ident: $type:ident = $name:literal, $labels:expr, $buckets:expr; )*) => {
        /// Every metric of the worker, registered.
        pub(super) struct Table { $( #[doc = $help] pub(super) $field: $type, )* }

        impl Table {
            pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
                let mut rows = CATALOGUE.iter();
                $(
                    let row = rows.next().ok_or_else(|| prometheus::Error::Msg(String::from($name)))?;
                    let $field = <$type as Make>::make(row, $buckets)?;
                    registry.register(Box::new($field.clone()))?;
                )*
                Ok(Self { $($field),* })
            }
        }

        /// Every metric in the order of the documentation.
        pub(super) const CATALOGUE: &[CatalogueEntry] = &[$(
            CatalogueEntry { name: $name, kind: <$type as Make>::KIND, labels: $labels, help: $help },
        )*];
    };
}

metrics! {
    /// Records read from the input topics.
    received: IntCounter = "dateline_records_received_total", &[], NONE;
    /// Bytes of key, value and headers read from the input topics.
    received_bytes: IntCounter = "dateline_received_bytes_total", &[], NONE;
    /// Structured records published and acknowledged.
    enriched: IntCounter = "dateline_records_enriched_total", &[], NONE;
    /// Tombstones passed on to the output topic.
    passed_through: IntCounter = "dateline_records_passed_through_total", &[], NONE;
    /// Records with nothing to publish, by reason.
    skipped: IntCounterVec = "dateline_records_skipped_total", &["reason"], NONE;
    /// Records written to the dead-letter topic, by rejection code.
    rejected: IntCounterVec = "dateline_records_rejected_total", &["code"], NONE;
    /// Bytes of key, value and headers published and acknowledged.
    published_bytes: IntCounter = "dateline_published_bytes_total", &[], NONE;
    /// Seconds from the broker's timestamp of a record to its committed output.
    latency: Histogram = "dateline_latency_seconds", &[], LATENCY_SECONDS;
    /// Records in a batch.
    batch_records: Histogram = "dateline_batch_records", &[], RECORDS;
    /// Bytes in a batch.
    batch_bytes: Histogram = "dateline_batch_bytes", &[], BYTES;
    /// Seconds a batch spends in a stage: fetch, enrich, commit.
    stage_seconds: HistogramVec = "dateline_stage_seconds", &["stage"], WORK_SECONDS;
    /// Seconds a record spends in a step of its processing.
    step_seconds: HistogramVec = "dateline_step_seconds", &["step"], WORK_SECONDS;
    /// Records not yet committed in an assigned partition; the series ends when the partition is revoked.
    lag_records: IntGaugeVec = "dateline_lag_records", &["topic", "partition"], NONE;
    /// Age in seconds of the last delivered record of a partition while more wait; 0 while none waits.
    lag_seconds: GaugeVec = "dateline_lag_seconds", &["topic", "partition"], NONE;
    /// Partitions assigned to this worker.
    assigned_partitions: IntGauge = "dateline_assigned_partitions", &[], NONE;
    /// Changes of the assignment, by kind: assigned, revoked, lost.
    rebalances: IntCounterVec = "dateline_rebalances_total", &["kind"], NONE;
    /// Transactions ended, by result: committed, aborted.
    transactions: IntCounterVec = "dateline_transactions_total", &["result"], NONE;
    /// Records read and not yet committed.
    in_flight_records: IntGauge = "dateline_in_flight_records", &[], NONE;
    /// Bytes read and not yet committed.
    in_flight_bytes: IntGauge = "dateline_in_flight_bytes", &[], NONE;
    /// Bytes of records that may be held at once, as configured.
    memory_budget: IntGauge = "dateline_memory_budget_bytes", &[], NONE;
    /// 1 while fetching is paused because the worker has enough to do.
    paused: IntGauge = "dateline_paused", &[], NONE;
    /// 1 while output cannot be delivered and the worker retries.
    delivery_stalled: IntGauge = "dateline_delivery_stalled", &[], NONE;
    /// How near the dead letters are to the limit that stops the worker: 0 = none lately, 1 = it stops.
    dead_letter_limit_used: Gauge = "dateline_dead_letter_limit_used", &[], NONE;
    /// Starts of a partition at a place that was not committed, by kind: no committed offset, out of range.
    offset_resets: IntCounterVec = "dateline_offset_resets_total", &["kind"], NONE;
    /// Records that retention removed before they were read.
    offset_reset_skipped: IntCounter = "dateline_offset_reset_skipped_records_total", &[], NONE;
    /// Messages waiting in the Kafka client's own queues.
    client_queue_messages: IntGauge = "dateline_client_queue_messages", &[], NONE;
    /// Bytes waiting in the Kafka client's own queues.
    client_queue_bytes: IntGauge = "dateline_client_queue_bytes", &[], NONE;
    /// Brokers that the consumer is connected to.
    brokers_up: IntGauge = "dateline_brokers_up", &[], NONE;
    /// Round trip to a broker in seconds, by quantile of the last statistics interval.
    broker_rtt: GaugeVec = "dateline_broker_rtt_seconds", &["broker", "quantile"], NONE;
    /// Requests over HTTP ended, by service and outcome; redirects and further attempts are part of one.
    http_requests: IntCounterVec = "dateline_http_requests_total", &["service", "outcome"], NONE;
    /// Seconds that a request over HTTP took, by service; redirects, waits and further attempts included.
    http_seconds: HistogramVec = "dateline_http_seconds", &["service"], LATENCY_SECONDS;
    /// Further attempts over HTTP, by service.
    http_retries: IntCounterVec = "dateline_http_retries_total", &["service"], NONE;
    /// Answers over HTTP that had not changed since they were kept, by service.
    http_cache_hits: IntCounterVec = "dateline_http_cache_hits_total", &["service"], NONE;
    /// Hosts or services that are left alone for a while because they failed too often, by service.
    http_breakers_open: IntGaugeVec = "dateline_http_breakers_open", &["service"], NONE;
    /// Articles about which a service that finds names or topics had no answer, by service.
    enricher_missing: IntCounterVec = "dateline_enricher_missing_total", &["service"], NONE;
    /// Spans for the collector of traces, by what became of them: sent, queue full, not sent.
    spans: IntCounterVec = "dateline_spans_total", &["fate"], NONE;
    /// Statistics of the Kafka client that could not be read.
    statistics_unreadable: IntCounter = "dateline_statistics_unreadable_total", &[], NONE;
    /// Log lines held back by rate limits.
    log_suppressed: IntCounter = "dateline_log_lines_suppressed_total", &[], NONE;
    /// Always 1; the label is the version of the worker.
    build_info: IntGaugeVec = "dateline_build_info", &["version"], NONE;
    /// Always 1; the labels are name and version of a model or vocabulary in use.
    model_info: IntGaugeVec = "dateline_model_info", &["model", "version"], NONE;
}
