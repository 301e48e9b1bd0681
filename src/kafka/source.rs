//! The consumer on a polling thread of its own, and the batches it yields. Polling never waits for work,
//! save within the
//! revoke deadline; never commits anything.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use rdkafka::Message;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::message::Headers;
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::oneshot;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::kafka::client::ConsumerCallbacks;
use crate::kafka::client::Shared;
use crate::kafka::client::committed;
use crate::metrics::ResetKind;
use crate::record::Batch;
use crate::record::Header;
use crate::record::Origin;
use crate::record::PartitionKey;
use crate::record::Record;
use crate::worker::seams::FatalError;
use crate::worker::seams::RecordSource;

/// Longest that one poll waits for a record; also how soon a stop, a pause or a rewind is seen.
const POLL: Duration = Duration::from_millis(50);
/// Least time between two attempts to seek back.
const REWIND_RETRY: Duration = Duration::from_millis(200);

/// Called once in each turn of the poll loop.
pub type Heartbeat = Box<dyn Fn() + Send>;

/// Where a backfill stops: the end of each partition as seen at start.
pub type EndOffsets = BTreeMap<PartitionKey, i64>;

/// Batches from Kafka.
pub struct KafkaSource {
    shared: Arc<Shared>,
    consumer: Arc<BaseConsumer<ConsumerCallbacks>>,
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    fatal: oneshot::Receiver<String>,
    started: Instant,
    batch_wait: Duration,
}

impl KafkaSource {
    /// Subscribes and starts polling: from here on there is a group to leave.
    ///
    /// # Errors
    /// Where librdkafka refuses the subscription.
    pub fn start(
        shared: Arc<Shared>,
        consumer: Arc<BaseConsumer<ConsumerCallbacks>>,
        input_topics: &[String],
        until: Option<EndOffsets>,
        heartbeat: Heartbeat,
    ) -> Result<Self, KafkaError> {
        let topics: Vec<&str> = input_topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (fatal_sender, fatal) = oneshot::channel();
        let started = Instant::now();
        let poller = Poller {
            shared: Arc::clone(&shared),
            consumer: Arc::clone(&consumer),
            stop: Arc::clone(&stop),
            until,
            heartbeat,
            started,
            rewind_after: started,
            topic_names: BTreeMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("kafka-poll".to_owned())
            .spawn(move || poller.run(fatal_sender))
            .map_err(|e| KafkaError::ClientCreation(format!("no thread for polling: {e}")))?;
        let batch_wait = Duration::from_millis(20);
        Ok(Self {
            shared,
            consumer,
            thread: Some(thread),
            stop,
            fatal,
            started,
            batch_wait,
        })
    }

    /// A handle that stops intake from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper {
            shared: Arc::clone(&self.shared),
            stop: Arc::clone(&self.stop),
        }
    }

    /// Ends the poll thread and leaves the group (a static member keeps its place). Blocks; call it off the
    /// async threads.
    pub fn close(mut self) {
        self.stopper().stop();
        // After an error batches are in flight that nobody will commit; the poll thread must not wait for them.
        self.shared.flow().abandon();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        // The last owner closes the consumer, which leaves the group.
        drop(self.consumer);
    }
}

/// Stops intake.
#[derive(Clone)]
pub struct Stopper {
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
}

impl Stopper {
    /// No more batches: what no batch has taken is left to whoever owns the partitions next.
    pub fn stop(&self) {
        self.shared.flow().end();
        self.stop.store(true, Ordering::Release);
        self.shared.tell();
    }
}

