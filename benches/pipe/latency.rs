//! Latency from end to end in an open loop: every record has a time at which it is due, sent or not, and its latency
//! runs from then until a `read_committed` reader has it. Whoever falls behind pays for all who wait.

use std::thread;
use std::time::Duration;
use std::time::Instant;

use rdkafka::Message;
use rdkafka::message::Header;
use rdkafka::message::Headers;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::BaseRecord;
use rdkafka::producer::Producer;

use crate::ANSWER;
use crate::Done;
use crate::PlainProducer;
use crate::client;
use crate::reader;
use crate::send;

/// Header that says when a record was due, in microseconds since the start.
const DUE: &str = "bench-due";
/// Records that are due in this time count for nothing: the worker joins its group meanwhile.
const WARM_UP: Duration = Duration::from_secs(8);
/// Longest wait for the last record.
const LAST: Duration = Duration::from_secs(30);

/// Sends articles at `rate` a second and prints how long they took.
pub(crate) fn latency(
    from: &str,
    to: &str,
    rate: f64,
    seconds: f64,
    articles: Vec<(String, String)>,
) -> Done {
    let count = (rate * (WARM_UP.as_secs_f64() + seconds)) as usize;
    let consumer = reader(to)?;
    let producer: PlainProducer = client()?.set("linger.ms", "0").set("acks", "all").create()?;
    let started = Instant::now();
    let from = from.to_owned();
    let sender = thread::spawn(move || -> Result<(), String> {
        for (place, (key, value)) in articles.iter().cycle().take(count).enumerate() {
            let due = Duration::from_secs_f64(place as f64 / rate);
            thread::sleep(due.saturating_sub(started.elapsed()));
            let told = due.as_micros().to_string();
            let header = Header {
                key: DUE,
                value: Some(&told),
            };
            let record = BaseRecord::to(&from)
                .key(key.as_bytes())
                .payload(value.as_bytes())
                .headers(OwnedHeaders::new().insert(header));
            send(&producer, record).map_err(|error| error.to_string())?;
        }
        producer.flush(ANSWER).map_err(|error| error.to_string())
    });
    let deadline = WARM_UP + Duration::from_secs_f64(seconds) + LAST;
    let (mut received, mut milliseconds) = (0, Vec::new());
    while received < count && started.elapsed() < deadline {
        let Some(message) = consumer.poll(Duration::from_millis(50)) else {
            continue;
        };
        let now = started.elapsed();
        let message = message?;
        received += 1;
        let headers = message.headers().ok_or("a record without headers")?;
        let due = headers.iter().find(|header| header.key == DUE);
        let due = due
            .and_then(|header| header.value)
            .ok_or("a record without its due time")?;
        let due = Duration::from_micros(std::str::from_utf8(due)?.parse()?);
        if due >= WARM_UP {
            milliseconds.push(now.saturating_sub(due).as_secs_f64() * 1000.0);
        }
    }
    sender.join().map_err(|_| "the sender panicked")??;
    milliseconds.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| milliseconds.get((milliseconds.len() as f64 * share) as usize);
    let told = serde_json::json!({
        "rate": rate, "measured": milliseconds.len(), "missing": count - received,
        "p50_ms": at(0.5), "p99_ms": at(0.99), "p999_ms": at(0.999), "max_ms": milliseconds.last(),
    });
    println!("{told}");
    Ok(())
}
