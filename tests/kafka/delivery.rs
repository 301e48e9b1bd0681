//! Clean ends: shutdown, backfill, lag. What `kill -9` and worse do is in `proofs`.

use std::time::Duration;
use std::time::Instant;

use super::cluster::DEADLINE;
use super::cluster::Topics;
use super::cluster::Whole;
use super::cluster::await_outcomes;
use super::cluster::committed_sum;
use super::cluster::occurrences;
use super::cluster::produce;
use super::oracle::Dice;
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

fn assert_each_once(count: usize, output: &[Whole]) {
    let counts = occurrences(output);
    let doubled: Vec<_> = counts.iter().filter(|(_, n)| **n != 1).collect();
    assert!(doubled.is_empty(), "doubled: {doubled:?}");
    assert_eq!(counts.len(), count, "lost or invented");
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
    let mut dice = Dice::seeded();
    for _ in 0..3 {
        let mut worker = Worker::start(&topics, settings);
        worker.await_ready();
        dice.wait(500);
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
