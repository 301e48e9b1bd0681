//! Loading, from outside: layers, problems, secrets.

use std::fs;

use crate::config::Config;
use crate::config::ConfigProblems;
use crate::config::Secret;

fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigProblems> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dateline.toml");
    fs::write(&file, text).unwrap();
    Config::load(
        Some(&file),
        env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        |_| Vec::new(),
    )
}

#[test]
fn nothing_given_is_the_defaults() {
    assert_eq!(
        Config::load(None, std::iter::empty(), |_| Vec::new()),
        Ok(Config::default())
    );
    assert_eq!(
        load("", &[("PATH", "/bin"), ("DATELINE__LOG__LEVEL", "")]),
        Ok(Config::default())
    );
}

#[test]
fn environment_overrides_file() {
    let config = load(
        "[kafka]\ngroup_id = 'a'\ninput_topics = ['x']\n[kafka.librdkafka]\nsocket.timeout.ms = 1\n",
        &[
            ("DATELINE__KAFKA__GROUP_ID", "b"),
            ("DATELINE__KAFKA__INPUT_TOPICS", "one, two"),
            ("DATELINE__INPUT__PASSTHROUGH_FIELDS", "[\"a,b\"]"),
            ("DATELINE__KAFKA__SECURITY__PROTOCOL", "sasl_plaintext"),
            ("DATELINE__KAFKA__SECURITY__SASL_MECHANISM", "PLAIN"),
            ("DATELINE__KAFKA__SECURITY__USERNAME", "u"),
            ("DATELINE__KAFKA__SECURITY__PASSWORD", "p"),
            ("DATELINE__KAFKA__LIBRDKAFKA__SOCKET_KEEPALIVE_ENABLE", "true"),
            ("DATELINE__DEAD_LETTERS__SHARE_MAX", "1"),
            ("DATELINE__ENRICH__TOPICS", "false"),
            ("DATELINE__WORKER__THREADS", "3"),
        ],
    )
    .unwrap();
    assert_eq!(config.kafka.group_id, "b");
    assert_eq!(config.kafka.input_topics, ["one", "two"]);
    assert_eq!(config.input.passthrough_fields, ["a,b"]);
    assert_eq!(
        config.kafka.security.password.as_ref().map(Secret::expose),
        Some("p")
    );
    let passed: Vec<_> = config
        .kafka
        .librdkafka
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        passed,
        [("socket.keepalive.enable", "true"), ("socket.timeout.ms", "1")]
    );
    assert_eq!(
        (
            config.dead_letters.share_max,
            config.enrich.topics,
            config.worker.threads
        ),
        (1.0, false, 3)
    );
}

#[test]
fn every_problem_has_its_key_and_says_what_is_right() {
    for (text, problem) in PROBLEMS {
        let problems = load(text, &[]).unwrap_err().to_string();
        assert!(
            problems.contains(problem),
            "{text}\nis told as\n{problems}\nwithout\n{problem}"
        );
    }
}

#[test]
fn variables_are_named_in_their_problems() {
    for (name, value, problem) in [
        (
            "DATELINE__KAFKA__GRUOP_ID",
            "x",
            "DATELINE__KAFKA__GRUOP_ID: unknown variable; did you mean DATELINE__KAFKA__GROUP_ID?",
        ),
        ("DATELINE__KAFKA", "x", "DATELINE__KAFKA: unknown variable"),
        (
            "DATELINE__WORKER__THREADS",
            "x",
            "DATELINE__WORKER__THREADS: expected an integer",
        ),
        (
            "DATELINE__WORKER__THREADS",
            "5000",
            "worker.threads (from DATELINE__WORKER__THREADS): 5000 is not within",
        ),
        (
            "DATELINE__KAFKA__INPUT_TOPICS",
            "[1]",
            "kafka.input_topics (from DATELINE__KAFKA__INPUT_TOPICS): expected a string",
        ),
        (
            "DATELINE__KAFKA__INPUT_TOPICS",
            "[x",
            "DATELINE__KAFKA__INPUT_TOPICS: expected a TOML array",
        ),
        (
            "DATELINE__ENRICH__TOPICS",
            "yes",
            "DATELINE__ENRICH__TOPICS: expected true or false",
        ),
    ] {
        let problems = load("", &[(name, value)]).unwrap_err().to_string();
        assert!(problems.contains(problem), "{name}={value} is told as {problems}");
    }
}

