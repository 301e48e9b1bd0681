//! What a batch went through, for whoever traces it, and the spans that its records come from. Plain data: no ids, no
//! wall clock, no network.

use std::sync::Arc;
use std::time::Instant;

use crate::metrics::Stage;
use crate::record::Batch;
use crate::record::Outcome;
use crate::record::Record;

/// The header by which a producer names its span (W3C Trace Context), and the one with vendors' notes on it.
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
/// Most bytes of vendors' notes that are carried; longer ones are left out, as W3C has it.
const TRACESTATE_BYTES_MAX: usize = 512;

/// Who is told about every batch that ended, in whatever way.
#[derive(Clone)]
pub struct Tracing {
    /// Most producers' spans that are named.
    pub links_max: usize,
    /// Takes the trace; never waits.
    pub ended: Arc<dyn Fn(BatchTrace) + Send + Sync>,
}

/// A batch that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchTrace {
    /// The Kafka topic of its records, where it is one.
    pub kafka_topic: Option<Arc<str>>,
    /// Its records.
    pub records: usize,
    /// Bytes of its records.
    pub bytes: usize,
    /// The spans that its records come from, one a record at most, in their order.
    pub producers: Vec<SpanContext>,
    /// How many more there are.
    pub producers_left_out: usize,
    /// Its stages in their order.
    pub stages: Vec<StageTime>,
    /// What became of its records.
    pub outcomes: Counts,
    /// Why it was not committed: a word of a closed list.
    pub failure: Option<&'static str>,
}

/// How many records became what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Published.
    pub enriched: usize,
    /// Tombstones, passed on.
    pub passed_through: usize,
    /// Nothing to publish.
    pub skipped: usize,
    /// Dead letters.
    pub rejected: usize,
}

/// When a batch was in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// From then
    pub started: Instant,
    /// to then.
    pub ended: Instant,
}

/// The span of a producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanContext {
    /// Its trace.
    pub trace_id: [u8; 16],
    /// The span.
    pub span_id: [u8; 8],
    /// Bit 0: it is sampled.
    pub flags: u8,
    /// Vendors' notes.
    pub state: String,
}

impl BatchTrace {
    /// Of a batch on its way to the sink.
    pub(super) fn of(batch: &Batch, outcomes: &[Outcome], stages: Vec<StageTime>, links_max: usize) -> Self {
        let mut topics = batch.records.iter().map(|record| &record.origin.kafka_topic);
        let first = topics.next();
        let mut all = batch.records.iter().filter_map(producer);
        Self {
            kafka_topic: first.filter(|first| topics.all(|topic| topic == *first)).cloned(),
            records: batch.records.len(),
            bytes: batch.bytes,
            producers: all.by_ref().take(links_max).collect(),
            producers_left_out: all.count(),
            stages,
            outcomes: Counts::of(outcomes),
            failure: None,
        }
    }
}

impl Counts {
    pub(super) fn of(outcomes: &[Outcome]) -> Self {
        outcomes.iter().fold(Self::default(), |mut counts, outcome| {
            match outcome {
                Outcome::Enriched(_) => counts.enriched += 1,
                Outcome::PassedThrough(_) => counts.passed_through += 1,
                Outcome::Skipped(_) => counts.skipped += 1,
                Outcome::Rejected(_) => counts.rejected += 1,
            }
            counts
        })
    }
}

/// The span that a record comes from.
fn producer(record: &Record) -> Option<SpanContext> {
    let state = record.header_text(TRACESTATE).unwrap_or_default();
    let state = if state.len() <= TRACESTATE_BYTES_MAX {
        state
    } else {
        ""
    };
    parse(record.header_text(TRACEPARENT)?, state)
}

/// Reads a `traceparent`; `None` where it is not valid by W3C Trace Context. A later version may say more at its end.
fn parse(traceparent: &str, state: &str) -> Option<SpanContext> {
    let mut parts = traceparent.trim().split('-');
    let version: [u8; 1] = hex(parts.next()?)?;
    let trace_id = hex(parts.next()?)?;
    let span_id = hex(parts.next()?)?;
    let [flags] = hex(parts.next()?)?;
    let is_valid = match version {
        [0xFF] => false,
        [0] => parts.next().is_none(),
        _ => true,
    };
    (is_valid && trace_id != [0; 16] && span_id != [0; 8]).then_some(SpanContext {
        trace_id,
        span_id,
        flags,
        state: state.to_owned(),
    })
}

/// Exactly `N` bytes in lower-case hex.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_is_read_as_w3c_has_it() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        let span = "b7ad6b7169203331";
        for (header, expected) in [
            (format!("00-{id}-{span}-01"), Some(1)),
            (format!("00-{id}-{span}-00"), Some(0)),
            (format!(" 00-{id}-{span}-03 "), Some(3)),
            (format!("cc-{id}-{span}-01-what-the-future-has"), Some(1)),
            (format!("00-{id}-{span}-01-more"), None),
            (format!("ff-{id}-{span}-01"), None),
            (format!("00-{}-{span}-01", "0".repeat(32)), None),
            (format!("00-{id}-{}-01", "0".repeat(16)), None),
            (format!("00-{}-{span}-01", id.to_uppercase()), None),
            (format!("00-{id}-{span}"), None),
            (format!("00-{id}0-{span}-01"), None),
            (format!("00-{id}-{span}-1"), None),
            (format!("00-{id}-{span}-é"), None),
            (String::new(), None),
        ] {
            let read = parse(&header, "k=v");
            assert_eq!(read.as_ref().map(|read| read.flags), expected, "{header}");
            if let Some(read) = read {
                assert_eq!(
                    (read.trace_id[0], read.span_id[7], read.state.as_str()),
                    (0x0a, 0x31, "k=v")
                );
            }
        }
    }
}
