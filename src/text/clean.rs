//! Plain text as readers should get it: NFC, one kind of blank, paragraphs separated by exactly one blank line. Never
//! drops a word, and interprets nothing save entities that were escaped twice and cannot be meant.

use std::borrow::Cow;

use unicode_normalization::IsNormalized;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::is_nfc_quick;

use crate::article::Markup;
use crate::text::html;

/// Shortest longest line of a paragraph that was wrapped by a machine.
const WRAP_MIN: usize = 45;
/// Longest such line.
const WRAP_MAX: usize = 100;

/// Cleaned text of several paragraphs.
///
/// A single line feed inside a paragraph becomes a blank only where the paragraph clearly was wrapped at a fixed width:
/// its longest line has 45 to 100 characters, and no line but the last could have taken the first word of the next line
/// too. Other line feeds (lists, verse, bylines) stay.
pub fn text(markup: &Markup) -> String {
    let (plain, was_html) = to_plain(markup);
    let plain = unescape_twice(plain);
    let plain = characters(&plain);
    let mut out = String::with_capacity(plain.len());
    let mut paragraph: Vec<Cow<'_, str>> = Vec::new();
    for line in plain.split('\n') {
        let line = collapse(line);
        if !line.is_empty() {
            paragraph.push(line);
        } else if !paragraph.is_empty() {
            push_paragraph(&mut paragraph, was_html, &mut out);
        }
    }
    push_paragraph(&mut paragraph, was_html, &mut out);
    out
}

/// Cleaned text of one line, such as a headline; empty where nothing is left.
pub fn line(markup: &Markup) -> String {
    let (plain, _) = to_plain(markup);
    collapse(&characters(&unescape_twice(plain))).into_owned()
}

/// A short field, such as a name: one line, entities undone, control characters dropped, NFC.
pub fn field(written: &str) -> String {
    collapse(&characters(&unescape_twice(Cow::Borrowed(written)))).into_owned()
}

fn to_plain(markup: &Markup) -> (Cow<'_, str>, bool) {
    match markup {
        Markup::Plain(text) => (Cow::Borrowed(text), false),
        Markup::Html(text) => (Cow::Owned(html::to_text(text)), true),
        Markup::Unknown(text) if html::is_html(text) => {
            let blocks = has_tag(text);
            // Entities alone: line feeds still mean what they mean in plain text.
            let plain = if blocks {
                html::to_text(text)
            } else {
                html::unescape(text)
            };
            (Cow::Owned(plain), blocks)
        }
        Markup::Unknown(text) => (Cow::Borrowed(text), false),
    }
}

fn has_tag(text: &str) -> bool {
    html::is_html(&text.replace('&', " "))
}

/// Undoes entities that a first escaping left: "&amp;#8212;" and "&amp;amp;", of which "&#8212;" and "&amp;" remain.
fn unescape_twice(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('&') {
        return text;
    }
    let mut out = html::unescape(&text);
    // "&amp;amp;#8212;": each round undoes one escaping.
    for _ in 0..2 {
        let again = html::unescape(&out);
        if again == out {
            break;
        }
        out = again;
    }
    Cow::Owned(out)
}

/// Line feeds for every kind of line end, blanks for odd spaces, no control or invisible marks, NFC.
fn characters(text: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| *byte == b'\n' || (b' '..=b'~').contains(byte);
    // Block by block, which the compiler makes vectors of.
    let is_plain = |block: &[u8]| block.iter().fold(true, |all, byte| all & plain(byte));
    if text.as_bytes().chunks(64).all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut mapped = String::with_capacity(text.len());
    let mut composed = true;
    let mut rest = text;
    loop {
        let run = rest.bytes().position(|byte| !plain(&byte)).unwrap_or(rest.len());
        let (run, others) = rest.split_at_checked(run).unwrap_or((rest, ""));
        mapped.push_str(run);
        let mut chars = others.chars();
        let Some(c) = chars.next() else { break };
        rest = chars.as_str();
        if c == '\r' && rest.starts_with('\n') {
            continue;
        }
        composed &= is_composed(c);
        mapped.extend(readable(c));
    }
    Cow::Owned(if composed || is_nfc_quick(mapped.chars()) == IsNormalized::Yes {
        mapped
    } else {
        mapped.nfc().collect()
    })
}

/// What becomes of a character: a line feed, a blank, itself or nothing.
fn readable(c: char) -> Option<char> {
    match c {
        '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' => Some(' '),
        '\u{FEFF}'
        | '\u{AD}'
        | '\u{200B}'
        | '\u{2060}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{202A}'..='\u{202E}' => None,
        _ if c.is_control() => None,
        _ if c.is_whitespace() => Some(' '),
        _ => Some(c),
    }
}

