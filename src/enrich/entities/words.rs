//! A text as the name rules see it: words with their case, sentence starts and what stands before them.

use crate::article::ByteSpan;
use crate::text::sentences::sentences;
use crate::text::tokens::Token;
use crate::text::tokens::TokenKind;
use crate::text::tokens::tokens;

/// What stands between a word and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// One space: the two can be parts of one name.
    Space,
    /// An opening bracket.
    Bracket,
    /// A comma and a space.
    Comma,
    /// Anything else.
    Other,
}

/// One word or number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'t> {
    /// Where it stands.
    pub(super) span: ByteSpan,
    /// As written.
    pub(super) text: &'t str,
    /// What it is made of.
    pub(super) kind: TokenKind,
    /// What stands before it.
    pub(super) gap: Gap,
    /// Opens a sentence, a quotation or a list item: a capital tells nothing.
    pub(super) opens: bool,
    /// Starts with a capital letter.
    pub(super) capital: bool,
    /// Letters are all capitals, and at least two.
    pub(super) all_caps: bool,
}

impl Word<'_> {
    /// True where the word can go on a name begun by the word before.
    pub(super) fn continues(&self) -> bool {
        self.capital && self.gap == Gap::Space && self.kind == TokenKind::Word
    }
}

/// The words of `text`.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let starts = sentences(text);
    let mut starts = starts.iter().peekable();
    let mut out: Vec<Word<'_>> = Vec::with_capacity(text.len() / 5);
    let mut end = 0;
    for Token { span, kind } in tokens(text) {
        let Some(word) = span.of(text) else { continue };
        let between = text.get(end..span.start).unwrap_or_default();
        let mut opens = out.is_empty() || quotes(between);
        while starts.peek().is_some_and(|sentence| sentence.start <= span.start) {
            starts.next();
            opens = true;
        }
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        out.push(Word {
            span,
            text: word,
            kind,
            gap: gap(between, out.is_empty()),
            opens,
            capital,
            all_caps: capital && is_all_caps(word),
        });
        end = span.end;
    }
    out
}

fn quotes(between: &str) -> bool {
    between.contains(['"', '\u{201C}', '\u{2018}', ':', '\u{2022}'])
}

fn gap(between: &str, first: bool) -> Gap {
    match between {
        " " if !first => Gap::Space,
        ", " => Gap::Comma,
        _ if between.ends_with('(') => Gap::Bracket,
        _ => Gap::Other,
    }
}

fn is_all_caps(word: &str) -> bool {
    let mut letters = 0;
    for c in word.chars() {
        if c.is_lowercase() {
            return false;
        }
        letters += usize::from(c.is_alphabetic());
    }
    letters >= 2
}

/// True where most long words have a capital, as in "Storm Hits Coast of Florida": capitals tell nothing.
pub(super) fn is_title_case(words: &[Word<'_>]) -> bool {
    let long = words
        .iter()
        .filter(|word| word.kind == TokenKind::Word && word.text.len() >= 4);
    let (all, capital) = long.fold((0, 0), |(all, capital), word| {
        (all + 1, capital + usize::from(word.capital))
    });
    all >= 3 && capital * 10 >= all * 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_starts_gaps_and_case() {
        let found = words("He met Bob Ray, of NATO (U.N.). Then \"Yes\" it is.");
        let starts: Vec<_> = found.iter().filter(|w| w.opens).map(|w| w.text).collect();
        assert_eq!(starts, ["He", "Then", "Yes", "it"]);
        let joined: Vec<_> = found.iter().filter(|w| w.continues()).map(|w| w.text).collect();
        assert_eq!(joined, ["Bob", "Ray", "NATO"]);
        assert!(found.iter().any(|w| w.text == "U.N." && w.gap == Gap::Bracket));
    }

    #[test]
    fn knows_title_case() {
        for (headline, expected) in [
            ("Storm Hits Coast of Northern Florida", true),
            ("Storm hits coast of northern Florida", false),
            ("PARIS TALKS FAIL AGAIN", true),
            ("Iran says no", false),
        ] {
            assert_eq!(is_title_case(&words(headline)), expected, "{headline}");
        }
    }
}
