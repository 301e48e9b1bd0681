//! What a worker does when the cluster takes something from under it: its producer, its records, its broker.

use std::time::Duration;
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::producer::BaseProducer;
use rdkafka::producer::Producer;

use super::cluster::DEADLINE;
use super::cluster::Topics;
use super::cluster::await_outcomes;
use super::cluster::bootstrap;
use super::cluster::produce;
use super::cluster::read_all;
use super::cluster::retain_from;
use super::delivery::article;
use super::delivery::articles;
use super::worker::Settings;
use super::worker::Worker;

const SKIPPED: &str = "dateline_offset_reset_skipped_records_total";
const RESETS: &str = "dateline_offset_resets_total{kind=\"out_of_range\"}";

#[test]
fn a_worker_whose_producer_is_fenced_ends_with_a_code_of_its_own_and_says_why() {
    let topics = Topics::create("fenced", 1);
    let settings = Settings {
        kafka: "group_instance_id = \"pod-0\"\n",
        ..Settings::default()
    };
    let mut worker = Worker::start(&topics, settings);
    worker.await_ready();
    let other: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap())
        .set("transactional.id", format!("{}-pod-0", topics.group))
        .create()
        .unwrap();
    other.init_transactions(DEADLINE).unwrap();
    produce(&topics.input, &articles(10));
    let (code, log) = worker.wait_with_log();
    assert_eq!(code, 70);
    let why = log.lines().find(|line| line.contains("can go on no longer"));
    assert!(why.is_some_and(|why| why.contains("fenced")), "{why:?}");
    assert!(read_all(&topics.output).is_empty());
}

/// Commits the first 100 records of partition 0, so that a worker goes on there.
fn committed_a_hundred(test: &str) -> Topics {
    let topics = Topics::create(test, 1);
    produce(&topics.input, &articles(100));
    let settings = Settings {
        arguments: &["--until-end"],
        ..Settings::default()
    };
    assert_eq!(Worker::start(&topics, settings).wait(), 0);
    topics
}

#[test]
fn records_that_retention_took_are_counted_where_reading_goes_on() {
    let topics = committed_a_hundred("reset-earliest");
    produce(&topics.input, &articles(60)[..50]);
    retain_from(&topics.input, 130);
    let worker = Worker::start(&topics, Settings::default());
    assert_eq!(worker.await_metric(SKIPPED, 1.0), 30.0);
    assert_eq!(worker.await_metric(RESETS, 1.0), 1.0);
    // While the worker stands still, retention passes it by. Its fetch that waits comes back empty first.
    while read_all(&topics.output).len() < 120 {
        std::thread::sleep(Duration::from_millis(50));
    }
    worker.signal("STOP");
    std::thread::sleep(Duration::from_secs(2));
    produce(&topics.input, &articles(40));
    retain_from(&topics.input, 175);
    worker.signal("CONT");
    assert_eq!(worker.await_metric(SKIPPED, 31.0), 55.0);
    assert_eq!(worker.terminate(), 0);
}

#[test]
fn records_skipped_by_a_reset_to_the_end_are_all_counted() {
    let topics = committed_a_hundred("reset-latest");
    produce(&topics.input, &articles(50));
    retain_from(&topics.input, 130);
    let settings = Settings {
        kafka: "auto_offset_reset = \"latest\"\n",
        ..Settings::default()
    };
    let mut worker = Worker::start(&topics, settings);
    worker.await_ready();
    // Where the end was when offsets were reset, only what is read next can say.
    let deadline = Instant::now() + DEADLINE;
    let mut n = 1_000;
    while worker.metric(SKIPPED).is_none_or(|skipped| skipped == 0.0) {
        assert!(Instant::now() < deadline, "no record is read after the reset");
        produce(&topics.input, &[article(n)]);
        n += 1;
        std::thread::sleep(Duration::from_millis(100));
    }
    let skipped = worker.metric(SKIPPED).unwrap();
    let (output, _) = await_outcomes(&topics, 101);
    assert_eq!(worker.terminate(), 0);
    let offset = |record: &super::cluster::Whole| record.json()["provenance"]["source"]["offset"].as_f64();
    let first = output
        .iter()
        .filter_map(offset)
        .find(|offset| *offset >= 100.0)
        .unwrap();
    assert!(first >= 150.0);
    assert_eq!(skipped, first - 100.0);
}
