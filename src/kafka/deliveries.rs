//! Records handed to a producer, and what became of each. Never decides what a failure means for the others.

use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use rdkafka::message::Header as KafkaHeader;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::BaseRecord;
use rdkafka::producer::DeliveryResult;
use rdkafka::producer::Producer;
use rdkafka::producer::ProducerContext;
use rdkafka::producer::PurgeConfig;
use rdkafka::producer::ThreadedProducer;
use rdkafka::types::RDKafkaErrorCode;

use crate::kafka::refusal::Failure;
use crate::kafka::refusal::refusal;
use crate::record::OutputRecord;

/// Longest wait for news of a record before the state is looked at again.
const LOOK: Duration = Duration::from_secs(10);

/// A record and where it goes.
pub(crate) struct Sent<'r> {
    /// Where to.
    pub(crate) kafka_topic: &'r str,
    /// Its partition; `None` = by key.
    pub(crate) partition: Option<i32>,
    /// Milliseconds since 1970; `None` = the time of sending.
    pub(crate) timestamp_ms: Option<i64>,
    /// Key, value and headers.
    pub(crate) record: &'r OutputRecord,
}

/// How many records are still out, and which failed, by their place in the batch.
#[derive(Debug, Default)]
struct State {
    outstanding: usize,
    failed: Vec<(usize, RDKafkaErrorCode)>,
}

/// The account of one producer, kept in its callbacks.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    state: Mutex<State>,
    news: Condvar,
}

impl Deliveries {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the producer's callback: the record at `place` was acknowledged, or failed.
    pub(crate) fn ended(&self, result: &DeliveryResult<'_>, place: usize) {
        let mut state = self.state();
        state.outstanding = state.outstanding.saturating_sub(1);
        if let Err((error, _)) = result {
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
            state.failed.push((place, code));
        }
        if state.outstanding == 0 || result.is_err() {
            self.news.notify_all();
        }
    }

    /// Hands a record to `producer`, whose callbacks these are; waits while its queue is full.
    pub(crate) fn send<C>(
        &self,
        producer: &ThreadedProducer<C>,
        place: usize,
        sent: &Sent<'_>,
    ) -> Result<(), Failure>
    where
        C: ProducerContext<DeliveryOpaque = usize> + 'static,
    {
        let mut record: BaseRecord<'_, [u8], [u8], usize> =
            BaseRecord::with_opaque_to(sent.kafka_topic, place);
        record.partition = sent.partition;
        record.timestamp = sent.timestamp_ms;
        record.key = sent.record.key.as_deref();
        record.payload = sent.record.value.as_deref();
        record.headers = headers(sent.record);
        self.state().outstanding += 1;
        loop {
            let Err((error, returned)) = producer.send(record) else {
                return Ok(());
            };
            let code = error.rdkafka_error_code();
            if code == Some(RDKafkaErrorCode::QueueFull) {
                // The producer's own thread makes room; its queue is bounded and every record in it times out.
                std::thread::sleep(Duration::from_millis(1));
                record = returned;
                continue;
            }
            let mut state = self.state();
            state.outstanding = state.outstanding.saturating_sub(1);
            return Err(match code.and_then(refusal) {
                Some(refused) => Failure::Refused(place, refused),
                None => Failure::Retry(format!("produce to {}: {error}", sent.kafka_topic)),
            });
        }
    }

    /// Waits until nothing is out, and says what failed. Every record ends by itself: acknowledged, refused, or timed
    /// out by the client. In a transaction that failed the client sends no more, so what waits there is taken back.
    pub(crate) fn settle<C>(
        &self,
        producer: &ThreadedProducer<C>,
        is_transactional: bool,
    ) -> Vec<(usize, RDKafkaErrorCode)>
    where
        C: ProducerContext<DeliveryOpaque = usize> + 'static,
    {
        let mut state = self.state();
        let mut purged = !is_transactional;
        while state.outstanding > 0 {
            if !purged && !state.failed.is_empty() {
                purged = true;
                // The callbacks of what is taken back want the account too.
                drop(state);
                producer.purge(PurgeConfig::default().queue());
                state = self.state();
                continue;
            }
            state = self
                .news
                .wait_timeout(state, LOOK)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        std::mem::take(&mut state.failed)
    }
}

fn headers(record: &OutputRecord) -> Option<OwnedHeaders> {
    let headers = &record.headers;
    (!headers.is_empty()).then(|| {
        headers
            .iter()
            .fold(OwnedHeaders::new_with_capacity(headers.len()), |all, header| {
                all.insert(KafkaHeader {
                    key: &header.name,
                    value: header.value.as_ref(),
                })
            })
    })
}
