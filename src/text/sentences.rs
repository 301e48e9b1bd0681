//! Sentences of English news text, by rules. Never looks past a line: in cleaned text a line feed always
//! ends a sentence.

use crate::article::ByteSpan;
use crate::text::abbreviations;
use crate::text::abbreviations::Stop;
use crate::text::char_at;

/// Words that open a sentence and hardly ever follow an abbreviation inside one. Sorted.
const OPENERS: &[&str] = &[
    "A",
    "About",
    "After",
    "All",
    "Also",
    "Although",
    "An",
    "And",
    "Another",
    "As",
    "At",
    "Before",
    "Both",
    "But",
    "By",
    "Despite",
    "During",
    "Each",
    "Earlier",
    "Even",
    "For",
    "Four",
    "From",
    "He",
    "Her",
    "His",
    "How",
    "However",
    "I",
    "If",
    "In",
    "It",
    "Its",
    "Last",
    "Later",
    "Many",
    "Meanwhile",
    "More",
    "Most",
    "Mr",
    "Mrs",
    "Ms",
    "My",
    "No",
    "Not",
    "Now",
    "Of",
    "On",
    "One",
    "Only",
    "Or",
    "Other",
    "Our",
    "Over",
    "She",
    "Since",
    "So",
    "Some",
    "Such",
    "That",
    "The",
    "Their",
    "Then",
    "There",
    "These",
    "They",
    "This",
    "Those",
    "Three",
    "Through",
    "To",
    "Two",
    "Under",
    "Until",
    "We",
    "What",
    "When",
    "Where",
    "Which",
    "While",
    "Who",
    "Why",
    "With",
    "Without",
    "Yet",
    "You",
];

/// The sentences of `text`, in order, without the blanks around them.
pub fn sentences(text: &str) -> Vec<ByteSpan> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        split_line(text, start, start + line.len(), &mut found);
        start += line.len();
    }
    found
}

fn split_line(text: &str, start: usize, end: usize, found: &mut Vec<ByteSpan>) {
    let text = text.get(..end).unwrap_or_default();
    let (mut open, mut at) = (start, start);
    loop {
        at = quiet_end(text, at);
        let Some(c) = char_at(text, at) else { break };
        let after = at + c.len_utf8();
        if !is_terminator(c) {
            at = after;
            continue;
        }
        let mut last = after;
        let mut only = c;
        while let Some(next) = char_at(text, last).filter(|next| is_terminator(*next) || is_closer(*next)) {
            if is_terminator(next) && next != only {
                only = if next == '.' { only } else { next };
            }
            last += next.len_utf8();
        }
        let sentence = text.get(open..at).unwrap_or_default();
        let rest = text.get(last..).unwrap_or_default();
        if ends_sentence(sentence, only, last - at, rest) {
            push(text, open, last, found);
            open = last;
        }
        at = last;
    }
    push(text, open, end, found);
}

/// Where the bytes from `at` on end that are no terminator, nor part of one.
fn quiet_end(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let may_end = |byte: &u8| !byte.is_ascii() || matches!(byte, b'.' | b'!' | b'?');
    at + rest.iter().position(may_end).unwrap_or(rest.len())
}

/// The last word of a sentence so far: what follows the last blank, and the quotes and brackets after that.
fn last_word(sentence: &str) -> &str {
    let word = sentence.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.trim_start_matches(is_opener)
}

/// True where `sentence` ends between its terminator (with quotes and brackets, `marks` bytes) and `rest`. Looks for
/// the last word only where a blank follows: so all looking back together is linear in the text.
fn ends_sentence(sentence: &str, terminator: char, marks: usize, rest: &str) -> bool {
    if is_wide(terminator) {
        return true;
    }
    let Some(gap) = rest.chars().next() else {
        return true;
    };
    if !gap.is_whitespace() {
        return false;
    }
    let next = rest.trim_start().trim_start_matches(is_opener).trim_start();
    let Some(first) = next.chars().next() else {
        return true;
    };
    if first.is_lowercase() || matches!(first, ',' | ';' | '-' | '\u{2013}' | '\u{2014}') {
        return false;
    }
    if terminator != '.' || marks > 1 {
        return true;
    }
    let before = last_word(sentence);
    let first_word = || {
        let head = sentence.len() - before.len();
        sentence.get(..head).is_some_and(|head| head.trim().is_empty())
    };
    let opens = || OPENERS.binary_search(&first_word_of(next)).is_ok();
    match abbreviations::stop_after(before) {
        Stop::BeforeName => false,
        Stop::BeforeNumber => !first.is_numeric(),
        Stop::Anywhere => opens(),
        Stop::Full => before.len() > 3 || !before.bytes().all(|b| b.is_ascii_digit()) || !first_word(),
    }
}

