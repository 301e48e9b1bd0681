//! What a `content-type` header declares. Never looks at the payload.

use crate::article::Rejection;
use crate::decode::sniff;

/// A declared or recognised form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declared {
    /// Nothing that decides.
    Nothing,
    /// JSON of any kind, CloudEvents in structured mode included.
    Json,
    /// ninjs.
    Ninjs,
    /// Plain text.
    Plain,
    /// HTML.
    Html,
}

/// Reads a `content-type` header.
pub(super) fn declared(content_type: Option<&str>) -> Result<Declared, Rejection> {
    let Some(content_type) = content_type else {
        return Ok(Declared::Nothing);
    };
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "" | "application/octet-stream" | "binary/octet-stream" | "*/*" => Ok(Declared::Nothing),
        "text/plain" => Ok(Declared::Plain),
        "text/html" | "application/xhtml+xml" => Ok(Declared::Html),
        other if other.contains("ninjs") && !other.ends_with("xml") => Ok(Declared::Ninjs),
        "application/json" | "text/json" | "application/x-ndjson" | "application/jsonl" => Ok(Declared::Json),
        other if other.ends_with("+json") => Ok(Declared::Json),
        other => {
            let shown: String = other.chars().filter(char::is_ascii_graphic).take(80).collect();
            Err(sniff::unsupported(&format!("content-type {shown}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::RejectionCode;

    #[test]
    fn headers_decide() {
        let table = [
            (None, Declared::Nothing),
            (Some(""), Declared::Nothing),
            (Some("application/octet-stream"), Declared::Nothing),
            (Some("application/json"), Declared::Json),
            (Some("Application/JSON; charset=utf-8"), Declared::Json),
            (
                Some("application/cloudevents+json; charset=UTF-8"),
                Declared::Json,
            ),
            (Some("application/ld+json"), Declared::Json),
            (Some("application/vnd.iptc.ninjs+json"), Declared::Ninjs),
            (Some("application/ninjs"), Declared::Ninjs),
            (Some("text/plain;charset=utf-8"), Declared::Plain),
            (Some("text/html"), Declared::Html),
        ];
        for (header, expected) in table {
            assert_eq!(declared(header), Ok(expected), "{header:?}");
        }
        for header in [
            "application/xml",
            "application/rss+xml",
            "application/pdf",
            "image/png",
            "avro/binary",
        ] {
            let rejection = declared(Some(header)).unwrap_err();
            assert_eq!(rejection.code, RejectionCode::UnsupportedForm);
            assert!(rejection.message.contains(header), "{}", rejection.message);
        }
    }
}
