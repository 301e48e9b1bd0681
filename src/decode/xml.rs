//! XML text to a small tree of elements by their local names. Bounds depth and size before anything is kept,
//! expands no entity of a document's own, loads nothing. Knows no form.

use quick_xml::Reader;
use quick_xml::events::BytesRef;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::limits::Limits;
use crate::text::html;

/// Elements whose text is not the article's.
const DROPPED: &[&str] = &[
    "media", "head", "header", "footer", "script", "style", "iframe", "object", "template",
];
/// Elements of NITF and XHTML that are blocks under another name in HTML.
const BLOCKS: &[(&str, &str)] = &[
    ("block", "div"),
    ("body.content", "div"),
    ("bq", "blockquote"),
    ("hl1", "h1"),
    ("hl2", "h2"),
    ("note", "aside"),
];

/// An element: its local name, its attributes by local names, and what stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Element(Element),
    Text(String),
}

/// The root of a document.
///
/// # Errors
/// Where the text is not well-formed, nested deeper than `depth_max`, or has more elements than `values_max`.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Element, Rejection> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut open: Vec<Element> = vec![Element::default()];
    let mut elements = 0;
    loop {
        let at = reader.buffer_position();
        let invalid = |what: &str| Rejection::new(RejectionCode::InvalidXml, format!("{what} at byte {at}"));
        match reader.read_event() {
            Err(error) => return Err(invalid(&syntax(&error))),
            Ok(Event::Start(start)) => {
                elements += 1;
                open.push(element(&start));
                check(elements, open.len() - 1, at, limits)?;
            }
            Ok(Event::Empty(start)) => {
                elements += 1;
                check(elements, open.len(), at, limits)?;
                add(&mut open, Node::Element(element(&start)));
            }
            Ok(Event::End(_)) => {
                let closed = open.pop().unwrap_or_default();
                add(&mut open, Node::Element(closed));
            }
            Ok(Event::Text(text)) => add_text(&mut open, &text.xml10_content()),
            Ok(Event::CData(text)) => add_text(&mut open, &text.xml10_content()),
            Ok(Event::GeneralRef(entity)) => add_text(&mut open, &character(&entity)),
            Ok(Event::Eof) => break,
            Ok(_) => {}
        }
    }
    let document = open.pop().filter(|_| open.is_empty());
    let root = document.and_then(|document| document.elements().next().cloned());
    root.ok_or_else(|| {
        Rejection::new(
            RejectionCode::InvalidXml,
            "the document ends before its root element",
        )
    })
}

/// What is wrong, without the payload's own words.
fn syntax(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Syntax(error) => error.to_string(),
        quick_xml::Error::IllFormed(_) => "an end tag that does not match".to_owned(),
        _ => "not well-formed".to_owned(),
    }
}

fn check(elements: usize, depth: usize, at: u64, limits: &Limits) -> Result<(), Rejection> {
    if depth > limits.depth_max {
        let message = format!("nested deeper than {} at byte {at}", limits.depth_max);
        return Err(Rejection::new(RejectionCode::TooDeep, message));
    }
    if elements > limits.values_max {
        let message = format!("more than {} XML elements", limits.values_max);
        return Err(Rejection::new(RejectionCode::TooLarge, message));
    }
    Ok(())
}

fn element(start: &BytesStart<'_>) -> Element {
    let mut attributes = start.attributes();
    let attributes = attributes.with_checks(false).flatten();
    let attributes = attributes.filter(|attribute| !attribute.key.as_ref().starts_with("xmlns"));
    Element {
        name: start.local_name().as_ref().to_owned(),
        attributes: attributes
            .map(|attribute| {
                let value = html::unescape(&attribute.value);
                (attribute.key.local_name().as_ref().to_owned(), value)
            })
            .collect(),
        children: Vec::new(),
    }
}

/// A character reference, or an entity that HTML has too; any other stays as written.
fn character(entity: &BytesRef<'_>) -> String {
    let name = entity.xml10_content();
    match html::entity(&name) {
        Some(character) => character.to_string(),
        None => format!("&{name};"),
    }
}

fn add(open: &mut [Element], node: Node) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(node);
    }
}

fn add_text(open: &mut [Element], text: &str) {
    let Some(parent) = open.last_mut() else { return };
    match parent.children.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => parent.children.push(Node::Text(text.to_owned())),
    }
}