fn first_word_of(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
}

fn push(text: &str, start: usize, end: usize, found: &mut Vec<ByteSpan>) {
    let Some(slice) = text.get(start..end) else { return };
    let from = start + (slice.len() - slice.trim_start().len());
    let trimmed = slice.trim();
    if trimmed.chars().any(char::is_alphanumeric) {
        found.push(ByteSpan::new(from, from + trimmed.len()));
    } else if let Some(last) = found.last_mut().filter(|_| !trimmed.is_empty()) {
        // A stray quote or dash belongs to the sentence before it, if that stands on the same line.
        if text
            .get(last.end..from)
            .is_some_and(|between| !between.contains('\n'))
        {
            last.end = from + trimmed.len();
        }
    }
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{3002}' | '\u{FF01}' | '\u{FF1F}')
}

fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '\u{2026}' | '\u{061F}' | '\u{0964}') || is_wide(c)
}

fn is_closer(c: char) -> bool {
    matches!(c, '"' | '\'' | '\u{2019}' | '\u{201D}' | '\u{00BB}' | ')' | ']')
}

fn is_opener(c: char) -> bool {
    matches!(c, '"' | '\'' | '\u{2018}' | '\u{201C}' | '\u{00AB}' | '(' | '[')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A bar marks each expected boundary.
    const TABLE: &[&str] = &[
        "One sentence.",
        "No full stop",
        "First one.| Second one.",
        "U.S. troops left the U.S. Embassy.",
        "He left the U.S.| The talks failed.",
        "On Jan. 5 he spoke.| Mr. Smith and Gen. J. W. Jones met Dr. No in St. Louis.",
        "It cost $3.5 million.| That is 3,000 times more!",
        "\"We won.\"| He smiled.",
        "\"We won!\" he said.",
        "\"Why?\" she asked.| Nobody knew.",
        "\u{201C}It is over.\u{201D}| \u{201C}Is it?\u{201D}| Yes.",
        "It rose to 5.| Shares fell.",
        "At 9 a.m. Monday it began.| It ended at 5 p.m.| He slept.",
        "Acme Inc. shares rose.| They fell at Foo Corp.| The rest held.",
        "He waited... and waited.| Then...| Nothing came.",
        "George W. Bush met J.K. Rowling.",
        "It failed (again.)| Next came rain.",
        "Washington, D.C. Mayor Fenty spoke.",
        "1. First point.| 2. Second point.",
        "Line one\n|Line two.| More.",
        "Para one.\n\n|Para two.",
        "He asked: Who?| What?!| Nobody.",
        "Visit example.com. for more",
        "I.| You.",
        "东京是首都。|北京也是。",
        "She won, i.e. the U.N. Security Council lost.",
        "Mt. Everest, No. 1 in Nov. 2004.",
        "He was born in November.| No. 5 won.",
    ];

    #[test]
    fn splits_news() {
        for case in TABLE {
            let text = case.replace('|', "");
            let found: Vec<_> = sentences(&text)
                .iter()
                .map(|span| span.of(&text).unwrap().to_owned())
                .collect();
            let expected: Vec<_> = case.split('|').map(|s| s.trim().to_owned()).collect();
            assert_eq!(found, expected, "{case}");
        }
    }

    #[test]
    fn openers_are_sorted() {
        assert!(OPENERS.is_sorted());
    }

    #[test]
    fn empty_text_has_none() {
        for text in ["", " ", "\n\n", " -- "] {
            assert_eq!(sentences(text), []);
        }
    }

    proptest! {
        #[test]
        fn spans_fit_and_ascend(text in "(\\PC|[.!?\"' \nA-Za-z]){0,80}") {
            let mut end = 0;
            for span in sentences(&text) {
                prop_assert!(span.start >= end && !span.is_empty());
                prop_assert_eq!(span.of(&text).map(str::trim), span.of(&text));
                end = span.end;
            }
        }
    }
}
