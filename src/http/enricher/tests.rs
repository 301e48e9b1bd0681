//! Services that misbehave in every way that is known, and what becomes of the articles. No test waits a fixed time.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::config::Secret;
use crate::config::TopicsConfig;
use crate::http::misbehaving::Connection;
use crate::http::misbehaving::Request;
use crate::http::misbehaving::Server;
use crate::http::misbehaving::answer;
use crate::http::misbehaving::misbehave;

fn config(url: String) -> EnricherConfig {
    EnricherConfig {
        name: "desk".to_owned(),
        url,
        timeout_ms: 500,
        retries_max: 0,
        answer_bytes_max: 10_000,
        breaker_failures: 100,
        breaker_rest_ms: 100,
        ..EnricherConfig::default()
    }
}

fn enricher(config: &EnricherConfig) -> (RemoteEnricher, Metrics) {
    let metrics = Metrics::new().unwrap();
    let catalogue = Arc::new(Catalogue::new(&TopicsConfig::default()).unwrap());
    (
        RemoteEnricher::new(config, &catalogue, &metrics).unwrap(),
        metrics,
    )
}

fn questions(count: usize) -> Vec<Question> {
    let one = |number| Question {
        id: format!("id-{number}"),
        headline: None,
        text: "Rain fell on Oslo.".to_owned(),
        language: "en".to_owned(),
    };
    (0..count).map(one).collect()
}

/// A right answer about every article of a request.
fn right(request: &Request) -> Value {
    let asked: Value = serde_json::from_slice(&request.body).unwrap();
    let result = |article: &Value| {
        json!({"id": article["id"], "topics": [{"code": "medtop:17000000", "confidence": 0.8}], "entities": [
            {"type": "GPE", "confidence": 0.9, "mentions": [{"field": "text", "start": 13, "end": 17, "text": "Oslo"}]},
        ]})
    };
    let results: Vec<Value> = asked["articles"].as_array().unwrap().iter().map(result).collect();
    json!({"model": "m 1", "results": results})
}

fn answer_right(stream: &mut dyn Connection, request: &Request) {
    answer(stream, "200 OK", "", right(request).to_string().as_bytes());
}

fn sample(metrics: &Metrics, name: &str) -> u64 {
    let text = metrics.render();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} in {text}"))
        .parse()
        .unwrap()
}

fn outcome(metrics: &Metrics, outcome: &str) -> u64 {
    let labels = format!("{{outcome=\"{outcome}\",service=\"enricher:desk\"}}");
    sample(metrics, &format!("dateline_http_requests_total{labels}"))
}

const MISSING: &str = "dateline_enricher_missing_total{service=\"enricher:desk\"}";

#[tokio::test]
async fn every_misbehaviour_has_its_outcome() {
    let server = Server::start(misbehave);
    for (path, expected) in [
        ("/missing", HttpOutcome::ClientError),
        ("/trouble", HttpOutcome::ServerError),
        ("/busy", HttpOutcome::ServerError),
        ("/much-later", HttpOutcome::ServerError),
        ("/later-by-date", HttpOutcome::ServerError),
        ("/loop", HttpOutcome::Redirects),
        ("/nowhere", HttpOutcome::Redirects),
        ("/large", HttpOutcome::TooLarge),
        ("/endless", HttpOutcome::TooLarge),
        ("/brotli", HttpOutcome::Broken),
        ("/no-gzip", HttpOutcome::Broken),
        ("/bad-chunk", HttpOutcome::Broken),
        ("/short", HttpOutcome::Broken),
        ("/two-lengths", HttpOutcome::Broken),
        ("/nonsense", HttpOutcome::Broken),
        ("/headers", HttpOutcome::Broken),
        ("/closed", HttpOutcome::Broken),
        ("/reset", HttpOutcome::Broken),
        ("/half-closed", HttpOutcome::Broken),
        ("/slow", HttpOutcome::Timeout),
        ("/dribble", HttpOutcome::Timeout),
    ] {
        let (enricher, metrics) = enricher(&config(server.url(path)));
        let found = enricher.ask(questions(1)).await;
        assert_eq!(found, [Err(expected.name())], "{path}");
        assert_eq!(
            (outcome(&metrics, expected.name()), sample(&metrics, MISSING)),
            (1, 1),
            "{path}"
        );
    }
    assert_eq!(server.paths().iter().filter(|path| *path == "/loop").count(), 1);
}

#[tokio::test]
async fn an_answer_that_is_none_is_one_of_no_article() {
    for body in [
        json!("nonsense"),
        json!({"results": []}),
        json!({"model": "m 1", "results": []}),
        json!({"model": "", "results": [{"id": "id-0", "entities": [], "topics": []}]}),
        json!({"model": "m 1", "results": {}}),
    ] {
        let text = body.to_string();
        let server = Server::start(move |stream, _| answer(stream, "200 OK", "", text.as_bytes()));
        let (enricher, metrics) = enricher(&config(server.url("/")));
        assert_eq!(enricher.ask(questions(1)).await, [Err("invalid")], "{body}");
        assert_eq!(outcome(&metrics, "invalid"), 1);
    }
}

