//! Dead letters come back, each once, whatever happens to whoever sends them.

use std::collections::BTreeMap;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::BaseProducer;
use rdkafka::producer::BaseRecord;
use rdkafka::producer::Producer;

use super::cluster::DEADLINE;
use super::cluster::Topics;
use super::cluster::Whole;
use super::cluster::bootstrap;
use super::cluster::create;
use super::cluster::occurrences;
use super::cluster::produce;
use super::cluster::read_all;
use super::delivery::article;
use super::oracle::Dice;
use super::worker::Settings;
use super::worker::Worker;
use super::worker::configuration;

const LENIENT: &str =
    "[dead_letters]\nrun_length_max = 0\nshare_max = 1.0\n[enrich]\ntopics = false\nkeywords = false\n";

/// Runs the worker over all that is in the input topic.
fn work(topics: &Topics, kafka: &str) {
    let settings = Settings {
        kafka,
        rest: LENIENT,
        arguments: &["--until-end"],
    };
    assert_eq!(Worker::start(topics, settings).wait(), 0);
}

/// The command `dateline dead-letters`, with the configuration of the worker of these topics.
fn command(topics: &Topics, kafka: &str, arguments: &[&str]) -> (tempfile::TempDir, Command) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dateline.toml");
    std::fs::write(&file, configuration(topics, kafka, LENIENT)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dateline"));
    command
        .arg("dead-letters")
        .args(arguments)
        .arg("--config")
        .arg(&file)
        .stdin(Stdio::null());
    (directory, command)
}

fn run(topics: &Topics, kafka: &str, arguments: &[&str]) -> (i32, String, String) {
    let (_directory, mut command) = command(topics, kafka, arguments);
    let done = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        done.status.code().unwrap_or(-1),
        text(&done.stdout),
        text(&done.stderr),
    )
}

/// The row of a replay's table: sent, sent before, cut, too often, not ours, refused.
fn row(table: &str, code: &str) -> Vec<u64> {
    let line = table
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{code}\t")));
    line.unwrap_or_else(|| panic!("no row {code} in {table:?}"))
        .split('\t')
        .map(|n| n.parse().unwrap())
        .collect()
}

fn broken(n: usize) -> Whole {
    let mut record = Whole::new(&format!("b{n:05}"), format!("{{ not json {n}"));
    record.timestamp_ms = Some(1_700_000_000_000 + i64::try_from(n).unwrap());
    record.headers = vec![("x".to_owned(), Some(vec![0, 255])), ("x".to_owned(), None)];
    record
}

