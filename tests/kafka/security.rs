//! Real handshakes: each way to sign on enriches articles exactly once, and each refusal is told and ends the worker.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::process::Command;
use std::process::Stdio;
use std::sync::LazyLock;
use std::thread;
use std::time::Instant;

use super::cluster::DEADLINE;
use super::cluster::Whole;
use super::cluster::occurrences;
use super::cluster::produce_at;
use super::cluster::read_all_at;
use super::delivery::article;
use super::secured::INPUT;
use super::secured::OUTPUT;
use super::secured::PASSWORD;
use super::secured::Secured;
use super::secured::token;
use super::secured::token_endpoint;

const ARTICLES: usize = 10;
/// What may come right by itself is waited for; not long, here.
const SHORT: &str = "request_timeout_ms = 4000";
pub static BROKER: LazyLock<Secured> = LazyLock::new(Secured::start);

/// `dateline run --until-end` at one of the broker's doors: its exit code and its log.
fn dateline(listener: &str, kafka: &str, security: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let (config, log) = (
        directory.path().join("dateline.toml"),
        directory.path().join("log"),
    );
    let bootstrap = BROKER.address(listener);
    let text = format!(
        "[kafka]\nbootstrap_servers = \"{bootstrap}\"\n{kafka}\n[kafka.security]\n{security}\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n"
    );
    fs::write(&config, text).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dateline"))
        .args(["run", "--until-end", "--config", config.to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + DEADLINE;
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if Instant::now() >= deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        thread::sleep(std::time::Duration::from_millis(20));
    };
    (code, fs::read_to_string(&log).unwrap())
}

fn tls() -> String {
    format!("protocol = \"ssl\"\nca_file = \"{}\"\n", BROKER.file("ca.pem"))
}

fn mutual_tls() -> String {
    let (certificate, key) = (BROKER.file("worker.crt"), BROKER.file("worker.key"));
    format!(
        "{}certificate_file = \"{certificate}\"\nkey_file = \"{key}\"\n",
        tls()
    )
}

fn login(mechanism: &str) -> String {
    let ca = BROKER.file("ca.pem");
    format!("protocol = \"sasl_ssl\"\nca_file = \"{ca}\"\nsasl_mechanism = \"{mechanism}\"\n")
}

pub fn by_password(mechanism: &str, user: &str, password: &str) -> String {
    format!(
        "{}username = \"{user}\"\npassword = \"{password}\"\n",
        login(mechanism)
    )
}

fn by_token(url: &str) -> String {
    format!(
        "{}oauth_token_url = \"{url}\"\noauth_client_id = \"dateline\"\noauth_client_secret = \"s3cret\"\n",
        login("OAUTHBEARER")
    )
}

#[test]
fn each_way_to_sign_on_enriches_exactly_once() {
    let open = BROKER.address("OPEN");
    let anyones = tls() + "verify_hostname = false\n";
    let cases = [
        ("tls", "TLS", tls()),
        ("tls-unnamed", "MISNAMED", anyones),
        ("mtls", "MUTUAL", mutual_tls()),
        ("plain", "LOGIN", by_password("PLAIN", "dateline", PASSWORD)),
        (
            "scram",
            "LOGIN",
            by_password("SCRAM-SHA-512", "dateline", PASSWORD),
        ),
        (
            "token",
            "LOGIN",
            by_token(&token_endpoint("200 OK", token("dateline", 3600))),
        ),
    ];
    let mut expected = BTreeMap::new();
    for (name, listener, security) in cases {
        let articles: Vec<Whole> = (0..ARTICLES)
            .map(|n| {
                let key = format!("{name}-{n}");
                expected.insert(key.clone(), 1);
                Whole {
                    key: Some(key.into_bytes()),
                    ..article(n)
                }
            })
            .collect();
        produce_at(&open, INPUT, &articles);
        let (code, log) = dateline(listener, "", &security);
        assert_eq!(code, Some(0), "{name}\n{log}");
        assert_eq!(
            occurrences(&read_all_at(&open, OUTPUT)),
            expected,
            "{name}\n{log}"
        );
        assert!(!log.contains("max.message.bytes cannot be read"), "{name}\n{log}");
    }
}

/// Listener, `[kafka]`, `[kafka.security]`, the exit code, and what must be told.
type Refusal = (&'static str, &'static str, String, i32, &'static [&'static str]);