impl Element {
    /// Child elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Child elements of that name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.elements().filter(move |element| element.name == name)
    }

    /// The first element at the end of `path`, which starts at a child and has names separated by slashes.
    pub(super) fn find<'e>(&'e self, path: &'e str) -> Option<&'e Self> {
        match path.split_once('/') {
            Some((name, rest)) => self.all(name).find_map(|child| child.find(rest)),
            None => self.all(path).next(),
        }
    }

    /// Every element of that name below, in document order.
    pub(super) fn descendants<'e>(&'e self, name: &str) -> Vec<&'e Self> {
        let mut found = Vec::new();
        self.descend(name, &mut found);
        found
    }

    fn descend<'e>(&'e self, name: &str, found: &mut Vec<&'e Self>) {
        for child in self.elements() {
            if child.name == name {
                found.push(child);
            }
            child.descend(name, found);
        }
    }

    /// The first element of that name below.
    pub(super) fn descendant(&self, name: &str) -> Option<&Self> {
        self.elements().find_map(|child| {
            Some(child)
                .filter(|one| one.name == name)
                .or_else(|| child.descendant(name))
        })
    }

    /// An attribute that is not blank.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(known, _)| known == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Its text with that of all elements in it, on one line; `None` where it is blank.
    pub(super) fn line(&self) -> Option<String> {
        self.line_without(&[])
    }

    /// The same, without the text of elements of those names.
    pub(super) fn line_without(&self, names: &[&str]) -> Option<String> {
        let mut text = String::new();
        self.write_text(names, &mut text);
        let mut line = String::new();
        for word in text.split_whitespace() {
            // A mark behind an element stands behind its last word.
            if !line.is_empty() && !matches!(word, "," | "." | ";" | ":") {
                line.push(' ');
            }
            line.push_str(word);
        }
        (!line.is_empty()).then_some(line)
    }

    fn write_text(&self, without: &[&str], out: &mut String) {
        for node in &self.children {
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Element(element) if without.contains(&element.name.as_str()) => {}
                Node::Element(element) => {
                    element.write_text(without, out);
                    out.push(' ');
                }
            }
        }
    }

    /// The line of the first element at the end of `path`.
    pub(super) fn line_at(&self, path: &str) -> Option<String> {
        self.find(path)?.line()
    }

    /// An attribute of the first element at the end of `path`.
    pub(super) fn attribute_at(&self, path: &str, attribute: &str) -> Option<String> {
        self.find(path)?.attribute(attribute).map(str::to_owned)
    }

    /// Its text as it stands, of an element that holds no other.
    pub(super) fn plain(&self) -> Option<String> {
        if self.elements().next().is_some() {
            return None;
        }
        let mut text = String::new();
        self.write_text(&[], &mut text);
        Some(text).filter(|text| !text.trim().is_empty())
    }

    /// What stands in it, as HTML without attributes; `None` where that has no text.
    pub(super) fn html(&self) -> Option<String> {
        self.line()?;
        let mut out = String::new();
        self.write_html(&mut out);
        Some(out)
    }

    fn write_html(&self, out: &mut String) {
        for node in &self.children {
            match node {
                Node::Text(text) => escape(text, out),
                Node::Element(element) if DROPPED.contains(&element.name.as_str()) => {}
                Node::Element(element) if element.name == "br" => out.push_str("<br>"),
                Node::Element(element) => {
                    let known = BLOCKS.iter().find(|(name, _)| *name == element.name);
                    let name = known.map_or(element.name.as_str(), |(_, html)| html);
                    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
                    let name = if is_name { name } else { "span" };
                    for part in ["<", name, ">"] {
                        out.push_str(part);
                    }
                    element.write_html(out);
                    for part in ["</", name, ">"] {
                        out.push_str(part);
                    }
                }
            }
        }
    }
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Element, Rejection> {
        parse(text, &Limits::default())
    }

    #[test]
    fn reads_names_attributes_and_text() {
        let root = parsed(
            "<?xml version='1.0'?><!DOCTYPE n SYSTEM 'n.dtd'><n:news xmlns:n='u' xml:lang='en' b='&quot;&#233;'>\
            A <n:b>bold &amp; caf&eacute;</n:b><![CDATA[<x>]]> &own; <e/></n:news>",
        )
        .unwrap();
        assert_eq!(root.name, "news");
        assert_eq!(root.attribute("lang"), Some("en"));
        assert_eq!(root.attribute("b"), Some("\"é"));
        assert_eq!(root.line().as_deref(), Some("A bold & café <x> &own;"));
        assert_eq!(
            root.html().as_deref(),
            Some("A <b>bold &amp; café</b>&lt;x&gt; &amp;own; <e></e>")
        );
    }

    #[test]
    fn refuses_what_is_broken_or_too_much() {
        let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        let table = [
            ("<a><b></a>".to_owned(), Some(RejectionCode::InvalidXml)),
            ("<a>".to_owned(), Some(RejectionCode::InvalidXml)),
            (
                "<?xml version='1.0'?>".to_owned(),
                Some(RejectionCode::InvalidXml),
            ),
            (deep(64), None),
            (deep(65), Some(RejectionCode::TooDeep)),
            (format!("<a>{}</a>", "<b/>".repeat(99_999)), None),
            (
                format!("<a>{}</a>", "<b/>".repeat(100_000)),
                Some(RejectionCode::TooLarge),
            ),
            ("<a".repeat(100_000), Some(RejectionCode::InvalidXml)),
        ];
        for (text, code) in table {
            assert_eq!(
                parsed(&text).err().map(|rejection| rejection.code),
                code,
                "{:.40}",
                text
            );
        }
    }

    #[test]
    fn entities_of_a_document_are_not_expanded() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\"><!ENTITY f SYSTEM 'file:///etc/passwd'>]>\
            <a>&c;&f;</a>";
        assert_eq!(parsed(bomb).unwrap().line().as_deref(), Some("&c;&f;"));
    }

    #[test]
    fn nitf_becomes_html() {
        let root = parsed(
            "<body.content><block><hl2>H</hl2><p>One<br/>two</p><media><p>No</p></media></block></body.content>",
        );
        assert_eq!(
            root.unwrap().html().as_deref(),
            Some("<div><h2>H</h2><p>One<br>two</p></div>")
        );
    }
}