impl RecordSource for KafkaSource {
    async fn next_batch(&mut self) -> Result<Option<Batch>, FatalError> {
        loop {
            {
                let mut flow = self.shared.flow();
                if flow.is_ended() {
                    return Ok(None);
                }
                if let Some(batch) = flow.take_batch(millis(self.started)) {
                    return Ok(Some(batch));
                }
            }
            tokio::select! {
                () = self.shared.ready.notified() => {}
                () = tokio::time::sleep(self.batch_wait) => {}
                reason = &mut self.fatal => {
                    // Without a complaint it ends after a stop alone.
                    return match reason {
                        Ok(reason) => Err(FatalError(reason)),
                        Err(_) if self.shared.flow().is_ended() => Ok(None),
                        Err(_) => Err(FatalError("the poll thread ended unasked".to_owned())),
                    };
                }
            }
        }
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

struct Poller {
    shared: Arc<Shared>,
    consumer: Arc<BaseConsumer<ConsumerCallbacks>>,
    stop: Arc<AtomicBool>,
    until: Option<EndOffsets>,
    heartbeat: Heartbeat,
    started: Instant,
    rewind_after: Instant,
    topic_names: BTreeMap<String, Arc<str>>,
}

impl Poller {
    fn run(mut self, fatal: oneshot::Sender<String>) {
        // After a stop the thread polls on until the work in flight is settled, so that it stays in the
        // group meanwhile.
        while !(self.stop.load(Ordering::Acquire) && self.shared.flow().load().2 == 0) {
            (self.heartbeat)();
            self.rewind_if_due();
            self.pause_or_resume();
            let consumer = Arc::clone(&self.consumer);
            match consumer.poll(POLL) {
                None => {}
                Some(Ok(message)) => self.accept(&message),
                Some(Err(error)) => {
                    if let Some(reason) = fatal_reason(&error) {
                        error!(%error, "the consumer cannot go on");
                        drop(fatal.send(reason));
                        self.shared.tell();
                        return;
                    }
                    warn!(%error, "poll");
                }
            }
            if self.backfill_is_done() {
                info!("every assigned partition was read to the end seen at start");
                self.shared.flow().end();
                self.shared.tell();
                self.until = None;
            }
        }
    }

    fn accept(&mut self, message: &BorrowedMessage<'_>) {
        let kafka_topic = match self.topic_names.get(message.topic()) {
            Some(name) => Arc::clone(name),
            None => {
                let name: Arc<str> = Arc::from(message.topic());
                self.topic_names
                    .insert(message.topic().to_owned(), Arc::clone(&name));
                name
            }
        };
        let origin = Origin {
            kafka_topic,
            partition: message.partition(),
            offset: message.offset(),
        };
        self.check_reset(&origin);
        let record = Record {
            origin,
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: message.headers().map_or_else(Vec::new, |headers| {
                headers
                    .iter()
                    .map(|h| Header {
                        name: h.key.to_owned(),
                        value: h.value.map(<[u8]>::to_vec),
                    })
                    .collect()
            }),
        };
        let (bytes, now) = (record.bytes(), millis(self.started));
        let (accepted, full) = {
            let mut flow = self.shared.flow();
            let accepted = flow.accept(record, now);
            (accepted, flow.has_full_batch())
        };
        if accepted {
            self.shared.metrics.received(1, bytes as u64);
            if full {
                self.shared.ready.notify_one();
            }
        }
    }

    /// Compares the first record after an assignment with the offset that the group had committed: a gap
    /// that retention made is a
    /// loss to be told, and so is a committed offset beyond the end.
    fn check_reset(&self, origin: &Origin) {
        let key = origin.key();
        let state = self.shared.flow().partitions().get(&key).cloned();
        let Some(state) = state.filter(|s| s.first.is_none()) else {
            return;
        };
        match state.committed {
            None => {
                info!(topic = %key.kafka_topic, partition = key.partition, offset = origin.offset, "no committed offset: reading starts here");
                self.shared.metrics.offset_reset(ResetKind::NoCommittedOffset, 0);
            }
            Some(committed) if origin.offset < committed => {
                error!(topic = %key.kafka_topic, partition = key.partition, committed, offset = origin.offset,
                    "the committed offset was beyond the end of the partition: offsets were reset back, records may be read again");
                self.shared.metrics.offset_reset(ResetKind::OutOfRange, 0);
            }
            Some(committed) if origin.offset > committed => {
                let low = self
                    .consumer
                    .fetch_watermarks(&key.kafka_topic, key.partition, self.shared.request_timeout)
                    .map_or(committed, |(low, _)| low);
                if low > committed {
                    let skipped = low - committed;
                    error!(
                        topic = %key.kafka_topic, partition = key.partition,
                        committed, offset = origin.offset, skipped,
                        "retention passed the committed offset: records were skipped unread");
                    self.shared
                        .metrics
                        .offset_reset(ResetKind::OutOfRange, u64::try_from(skipped).unwrap_or(0));
                }
            }
            Some(_) => {}
        }
    }

    /// Seeks the partitions we hold back to their committed offsets. What the group says counts, since a
    /// commit whose answer was lost may stand.
    fn rewind_if_due(&mut self) {
        if Instant::now() < self.rewind_after {
            return;
        }
        let Some(due) = self.shared.flow().rewind_due() else {
            return;
        };
        self.rewind_after = Instant::now() + REWIND_RETRY;
        let partitions: BTreeSet<PartitionKey> = due.iter().map(|(key, _)| key.clone()).collect();
        let timeout = self.shared.request_timeout;
        let targets: Vec<(PartitionKey, i64)> = match committed(&self.consumer, &partitions, timeout) {
            Ok(known) => due
                .into_iter()
                .filter_map(|(key, fallback)| {
                    known.get(&key).copied().or(fallback).map(|offset| (key, offset))
                })
                .collect(),
            Err(error) => {
                warn!(%error, "committed offsets could not be read: seeking back is tried again");
                return;
            }
        };
        if targets.is_empty() {
            // Nothing was read yet of what we hold now, so there is nothing to go back from.
            self.shared.flow().rewound(&[]);
            return;
        }
        let mut list = TopicPartitionList::new();
        for (key, offset) in &targets {
            if let Err(error) =
                list.add_partition_offset(&key.kafka_topic, key.partition, Offset::Offset(*offset))
            {
                error!(%error, "an offset cannot be sought");
                return;
            }
        }
        let sought = self.consumer.seek_partitions(list, timeout).and_then(|answer| {
            answer
                .elements()
                .iter()
                .try_for_each(rdkafka::topic_partition_list::TopicPartitionListElem::error)
        });
        match sought {
            Ok(()) => {
                info!(partitions = targets.len(), "sought back to the committed offsets");
                self.shared.expect_fresh_statistics();
                self.shared.flow().rewound(&targets);
            }
            Err(error) => warn!(%error, "seeking back failed and is tried again"),
        }
    }

    fn pause_or_resume(&self) {
        let Some(pause) = self.shared.flow().pause_change() else {
            return;
        };
        let result = self.consumer.assignment().and_then(|all| {
            if pause {
                self.consumer.pause(&all)
            } else {
                self.consumer.resume(&all)
            }
        });
        self.shared.metrics.paused(pause);
        if let Err(error) = result {
            warn!(%error, pause, "intake could not be paused or resumed");
        }
    }

    fn backfill_is_done(&self) -> bool {
        let Some(until) = &self.until else { return false };
        let flow = self.shared.flow();
        if !flow.is_joined() {
            return false;
        }
        let fresh_after_s = self.shared.fresh_after_s.load(Ordering::Relaxed);
        let fetches = self
            .shared
            .fetches
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        flow.partitions().iter().all(|(key, state)| {
            let Some(end) = until.get(key) else { return true };
            // What was written after the start may keep the partition busy; it is not waited for.
            if *end == 0 || state.committed.is_some_and(|c| c >= *end) {
                return true;
            }
            // Only markers are left before the end: everything was fetched, polled and committed.
            let read = fetches
                .get(key)
                .is_some_and(|f| f.queued == 0 && f.next_offset >= *end && f.taken_at_s > fresh_after_s);
            read && flow.is_drained(key)
        })
    }
}

/// Why the consumer cannot go on, or `None` where the client mends it by itself.
fn fatal_reason(error: &KafkaError) -> Option<String> {
    match error {
        KafkaError::MessageConsumptionFatal(code) => Some(format!("fatal consumer error: {code}")),
        KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset) => {
            Some("no valid offset for a partition and auto_offset_reset = \"error\"".to_owned())
        }
        KafkaError::MessageConsumption(
            code @ (RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::FencedInstanceId),
        ) => Some(format!("the broker refused the consumer: {code}")),
        _ => None,
    }
}
