//! Records that the broker refuses for what they are: dead letters, at few transactions, within the limit.

use super::cluster::Topics;
use super::cluster::Whole;
use super::cluster::alter;
use super::cluster::await_outcomes;
use super::cluster::committed_sum;
use super::cluster::create;
use super::cluster::occurrences;
use super::cluster::produce;
use super::cluster::read_all;
use super::delivery::articles;
use super::worker::Settings;
use super::worker::Worker;

#[test]
fn a_record_the_broker_refuses_becomes_a_dead_letter_and_its_neighbours_pass() {
    let topics = topics_of_any_time("refused", 1);
    let mut records = articles(20);
    let ahead = ahead_ms();
    records[5].timestamp_ms = Some(ahead);
    records[11].timestamp_ms = Some(ahead + 1);
    records[14].timestamp_ms = Some(ahead + 2);
    records[14].value = Some(b"{ not json".to_vec());
    produce(&topics.input, &records);
    let worker = Worker::start(&topics, Settings::default());
    let (output, dead) = await_outcomes(&topics, 20);
    assert_eq!(worker.terminate(), 0);
    assert_eq!(output.len(), 17);
    assert_eq!(dead.len(), 3);
    for letter in dead
        .iter()
        .filter(|l| l.header("dateline.error.code").as_deref() != Some("invalid_json"))
    {
        assert_eq!(
            letter.header("dateline.error.code").as_deref(),
            Some("timestamp_refused")
        );
        assert!(letter.header("dateline.error.timestamp_ms").is_some());
    }
}

#[test]
fn a_tombstone_without_a_key_is_refused_by_a_compacted_topic_and_its_neighbours_pass() {
    for delivery in ["exactly-once", "at-least-once"] {
        let mut topics = Topics::create("compacted", 1);
        topics.output.push_str("-compacted");
        create(&topics.output, 1, &[("cleanup.policy", "compact")]);
        let mut records = articles(9);
        records[4].key = None;
        records[4].value = None;
        records[4].headers = vec![("why".to_owned(), Some(b"deleted".to_vec()))];
        // Without a key, and not refused: its key becomes the id.
        records[6].key = None;
        produce(&topics.input, &records);
        let kafka = format!("delivery = \"{delivery}\"\n");
        let settings = Settings {
            kafka: &kafka,
            ..Settings::default()
        };
        let worker = Worker::start(&topics, settings);
        let (output, dead) = await_outcomes(&topics, records.len());
        assert_eq!(worker.terminate(), 0, "{delivery}");
        // At least once: what travelled with the refused record may be there twice.
        assert_eq!((occurrences(&output).len(), dead.len()), (8, 1), "{delivery}");
        assert!(delivery == "at-least-once" || output.len() == 8, "{delivery}");
        let code = dead[0].header("dateline.error.code");
        assert_eq!(code.as_deref(), Some("record_refused"), "{delivery}");
        let stage = dead[0].header("__connect.errors.stage");
        assert_eq!(stage.as_deref(), Some("TASK_PUT"), "{delivery}");
        assert_eq!((&dead[0].key, &dead[0].value), (&None, &None), "{delivery}");
        assert_eq!(dead[0].headers[..1], records[4].headers, "{delivery}");
        assert_eq!(dead[0].timestamp_ms, records[4].timestamp_ms, "{delivery}");
    }
}

/// Topics whose input takes any timestamp, and whose output only those up to an hour ahead.
fn topics_of_any_time(test: &str, partitions: i32) -> Topics {
    let topics = Topics::create(test, partitions);
    let input = format!("{}-any", topics.input);
    let any = [
        ("message.timestamp.after.max.ms", "9223372036854775807"),
        ("retention.ms", "-1"),
    ];
    create(&input, partitions, &any);
    Topics { input, ..topics }
}

/// Two hours ahead.
fn ahead_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap().as_millis()).unwrap() + 7_200_000
}