#[tokio::test]
async fn articles_go_in_bounded_requests_and_answers_come_back_in_order() {
    let server = Server::start(answer_right);
    let config = EnricherConfig {
        request_articles_max: 3,
        concurrency_max: 2,
        token: Some(Secret::new("t0ken")),
        ..config(server.url("/enrich"))
    };
    let (enricher, metrics) = enricher(&config);
    let found = enricher.ask(questions(8)).await;
    assert_eq!(found.len(), 8);
    for found in found {
        let found = found.unwrap();
        assert_eq!(found.model, "m 1");
        assert_eq!(found.entities.unwrap()[0].name, "Oslo");
        assert_eq!(found.topics.unwrap()[0].name, "weather");
    }
    let asked = server.asked();
    assert_eq!(
        (asked.len(), outcome(&metrics, "ok"), sample(&metrics, MISSING)),
        (3, 3, 0)
    );
    assert!(
        asked
            .iter()
            .all(|request| request.head.contains("authorization: bearer t0ken"))
    );
    let by_bytes = EnricherConfig {
        request_bytes_max: 60,
        ..config
    };
    let lengths: Vec<usize> = parts(&questions(5), &by_bytes).iter().map(Range::len).collect();
    assert_eq!(lengths, [2, 2, 1]);
    let one = EnricherConfig {
        request_bytes_max: 1,
        ..by_bytes
    };
    assert_eq!(parts(&questions(2), &one), [0..1, 1..2]);
}

#[tokio::test]
async fn one_article_that_the_service_refuses_takes_no_other_with_it() {
    let server = Server::start(|stream, request| {
        if String::from_utf8_lossy(&request.body).contains("id-2\"") {
            answer(stream, "422 Unprocessable Content", "", b"");
        } else {
            answer_right(stream, request);
        }
    });
    for on_failure in [EnricherFailure::Publish, EnricherFailure::Wait] {
        let (enricher, metrics) = enricher(&EnricherConfig {
            on_failure,
            ..config(server.url("/"))
        });
        let found = enricher.ask(questions(4)).await;
        let failed: Vec<_> = found
            .iter()
            .map(|answer| answer.as_ref().err().copied())
            .collect();
        assert_eq!(failed, [None, None, Some("client_error"), None]);
        assert_eq!(
            (outcome(&metrics, "ok"), outcome(&metrics, "client_error")),
            (3, 2)
        );
    }
}

#[tokio::test]
async fn a_service_that_asks_to_come_again_is_asked_again() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |stream, request| {
        if asked.fetch_add(1, Ordering::Relaxed) < 2 {
            answer(stream, "429 Too Many Requests", "Retry-After: 0\r\n", b"");
        } else {
            answer_right(stream, request);
        }
    });
    let (enricher, metrics) = enricher(&EnricherConfig {
        retries_max: 2,
        ..config(server.url("/"))
    });
    assert!(enricher.ask(questions(1)).await[0].is_ok());
    let retries = sample(&metrics, "dateline_http_retries_total{service=\"enricher:desk\"}");
    assert_eq!((outcome(&metrics, "ok"), retries), (1, 2));
}

#[tokio::test]
async fn a_service_that_keeps_failing_is_left_alone_and_asked_again_after_its_rest() {
    let is_well = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&is_well);
    let server = Server::start(move |stream, request| {
        if well.load(Ordering::Relaxed) {
            answer_right(stream, request);
        } else {
            answer(stream, "500 Oh", "", b"");
        }
    });
    let (enricher, metrics) = enricher(&EnricherConfig {
        breaker_failures: 2,
        ..config(server.url("/"))
    });
    let open = "dateline_http_breakers_open{service=\"enricher:desk\"}";
    for _ in 0..2 {
        assert_eq!(enricher.ask(questions(1)).await, [Err("server_error")]);
    }
    assert_eq!(sample(&metrics, open), 1);
    assert_eq!(enricher.ask(questions(1)).await, [Err("breaker_open")]);
    let state = metrics.totals().services.remove(0);
    assert_eq!(
        (
            state.name.as_str(),
            state.failures,
            state.breakers_open,
            state.last_failure
        ),
        ("enricher:desk", 3, 1, Some("breaker_open"))
    );
    is_well.store(true, Ordering::Relaxed);
    let deadline = Instant::now() + Duration::from_secs(60);
    while enricher.ask(questions(1)).await[0].is_err() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(sample(&metrics, open), 0);
}

#[tokio::test]
async fn with_wait_there_is_an_answer_however_long_the_service_is_away() {
    let server = Server::start(|stream, request| {
        if request.number < 6 {
            answer(stream, "503 Away", "", b"");
        } else {
            answer_right(stream, request);
        }
    });
    let (enricher, metrics) = enricher(&EnricherConfig {
        on_failure: EnricherFailure::Wait,
        breaker_failures: 3,
        batch_timeout_ms: 100,
        ..config(server.url("/"))
    });
    let found = enricher.ask(questions(2)).await;
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    assert_eq!(sample(&metrics, MISSING), 0);
}

#[tokio::test]
async fn no_batch_waits_longer_than_it_may() {
    let server = Server::start(misbehave);
    let (enricher, metrics) = enricher(&EnricherConfig {
        timeout_ms: 600_000,
        batch_timeout_ms: 100,
        ..config(server.url("/slow"))
    });
    assert_eq!(enricher.ask(questions(2)).await, [Err("timeout"), Err("timeout")]);
    assert_eq!(sample(&metrics, MISSING), 2);
}

#[tokio::test]
async fn strangers_certificates_are_not_trusted_and_a_teams_own_are() {
    let (server, pem) = Server::start_tls("127.0.0.1", answer_right);
    let stranger = config(server.url("/"));
    assert_eq!(
        enricher(&stranger).0.ask(questions(1)).await,
        [Err("unreachable")]
    );
    assert_eq!(server.paths(), [""; 0]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let trusted = EnricherConfig {
        ca_file: Some(file.path().display().to_string()),
        ..stranger
    };
    assert!(enricher(&trusted).0.ask(questions(1)).await[0].is_ok());
    let plain = Server::start(answer_right);
    let no_tls = config(plain.url("/").replace("http:", "https:"));
    assert_eq!(enricher(&no_tls).0.ask(questions(1)).await, [Err("unreachable")]);
}
