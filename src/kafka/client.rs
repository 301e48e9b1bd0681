//! What both clients share: the flow's state, and the callbacks that librdkafka calls. Rebalances are decided here.
//! Never reads a record's payload.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;
use rdkafka::consumer::ConsumerContext;
use rdkafka::consumer::Rebalance;
use rdkafka::consumer::RebalanceProtocol;
use rdkafka::error::KafkaError;
use rdkafka::producer::DeliveryResult;
use rdkafka::producer::ProducerContext;
use thiserror::Error;
use tokio::sync::Notify;
use tracing::debug;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::kafka::deliveries::Deliveries;
use crate::kafka::fail_point::FailPoint;
use crate::kafka::fail_point::reach;
use crate::kafka::flow::FlowState;
use crate::kafka::settings::client_config;
use crate::kafka::statistics::PartitionFetch;
use crate::kafka::statistics::Statistics;
use crate::metrics;
use crate::metrics::Metrics;
use crate::record::PartitionKey;

/// Longest that a full intake waits for room before it is paused. A pause throws away what the client had fetched, and
/// fetching begins again up to a second after it ends: librdkafka 2.12 does not wake the thread that fetches. So a
/// pause is for a worker that is slow, to which what is still in intake lasts for longer. What the client holds is
/// polled at the pace of the batches meanwhile, and a rebalance stands behind it: no longer than this a batch.
const ROOM_WAIT: Duration = Duration::from_millis(200);

/// Fetches an OAuth token for SASL/OAUTHBEARER; handed over by `commands`, so that Kafka's room knows no HTTP.
pub type TokenProvider = Arc<dyn Fn() -> Result<(String, String, i64), NoToken> + Send + Sync>;

/// Why there is no token.
#[derive(Debug, Error)]
#[error("no token: {reason}")]
pub struct NoToken {
    /// What the provider said.
    pub reason: String,
    /// It was refused, and will be again; else the next attempt may do better.
    pub is_refusal: bool,
}

/// State and tools that the poll thread, the callbacks and the sink share.
pub struct Shared {
    /// Assignment, epoch, intake and work in flight.
    pub(crate) flow: Mutex<FlowState>,
    /// Told whenever work in flight ends, or a batch was taken; the revoke callback and a full intake wait on it.
    pub(crate) settled: Condvar,
    /// Told whenever a batch may be ready.
    pub(crate) ready: Notify,
    /// Latest figures of librdkafka for each partition.
    pub(crate) fetches: Mutex<BTreeMap<PartitionKey, PartitionFetch>>,
    /// Figures taken up to this second (since 1970) may tell of before a rewind or an assignment.
    pub(crate) fresh_after_s: AtomicI64,
    /// Counters.
    pub(crate) metrics: Metrics,
    /// Longest that a revoke waits for the batches of its partitions.
    pub(crate) revoke_deadline: Duration,
    /// Reading begins again at the end, where the expected offset is gone.
    pub(crate) resets_to_latest: bool,
    /// Longest that a request to the broker may take in the poll thread.
    pub(crate) request_timeout: Duration,
    /// Where tokens come from, if the mechanism is OAUTHBEARER.
    pub(crate) token: Option<TokenProvider>,
}

impl Shared {
    /// The lock on the flow. A thread that panicked while holding it left plain data behind, so poisoning is ignored.
    pub(crate) fn flow(&self) -> MutexGuard<'_, FlowState> {
        self.flow
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The lock on the latest figures of each partition.
    pub(crate) fn fetches(&self) -> MutexGuard<'_, BTreeMap<PartitionKey, PartitionFetch>> {
        self.fetches
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Tells everyone that work in flight has ended or a batch may be ready.
    pub(crate) fn tell(&self) {
        self.settled.notify_all();
        self.ready.notify_one();
    }

    /// Waits until no batch with records of these partitions is in flight; false where the deadline passed first.
    fn wait_settled(&self, partitions: &BTreeSet<PartitionKey>) -> bool {
        let deadline = Instant::now() + self.revoke_deadline;
        let mut flow = self.flow();
        flow.stop_intake(partitions);
        while flow.has_in_flight(partitions) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            flow = self
                .settled
                .wait_timeout(flow, left)
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .0;
        }
        true
    }

    /// Waits while intake is full, but not for long.
    pub(crate) fn wait_for_room(&self) {
        let deadline = Instant::now() + ROOM_WAIT;
        let mut flow = self.flow();
        while flow.is_full() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            flow = self
                .settled
                .wait_timeout(flow, left)
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .0;
        }
    }

    /// From now on only newer figures say how far a partition was fetched: older ones may still be on their way.
    pub(crate) fn expect_fresh_statistics(&self) {
        let now_s = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
        self.fresh_after_s.store(now_s, Ordering::Relaxed);
    }

    fn forget(&self, partitions: &BTreeSet<PartitionKey>) {
        let mut fetches = self.fetches();
        for key in partitions {
            fetches.remove(key);
            self.metrics.forget_partition(&key.kafka_topic, key.partition);
        }
    }
}

