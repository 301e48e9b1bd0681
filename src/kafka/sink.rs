//! Delivery: the outcomes of a batch and its offsets, as one. One transaction a batch with exactly-once;
//! with at-least-once
//! offsets are committed after every output is acknowledged. Never publishes a batch whose epoch has ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::CommitMode;
use rdkafka::consumer::Consumer;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaError;
use rdkafka::producer::Producer;
use rdkafka::producer::ThreadedProducer;
use rdkafka::types::RDKafkaErrorCode;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::article::Rejection;
use crate::encode::REFUSED_TIMESTAMP_HEADER;
use crate::kafka::client::ConsumerCallbacks;
use crate::kafka::client::ProducerCallbacks;
use crate::kafka::client::Shared;
use crate::kafka::client::offsets_list;
use crate::kafka::deliveries::Deliveries;
use crate::kafka::deliveries::Sent;
use crate::kafka::fail_point::FailPoint;
use crate::kafka::fail_point::reach;
use crate::kafka::refusal::Care;
use crate::kafka::refusal::Failure;
use crate::kafka::refusal::Lesson;
use crate::kafka::refusal::classify;
use crate::kafka::refusal::refuse_oversized;
use crate::kafka::settings::client_config;
use crate::kafka::transaction;
use crate::kafka::transaction::CALL;
use crate::kafka::transaction::Calls;
use crate::kafka::transaction::resolve;
use crate::metrics::TransactionResult;
use crate::record::Batch;
use crate::record::Header;
use crate::record::Outcome;
use crate::record::OutputRecord;
use crate::record::Record;
use crate::worker::seams::Committed;
use crate::worker::seams::FatalError;
use crate::worker::seams::OutcomeSink;

/// First wait after a failed commit; doubled up to the configured maximum.
const BACKOFF_MIN: Duration = Duration::from_millis(100);

/// Makes the dead letter of a rejected record; handed over by `commands`, so that Kafka's room knows no encoding.
pub type DeadLetterMaker = Arc<dyn Fn(&Record, &Rejection) -> OutputRecord + Send + Sync>;

/// Where outcomes go.
#[derive(Clone)]
pub struct SinkSettings {
    /// Kafka topic of enriched records.
    pub output_topic: String,
    /// Kafka topic of dead letters.
    pub dead_letter_topic: String,
    /// Exactly-once, or at-least-once.
    pub transactional: bool,
    /// The transactional id is that of a static member: another process may take it.
    pub is_static: bool,
    /// Largest record that the output topic takes, in bytes.
    pub output_bytes_max: usize,
    /// Longest wait between two attempts at a batch.
    pub backoff_max: Duration,
    /// Makes dead letters.
    pub dead_letter: DeadLetterMaker,
}

/// Publishes to Kafka.
pub struct KafkaSink {
    inner: Arc<Inner>,
    properties: BTreeMap<String, String>,
    backoff: Duration,
    /// What was learnt of the batch of this id, which is to be committed again.
    care: Option<(u64, Care)>,
}

/// What an attempt at a batch came to.
enum Attempted {
    /// Committed.
    Done,
    /// Its epoch had ended: no trouble.
    Stale,
    /// Nothing of it counts, and it is read again.
    Failed,
    /// The broker refused records, which are dead letters now.
    Refused,
}

struct Inner {
    shared: Arc<Shared>,
    consumer: Arc<BaseConsumer<ConsumerCallbacks>>,
    producer: ThreadedProducer<ProducerCallbacks>,
    settings: SinkSettings,
    calls: Calls,
}

impl KafkaSink {
    /// Opens the producer and, with exactly-once, its transactions. Blocks.
    ///
    /// # Errors
    /// Where librdkafka refuses the properties, or the transaction coordinator does not let us in.
    pub fn open(
        shared: Arc<Shared>,
        consumer: Arc<BaseConsumer<ConsumerCallbacks>>,
        properties: &BTreeMap<String, String>,
        settings: SinkSettings,
    ) -> Result<Self, KafkaError> {
        Ok(Self {
            inner: Arc::new(Inner::open(shared, consumer, properties, settings)?),
            properties: properties.clone(),
            backoff: BACKOFF_MIN,
            care: None,
        })
    }
}

