//! Nothing is lost, nothing is doubled.

use std::time::Duration;
use std::time::Instant;

use super::cluster::DEADLINE;
use super::cluster::Topics;
use super::cluster::Whole;
use super::cluster::await_outcomes;
use super::cluster::committed_sum;
use super::cluster::occurrences;
use super::cluster::produce;
use super::worker::Settings;
use super::worker::Worker;

const EXACTLY_ONCE: &str = "transaction_timeout_ms = 5000\nsession_timeout_ms = 6000\n";
const AT_LEAST_ONCE: &str = "delivery = \"at-least-once\"\nsession_timeout_ms = 6000\n";
const SMALL_BATCHES: &str = "[worker]\nbatch_records_max = 100\nbatch_wait_ms = 50\n";

/// A unique, deterministic article.
pub fn article(n: usize) -> Whole {
    let key = format!("a{n:06}");
    let text = format!(
        "PARIS, July 6 (Agency) -- Article number {n} says that France and Germany agreed on a plan.\n\n{}",
        "The ministers met in Berlin on Thursday. ".repeat(1 + n % 20)
    );
    let value = serde_json::json!({ "id": key, "headline": format!("Plan number {n}"), "body": text });
    let mut record = Whole::new(&key, value.to_string());
    record.timestamp_ms = Some(1_700_000_000_000 + i64::try_from(n).unwrap());
    record
}

pub fn articles(count: usize) -> Vec<Whole> {
    (0..count).map(article).collect()
}

/// A small generator of repeatable "random" waits; the seed is printed.
pub struct Waits(u64);

/// Seeded by `SEED`, or else anew.
pub fn seeded() -> Waits {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(|| u64::from(std::process::id()) * 7919 + 1);
    eprintln!("SEED={seed}");
    Waits(seed)
}

impl Waits {
    pub fn next_ms(&mut self, least: u64, most: u64) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(least + (self.0 >> 33) % (most - least))
    }
}

fn assert_each_once(count: usize, output: &[Whole]) {
    let counts = occurrences(output);
    let doubled: Vec<_> = counts.iter().filter(|(_, n)| **n != 1).collect();
    assert!(doubled.is_empty(), "doubled: {doubled:?}");
    assert_eq!(counts.len(), count, "lost or invented");
}

/// Outputs of one partition stand in the order of their inputs, since both topics have the same keys and partitions.
fn assert_order(output: &[Whole]) {
    let mut last = std::collections::BTreeMap::new();
    for record in output {
        if let Some(before) = last.insert(record.partition, record.timestamp_ms) {
            assert!(
                before <= record.timestamp_ms,
                "partition {} is out of order",
                record.partition
            );
        }
    }
}

/// Feeds the topic in slices and kills a worker in the midst of each; says how many kills hit one at work.
fn kill_repeatedly(topics: &Topics, kafka: &str, input: &[Whole], kills: usize) {
    let mut waits = seeded();
    let settings = Settings {
        kafka,
        rest: SMALL_BATCHES,
        arguments: &[],
    };
    let mut fed = 0;
    let mut at_work = 0;
    for slice in input.chunks(input.len().div_ceil(kills)) {
        produce(&topics.input, slice);
        fed += i64::try_from(slice.len()).unwrap();
        let mut worker = Worker::start(topics, settings);
        worker.await_ready();
        std::thread::sleep(waits.next_ms(0, 400));
        worker.kill();
        at_work += usize::from(committed_sum(&topics.group, &topics.input) < fed);
    }
    eprintln!("{at_work} of {kills} kills hit a worker with work left");
    assert!(
        at_work > 0,
        "no kill hit a worker at work: this run proves nothing"
    );
}

#[test]
fn exactly_once_survives_kills() {
    let topics = Topics::create("eos-kill", 4);
    let count = 6_000;
    kill_repeatedly(&topics, EXACTLY_ONCE, &articles(count), 5);
    let worker = Worker::start(
        &topics,
        Settings {
            kafka: EXACTLY_ONCE,
            rest: SMALL_BATCHES,
            arguments: &[],
        },
    );
    let (output, dead) = await_outcomes(&topics, count);
    assert_eq!(worker.terminate(), 0);
    assert_each_once(count, &output);
    assert_order(&output);
    assert!(dead.is_empty());
}

#[test]
fn at_least_once_survives_kills() {
    let topics = Topics::create("alo-kill", 4);
    let count = 6_000;
    kill_repeatedly(&topics, AT_LEAST_ONCE, &articles(count), 5);
    let worker = Worker::start(
        &topics,
        Settings {
            kafka: AT_LEAST_ONCE,
            rest: SMALL_BATCHES,
            arguments: &[],
        },
    );
    let (output, dead) = await_outcomes(&topics, count);
    assert_eq!(worker.terminate(), 0);
    assert_eq!(occurrences(&output).len(), count, "lost or invented");
    assert!(dead.is_empty());
    eprintln!(
        "at-least-once: {} records doubled by 5 kills",
        output.len() - count
    );
}

#[test]
fn a_rebalance_from_one_to_two_to_one_under_load_doubles_nothing() {
    rebalance("eos-rebalance", EXACTLY_ONCE);
}

#[test]
fn a_rebalance_under_the_new_group_protocol_doubles_nothing() {
    rebalance(
        "eos-kip848",
        "transaction_timeout_ms = 5000\ngroup_protocol = \"consumer\"\n",
    );
}

