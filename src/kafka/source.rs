//! The consumer on a polling thread of its own, and the batches it yields. Polling never waits for work, save within
//! the revoke deadline and a moment for room; never commits anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use rdkafka::Message;
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

use crate::kafka::assignment::AssignmentWatch;
use crate::kafka::client::ConsumerCallbacks;
use crate::kafka::client::Shared;
use crate::kafka::client::committed;
use crate::kafka::client::offsets_list;
use crate::kafka::flow::Jump;
use crate::kafka::flow::Reset;
use crate::kafka::headers::readable;
use crate::metrics::ResetKind;
use crate::record::Batch;
use crate::record::Origin;
use crate::record::PartitionKey;
use crate::record::Record;
use crate::worker::seams::FatalError;
use crate::worker::seams::RecordSource;

/// Longest that one poll waits for a record; also how soon a stop, a pause or a rewind is seen.
const POLL: Duration = Duration::from_millis(50);
/// Least time between two attempts to seek back.
const REWIND_RETRY: Duration = Duration::from_millis(200);
/// Least time between two jumps of offsets that are judged, since each asks the broker.
const JUDGE_INTERVAL: Duration = Duration::from_millis(100);

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
    assignment: AssignmentWatch,
}

impl KafkaSource {
    /// Subscribes and starts polling: from here on there is a group to leave. Once all partitions were taken from us
    /// the group may take `assignment_wait_max` to say which we hold next.
    ///
    /// # Errors
    /// Where librdkafka refuses the subscription.
    pub fn start(
        shared: Arc<Shared>,
        consumer: Arc<BaseConsumer<ConsumerCallbacks>>,
        input_topics: &[String],
        (until, assignment_wait_max): (Option<EndOffsets>, Duration),
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
            judge_after: started,
            topic_names: BTreeMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("kafka-poll".to_owned())
            .spawn(move || poller.run(fatal_sender))
            .map_err(|e| KafkaError::ClientCreation(format!("no thread for polling: {e}")))?;
        Ok(Self {
            assignment: AssignmentWatch::new(Arc::clone(&consumer), assignment_wait_max),
            shared,
            consumer,
            thread: Some(thread),
            stop,
            fatal,
            started,
            batch_wait: Duration::from_millis(20),
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
        self.shared.tell();
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
            let is_between = {
                let mut flow = self.shared.flow();
                if flow.is_ended() {
                    return Ok(None);
                }
                if let Some(batch) = flow.take_batch(millis(self.started)) {
                    self.shared.settled.notify_all();
                    return Ok(Some(batch));
                }
                flow.is_between()
            };
            self.assignment.look(is_between).await?;
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

    async fn filled(&self) {
        while !self.shared.flow().has_full_batch() {
            tokio::select! {
                () = self.shared.ready.notified() => {}
                () = tokio::time::sleep(self.batch_wait) => {}
            }
        }
    }

    async fn unwanted(&self, id: u64) {
        while self.shared.flow().is_wanted(id) {
            tokio::time::sleep(self.batch_wait).await;
        }
    }

    fn give_up(&mut self, id: u64) {
        self.shared.flow().give_up(id);
        self.shared.tell();
    }

    fn notes(&self) -> Vec<String> {
        self.shared.flow().notes().to_vec()
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
    judge_after: Instant,
    topic_names: BTreeMap<String, Arc<str>>,
}

impl Poller {
    fn run(mut self, fatal: oneshot::Sender<String>) {
        // After a stop the thread polls on until the work in flight is settled, so that it stays in the
        // group meanwhile.
        while !(self.stop.load(Ordering::Acquire) && self.shared.flow().load().2 == 0) {
            (self.heartbeat)();
            self.rewind_if_due();
            self.judge_jump();
            self.shared.wait_for_room();
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
        let record = Record {
            origin,
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: message.headers().map_or_else(Vec::new, readable),
        };
        let unreadable = message.headers().map_or(0, Headers::count) - record.headers.len();
        if unreadable > 0 {
            let Origin {
                partition, offset, ..
            } = record.origin;
            warn!(
                topic = message.topic(),
                partition, offset, unreadable, "headers without a readable name are left out"
            );
        }
        let (bytes, now) = (record.bytes(), millis(self.started));
        let (reset, accepted, full) = {
            let mut flow = self.shared.flow();
            let reset = flow.check_offset(&record.origin);
            let reset = reset.map(|reset| (record.origin.clone(), reset));
            (reset, flow.accept(record, now), flow.has_full_batch())
        };
        if let Some((origin, reset)) = reset {
            self.tell_reset(&origin, reset);
        }
        if accepted {
            self.shared.metrics.received(1, bytes as u64);
            if full {
                self.shared.ready.notify_one();
            }
        }
    }

    /// Tells of a partition that is read from elsewhere than was expected.
    fn tell_reset(&self, origin: &Origin, reset: Reset) {
        let (topic, partition, offset) = (&*origin.kafka_topic, origin.partition, origin.offset);
        match reset {
            Reset::NoCommittedOffset => {
                info!(
                    topic,
                    partition, offset, "no committed offset: reading starts here"
                );
                self.shared.metrics.offset_reset(ResetKind::NoCommittedOffset, 0);
            }
            Reset::Back(expected) => {
                error!(
                    topic,
                    partition,
                    expected,
                    offset,
                    "the expected offset was beyond the end of the partition: offsets were reset back, records may be read again"
                );
                self.shared.metrics.offset_reset(ResetKind::OutOfRange, 0);
            }
        }
    }

    /// A jump of offsets that retention made is a loss to be told. It is judged one at a time and not often, since
    /// each asks the broker, and transaction markers jump all the time.
    fn judge_jump(&mut self) {
        if Instant::now() < self.judge_after {
            return;
        }
        let Some((key, jump)) = self.shared.flow().take_widest_jump() else {
            return;
        };
        self.judge_after = Instant::now() + JUDGE_INTERVAL;
        let (topic, partition) = (&*key.kafka_topic, key.partition);
        let Jump { expected, offset } = jump;
        match self
            .consumer
            .fetch_watermarks(topic, partition, self.shared.request_timeout)
        {
            Ok((low, _)) => {
                let Some(skipped) = skipped(jump, low, self.shared.resets_to_latest) else {
                    return;
                };
                error!(
                    topic,
                    partition,
                    expected,
                    offset,
                    skipped,
                    "retention passed us by: records were skipped unread"
                );
                self.shared.metrics.offset_reset(ResetKind::OutOfRange, skipped);
            }
            Err(error) => warn!(
                topic, partition, expected, offset, %error,
                "offsets were passed over, and the broker does not say whether records were lost"
            ),
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
        let timeout = self.shared.request_timeout;
        let targets = match committed(&self.consumer, &due, timeout) {
            Ok((known, _)) => self.shared.flow().rewind_targets(&known),
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
        let sought = offsets_list(targets.iter().map(|(key, offset)| (key, *offset)))
            .and_then(|list| self.consumer.seek_partitions(list, timeout))
            .and_then(|answer| {
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
                // A pause throws away what was fetched and not yet polled: figures of before do not know that it comes
                // again.
                self.shared.expect_fresh_statistics();
                self.consumer.resume(&all)
            }
        });
        self.shared.metrics.paused(pause);
        if let Err(error) = result {
            warn!(%error, pause, "intake could not be paused or resumed: it is tried again");
            self.shared.flow().pause_failed();
        }
    }

    fn backfill_is_done(&self) -> bool {
        let Some(until) = &self.until else { return false };
        let flow = self.shared.flow();
        // Where all was taken from us only to be given anew, nothing is left to read for a moment.
        if !flow.is_assigned() {
            return false;
        }
        let fresh_after_s = self.shared.fresh_after_s.load(Ordering::Relaxed);
        let fetches = self.shared.fetches();
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

/// How many records a jump of offsets skipped, if retention made it: all before what is retained, or, where
/// reading resets to the end, all.
fn skipped(jump: Jump, low: i64, resets_to_latest: bool) -> Option<u64> {
    let until = if resets_to_latest {
        jump.offset
    } else {
        low.min(jump.offset)
    };
    (low > jump.expected).then(|| u64::try_from(until - jump.expected).unwrap_or(0))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_counts_what_retention_took_of_it() {
        let jump = Jump {
            expected: 10,
            offset: 50,
        };
        for (low, latest, expected) in [
            (0, false, None),
            (10, false, None),
            (10, true, None),
            (30, false, Some(20)),
            (50, false, Some(40)),
            // Retention went on while we asked.
            (70, false, Some(40)),
            // From what was lost to the end, where reading began again.
            (30, true, Some(40)),
        ] {
            assert_eq!(skipped(jump, low, latest), expected, "low {low}, latest {latest}");
        }
    }
}
