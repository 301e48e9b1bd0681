//! Rules over several keys, and those no schema can say. Never looks outside the configuration, save that files exist.

use std::fs::File;
use std::net::SocketAddr;

use regex::Regex;

use crate::config::AdminConfig;
use crate::config::Assignment;
use crate::config::Config;
use crate::config::ConfigProblems;
use crate::config::EventMode;
use crate::config::GroupProtocol;
use crate::config::KafkaConfig;
use crate::config::OutputConfig;
use crate::config::OutputForm;
use crate::config::SaslMechanism;
use crate::config::Secret;
use crate::config::SecurityConfig;
use crate::config::TelemetryConfig;
use crate::config::enrichers;
use crate::config::fetch;
use crate::config::librdkafka;

/// How many batches the memory budget must hold at least: fetched, enriched, committed, and what the client queues.
const BATCHES_IN_BUDGET: usize = 8;
/// How many of the largest payloads the memory budget must hold at least.
const PAYLOADS_IN_BUDGET: usize = 4;

/// Adds every contradiction in `config`.
pub(super) fn check(config: &Config, problems: &mut ConfigProblems) {
    kafka_topics(&config.kafka, problems);
    group(&config.kafka, problems);
    encryption(&config.kafka.security, problems);
    sign_on(&config.kafka.security, problems);
    for (property, message) in config
        .kafka
        .librdkafka
        .keys()
        .filter_map(|p| Some((p, librdkafka::refusal(p)?)))
    {
        problems.add(format!("kafka.librdkafka.{property}"), message);
    }
    if config.kafka.bootstrap_servers.contains('@') {
        problems.add(
            "kafka.bootstrap_servers",
            "holds a user name or password: they go into kafka.security",
        );
    }
    memory(config, problems);
    schema_registry(&config.output, problems);
    telemetry(&config.telemetry, problems);
    fetch::check(&config.fetch, problems);
    enrichers::check(&config.enrichers, problems);
    admin(&config.admin, problems);
    if !config.log.level.split(',').all(is_log_directive) {
        problems.add(
            "log.level",
            "expected error, warn, info, debug, trace or off, with `target=level` pairs if need be",
        );
    }
}

/// Least characters of a token: what cannot be guessed through the port within its time.
const TOKEN_CHARACTERS_MIN: usize = 16;

fn admin(admin: &AdminConfig, problems: &mut ConfigProblems) {
    if admin.listen.parse::<SocketAddr>().is_err() {
        problems.add(
            "admin.listen",
            "expected IP:PORT, such as 127.0.0.1:9464 or [::]:9464",
        );
    }
    let is_host_name =
        |name: &str| !name.is_empty() && !name.contains(['/', ':', '*']) && name.trim() == name;
    if !admin.host_names.iter().all(|name| is_host_name(name)) {
        problems.add(
            "admin.host_names",
            "expected host names without scheme, port or wildcard",
        );
    }
    // What a header can carry as a bearer token (RFC 6750).
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    if admin
        .token
        .as_ref()
        .map(Secret::expose)
        .is_some_and(|token| token.len() < TOKEN_CHARACTERS_MIN || !token.chars().all(is_token))
    {
        problems.add(
            "admin.token_file",
            format!("expected one line of at least {TOKEN_CHARACTERS_MIN} letters, digits and `-._~+/=`"),
        );
    }
}

fn kafka_topics(kafka: &KafkaConfig, problems: &mut ConfigProblems) {
    let outputs = [
        ("kafka.output_topic", &kafka.output_topic),
        ("kafka.dead_letter_topic", &kafka.dead_letter_topic),
    ];
    for (key, name) in outputs {
        if !is_kafka_topic(name) {
            problems.add(key, TOPIC_NAME);
        }
    }
    if kafka.output_topic == kafka.dead_letter_topic {
        problems.add("kafka.dead_letter_topic", "is the output topic too");
    }
    for (number, input) in kafka.input_topics.iter().enumerate() {
        let mut add = |message: String| problems.add("kafka.input_topics", message);
        if kafka
            .input_topics
            .iter()
            .take(number)
            .any(|earlier| earlier == input)
        {
            add(format!("`{input}` is listed twice"));
        }
        let pattern = input.starts_with('^').then(|| Regex::new(input));
        match pattern {
            Some(Err(_)) => add(format!("`{input}` is not a regular expression")),
            Some(Ok(pattern)) => {
                for (key, name) in outputs.iter().filter(|(_, name)| pattern.is_match(name)) {
                    add(format!(
                        "`{input}` matches `{name}`, the {key}: the worker would read what it writes"
                    ));
                }
            }
            None if !is_kafka_topic(input) => add(format!("`{}`: {TOPIC_NAME}", input.escape_debug())),
            None => {
                for (key, _) in outputs.iter().filter(|(_, name)| *name == input) {
                    add(format!(
                        "`{input}` is the {key} too: the worker would read what it writes"
                    ));
                }
            }
        }
    }
}

