//! What a collector receives, decoded with OpenTelemetry's own messages; and what happens where none receives it.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::time::Instant;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::trace::v1::Span as Received;
use prost::Message as _;

use super::*;
use crate::config::Secret;
use crate::metrics::Stage;
use crate::worker::trace::Counts;
use crate::worker::trace::SpanContext;
use crate::worker::trace::StageTime;

const DEADLINE: Duration = Duration::from_secs(60);

/// Answers each request with the next status, the last one for ever; hands over every head and body.
fn collector(statuses: &[u16]) -> (String, std::sync::mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let (sender, receiver) = std::sync::mpsc::channel();
    let statuses = statuses.to_vec();
    std::thread::spawn(move || {
        for count in 0.. {
            let status = statuses[count.min(statuses.len() - 1)];
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).unwrap() > 2 {}
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse().unwrap())
            });
            let mut body = vec![0; length.unwrap()];
            reader.read_exact(&mut body).unwrap();
            let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            if sender.send((head, body)).is_err() {
                return;
            }
        }
    });
    (url, receiver)
}

fn config(url: &str) -> TelemetryConfig {
    TelemetryConfig {
        traces_url: Some(url.to_owned()),
        interval_ms: 1,
        ..TelemetryConfig::default()
    }
}

fn start(config: &TelemetryConfig) -> (Exporter, Sending, Metrics) {
    let metrics = Metrics::new().unwrap();
    let (exporter, sending) = Exporter::start(config, "desk", None, metrics.clone())
        .unwrap()
        .unwrap();
    (exporter, sending, metrics)
}

fn count(metrics: &Metrics, fate: &str) -> u64 {
    let line = format!("dateline_spans_total{{fate=\"{fate}\"}} ");
    let text = metrics.render();
    let found = text.lines().find_map(|l| l.strip_prefix(&line));
    found
        .unwrap_or_else(|| panic!("no {line} in {text}"))
        .parse()
        .unwrap()
}

fn producer(first: u8) -> SpanContext {
    SpanContext {
        trace_id: [first; 16],
        span_id: [first; 8],
        flags: 1,
        state: "vendor=1".to_owned(),
    }
}

/// A batch that waited for 900 ms, was enriched in 30 ms and committed in 10.
fn batch(producers: Vec<SpanContext>, failure: Option<&'static str>) -> BatchTrace {
    let ended = Instant::now();
    let before = |ms| ended.checked_sub(Duration::from_millis(ms)).unwrap();
    let time = |stage, from, to| StageTime {
        stage,
        started: before(from),
        ended: before(to),
    };
    BatchTrace {
        kafka_topic: Some("articles.raw".into()),
        records: 3,
        bytes: 99,
        producers,
        producers_left_out: 2,
        stages: vec![
            time(Stage::Fetch, 940, 40),
            time(Stage::Enrich, 40, 10),
            time(Stage::Commit, 10, 0),
        ],
        outcomes: Counts {
            enriched: 2,
            rejected: 1,
            ..Counts::default()
        },
        failure,
    }
}

fn spans(body: &[u8]) -> Vec<Received> {
    let mut request = ExportTraceServiceRequest::decode(body).unwrap();
    assert_eq!(request.resource_spans.len(), 1);
    let mut of_resource = request.resource_spans.remove(0);
    of_resource.scope_spans.remove(0).spans
}

fn attribute(span: &Received, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|pair| pair.key == name)?;
    Some(match found.value.clone()?.value? {
        any_value::Value::StringValue(text) => text,
        any_value::Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    })
}