/// True for characters that no neighbour changes under NFC: Latin letters and signs up to U+02FF, and the marks of
/// punctuation among which are quotation marks and dashes.
fn is_composed(c: char) -> bool {
    c < '\u{300}' || ('\u{2010}'..='\u{205E}').contains(&c)
}

/// Words with one blank between them; what is so already is not copied.
fn collapse(line: &str) -> Cow<'_, str> {
    let line = line.trim();
    if !line.contains('\n') && !line.contains("  ") {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    for word in line.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Cow::Owned(out)
}

fn push_paragraph(lines: &mut Vec<Cow<'_, str>>, was_html: bool, out: &mut String) {
    if !out.is_empty() && !lines.is_empty() {
        out.push_str("\n\n");
    }
    let joint = if !was_html && is_wrapped(lines) { ' ' } else { '\n' };
    for (number, line) in lines.drain(..).enumerate() {
        if number > 0 {
            out.push(joint);
        }
        out.push_str(&line);
    }
}

/// True where every line but the last is full: the next line's first word would not have fitted.
fn is_wrapped(lines: &[Cow<'_, str>]) -> bool {
    if lines.len() < 2 {
        return false;
    }
    let length = |text: &str| text.chars().count();
    let longest = lines.iter().map(|line| length(line)).max().unwrap_or(0);
    let full = |pair: &[Cow<'_, str>]| match pair {
        [line, next] => length(line) + 1 + next.split(' ').next().map_or(0, length) > longest,
        _ => true,
    };
    (WRAP_MIN..=WRAP_MAX).contains(&longest) && lines.windows(2).all(full)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(written: &str) -> String {
        text(&Markup::Plain(written.to_owned()))
    }

    #[test]
    fn cleans_plain_text() {
        for (written, expected) in [
            ("\u{FEFF}One\r\n\r\nTwo", "One\n\nTwo"),
            ("One\n\n\n \nTwo\n\n", "One\n\nTwo"),
            ("  One \t two\u{a0}\u{2009}three  ", "One two three"),
            ("Cafe\u{301}", "Café"),
            ("a\u{0}b\u{7}c", "abc"),
            ("A &amp;#8212; B &amp;amp; C", "A — B & C"),
            ("A &#8212; B &amp; C", "A — B & C"),
            ("AT&T; &unknown; & x", "AT&T; &unknown; & x"),
            ("One\nTwo\nThree", "One\nTwo\nThree"),
            ("a < b and <stdin>", "a < b and <stdin>"),
            ("", ""),
            (" \n ", ""),
        ] {
            assert_eq!(plain(written), expected, "{written:?}");
        }
    }

    #[test]
    fn fields_have_no_entities() {
        for (written, expected) in [
            ("BBC &amp; friends", "BBC & friends"),
            ("The Post &#8211; World", "The Post \u{2013} World"),
            ("AT&T; R&D <desk>", "AT&T; R&D <desk>"),
            (" Arts &amp;amp;\nCulture ", "Arts & Culture"),
        ] {
            assert_eq!(field(written), expected, "{written:?}");
        }
    }

    #[test]
    fn unwraps_only_wrapped_paragraphs() {
        let wrapped = "The prime minister said on Monday that the government would\nnot raise taxes before the election, and that it would keep\nits promises.";
        assert_eq!(plain(wrapped), wrapped.replace('\n', " "));
        let list = "The prime minister said on Monday that the government would\nwin.\nIt lost the election after a long and bitter campaign.";
        assert_eq!(plain(list), list);
    }

    #[test]
    fn cleans_html() {
        for (markup, expected) in [
            (
                Markup::Html("<p>One<br>Two</p>\n<p>Three</p>".into()),
                "One\nTwo\n\nThree",
            ),
            (Markup::Unknown("<p>One &amp;amp; two</p>".into()), "One & two"),
            (
                Markup::Unknown("One &amp; two\n\nThree".into()),
                "One & two\n\nThree",
            ),
            (Markup::Unknown("a < b\n\nc".into()), "a < b\n\nc"),
        ] {
            assert_eq!(text(&markup), expected);
        }
        assert_eq!(
            line(&Markup::Unknown(" A <b>bold</b>\n head&#8217;s ".into())),
            "A bold head’s"
        );
    }

    #[test]
    fn what_counts_as_composed_is() {
        let composed = (0..=0x2_FFFF)
            .filter_map(char::from_u32)
            .filter(|c| is_composed(*c));
        for c in composed {
            for pair in [[c, 'e'], ['e', c], [c, 'é'], ['é', c]] {
                assert!(pair.iter().copied().eq(pair.iter().copied().nfc()), "{pair:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn cleaning_is_tidy(written in "(\\PC|[ \r\n\t&;<>#a-z]){0,120}") {
            let cleaned = plain(&written);
            prop_assert!(!cleaned.contains("\n\n\n") && !cleaned.contains("  ") && !cleaned.contains('\r'));
            prop_assert_eq!(cleaned.trim(), cleaned.as_str());
        }
    }
}
