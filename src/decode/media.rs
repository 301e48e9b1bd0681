//! What a `content-type` header declares. Never looks at the payload.

use crate::article::Rejection;
use crate::decode::FormChoice;
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
    /// XML of any kind.
    Xml,
    /// A mail message.
    Mail,
}

/// The form of a choice that is forced.
pub(super) const fn of_choice(choice: FormChoice) -> Declared {
    match choice {
        FormChoice::Auto => Declared::Nothing,
        FormChoice::Json | FormChoice::Ninjs => Declared::Json,
        FormChoice::Wire => Declared::Plain,
        FormChoice::Html => Declared::Html,
        FormChoice::Xml => Declared::Xml,
        FormChoice::Mail => Declared::Mail,
    }
}

/// The `charset` parameter of a `content-type` header.
pub(super) fn charset(content_type: Option<&str>) -> Option<&str> {
    content_type?.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}

/// The form and the character set that a `content-type` header names.
pub(super) fn declared(content_type: Option<&str>) -> Result<(Declared, Option<&str>), Rejection> {
    Ok((form(content_type.unwrap_or_default())?, charset(content_type)))
}

fn form(content_type: &str) -> Result<Declared, Rejection> {
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
        "application/xml" | "text/xml" | "application/nitf" | "text/nitf" | "text/vnd.iptc.nitf" => {
            Ok(Declared::Xml)
        }
        other if other.ends_with("+xml") && !other.starts_with("image/") => Ok(Declared::Xml),
        "message/rfc822" | "message/global" => Ok(Declared::Mail),
        // Compressed payloads and the control-character forms show what they are.
        "application/gzip" | "application/x-gzip" | "application/zstd" | "application/zlib"
        | "text/vnd.iptc.anpa" | "text/vnd.iptc.7901" => Ok(Declared::Nothing),
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
    fn headers_name_character_sets() {
        for (header, expected) in [
            ("text/plain; charset=ISO-8859-1", Some("ISO-8859-1")),
            ("text/plain; format=flowed; Charset=\"utf-8\"", Some("utf-8")),
            ("text/plain; charset=", None),
            ("text/plain", None),
        ] {
            assert_eq!(charset(Some(header)), expected, "{header}");
        }
    }

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
            (Some("application/rss+xml"), Declared::Xml),
            (Some("application/vnd.iptc.g2.newsitem+xml"), Declared::Xml),
            (Some("text/xml; charset=iso-8859-1"), Declared::Xml),
            (Some("message/rfc822"), Declared::Mail),
            (Some("application/gzip"), Declared::Nothing),
        ];
        for (header, expected) in table {
            assert_eq!(declared(header).map(|(form, _)| form), Ok(expected), "{header:?}");
        }
        for header in ["application/pdf", "image/png", "image/svg+xml", "avro/binary"] {
            let rejection = declared(Some(header)).unwrap_err();
            assert_eq!(rejection.code, RejectionCode::UnsupportedForm);
            assert!(rejection.message.contains(header), "{}", rejection.message);
        }
    }
}