/// What a Kafka topic may be called.
const TOPIC_NAME: &str =
    "a Kafka topic has 1 to 249 letters, digits, `.`, `_` and `-`, and is not `.` or `..`";

fn is_kafka_topic(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !matches!(name, "" | "." | "..") && name.len() <= 249 && name.bytes().all(legal)
}

fn group(kafka: &KafkaConfig, problems: &mut ConfigProblems) {
    let poll = kafka.max_poll_interval_ms;
    for (key, value, is_wrong) in [
        (
            "kafka.session_timeout_ms",
            kafka.session_timeout_ms,
            kafka.session_timeout_ms > poll,
        ),
        (
            "kafka.revoke_deadline_ms",
            kafka.revoke_deadline_ms,
            kafka.revoke_deadline_ms >= poll,
        ),
        (
            "kafka.transaction_timeout_ms",
            kafka.transaction_timeout_ms,
            kafka.transaction_timeout_ms >= poll,
        ),
    ] {
        if is_wrong {
            problems.add(key, format!("{value} is too long for max_poll_interval_ms = {poll}: the group would lose the worker first"));
        }
    }
    if kafka.group_protocol == GroupProtocol::Consumer {
        let defaults = KafkaConfig::default();
        if kafka.partition_assignment != Assignment::default() {
            problems.add(
                "kafka.partition_assignment",
                "has no effect with group_protocol = \"consumer\": the broker assigns",
            );
        }
        if kafka.session_timeout_ms != defaults.session_timeout_ms {
            problems.add(
                "kafka.session_timeout_ms",
                "has no effect with group_protocol = \"consumer\": the broker sets it",
            );
        }
    }
}

fn encryption(security: &SecurityConfig, problems: &mut ConfigProblems) {
    let files = [
        ("ca_file", &security.ca_file),
        ("certificate_file", &security.certificate_file),
        ("key_file", &security.key_file),
    ];
    for (name, file) in files {
        let Some(file) = file else { continue };
        let key = format!("kafka.security.{name}");
        if !security.protocol.is_tls() {
            problems.add(key, "needs protocol = \"ssl\" or \"sasl_ssl\"");
        } else if let Err(error) = File::open(file) {
            problems.add(key, format!("{file} cannot be read: {error}"));
        }
    }
    match (&security.certificate_file, &security.key_file) {
        (Some(_), None) => problems.add(
            "kafka.security.key_file",
            "is missing: certificate_file needs its key",
        ),
        (None, Some(_)) => problems.add(
            "kafka.security.certificate_file",
            "is missing: key_file needs its certificate",
        ),
        _ => {}
    }
    if security.key_file.is_none()
        && (security.key_password.is_some() || security.key_password_file.is_some())
    {
        problems.add("kafka.security.key_password", "is given without key_file");
    }
}

