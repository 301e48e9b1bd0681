//! Words and numbers of a text, with their bytes. Never keeps punctuation, never changes or copies the text.

use unicode_normalization::char::is_combining_mark;

use crate::article::ByteSpan;
use crate::text::abbreviations;
use crate::text::abbreviations::Stop;
use crate::text::ascii_run_end;
use crate::text::char_at;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A word: "Paris", "al-Qaida", "don't", "U.S.", "St.", "F-16".
    Word,
    /// A number with its separators: "3,000", "1.5", "12:30", "3-0".
    Number,
    /// The 's of "France's": not a word of its own.
    Possessive,
}

/// A word or number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    /// Where it stands.
    pub span: ByteSpan,
    /// What it is.
    pub kind: TokenKind,
}

/// Every token of `text`, in order.
pub fn tokenize(text: &str) -> Vec<Token> {
    tokens(text).collect()
}

/// The tokens of `text`, one at a time.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens {
        text,
        at: 0,
        possessive: None,
    }
}

/// How many words and numbers `text` has; a possessive 's is none.
pub fn count_words(text: &str) -> usize {
    tokens(text)
        .filter(|token| token.kind != TokenKind::Possessive)
        .count()
}

/// Iterator over the tokens of a text.
#[derive(Debug, Clone)]
pub struct Tokens<'t> {
    text: &'t str,
    /// Bytes read.
    at: usize,
    possessive: Option<Token>,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if let Some(token) = self.possessive.take() {
            return Some(token);
        }
        loop {
            let first = char_at(self.text, self.at)?;
            if first.is_alphanumeric() {
                return Some(self.plain().unwrap_or_else(|| self.token()));
            }
            self.at += first.len_utf8();
        }
    }
}

impl Tokens<'_> {
    /// The token that begins here, where it is of ASCII letters alone and nothing behind it can belong to it: most are.
    fn plain(&mut self) -> Option<Token> {
        let start = self.at;
        let end = ascii_run_end(self.text, start);
        let bytes = self.text.as_bytes();
        if !bytes.get(start)?.is_ascii_alphabetic() || bytes.get(end).is_some_and(|behind| may_join(*behind))
        {
            return None;
        }
        self.at = end;
        Some(Token {
            span: ByteSpan::new(start, end),
            kind: TokenKind::Word,
        })
    }

    /// The token that begins here.
    fn token(&mut self) -> Token {
        let start = self.at;
        let mut part = start;
        loop {
            self.at = run_end(self.text, self.at);
            let Some(mark) = char_at(self.text, self.at).filter(|mark| *mark != ' ') else {
                break;
            };
            let letters = self.text.get(part..self.at).unwrap_or_default();
            let rest = self.text.get(self.at + mark.len_utf8()..).unwrap_or_default();
            if (is_apostrophe(mark) && is_possessive(rest)) || !joins(letters, mark, rest) {
                break;
            }
            self.at += mark.len_utf8();
            part = self.at;
        }
        let word = self.text.get(start..self.at).unwrap_or_default();
        if char_at(self.text, self.at) == Some('.') && keeps_stop(word) {
            self.at += 1;
        }
        let end = self.at;
        self.split_possessive();
        Token {
            span: ByteSpan::new(start, end),
            kind: kind(self.text.get(start..end).unwrap_or_default()),
        }
    }

    /// Keeps an 's that follows here for the next call.
    fn split_possessive(&mut self) {
        let Some(mark) = char_at(self.text, self.at).filter(|mark| is_apostrophe(*mark)) else {
            return;
        };
        let after = self.at + mark.len_utf8();
        if is_possessive(self.text.get(after..).unwrap_or_default()) {
            self.possessive = Some(Token {
                span: ByteSpan::new(self.at, after + 1),
                kind: TokenKind::Possessive,
            });
            self.at = after + 1;
        }
    }
}

/// Where the run of letters, digits and marks that goes on at byte `at` ends.
fn run_end(text: &str, mut at: usize) -> usize {
    loop {
        at = ascii_run_end(text, at);
        match char_at(text, at) {
            Some(c) if continues(c) => at += c.len_utf8(),
            _ => return at,
        }
    }
}

/// True where a word may go on at this byte: a letter or mark outside of ASCII, or what `joins` looks at.
const fn may_join(byte: u8) -> bool {
    !byte.is_ascii() || matches!(byte, b'-' | b'.' | b',' | b':' | b'&' | b'\'')
}

fn continues(c: char) -> bool {
    c.is_alphanumeric()
        || !c.is_ascii() && (is_combining_mark(c) || matches!(c, '\u{200C}' | '\u{200D}' | '\u{00AD}'))
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{02BC}')
}

/// True where an apostrophe before `rest` makes a possessive: an s, and the word ends.
fn is_possessive(rest: &str) -> bool {
    let mut chars = rest.chars();
    matches!(chars.next(), Some('s' | 'S')) && !chars.next().is_some_and(|c| continues(c) || is_apostrophe(c))
}

