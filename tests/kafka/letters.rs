//! Dead letters and fidelity: what was received is kept byte for byte.

use sha2::Digest;
use sha2::Sha256;

use super::cluster::Topics;
use super::cluster::Whole;
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
        (
            "not_utf8",
            b"PARIS, July 6 (Agency) -- \xff\x81\x8d society".to_vec(),
        ),
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
    worker.signal("TERM");
    let (exit, log) = worker.wait_with_log();
    assert_eq!(exit, 0);
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
        assert_eq!(told(&log, &code), 1, "{code}: log line");
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

/// No JSON, of so many bytes; with a key and a header of so many.
fn broken(name: &str, value: usize, key: usize, header: usize) -> Whole {
    let mut record = Whole::new(&format!("{name}{}", "k".repeat(key)), "");
    record.value = Some(format!("{{ not json {name} {}", "v".repeat(value)).into_bytes());
    record.headers = vec![
        ("large".to_owned(), Some(vec![0xFF; header])),
        ("null".to_owned(), None),
    ];
    record
}

#[test]
fn a_letter_that_its_topic_cannot_hold_is_cut_and_says_so() {
    let mut topics = Topics::create("cut", 1);
    topics.dead.push_str("-small");
    let small = [("max.message.bytes", "8192"), ("retention.ms", "-1")];
    create(&topics.dead, 1, &small);
    let mut records = vec![
        broken("whole", 500, 0, 10),
        broken("headers", 20_000, 0, 10_000),
        broken("key", 20_000, 10_000, 10_000),
    ];
    records.extend((0..30).map(|n| broken(&format!("value{n}"), 20_000 + n, 0, 10)));
    produce(&topics.input, &records);
    let settings = Settings {
        kafka: "compression = \"none\"\n",
        rest: "[dead_letters]\nrun_length_max = 0\nshare_max = 1.0\n",
        arguments: &[],
    };
    let worker = Worker::start(&topics, settings);
    let (output, dead) = await_outcomes(&topics, records.len());
    assert_eq!((output.len(), dead.len()), (0, records.len()));
    for (letter, original) in dead.iter().zip(&records) {
        assert_cut(letter, original);
    }
    let aborted = worker.metric("dateline_transactions_total{result=\"aborted\"}");
    assert_eq!(aborted, Some(0.0), "a letter was too large after all");
    // It goes on as if nothing had been.
    produce(&topics.input, &[article(1)]);
    await_outcomes(&topics, records.len() + 1);
    assert!(matches!(worker.get("/readyz"), Some((200, _))));
    worker.signal("TERM");
    let (exit, log) = worker.wait_with_log();
    assert_eq!(exit, 0);
    assert_eq!(
        told(&log, "invalid_json"),
        records.len(),
        "each is told of, or counted as held back"
    );
}

/// The value first, then all headers, then the key: only what has to go.
fn assert_cut(letter: &Whole, original: &Whole) {
    let name = String::from_utf8_lossy(&original.key.as_ref().unwrap()[..5]).into_owned();
    let (value, key) = (original.value.as_ref().unwrap(), original.key.as_ref().unwrap());
    let [has_value, has_headers, has_key] = match name.as_str() {
        "whole" => [true, true, true],
        "value" => [false, true, true],
        "heade" => [false, false, true],
        _ => [false, false, false],
    };
    let number = |header: &str| letter.header(header).map(|text| text.parse::<usize>().unwrap());
    let (kept, kept_key) = (letter.value.as_ref().unwrap(), letter.key.as_ref().unwrap());
    assert!(value.starts_with(kept) && key.starts_with(kept_key), "{name}");
    assert_eq!([kept == value, kept_key == key], [has_value, has_key], "{name}");
    let sha256 = letter.header("dateline.truncated.sha256");
    assert_eq!(
        sha256,
        (!has_value).then(|| hex(&Sha256::digest(value))),
        "{name}"
    );
    assert_eq!(
        number("dateline.truncated.bytes"),
        (!has_value).then_some(value.len()),
        "{name}"
    );
    assert_eq!(
        number("dateline.truncated.headers"),
        (!has_headers).then_some(2),
        "{name}"
    );
    assert_eq!(
        number("dateline.truncated.key.bytes"),
        (!has_key).then_some(key.len()),
        "{name}"
    );
    assert_eq!(
        letter.headers.starts_with(&original.headers),
        has_headers,
        "{name}"
    );
    if name == "value" {
        assert!(
            kept.len() > 6_000,
            "more was cut than had to be: {} are left",
            kept.len()
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Rejections of this code that the log tells of: a line each, or held back and counted in another line.
fn told(log: &str, code: &str) -> usize {
    let lines = log
        .lines()
        .filter(|line| line.contains(&format!("code=\"{code}\"")));
    lines
        .map(|line| {
            let (_, rest) = line.split_once("suppressed=").unwrap();
            let suppressed: usize = rest.split(' ').next().unwrap().parse().unwrap();
            suppressed + usize::from(line.contains("offset="))
        })
        .sum()
}

#[test]
fn a_restart_goes_on_counting_where_the_last_commit_was() {
    for delivery in ["exactly-once", "at-least-once"] {
        let topics = Topics::create("limit-restart", 1);
        let mut records = articles(7);
        records.extend((0..100).map(|n| Whole::new(&format!("b{n}"), "{ not json")));
        produce(&topics.input, &records);
        let kafka = format!("delivery = \"{delivery}\"\n");
        let settings = Settings {
            kafka: &kafka,
            rest: "[worker]\nbatch_records_max = 10\n[dead_letters]\nrun_length_max = 25\n",
            arguments: &[],
        };
        // Batches end at 10, 20 and 30; the last has the run's 23 and the two that trip the limit are in the next.
        for _ in 0..3 {
            assert_eq!(Worker::start(&topics, settings).wait(), 76, "{delivery}");
            assert_eq!(committed_sum(&topics.group, &topics.input), 30, "{delivery}");
        }
    }
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
