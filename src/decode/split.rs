//! A file of many articles into single payloads: each a slice of the file, or one item of an XML file in the
//! frame that all share. Decodes nothing: a payload that is broken is rejected on its own by `decode`.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::decode::structure::marks;

/// Elements of which each is one article, where several stand in a file. Never nested in each other.
const ITEMS: &[&[u8]] = &[b"item", b"entry", b"newsItem", b"NewsItem", b"RBNews"];
/// Deepest place of such an element: `feed/entry`, `rss/channel/item`, `newsMessage/itemSet/newsItem`, Ritzau's
/// queue.
const ITEM_DEPTH_MAX: usize = 4;
/// Start of heading, and what may stand before it.
const SOH: u8 = 1;
const IDLE: &[u8] = b"\r\n\x16\x7F\x0C\x04 ";

/// One article's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitPayload<'b> {
    /// Where it stands in the file.
    pub place: Range<usize>,
    /// The bytes to decode.
    pub bytes: Cow<'b, [u8]>,
}

impl<'b> SplitPayload<'b> {
    /// The whole file as one.
    pub const fn whole(bytes: &'b [u8]) -> Self {
        Self {
            place: 0..bytes.len(),
            bytes: Cow::Borrowed(bytes),
        }
    }
}

/// The single payloads in `bytes`, one by one: the items of a JSON array, the lines of JSONL, the items of a
/// feed or of a NewsML message, the stories of a wire file, else the whole.
pub fn split_payloads(bytes: &[u8]) -> Box<dyn Iterator<Item = SplitPayload<'_>> + '_> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
    match text.first() {
        Some(b'[') if is_array_of_objects(text) => Box::new(slices(bytes, items(text))),
        Some(b'{') if lines(text).take(2).filter(|line| line.starts_with(b"{")).count() == 2 => {
            Box::new(slices(bytes, lines(text)))
        }
        Some(b'<') => match xml_items(bytes) {
            Some(places) => Box::new(framed(bytes, places)),
            None => Box::new(iter::once(SplitPayload::whole(bytes))),
        },
        Some(&SOH | &0x16) => Box::new(slices(bytes, stories(bytes))),
        _ => Box::new(iter::once(SplitPayload::whole(bytes))),
    }
}

/// Slices of `bytes` as payloads.
fn slices<'b>(
    bytes: &'b [u8],
    slices: impl Iterator<Item = &'b [u8]>,
) -> impl Iterator<Item = SplitPayload<'b>> {
    let base = bytes.as_ptr() as usize;
    slices.map(move |slice| {
        let start = (slice.as_ptr() as usize).saturating_sub(base);
        SplitPayload {
            place: start..start + slice.len(),
            bytes: Cow::Borrowed(slice),
        }
    })
}

/// Lines that hold anything. In JSON spread over lines an object never opens right after another opened: two
/// lines that open with a brace are two objects.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
}

/// True for an array that ends with the text and holds objects alone.
fn is_array_of_objects(text: &[u8]) -> bool {
    let end = marks(text).find(|mark| mark.depth == 0);
    end.is_some_and(|end| end.at + 1 == text.len())
        && items(text).next().is_some()
        && items(text).all(|item| item.starts_with(b"{"))
}

/// The items of the array that `text` is; a comma after the last is forgiven.
fn items(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 1;
    marks(text).filter_map(move |mark| {
        let closes = mark.depth == 0;
        if !closes && (mark.depth, mark.byte) != (1, b',') {
            return None;
        }
        let item = text.get(start..mark.at)?.trim_ascii();
        start = mark.at + 1;
        (!closes || !item.is_empty()).then_some(item)
    })
}

/// The stories of a wire file, each from its heading to the next.
fn stories(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let heads = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == SOH)
        .map(|(at, _)| at);
    let ends = heads.clone().skip(1).chain(iter::once(bytes.len()));
    heads.zip(ends).map(move |(start, end)| {
        let story = bytes.get(start..end).unwrap_or_default();
        let idle = story.iter().rev().take_while(|byte| IDLE.contains(byte)).count();
        story.get(..story.len() - idle).unwrap_or(story)
    })
}

