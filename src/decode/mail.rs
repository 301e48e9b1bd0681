//! A mail message (RFC 5322, once RFC 822) with MIME, by `mail-parser`: an article that a bureau or a reader
//! sent. Reads the text, never attachments; the sender is not taken for the author.

use mail_parser::HeaderName;
use mail_parser::MessageParser;
use mail_parser::MimeHeaders;

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::decode::sniff;

/// Header fields that every message has some of.
const FIELDS: &[&str] = &[
    "return-path",
    "received",
    "delivered-to",
    "from",
    "to",
    "date",
    "subject",
    "message-id",
    "mime-version",
    "content-type",
    "reply-to",
    "sender",
    "x-mailer",
];
/// Longest header that is looked at.
const HEADER_LINES_MAX: usize = 200;

/// True for bytes that open like a message: header fields alone down to an empty line, `From` and two others of
/// `FIELDS` among them.
pub(super) fn opens(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    // Most payloads are JSON of one line, of which this is all that is looked at.
    if !bytes.first().is_some_and(|byte| is_of_name(*byte)) {
        return false;
    }
    let (mut known, mut has_from) = (0, false);
    for line in bytes.split(|byte| *byte == b'\n').take(HEADER_LINES_MAX) {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return has_from && known >= 3;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") || line.starts_with(b"From ") {
            continue;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return false;
        };
        let name = line.get(..colon).unwrap_or_default().to_ascii_lowercase();
        if name.is_empty() || !name.iter().copied().all(is_of_name) {
            return false;
        }
        has_from |= name == b"from";
        known += usize::from(FIELDS.iter().any(|field| field.as_bytes() == name));
    }
    false
}

/// True for what names of header fields are made of.
const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Reads one message.
///
/// # Errors
/// Where it is none, or a digest of several.
pub(super) fn decode(bytes: &[u8]) -> Result<RawArticle, Rejection> {
    let message = MessageParser::default()
        .parse(bytes.trim_ascii_start())
        .ok_or_else(|| sniff::unsupported("a message without header fields"))?;
    let is_digest = message
        .content_type()
        .is_some_and(|content| content.subtype() == Some("digest"));
    let count = message.parts.iter().filter(|part| part.is_message()).count();
    if is_digest && count > 1 {
        return Err(sniff::several(count, "messages of a digest"));
    }
    let mut article = RawArticle::new(InputForm::Mail);
    article.id = message.message_id().map(|id| format!("<{id}>"));
    article.headline = message.subject().map(|subject| Markup::Plain(subject.to_owned()));
    let html = message.html_part(0).filter(|part| part.is_text_html());
    article.body = match html {
        Some(_) => message.body_html(0).map(|html| Markup::Html(html.into_owned())),
        None => message.body_text(0).map(|text| Markup::Plain(text.into_owned())),
    };
    if article.body.is_none() && message.headers().is_empty() {
        return Err(Rejection::new(RejectionCode::NoContent, "a message without text"));
    }
    article.published_at = message
        .header_raw(HeaderName::Date)
        .map(|date| date.trim().to_owned());
    article.language = message
        .root_part()
        .headers
        .iter()
        .find(|header| header.name() == "Content-Language")
        .and_then(|header| header.value().as_text())
        .map(str::to_owned);
    Ok(article)
}
