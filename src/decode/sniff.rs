//! The form that a payload's own bytes show. Looks at the opening only; never decodes.

use serde_json::Map;
use serde_json::Value as Json;

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::decode::media::Declared;
use crate::decode::utf8;

/// Openings of forms that are not text, and their names.
const BINARY: [(&[u8], &str); 12] = [
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "an image"),
    (b"\xFF\xD8\xFF", "an image"),
    (b"GIF8", "an image"),
    (b"RIFF", "an image, sound or film"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1F\x8B", "gzip data"),
    (b"\x28\xB5\x2F\xFD", "zstd data"),
    (b"Obj\x01", "an Avro file"),
    (b"\xD0\xCF\x11\xE0", "an office document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x00", "data framed for a schema registry"),
];

/// Openings of markup that is not an article's body, in lower case.
const MARKUP: [(&str, &str); 11] = [
    ("<?xml", "an XML document"),
    ("<rss", "a feed"),
    ("<feed", "a feed"),
    ("<rdf:rdf", "a feed"),
    ("<newsitem", "NewsML"),
    ("<newsmessage", "NewsML"),
    ("<newsml", "NewsML"),
    ("<nitf", "NITF"),
    ("<!doctype", "a whole HTML page"),
    ("<html", "a whole HTML page"),
    ("<head>", "a whole HTML page"),
];

/// Fields that no JSON but ninjs has.
const NINJS_FIELDS: [&str; 13] = [
    "standard",
    "$standard",
    "headlines",
    "bodies",
    "descriptions",
    "versioncreated",
    "firstcreated",
    "contentcreated",
    "pubstatus",
    "representationtype",
    "altids",
    "infosources",
    "eventdetails",
];

pub(super) fn unsupported(what: &str) -> Rejection {
    Rejection::new(
        RejectionCode::UnsupportedForm,
        format!("{what} is not a form that is read"),
    )
}

/// The form of a payload without a header.
pub(super) fn form(bytes: &[u8]) -> Result<Declared, Rejection> {
    if utf8::is_utf16(bytes) {
        // Only JSON and plain text come as UTF-16; the text tells once it is decoded.
        let decoded = utf8::decode(bytes)?;
        return form_of_text(decoded.text.as_bytes());
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Some((_, name)) = BINARY.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(unsupported(name));
    }
    form_of_text(bytes)
}

fn form_of_text(bytes: &[u8]) -> Result<Declared, Rejection> {
    let text = bytes.trim_ascii_start();
    match text {
        [b'{', ..] => Ok(Declared::Json),
        // Wire text may open with a bracket or a quotation mark: only an array that looks like one is JSON.
        [b'[', rest @ ..] if matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[' | b']')) => {
            Ok(Declared::Json)
        }
        [b'<', ..] => match MARKUP.iter().find(|(open, _)| opens_with(text, open)) {
            Some((_, name)) => Err(unsupported(name)),
            None => Ok(Declared::Plain),
        },
        _ if is_bare_scalar(text) => Ok(Declared::Json),
        _ => Ok(Declared::Plain),
    }
}

/// True for a whole HTML page, as against a fragment.
pub(super) fn is_page(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    ["<!doctype", "<html", "<?xml", "<head>"]
        .iter()
        .any(|open| opens_with(text, open))
}

fn opens_with(text: &[u8], open: &str) -> bool {
    text.get(..open.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(open.as_bytes()))
}

/// A number, `true`, `false` or `null` alone is JSON of the wrong type, not wire text.
fn is_bare_scalar(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    text.len() <= 40
        && text.first() != Some(&b'"')
        && serde_json::from_slice::<Json>(text).is_ok_and(|value| !value.is_array() && !value.is_object())
}

/// ninjs has a `uri` and at least one field of its own, or names itself.
pub(super) fn is_ninjs(object: &Map<String, Json>) -> bool {
    let named = ["standard", "$standard"].iter().any(|name| {
        object
            .get(*name)
            .and_then(|standard| standard.get("name"))
            .and_then(Json::as_str)
            == Some("ninjs")
    });
    let own = |name: &String| {
        NINJS_FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name))
            || ["body_text", "body_xhtml", "description_", "headline_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
    };
    named || (object.get("uri").is_some_and(Json::is_string) && object.keys().any(own))
}

/// The list of a feed or of a search: several articles under one name, and no body of its own.
pub(super) fn feed_items(object: &Map<String, Json>) -> Option<usize> {
    if ["body", "text", "content"]
        .iter()
        .any(|name| object.get(*name).is_some_and(Json::is_string))
    {
        return None;
    }
    let lists = ["items", "articles", "entries"]
        .iter()
        .filter_map(|name| object.get(*name)?.as_array());
    lists
        .filter(|items| items.first().is_some_and(Json::is_object))
        .map(Vec::len)
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_show_the_form() {
        let table: [(&[u8], Declared); 13] = [
            (b"{}", Declared::Json),
            (b" \r\n{\"a\":1}", Declared::Json),
            (b"\xEF\xBB\xBF{}", Declared::Json),
            (b"\xFF\xFE{\x00}\x00", Declared::Json),
            (b"[ {}, {} ]", Declared::Json),
            (b"[]", Declared::Json),
            (b"[Editor's note] PARIS -- Rain.", Declared::Plain),
            (b"\"We won,\" she said.", Declared::Plain),
            (b"42", Declared::Json),
            (b"null\n", Declared::Json),
            (b"42 people came.", Declared::Plain),
            (b" date 2023-07-06 (Agency) -- Rain.", Declared::Plain),
            (b"<p>Rain.</p>", Declared::Plain),
        ];
        for (bytes, expected) in table {
            assert_eq!(form(bytes), Ok(expected), "{bytes:?}");
        }
    }

    #[test]
    fn forms_that_are_not_read_are_named() {
        let table: [(&[u8], &str); 9] = [
            (b"%PDF-1.7", "PDF"),
            (b"\x89PNG\r\n", "image"),
            (b"\x00\x00\x00\x00\x07\x02", "schema registry"),
            (b"Obj\x01\x04", "Avro"),
            (b"  <?xml version=\"1.0\"?>", "XML"),
            (b"<RSS version='2.0'>", "feed"),
            (b"<newsItem guid='x'>", "NewsML"),
            (b"<!DOCTYPE html>", "HTML page"),
            (b"{\\rtf1", "RTF"),
        ];
        for (bytes, name) in table {
            let rejection = form(bytes).unwrap_err();
            assert_eq!(rejection.code, RejectionCode::UnsupportedForm, "{bytes:?}");
            assert!(rejection.message.contains(name), "{} / {name}", rejection.message);
        }
    }
}