#[test]
fn all_problems_come_at_once() {
    let problems = load(
        "[kafka]\ngrop_id = 'a'\ndelivery = 1\noutput_topic = 'articles.raw'\n[admin]\nlisten = 'x'\n[worker]\nthreads = -1\n",
        &[("DATELINE__LOG__FORMAT", "xml")],
    )
    .unwrap_err();
    let keys: Vec<_> = problems.list().iter().map(|p| p.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "kafka.delivery",
            "kafka.grop_id",
            "log.format (from DATELINE__LOG__FORMAT)",
            "worker.threads",
            "kafka.input_topics",
            "admin.listen"
        ]
    );
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "hunter2\r\n").unwrap();
    let text = format!(
        "[kafka.security]\nprotocol = 'sasl_ssl'\nsasl_mechanism = 'PLAIN'\nusername = 'u'\npassword_file = '{}'\n\
         [kafka.librdkafka]\nssl.key.pem = 'hunter2'\nsocket.timeout.ms = 7\n",
        file.display()
    );
    let config = load(&text, &[]).unwrap();
    assert_eq!(
        config.kafka.security.password.as_ref().map(Secret::expose),
        Some("hunter2")
    );
    let shown = config.to_redacted_toml();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("password = \"***\""), "{shown}");
    assert!(shown.contains("\"socket.timeout.ms\" = \"7\""), "{shown}");
    assert_eq!(
        config.changes_to_redacted_toml(),
        format!(
            "[kafka.librdkafka]\n\"socket.timeout.ms\" = \"7\"\n\"ssl.key.pem\" = \"***\"\n\n\
             [kafka.security]\npassword = \"***\"\npassword_file = \"{}\"\nprotocol = \"sasl_ssl\"\n\
             sasl_mechanism = \"PLAIN\"\nusername = \"u\"\n",
            file.display()
        )
    );
    assert_eq!(Config::default().changes_to_redacted_toml(), "");

    for text in [
        "[kafka.security]\npassword = 'hunter2",
        "[kafka.security]\npassword = ['hunter2']",
        "[kafka.security]\npasword = 'hunter2'",
        "[kafka.librdkafka]\nsasl.password = 'hunter2'",
    ] {
        let problems = load(text, &[]).unwrap_err();
        assert!(
            !format!("{problems} {problems:?}").contains("hunter2"),
            "{problems}"
        );
    }
}

#[test]
fn the_token_of_the_admin_port_is_read_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let text = format!("[admin]\ntoken_file = '{}'\n", file.display());
    for (token, is_right) in [
        ("correct-horse-battery\n", true),
        ("0123456789abcdef", true),
        ("0123456789abcde", false),
        ("", false),
        ("correct horse battery", false),
        ("correct-horse\nbattery-staple", false),
    ] {
        fs::write(&file, token).unwrap();
        match load(&text, &[]) {
            Ok(config) => {
                assert!(is_right, "{token:?} is taken");
                let read = config.admin.token.as_ref().map(Secret::expose);
                assert_eq!(read, Some(token.trim_end()));
                let shown = config.to_redacted_toml() + &format!("{config:?}");
                assert!(!shown.contains(token.trim_end()), "{shown}");
            }
            Err(problems) => {
                assert!(!is_right, "{token:?}: {problems}");
                let told = problems.to_string();
                assert!(told.starts_with("admin.token_file: expected one line"), "{told}");
                assert!(token.is_empty() || !told.contains(token), "{told}");
            }
        }
    }
}

