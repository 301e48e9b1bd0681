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
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    text.iter().enumerate().filter_map(move |(at, &byte)| {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            return None;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        matches!(byte, b'{' | b'}' | b'[' | b']' | b',').then_some(Mark { at, byte, depth })
    })
}

#[cfg(test)]
mod tests {
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
}