fn rebalance(test: &str, kafka: &str) {
    let topics = Topics::create(test, 4);
    let count = 8_000;
    let input = articles(count);
    let settings = Settings {
        kafka,
        rest: SMALL_BATCHES,
        arguments: &[],
    };
    let mut first = Worker::start(&topics, settings);
    first.await_ready();
    produce(&topics.input, &input[..count / 3]);
    let mut second = Worker::start(&topics, settings);
    second.await_ready();
    produce(&topics.input, &input[count / 3..2 * count / 3]);
    assert_eq!(second.terminate(), 0);
    produce(&topics.input, &input[2 * count / 3..]);
    let (output, _) = await_outcomes(&topics, count);
    assert_eq!(first.terminate(), 0);
    assert_each_once(count, &output);
    assert_order(&output);
}

#[test]
fn a_static_member_that_was_killed_comes_back_to_its_place() {
    let topics = Topics::create("eos-static", 4);
    let count = 6_000;
    // Its transactional id is its own as well, so the new process ends the transaction that the old one left open.
    let kafka = format!("{EXACTLY_ONCE}group_instance_id = \"pod-0\"\n");
    kill_repeatedly(&topics, &kafka, &articles(count), 3);
    let worker = Worker::start(
        &topics,
        Settings {
            kafka: &kafka,
            rest: SMALL_BATCHES,
            arguments: &[],
        },
    );
    let (output, _) = await_outcomes(&topics, count);
    assert_eq!(worker.terminate(), 0);
    assert_each_once(count, &output);
    assert_order(&output);
}

#[test]
fn a_clean_shutdown_doubles_nothing_even_at_least_once() {
    let topics = Topics::create("alo-clean", 4);
    let count = 6_000;
    produce(&topics.input, &articles(count));
    let settings = Settings {
        kafka: AT_LEAST_ONCE,
        rest: SMALL_BATCHES,
        arguments: &[],
    };
    let mut waits = seeded();
    for _ in 0..3 {
        let mut worker = Worker::start(&topics, settings);
        worker.await_ready();
        std::thread::sleep(waits.next_ms(20, 500));
        assert_eq!(worker.terminate(), 0);
    }
    let worker = Worker::start(&topics, settings);
    let (output, _) = await_outcomes(&topics, count);
    assert_eq!(worker.terminate(), 0);
    assert_each_once(count, &output);
}

#[test]
fn a_backfill_ends_at_the_offsets_seen_at_start() {
    let topics = Topics::create("until-end", 4);
    let count = 2_000;
    produce(&topics.input, &articles(count));
    let settings = Settings {
        kafka: EXACTLY_ONCE,
        rest: "",
        arguments: &["--until-end"],
    };
    assert_eq!(Worker::start(&topics, settings).wait(), 0);
    let (output, _) = await_outcomes(&topics, count);
    assert_each_once(count, &output);
    assert_eq!(
        committed_sum(&topics.group, &topics.input),
        i64::try_from(count).unwrap()
    );
    // A second run over the same topic finds nothing to do.
    assert_eq!(Worker::start(&topics, settings).wait(), 0);
    assert_each_once(count, &await_outcomes(&topics, count).0);
}

#[test]
fn a_backfill_goes_on_where_its_partitions_were_lost_in_its_midst() {
    let topics = Topics::create("until-lost", 4);
    let count = 6_000;
    produce(&topics.input, &articles(count));
    let settings = Settings {
        kafka: AT_LEAST_ONCE,
        rest: "[worker]\nbatch_records_max = 20\n",
        arguments: &["--until-end"],
    };
    let mut worker = Worker::start(&topics, settings);
    worker.await_log("partitions assigned");
    // Longer than the session lasts: the group gives its place up.
    worker.signal("STOP");
    std::thread::sleep(Duration::from_secs(9));
    worker.signal("CONT");
    let (code, log) = worker.wait_with_log();
    assert_eq!(code, 0);
    assert!(log.contains("partitions were lost"), "this run proves nothing");
    assert_eq!(
        committed_sum(&topics.group, &topics.input),
        i64::try_from(count).unwrap()
    );
}

#[test]
fn the_lag_ends_at_zero_and_is_shown() {
    let topics = Topics::create("lag", 2);
    produce(&topics.input, &articles(500));
    let settings = Settings {
        kafka: "statistics_interval_ms = 200\n",
        rest: SMALL_BATCHES,
        arguments: &[],
    };
    let mut worker = Worker::start(&topics, settings);
    worker.await_ready();
    await_outcomes(&topics, 500);
    let deadline = Instant::now() + DEADLINE;
    loop {
        let (_, metrics) = worker.get("/metrics").expect("metrics");
        let lags: Vec<f64> = metrics
            .lines()
            .filter(|l| l.starts_with("dateline_lag_records{"))
            .map(|l| l.rsplit(' ').next().unwrap().parse().unwrap())
            .collect();
        assert!(lags.iter().all(|lag| *lag >= 0.0), "{lags:?}");
        if lags.len() == 2 && lags.iter().all(|lag| *lag == 0.0) {
            break;
        }
        assert!(Instant::now() < deadline, "lag did not end at 0: {lags:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(worker.terminate(), 0);
}