/// The keys of a list of partitions.
pub(crate) fn keys(list: &TopicPartitionList) -> BTreeSet<PartitionKey> {
    list.elements()
        .iter()
        .map(|e| PartitionKey {
            kafka_topic: Arc::from(e.topic()),
            partition: e.partition(),
        })
        .collect()
}

/// A list of partitions with offsets.
pub(crate) fn offsets_list<'k>(
    offsets: impl IntoIterator<Item = (&'k PartitionKey, i64)>,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for (key, offset) in offsets {
        list.add_partition_offset(&key.kafka_topic, key.partition, Offset::Offset(offset))?;
    }
    Ok(list)
}

/// Committed offsets as the group knows them; partitions without one are absent from the map. And the notes that were
/// committed with them.
pub(crate) fn committed(
    consumer: &BaseConsumer<ConsumerCallbacks>,
    partitions: &BTreeSet<PartitionKey>,
    timeout: Duration,
) -> Result<(BTreeMap<PartitionKey, i64>, Vec<String>), KafkaError> {
    let mut list = TopicPartitionList::new();
    for key in partitions {
        list.add_partition(&key.kafka_topic, key.partition);
    }
    let answer = consumer.committed_offsets(list, timeout)?;
    let mut offsets = BTreeMap::new();
    let mut notes = Vec::new();
    for element in answer.elements() {
        element.error()?;
        if let Offset::Offset(offset) = element.offset() {
            let key = PartitionKey {
                kafka_topic: Arc::from(element.topic()),
                partition: element.partition(),
            };
            offsets.insert(key, offset);
            // The library panics where another client's note is not UTF-8.
            notes.extend(std::panic::catch_unwind(AssertUnwindSafe(|| {
                element.metadata().to_owned()
            })));
        }
    }
    Ok((offsets, notes))
}

/// Where partitions end, as their brokers say: what is known of them before the first statistics. Markers at an end
/// count as records until then.
fn ends(
    consumer: &BaseConsumer<ConsumerCallbacks>,
    partitions: &BTreeSet<PartitionKey>,
    timeout: Duration,
) -> Result<BTreeMap<PartitionKey, PartitionFetch>, KafkaError> {
    let mut list = TopicPartitionList::new();
    for key in partitions {
        // In place of a time the end itself can be asked for.
        list.add_partition_offset(&key.kafka_topic, key.partition, Offset::End)?;
    }
    let answer = consumer.offsets_for_times(list, timeout)?;
    let known = answer.elements().into_iter().filter_map(|element| {
        let (Ok(()), Offset::Offset(end_offset)) = (element.error(), element.offset()) else {
            return None;
        };
        let key = PartitionKey {
            kafka_topic: Arc::from(element.topic()),
            partition: element.partition(),
        };
        Some((key, PartitionFetch::before_statistics(end_offset)))
    });
    Ok(known.collect())
}

pub(crate) fn log_line(level: RDKafkaLogLevel, facility: &str, line: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => {
            error!(target: "librdkafka", facility, "{line}");
        }
        RDKafkaLogLevel::Warning => warn!(target: "librdkafka", facility, "{line}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => info!(target: "librdkafka", facility, "{line}"),
        RDKafkaLogLevel::Debug => debug!(target: "librdkafka", facility, "{line}"),
    }
}

pub(crate) fn log_error(error: &KafkaError, reason: &str) {
    // Brokers that go away and come back are the client's business; only a fatal error ends it, and that
    // comes by another way.
    warn!(target: "librdkafka", %error, "{reason}");
}

pub(crate) fn oauth_token(token: Option<&TokenProvider>) -> Result<OAuthToken, NoToken> {
    let provider = token.ok_or_else(|| NoToken {
        reason: "no token endpoint is configured ([kafka.security] oauth_token_url)".to_owned(),
        is_refusal: true,
    })?;
    let (token, principal_name, lifetime_ms) = provider()?;
    Ok(OAuthToken {
        token,
        principal_name,
        lifetime_ms,
    })
}

