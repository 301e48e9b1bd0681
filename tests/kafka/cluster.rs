//! A real cluster under test: topics, an independent producer, and a reader of committed records.
//! Needs `KAFKA_BOOTSTRAP` (see `scripts/kafka.sh`); never starts a broker itself.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::admin::AdminClient;
use rdkafka::admin::AdminOptions;
use rdkafka::admin::AlterConfig;
use rdkafka::admin::NewTopic;
use rdkafka::admin::ResourceSpecifier;
use rdkafka::admin::TopicReplication;
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;
use rdkafka::message::Header;
use rdkafka::message::Headers;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::BaseRecord;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::producer::Producer;
use rdkafka::producer::ThreadedProducer;

pub const DEADLINE: Duration = Duration::from_secs(120);

pub fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").expect("KAFKA_BOOTSTRAP is not set: run the suite by `make test`")
}

/// The Kafka topics of one test, with names of their own.
#[derive(Clone)]
pub struct Topics {
    pub bootstrap: String,
    pub group: String,
    pub input: String,
    pub output: String,
    pub dead: String,
}

impl Topics {
    pub fn create(test: &str, partitions: i32) -> Self {
        Self::create_at(&bootstrap(), test, partitions)
    }

    pub fn create_at(bootstrap: &str, test: &str, partitions: i32) -> Self {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = |part: &str| format!("{test}-{part}-{}", &unique[..8]);
        let topics = Self {
            bootstrap: bootstrap.to_owned(),
            group: name("group"),
            input: name("in"),
            output: name("out"),
            dead: name("dead"),
        };
        for topic in [&topics.input, &topics.output, &topics.dead] {
            // The articles carry timestamps of their own: retention by time would delete them under the test.
            create_at(bootstrap, topic, partitions, &[("retention.ms", "-1")]);
        }
        topics
    }
}

pub fn create(topic: &str, partitions: i32, settings: &[(&str, &str)]) {
    create_at(&bootstrap(), topic, partitions, settings);
}

pub fn create_at(bootstrap: &str, topic: &str, partitions: i32, settings: &[(&str, &str)]) {
    // As many replicas as the cluster gives by itself: one, or three where there are three brokers.
    let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(-1));
    for (key, value) in settings {
        new = new.set(key, value);
    }
    let results = block_on(admin(bootstrap).create_topics(&[new], &AdminOptions::new())).unwrap();
    for result in results {
        result.unwrap();
    }
    // The brokers learn of it a little later, and a worker that starts at once would not find it.
    await_known(bootstrap, topic, true);
}

/// Deletes a topic, and waits until nobody knows it.
pub fn delete(topic: &str) {
    let deleted = block_on(admin(&bootstrap()).delete_topics(&[topic], &AdminOptions::new())).unwrap();
    deleted.into_iter().for_each(|result| drop(result.unwrap()));
    await_known(&bootstrap(), topic, false);
}

/// Waits until the topic is there, or is not.
fn await_known(bootstrap: &str, topic: &str, wanted: bool) {
    let consumer = asker(bootstrap, "nobody");
    let deadline = Instant::now() + DEADLINE;
    // All topics: to ask for one by its name keeps it in the client's mind.
    let is_known = || {
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(30)).unwrap();
        metadata.topics().iter().any(|known| known.name() == topic)
    };
    while is_known() != wanted {
        assert!(Instant::now() < deadline, "{topic}: known is not {wanted}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn admin(bootstrap: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()
        .unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// Gives a topic these settings, and no others.
pub fn alter(topic: &str, settings: &[(&str, &str)]) {
    alter_at(&bootstrap(), topic, settings);
}

pub fn alter_at(bootstrap: &str, topic: &str, settings: &[(&str, &str)]) {
    let mut config = AlterConfig::new(ResourceSpecifier::Topic(topic));
    for (key, value) in settings {
        config = config.set(key, value);
    }
    let altered = block_on(admin(bootstrap).alter_configs([&config], &AdminOptions::new())).unwrap();
    altered.into_iter().for_each(|result| drop(result.unwrap()));
}

/// Deletes the records of partition 0 before `offset`, as retention would.
pub fn retain_from(topic: &str, offset: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(offset))
        .unwrap();
    let deleted = block_on(admin(&bootstrap()).delete_records(&list, &AdminOptions::new())).unwrap();
    deleted.elements()[0].error().unwrap();
}

/// A record as written or read, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub timestamp_ms: Option<i64>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Whole {
    pub fn new(key: &str, value: impl Into<Vec<u8>>) -> Self {
        Self {
            partition: -1,
            offset: -1,
            key: Some(key.as_bytes().to_vec()),
            value: Some(value.into()),
            timestamp_ms: None,
            headers: Vec::new(),
        }
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == name)?;
        Some(String::from_utf8(value.clone()?).unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.value.as_deref().expect("a value")).expect("JSON")
    }
}

pub fn produce(topic: &str, records: &[Whole]) {
    produce_at(&bootstrap(), topic, records);
}