/// The places of the items of an XML file; `None` where it has at most one, or is broken.
fn xml_items(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().check_end_names = false;
    let (mut depth, mut open, mut places) = (0_usize, None, Vec::new());
    let mut buffer = Vec::new();
    loop {
        let start = usize::try_from(reader.buffer_position()).ok()?;
        buffer.clear();
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(element) => {
                let is_item = ITEMS.contains(&element.local_name().as_ref().as_bytes());
                if open.is_none() && is_item && (1..ITEM_DEPTH_MAX).contains(&depth) {
                    open = Some((start, depth));
                }
                depth += 1;
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                if let Some((start, _)) = open.filter(|(_, at)| *at == depth) {
                    places.push(start..usize::try_from(reader.buffer_position()).ok()?);
                    open = None;
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    (depth == 0 && places.len() > 1).then_some(places)
}

/// Each item between what stands before the first and after the last.
fn framed(bytes: &[u8], places: Vec<Range<usize>>) -> impl Iterator<Item = SplitPayload<'_>> {
    let first = places.first().map_or(0, |place| place.start);
    let last = places.last().map_or(bytes.len(), |place| place.end);
    places.into_iter().map(move |place| {
        let parts = [bytes.get(..first), bytes.get(place.clone()), bytes.get(last..)];
        SplitPayload {
            place,
            bytes: Cow::Owned(parts.into_iter().flatten().flatten().copied().collect()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let payloads = split_payloads(text.as_bytes());
        payloads
            .map(|payload| String::from_utf8(payload.bytes.into_owned()).unwrap())
            .collect()
    }

    #[test]
    fn splits_arrays_and_lines_and_nothing_else() {
        let table: [(&str, &[&str]); 13] = [
            (
                r#"[{"a":1}, {"b":[1,2]},{"c":"]},{"}]"#,
                &[r#"{"a":1}"#, r#"{"b":[1,2]}"#, r#"{"c":"]},{"}"#],
            ),
            (r#"[{"a":"\"]"},{}]"#, &[r#"{"a":"\"]"}"#, "{}"]),
            (
                "{\"a\":1}\n{\"b\":2}\r\n\n{\"c\"\n",
                &["{\"a\":1}", "{\"b\":2}", "{\"c\""],
            ),
            ("{\"a\":1\n{\"b\":2}", &["{\"a\":1", "{\"b\":2}"]),
            ("\u{feff}{}\n{}", &["{}", "{}"]),
            ("{\n  \"a\": {\n  }\n}\n", &["{\n  \"a\": {\n  }\n}\n"]),
            ("[{\"a\":1}, ", &["[{\"a\":1}, "]),
            ("[]", &["[]"]),
            ("[{},]", &["{}"]),
            ("[{},,{}]", &["[{},,{}]"]),
            ("[{}]{}", &["[{}]{}"]),
            (
                "[Note] PARIS -- Rain.\n\nMore, rain.",
                &["[Note] PARIS -- Rain.\n\nMore, rain."],
            ),
            ("", &[""]),
        ];
        for (text, expected) in table {
            assert_eq!(split(text), expected, "{text:?}");
        }
    }

    #[test]
    fn splits_feeds_and_messages_within_their_frame() {
        let table: [(&str, &[&str]); 6] = [
            (
                "<rss><channel><title>T</title><item>1</item> <item><p/>2</item></channel></rss>",
                &[
                    "<rss><channel><title>T</title><item>1</item></channel></rss>",
                    "<rss><channel><title>T</title><item><p/>2</item></channel></rss>",
                ],
            ),
            (
                "<m xmlns='u'><itemSet><n:newsItem><item>1</item></n:newsItem><n:newsItem/><n:newsItem>2</n:newsItem></itemSet></m>",
                &[
                    "<m xmlns='u'><itemSet><n:newsItem><item>1</item></n:newsItem></itemSet></m>",
                    "<m xmlns='u'><itemSet><n:newsItem>2</n:newsItem></itemSet></m>",
                ],
            ),
            (
                "<feed><entry>1</entry></feed>",
                &["<feed><entry>1</entry></feed>"],
            ),
            (
                "<feed><entry>1</entry><entry>",
                &["<feed><entry>1</entry><entry>"],
            ),
            (
                "<entry><entry>1</entry><entry>2</entry></entry>",
                &[
                    "<entry><entry>1</entry></entry>",
                    "<entry><entry>2</entry></entry>",
                ],
            ),
            ("<p>One</p><p>Two</p>", &["<p>One</p><p>Two</p>"]),
        ];
        for (text, expected) in table {
            assert_eq!(split(text), expected, "{text:?}");
        }
    }

    #[test]
    fn splits_the_stories_of_a_wire_file() {
        let text = "\u{16}\u{16}\u{1}a\u{2}One\u{3}x\r\n\u{4}\u{16}\u{16}\u{1}b\u{2}Two\u{3}y\n";
        assert_eq!(split(text), ["\u{1}a\u{2}One\u{3}x", "\u{1}b\u{2}Two\u{3}y"]);
        let places: Vec<_> = split_payloads(text.as_bytes())
            .map(|payload| payload.place)
            .collect();
        assert_eq!(places, [2..10, 15..23]);
    }
}