/// The cluster lets us in and lacks something.
fn lacks() -> Vec<Refusal> {
    let plain = |user| by_password("PLAIN", user, PASSWORD);
    let elsewhere = "group_id = \"strangers\"\ninput_topics = [\"articles.raw\", \"strange\"]\noutput_topic = \"nowhere\"";
    vec![
        (
            "LOGIN",
            "",
            plain("writeless"),
            78,
            &[
                "output_topic \"articles.enriched\" lacks the right Write for us",
                "dead_letter_topic \"articles.dead\" may not be used by us, or does not exist (needs Write and Describe)",
            ],
        ),
        (
            "LOGIN",
            "",
            plain("groupless"),
            78,
            &["group \"dateline\" may not be used by us (needs Read)"],
        ),
        (
            "LOGIN",
            "",
            plain("idless"),
            78,
            &[
                "transactional id \"dateline-",
                "may not be used by us (needs Write",
            ],
        ),
        (
            "LOGIN",
            elsewhere,
            plain("dateline"),
            78,
            &[
                "input topic \"strange\" may not be used by us, or does not exist (needs Read",
                "output_topic \"nowhere\" may not be used by us, or does not exist (needs Write",
                "group \"strangers\" may not be used by us (needs Read)",
            ],
        ),
    ]
}

/// The broker, or the token's issuer, turns us away.
fn turned_away() -> Vec<Refusal> {
    let stranger = format!(
        "protocol = \"ssl\"\nca_file = \"{}\"\n",
        BROKER.file("stranger.pem")
    );
    let wrong = |mechanism| by_password(mechanism, "dateline", "wrong");
    let endpoint = |status, body| by_token(&token_endpoint(status, body));
    vec![
        (
            "TLS",
            "",
            stranger,
            78,
            &["not signed by an authority of ca_file"],
        ),
        ("MISNAMED", "", tls(), 78, &["names another host"]),
        ("EXPIRED", "", tls(), 78, &["has expired"]),
        ("MUTUAL", "", tls(), 78, &["SSL alert", "certificate"]),
        ("LOGIN", "", wrong("PLAIN"), 78, &["Invalid username or password"]),
        ("LOGIN", "", wrong("SCRAM-SHA-512"), 78, &["invalid credentials"]),
        (
            "LOGIN",
            "",
            endpoint("200 OK", token("dateline", -60)),
            78,
            &["invalid_token"],
        ),
        (
            "LOGIN",
            "",
            endpoint("401 Unauthorized", String::new()),
            78,
            &["the token endpoint answered with status 401"],
        ),
        (
            "LOGIN",
            SHORT,
            endpoint("503 Busy", String::new()),
            1,
            &["the token endpoint answered with status 503"],
        ),
        (
            "TLS",
            SHORT,
            String::new(),
            1,
            &["answered: 127.0.0.1:", "Disconnected"],
        ),
    ]
}

#[test]
fn each_refusal_is_told_and_ends_the_worker() {
    let cases: Vec<_> = lacks()
        .into_iter()
        .chain(turned_away())
        .map(|(listener, kafka, security, code, told)| {
            (
                code,
                told,
                thread::spawn(move || dateline(listener, kafka, &security)),
            )
        })
        .collect();
    let mut failed = 0;
    for (expected, told, case) in cases {
        let (code, log) = case.join().unwrap();
        let message = log.rsplit("ERROR dateline::commands::service: ").next().unwrap();
        if code != Some(expected) || !told.iter().all(|part| message.contains(part)) {
            failed += 1;
            eprintln!("exit code {code:?}, not {expected}; expected {told:?} in\n{log}");
        }
        assert!(!log.contains(PASSWORD) && !log.contains("s3cret"), "{log}");
    }
    assert_eq!(failed, 0);
}
