//! Dead letters and fidelity: what was received is kept byte for byte.

use super::cluster::Topics;
use super::cluster::Whole;
use super::cluster::alter;
use super::cluster::await_outcomes;
use super::cluster::committed_sum;
use super::cluster::create;
use super::cluster::produce;
use super::cluster::read_all;
use super::delivery::article;
use super::delivery::articles;
use super::worker::Settings;
use super::worker::Worker;

/// A payload for each code that a payload alone can reach.
fn poison() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", Vec::new()),
        ("too_large", vec![b'a'; 70_000]),
        ("not_utf8", b"PARIS, July 6 (Agency) -- caf\xe9 society".to_vec()),
        ("invalid_json", b"{\"headline\": \"x\", ".to_vec()),
        (
            "too_deep",
            [b"{\"a\":".repeat(400), b"1".to_vec(), b"}".repeat(400)].concat(),
        ),
        ("wrong_type", b"{\"headline\": 7, \"body\": \"text\"}".to_vec()),
        ("no_content", b"{\"id\": \"only-an-id\"}".to_vec()),
        (
            "several_articles",
            br#"[{"headline":"a","body":"b"},{"headline":"c","body":"d"}]"#.to_vec(),
        ),
        ("unsupported_form", b"%PDF-1.7 binary".to_vec()),
    ]
}

#[test]
fn every_rejection_is_a_dead_letter_with_the_original_untouched() {
    let topics = Topics::create("letters", 1);
    let mut input = Vec::new();
    for (code, payload) in poison() {
        let mut record = Whole::new(code, payload);
        record.timestamp_ms = Some(1_700_000_000_123);
        record.headers = vec![
            ("x".to_owned(), Some(b"1".to_vec())),
            ("x".to_owned(), None),
            ("bytes".to_owned(), Some(vec![0, 255, 7])),
            ("ce_id".to_owned(), Some(b"theirs".to_vec())),
        ];
        input.push(record);
    }
    let mut tombstone = Whole::new("tombstone", "");
    tombstone.value = None;
    input.push(tombstone);
    input.push(article(1));
    produce(&topics.input, &input);
    let rest = "[input]\ntombstones = \"dead_letter\"\npayload_bytes_max = 65536\n[dead_letters]\nrun_length_max = 0\n";
    let worker = Worker::start(
        &topics,
        Settings {
            kafka: "",
            rest,
            arguments: &[],
        },
    );
    let (output, dead) = await_outcomes(&topics, input.len());
    assert_eq!(worker.terminate(), 0);
    assert_eq!(output.len(), 1, "only the good article is enriched");
    assert_eq!(dead.len(), input.len() - 1);
    for letter in &dead {
        let code = String::from_utf8(letter.key.clone().unwrap()).unwrap();
        let original = input.iter().find(|r| r.key == letter.key).unwrap();
        assert_eq!(
            letter.header("dateline.error.code").as_deref(),
            Some(code.as_str())
        );
        assert_eq!(letter.value, original.value, "{code}: value");
        assert_eq!(
            letter.headers[..original.headers.len()],
            original.headers,
            "{code}: headers"
        );
        assert_eq!(
            letter.header("__connect.errors.topic"),
            Some(topics.input.clone())
        );
        assert!(
            letter
                .header("__connect.errors.exception.message")
                .is_some_and(|m| !m.is_empty()),
            "{code}"
        );
        if original.timestamp_ms.is_some() {
            assert_eq!(letter.timestamp_ms, original.timestamp_ms, "{code}: timestamp");
        }
    }
}

#[test]
fn key_headers_timestamp_and_trace_context_pass_through() {
    let topics = Topics::create("fidelity", 4);
    let mut record = article(7);
    record.key = Some(vec![0, 1, 254, 255]);
    record.headers = vec![
        (
            "traceparent".to_owned(),
            Some(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_vec()),
        ),
        ("dup".to_owned(), Some(b"1".to_vec())),
        ("dup".to_owned(), Some(b"2".to_vec())),
        ("null".to_owned(), None),
        ("empty".to_owned(), Some(Vec::new())),
        ("ce_id".to_owned(), Some(b"theirs".to_vec())),
    ];
    let mut keyless = article(8);
    keyless.key = None;
    let mut tombstone = Whole::new("gone", "");
    tombstone.value = None;
    tombstone.headers = vec![("why".to_owned(), Some(b"deleted".to_vec()))];
    produce(&topics.input, &[record.clone(), keyless, tombstone.clone()]);
    let worker = Worker::start(&topics, Settings::default());
    let (output, dead) = await_outcomes(&topics, 3);
    assert_eq!(worker.terminate(), 0);
    assert!(dead.is_empty());
    let same = output.iter().find(|r| r.key == record.key).unwrap();
    assert_eq!(same.timestamp_ms, record.timestamp_ms);
    assert_eq!(
        same.headers[..5],
        record.headers[..5],
        "order, doubles, nulls and trace context are kept"
    );
    assert_eq!(same.header("ce_specversion").as_deref(), Some("1.0"));
    assert!(
        same.headers
            .iter()
            .filter(|(n, _)| n == "ce_id")
            .all(|(_, v)| v.as_deref() != Some(b"theirs"))
    );
    assert_eq!(same.json()["id"], "a000007");
    let by_id = output
        .iter()
        .find(|r| r.key.as_deref() == Some(b"a000008"))
        .expect("a null key becomes the id");
    assert_eq!(by_id.json()["id"], "a000008");
    let gone = output.iter().find(|r| r.key == tombstone.key).unwrap();
    assert_eq!((&gone.value, &gone.headers), (&None, &tombstone.headers));
}

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
        let words = if n % 4 == 0 { 3_000 + 17 * n } else { 10 };
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

#[test]
fn too_many_dead_letters_stop_the_worker_before_the_batch_counts() {
    let topics = Topics::create("limit", 1);
    let broken: Vec<Whole> = (0..200)
        .map(|n| Whole::new(&format!("b{n}"), "{ not json"))
        .collect();
    produce(&topics.input, &broken);
    let rest = "[dead_letters]\nrun_length_max = 50\n";
    let settings = Settings {
        kafka: "",
        rest,
        arguments: &[],
    };
    for _ in 0..2 {
        assert_eq!(
            Worker::start(&topics, settings).wait(),
            76,
            "a restart meets the same batch and stops again"
        );
        assert!(
            read_all(&topics.dead).is_empty(),
            "nothing of the batch is written"
        );
        assert_eq!(committed_sum(&topics.group, &topics.input), 0);
    }
}
