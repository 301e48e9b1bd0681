//! HTML that would cost a parser far more than its length (very deep nesting, repeated by every later tag; nodes
//! without end) is read tag by tag instead. Never builds a tree, so it is linear whatever comes.

use crate::text::html::Writer;
use crate::text::html::entity;

/// Most steps a parser may need beyond its length: deepest nesting times number of tags, and comparing the attributes
/// of one tag with each other.
const COST_MAX: usize = 2_000_000;

/// Most bytes that a tree is built from; an attribute of two bytes takes many times that in a tree.
const PARSED_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Most tags and comments that a tree is built from: `<p>` takes a hundred bytes in it.
const NODES_MAX: usize = 100_000;

/// Elements that never stay open around what follows. Sorted.
#[rustfmt::skip]
const CLOSED_BY_THEMSELVES: &[&str] = &[
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p", "source",
    "td", "th", "tr", "track", "wbr",
];

/// A piece of HTML.
enum Piece<'t> {
    Tag {
        name: String,
        opens: bool,
        length: usize,
    },
    Text(&'t str),
}

/// True where a tree builder might need much more than linear time or memory.
pub(crate) fn is_too_costly(html: &str) -> bool {
    if html.len() > PARSED_BYTES_MAX || html.bytes().filter(|byte| *byte == b'<').count() > NODES_MAX {
        return true;
    }
    let (mut depth, mut deepest, mut tags, mut attributes) = (0_usize, 0_usize, 0_usize, 0_usize);
    for piece in pieces(html) {
        let Piece::Tag { name, opens, length } = piece else {
            continue;
        };
        tags += 1;
        attributes = attributes.saturating_add(length.saturating_mul(length) / 1024);
        if CLOSED_BY_THEMSELVES.binary_search(&name.as_str()).is_err() {
            depth = if opens { depth + 1 } else { depth.saturating_sub(1) };
            deepest = deepest.max(depth);
        }
    }
    deepest.saturating_mul(tags).saturating_add(attributes) > COST_MAX
}

/// Writes the text of `html`, tag by tag.
pub(super) fn write(html: &str, out: &mut Writer) {
    for piece in pieces(html) {
        match piece {
            Piece::Tag { name, opens, .. } => out.element(&name, opens),
            Piece::Text(text) => out.text(&unescape(text)),
        }
    }
}

/// Tags and the text between them; a `<` that opens no tag is text, comments are nothing.
fn pieces(html: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            if !opens_tag(rest) {
                let skip = rest.chars().next().map_or(0, char::len_utf8);
                let more = rest.get(skip..).unwrap_or_default();
                let end = more.find('<').map_or(rest.len(), |at| at + skip);
                let (text, after) = rest.split_at_checked(end)?;
                rest = after;
                return Some(Piece::Text(text));
            }
            let close = if rest.starts_with("<!--") { "-->" } else { ">" };
            let (tag, after) = rest.split_once(close).unwrap_or((rest, ""));
            rest = after;
            let body = tag.get(1..).unwrap_or_default();
            let opens = !body.starts_with('/');
            let name: String = body
                .trim_start_matches('/')
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            if !name.is_empty() {
                return Some(Piece::Tag {
                    name: name.to_ascii_lowercase(),
                    opens,
                    length: tag.len(),
                });
            }
        }
    })
}

fn opens_tag(rest: &str) -> bool {
    let next = rest.strip_prefix('<').and_then(|rest| rest.chars().next());
    next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
}

/// Replaces every known entity, and only whole ones, by its character.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let length = after
            .bytes()
            .take(10)
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'#')
            .count();
        let known = after
            .get(..length)
            .and_then(entity)
            .filter(|_| after.get(length..).is_some_and(|t| t.starts_with(';')));
        match known {
            Some(c) => {
                out.push(c);
                rest = after.get(length + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tag_by_tag() {
        for (html, text) in [
            ("<p>One</p><p>Two</p>", "One\n\nTwo"),
            ("<p class='x'>A &amp; B<br>C", "A & B\nC"),
            ("a < b <b>c</b>", "a < b c"),
            ("<script>x</script>A<!-- <p> -->B", "AB"),
            ("A <", "A <"),
            ("A <b", "A"),
        ] {
            let mut out = Writer::default();
            write(html, &mut out);
            assert_eq!(out.out.trim(), text, "{html}");
        }
    }

    #[test]
    fn knows_what_costs_too_much() {
        assert!(!is_too_costly(&"<p>One <b>two</b></p>".repeat(10_000)));
        assert!(!is_too_costly(&"<p>One".repeat(10_000)));
        assert!(is_too_costly(&"<div>".repeat(2_000)));
        assert!(!is_too_costly(&"<p>One".repeat(NODES_MAX)));
        assert!(is_too_costly(&"<p>One".repeat(NODES_MAX + 1)));
        assert!(is_too_costly(&"<!---->".repeat(NODES_MAX + 1)));
        assert!(is_too_costly(&"a".repeat(PARSED_BYTES_MAX + 1)));
        assert!(is_too_costly(&format!("<p {}>", "a ".repeat(100_000))));
        assert!(is_too_costly(&format!(
            "{}{}",
            "<b>".repeat(200),
            "<p>".repeat(20_000)
        )));
    }
}
