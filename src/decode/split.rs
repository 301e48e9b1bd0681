//! A file of many articles into single payloads, each a slice of the file. Decodes nothing: a payload that is broken is
//! rejected on its own by `decode`.

use std::iter;

use crate::decode::structure::marks;

/// The single payloads in `bytes`, one by one: the items of a JSON array, the lines of JSONL, else the whole.
pub fn split_payloads(bytes: &[u8]) -> Box<dyn Iterator<Item = &[u8]> + '_> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
    match text.first() {
        Some(b'[') if is_array_of_objects(text) => Box::new(items(text)),
        Some(b'{') if lines(text).take(2).filter(|line| line.starts_with(b"{")).count() == 2 => {
            Box::new(lines(text))
        }
        _ => Box::new(iter::once(bytes)),
    }
}

/// Lines that hold anything. In JSON spread over lines an object never opens right after another opened: two lines that
/// open with a brace are two objects.
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

#[cfg(test)]
mod tests {
    use super::*;

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
            let found: Vec<_> = split_payloads(text.as_bytes())
                .map(|p| std::str::from_utf8(p).unwrap())
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
