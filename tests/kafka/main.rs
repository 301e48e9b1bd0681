<<<<<<< HEAD
//! Proofs on a real Apache Kafka: exactly-once and at-least-once with kills, rebalances, dead letters, fidelity, clean shutdown.
//! What belongs here needs transactions or a real group; everything else is in `tests/suite`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod cluster;
mod delivery;
mod letters;
mod operation;
mod worker;
=======
//! Tests on real Apache Kafka. `make kafka` starts a broker and sets `KAFKA_BOOTSTRAP`; without it they fail, never pass.

use std::time::Duration;
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::admin::AdminClient;
use rdkafka::admin::AdminOptions;
use rdkafka::admin::NewTopic;
use rdkafka::admin::TopicReplication;
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;
use rdkafka::producer::BaseRecord;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::producer::Producer;
use rdkafka::producer::ThreadedProducer;

const PATIENCE: Duration = Duration::from_secs(30);

/// Client settings for the broker under test.
fn client() -> ClientConfig {
    let bootstrap = std::env::var("KAFKA_BOOTSTRAP").expect("KAFKA_BOOTSTRAP is not set; run `make kafka`");
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config
}

/// A Kafka topic of one partition that nobody else uses.
fn fresh_topic(name: &str) -> String {
    let topic = format!("{name}-{}", std::process::id());
    let admin: AdminClient<DefaultClientContext> = client().create().unwrap();
    let new = NewTopic::new(&topic, 1, TopicReplication::Fixed(1));
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let results = runtime.block_on(admin.create_topics([&new], &options)).unwrap();
    results.into_iter().next().unwrap().unwrap();
    topic
}

/// The values that a reader of committed transactions sees, up to and including `last`.
fn committed_values(topic: &str, last: &str) -> Vec<String> {
    let consumer: BaseConsumer = client()
        .set("group.id", topic)
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .create()
        .unwrap();
    consumer.subscribe(&[topic]).unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut values: Vec<String> = Vec::new();
    while values.last().is_none_or(|v| v != last) {
        assert!(
            Instant::now() < deadline,
            "`{last}` did not come; seen: {values:?}"
        );
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            values.push(String::from_utf8(message.unwrap().payload().unwrap().to_vec()).unwrap());
        }
    }
    values
}

/// What tells a real broker from librdkafka's mock: everything else in this suite rests on it.
#[test]
fn the_broker_hides_what_a_transaction_aborted() {
    let topic = fresh_topic("aborted-is-hidden");
    let producer: ThreadedProducer<DefaultProducerContext> =
        client().set("transactional.id", &topic).create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    for (value, commit) in [("first", true), ("aborted", false), ("last", true)] {
        producer.begin_transaction().unwrap();
        producer
            .send(BaseRecord::<(), str>::to(&topic).payload(value))
            .unwrap();
        producer.flush(PATIENCE).unwrap();
        if commit {
            producer.commit_transaction(PATIENCE).unwrap();
        } else {
            producer.abort_transaction(PATIENCE).unwrap();
        }
    }
    assert_eq!(committed_values(&topic, "last"), ["first", "last"]);
}
>>>>>>> 0dc32a7fcab87778638131ad9107fafee0a34cc6
