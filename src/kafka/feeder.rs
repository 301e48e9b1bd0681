//! The sample feed of `dateline demo`: plays articles to a Kafka topic at a steady pace, and makes the
//! demo's topics. Never used by `run`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::admin::AdminOptions;
use rdkafka::admin::NewTopic;
use rdkafka::admin::TopicReplication;
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::Header;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::BaseRecord;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::producer::Producer;
use rdkafka::producer::ThreadedProducer;
use rdkafka::types::RDKafkaErrorCode;
use tracing::warn;

/// One article of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Record key.
    pub key: String,
    /// `content-type` header, if the feed declares one.
    pub content_type: Option<String>,
    /// Payload.
    pub value: String,
}

/// Plays `samples` round and round until `stop` is set. Blocks; give it a thread of its own.
///
/// # Errors
/// Where the producer cannot be made.
pub fn play(
    bootstrap_servers: &str,
    kafka_topic: &str,
    samples: &[Sample],
    per_second: f64,
    stop: &Arc<AtomicBool>,
) -> Result<(), KafkaError> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap_servers)
        .set("client.id", "dateline-demo-feed")
        .set("partitioner", "murmur2_random")
        .create()?;
    let pause = Duration::from_secs_f64(1.0 / per_second.clamp(0.1, 1000.0));
    let started = Instant::now();
    for (count, sample) in (1u32..).zip(samples.iter().cycle()) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut record: BaseRecord<'_, str, str> = BaseRecord::to(kafka_topic)
            .key(sample.key.as_str())
            .payload(sample.value.as_str());
        if let Some(content_type) = &sample.content_type {
            let header = Header {
                key: "content-type",
                value: Some(content_type.as_str()),
            };
            record = record.headers(OwnedHeaders::new().insert(header));
        }
        if let Err((error, _)) = producer.send(record) {
            warn!(%error, "the feed could not send a sample");
        }
        std::thread::sleep((started + pause * count).saturating_duration_since(Instant::now()));
    }
    producer.flush(Duration::from_secs(5))
}

/// Makes the demo's topics on a real cluster; those that exist are left as they are.
///
/// # Errors
/// Where the cluster does not answer or refuses.
pub async fn create_topics(
    bootstrap_servers: &str,
    kafka_topics: &[&str],
    partitions: i32,
) -> Result<(), KafkaError> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap_servers)
        .create()?;
    let new: Vec<NewTopic<'_>> = kafka_topics
        .iter()
        .map(|name| NewTopic::new(name, partitions, TopicReplication::Fixed(1)))
        .collect();
    for result in admin
        .create_topics(
            &new,
            &AdminOptions::new().request_timeout(Some(Duration::from_secs(20))),
        )
        .await?
    {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(KafkaError::AdminOp(code)),
        }
    }
    Ok(())
}
