//! Pages and services outside on a real cluster, exactly once: they die and come back under load, nothing is lost or
//! doubled, and the flow goes on or stands as the policy says.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use serde_json::Value;
use serde_json::json;

use super::cluster::Topics;
use super::cluster::Whole;
use super::cluster::await_outcomes;
use super::cluster::occurrences;
use super::cluster::produce;
use super::cluster::read_all;
use super::delivery::articles;
use super::worker::Settings;
use super::worker::Worker;

const SMALL_BATCHES: &str = "[worker]\nbatch_records_max = 50\nbatch_wait_ms = 50\n";
const TIMES: &str = "transaction_timeout_ms = 5000\nsession_timeout_ms = 6000\n";
const OPEN: &str = "dateline_http_breakers_open{service=\"enricher:desk\"}";
const MISSING: &str = "dateline_enricher_missing_total{service=\"enricher:desk\"}";
const LEFT_ALONE: &str = "dateline_http_requests_total{outcome=\"breaker_open\",service=\"enricher:desk\"}";

/// A web server that can be away: then it closes every connection without a word.
struct Server {
    port: u16,
    is_away: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
}

impl Server {
    fn start(answer: fn(&str, &[u8]) -> (u16, Vec<u8>)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_away, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (away, count) = (Arc::clone(&is_away), Arc::clone(&answered));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (away, count) = (Arc::clone(&away), Arc::clone(&count));
                std::thread::spawn(move || {
                    if !away.load(Ordering::Relaxed) && converse(&mut stream.unwrap(), answer).is_some() {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Self {
            port,
            is_away,
            answered,
        }
    }

    fn go(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::Relaxed);
    }
}

/// One request and its answer.
fn converse(stream: &mut TcpStream, answer: fn(&str, &[u8]) -> (u16, Vec<u8>)) -> Option<()> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head) = head.map(|at| at + 4) {
            let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= head + length {
                let (status, body) = answer(text.split(' ').nth(1)?, &bytes[head..]);
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                )
                .ok()?;
                return stream.write_all(&body).ok();
            }
        }
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
}

/// A service that says of every article that it is about weather.
fn weather(_: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let asked: Value = serde_json::from_slice(body).unwrap();
    let result = |article: &Value| json!({"id": article["id"], "topics": [{"code": "medtop:17000000", "confidence": 1.0}]});
    let results: Vec<Value> = asked["articles"].as_array().unwrap().iter().map(result).collect();
    (
        200,
        json!({"model": "m 1", "results": results})
            .to_string()
            .into_bytes(),
    )
}

fn page(path: &str, _: &[u8]) -> (u16, Vec<u8>) {
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><title>Page {path}</title><meta property=\"og:title\" content=\"Rain in \
         Oslo\"></head><body><article><p>{}</p></article></body></html>",
        "Rain fell on Oslo on Monday, and the officials of the city said that it would go on for a week. "
            .repeat(8)
    );
    (200, body.into_bytes())
}

fn enricher(server: &Server, on_failure: &str) -> String {
    format!(
        "{SMALL_BATCHES}[[enrichers]]\nname = \"desk\"\nurl = \"http://127.0.0.1:{}/\"\ngives = [\"topics\"]\n\
         on_failure = \"{on_failure}\"\nretries_max = 0\nbreaker_failures = 2\nbreaker_rest_ms = 300\n",
        server.port
    )
}

/// A worker with such services, ready.
fn start(topics: &Topics, rest: &str) -> Worker {
    let settings = Settings {
        kafka: TIMES,
        rest,
        arguments: &[],
    };
    let mut worker = Worker::start(topics, settings);
    worker.await_ready();
    worker
}

/// All records, when `count` of them are there; each is there once, none is a dead letter, and the worker ends well.
fn finish(topics: &Topics, worker: Worker, count: usize) -> Vec<Whole> {
    let (output, dead) = await_outcomes(topics, count);
    assert_eq!(worker.terminate(), 0);
    let counts = occurrences(&output);
    assert!(counts.values().all(|times| *times == 1), "doubled");
    assert_eq!(counts.len(), count, "lost or invented");
    assert_eq!(dead, []);
    output
}

fn is_flagged(record: &Whole, flag: &str) -> bool {
    record.json()["flags"]
        .as_array()
        .unwrap()
        .iter()
        .any(|known| known == flag)
}

fn is_weather(record: &Whole) -> bool {
    let topics = record.json()["topics"].clone();
    let topics = topics.as_array().unwrap();
    topics
        .iter()
        .any(|topic| topic["code"] == "medtop:17000000" && topic["found_by"].is_array())
}

