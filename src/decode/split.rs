//! A file of many articles into single payloads, each a slice of the file. Decodes nothing: a payload that is broken is
//! rejected on its own by `decode`.

/// The single payloads in `bytes`: the items of a JSON array, the lines of JSONL, else the whole.
pub fn split_payloads(bytes: &[u8]) -> Vec<&[u8]> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
    match text.first() {
        Some(b'[') => items(text).unwrap_or_else(|| vec![bytes]),
        Some(b'{') if is_lines(text) => text
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .collect(),
        _ => vec![bytes],
    }
}

/// In JSON spread over lines an object never opens right after another opened: two lines that open with a brace are two
/// objects.
fn is_lines(text: &[u8]) -> bool {
    let lines = text
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_start)
        .filter(|line| !line.is_empty());
    lines.take(2).filter(|line| line.starts_with(b"{")).count() == 2
}

/// The items of the array, or `None` where it is not one that ends with the text and holds objects or arrays.
fn items(text: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let (mut found, mut start) = (Vec::new(), 1);
    for (at, byte) in text.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' if depth == 1 => {
                found.push(text.get(start..at)?.trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            let last = text.get(start..at)?.trim_ascii();
            if !last.is_empty() {
                found.push(last);
            }
            let is_whole = at + 1 == text.len() && found.iter().all(|item| item.starts_with(b"{"));
            return (is_whole && !found.is_empty()).then_some(found);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_arrays_and_lines_and_nothing_else() {
        let table: [(&str, &[&str]); 11] = [
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
            ("[{}]{}", &["[{}]{}"]),
            (
                "[Note] PARIS -- Rain.\n\nMore, rain.",
                &["[Note] PARIS -- Rain.\n\nMore, rain."],
            ),
            ("", &[""]),
        ];
        for (text, expected) in table {
            let found: Vec<_> = split_payloads(text.as_bytes())
                .into_iter()
                .map(|p| std::str::from_utf8(p).unwrap())
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
