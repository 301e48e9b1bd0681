//! The Kafka side of `make bench`: fills topics, copies one as the client alone can, tells when what others wrote
//! arrived, and plays articles at a fixed rate. Speaks to the broker of `KAFKA_BOOTSTRAP`; never knows dateline.

mod copy;
mod latency;

use std::error::Error;
use std::fs;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::admin::AdminClient;
use rdkafka::admin::AdminOptions;
use rdkafka::admin::NewTopic;
use rdkafka::admin::TopicReplication;
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseRecord;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::producer::Producer;
use rdkafka::producer::ThreadedProducer;
use rdkafka::types::RDKafkaErrorCode;

const USAGE: &str = "pipe fill TOPIC COUNT FILE | create TOPIC | delete TOPIC | wait TOPIC COUNT SECONDS | times TOPIC \
                     | copy IN OUT at-least-once|exactly-once COUNT | latency IN OUT RATE SECONDS FILE";

/// Partitions of every topic.
const PARTITIONS: i32 = 4;
/// Longest wait for an answer of the broker.
const ANSWER: Duration = Duration::from_secs(20);
/// How long a topic must have grown no more to count as complete.
const QUIET: Duration = Duration::from_secs(2);

pub(crate) type Done = Result<(), Box<dyn Error>>;
pub(crate) type PlainProducer = ThreadedProducer<DefaultProducerContext>;

/// The settings that consumers and producers share.
pub(crate) fn client() -> Result<ClientConfig, Box<dyn Error>> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", std::env::var("KAFKA_BOOTSTRAP")?);
    Ok(config)
}

/// A consumer of all of a topic, from its first committed record on, in no group.
pub(crate) fn reader(topic: &str) -> Result<BaseConsumer, Box<dyn Error>> {
    let consumer: BaseConsumer = client()?
        .set("group.id", "pipe")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("fetch.queue.backoff.ms", "10")
        .create()?;
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        all.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&all)?;
    Ok(consumer)
}

/// Hands a record to the producer; waits while its queue is full.
pub(crate) fn send(producer: &PlainProducer, record: BaseRecord<'_, [u8], [u8]>) -> Result<(), KafkaError> {
    let mut record = record;
    while let Err((error, returned)) = producer.send(record) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
            return Err(error);
        }
        thread::sleep(Duration::from_millis(1));
        record = returned;
    }
    Ok(())
}

/// Waits until every record is acknowledged. The client's own `flush` waits in steps of 100 ms.
pub(crate) fn drain(producer: &PlainProducer) {
    while producer.in_flight_count() > 0 {
        thread::sleep(Duration::from_micros(200));
    }
}

/// The articles of a file, one a line, as records: the key is the `id`.
pub(crate) fn articles(file: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    let one = |line: &str| -> Result<(String, String), Box<dyn Error>> {
        let article: serde_json::Value = serde_json::from_str(line)?;
        Ok((article["id"].as_str().ok_or("no id")?.to_owned(), line.to_owned()))
    };
    text.lines().map(one).collect()
}

fn admin() -> Result<AdminClient<DefaultClientContext>, Box<dyn Error>> {
    Ok(client()?.create()?)
}

/// Makes a topic whose records carry the time at which the broker took them.
fn create(topic: &str) -> Done {
    let new = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1));
    let new = [new.set("message.timestamp.type", "LogAppendTime")];
    let options = AdminOptions::new().operation_timeout(Some(ANSWER));
    for made in tokio::runtime::Runtime::new()?.block_on(admin()?.create_topics(&new, &options))? {
        made.map_err(|(topic, code)| format!("{topic}: {code}"))?;
    }
    Ok(())
}

fn delete(topic: &str) -> Done {
    let options = AdminOptions::new().operation_timeout(Some(ANSWER));
    for gone in tokio::runtime::Runtime::new()?.block_on(admin()?.delete_topics(&[topic], &options))? {
        gone.map_err(|(topic, code)| format!("{topic}: {code}"))?;
    }
    Ok(())
}

/// Makes a topic and fills it with the articles of a file, round and round.
fn fill(topic: &str, count: usize, file: &str) -> Done {
    create(topic)?;
    let articles = articles(file)?;
    let producer: PlainProducer = client()?.set("linger.ms", "20").create()?;
    for (key, value) in articles.iter().cycle().take(count) {
        let record = BaseRecord::to(topic)
            .key(key.as_bytes())
            .payload(value.as_bytes());
        send(&producer, record)?;
    }
    drain(&producer);
    producer.flush(ANSWER)?;
    Ok(())
}

/// The ends of all partitions, added up; markers of transactions count.
fn end(consumer: &BaseConsumer, topic: &str) -> Result<i64, Box<dyn Error>> {
    let mut sum = 0;
    for partition in 0..PARTITIONS {
        sum += consumer.fetch_watermarks(topic, partition, ANSWER)?.1;
    }
    Ok(sum)
}

/// Waits until a topic has so many records and grows no more.
fn wait(topic: &str, count: i64, seconds: u64) -> Done {
    let consumer: BaseConsumer = client()?.set("group.id", "pipe").create()?;
    let (started, mut seen, mut since) = (Instant::now(), 0, Instant::now());
    while seen < count || since.elapsed() < QUIET {
        if started.elapsed() > Duration::from_secs(seconds) {
            return Err(format!("{seen} of {count} records after {seconds} s").into());
        }
        thread::sleep(Duration::from_millis(200));
        let now = end(&consumer, topic)?;
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// Prints how many committed records a topic has, one of them, and the stretch that a rate is taken from: it starts
/// after the longest pause between the tenth part and the third, so that whoever writes in batches has just ended one,
/// and ends with the last record. Times are the broker's, in milliseconds since 1970.
fn times(topic: &str) -> Done {
    let consumer = reader(topic)?;
    let mut at = Vec::new();
    let mut last = String::new();
    let mut since = Instant::now();
    while since.elapsed() < QUIET {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let message = message?;
        since = Instant::now();
        at.push(message.timestamp().to_millis().ok_or("no time")?);
        if at.len() % 1000 == 1 {
            last = String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned();
        }
    }
    at.sort_unstable();
    let count = at.len();
    let start = (count / 10..count / 3)
        .max_by_key(|place| at[place + 1] - at[*place])
        .ok_or("too few records")?;
    let told = serde_json::json!({
        "records": count, "value": last, "start": at[start], "end": at[count - 1], "counted": count - 1 - start,
    });
    println!("{told}");
    Ok(())
}

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["fill", topic, count, file] => fill(topic, count.parse()?, file),
        ["create", topic] => create(topic),
        ["delete", topic] => delete(topic),
        ["wait", topic, count, seconds] => wait(topic, count.parse()?, seconds.parse()?),
        ["times", topic] => times(topic),
        ["copy", from, to, delivery, count] => {
            copy::copy(from, to, *delivery == "exactly-once", count.parse()?)
        }
        ["latency", from, to, rate, seconds, file] => {
            latency::latency(from, to, rate.parse()?, seconds.parse()?, articles(file)?)
        }
        _ => Err(USAGE.into()),
    }
}