impl KafkaSink {
    /// Waits before the next attempt, longer each time; not when the worker was asked to stop.
    async fn back_off(&mut self) {
        let until = Instant::now() + self.backoff;
        while Instant::now() < until && !self.inner.shared.flow().is_ended() {
            tokio::time::sleep(BACKOFF_MIN).await;
        }
        self.backoff = (self.backoff * 2).min(self.inner.settings.backoff_max.max(BACKOFF_MIN));
    }

    /// A new producer in the place of one that failed for good, of which nothing counts any more: to open its
    /// transactions ends those of the old. The client fails so where an abort finds no transaction at the broker, and
    /// where the coordinator was away for longer than a transaction lasts. Not where another process may have taken our
    /// id, and not at-least-once: then the process ends.
    async fn replace_producer(&mut self, reason: String) -> Result<Committed, FatalError> {
        let old = Arc::clone(&self.inner);
        if !old.settings.transactional || (old.settings.is_static && old.is_fenced()) {
            return Err(FatalError(reason));
        }
        error!(
            reason,
            "the producer failed for good, and is replaced: what was not committed is read again"
        );
        old.shared.metrics.delivery_stalled(true);
        old.shared.flow().fail_commit();
        old.shared.tell();
        self.back_off().await;
        let properties = self.properties.clone();
        let open = move || {
            let (shared, consumer) = (Arc::clone(&old.shared), Arc::clone(&old.consumer));
            Inner::open(shared, consumer, &properties, old.settings.clone())
        };
        let opened = tokio::task::spawn_blocking(open).await;
        let opened = opened.map_err(|error| FatalError(format!("{reason}; then it panicked: {error}")))?;
        let new = opened.map_err(|error| FatalError(format!("{reason}; then {error}")))?;
        let old = std::mem::replace(&mut self.inner, Arc::new(new));
        // Its end may wait for the broker.
        tokio::task::spawn_blocking(move || drop(old));
        Ok(Committed::Dropped)
    }
}

impl OutcomeSink for KafkaSink {
    async fn commit(
        &mut self,
        batch: Batch,
        mut outcomes: Vec<Outcome>,
        note: String,
    ) -> Result<Committed, FatalError> {
        let mut care = match self.care.take() {
            Some((id, care)) if id == batch.id => care,
            _ => Care::default(),
        };
        let inner = Arc::clone(&self.inner);
        let attempt = move || {
            let attempted = inner.commit(&batch, &mut outcomes, &mut care, &note);
            inner.shared.tell();
            attempted.map(|attempted| (attempted, batch, outcomes, care))
        };
        let attempted = self.inner.calls.watch(tokio::task::spawn_blocking(attempt));
        let attempted = attempted
            .await
            .map_err(FatalError)?
            .map_err(|error| FatalError(format!("the commit panicked: {error}")))?;
        let (attempted, batch, outcomes, care) = match attempted {
            Ok(attempted) => attempted,
            Err(reason) => return self.replace_producer(reason).await,
        };
        let failed = matches!(attempted, Attempted::Failed);
        self.inner.shared.metrics.delivery_stalled(failed);
        if failed {
            self.back_off().await;
        } else {
            self.backoff = BACKOFF_MIN;
        }
        Ok(match attempted {
            Attempted::Done => Committed::Done(batch, outcomes),
            Attempted::Refused => {
                self.care = Some((batch.id, care));
                Committed::Refused(batch, outcomes)
            }
            Attempted::Stale | Attempted::Failed => Committed::Dropped,
        })
    }
}