#[test]
fn letters_are_listed_shown_and_sent_again_as_they_came() {
    let topics = Topics::create("again", 2);
    let mut input = vec![article(1), broken(0), broken(1), Whole::new("empty", "")];
    input[3].key = None;
    produce(&topics.input, &input);
    work(&topics, "");
    let (code, listed, told) = run(&topics, "", &["list"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(told.contains("3 letters: 1 empty, 2 invalid_json"), "{told}");
    let line = listed.lines().find(|line| line.contains("b00001")).unwrap();
    assert!(
        line.contains("invalid_json\twaiting") && line.contains(&topics.input),
        "{line}"
    );
    let place = line.split('\t').next().unwrap();
    let (_, value, _) = run(&topics, "", &["show", place, "--value"]);
    assert_eq!(value, "{ not json 1");
    let (_, whole, _) = run(&topics, "", &["show", place]);
    assert!(
        whole.contains("code: invalid_json") && whole.contains("replays: 0"),
        "{whole}"
    );
    assert_eq!(run(&topics, "", &["show", "0@99999"]).0, 1);

    let (code, table, told) = run(&topics, "", &["replay", "--dry-run"]);
    assert_eq!((code, row(&table, "all")), (0, vec![3, 0, 0, 0, 0, 0]), "{told}");
    assert_eq!(read_all(&topics.input).len(), 4, "a dry run sends nothing");
    let (_, table, _) = run(&topics, "", &["replay", "--code", "invalid_json", "--max", "1"]);
    assert_eq!(row(&table, "all")[0], 1);
    let (code, table, told) = run(&topics, "", &["replay"]);
    assert_eq!((code, row(&table, "all")), (0, vec![2, 1, 0, 0, 0, 0]), "{told}");
    let (_, table, _) = run(&topics, "", &["replay"]);
    assert_eq!(row(&table, "all"), [0, 3, 0, 0, 0, 0]);
    assert!(
        run(&topics, "", &["list"])
            .1
            .lines()
            .all(|line| line.contains("\tsent-again\t"))
    );

    let all = read_all(&topics.input);
    assert_eq!(all.len(), 7);
    for original in &input[1..] {
        let (first, again): (Vec<_>, Vec<_>) = all
            .iter()
            .filter(|record| record.value == original.value)
            .partition(|record| record.header("dateline.replay.count").is_none());
        let ([first], [again]) = (first.as_slice(), again.as_slice()) else {
            panic!("{} and {}", first.len(), again.len())
        };
        assert_eq!((&again.key, again.partition), (&original.key, first.partition));
        assert_eq!(again.timestamp_ms, first.timestamp_ms);
        let (count, theirs) = again.headers.split_last().unwrap();
        assert_eq!(theirs, original.headers);
        assert_eq!(count.1.as_deref(), Some(&b"1"[..]));
    }
}

#[test]
fn a_letter_that_comes_back_too_often_or_cut_or_from_elsewhere_is_not_sent() {
    let mut topics = Topics::create("guard", 1);
    topics.dead.push_str("-small");
    create(
        &topics.dead,
        1,
        &[("max.message.bytes", "4096"), ("retention.ms", "-1")],
    );
    let kafka = "compression = \"none\"\n";
    let mut large = broken(7);
    large.value = Some(format!("{{ not json {}", "v".repeat(9_000)).into_bytes());
    produce(&topics.input, &[broken(0), large]);
    for round in 0..3 {
        work(&topics, kafka);
        let (code, table, told) = run(&topics, kafka, &["replay", "--replays-max", "2"]);
        let (sent, too_often) = if round < 2 { (1, 0) } else { (0, 1) };
        assert_eq!(
            row(&table, "all"),
            [sent, round.min(2), 1, too_often, 0, 0],
            "round {round}: {told}"
        );
        assert_eq!(code, 2, "what cannot be sent is told");
    }
    assert_eq!(read_all(&topics.input).len(), 2 + 2);
    // Of another configuration's input: only to where it is told.
    let elsewhere = Topics::create("guard-other", 1);
    let other = Topics {
        dead: topics.dead.clone(),
        ..elsewhere
    };
    let (code, table, _) = run(&other, kafka, &["replay", "--replays-max", "9"]);
    assert_eq!((code, row(&table, "all")), (2, vec![0, 2, 1, 0, 1, 0]));
    let (_, table, _) = run(
        &other,
        kafka,
        &["replay", "--replays-max", "9", "--to", &other.input],
    );
    assert_eq!(row(&table, "all"), [1, 2, 1, 0, 0, 0]);
    assert_eq!(read_all(&other.input).len(), 1);
    for refused in [&other.output, &other.dead] {
        assert_eq!(run(&other, kafka, &["replay", "--to", refused]).0, 1, "{refused}");
    }
}

#[test]
fn a_replay_killed_in_its_midst_goes_on_and_sends_each_once() {
    let topics = Topics::create("again-kill", 3);
    let count = 3_000;
    produce(&topics.input, &(0..count).map(broken).collect::<Vec<_>>());
    work(&topics, "");
    let mut dice = Dice::seeded();
    let mut in_the_midst = 0;
    let sent = |topics: &Topics| read_all(&topics.input).len() - count;
    for _ in 0..6 {
        let before = sent(&topics);
        let (_directory, mut command) = command(&topics, "", &["replay", "--batch-records", "2"]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let deadline = std::time::Instant::now() + DEADLINE;
        while sent(&topics) == before && child.try_wait().unwrap().is_none() {
            assert!(std::time::Instant::now() < deadline, "nothing is sent");
        }
        dice.wait(40);
        child.kill().unwrap();
        child.wait().unwrap();
        in_the_midst += usize::from((1..count).contains(&sent(&topics)));
    }
    eprintln!(
        "{in_the_midst} of 6 kills hit a replay in its midst; {} sent by then",
        sent(&topics)
    );
    assert!(
        in_the_midst > 0,
        "no kill hit a replay in its midst: this run proves nothing"
    );
    let (code, table, told) = run(&topics, "", &["replay"]);
    assert_eq!(code, 0, "{told}");
    let row = row(&table, "all");
    assert_eq!(row[0] + row[1], count as u64, "{table}");
    let twice = occurrences(&read_all(&topics.input));
    let wrong: BTreeMap<_, _> = twice.iter().filter(|(_, n)| **n != 2).collect();
    assert!(wrong.is_empty() && twice.len() == count, "{wrong:?}");
}

#[test]
fn notes_behind_an_open_transaction_are_waited_for() {
    let topics = Topics::create("again-open", 1);
    produce(&topics.input, &(0..20).map(broken).collect::<Vec<_>>());
    work(&topics, "");
    let kafka = "transaction_timeout_ms = 1000\nrequest_timeout_ms = 2000\n";
    let other: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap())
        .set("transactional.id", &topics.group)
        .create()
        .unwrap();
    other.init_transactions(DEADLINE).unwrap();
    other.begin_transaction().unwrap();
    other
        .send(
            BaseRecord::<str, str>::to(&topics.dead)
                .payload("not ours")
                .key("k"),
        )
        .ok()
        .unwrap();
    other.flush(DEADLINE).unwrap();
    let (code, _, told) = run(&topics, kafka, &["replay"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("a transaction that is not decided"), "{told}");
    // It is decided while the next one waits.
    let decide = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        other.abort_transaction(DEADLINE).unwrap();
    });
    let (code, table, told) = run(&topics, kafka, &["replay"]);
    decide.join().unwrap();
    assert_eq!((code, row(&table, "all")[0]), (0, 20), "{told}");
}