/// A file, and what is told of it.
const PROBLEMS: &[(&str, &str)] = &[
    ("[kafka", ":1: not TOML"),
    (
        "[kafka]\ngrop_id = 'a'",
        "kafka.grop_id: unknown key; did you mean `group_id`?",
    ),
    (
        "[kafka]\nbatch_wait_ms = 1",
        "kafka.batch_wait_ms: unknown key; `batch_wait_ms` belongs to [worker]",
    ),
    ("[kafkaa]\n", "kafkaa: unknown key; did you mean `kafka`?"),
    ("kafka = 1", "kafka: expected a table, found integer"),
    (
        "[kafka]\ngroup_id = 1",
        "kafka.group_id: expected a string, found integer",
    ),
    ("[kafka]\ngroup_id = ''", "kafka.group_id: must not be empty"),
    (
        "[kafka]\ninput_topics = []",
        "kafka.input_topics: must not be empty",
    ),
    (
        "[kafka]\ninput_topics = ['a', '']",
        "kafka.input_topics: must not be empty",
    ),
    (
        "[kafka]\ninput_topics = ['a', 'a']",
        "kafka.input_topics: `a` is listed twice",
    ),
    (
        "[kafka]\ninput_topics = ['a b']",
        "kafka.input_topics: `a b`: a Kafka topic has",
    ),
    (
        "[kafka]\ninput_topics = ['^(']",
        "kafka.input_topics: `^(` is not a regular expression",
    ),
    (
        "[kafka]\ninput_topics = ['^articles']",
        "matches `articles.enriched`, the kafka.output_topic",
    ),
    (
        "[kafka]\ninput_topics = ['^art.*dead']",
        "matches `articles.dead`, the kafka.dead_letter_topic",
    ),
    (
        "[kafka]\noutput_topic = 'articles.raw'",
        "kafka.input_topics: `articles.raw` is the kafka.output_topic",
    ),
    (
        "[kafka]\noutput_topic = 'articles.dead'",
        "kafka.dead_letter_topic: is the output topic too",
    ),
    (
        "[kafka]\ndelivery = 'exactly_once'",
        "kafka.delivery: `exactly_once` is not one of exactly-once, at-least-once; did you mean `exactly-once`?",
    ),
    (
        "[kafka]\nsession_timeout_ms = 1",
        "kafka.session_timeout_ms: 1 is not within 6000 to 1800000",
    ),
    (
        "[kafka]\nmax_poll_interval_ms = 20000",
        "kafka.revoke_deadline_ms: 20000 is too long for",
    ),
    (
        "[kafka]\nmax_poll_interval_ms = 20000",
        "kafka.session_timeout_ms: 45000 is too long for",
    ),
    (
        "[kafka]\ntransaction_timeout_ms = 300000",
        "kafka.transaction_timeout_ms: 300000 is too long for",
    ),
    (
        "[kafka]\ngroup_protocol = 'consumer'\npartition_assignment = 'range'",
        "kafka.partition_assignment: has no effect",
    ),
    (
        "[kafka]\ngroup_protocol = 'consumer'\nsession_timeout_ms = 9000",
        "kafka.session_timeout_ms: has no effect",
    ),
    (
        "[kafka.librdkafka]\ngroup.id = 'x'",
        "kafka.librdkafka.group.id: contradicts a key of dateline's: set `kafka.group_id`",
    ),
    (
        "[kafka.librdkafka]\nmessage.timeout.ms = 0",
        "kafka.librdkafka.message.timeout.ms: contradicts a key of dateline's: set `kafka.transaction_timeout_ms`",
    ),
    (
        "[kafka.librdkafka]\nisolation.level = 'x'",
        "kafka.librdkafka.isolation.level: is dateline's own",
    ),
    (
        "[kafka.librdkafka]\na.b = [1]",
        "kafka.librdkafka: a.b is of type array",
    ),
    (
        "[worker]\nbatch_bytes_max = 64_000_000",
        "worker.memory_budget_bytes: 268435456 is less than 8 times worker.batch_bytes_max",
    ),
    (
        "[input]\npayload_bytes_max = 100_000_000",
        "less than 4 times input.payload_bytes_max",
    ),
    (
        "[dead_letters]\nshare_max = 1.5",
        "dead_letters.share_max: 1.5 is not within 0 to 1",
    ),
    (
        "[dead_letters]\nshare_max = nan",
        "dead_letters.share_max: NaN is not within",
    ),
    (
        "[kafka]\nbootstrap_servers = 'me:hunter2@broker:9092'",
        "kafka.bootstrap_servers: holds a user name or password",
    ),
    (
        "[kafka.librdkafka]\n'message.max.bytes' = 1000",
        "kafka.librdkafka.message.max.bytes: is dateline's own",
    ),
    (
        "[admin]\nhost_names = ['http://news.example']",
        "admin.host_names: expected host names",
    ),
    ("[admin]\nlisten = 'somewhere'", "admin.listen: expected IP:PORT"),
    ("[log]\nlevel = 'loud'", "log.level: expected error"),
    (
        "[kafka.security]\nprotocol = 'sasl_ssl'",
        "sasl_mechanism: is missing",
    ),
    (
        "[kafka.security]\nsasl_mechanism = 'PLAIN'",
        "sasl_mechanism: PLAIN needs protocol",
    ),
    (
        "[kafka.security]\nusername = 'u'",
        "username: has no effect with no sasl_mechanism",
    ),
    (
        "[kafka.security]\nprotocol = 'sasl_ssl'\nsasl_mechanism = 'PLAIN'",
        "password: is missing: PLAIN needs it",
    ),
    (
        "[kafka.security]\nprotocol = 'sasl_ssl'\nsasl_mechanism = 'OAUTHBEARER'\noauth_token_url = 'ftp://x'",
        "oauth_token_url: expected an http",
    ),
    (
        "[kafka.security]\nprotocol = 'sasl_ssl'\nsasl_mechanism = 'OAUTHBEARER'\noauth_token_url = 'https://me:hunter2@x/t'",
        "oauth_token_url: holds a user name or password",
    ),
    (
        "[kafka.security]\nprotocol = 'ssl'\nca_file = '/nowhere/ca.pem'",
        "ca_file: /nowhere/ca.pem cannot be read",
    ),
    (
        "[kafka.security]\nca_file = '/nowhere/ca.pem'",
        "ca_file: needs protocol",
    ),
    (
        "[kafka.security]\nprotocol = 'ssl'\ncertificate_file = '/c'",
        "key_file: is missing",
    ),
    (
        "[kafka.security]\nprotocol = 'ssl'\nkey_file = '/c'",
        "certificate_file: is missing",
    ),
    (
        "[kafka.security]\nkey_password = 'x'",
        "key_password: is given without key_file",
    ),
    (
        "[kafka.security]\npassword_file = '/nowhere/p'",
        "password_file: /nowhere/p cannot be read",
    ),
    (
        "[kafka.security]\npassword_file = '/p'\npassword = 'x'",
        "password_file: contradicts `password`",
    ),
];