impl Inner {
    /// Opens the producer and, with exactly-once, its transactions. Blocks.
    fn open(
        shared: Arc<Shared>,
        consumer: Arc<BaseConsumer<ConsumerCallbacks>>,
        properties: &BTreeMap<String, String>,
        settings: SinkSettings,
    ) -> Result<Self, KafkaError> {
        let callbacks = ProducerCallbacks {
            shared: Arc::clone(&shared),
            deliveries: Deliveries::default(),
        };
        let producer: ThreadedProducer<ProducerCallbacks> =
            client_config(properties).create_with_context(callbacks)?;
        if settings.transactional {
            transaction::open(|timeout| producer.init_transactions(timeout))?;
        }
        Ok(Self {
            shared,
            consumer,
            producer,
            settings,
            calls: Calls::default(),
        })
    }

    fn is_fenced(&self) -> bool {
        let failed = self.producer.client().fatal_error();
        failed.is_some_and(|(code, _)| {
            matches!(code, RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced)
        })
    }

    /// Attempts the batch until it is committed, dropped, or its outcomes are others, or the client cannot go on.
    fn commit(
        &self,
        batch: &Batch,
        outcomes: &mut [Outcome],
        care: &mut Care,
        note: &str,
    ) -> Result<Attempted, String> {
        let offsets = offsets_list(batch.next_offsets().iter().map(|(key, next)| (key, *next)))
            .map_err(|e| e.to_string())?;
        for mut element in offsets.elements() {
            element.set_metadata(note);
        }
        if refuse_oversized(outcomes, self.settings.output_bytes_max) {
            return Ok(Attempted::Refused);
        }
        loop {
            let Some(metadata) = self.begin(batch) else {
                return Ok(Attempted::Stale);
            };
            let Err(failure) = self.attempt(batch, outcomes, care, (&offsets, &metadata)) else {
                self.shared.flow().finish_commit(batch);
                return Ok(Attempted::Done);
            };
            if let Some((_, reason)) = self.producer.client().fatal_error() {
                return Err(format!("{reason} ({failure})"));
            }
            let lesson = failure.to_string();
            match care.learn(failure, outcomes) {
                Ok(learnt) => {
                    info!(
                        batch = batch.id,
                        lesson, "the batch is attempted again with what was learnt of it"
                    );
                    if learnt == Lesson::Changed {
                        return Ok(Attempted::Refused);
                    }
                }
                Err(Failure::Fatal(reason)) => return Err(reason),
                Err(failure) => {
                    let mut flow = self.shared.flow();
                    let is_stale = !flow.is_valid(batch);
                    flow.fail_commit();
                    drop(flow);
                    if is_stale {
                        warn!(
                            batch = batch.id,
                            reason = %failure,
                            "the batch was not delivered before its partitions went: its records are read again"
                        );
                        return Ok(Attempted::Stale);
                    }
                    error!(
                        batch = batch.id,
                        records = batch.records.len(),
                        reason = %failure,
                        "the batch could not be delivered: its records are read again"
                    );
                    return Ok(Attempted::Failed);
                }
            }
        }
    }

    /// Checks the epoch and reads the group's metadata under one lock: another member gets a partition only
    /// after the callback that
    /// ends the epoch, so metadata read here can never belong to a later assignment than the batch. A loss
    /// alone comes before its
    /// callback; the client knows of it, and is asked once the metadata is read.
    fn begin(&self, batch: &Batch) -> Option<Option<ConsumerGroupMetadata>> {
        let mut flow = self.shared.flow();
        if !flow.begin_commit(batch) {
            return None;
        }
        let metadata = self.consumer.group_metadata();
        if self.consumer.assignment_lost() {
            flow.fail_commit();
            return None;
        }
        Some(metadata)
    }

