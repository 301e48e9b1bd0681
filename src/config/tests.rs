//! Loading, from outside: layers, problems, secrets.

use std::fs;

use crate::config::Config;
use crate::config::ConfigProblems;
use crate::config::Secret;

mod problems;

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