#[test]
fn a_service_that_dies_and_comes_back_costs_findings_alone_with_publish() {
    const COUNT: usize = 2_000;
    let (topics, server) = (Topics::create("outside-publish", 2), Server::start(weather));
    let rest = enricher(&server, "publish");
    let worker = start(&topics, &rest);
    let all = articles(COUNT);
    produce(&topics.input, &all[..500]);
    await_outcomes(&topics, 500);
    server.go(true);
    produce(&topics.input, &all[500..1_500]);
    // The flow goes on all the while.
    await_outcomes(&topics, 1_500);
    assert!(worker.metric(MISSING).unwrap() > 0.0);
    assert!(worker.metric(LEFT_ALONE).unwrap() > 0.0, "it was left alone");
    server.go(false);
    produce(&topics.input, &all[1_500..]);
    let output = finish(&topics, worker, COUNT);
    for record in &output {
        assert_ne!(is_flagged(record, "enricher_missing"), is_weather(record));
    }
    let found = output.iter().filter(|record| is_weather(record)).count();
    assert!((500..COUNT).contains(&found), "{found}");
}

#[test]
fn a_service_that_dies_holds_the_flow_with_wait_until_it_is_back() {
    const COUNT: usize = 1_000;
    let (topics, server) = (Topics::create("outside-wait", 2), Server::start(weather));
    let rest = enricher(&server, "wait");
    let worker = start(&topics, &rest);
    let all = articles(COUNT);
    produce(&topics.input, &all[..200]);
    await_outcomes(&topics, 200);
    server.go(true);
    produce(&topics.input, &all[200..]);
    let refused = worker.await_metric(LEFT_ALONE, 1.0);
    worker.await_metric(LEFT_ALONE, refused + 5.0);
    assert_eq!(worker.metric(OPEN), Some(1.0));
    assert_eq!(read_all(&topics.output).len(), 200, "the flow stands");
    assert_eq!(worker.get("/livez").unwrap().0, 200, "polling does not");
    // What waits is given up, and the next worker reads it again.
    assert_eq!(worker.terminate(), 0);
    let worker = start(&topics, &rest);
    worker.await_metric(LEFT_ALONE, 1.0);
    server.go(false);
    let output = finish(&topics, worker, COUNT);
    assert!(output.iter().all(is_weather));
    assert!(!output.iter().any(|record| is_flagged(record, "enricher_missing")));
}

#[test]
fn articles_that_are_only_a_url_are_each_published_once_though_the_site_and_the_worker_die() {
    const COUNT: usize = 400;
    let (topics, site) = (Topics::create("outside-pages", 2), Server::start(page));
    let rest = format!(
        "{SMALL_BATCHES}[fetch]\nenabled = true\nrobots = false\nallow_hosts = [\"127.0.0.1:{}\"]\nhost_interval_ms = 0\n\
         host_concurrency_max = 16\nretries_max = 0\nbreaker_failures = 3\nbreaker_rest_ms = 200\n",
        site.port
    );
    let only_url = |n: usize| {
        let (key, url) = (format!("u{n:04}"), format!("http://127.0.0.1:{}/{n}", site.port));
        Whole::new(&key, json!({"id": key, "url": url}).to_string())
    };
    let all: Vec<Whole> = (0..COUNT).map(only_url).collect();
    produce(&topics.input, &all[..200]);
    let worker = start(&topics, &rest);
    await_outcomes(&topics, 100);
    worker.kill();
    let worker = start(&topics, &rest);
    await_outcomes(&topics, 200);
    assert!(site.answered.load(Ordering::Relaxed) >= 200);
    site.go(true);
    produce(&topics.input, &all[200..300]);
    await_outcomes(&topics, 300);
    site.go(false);
    produce(&topics.input, &all[300..]);
    let output = finish(&topics, worker, COUNT);
    for record in &output {
        assert_ne!(
            is_flagged(record, "url_only"),
            record.json()["text"] != "",
            "{:?}",
            record.key
        );
    }
    let number = |record: &&Whole| {
        String::from_utf8_lossy(&record.key.clone().unwrap())[1..]
            .parse::<usize>()
            .unwrap()
    };
    let (had, missed): (Vec<_>, Vec<_>) = output.iter().partition(|record| !is_flagged(record, "url_only"));
    assert!(had.iter().filter(|record| number(record) < 200).count() == 200);
    assert!(
        missed
            .iter()
            .filter(|record| (200..300).contains(&number(record)))
            .count()
            == 100
    );
}
