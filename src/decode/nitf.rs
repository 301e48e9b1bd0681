//! IPTC NITF 3.x: `<nitf>` alone, or its body inside NewsML. Of the many ways agencies fill it, all that Superdesk's
//! parsers know are read; `docs/forms.md` says what each element becomes.

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::decode::xml::Element;

/// Reads a NITF document.
pub(super) fn decode(root: &Element) -> RawArticle {
    let mut article = RawArticle::new(InputForm::Nitf);
    article.id = root.attribute_at("head/docdata/doc-id", "id-string");
    article.url = root.attribute_at("head/pubdata", "ex-ref");
    article.language = ["lang", "baselang"]
        .iter()
        .find_map(|name| root.attribute(name).map(str::to_owned));
    article.headline = headline(root).map(Markup::Plain);
    article.summary = root
        .find("body/body.head/abstract")
        .and_then(Element::html)
        .map(Markup::Html);
    article.body = root
        .find("body/body.content")
        .and_then(Element::html)
        .map(Markup::Html);
    times(root, &mut article);
    article.publisher = root
        .attribute_at("head/pubdata", "name")
        .or_else(|| root.attribute_at("head/docdata/doc.copyright", "holder"));
    article.agency = root.line_at("body/body.head/distributor");
    article.bylines = bylines(root);
    dateline(root, &mut article);
    given(root, &mut article);
    article
}

fn headline(root: &Element) -> Option<String> {
    root.line_at("body/body.head/hedline/hl1")
        .or_else(|| root.line_at("body/body.head/hedline"))
        .or_else(|| root.line_at("head/title"))
}

/// The time of publication, else that of this issue.
fn times(root: &Element, article: &mut RawArticle) {
    let issued = root.attribute_at("head/docdata/date.issue", "norm");
    article.published_at = root.attribute_at("head/pubdata", "date.publication").or(issued);
}

/// Persons marked as such, else the line without the author's title.
fn bylines(root: &Element) -> Vec<String> {
    let Some(head) = root.find("body/body.head") else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for byline in head.all("byline") {
        let persons: Vec<String> = byline
            .descendants("person")
            .into_iter()
            .filter_map(Element::line)
            .collect();
        if persons.is_empty() {
            names.extend(byline.line_without(&["byttl", "location", "virtloc"]));
        } else {
            names.extend(persons);
        }
    }
    names
}

/// `<dateline>` as readers see it. A date that only software reads (`20170102T222800+0000`) is none of it.
fn dateline(root: &Element, article: &mut RawArticle) {
    let Some(dateline) = root.find("body/body.head/dateline") else {
        return;
    };
    let place = dateline.find("location");
    article.located = place.and_then(|place| place.line_at("city").or_else(|| place.line()));
    let date = dateline.line_at("story.date");
    let is_for_readers = date.is_none_or(|date| date.contains(char::is_alphabetic) && date.contains(' '));
    let without: &[&str] = if is_for_readers { &[] } else { &["story.date"] };
    article.dateline = dateline.line_without(without);
}

fn given(root: &Element, article: &mut RawArticle) {
    let Some(head) = root.find("head") else { return };
    let given = &mut article.given;
    given.pub_status = head
        .attribute_at("docdata", "management-status")
        .map(|status| status.to_lowercase());
    given.urgency = head
        .attribute_at("docdata/urgency", "ed-urg")
        .and_then(|urgency| urgency.parse().ok())
        .filter(|urgency| (1..=9).contains(urgency));
    if given.pub_status.as_deref() == Some("embargoed") {
        given.embargoed_until = head.attribute_at("docdata/date.release", "norm");
    }
    given.usage_terms = root.line_at("body/body.head/rights/rights.limitations");
    let keyword = head
        .all("meta")
        .find(|meta| meta.attribute("name") == Some("anpa-keyword"))
        .and_then(|meta| meta.attribute("content"));
    let key = head.find("docdata/du-key").and_then(|key| key.attribute("key"));
    given.slugline = keyword.or(key).map(str::to_owned);
    for subject in head.descendants("tobject.subject") {
        let detail = ["detail", "matter", "type", "refnum"]
            .iter()
            .find_map(|part| subject.attribute(&format!("tobject.subject.{part}")));
        add(&mut given.subjects, detail.map(str::to_owned));
    }
    for place in head.descendants("evloc") {
        add(&mut given.places, place.attribute("city").map(str::to_owned));
    }
    for content in head.descendants("identified-content") {
        for (name, list) in [
            ("person", &mut given.people),
            ("org", &mut given.organisations),
            ("location", &mut given.places),
        ] {
            for element in content.all(name) {
                add(list, element.line());
            }
        }
    }
}

/// Adds a name that is not listed yet.
pub(super) fn add(list: &mut Vec<String>, name: Option<String>) {
    if let Some(name) = name.filter(|name| !list.contains(name)) {
        list.push(name);
    }
}
