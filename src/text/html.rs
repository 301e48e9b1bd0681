//! HTML in a body to plain text: blocks become paragraphs, `<br>` a line feed, entities characters. Parses
//! with html5ever,
//! walks without recursion, fetches nothing, and keeps neither links nor attributes.

mod flat;

pub(crate) use flat::is_too_costly;
pub(crate) use flat::unescape;

use scraper::Html;
use scraper::Node;

/// Elements that begin and end a paragraph. Sorted.
#[rustfmt::skip]
const BLOCKS: &[&str] = &[
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hgroup", "hr", "html", "li", "main", "menu", "nav", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
];

/// Elements whose text is not for readers.
#[rustfmt::skip]
const DROPPED: &[&str] = &[
    "head", "iframe", "noscript", "object", "script", "select", "style", "svg", "template", "textarea",
    "title",
];

/// Inline elements that, with the blocks, tell HTML from plain text.
#[rustfmt::skip]
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "big", "br", "cite", "code", "del", "em", "font", "i", "iframe", "img",
    "ins", "mark", "nobr", "picture", "q", "s", "script", "small", "span", "strike", "strong", "style",
    "sub", "sup", "td", "th", "time", "tt", "u", "video", "wbr",
];

/// Named entities of news text and their characters; they tell HTML from plain text too.
#[rustfmt::skip]
const ENTITIES: &[(&str, char)] = &[
    ("Eacute", 'É'), ("aacute", 'á'), ("agrave", 'à'), ("amp", '&'), ("apos", '\''), ("auml", 'ä'), ("bull", '•'),
    ("ccedil", 'ç'), ("copy", '©'), ("eacute", 'é'), ("egrave", 'è'), ("euro", '€'), ("gt", '>'), ("hellip", '…'),
    ("iacute", 'í'), ("laquo", '«'), ("ldquo", '“'), ("lsquo", '‘'), ("lt", '<'), ("mdash", '—'), ("middot", '·'),
    ("nbsp", '\u{A0}'), ("ndash", '–'), ("ntilde", 'ñ'), ("oacute", 'ó'), ("ouml", 'ö'), ("pound", '£'), ("quot", '"'),
    ("raquo", '»'), ("rdquo", '”'), ("reg", '®'), ("rsquo", '’'), ("shy", '\u{AD}'), ("szlig", 'ß'), ("trade", '™'),
    ("uacute", 'ú'), ("uuml", 'ü'),
];

/// The character that the entity `name` (without ampersand and semicolon) stands for.
pub fn entity(name: &str) -> Option<char> {
    if let Some(digits) = name.strip_prefix('#') {
        let code = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => digits.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| *c != '\0');
    }
    ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// The text of a fragment or page of HTML; paragraphs are separated by two line feeds.
pub fn to_text(html: &str) -> String {
    let mut out = Writer::default();
    if flat::is_too_costly(html) {
        flat::write(html, &mut out);
        return out.out;
    }
    let document = Html::parse_fragment(html);
    let mut node = document.tree.root();
    loop {
        out.node(node.value(), true);
        if let Some(child) = node.first_child() {
            node = child;
            continue;
        }
        loop {
            out.node(node.value(), false);
            if let Some(sibling) = node.next_sibling() {
                node = sibling;
                break;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return out.out,
            }
        }
    }
}

/// True where undeclared text is HTML: it holds a known tag or a known entity. `a < b` and `<stdin>` are neither.
pub fn is_html(text: &str) -> bool {
    text.match_indices('<')
        .any(|(at, _)| text.get(at + 1..).is_some_and(opens_tag))
        || text
            .match_indices('&')
            .any(|(at, _)| text.get(at + 1..).is_some_and(opens_entity))
}

fn opens_tag(rest: &str) -> bool {
    if rest.starts_with("!--")
        || rest
            .get(..8)
            .is_some_and(|open| open.eq_ignore_ascii_case("!doctype"))
    {
        return true;
    }
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let name = rest
        .bytes()
        .take(12)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let Some((name, after)) = rest.split_at_checked(name) else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    let known = BLOCKS.contains(&name.as_str()) || INLINE.contains(&name.as_str());
    known && tag_ends(after)
}

/// True where a tag's name is followed by its end, or by attributes.
fn tag_ends(after: &str) -> bool {
    let trimmed = after.trim_start();
    let attribute = || {
        let name = trimmed
            .bytes()
            .take(40)
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'-' || *b == b':')
            .count();
        name > 0
            && trimmed
                .get(name..)
                .is_some_and(|rest| rest.starts_with(['=', '>']))
    };
    trimmed.starts_with('>') || trimmed.starts_with("/>") || (trimmed.len() < after.len() && attribute())
}

