//! `dateline run`, at-least-once, against librdkafka's mock cluster with faults that a real broker gives
//! rarely: whatever is
//! answered, every record is delivered, first deliveries keep their order, and the offsets are committed in the end.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use dateline::kafka::embedded::EmbeddedBroker;
use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;
use rdkafka::producer::BaseRecord;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::producer::Producer;
use rdkafka::producer::ThreadedProducer;
use rdkafka::types::RDKafkaApiKey;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT as DISCONNECTS;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS as LOADING;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE as NO_COORDINATOR;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_COORDINATOR as NOT_COORDINATOR;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION as NOT_LEADER;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER as OUT_OF_ORDER;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS as REBALANCES;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT as TIMED_OUT;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED as NOT_ALLOWED;
use rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID as UNKNOWN_MEMBER;
use tempfile::TempDir;

const INPUT: &str = "articles.raw";
const OUTPUT: &str = "articles.enriched";
const DEAD: &str = "articles.dead";
const GROUP: &str = "dateline";
const PARTITIONS: i32 = 3;
const RECORDS: usize = 300;
/// Every so many records one is broken.
const BROKEN_EVERY: usize = 10;
const DEADLINE: Duration = Duration::from_secs(50);
const PAUSE: Duration = Duration::from_millis(20);

/// `dateline run` as a process; its log is shown where the test fails.
struct Worker {
    child: Child,
    directory: TempDir,
}

impl Worker {
    fn start(broker: &EmbeddedBroker) -> Self {
        Self::start_with(broker, 25_000, "")
    }

    fn start_with(broker: &EmbeddedBroker, shutdown_deadline_ms: u32, kafka: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("dateline.toml");
        // The mock cluster answers no requests for topic settings: no use waiting long for them.
        let text = format!(
            "[kafka]\nbootstrap_servers = \"{}\"\ngroup_id = \"{GROUP}\"\ninput_topics = [\"{INPUT}\"]\n\
             output_topic = \"{OUTPUT}\"\ndead_letter_topic = \"{DEAD}\"\ndelivery = \"at-least-once\"\n\
             request_timeout_ms = 1000\nsession_timeout_ms = 6000\nstatistics_interval_ms = 3_600_000\n{kafka}\n\
             [worker]\nbatch_records_max = 20\nbatch_wait_ms = 20\nretry_backoff_ms_max = 200\n\
             shutdown_deadline_ms = {shutdown_deadline_ms}\n\n\
             [admin]\nlisten = \"127.0.0.1:0\"\n",
            broker.bootstrap_servers()
        );
        fs::write(&config, text).unwrap();
        let log = File::create(directory.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_dateline"))
            .args(["run", "--config", config.to_str().unwrap()])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, directory }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// What it answers to Prometheus.
    fn metrics(&self) -> String {
        self.await_log("admin server: ");
        let log = self.log();
        let address = log.split("address=").nth(1).unwrap();
        let mut stream = TcpStream::connect(address.split_whitespace().next().unwrap()).unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.0\r\nhost: localhost\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// SIGTERM, then its exit code.
    fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    fn await_log(&self, text: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "{text:?} is not in the log");
            thread::sleep(PAUSE);
        }
    }

    fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the worker does not end");
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

fn broker() -> EmbeddedBroker {
    EmbeddedBroker::start(&[INPUT, OUTPUT, DEAD], PARTITIONS).unwrap()
}

fn is_broken(n: usize) -> bool {
    n % BROKEN_EVERY == BROKEN_EVERY - 1
}

/// Produces all records, with a pause after each ten.
fn feed(bootstrap_servers: &str, pause: Duration) {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap_servers)
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .create()
        .unwrap();
    for n in 0..RECORDS {
        let key = format!("{n:04}");
        let value = match is_broken(n) {
            true => "{".to_owned(),
            false => {
                format!(r#"{{"id": "{key}", "title": "Rain in Paris", "body": "It rained on day {n}."}}"#)
            }
        };
        let record: BaseRecord<'_, str, str> =
            BaseRecord::to(INPUT).key(key.as_str()).payload(value.as_str());
        producer.send(record).unwrap();
        if n % 10 == 9 {
            thread::sleep(pause);
        }
    }
    producer.flush(DEADLINE).unwrap();
}

/// Key, and the topic and partition that it was read from.
type Delivered = (String, (String, i32));

/// Reads output and dead-letter topic from their beginnings until `keys` distinct keys were delivered.
fn delivered(broker: &EmbeddedBroker, keys: usize) -> Vec<Delivered> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("group.id", "reader")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let mut all = TopicPartitionList::new();
    for topic in [OUTPUT, DEAD] {
        for partition in 0..PARTITIONS {
            all.add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
    }
    consumer.assign(&all).unwrap();
    let deadline = Instant::now() + DEADLINE;
    let (mut read, mut distinct) = (Vec::new(), BTreeSet::new());
    while distinct.len() < keys {
        assert!(
            Instant::now() < deadline,
            "{} of {keys} were delivered",
            distinct.len()
        );
        // Faults meant for the worker may hit the reader too; it goes on by itself.
        let Some(Ok(message)) = consumer.poll(PAUSE) else {
            continue;
        };
        let key = std::str::from_utf8(message.key().unwrap()).unwrap().to_owned();
        distinct.insert(key.clone());
        read.push((key, (message.topic().to_owned(), message.partition())));
    }
    read
}

/// The group's committed offsets, summed; what was never committed counts nothing.
fn committed(broker: &EmbeddedBroker) -> i64 {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("group.id", GROUP)
        .create()
        .unwrap();
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        all.add_partition(INPUT, partition);
    }
    let offsets = consumer.committed_offsets(all, DEADLINE).unwrap();
    let offsets = offsets.elements();
    offsets
        .iter()
        .map(|e| e.offset().to_raw().unwrap_or(0).max(0))
        .sum()
}

/// Every record once or more, in the topic where it belongs, and first deliveries in the order of the input.
fn assert_whole(read: &[Delivered]) {
    let mut first = BTreeSet::new();
    let mut last: BTreeMap<&(String, i32), &str> = BTreeMap::new();
    for (key, place) in read {
        let expected = if is_broken(key.parse().unwrap()) {
            DEAD
        } else {
            OUTPUT
        };
        assert_eq!(place.0, expected, "{key}");
        if first.insert(key.as_str()) {
            // Keys rise with the input, and one key goes to the same partition of every topic.
            let before = last.insert(place, key);
            assert!(
                before < Some(key.as_str()),
                "{key} came after {before:?} in {place:?}"
            );
        }
    }
    assert_eq!(first.len(), RECORDS);
}

fn finish(broker: &EmbeddedBroker, mut worker: Worker) {
    let read = delivered(broker, RECORDS);
    // The group's coordinator may be back later than the output topic: a worker that is stopped in between leaves the
    // last batch to the next.
    let (all, until) = (i64::try_from(RECORDS).unwrap(), Instant::now() + DEADLINE);
    while committed(broker) != all {
        assert!(
            Instant::now() < until,
            "{} of {all} are committed",
            committed(broker)
        );
        thread::sleep(PAUSE);
    }
    assert_eq!(worker.terminate(), Some(0));
    assert_whole(&read);
    assert_eq!(committed(broker), all);
}

/// What the worker meets on its first requests of one kind, and what its log must say of it, where that is sure.
struct Fault {
    name: &'static str,
    api: RDKafkaApiKey,
    errors: &'static [RDKafkaRespErr],
    told: &'static str,
}

const FAULTS: [Fault; 6] = [
    Fault {
        name: "a coordinator that is looked for longer than a check at start may take",
        api: RDKafkaApiKey::FindCoordinator,
        errors: &[NO_COORDINATOR; 12],
        told: "the brokers do not say what we may do",
    },
    Fault {
        name: "produce errors that the client mends",
        api: RDKafkaApiKey::Produce,
        errors: &[NOT_LEADER, TIMED_OUT, DISCONNECTS, NOT_LEADER, TIMED_OUT],
        told: "",
    },
    Fault {
        name: "produce errors that fail the batch",
        api: RDKafkaApiKey::Produce,
        errors: &[NOT_ALLOWED, NOT_ALLOWED],
        told: "sought back to the committed offsets",
    },
    Fault {
        name: "commit errors",
        api: RDKafkaApiKey::OffsetCommit,
        errors: &[NOT_COORDINATOR, LOADING, TIMED_OUT, DISCONNECTS, NOT_ALLOWED],
        told: "its records are read again",
    },
    Fault {
        name: "a member that the group forgot, before any offset was committed",
        api: RDKafkaApiKey::OffsetCommit,
        errors: &[UNKNOWN_MEMBER],
        told: "partitions were lost",
    },
    Fault {
        name: "heartbeat errors",
        api: RDKafkaApiKey::Heartbeat,
        errors: &[REBALANCES, NOT_COORDINATOR, DISCONNECTS],
        told: "",
    },
];

