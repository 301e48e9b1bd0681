//! What in an article is no news: credits, calls to read on or to subscribe. It must not vote on topics.

use std::ops::Range;

/// How lines open that hold no news, in lower case.
const OPENINGS: [&str; 31] = [
    "advertisement",
    "all rights reserved",
    "also read",
    "also see",
    "click here",
    "copyright",
    "download our app",
    "download the app",
    "find out more",
    "follow us",
    "for more information",
    "get our newsletter",
    "image copyright",
    "image source",
    "join our whatsapp",
    "listen to",
    "media caption",
    "more on this story",
    "most read",
    "read also",
    "read full story",
    "read more",
    "read next",
    "recommended",
    "related articles",
    "related stories",
    "related topics",
    "share this",
    "sign up",
    "subscribe",
    "watch:",
];
/// How a credit in brackets opens, in lower case.
const CREDITS: [&str; 8] = [
    "(additional reporting",
    "(compiled by",
    "(editing by",
    "(edited by",
    "(reporting by",
    "(reporting and writing",
    "(writing by",
    "(with inputs from",
];
/// A longer line is a paragraph, however it opens.
const LINE_MAX: usize = 200;
/// A credit has no more bytes.
const CREDIT_MAX: usize = 400;

/// The parts of `text` that are news, in order.
pub(super) fn news(text: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if line.len() > LINE_MAX || !opens_with(line.trim_start(), &OPENINGS) {
            without_credits(line, start, &mut parts);
        }
        start = end;
    }
    parts
}

/// Adds the parts of a line outside credits; the line starts at byte `start` of its text.
fn without_credits(line: &str, start: usize, parts: &mut Vec<Range<usize>>) {
    let mut from = 0;
    for (open, _) in line.match_indices('(') {
        let rest = line.get(open..).unwrap_or_default();
        if open < from || !opens_with(rest, &CREDITS) {
            continue;
        }
        let close = rest.find(')').map_or(rest.len(), |at| at + 1);
        if close <= CREDIT_MAX {
            parts.push(start + from..start + open);
            from = open + close;
        }
    }
    let rest = line.get(from..).unwrap_or_default();
    if from == 0 || !opens_with(rest.trim_start(), &OPENINGS) {
        parts.push(start + from..start + line.len());
    }
}

fn opens_with(text: &str, openings: &[&str]) -> bool {
    openings.iter().any(|opening| {
        text.get(..opening.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(opening))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_news_alone() {
        for (text, expected) in [
            ("", ""),
            (
                "Rain fell.\nRead more: the cup final\nIt was wet.",
                "Rain fell.\nIt was wet.",
            ),
            (
                "Rain fell. (Reporting by A Banker; Editing by B Goal) More.",
                "Rain fell.  More.",
            ),
            ("(Editing by nobody", ""),
            ("Rain. (Editing by X) Read more: the cup", "Rain. "),
            ("Subscribe to our football newsletter", ""),
            ("The bank (BNP) fell", "The bank (BNP) fell"),
            ("((Writing by X))", "()"),
        ] {
            let kept: String = news(text).into_iter().map(|part| &text[part]).collect();
            assert_eq!(kept, expected, "{text:?}");
        }
        let paragraph = format!("Subscribers {}", "left the company. ".repeat(20));
        assert_eq!(news(&paragraph), vec![0..paragraph.len()]);
    }
}