#[tokio::test]
async fn a_batch_is_a_span_with_links_and_a_child_a_stage() {
    let (url, received) = collector(&[200]);
    let (exporter, sending, metrics) = start(&TelemetryConfig {
        headers: Some(Secret::new("api-key=s3cret, x=y")),
        service_name: "desk".to_owned(),
        ..config(&url)
    });
    exporter.batch(batch(vec![producer(7)], None));
    drop(exporter);
    sending.finish(DEADLINE).await;
    let (head, body) = received.recv_timeout(DEADLINE).unwrap();
    let head = head.to_lowercase();
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    for line in ["api-key: s3cret", "x: y", "content-type: application/x-protobuf"] {
        assert!(head.lines().any(|l| l == line), "{line} in {head}");
    }
    let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
    let resource = request.resource_spans[0].resource.clone().unwrap();
    assert_eq!(resource.attributes[0].key, "service.name");
    let spans = spans(&body);
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["process articles.raw", "enrich", "commit"]);
    let whole = &spans[0];
    assert_eq!(
        (
            whole.kind,
            whole.parent_span_id.len(),
            whole.span_id.len(),
            whole.trace_id.len()
        ),
        (5, 0, 8, 16)
    );
    for stage in &spans[1..] {
        assert_eq!(
            (&stage.trace_id, &stage.parent_span_id),
            (&whole.trace_id, &whole.span_id)
        );
        assert!(stage.start_time_unix_nano >= whole.start_time_unix_nano);
        assert!(stage.end_time_unix_nano <= whole.end_time_unix_nano);
    }
    assert_eq!(
        spans[1].end_time_unix_nano - spans[1].start_time_unix_nano,
        30_000_000
    );
    assert_eq!(whole.end_time_unix_nano - whole.start_time_unix_nano, 40_000_000);
    let link = &whole.links[0];
    assert_eq!(
        (
            link.trace_id.as_slice(),
            link.span_id.as_slice(),
            link.trace_state.as_str()
        ),
        ([7; 16].as_slice(), [7; 8].as_slice(), "vendor=1")
    );
    assert_eq!(
        (link.flags, whole.links.len(), whole.dropped_links_count),
        (0x301, 1, 2)
    );
    for (name, expected) in [
        ("messaging.system", "kafka"),
        ("messaging.consumer.group.name", "desk"),
        ("messaging.destination.name", "articles.raw"),
        ("messaging.batch.message_count", "3"),
        ("dateline.batch.waited_ms", "900"),
        ("dateline.records.enriched", "2"),
        ("dateline.records.rejected", "1"),
    ] {
        assert_eq!(attribute(whole, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!((whole.status.clone(), count(&metrics, "sent")), (None, 3));
}

#[tokio::test]
async fn a_batch_that_failed_says_so() {
    let (url, received) = collector(&[200]);
    let (exporter, sending, _) = start(&config(&url));
    exporter.batch(batch(Vec::new(), Some("dropped")));
    drop(exporter);
    sending.finish(DEADLINE).await;
    let spans = spans(&received.recv_timeout(DEADLINE).unwrap().1);
    let status = spans[0].status.clone().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "dropped"));
    assert_eq!(attribute(&spans[0], "error.type").as_deref(), Some("dropped"));
    assert!(spans[0].links.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_tried_again_and_a_refusal_is_dropped_and_counted() {
    let (url, received) = collector(&[503, 200, 400]);
    let (exporter, sending, metrics) = start(&config(&url));
    exporter.batch(batch(Vec::new(), None));
    for _ in 0..2 {
        received.recv_timeout(DEADLINE).unwrap();
    }
    exporter.batch(batch(Vec::new(), None));
    drop(exporter);
    sending.finish(DEADLINE).await;
    assert_eq!((count(&metrics, "sent"), count(&metrics, "not_sent")), (3, 3));
}

#[tokio::test]
async fn a_full_queue_drops_whole_batches_and_never_waits() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (exporter, sending, metrics) = start(&TelemetryConfig {
        queue_spans_max: 16,
        ..config(&url)
    });
    for _ in 0..100 {
        exporter.batch(batch(Vec::new(), None));
    }
    let dropped = count(&metrics, "queue_full");
    assert!(dropped >= 3 * 90 && dropped.is_multiple_of(3), "{dropped}");
    drop(exporter);
    // Nobody answers, and the end does not wait for that.
    sending.finish(Duration::from_millis(50)).await;
    drop(listener);
}

#[tokio::test]
async fn a_share_of_the_batches_is_traced() {
    for (share, least, most) in [(0.0, 0, 0), (0.5, 350, 650), (1.0, 1_000, 1_000)] {
        let (url, _received) = collector(&[200]);
        let (exporter, sending, metrics) = start(&TelemetryConfig {
            sample_share: share,
            queue_spans_max: 10_000,
            ..config(&url)
        });
        for _ in 0..1_000 {
            exporter.batch(batch(Vec::new(), None));
        }
        drop(exporter);
        sending.finish(DEADLINE).await;
        let traced = count(&metrics, "sent") / 3;
        assert!((least..=most).contains(&traced), "{traced} of 1000 at {share}");
    }
}

#[tokio::test]
async fn without_a_collector_there_is_no_exporter() {
    let metrics = Metrics::new().unwrap();
    let none = Exporter::start(&TelemetryConfig::default(), "desk", None, metrics.clone()).unwrap();
    assert!(none.is_none());
    for headers in ["no-value", "a b=c", "a=\u{1}b"] {
        let config = TelemetryConfig {
            headers: Some(Secret::new(headers)),
            ..config("http://127.0.0.1:1/")
        };
        let refused = Exporter::start(&config, "desk", None, metrics.clone())
            .err()
            .unwrap();
        assert!(
            refused.contains("header") || refused.contains("value"),
            "{refused}"
        );
    }
}
