//! The most that the client can do: consume and produce, nothing between, in both kinds of delivery. Never looks into
//! a record.

use std::time::Duration;
use std::time::Instant;

use rdkafka::Message;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::CommitMode;
use rdkafka::consumer::Consumer;
use rdkafka::producer::BaseRecord;
use rdkafka::producer::Producer;

use crate::ANSWER;
use crate::Done;
use crate::PlainProducer;
use crate::client;
use crate::drain;
use crate::send;

/// Records in a transaction.
const BATCH: usize = 1_000;
/// How often at-least-once commits.
const COMMIT: Duration = Duration::from_secs(1);

/// Copies `count` records of a topic to another.
pub(crate) fn copy(from: &str, to: &str, is_transactional: bool, count: usize) -> Done {
    let group = format!("copy-{to}");
    let consumer: BaseConsumer = client()?
        .set("group.id", &group)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("fetch.queue.backoff.ms", "10")
        .create()?;
    let mut settings = client()?;
    settings
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "1")
        // More would only wait in memory that is touched for the first time, which is slow.
        .set("queue.buffering.max.messages", "10000");
    if is_transactional {
        settings.set("transactional.id", &group);
    }
    let producer: PlainProducer = settings.create()?;
    if is_transactional {
        producer.init_transactions(ANSWER)?;
    }
    consumer.subscribe(&[from])?;
    let (mut copied, mut in_batch, mut committed) = (0, 0, Instant::now());
    while copied < count {
        if let Some(message) = consumer.poll(Duration::from_millis(50)) {
            let message = message?;
            if is_transactional && in_batch == 0 {
                producer.begin_transaction()?;
            }
            let record = BaseRecord::to(to)
                .key(message.key().unwrap_or_default())
                .payload(message.payload().unwrap_or_default());
            send(&producer, record)?;
            copied += 1;
            in_batch += 1;
        }
        let due = copied == count
            || if is_transactional {
                in_batch == BATCH
            } else {
                committed.elapsed() > COMMIT
            };
        if due && in_batch > 0 {
            drain(&producer);
            let offsets = consumer.position()?;
            if is_transactional {
                let group = consumer.group_metadata().ok_or("no group")?;
                producer.send_offsets_to_transaction(&offsets, &group, ANSWER)?;
                producer.commit_transaction(ANSWER)?;
            } else {
                consumer.commit(&offsets, CommitMode::Sync)?;
            }
            (in_batch, committed) = (0, Instant::now());
        }
    }
    Ok(())
}