/// A key, and whether it is given.
type Presence = (&'static str, bool);

fn sign_on(security: &SecurityConfig, problems: &mut ConfigProblems) {
    let password = security.password.is_some() || security.password_file.is_some();
    let client_secret = security.oauth_client_secret.is_some() || security.oauth_client_secret_file.is_some();
    let by_password = [("username", security.username.is_some()), ("password", password)];
    let by_token = [
        ("oauth_token_url", security.oauth_token_url.is_some()),
        ("oauth_client_id", security.oauth_client_id.is_some()),
        ("oauth_client_secret", client_secret),
    ];
    let may = [
        ("oauth_scope", security.oauth_scope.is_some()),
        ("oauth_ca_file", security.oauth_ca_file.is_some()),
    ];
    let mut add = |name: &str, message: String| problems.add(format!("kafka.security.{name}"), message);
    let (needed, needless): (Vec<Presence>, Vec<Presence>) = match security.sasl_mechanism {
        None if security.protocol.is_sasl() => {
            return add(
                "sasl_mechanism",
                format!("is missing: protocol = \"{}\" needs it", security.protocol.name()),
            );
        }
        Some(mechanism) if !security.protocol.is_sasl() => {
            let needs = format!(
                "{} needs protocol = \"sasl_ssl\" or \"sasl_plaintext\"",
                mechanism.name()
            );
            return add("sasl_mechanism", needs);
        }
        None => (vec![], [&by_password[..], &by_token, &may].concat()),
        Some(SaslMechanism::OauthBearer) => (by_token.to_vec(), by_password.to_vec()),
        Some(_) => (by_password.to_vec(), [&by_token[..], &may].concat()),
    };
    let mechanism = security
        .sasl_mechanism
        .map_or("no sasl_mechanism", SaslMechanism::name);
    for (name, _) in needed.iter().filter(|(_, given)| !given) {
        add(name, format!("is missing: {mechanism} needs it"));
    }
    for (name, _) in needless.iter().filter(|(_, given)| *given) {
        add(name, format!("has no effect with {mechanism}"));
    }
    if let Some(url) = &security.oauth_token_url
        && !url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    {
        add("oauth_token_url", "expected an http or https URL".to_owned());
    }
    let has_user = |url: url::Url| !url.username().is_empty() || url.password().is_some();
    if security
        .oauth_token_url
        .as_ref()
        .is_some_and(|url| url::Url::parse(url).is_ok_and(has_user))
    {
        let message = "holds a user name or password: they go into oauth_client_id and oauth_client_secret";
        add("oauth_token_url", message.to_owned());
    }
    if let Some(Err(error)) = security.oauth_ca_file.as_ref().map(File::open) {
        add("oauth_ca_file", format!("cannot be read: {error}"));
    }
}

fn schema_registry(output: &OutputConfig, problems: &mut ConfigProblems) {
    let registry = &output.schema_registry;
    let mut add = |name: &str, message: &str| {
        problems.add(format!("output.schema_registry.{name}"), message);
    };
    let password = registry.password.is_some() || registry.password_file.is_some();
    let token = registry.token.is_some() || registry.token_file.is_some();
    let given = [
        ("username", registry.username.is_some()),
        ("password", password),
        ("token", token),
        ("ca_file", registry.ca_file.is_some()),
    ];
    let Some(url) = &registry.url else {
        for (name, _) in given.iter().filter(|(_, given)| *given) {
            add(name, "has no effect without url");
        }
        return;
    };
    match url::Url::parse(url) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => add("url", "expected an http or https URL"),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            add(
                "url",
                "holds a user name or password: they go into username and password",
            );
        }
        Ok(_) => {}
        Err(_) => add("url", "expected an http or https URL"),
    }
    match (registry.username.is_some(), password) {
        (true, false) => add("password", "is missing: username needs it"),
        (false, true) => add("username", "is missing: password needs it"),
        _ => {}
    }
    if registry.username.is_some() && token {
        add("token", "contradicts username: give one of the two");
    }
    if let Some(Err(error)) = registry.ca_file.as_ref().map(File::open) {
        add("ca_file", &format!("cannot be read: {error}"));
    }
    if output.form == OutputForm::Ninjs31 {
        add(
            "url",
            "goes with output.form = \"record-v1\" alone: IPTC publishes the schema of ninjs",
        );
    }
    if output.event == EventMode::Structured {
        add(
            "url",
            "goes with output.event = \"binary\" alone: a framed value is no JSON event",
        );
    }
}

fn telemetry(telemetry: &TelemetryConfig, problems: &mut ConfigProblems) {
    let mut add = |name: &str, message: &str| problems.add(format!("telemetry.{name}"), message);
    let Some(url) = &telemetry.traces_url else {
        let headers = telemetry.headers.is_some() || telemetry.headers_file.is_some();
        for (name, given) in [("headers", headers), ("ca_file", telemetry.ca_file.is_some())] {
            if given {
                add(name, "has no effect without traces_url");
            }
        }
        return;
    };
    match url::Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.username().is_empty() => {}
        _ => add(
            "traces_url",
            "expected an http or https URL without a user name, such as http://localhost:4318/v1/traces",
        ),
    }
    let is_name = |name: &str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        !name.is_empty() && name.bytes().all(legal)
    };
    let is_value = |value: &str| value.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    let is_header = |pair: &str| {
        let Some((name, value)) = pair.split_once('=') else {
            return pair.trim().is_empty();
        };
        is_name(name.trim()) && is_value(value.trim())
    };
    if let Some(headers) = &telemetry.headers
        && !headers.expose().split(',').all(is_header)
    {
        add("headers", "expected name=value pairs, comma separated");
    }
    if let Some(Err(error)) = telemetry.ca_file.as_ref().map(File::open) {
        add("ca_file", &format!("cannot be read: {error}"));
    }
}

fn memory(config: &Config, problems: &mut ConfigProblems) {
    let budget = config.worker.memory_budget_bytes;
    for (name, bytes, times) in [
        (
            "worker.batch_bytes_max",
            config.worker.batch_bytes_max,
            BATCHES_IN_BUDGET,
        ),
        (
            "input.payload_bytes_max",
            config.input.payload_bytes_max,
            PAYLOADS_IN_BUDGET,
        ),
    ] {
        let least = bytes.saturating_mul(times);
        if budget < least {
            problems.add(
                "worker.memory_budget_bytes",
                format!("{budget} is less than {times} times {name}: at least {least}"),
            );
        }
    }
}

fn is_log_directive(directive: &str) -> bool {
    let level = directive
        .rsplit_once('=')
        .map_or(directive, |(_, level)| level)
        .trim();
    matches!(level, "off" | "error" | "warn" | "info" | "debug" | "trace")
}