/// True where `mark`, standing after the letters of `part` and before `rest`, belongs inside the token.
fn joins(part: &str, mark: char, rest: &str) -> bool {
    let mut following = rest.chars();
    let Some(next) = following.next().filter(|next| next.is_alphanumeric()) else {
        return false;
    };
    let Some(previous) = part.chars().next_back() else {
        return false;
    };
    match mark {
        '-' | '\u{2010}' | '\u{2011}' => true,
        '\u{2013}' => previous.is_numeric() && next.is_numeric(),
        '.' if previous.is_numeric() && next.is_numeric() => true,
        // "U.S.", "a.m.", "Ph.D.", and names of sites.
        '.' => {
            let one_letter =
                part.chars().count() == 1 && following.next().is_none_or(|c| !c.is_alphanumeric());
            one_letter || part == "Ph" || (previous.is_alphabetic() && next.is_lowercase())
        }
        ',' | ':' => previous.is_numeric() && next.is_numeric(),
        '&' => previous.is_uppercase() && next.is_uppercase(),
        _ => is_apostrophe(mark) && previous.is_alphabetic() && next.is_alphabetic(),
    }
}

/// True where a full stop after `word` belongs to it.
fn keeps_stop(word: &str) -> bool {
    abbreviations::stop_after(word) != Stop::Full
}

fn kind(token: &str) -> TokenKind {
    let numeric =
        |c: char| c.is_numeric() || matches!(c, ',' | '.' | ':' | '-' | '\u{2013}' | '\u{2010}' | '\u{2011}');
    if token.chars().all(numeric) {
        TokenKind::Number
    } else {
        TokenKind::Word
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).map(|token| token.span.of(text).unwrap()).collect()
    }

    #[test]
    fn splits_news() {
        for (text, expected) in [
            ("", &[][..]),
            ("  -- . ,  ", &[]),
            ("U.S. troops", &["U.S.", "troops"]),
            ("in the U.S., he", &["in", "the", "U.S.", "he"]),
            ("al-Qaida said", &["al-Qaida", "said"]),
            ("J. Smith of St. Louis.", &["J.", "Smith", "of", "St.", "Louis"]),
            ("George W. Bush", &["George", "W.", "Bush"]),
            ("They don't, won\u{2019}t", &["They", "don't", "won\u{2019}t"]),
            ("France's army", &["France", "'s", "army"]),
            ("the U.S.'s plan", &["the", "U.S.", "'s", "plan"]),
            ("the boys' team", &["the", "boys", "team"]),
            ("CHINA\u{2019}S GDP", &["CHINA", "\u{2019}S", "GDP"]),
            (
                "$1.5 million, 3,000 men at 12:30",
                &["1.5", "million", "3,000", "men", "at", "12:30"],
            ),
            ("won 3-0.", &["won", "3-0"]),
            ("AT&T and R&D & co", &["AT&T", "and", "R&D", "co"]),
            (
                "O'Neill and Cote d'Ivoire",
                &["O'Neill", "and", "Cote", "d'Ivoire"],
            ),
            ("at 9 a.m. on Jan. 5", &["at", "9", "a.m.", "on", "Jan.", "5"]),
            ("on Amazon.com today", &["on", "Amazon.com", "today"]),
            ("it ended.The next", &["it", "ended", "The", "next"]),
            ("Mr. Smith-Jones--who", &["Mr.", "Smith-Jones", "who"]),
            ("a Ph.D. and I.", &["a", "Ph.D.", "and", "I"]),
            ("São Paulo, Łódź", &["São", "Paulo", "Łódź"]),
            ("(AP) _", &["AP"]),
            ("9/11 and H1N1", &["9", "11", "and", "H1N1"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn tells_words_from_numbers() {
        let kinds: Vec<_> = tokens("Iran's 3,000 F-16").map(|token| token.kind).collect();
        assert_eq!(
            kinds,
            [
                TokenKind::Word,
                TokenKind::Possessive,
                TokenKind::Number,
                TokenKind::Word
            ]
        );
        assert_eq!(count_words("Iran's 3,000 F-16"), 3);
    }

    /// The tokens as they come without the quick way for plain words.
    fn slowly(text: &str) -> Vec<Token> {
        let (mut tokens, mut found) = (tokens(text), Vec::new());
        while let Some(first) = char_at(text, tokens.at) {
            match tokens.possessive.take() {
                Some(token) => found.push(token),
                None if first.is_alphanumeric() => found.push(tokens.token()),
                None => tokens.at += first.len_utf8(),
            }
        }
        found.extend(tokens.possessive);
        found
    }

    proptest! {
        #[test]
        fn plain_words_are_the_same_by_both_ways(text in "(\\PC|[a-zA-Z]{1,3}|['.\\-&,: a-zA-Z0-9 ’\n]){0,80}") {
            prop_assert_eq!(tokenize(&text), slowly(&text));
        }

        #[test]
        fn spans_fit_and_ascend(text in "(\\PC|['.\\-&,:a-zA-Z0-9 ’\u{0}\n]){0,80}") {
            let mut end = 0;
            for token in tokens(&text) {
                prop_assert!(token.span.start >= end && !token.span.is_empty());
                prop_assert!(token.span.of(&text).is_some());
                end = token.span.end;
            }
        }
    }
}