#[test]
fn many_refused_records_cost_few_transactions() {
    let topics = topics_of_any_time("refused-many", 4);
    let count = 900;
    let mut records = articles(count);
    // Every third, so that each has neighbours that are fine; and a run, so that some batches have none.
    let refused: Vec<usize> = (0..count).filter(|n| n % 3 == 0 || *n > 600).collect();
    for n in &refused {
        records[*n].timestamp_ms = Some(ahead_ms() + i64::try_from(*n).unwrap());
    }
    produce(&topics.input, &records);
    let settings = Settings {
        rest: "[dead_letters]\nrun_length_max = 0\nshare_max = 1.0\n",
        ..Settings::default()
    };
    let worker = Worker::start(&topics, settings);
    let (output, dead) = await_outcomes(&topics, count);
    let aborted = worker
        .metric("dateline_transactions_total{result=\"aborted\"}")
        .unwrap();
    let batches = worker
        .metric("dateline_transactions_total{result=\"committed\"}")
        .unwrap();
    eprintln!(
        "{} refused records: {aborted} transactions aborted, {batches} committed",
        refused.len()
    );
    assert_eq!(worker.terminate(), 0);
    assert_eq!((output.len(), dead.len()), (count - refused.len(), refused.len()));
    let code = |letter: &Whole| letter.header("dateline.error.code");
    assert!(
        dead.iter()
            .all(|letter| code(letter).as_deref() == Some("timestamp_refused"))
    );
    assert!(aborted <= 8.0 * batches, "a transaction a record");
}

#[test]
fn refused_records_count_towards_the_limit_before_the_batch_counts() {
    for delivery in ["exactly-once", "at-least-once"] {
        let topics = topics_of_any_time("refused-limit", 1);
        let mut records = articles(60);
        for record in &mut records[20..] {
            record.timestamp_ms = Some(ahead_ms());
        }
        records[3].value = Some(b"{ not json".to_vec());
        produce(&topics.input, &records);
        let kafka = format!("delivery = \"{delivery}\"\n");
        let settings = Settings {
            kafka: &kafka,
            rest: "[dead_letters]\nrun_length_max = 30\n",
            arguments: &[],
        };
        for _ in 0..2 {
            assert_eq!(Worker::start(&topics, settings).wait(), 76, "{delivery}");
            assert!(
                read_all(&topics.dead).is_empty(),
                "{delivery}: a dead letter is written"
            );
            assert_eq!(committed_sum(&topics.group, &topics.input), 0, "{delivery}");
        }
    }
}

#[test]
fn records_too_large_since_the_topic_takes_less_become_dead_letters() {
    let topics = Topics::create("shrunk", 1);
    let settings = Settings {
        kafka: "compression = \"none\"\n",
        rest: "[dead_letters]\nrun_length_max = 0\nshare_max = 1.0\n",
        arguments: &[],
    };
    let mut worker = Worker::start(&topics, settings);
    worker.await_ready();
    alter(
        &topics.output,
        &[("max.message.bytes", "20000"), ("retention.ms", "-1")],
    );
    let count = 60;
    let mut records = articles(count);
    for (n, record) in records.iter_mut().enumerate() {
        // Every fourth is too large, each by another size.
        let words = if n % 4 == 0 { 5_000 + 17 * n } else { 10 };
        let body = "word ".repeat(words);
        record.value = Some(
            serde_json::json!({ "title": n.to_string(), "body": body })
                .to_string()
                .into(),
        );
    }
    produce(&topics.input, &records);
    let (output, dead) = await_outcomes(&topics, count);
    let aborted = worker
        .metric("dateline_transactions_total{result=\"aborted\"}")
        .unwrap();
    eprintln!("{} records too large: {aborted} transactions aborted", dead.len());
    assert_eq!(worker.terminate(), 0);
    assert_eq!((output.len(), dead.len()), (45, 15));
    let code = |letter: &Whole| letter.header("dateline.error.code");
    assert!(
        dead.iter()
            .all(|letter| code(letter).as_deref() == Some("output_too_large"))
    );
}