    fn attempt(
        &self,
        batch: &Batch,
        outcomes: &[Outcome],
        care: &Care,
        (offsets, metadata): (&TopicPartitionList, &Option<ConsumerGroupMetadata>),
    ) -> Result<(), Failure> {
        if !self.settings.transactional {
            self.publish(batch, outcomes, care)?;
            // The client commits as whatever member it is by now, so that the broker would not refuse it.
            if !self.shared.flow().is_valid(batch) {
                return Err(Failure::Retry("its partitions are another member's".to_owned()));
            }
            reach(FailPoint::BeforeCommit);
            self.consumer
                .commit(offsets, CommitMode::Sync)
                .map_err(|e| Failure::Retry(format!("offsets: {e}")))?;
            reach(FailPoint::AfterCommit);
            return Ok(());
        }
        let Some(metadata) = metadata else {
            return Err(Failure::Fatal("the consumer has no group metadata".to_owned()));
        };
        self.producer
            .begin_transaction()
            .map_err(|e| Failure::Fatal(format!("begin: {e}")))?;
        let result = self.publish(batch, outcomes, care).and_then(|()| {
            reach(FailPoint::BeforeOffsets);
            resolve("send offsets", || {
                self.calls
                    .during(|| self.producer.send_offsets_to_transaction(offsets, metadata, CALL))
            })?;
            reach(FailPoint::BeforeCommit);
            resolve("commit", || {
                self.calls.during(|| self.producer.commit_transaction(CALL))
            })?;
            reach(FailPoint::AfterCommit);
            Ok(())
        });
        match &result {
            Ok(()) => self.shared.metrics.transaction(TransactionResult::Committed),
            Err(Failure::Fatal(_)) => {}
            Err(failure) => {
                resolve("abort", || {
                    self.calls.during(|| self.producer.abort_transaction(CALL))
                })
                .map_err(|abort| Failure::Fatal(format!("{failure}, then {abort}")))?;
                self.shared.metrics.transaction(TransactionResult::Aborted);
            }
        }
        result
    }

    /// Hands every outcome to the producer and waits until each is acknowledged. Dead letters come last: what the
    /// broker refuses of the outputs is known, and judged by the limits on dead letters, before one is written.
    fn publish(&self, batch: &Batch, outcomes: &[Outcome], care: &Care) -> Result<(), Failure> {
        // What an earlier, failed attempt left on the way comes home first.
        drop(self.await_deliveries());
        for letters in [false, true] {
            let sent = self.send_all(batch, outcomes, care, letters);
            reach(FailPoint::Produced);
            // What the broker says of the records is the reason, where the client then takes no more.
            self.await_deliveries()?;
            sent?;
        }
        Ok(())
    }

    /// Suspects travel alone, so that the broker's answer is about one record.
    fn send_all(
        &self,
        batch: &Batch,
        outcomes: &[Outcome],
        care: &Care,
        letters: bool,
    ) -> Result<(), Failure> {
        for (index, (record, outcome)) in batch.records.iter().zip(outcomes).enumerate() {
            if letters != matches!(outcome, Outcome::Rejected(_)) {
                continue;
            }
            let alone = care.is_suspect(index);
            if alone {
                self.await_deliveries()?;
            }
            match outcome {
                Outcome::Enriched(output) | Outcome::PassedThrough(output) => {
                    self.send(&self.settings.output_topic, record.timestamp_ms, output, index)?;
                }
                Outcome::Rejected(rejection) => {
                    let mut letter = (self.settings.dead_letter)(record, rejection);
                    let mut timestamp_ms = record.timestamp_ms;
                    if care.is_untimed(index) {
                        let given = timestamp_ms.take().map_or_else(String::new, |t| t.to_string());
                        letter.headers.push(Header::text(REFUSED_TIMESTAMP_HEADER, given));
                    }
                    self.send(&self.settings.dead_letter_topic, timestamp_ms, &letter, index)?;
                }
                Outcome::Skipped(_) => {}
            }
            if alone {
                self.await_deliveries()?;
            }
        }
        Ok(())
    }

    fn send(
        &self,
        kafka_topic: &str,
        timestamp_ms: Option<i64>,
        record: &OutputRecord,
        place: usize,
    ) -> Result<(), Failure> {
        let sent = Sent {
            kafka_topic,
            partition: None,
            timestamp_ms,
            record,
        };
        let deliveries = &self.producer.context().deliveries;
        deliveries.send(&self.producer, place, &sent)
    }

    fn await_deliveries(&self) -> Result<(), Failure> {
        let deliveries = &self.producer.context().deliveries;
        classify(&deliveries.settle(&self.producer, self.settings.transactional))
    }
}
