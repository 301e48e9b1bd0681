//! What is told of a configuration that is wrong: a table for each section.

use super::load;

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

#[test]
fn problems_of_services_are_told() {
    const GOOD: &str = "[[enrichers]]\nname = 'desk'\nurl = 'http://10.0.0.7/'\n";
    assert!(load(GOOD, &[]).is_ok());
    for (text, problem) in [
        ("nmae = 'x'", "nmae: unknown key; did you mean `name`?"),
        (
            "gives = ['names']",
            "gives: `names` is not one of entities, topics",
        ),
        ("gives = []", "gives: must not be empty"),
        ("merge = 'both'", "merge: `both` is not one of add, replace"),
        (
            "on_failure = 'dead-letter'",
            "on_failure: `dead-letter` is not one of publish, wait, dead_letter; did you mean `dead_letter`?",
        ),
        (
            "languages = ['en-US']",
            "languages: expected languages of two or three",
        ),
        (
            "token_file = '/nowhere/t'",
            "token_file: /nowhere/t cannot be read",
        ),
        (
            "token_file = '/t'\ntoken = 'x'",
            "token_file: contradicts `token`",
        ),
        ("ca_file = '/nowhere/ca'", "ca_file: /nowhere/ca cannot be read"),
        (
            "concurrency_max = 0",
            "concurrency_max: 0 is not within 1 to 1000",
        ),
        (
            "timeout_ms = 'soon'",
            "timeout_ms: expected an integer, found string",
        ),
    ] {
        let problems = load(&format!("{GOOD}{text}"), &[]).unwrap_err().to_string();
        assert!(
            problems.contains(&format!("enrichers.1.{problem}")),
            "{text}\nis told as\n{problems}"
        );
    }
}

#[test]
fn problems_of_several_services_are_told_at_once() {
    let problems = load(
        "[[enrichers]]\n[[enrichers]]\nname = 'A'\nurl = 'x'\n[fetch]\nretries_max = 11",
        &[],
    );
    let problems = problems.unwrap_err();
    let keys: Vec<_> = problems.list().iter().map(|p| p.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "fetch.retries_max",
            "enrichers.1.name",
            "enrichers.1.url",
            "enrichers.2.name",
            "enrichers.2.url"
        ]
    );
}

#[test]
fn problems_of_fetched_pages_are_told() {
    for (text, problem) in [
        (
            "allow_hosts = ['http://a/']",
            "allow_hosts: `http://a/`: expected a host, or host:port",
        ),
        (
            "allow_hosts = ['a', '*.b']",
            "allow_hosts: `*.b`: expected a host, or host:port",
        ),
        (
            "allow_hosts = ['a:port']",
            "allow_hosts: `a:port`: expected a host, or host:port",
        ),
        (
            "allow_hosts = ['2130706433']",
            "allow_hosts: `2130706433`: expected a host, or host:port",
        ),
        (
            "user_agent = \"a\\nb\"",
            "user_agent: holds a character that no header has",
        ),
        (
            "on_failure = 'wait'",
            "on_failure: `wait` is not one of publish, dead_letter",
        ),
    ] {
        told("fetch", text, problem);
    }
    let fine = "[fetch]\nallow_hosts = ['news.internal', '10.0.0.7:8080', '[::1]:80', 'Desk']";
    assert!(load(fine, &[]).is_ok());
}
