//! Spans as OTLP's protobuf (`opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest`), written by hand: five
//! messages need no library. Never sends anything.

use std::time::Duration;

use crate::worker::trace::SpanContext;

/// Whether a span is the work on a batch or a stage of it: the numbers of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Internal = 1,
    Consumer = 5,
}

/// A span.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) trace_id: [u8; 16],
    pub(super) id: [u8; 8],
    pub(super) parent: Option<[u8; 8]>,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Since 1970.
    pub(super) started: Duration,
    pub(super) ended: Duration,
    pub(super) attributes: Vec<Attribute>,
    /// Spans of others that this one goes on from.
    pub(super) links: Vec<SpanContext>,
    pub(super) links_dropped: usize,
    /// What went wrong.
    pub(super) error: Option<&'static str>,
}

/// A name and a value.
pub(super) type Attribute = (&'static str, Value);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

/// Who sends: the same for all spans.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resource {
    pub(super) attributes: Vec<Attribute>,
    pub(super) version: &'static str,
}

/// In `flags`: whether the other side is remote is known (bit 8), and it is (bit 9).
const LOCAL: u32 = 0x100;
const REMOTE: u32 = 0x300;
const SAMPLED: u32 = 1;
const STATUS_ERROR: u64 = 2;

/// The request that carries `spans`.
pub(super) fn request(resource: &Resource, spans: &[Span]) -> Vec<u8> {
    let mut of_resource = Message::default();
    of_resource.attributes(1, &resource.attributes);
    let mut scope = Message::default();
    scope.text(1, "dateline").text(2, resource.version);
    let mut scope_spans = Message::default();
    scope_spans.message(1, &scope);
    for span in spans {
        scope_spans.message(2, &self::span(span));
    }
    let mut resource_spans = Message::default();
    resource_spans.message(1, &of_resource).message(2, &scope_spans);
    let mut request = Message::default();
    request.message(1, &resource_spans);
    request.0
}

fn span(span: &Span) -> Message {
    let mut message = Message::default();
    message.bytes(1, &span.trace_id).bytes(2, &span.id);
    if let Some(parent) = &span.parent {
        message.bytes(4, parent);
    }
    message
        .text(5, &span.name)
        .number(6, span.kind as u64)
        .fixed64(7, nanoseconds(span.started))
        .fixed64(8, nanoseconds(span.ended))
        .attributes(9, &span.attributes);
    for link in &span.links {
        let mut of_link = Message::default();
        of_link
            .bytes(1, &link.trace_id)
            .bytes(2, &link.span_id)
            .text(3, &link.state)
            .fixed32(6, REMOTE | u32::from(link.flags));
        message.message(13, &of_link);
    }
    if span.links_dropped > 0 {
        message.number(14, span.links_dropped as u64);
    }
    if let Some(error) = span.error {
        let mut status = Message::default();
        status.text(2, error).number(3, STATUS_ERROR);
        message.message(15, &status);
    }
    message.fixed32(16, LOCAL | SAMPLED);
    message
}

fn nanoseconds(since: Duration) -> u64 {
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A protobuf message being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut rest: u64) {
        while rest >= 0x80 {
            self.0.push(u8::try_from(rest & 0x7F).unwrap_or(0) | 0x80);
            rest >>= 7;
        }
        self.0.push(u8::try_from(rest).unwrap_or(0));
    }

    /// Field number and wire type: 0 varint, 1 eight bytes, 2 with its length, 5 four bytes.
    fn tag(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    fn number(&mut self, field: u32, number: u64) -> &mut Self {
        self.tag(field, 0);
        self.varint(number);
        self
    }

    fn fixed64(&mut self, field: u32, number: u64) -> &mut Self {
        self.tag(field, 1);
        self.0.extend(number.to_le_bytes());
        self
    }

    fn fixed32(&mut self, field: u32, number: u32) -> &mut Self {
        self.tag(field, 5);
        self.0.extend(number.to_le_bytes());
        self
    }

    fn bytes(&mut self, field: u32, bytes: &[u8]) -> &mut Self {
        self.tag(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    fn text(&mut self, field: u32, text: &str) -> &mut Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(&mut self, field: u32, message: &Self) -> &mut Self {
        self.bytes(field, &message.0)
    }

    fn attributes(&mut self, field: u32, attributes: &[Attribute]) -> &mut Self {
        for (name, value) in attributes {
            let mut any = Self::default();
            match value {
                Value::Text(text) => any.text(1, text),
                Value::Number(number) => any.number(3, number.cast_unsigned()),
            };
            let mut pair = Self::default();
            pair.text(1, name).message(2, &any);
            self.message(field, &pair);
        }
        self
    }
}