fn told(section: &str, text: &str, problem: &str) {
    let problems = load(&format!("[{section}]\n{text}"), &[])
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains(&format!("{section}.{problem}")),
        "{text}\nis told as\n{problems}"
    );
}

#[test]
fn problems_of_the_schema_registry_are_told() {
    for (text, problem) in [
        (
            "username = 'u'\npassword = 'p'",
            "username: has no effect without url",
        ),
        ("url = 'registry:8081'", "url: expected an http or https URL"),
        ("url = 'http://u:p@r'", "url: holds a user name"),
        ("url = 'http://r'\nusername = 'u'", "password: is missing"),
        ("url = 'http://r'\npassword = 'p'", "username: is missing"),
        (
            "url = 'http://r'\nusername = 'u'\npassword = 'p'\ntoken = 't'",
            "token: contradicts username",
        ),
        (
            "url = 'http://r'\ntoken = 't'\ntoken_file = '/t'",
            "token_file: contradicts `token`",
        ),
        (
            "url = 'http://r'\ntoken_file = '/no/such'",
            "token_file: /no/such cannot be read",
        ),
        (
            "url = 'http://r'\nca_file = '/no/such'",
            "ca_file: cannot be read",
        ),
        (
            "format = 'json'",
            "format: `json` is not one of avro, json-schema",
        ),
        (
            "subject = 'topic_record'",
            "subject: `topic_record` is not one of",
        ),
        (
            "url = 'http://r'\n[output]\nform = 'ninjs-3.1'",
            "url: goes with output.form = \"record-v1\" alone",
        ),
        (
            "url = 'http://r'\n[output]\nevent = 'structured'",
            "url: goes with output.event = \"binary\" alone",
        ),
    ] {
        told("output.schema_registry", text, problem);
    }
}

#[test]
fn problems_of_telemetry_are_told() {
    for (text, problem) in [
        ("headers = 'a=b'", "headers: has no effect without traces_url"),
        ("ca_file = '/ca'", "ca_file: has no effect without traces_url"),
        (
            "traces_url = 'localhost:4317'",
            "traces_url: expected an http or https URL",
        ),
        (
            "traces_url = 'http://u:p@c'",
            "traces_url: expected an http or https URL",
        ),
        (
            "traces_url = 'http://c'\nheaders = 's3cret'",
            "headers: expected name=value pairs",
        ),
        (
            "traces_url = 'http://c'\nheaders = 'a b=c'",
            "headers: expected name=value pairs",
        ),
        (
            "traces_url = 'http://c'\nca_file = '/no/such'",
            "ca_file: cannot be read",
        ),
        ("sample_share = 2", "sample_share: 2 is not within 0 to 1"),
    ] {
        told("telemetry", text, problem);
    }
    let fine = "traces_url = 'https://c:4318/v1/traces'\nheaders = 'Authorization=Bearer x=y, a=b,'";
    let config = load(&format!("[telemetry]\n{fine}"), &[]).unwrap();
    assert!(!config.to_redacted_toml().contains("Bearer"));
}
