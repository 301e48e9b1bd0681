//! The network between the workers and three brokers, made worse by Toxiproxy: slow, thin, cut, reset, silent. Needs
//! `target/toxiproxy/server`, which `make prove` brings.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::brokers::Brokers;
use crate::brokers::COUNT;
use crate::cluster::DEADLINE;
use crate::cluster::Topics;
use crate::fleet::Fleet;
use crate::oracle::Dice;
use crate::oracle::Inputs;
use crate::oracle::Watch;
use crate::oracle::judge;
use crate::worker::free_port;

use super::AT_LEAST_ONCE;
use super::EXACTLY_ONCE;

const SLICE: usize = 600;
/// How often each trouble comes.
const ROUNDS: usize = 3;
/// How long it lasts: longer than the session and the transaction of the workers, or shorter.
const LASTS: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(12)];

/// What becomes of a connection, as Toxiproxy says it.
const TOXICS: [(&str, &str); 6] = [
    (
        "latency",
        r#"{"type":"latency","attributes":{"latency":400,"jitter":200}}"#,
    ),
    ("bandwidth", r#"{"type":"bandwidth","attributes":{"rate":40}}"#),
    (
        "cut after 100 kB",
        r#"{"type":"limit_data","attributes":{"bytes":100000}}"#,
    ),
    ("reset", r#"{"type":"reset_peer","attributes":{"timeout":500}}"#),
    ("silence", r#"{"type":"timeout","attributes":{"timeout":0}}"#),
    (
        "answers lost",
        r#"{"type":"timeout","stream":"downstream","attributes":{"timeout":2000}}"#,
    ),
];

#[test]
fn long_exactly_once_survives_a_bad_network() {
    assert_eq!(bad_network("network-eos", EXACTLY_ONCE), 0);
}

#[test]
fn long_at_least_once_survives_a_bad_network() {
    bad_network("network-alo", AT_LEAST_ONCE);
}

/// How many outcomes were doubled.
fn bad_network(test: &str, kafka: &str) -> usize {
    let dice = Dice::seeded();
    let inputs = Inputs::of(dice);
    let brokers = Brokers::start();
    let proxies = Proxies::start(&brokers);
    let topics = Topics::create_at(&brokers.bootstrap(), test, 6);
    let by_proxy = Topics {
        bootstrap: brokers.proxied_bootstrap(),
        ..topics.clone()
    };
    let watch = Watch::of(&topics);
    let started = Instant::now();
    let mut fleet = Fleet::start(&by_proxy, [kafka.to_owned(), kafka.to_owned()]);
    fleet.await_ready();
    let mut fed = 0;
    for round in 0..ROUNDS {
        for (place, (name, toxic)) in TOXICS.into_iter().enumerate() {
            let mut dice = dice.nth(round * 10 + place);
            inputs.feed(&topics, fed..fed + SLICE);
            watch.await_committed(fed + 1, || fleet.revive());
            fed += SLICE;
            // One broker's connections, or all.
            let only = (dice.below(2) == 0).then(|| dice.below(COUNT));
            proxies.add(toxic, only);
            inputs.feed(&topics, fed..fed + SLICE);
            fed += SLICE;
            std::thread::sleep(*dice.pick(&LASTS));
            proxies.reset();
            watch.await_committed(fed, || fleet.revive());
            eprintln!("{name} is over after {} s", started.elapsed().as_secs());
        }
    }
    let restarts = fleet.terminate();
    let seconds = started.elapsed().as_secs();
    let verdict = judge(&topics, inputs, 0..fed, 1);
    eprintln!(
        "PROOF {test}: {fed} articles, {ROUNDS} times {:?}, {restarts} ends by themselves, {seconds} s: {verdict}",
        TOXICS.map(|(name, _)| name)
    );
    verdict.doubled
}

struct Proxies {
    server: Child,
    port: u16,
}

impl Proxies {
    /// One before each broker.
    fn start(brokers: &Brokers) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/toxiproxy/server");
        let port = free_port();
        let server = Command::new(program)
            .args(["-host", "127.0.0.1", "-port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Toxiproxy: run this by `make prove`");
        let proxies = Self { server, port };
        let deadline = Instant::now() + DEADLINE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "Toxiproxy did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        for id in 0..COUNT {
            let (advertised, listens) = brokers.proxied(id);
            let proxy = format!(
                r#"{{"name":"b{id}","listen":"127.0.0.1:{advertised}","upstream":"127.0.0.1:{listens}","enabled":true}}"#
            );
            proxies.post("/proxies", &proxy);
        }
        proxies
    }

    /// Spoils the connections to one broker, or to all.
    fn add(&self, toxic: &str, only: Option<usize>) {
        for id in (0..COUNT).filter(|id| only.is_none_or(|only| only == *id)) {
            self.post(&format!("/proxies/b{id}/toxics"), toxic);
        }
    }

    /// All is well again.
    fn reset(&self) {
        self.post("/reset", "");
    }

    fn post(&self, path: &str, body: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 20"), "{path} {body}: {answer}");
    }
}

impl Drop for Proxies {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}
