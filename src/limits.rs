//! Every bound of the worker, named, in one plain struct. Never reads configuration, never enforces anything itself.

/// The bounds that hold for one record. Each is checked where it applies and has a test that reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest raw payload that is read, in bytes; above it the record is rejected as `too_large`.
    pub payload_bytes_max: usize,
    /// Deepest nesting of JSON arrays and objects, or of XML elements; above it `too_deep`.
    pub depth_max: usize,
    /// Most values (numbers, strings, arrays, ...) in one JSON payload, or elements in one of XML; above it
    /// `too_large`. Bounds the parsed form, which takes many times the bytes of the payload.
    pub values_max: usize,
    /// Most bytes of cleaned text kept; the rest is cut at a paragraph or character and flagged `truncated`.
    pub text_bytes_max: usize,
    /// Most bytes of a headline kept; the rest is cut and flagged `truncated`.
    pub headline_bytes_max: usize,
    /// Most bytes of the opening that the dateline parser looks at.
    pub dateline_bytes_max: usize,
    /// Most bytes of text that language identification looks at.
    pub language_bytes_max: usize,
    /// Most mentions published for one article; later ones are left out and flagged `truncated`.
    pub mentions_max: usize,
    /// Most topics published for one article.
    pub topics_max: usize,
    /// Most keywords published for one article.
    pub keywords_max: usize,
    /// Most items in any list that the publisher gives (bylines, subjects, people, ...).
    pub given_items_max: usize,
    /// Most bytes of one short field that the publisher gives (url, publisher, subject, ...); the rest is cut and
    /// flagged `truncated`, a byline is left out, and an id is rejected as `too_large`. Not of `passthrough_fields`.
    pub given_field_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes_max: 16 * 1024 * 1024,
            depth_max: 64,
            values_max: 100_000,
            text_bytes_max: 1024 * 1024,
            headline_bytes_max: 4 * 1024,
            dateline_bytes_max: 400,
            language_bytes_max: 1024,
            mentions_max: 5_000,
            topics_max: 10,
            keywords_max: 10,
            given_items_max: 200,
            given_field_bytes_max: 8 * 1024,
        }
    }
}
