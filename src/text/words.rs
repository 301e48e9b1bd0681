//! The tokens that models of names read: runs of letters and digits, and every other visible character by itself.
//! Never joins what `tokens` joins for people ("U.S." is four of these); never changes or copies the text.

use std::iter::Peekable;
use std::str::CharIndices;

use unicode_general_category::GeneralCategory;
use unicode_general_category::get_general_category;

use crate::article::ByteSpan;

/// What a character does to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// White space, a control or a format character: in no token.
    Blank,
    /// A letter, mark or number (Unicode categories L, M, N): part of a run.
    Run,
    /// Anything else, and each CJK ideograph: a token of its own.
    Alone,
}

/// The tokens of `text`, in order: their bytes. A run of letters, marks and numbers is one token, every other
/// character that is neither white space nor control (Cc) nor format (Cf) is one by itself, as is a CJK ideograph.
pub fn words(text: &str) -> Words<'_> {
    Words {
        length: text.len(),
        chars: text.char_indices().peekable(),
    }
}

/// Iterator over the tokens of a text.
#[derive(Debug, Clone)]
pub struct Words<'t> {
    length: usize,
    chars: Peekable<CharIndices<'t>>,
}

impl Iterator for Words<'_> {
    type Item = ByteSpan;

    fn next(&mut self) -> Option<ByteSpan> {
        loop {
            let (start, first) = self.chars.next()?;
            match role(first) {
                Role::Blank => {}
                Role::Alone => return Some(ByteSpan::new(start, start + first.len_utf8())),
                Role::Run => {
                    while self.chars.next_if(|&(_, c)| role(c) == Role::Run).is_some() {}
                    let end = self.chars.peek().map_or(self.length, |&(at, _)| at);
                    return Some(ByteSpan::new(start, end));
                }
            }
        }
    }
}

/// True for the ideographs that BERT reads one by one: the CJK unified and compatibility blocks, no kana or hangul.
pub fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{20000}'..='\u{2A6DF}' | '\u{2A700}'..='\u{2B73F}'
        | '\u{2B740}'..='\u{2B81F}' | '\u{2B820}'..='\u{2CEAF}' | '\u{F900}'..='\u{FAFF}' | '\u{2F800}'..='\u{2FA1F}')
}

fn role(c: char) -> Role {
    use GeneralCategory as Category;
    if c.is_ascii() {
        return match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => Role::Run,
            '!'..='~' => Role::Alone,
            _ => Role::Blank,
        };
    }
    if is_ideograph(c) {
        return Role::Alone;
    }
    match get_general_category(c) {
        Category::UppercaseLetter
        | Category::LowercaseLetter
        | Category::TitlecaseLetter
        | Category::ModifierLetter
        | Category::OtherLetter
        | Category::NonspacingMark
        | Category::SpacingMark
        | Category::EnclosingMark
        | Category::DecimalNumber
        | Category::LetterNumber
        | Category::OtherNumber => Role::Run,
        Category::Control
        | Category::Format
        | Category::SpaceSeparator
        | Category::LineSeparator
        | Category::ParagraphSeparator => Role::Blank,
        _ => Role::Alone,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<&str> {
        words(text).map(|span| span.of(text).unwrap()).collect()
    }

    #[test]
    fn cuts_news_into_the_smallest_tokens() {
        for (text, expected) in [
            ("", &[][..]),
            (" \n\t\u{0}\u{85}\u{3000}\u{FEFF}\u{200B}", &[]),
            ("U.S. troops", &["U", ".", "S", ".", "troops"]),
            ("al-Qaida's", &["al", "-", "Qaida", "'", "s"]),
            ("Köln, Ko\u{308}ln!", &["Köln", ",", "Ko\u{308}ln", "!"]),
            ("G20 €5bn 3½", &["G20", "€", "5bn", "3½"]),
            ("東京tower タワー 서울", &["東", "京", "tower", "タワー", "서울"]),
            ("co\u{AD}op a\u{200D}b", &["co", "op", "a", "b"]),
            ("😀👍🏽", &["😀", "👍", "🏽"]),
            ("Ⓐ x² हिन्दी", &["Ⓐ", "x²", "हिन्दी"]),
            ("\u{E000}\u{E000}", &["\u{E000}", "\u{E000}"]),
            ("end\u{0}", &["end"]),
            ("“No,”—he", &["“", "No", ",", "”", "—", "he"]),
        ] {
            assert_eq!(of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn ascii_takes_the_same_way_as_all_of_unicode() {
        for byte in 0..128_u8 {
            let c = char::from(byte);
            let expected = if c.is_ascii_alphanumeric() {
                Role::Run
            } else if c.is_ascii_graphic() {
                Role::Alone
            } else {
                Role::Blank
            };
            assert_eq!(role(c), expected, "{c:?}");
        }
        let blanks = ('\0'..=char::MAX).filter(|c| c.is_whitespace() || c.is_control());
        assert!(blanks.map(role).all(|role| role == Role::Blank));
    }

    proptest! {
        #[test]
        fn spans_ascend_and_leave_only_blanks(text in "(\\PC|[-'a-zA-Z0-9 \u{0}\n\u{301}京]){0,80}") {
            let mut end = 0;
            for span in words(&text) {
                prop_assert!(span.start >= end && !span.is_empty());
                prop_assert!(text[end..span.start].chars().all(|c| role(c) == Role::Blank));
                end = span.end;
            }
            prop_assert!(text[end..].chars().all(|c| role(c) == Role::Blank));
        }
    }
}