/// Callbacks of the consumer.
pub struct ConsumerCallbacks(pub(crate) Arc<Shared>);

impl ConsumerCallbacks {
    /// The consumer that source and sink share. It joins the group once the source subscribes, not before.
    ///
    /// # Errors
    /// Where librdkafka refuses the properties.
    pub fn consumer(
        properties: &BTreeMap<String, String>,
        shared: &Arc<Shared>,
    ) -> Result<Arc<BaseConsumer<Self>>, KafkaError> {
        let consumer = client_config(properties).create_with_context(Self(Arc::clone(shared)))?;
        Ok(Arc::new(consumer))
    }
}

impl ClientContext for ConsumerCallbacks {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        match Statistics::parse(statistics) {
            Some(parsed) => {
                parsed.record(&self.0.metrics);
                *self.0.fetches() = parsed.partitions();
                self.0.ready.notify_one();
            }
            None => self.0.metrics.statistics_unreadable(),
        }
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        Ok(oauth_token(self.0.token.as_ref())?)
    }
}

impl ConsumerContext for ConsumerCallbacks {
    /// Revoked: wait for the batches of these partitions, within the deadline, then let go. Lost: never
    /// wait, commit nothing.
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Revoke(list) = rebalance else {
            return;
        };
        reach(FailPoint::Revoke);
        let partitions = keys(list);
        let lost = consumer.assignment_lost();
        self.0.metrics.rebalance(if lost {
            metrics::Rebalance::Lost
        } else {
            metrics::Rebalance::Revoked
        });
        if lost {
            warn!(
                partitions = partitions.len(),
                "partitions were lost: uncommitted work on them is dropped"
            );
        } else if !self.0.wait_settled(&partitions) {
            warn!(
                partitions = partitions.len(),
                revoke_deadline_ms = self.0.revoke_deadline.as_millis(),
                "partitions were revoked before their batches were done: the next owner reads them again"
            );
        } else {
            info!(partitions = partitions.len(), "partitions revoked");
        }
        // The client keeps a partition's pause over a reassignment, and nobody would resume it then.
        let paused = self.0.flow().is_paused();
        if paused && let Err(error) = consumer.resume(list) {
            warn!(%error, "revoked partitions could not be resumed");
        }
        {
            let mut flow = self.0.flow();
            flow.release(&partitions);
            if lost || matches!(consumer.rebalance_protocol(), RebalanceProtocol::Eager) {
                flow.await_assignment();
            }
        }
        self.0.forget(&partitions);
        self.0.tell();
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Assign(list) = rebalance else {
            return;
        };
        reach(FailPoint::Assign);
        let partitions = keys(list);
        let answer = committed(consumer, &partitions, self.0.request_timeout);
        let (committed, notes) = answer.unwrap_or_else(|error| {
            warn!(%error, "committed offsets could not be read: an offset reset would go unnoticed now");
            Default::default()
        });
        self.0.expect_fresh_statistics();
        let paused = {
            let mut flow = self.0.flow();
            flow.keep_notes(notes);
            flow.assign(
                partitions
                    .iter()
                    .map(|key| (key.clone(), committed.get(key).copied())),
            );
            flow.is_paused()
        };
        if paused && let Err(error) = consumer.pause(list) {
            warn!(%error, "new partitions could not be paused");
        }
        // One request to each broker: the lag of a backlog is known at once.
        match ends(consumer, &partitions, self.0.request_timeout) {
            Ok(ends) => {
                let mut fetches = self.0.fetches();
                for (key, end) in ends {
                    fetches.entry(key).or_insert(end);
                }
            }
            Err(error) => {
                warn!(%error, "the ends of new partitions are not known before the next statistics")
            }
        }
        self.0.metrics.rebalance(metrics::Rebalance::Assigned);
        info!(
            partitions = partitions.len(),
            without_offset = partitions.len() - committed.len(),
            "partitions assigned"
        );
        self.0.tell();
    }
}

/// Callbacks of the producer. The opaque of a record is its place in the batch.
pub struct ProducerCallbacks {
    pub(crate) shared: Arc<Shared>,
    pub(crate) deliveries: Deliveries,
}

impl ClientContext for ProducerCallbacks {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        match Statistics::parse(statistics) {
            Some(parsed) => parsed.record(&self.shared.metrics),
            None => self.shared.metrics.statistics_unreadable(),
        }
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        Ok(oauth_token(self.shared.token.as_ref())?)
    }
}

impl ProducerContext for ProducerCallbacks {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, place: usize) {
        self.deliveries.ended(result, place);
    }
}