pub fn produce_at(bootstrap: &str, topic: &str, records: &[Whole]) {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "5")
        .set("message.max.bytes", "20000000")
        .create()
        .unwrap();
    for record in records {
        let mut next: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic);
        next.key = record.key.as_deref();
        next.payload = record.value.as_deref();
        next.timestamp = record.timestamp_ms;
        if !record.headers.is_empty() {
            next.headers = Some(
                record
                    .headers
                    .iter()
                    .fold(OwnedHeaders::new(), |all, (key, value)| {
                        all.insert(Header {
                            key,
                            value: value.as_ref(),
                        })
                    }),
            );
        }
        while let Err((error, back)) = producer.send(next) {
            assert_eq!(
                error.rdkafka_error_code(),
                Some(rdkafka::types::RDKafkaErrorCode::QueueFull),
                "{error}"
            );
            std::thread::sleep(Duration::from_millis(5));
            next = back;
        }
    }
    producer.flush(DEADLINE).unwrap();
}

/// Reads every committed record of a topic as it stands now.
pub fn read_all(topic: &str) -> Vec<Whole> {
    read_all_at(&bootstrap(), topic)
}

pub fn read_all_at(bootstrap: &str, topic: &str) -> Vec<Whole> {
    let mut records = Vec::new();
    visit(bootstrap, topic, |record| records.push(record));
    records
}

/// Hands over every committed record of a topic as it stands now, in the order of each partition.
pub fn visit(bootstrap: &str, topic: &str, mut each: impl FnMut(Whole)) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", format!("reader-{}", uuid::Uuid::new_v4()))
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut assignment = TopicPartitionList::new();
    let mut left = std::collections::BTreeSet::new();
    for partition in 0..partitions(&consumer, topic) {
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
        left.insert(partition);
    }
    consumer.assign(&assignment).unwrap();
    let mut deadline = Instant::now() + DEADLINE;
    while !left.is_empty() {
        assert!(Instant::now() < deadline, "{topic} could not be read to its end");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                each(Whole {
                    partition: message.partition(),
                    offset: message.offset(),
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().map(<[u8]>::to_vec),
                    timestamp_ms: message.timestamp().to_millis(),
                    headers: message.headers().map_or_else(Vec::new, |headers| {
                        headers
                            .iter()
                            .map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec)))
                            .collect()
                    }),
                });
                deadline = Instant::now() + DEADLINE;
            }
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(partition))) => {
                left.remove(&partition);
            }
            Some(Err(error)) => panic!("{topic}: {error}"),
            None => {}
        }
    }
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> i32 {
    let metadata = consumer
        .fetch_metadata(Some(topic), Duration::from_secs(30))
        .unwrap();
    i32::try_from(metadata.topics()[0].partitions().len()).unwrap()
}

/// Waits until the committed records of output and dead-letter topic hold at least `count` distinct input keys.
pub fn await_outcomes(topics: &Topics, count: usize) -> (Vec<Whole>, Vec<Whole>) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let read = |topic| read_all_at(&topics.bootstrap, topic);
        let (output, dead) = (read(&topics.output), read(&topics.dead));
        let distinct: std::collections::BTreeSet<_> =
            output.iter().chain(&dead).map(|r| r.key.clone()).collect();
        if distinct.len() >= count {
            return (output, dead);
        }
        assert!(
            Instant::now() < deadline,
            "{} of {count} outcomes after {DEADLINE:?}",
            distinct.len()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// How often each key occurs.
pub fn occurrences(records: &[Whole]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        let key = String::from_utf8(record.key.clone().expect("a key")).unwrap();
        *counts.entry(key).or_insert(0) += 1;
    }
    counts
}

/// The group's committed offsets, summed over the partitions of a topic.
pub fn committed_sum(group: &str, topic: &str) -> i64 {
    let consumer = asker(&bootstrap(), group);
    committed(&consumer, topic).unwrap().into_iter().sum()
}

/// A client that asks of a group without joining it.
pub fn asker(bootstrap: &str, group: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .create()
        .unwrap()
}

/// What the group has committed of each partition; 0 where nothing.
pub fn committed(consumer: &BaseConsumer, topic: &str) -> rdkafka::error::KafkaResult<Vec<i64>> {
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions(consumer, topic) {
        list.add_partition(topic, partition);
    }
    let committed = consumer.committed_offsets(list, Duration::from_secs(20))?;
    let offset = |e: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        e.offset().to_raw().unwrap_or(0).max(0)
    };
    Ok(committed.elements().into_iter().map(offset).collect())
}

/// The end of each partition.
pub fn ends(consumer: &BaseConsumer, topic: &str) -> Vec<i64> {
    let end = |partition| {
        let watermarks = consumer.fetch_watermarks(topic, partition, Duration::from_secs(30));
        watermarks.unwrap().1
    };
    (0..partitions(consumer, topic)).map(end).collect()
}

/// What the broker says of a group: its state, and how many members it has.
pub fn group_state(group: &str) -> (String, usize) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap())
        .create()
        .unwrap();
    let list = consumer
        .fetch_group_list(Some(group), Duration::from_secs(20))
        .unwrap();
    let found = list.groups().iter().find(|g| g.name() == group);
    found.map_or(("Dead".to_owned(), 0), |g| {
        (g.state().to_owned(), g.members().len())
    })
}