fn survives(fault: &Fault) {
    let broker = broker();
    feed(&broker.bootstrap_servers(), Duration::ZERO);
    broker.cluster().request_errors(fault.api, fault.errors);
    let worker = Worker::start(&broker);
    delivered(&broker, RECORDS);
    let log = worker.log();
    assert!(log.contains(fault.told), "{:?} is not in the log", fault.told);
    finish(&broker, worker);
}

/// All at once: they mostly wait, for the group to form and for the client to try again.
#[test]
fn nothing_is_lost_whatever_the_broker_answers() {
    let cases = FAULTS.map(|fault| (fault.name, thread::spawn(move || survives(&fault))));
    let failed: Vec<&str> = cases
        .into_iter()
        .filter_map(|(name, case)| case.join().is_err().then_some(name))
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// The worker of this test never hears statistics of its client.
#[test]
fn the_lag_of_a_backlog_is_told_before_the_first_statistics() {
    let broker = broker();
    feed(&broker.bootstrap_servers(), Duration::ZERO);
    let worker = Worker::start(&broker);
    delivered(&broker, RECORDS);
    let deadline = Instant::now() + DEADLINE;
    for partition in 0..PARTITIONS {
        let none = format!("dateline_lag_records{{partition=\"{partition}\",topic=\"{INPUT}\"}} 0\n");
        while !worker.metrics().contains(&none) {
            assert!(
                Instant::now() < deadline,
                "{none:?} is not in {}",
                worker.metrics()
            );
            thread::sleep(PAUSE);
        }
    }
}

#[test]
fn a_broker_that_goes_away_and_comes_back_loses_nothing() {
    let broker = broker();
    let bootstrap_servers = broker.bootstrap_servers();
    let feeder = thread::spawn(move || feed(&bootstrap_servers, Duration::from_millis(200)));
    let worker = Worker::start(&broker);
    delivered(&broker, 1);
    broker.cluster().broker_down(1).unwrap();
    thread::sleep(Duration::from_secs(2));
    broker.cluster().broker_up(1).unwrap();
    feeder.join().unwrap();
    finish(&broker, worker);
}

#[test]
fn a_producer_that_fails_for_good_ends_the_worker_with_a_code_of_its_own() {
    let broker = broker();
    feed(&broker.bootstrap_servers(), Duration::ZERO);
    // To the first request it means that client and broker disagree on what was sent before.
    broker
        .cluster()
        .request_errors(RDKafkaApiKey::Produce, &[OUT_OF_ORDER]);
    let mut worker = Worker::start(&broker);
    assert_eq!(worker.ended(), Some(70));
    worker.await_log("sequence desynchronization");
}

/// The group forgets the member, and then never takes it in again, though the broker answers.
#[test]
fn a_worker_that_gets_no_assignment_any_more_ends_with_a_code_of_its_own() {
    let broker = broker();
    feed(&broker.bootstrap_servers(), Duration::ZERO);
    let limits =
        "max_poll_interval_ms = 10_000\nrevoke_deadline_ms = 2_000\ntransaction_timeout_ms = 6_000\n";
    let mut worker = Worker::start_with(&broker, 5_000, limits);
    delivered(&broker, RECORDS);
    broker
        .cluster()
        .request_errors(RDKafkaApiKey::JoinGroup, &[LOADING; 2_000]);
    broker
        .cluster()
        .request_errors(RDKafkaApiKey::Heartbeat, &[UNKNOWN_MEMBER]);
    assert_eq!(worker.ended(), Some(70));
    worker.await_log("the group has assigned nothing for 16s, though brokers answer");
}

#[test]
fn a_broker_that_is_gone_holds_up_no_shutdown() {
    let broker = broker();
    feed(&broker.bootstrap_servers(), Duration::ZERO);
    let mut worker = Worker::start_with(&broker, 2_000, "");
    delivered(&broker, 1);
    broker.cluster().broker_down(1).unwrap();
    // 74: a batch was in flight, or the group could not be left.
    assert!(matches!(worker.terminate(), Some(0 | 74)));
}

#[test]
fn a_second_signal_ends_the_worker_at_once() {
    let broker = broker();
    let mut worker = Worker::start(&broker);
    worker.await_log("running");
    // It hears of both when it goes on.
    for name in ["STOP", "TERM", "INT", "CONT"] {
        worker.signal(name);
    }
    assert_eq!(worker.ended(), Some(74));
}
