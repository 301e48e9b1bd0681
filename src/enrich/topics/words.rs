//! The words that topics are told by, folded, and which of them may stand in one phrase. The trainer counts the same
//! (`train/topics/words.py`); a fixture keeps the two alike. Never joins over the end of a sentence.

use std::ops::Range;

use crate::article::ByteSpan;
use crate::text::words::words;

/// Abbreviations whose lower case is another word: kept in capitals.
const CAPITAL: [&str; 5] = ["US", "WHO", "IT", "AIDS", "ICE"];
/// A phrase does not reach over these.
const BREAKS: &str = ".!?;:()[]\"“”|•";

/// One word of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Where it stands, in bytes of its field.
    pub(super) span: ByteSpan,
    /// Bytes of its folded form in [`Words::folded`].
    pub(super) folded: Range<usize>,
    /// True where a phrase may reach it from the word before.
    pub(super) joined: bool,
}

/// The words of one field.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    /// The folded forms, one after the other.
    pub(super) folded: String,
}

impl Words {
    /// Adds the words of `text` from byte `start` to `end`, at most until there are `most` of them.
    pub(super) fn read(&mut self, text: &str, start: usize, end: usize, most: usize) {
        let slice = text.get(start..end).unwrap_or_default();
        let mut tokens = words(slice).peekable();
        let mut joined = false;
        let is = |span: ByteSpan, test: fn(char) -> bool| single(slice, span).is_some_and(test);
        while self.words.len() < most {
            let Some(token) = tokens.next() else { break };
            let word = token.of(slice).unwrap_or_default();
            if !word.starts_with(|c: char| c.is_alphanumeric()) {
                joined &= !word.starts_with(|c| BREAKS.contains(c));
                continue;
            }
            let at = self.folded.len();
            let mut last = token.end;
            if is(token, char::is_alphabetic) {
                // "U.S." is one word.
                let mut letters = word.to_owned();
                let mut ahead = tokens.clone();
                while ahead.next().is_some_and(|dot| dot.of(slice) == Some("."))
                    && let Some(next) = ahead.next().filter(|next| is(*next, char::is_alphabetic))
                {
                    letters.push_str(next.of(slice).unwrap_or_default());
                    last = next.end;
                    tokens = ahead.clone();
                }
                if last == token.end {
                    continue;
                }
                if let Some(dot) = tokens.next_if(|dot| dot.of(slice) == Some(".")) {
                    last = dot.end;
                }
                fold(&letters, &mut self.folded);
            } else {
                fold(word, &mut self.folded);
            }
            self.words.push(Word {
                span: ByteSpan::new(start + token.start, start + last),
                folded: at..self.folded.len(),
                joined,
            });
            joined = true;
        }
    }

    /// The folded form of a word.
    pub(super) fn of(&self, word: &Word) -> &str {
        self.folded.get(word.folded.clone()).unwrap_or_default()
    }
}

/// The character of a token that is one alone.
fn single(text: &str, span: ByteSpan) -> Option<char> {
    let mut chars = span.of(text)?.chars();
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// Appends the form of `word` that is counted: lower case, a plain plural as its singular, a number by its length.
fn fold(word: &str, out: &mut String) {
    if CAPITAL.contains(&word) {
        out.push_str(word);
        return;
    }
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        out.extend(std::iter::repeat_n('0', word.len().min(4)));
        return;
    }
    if !word.is_ascii() {
        out.push_str(&word.to_lowercase());
        return;
    }
    let start = out.len();
    out.extend(word.chars().map(|c| c.to_ascii_lowercase()));
    let low = out.get(start..).unwrap_or_default();
    let length = low.len();
    let kept = if length > 4 && low.ends_with("ies") {
        out.truncate(start + length - 3);
        out.push('y');
        return;
    } else if length > 4
        && ["ches", "shes", "sses", "xes"]
            .iter()
            .any(|end| low.ends_with(end))
    {
        length - 2
    } else if length > 3 && low.ends_with('s') && !["ss", "us", "is"].iter().any(|end| low.ends_with(end)) {
        length - 1
    } else {
        length
    };
    out.truncate(start + kept);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<(String, bool)> {
        let mut words = Words::default();
        words.read(text, 0, text.len(), usize::MAX);
        let folded = |word: &Word| (words.of(word).to_owned(), word.joined);
        words.words.iter().map(folded).collect()
    }

    #[test]
    fn folds_as_the_trainer_does() {
        let said =
            "The U.S. and U.N. said WHO's 3-0 wins, parties; boys' buses in 2004. I am U.K. Köln's glass is";
        let expected = [
            ("the", false),
            ("us", true),
            ("and", true),
            ("un", true),
            ("said", true),
            ("WHO", true),
            ("0", true),
            ("0", true),
            ("win", true),
            ("party", true),
            ("boy", false),
            ("buse", true),
            ("in", true),
            ("0000", true),
            ("am", false),
            ("uk", true),
            ("köln", true),
            ("glass", true),
            ("is", true),
        ];
        let expected = expected.map(|(word, joined)| {
            let word = if word == "us" { "US" } else { word };
            (word.to_owned(), joined)
        });
        assert_eq!(of(said), expected);
    }

    proptest! {
        #[test]
        fn spans_ascend_in_any_text(text in "(\\PC|[-'.a-zA-Z0-9 \n京]){0,60}") {
            let mut words = Words::default();
            words.read(&text, 0, text.len(), usize::MAX);
            let mut end = 0;
            for word in &words.words {
                prop_assert!(word.span.start >= end && text.get(word.span.start..word.span.end).is_some());
                end = word.span.end;
            }
        }
    }
}
