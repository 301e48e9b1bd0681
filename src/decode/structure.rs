//! The bytes that give JSON its shape, read without parsing it: what may be hostile is measured and split here before
//! anything recursive or hungry sees it. Never checks syntax.

/// A bracket or a comma outside strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Where it stands.
    pub(super) at: usize,
    /// One of `{ } [ ] ,`.
    pub(super) byte: u8,
    /// Brackets open after it; a bracket that closes nothing counts as none.
    pub(super) depth: usize,
}

/// Every bracket and comma of `text` outside strings, in order.
pub(super) fn marks(text: &[u8]) -> impl Iterator<Item = Mark> {
    let (mut depth, mut at) = (0_usize, 0);
    std::iter::from_fn(move || {
        loop {
            let byte = *text.get(at)?;
            let here = at;
            at += 1;
            match byte {
                b'"' => at = string_end(text, at),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if matches!(byte, b'{' | b'}' | b'[' | b']' | b',') {
                let at = here;
                return Some(Mark { at, byte, depth });
            }
        }
    })
}

/// Where the string ends whose first character stands at `at`: after its quotation mark.
fn string_end(text: &[u8], mut at: usize) -> usize {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let tells = |byte: &u8| matches!(byte, b'"' | b'\\');
        // Block by block, which the compiler makes vectors of.
        let is_plain = |block: &&[u8]| !block.iter().fold(false, |any, byte| any | tells(byte));
        let plain: usize = rest.chunks(32).take_while(is_plain).map(<[u8]>::len).sum();
        let rest = rest.get(plain..).unwrap_or_default();
        match rest.iter().position(tells) {
            None => return text.len(),
            Some(found) if rest.get(found) == Some(&b'"') => return at + plain + found + 1,
            Some(found) => at += plain + found + 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_stand_outside_strings() {
        let table: [(&str, &str); 6] = [
            (r#"{"a":[1,2]}"#, "{1 [2 ,2 ]1 }0"),
            (r#"["]",{}]"#, "[1 ,1 {2 }1 ]0"),
            (r#"["\"]","\\"]"#, "[1 ,1 ]0"),
            ("]]{", "]0 ]0 {1"),
            ("\"open {", ""),
            ("", ""),
        ];
        for (text, expected) in table {
            let found: Vec<_> = marks(text.as_bytes())
                .map(|mark| format!("{}{}", char::from(mark.byte), mark.depth))
                .collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }

    /// The same, a byte at a time.
    fn plainly(text: &[u8]) -> Vec<Mark> {
        let (mut depth, mut in_string, mut escaped, mut found) = (0_usize, false, false, Vec::new());
        for (at, &byte) in text.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if !in_string && matches!(byte, b'{' | b'}' | b'[' | b']' | b',') {
                found.push(Mark { at, byte, depth });
            }
        }
        found
    }

    proptest! {
        #[test]
        fn blocks_tell_the_same_as_bytes(
            parts in prop::collection::vec((0_usize..70, r#"[]\[{},"\\a]{0,4}"#), 0..8)
        ) {
            let text: String = parts.iter().map(|(plain, marks)| "x".repeat(*plain) + marks).collect();
            prop_assert_eq!(marks(text.as_bytes()).collect::<Vec<_>>(), plainly(text.as_bytes()));
        }
    }
}