fn opens_entity(rest: &str) -> bool {
    let name = rest
        .bytes()
        .take(10)
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'#')
        .count();
    let Some((name, after)) = rest.split_at_checked(name) else {
        return false;
    };
    after.starts_with(';') && entity(name).is_some()
}

/// Text under construction.
#[derive(Default)]
struct Writer {
    out: String,
    preformatted: usize,
    skipped: usize,
}

impl Writer {
    /// Takes a node as it opens and as it closes.
    fn node(&mut self, node: &Node, opens: bool) {
        match node {
            Node::Element(element) if DROPPED.contains(&element.name()) => {
                self.skipped = if opens {
                    self.skipped + 1
                } else {
                    self.skipped.saturating_sub(1)
                };
            }
            Node::Element(element) if self.skipped == 0 => self.element(element.name(), opens),
            Node::Text(text) if opens && self.skipped == 0 => self.text(text),
            _ => {}
        }
    }

    fn element(&mut self, name: &str, opens: bool) {
        if DROPPED.contains(&name) {
            self.skipped = if opens {
                self.skipped + 1
            } else {
                self.skipped.saturating_sub(1)
            };
        }
        if self.skipped > 0 {
            return;
        }
        if name == "pre" {
            self.preformatted = if opens {
                self.preformatted + 1
            } else {
                self.preformatted.saturating_sub(1)
            };
        }
        if name == "br" {
            if opens {
                self.out.push('\n');
            }
        } else if BLOCKS.binary_search(&name).is_ok() {
            self.paragraph();
        } else if matches!(name, "td" | "th")
            && opens
            && !self.out.ends_with(['\n', ' '])
            && !self.out.is_empty()
        {
            self.out.push_str(" | ");
        }
    }

    fn paragraph(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push_str("\n\n");
        }
    }

    /// Text with its white space as browsers show it: runs, line feeds too, are one blank.
    fn text(&mut self, text: &str) {
        if self.skipped > 0 {
            return;
        }
        if self.preformatted > 0 {
            self.out.push_str(text);
            return;
        }
        for c in text.chars() {
            if !matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{C}') {
                self.out.push(c);
            } else if !self.out.is_empty() && !self.out.ends_with([' ', '\n']) {
                self.out.push(' ');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_html() {
        for (html, text) in [
            ("<p>One</p><p>Two</p>", "One\n\nTwo\n\n"),
            ("<p>One<br>Two</p>", "One\nTwo\n\n"),
            ("One <b>bold</b>\n  word", "One bold word"),
            ("<ul><li>One<li>Two</ul>", "One\n\nTwo\n\n"),
            ("<script>x()</script>A<style>b{}</style>", "A"),
            ("<noscript>no</noscript><template>t</template>A", "A"),
            ("<table><tr><td>1</td><td>2</td></tr></table>", "1 | 2\n\n"),
            ("Caf&eacute; &amp; bar &#8212; &lt;b&gt;", "Café & bar — <b>"),
            ("<!-- hidden -->A", "A"),
            (
                "<html><head><title>T</title></head><body><h1>H</h1>B</body></html>",
                "H\n\nB\n\n",
            ),
            ("a < b", "a < b"),
            ("", ""),
        ] {
            assert_eq!(to_text(html).trim_end(), text.trim_end(), "{html}");
        }
    }

    #[test]
    fn tells_html_from_text() {
        for (text, expected) in [
            ("<p>One</p>", true),
            ("One<br/>Two", true),
            ("<A HREF='x'>y</a>", true),
            ("Tom &amp; Jerry", true),
            ("a &#8212; b", true),
            ("<!-- x -->", true),
            ("a < b", false),
            ("read from <stdin>", false),
            ("AT&T; R&D", false),
            ("if a<b then", false),
            ("a <b and c> d", false),
            ("1 < 2 > 0 & so on", false),
            ("plain", false),
        ] {
            assert_eq!(is_html(text), expected, "{text}");
        }
    }

    #[test]
    fn deep_nesting_neither_recurses_nor_fails() {
        for depth in [900, 100_000] {
            let html = format!("{}deep{}", "<div>".repeat(depth), "</div>".repeat(depth));
            assert_eq!(to_text(&html).trim(), "deep");
        }
    }

    proptest! {
        #[test]
        fn never_panics(html in "(<p>|</p>|<br|<td>|&amp;|&#x|;|<!--|\\PC){0,40}") {
            let text = to_text(&html);
            prop_assert!(text.len() <= html.len() * 4 + 8);
            is_html(&html);
        }
    }
}
