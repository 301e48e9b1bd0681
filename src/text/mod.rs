//! What can be read off plain text without a model: words, sentences, language, times, the dateline; and the cleaning
//! before it. Pure and linear in the text; never knows what becomes of an article.

pub mod abbreviations;
pub mod byline;
pub mod calendar;
pub mod clean;
pub mod dateline;
pub mod english;
pub mod html;
pub mod language;
pub mod sentences;
pub mod time;
pub mod tokens;
pub mod words;

/// The character at byte `at`; `None` at the end of `text`, and within a character.
fn char_at(text: &str, at: usize) -> Option<char> {
    match text.as_bytes().get(at) {
        Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
        _ => text.get(at..)?.chars().next(),
    }
}

/// Which bytes are letters and digits of ASCII.
const IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

/// Where the run of ASCII letters and digits that goes on at byte `at` ends.
fn ascii_run_end(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let is_word = |byte: &u8| IS_WORD.get(usize::from(*byte)).is_some_and(|is| *is);
    at + rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len())
}
