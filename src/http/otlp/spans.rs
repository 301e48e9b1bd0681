//! A batch that ended as spans: one of the batch, linked to those that its records come from, and a child a stage.
//! Ids are random; instants become times of day here. Never sends anything.

use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::http::otlp::encode::Attribute;
use crate::http::otlp::encode::Kind;
use crate::http::otlp::encode::Span;
use crate::http::otlp::encode::Value;
use crate::metrics::Stage;
use crate::worker::trace::BatchTrace;
use crate::worker::trace::StageTime;

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    instant: Instant,
    since_1970: Duration,
}

impl Now {
    pub(super) fn get() -> Self {
        Self {
            instant: Instant::now(),
            since_1970: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// The time of day at an instant that is not later than now.
    fn at(&self, instant: Instant) -> Duration {
        let ago = self.instant.saturating_duration_since(instant);
        self.since_1970.saturating_sub(ago)
    }
}

/// The batch's span first, then its stages'. Waiting for records is no part of it: an idle hour is nobody's latency.
pub(super) fn spans(trace: BatchTrace, group_id: &str, now: Now, trace_id: [u8; 16]) -> Vec<Span> {
    let worked: Vec<StageTime> = trace
        .stages
        .iter()
        .copied()
        .filter(|time| time.stage != Stage::Fetch)
        .collect();
    let started = worked.iter().map(|time| time.started).min();
    let ended = worked.iter().map(|time| time.ended).max();
    let batch_id = span_id();
    let batch = Span {
        trace_id,
        id: batch_id,
        parent: None,
        name: match &trace.kafka_topic {
            Some(topic) => format!("process {topic}"),
            None => "process".to_owned(),
        },
        kind: Kind::Consumer,
        started: now.at(started.unwrap_or(now.instant)),
        ended: now.at(ended.unwrap_or(now.instant)),
        attributes: attributes(&trace, group_id),
        links: trace.producers,
        links_dropped: trace.producers_left_out,
        error: trace.failure,
    };
    let stage = |time: StageTime| Span {
        trace_id,
        id: span_id(),
        parent: Some(batch_id),
        name: time.stage.name().to_owned(),
        kind: Kind::Internal,
        started: now.at(time.started),
        ended: now.at(time.ended),
        attributes: Vec::new(),
        links: Vec::new(),
        links_dropped: 0,
        error: None,
    };
    std::iter::once(batch)
        .chain(worked.into_iter().map(stage))
        .collect()
}

fn attributes(trace: &BatchTrace, group_id: &str) -> Vec<Attribute> {
    let number = |count: usize| Value::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let text = |text: &str| Value::Text(text.to_owned());
    let waited = trace.stages.iter().find(|time| time.stage == Stage::Fetch);
    let waited = waited.map_or(0, |time| (time.ended - time.started).as_millis());
    let mut all = vec![
        ("messaging.system", text("kafka")),
        ("messaging.operation.name", text("process")),
        ("messaging.operation.type", text("process")),
        ("messaging.consumer.group.name", text(group_id)),
        ("messaging.batch.message_count", number(trace.records)),
        ("dateline.batch.bytes", number(trace.bytes)),
        (
            "dateline.batch.waited_ms",
            number(usize::try_from(waited).unwrap_or(usize::MAX)),
        ),
        ("dateline.records.enriched", number(trace.outcomes.enriched)),
        (
            "dateline.records.passed_through",
            number(trace.outcomes.passed_through),
        ),
        ("dateline.records.skipped", number(trace.outcomes.skipped)),
        ("dateline.records.rejected", number(trace.outcomes.rejected)),
    ];
    all.extend(
        trace
            .kafka_topic
            .iter()
            .map(|topic| ("messaging.destination.name", text(topic))),
    );
    all.extend(trace.failure.map(|failure| ("error.type", text(failure))));
    all
}

/// Random and not zero.
fn span_id() -> [u8; 8] {
    uuid::Uuid::new_v4().as_u64_pair().0.max(1).to_be_bytes()
}
