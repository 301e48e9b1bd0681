//! The commands as a user meets them: exit codes, standard output, standard error. Needs no Kafka.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

pub(super) fn dateline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dateline"));
    command.args(arguments).env_clear();
    command
}

fn run(arguments: &[&str], input: &str) -> Output {
    let mut command = dateline(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // Commands that read nothing close the pipe early.
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()).ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

pub(super) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(super) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(super) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn ids(output: &Output) -> Vec<String> {
    let records = stdout(output)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    records
        .map(|record| record["id"].as_str().unwrap().to_owned())
        .collect()
}

pub(super) fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn article(id: impl std::fmt::Display) -> String {
    format!(
        r#"{{"id": "{id}", "title": "Rain in Paris", "body": "PARIS, July 6 (Agency) -- It rained in France on Thursday."}}"#
    )
}

#[test]
fn the_command_line_has_one_table_of_exit_codes() {
    for (arguments, expected) in [
        (&["--help"][..], 0),
        (&["help", "enrich"], 0),
        (&["--version"], 0),
        (&[], 64),
        (&["no-such-command"], 64),
        (&["enrich", "--jobs", "many"], 64),
        (&["schema", "poem"], 64),
        (&["run"], 64),
        (&["check", "--config", "/nowhere/dateline.toml"], 78),
        (&["enrich", "/nowhere/article.json"], 1),
    ] {
        assert_eq!(code(&run(arguments, "")), expected, "{arguments:?}");
    }
    let help = run(&["--help"], "");
    for row in [
        "   0  done",
        "  64  wrong command line",
        "  76  run: the dead-letter limit",
        "  78  wrong configuration",
    ] {
        assert!(stdout(&help).contains(row), "{row}");
    }
}

#[test]
fn articles_of_every_shape_become_records() {
    for (arguments, input, records) in [
        (&["enrich"][..], article(1), 1),
        (&["enrich", "-"], format!("{}\n\n{}\n", article(1), article(2)), 2),
        (&["enrich"], format!("[{},\n{}]", article(1), article(2)), 2),
        (
            &["enrich"],
            "{\n\"title\": \"Rain\",\n\"body\": \"It rained.\"\n}".to_owned(),
            1,
        ),
        (
            &["enrich"],
            " PARIS, July 6 (Agency) -- It rained.\n\nAgain.\n".to_owned(),
            1,
        ),
        (
            &["enrich", "--form", "wire"],
            "PARIS (Agency) - One.\n\nTwo.".to_owned(),
            1,
        ),
        (
            &["enrich", "--form", "ninjs"],
            r#"{"uri": "urn:x:1", "headline": "Rain", "body_text": "It rained."}"#.to_owned(),
            1,
        ),
    ] {
        let output = run(arguments, &input);
        assert_eq!(
            (code(&output), ids(&output).len()),
            (0, records),
            "{input}: {}",
            stderr(&output)
        );
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn files_of_every_form_become_the_records_seen_in_review() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files: Vec<_> = fs::read_dir(root.join("forms"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let names: Vec<_> = files.iter().map(|file| file.to_str().unwrap()).collect();
    let output = run(&[&["enrich"], &names[..]].concat(), "");
    assert_eq!((code(&output), stderr(&output)), (0, ""));
    let records: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(records.len(), files.len());
    for (file, record) in files.iter().zip(records) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let seen = fs::read_to_string(root.join(format!("suite/snapshots/forms/{name}.snap"))).unwrap();
        let mut seen: Value = serde_json::from_str(&seen[seen.find("\n{\n").unwrap()..]).unwrap();
        let mut record: Value = serde_json::from_str(record).unwrap();
        for record in [&mut seen, &mut record] {
            record["provenance"] = record["provenance"]["input_form"].take();
            // Of the payload's bytes, which a file has without the blanks around them.
            record["content_sha256"].take();
        }
        assert_eq!(record, seen, "{name}");
    }
}

#[test]
fn records_of_files_have_no_kafka_source() {
    let output = run(&["enrich"], &article(1));
    let record: Value = serde_json::from_str(stdout(&output)).unwrap();
    let provenance = record["provenance"].as_object().unwrap();
    assert!(provenance.contains_key("processed_at"), "{provenance:?}");
    assert!(!provenance.contains_key("source"), "{provenance:?}");
}

#[test]
fn records_come_in_input_order_whatever_the_jobs() {
    let folder = TempDir::new().unwrap();
    let lines: Vec<String> = (0..500).map(article).collect();
    let first = file(&folder, "first.jsonl", &lines.join("\n"));
    let second = file(&folder, "second.json", &article("last"));
    let expected: Vec<String> = (0..500)
        .map(|n| n.to_string())
        .chain(["last".to_owned()])
        .collect();
    for jobs in ["1", "2", "7", "0"] {
        assert_eq!(
            ids(&run(&["enrich", "--jobs", jobs, &first, &second], "")),
            expected,
            "--jobs {jobs}"
        );
    }
}

#[test]
fn each_rejection_is_one_line_with_its_place() {
    let folder = TempDir::new().unwrap();
    let lines = file(
        &folder,
        "lines.jsonl",
        &format!("{}\n{{\"title\": \n\n{{}}\n{}", article(1), article(2)),
    );
    let array = file(
        &folder,
        "array.json",
        &format!("[{},\n\n{{\"title\": 1.5}},\n{}]", article(3), article(4)),
    );
    let output = run(&["enrich", &lines, &array], "");
    assert_eq!(code(&output), 2);
    assert_eq!(ids(&output), ["1", "2", "3", "4"]);
    let told: Vec<&str> = stderr(&output).lines().collect();
    assert_eq!(told.len(), 3, "{told:?}");
    for (line, start) in told.iter().zip([
        format!("{lines}:2: invalid_json: "),
        format!("{lines}:4: no_content: "),
        format!("{array}:3: wrong_type: "),
    ]) {
        assert!(line.starts_with(&start), "{line} does not start with {start}");
    }
}

#[test]
fn a_file_that_cannot_be_read_does_not_stop_the_others() {
    let output = run(&["enrich", "/nowhere/a.json", "-"], &article(1));
    assert_eq!((code(&output), ids(&output).len()), (1, 1));
    assert!(
        stderr(&output).starts_with("dateline: /nowhere/a.json: "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_line_larger_than_the_limit_is_rejected_and_the_next_is_read() {
    let folder = TempDir::new().unwrap();
    let config = file(&folder, "dateline.toml", "[input]\npayload_bytes_max = 1024\n");
    let long = format!(r#"{{"id": "long", "body": "{}"}}"#, "x".repeat(100_000));
    let output = run(
        &["enrich", "--config", &config],
        &[article(1), long, article(2)].join("\n"),
    );
    assert_eq!(
        (code(&output), ids(&output)),
        (2, vec!["1".to_owned(), "2".to_owned()])
    );
    assert!(
        stderr(&output).starts_with("-:2: too_large: "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn pretty_is_the_same_record_on_many_lines() {
    let plain: Value = serde_json::from_str(stdout(&run(&["enrich"], &article(1)))).unwrap();
    let pretty = run(&["enrich", "--pretty"], &article(1));
    assert!(stdout(&pretty).lines().count() > 20);
    let mut pretty: Value = serde_json::from_str(stdout(&pretty)).unwrap();
    pretty["provenance"]["processed_at"] = plain["provenance"]["processed_at"].clone();
    assert_eq!(pretty, plain);
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let lines: Vec<String> = (0..2_000).map(article).collect();
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "articles.jsonl", &lines.join("\n"));
    let mut child = dateline(&["enrich", &path])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), stderr(&output)), (0, ""));
}

#[test]
fn check_tells_all_problems_at_once() {
    let folder = TempDir::new().unwrap();
    let text = "[kafka]\ngrop_id = 'x'\ndelivery = 'maybe'\noutput_topic = 'articles.raw'\n\
                [kafka.librdkafka]\nenable.auto.commit = true\n[worker]\nthreads = -1\n\
                [[enrichers]]\nname = 'desk'\nurl = 'ftp://desk'\n";
    let output = run(&["check", "--config", &file(&folder, "dateline.toml", text)], "");
    assert_eq!((code(&output), stdout(&output)), (78, ""));
    for key in [
        "kafka.grop_id: ",
        "kafka.delivery: ",
        "kafka.input_topics: ",
        "kafka.librdkafka.enable.auto.commit: ",
        "worker.threads: ",
        "enrichers.1.url: ",
    ] {
        assert_eq!(
            stderr(&output)
                .lines()
                .filter(|line| line.starts_with(key))
                .count(),
            1,
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(stderr(&output).lines().count(), 6, "{}", stderr(&output));
}

#[test]
fn check_reads_the_files_that_the_configuration_names() {
    let folder = TempDir::new().unwrap();
    let vocabulary = file(&folder, "vocabulary.json", "[]");
    let own = "[[topic]]\ncode = 'a:1'\nname = 'Cup'\nphrases = ['one two three four five']\n";
    let own = file(&folder, "own.toml", own);
    let token = file(&folder, "token", "short\n");
    let text = format!(
        "[topics]\nvocabulary_file = '{vocabulary}'\nvocabulary_version = '1'\nown_topics_file = '{own}'\n\
         [admin]\ntoken_file = '{token}'\n"
    );
    let output = run(&["check", "--config", &file(&folder, "dateline.toml", &text)], "");
    assert_eq!((code(&output), stdout(&output)), (78, ""));
    for start in [
        "topics.vocabulary_file: not a Media Topics vocabulary: ",
        "topics.own_topics_file: topic \"a:1\": a phrase has 1 to 4 words",
        "admin.token_file: expected one line of at least 16 ",
    ] {
        assert!(
            stderr(&output).lines().any(|line| line.starts_with(start)),
            "{start} is not in {}",
            stderr(&output)
        );
    }
    assert_eq!(stderr(&output).lines().count(), 3, "{}", stderr(&output));
}

#[test]
fn check_prints_what_is_in_effect_without_secrets() {
    let folder = TempDir::new().unwrap();
    let text = "[kafka]\ngroup_id = 'from-file'\n[kafka.security]\nprotocol = 'sasl_ssl'\n\
                sasl_mechanism = 'PLAIN'\nusername = 'u'\n";
    let config = file(&folder, "dateline.toml", text);
    let output = dateline(&["check", "--config", &config])
        .env("DATELINE__KAFKA__SECURITY__PASSWORD", "hunter2")
        .env("DATELINE__KAFKA__OUTPUT_TOPIC", "from-environment")
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for line in [
        "group_id = \"from-file\"",
        "output_topic = \"from-environment\"",
        "password = \"***\"",
    ] {
        assert!(
            stdout(&output).lines().any(|l| l == line),
            "{line} is not in {}",
            stdout(&output)
        );
    }
    assert!(!format!("{output:?}").contains("hunter2"));
}

#[test]
fn schemas_are_valid_and_hold() {
    let validator = |of: &str| {
        let output = run(&["schema", of], "");
        assert_eq!(code(&output), 0);
        let schema: Value = serde_json::from_str(stdout(&output)).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{of}");
        jsonschema::validator_for(&schema).unwrap()
    };
    let record: Value = serde_json::from_str(stdout(&run(&["enrich"], &article(1)))).unwrap();
    assert!(validator("record").is_valid(&record), "{record}");
    assert!(!validator("record").is_valid(&serde_json::json!({})));
    assert!(validator("input").is_valid(&serde_json::from_str(&article(1)).unwrap()));
    assert!(!validator("config").is_valid(&serde_json::json!({ "kafka": 1 })));
}

#[test]
fn health_asks_a_running_worker() {
    for (answer, arguments, path, expected) in [
        ("HTTP/1.0 200 OK\r\n\r\nready", &[][..], "/readyz", 0),
        ("HTTP/1.1 200 OK\r\n\r\nlive", &["--live"], "/livez", 0),
        (
            "HTTP/1.0 503 Service Unavailable\r\n\r\nnot in the group",
            &[],
            "/readyz",
            69,
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let output = run(&[&["health", "--url", &url], arguments].concat(), "");
        assert_eq!(code(&output), expected, "{}", stderr(&output));
        assert!(
            server
                .join()
                .unwrap()
                .starts_with(&format!("GET {path} HTTP/1.0\r\n"))
        );
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(code(&run(&["health", "--url", &free.to_string()], "")), 69);
}
