//! The form that a payload's own bytes show. Looks at the opening only; never decodes.

use serde_json::Map;
use serde_json::Value as Json;

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::decode::media::Declared;

/// Openings of forms that are not text, and their names.
const BINARY: [(&[u8], &str); 10] = [
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "an image"),
    (b"\xFF\xD8\xFF", "an image"),
    (b"GIF8", "an image"),
    (b"RIFF", "an image, sound or film"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"Obj\x01", "an Avro file"),
    (b"\xD0\xCF\x11\xE0", "an office document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x00", "data framed for a schema registry"),
];

/// Root elements of XML documents, in lower case, without a prefix.
const ROOTS: [&str; 16] = [
    "rss",
    "rdf",
    "feed",
    "entry",
    "newsitem",
    "newsmessage",
    "newsml",
    "nitf",
    "packageitem",
    "conceptitem",
    "knowledgeitem",
    "planningitem",
    "catalogitem",
    "rbnews",
    "listofrbnews",
    "xmlnewsqueuedresponse",
];
/// Most declarations and comments that are passed over before a root element.
const PROLOG_MAX: usize = 8;

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

/// Of several articles in one record.
pub(super) fn several(count: usize, what: &str) -> Rejection {
    let message = format!("{count} {what}; one record is one article");
    Rejection::new(RejectionCode::SeveralArticles, message)
}

/// Refuses what is not text.
pub(super) fn refuse_binary(bytes: &[u8]) -> Result<(), Rejection> {
    match BINARY.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, name)) => Err(unsupported(name)),
        None => Ok(()),
    }
}

/// The form of a payload without a header.
pub(super) fn form(text: &str) -> Declared {
    let trimmed = text.trim_start();
    match trimmed.as_bytes() {
        [b'{', ..] => Declared::Json,
        // Wire text may open with a bracket or a quotation mark: only an array that looks like one is JSON.
        [b'[', rest @ ..] if matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[' | b']')) => {
            Declared::Json
        }
        [b'<', ..] => markup(trimmed),
        bytes if is_bare_scalar(bytes) => Declared::Json,
        _ => Declared::Plain,
    }
}

/// True for a whole HTML page, as against a fragment or other XML.
pub(super) fn is_page(text: &str) -> bool {
    markup(text.trim_start()) == Declared::Html
}

/// A page, a document of XML, or a fragment of HTML, which is text.
fn markup(text: &str) -> Declared {
    let (mut rest, mut is_xml) = (text, false);
    // XHTML may have a declaration, and anything comments, before it opens.
    for _ in 0..PROLOG_MAX {
        let ends = match rest {
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!--") => "-->",
            _ => break,
        };
        is_xml |= opens_with(rest, "<?xml");
        rest = rest.split_once(ends).map_or("", |(_, rest)| rest.trim_start());
    }
    let is_doctype = opens_with(rest, "<!doctype");
    let open = if is_doctype { "<!doctype".len() } else { 1 };
    let name = rest.get(open..).unwrap_or_default().trim_start();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let name = name.split(|c| !is_name(c)).next().unwrap_or_default();
    let local = name.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    match local.as_str() {
        root if ROOTS.contains(&root) => Declared::Xml,
        "html" | "head" => Declared::Html,
        _ if is_doctype => Declared::Html,
        _ if is_xml => Declared::Xml,
        _ => Declared::Plain,
    }
}

fn opens_with(text: &str, open: &str) -> bool {
    text.get(..open.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(open))
}

/// A number, `true`, `false` or `null` alone is JSON of the wrong type, not wire text.
fn is_bare_scalar(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    text.len() <= 40
        && text.first() != Some(&b'"')
        && serde_json::from_slice::<Json>(text).is_ok_and(|value| !value.is_array() && !value.is_object())
}

/// ninjs has a `uri` (Superdesk's a `guid` too) and at least one field of its own, or names itself.
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
    named
        || (["uri", "guid"]
            .iter()
            .any(|name| object.get(*name).is_some_and(Json::is_string))
            && object.keys().any(own))
}

/// The list of a feed or of a search: several articles under one name, and no body of its own.
pub(super) fn feed_items(object: &Map<String, Json>) -> Option<usize> {
    if ["body", "text", "content"]
        .iter()
        .any(|name| object.get(*name).is_some_and(Json::is_string))
    {
        return None;
    }
    let lists = ["items", "articles", "entries", "item"]
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
    fn first_characters_show_the_form() {
        let table = [
            ("{}", Declared::Json),
            (" \r\n{\"a\":1}", Declared::Json),
            ("[ {}, {} ]", Declared::Json),
            ("[]", Declared::Json),
            ("[Editor's note] PARIS -- Rain.", Declared::Plain),
            ("\"We won,\" she said.", Declared::Plain),
            ("42", Declared::Json),
            ("null\n", Declared::Json),
            ("42 people came.", Declared::Plain),
            (" date 2023-07-06 (Agency) -- Rain.", Declared::Plain),
            ("<p>Rain.</p>", Declared::Plain),
            ("  <?xml version=\"1.0\"?><a/>", Declared::Xml),
            ("<RSS version='2.0'>", Declared::Xml),
            ("<newsItem guid='x'>", Declared::Xml),
            ("<!DOCTYPE nitf SYSTEM \"nitf.dtd\"><nitf>", Declared::Xml),
            ("<!DOCTYPE html>", Declared::Html),
            (
                "<?xml version='1.0'?>\n<!-- x --><html xmlns='y'>",
                Declared::Html,
            ),
            ("<HTML>", Declared::Html),
            ("<head><title>x</title>", Declared::Html),
            ("<header>Rain.</header>", Declared::Plain),
            ("<conceptItem guid='x'/>", Declared::Xml),
            ("<ListOfRBNews/>", Declared::Xml),
            ("<nar:newsMessage xmlns:nar='x'>", Declared::Xml),
            ("<!-- a wire --><?xml-stylesheet href='x'?><nitf>", Declared::Xml),
            ("<!DOCTYPE\nNewsML PUBLIC 'x'>", Declared::Xml),
            ("<feedback>Rain.</feedback>", Declared::Plain),
            ("<ABC123> PARIS -- Rain.", Declared::Plain),
            ("<!-- Rain", Declared::Plain),
            ("<", Declared::Plain),
        ];
        for (text, expected) in table {
            assert_eq!(form(text), expected, "{text:?}");
        }
    }

    #[test]
    fn forms_that_are_no_text_are_named() {
        let table: [(&[u8], &str); 5] = [
            (b"%PDF-1.7", "PDF"),
            (b"\x89PNG\r\n", "image"),
            (b"\x00\x00\x00\x00\x07\x02", "schema registry"),
            (b"Obj\x01\x04", "Avro"),
            (b"{\\rtf1", "RTF"),
        ];
        for (bytes, name) in table {
            let rejection = refuse_binary(bytes).unwrap_err();
            assert_eq!(rejection.code, RejectionCode::UnsupportedForm, "{bytes:?}");
            assert!(rejection.message.contains(name), "{} / {name}", rejection.message);
        }
    }
}
