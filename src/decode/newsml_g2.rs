//! IPTC NewsML-G2: a `newsItem`, alone or in a `newsMessage`. Reads the item's own metadata and its inline
//! text; remote content and packages are not read. `docs/forms.md` says what each element becomes.

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::decode::nitf;
use crate::decode::nitf::add;
use crate::decode::sniff;
use crate::decode::xml::Element;

/// Reads a `newsItem` or the one in a `newsMessage`.
///
/// # Errors
/// Where a message holds no news item, or several.
pub(super) fn decode(root: &Element) -> Result<RawArticle, Rejection> {
    if root.name == "newsItem" {
        return Ok(item(root));
    }
    let items = root.descendants("newsItem");
    match items.as_slice() {
        [one] => Ok(item(one)),
        [] => Err(sniff::unsupported(&format!("a {} without a newsItem", root.name))),
        several => Err(sniff::several(several.len(), "news items")),
    }
}

fn item(item: &Element) -> RawArticle {
    let mut article = RawArticle::new(InputForm::NewsmlG2);
    let empty = Element::default();
    let of_item = item.find("itemMeta").unwrap_or(&empty);
    let of_content = item.find("contentMeta").unwrap_or(&empty);
    article.id = item.attribute("guid").map(str::to_owned);
    article.version = item.attribute("version").map(str::to_owned);
    article.headline = best(of_content, "headline", &["main", "headline"]).map(Markup::Plain);
    let is_text = code(of_item.find("itemClass")).is_none_or(|class| class == "text");
    article.summary = best(
        of_content,
        "description",
        &["summary", "lead", "abstract", "main", "caption"],
    )
    .map(Markup::Plain);
    body(item, &mut article);
    if article.body.is_none() && !is_text {
        // The caption is all the text that a picture, a film or a sound has.
        article.body = article.summary.take();
    }
    article.published_at = of_item.line_at("firstCreated");
    article.updated_at = of_item.line_at("versionCreated");
    if article.published_at.is_none() {
        article.published_at = article.updated_at.take();
    }
    article.published_at = article
        .published_at
        .take()
        .or_else(|| of_content.line_at("contentCreated"));
    article.language = of_content
        .attribute_at("language", "tag")
        .or_else(|| item.attribute("lang").map(str::to_owned));
    article.publisher = of_item.find("provider").and_then(concept);
    article.agency = of_content
        .all("infoSource")
        .find(|source| {
            source
                .attribute("role")
                .is_some_and(|role| role.to_lowercase().contains("agency"))
        })
        .and_then(concept);
    article.bylines = of_content.all("by").filter_map(Element::line).collect();
    if article.bylines.is_empty() {
        let persons = of_content.all("creator").filter(|creator| {
            creator
                .attribute("type")
                .is_none_or(|kind| kind.to_lowercase().ends_with("person"))
        });
        // One word is a code of the desk, or how somebody signs on.
        article.bylines = persons
            .filter_map(name)
            .filter(|name| name.contains(' '))
            .collect();
    }
    article.located = of_content.find("located").and_then(concept);
    article.dateline = of_content.line_at("dateline");
    given(item, of_item, of_content, &mut article);
    article
}

/// The first inline content that has text: NITF, XHTML, or data of a text type.
fn body(item: &Element, article: &mut RawArticle) {
    let Some(contents) = item.find("contentSet") else {
        return;
    };
    for content in contents.elements() {
        let kind = content.attribute("contenttype").unwrap_or_default();
        match content.name.as_str() {
            "inlineXML" => {
                if let Some(root) = content.find("nitf") {
                    let inner = nitf::decode(root);
                    article.body = inner.body;
                    article.headline = article.headline.take().or(inner.headline);
                    article.dateline = article.dateline.take().or(inner.dateline);
                    if article.bylines.is_empty() {
                        article.bylines = inner.bylines;
                    }
                } else {
                    let body = content.descendant("body").unwrap_or(content);
                    article.body = body.html().map(Markup::Html);
                }
            }
            "inlineData" if content.attribute("encoding").is_none() => {
                article.body = content.plain().map(|text| {
                    if kind.contains("html") {
                        Markup::Html(text)
                    } else {
                        Markup::Unknown(text)
                    }
                });
            }
            _ => {}
        }
        if article.body.is_some() {
            return;
        }
    }
}

/// The text with the first of `roles`, else without a role, else the first.
fn best(meta: &Element, kind: &str, roles: &[&str]) -> Option<String> {
    let rank = |element: &&Element| {
        let role = element.attribute("role").map(|role| local(role).to_lowercase());
        match role {
            Some(role) => roles
                .iter()
                .position(|known| *known == role)
                .unwrap_or(roles.len() + 1),
            None => roles.len(),
        }
    };
    let mut texts: Vec<&Element> = meta
        .all(kind)
        .filter(|element| element.line().is_some())
        .collect();
    texts.sort_by_key(rank);
    texts.first()?.line()
}

fn given(item: &Element, of_item: &Element, of_content: &Element, article: &mut RawArticle) {
    let given = &mut article.given;
    given.pub_status = code(of_item.find("pubStatus")).map(str::to_lowercase);
    given.embargoed_until = of_item.line_at("embargoed");
    given.usage_terms = item.line_at("rightsInfo/usageTerms");
    given.urgency = of_content
        .line_at("urgency")
        .and_then(|urgency| urgency.parse().ok())
        .filter(|urgency| (1..=9).contains(urgency));
    given.slugline = of_content.line_at("slugline");
    for subject in of_content.all("subject") {
        let kind = subject.attribute("type").map(|kind| local(kind).to_lowercase());
        let list = match kind.as_deref() {
            Some("person") => &mut given.people,
            Some("organisation" | "organization" | "org") => &mut given.organisations,
            // Reuters writes `cptType:5` for a place.
            Some("geoarea" | "poi" | "place" | "city" | "country" | "5") => &mut given.places,
            _ => &mut given.subjects,
        };
        add(list, concept(subject));
    }
}

/// A concept's name, in English if it has one; else its literal, its code or its URI.
fn concept(element: &Element) -> Option<String> {
    name(element).or_else(|| {
        ["literal", "qcode", "uri"].iter().find_map(|attribute| {
            let value = element.attribute(attribute)?;
            Some(
                if *attribute == "qcode" {
                    local(value)
                } else {
                    value
                }
                .to_owned(),
            )
        })
    })
}

fn name(element: &Element) -> Option<String> {
    let english = element.all("name").find(|name| {
        name.attribute("lang").is_some_and(|lang| lang.starts_with("en")) && name.line().is_some()
    });
    english
        .or_else(|| element.all("name").find(|name| name.line().is_some()))?
        .line()
}

/// The code of a concept, without the vocabulary's alias.
fn code(element: Option<&Element>) -> Option<&str> {
    element?.attribute("qcode").map(local)
}

/// "stat:usable" as "usable".
fn local(qcode: &str) -> &str {
    qcode.split_once(':').map_or(qcode, |(_, code)| code)
}
