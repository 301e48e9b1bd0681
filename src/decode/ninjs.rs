//! IPTC ninjs 1.x, 2.x and 3.x, news items of every type. The three lines differ in case (`versioncreated`,
//! `versionCreated`), number (`person`, `people`) and shape (`headline`, `headlines[]`); all are read alike, whatever
//! version a document declares. `docs/ninjs.md` says what each field becomes. Associated items are not read.

use serde_json::Map;
use serde_json::Value as Json;

use crate::article::Flag;
use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::decode::fields::Fields;
use crate::decode::fields::wrong_type;
use crate::limits::Limits;

/// Roles of the headline that stands over the article.
const HEADLINE_ROLES: &[&str] = &["main", "headline", "title"];
/// Roles of the body that is the whole article.
const BODY_ROLES: &[&str] = &["main", "text", "body", "html", "html5", "xhtml", "plain"];
/// Roles of descriptions that sum the article up, or describe the picture.
const DESCRIPTION_ROLES: &[&str] = &[
    "main",
    "summary",
    "text",
    "lead",
    "abstract",
    "caption",
    "description",
];
/// Keys of a concept, the readable first.
const CONCEPT: &[&str] = &["name", "title", "uri", "literal", "code"];

/// Reads a ninjs item.
pub(super) fn decode(object: &Map<String, Json>, limits: &Limits) -> Result<RawArticle, Rejection> {
    let mut fields = Fields::new(object, limits);
    let mut article = RawArticle::new(InputForm::Ninjs);
    article.id = fields.text(&["uri", "guid"])?;
    article.version = fields.text_or_integer(&["version"])?;
    article.headline = headline(&fields)?;
    article.summary = best(&fields, "descriptions", DESCRIPTION_ROLES, "description_")?;
    article.body = best(&fields, "bodies", BODY_ROLES, "body_")?;
    if article.body.is_none() && is_visual(&fields)? {
        // The caption is all the text that a picture, a film or a sound has.
        article.body = article.summary.take();
    }
    times(&fields, &mut article)?;
    article.language = fields.text(&["language"])?;
    publisher(&fields, &mut article)?;
    article.bylines = fields.names(&["by", "byline", "bylines"], CONCEPT)?;
    article.located = fields.name(&["located"])?;
    given(&mut fields, &mut article)?;
    if fields
        .text(&["representationtype"])?
        .is_some_and(|kind| kind.eq_ignore_ascii_case("partial"))
    {
        fields.flags.push(Flag::PartialText);
    }
    article.flags = fields.flags;
    Ok(article)
}

/// 1.x has one `headline` and may have others beside it; 2.x and 3.x have a list.
fn headline(fields: &Fields<'_>) -> Result<Option<Markup>, Rejection> {
    if fields.all(&["headlines"]).next().is_none()
        && let Some(headline) = fields.text(&["headline"])?
    {
        return Ok(Some(Markup::Unknown(headline)));
    }
    if let Some(headline) = best(fields, "headlines", HEADLINE_ROLES, "headline_")? {
        return Ok(Some(headline));
    }
    Ok(fields.text(&["headline", "title"])?.map(Markup::Unknown))
}

fn is_visual(fields: &Fields<'_>) -> Result<bool, Rejection> {
    let kind = fields.text(&["type"])?;
    Ok(kind.is_some_and(|kind| matches!(kind.as_str(), "picture" | "graphic" | "video" | "audio")))
}

/// First publication and last change. Without `firstcreated` the version's time is the only one there is.
fn times(fields: &Fields<'_>, article: &mut RawArticle) -> Result<(), Rejection> {
    let version = fields.text(&["versioncreated"])?;
    let first = fields.text(&["firstcreated"])?;
    (article.published_at, article.updated_at) = match (first, version) {
        (Some(first), version) => (Some(first), version),
        (None, Some(version)) => (Some(version), None),
        (None, None) => (fields.text(&["contentcreated"])?, None),
    };
    Ok(())
}

/// Who publishes: `provider`, a source in that role, or whoever holds the rights. A source whose role says so is the
/// agency.
fn publisher(fields: &Fields<'_>, article: &mut RawArticle) -> Result<(), Rejection> {
    article.publisher = fields.name(&["provider", "publisher"])?;
    for (name, value) in fields.all(&["infosources", "infosource"]) {
        let Json::Array(items) = value else {
            return Err(wrong_type(name, "a list of objects", value));
        };
        for item in items {
            let text = |key: &str| {
                item.get(key)
                    .and_then(Json::as_str)
                    .filter(|text| !text.trim().is_empty())
            };
            let role = text("role").unwrap_or_default().to_ascii_lowercase();
            let Some(source) = text("name") else { continue };
            if role.contains("agency") && article.agency.is_none() {
                article.agency = Some(source.to_owned());
            } else if matches!(role.as_str(), "publisher" | "provider") && article.publisher.is_none() {
                article.publisher = Some(source.to_owned());
            }
        }
    }
    if article.publisher.is_none() {
        article.publisher = fields.name(&["copyrightholder"])?;
    }
    Ok(())
}

fn given(fields: &mut Fields<'_>, article: &mut RawArticle) -> Result<(), Rejection> {
    let given = &mut article.given;
    given.subjects = fields.names(&["subjects", "subject"], CONCEPT)?;
    given.people = fields.names(&["people", "person"], CONCEPT)?;
    given.places = fields.names(&["places", "place"], CONCEPT)?;
    given.organisations = fields.names(&["organisations", "organisation"], CONCEPT)?;
    given.pub_status = fields.text(&["pubstatus"])?;
    given.embargoed_until = fields.text(&["embargoeduntil", "embargoed"])?;
    // The Associated Press has a list of them.
    let terms = fields.names(&["usageterms"], CONCEPT)?;
    given.usage_terms = Some(terms.join(" ")).filter(|terms| !terms.is_empty());
    given.urgency = fields.urgency(&["urgency"])?;
    given.slugline = fields.text(&["slugline"])?;
    Ok(())
}

/// One of several texts, and what makes it better than another.
struct Candidate {
    /// Lower is better: place of its role, then plain text before markup, then the order given.
    rank: (usize, u8),
    text: Markup,
}

/// The best text of a list of `{role, contenttype, value}` (2.x, 3.x) or of fields named by a prefix (1.x).
fn best(
    fields: &Fields<'_>,
    list: &'static str,
    roles: &[&str],
    prefix: &'static str,
) -> Result<Option<Markup>, Rejection> {
    let mut candidates = Vec::new();
    for (name, value) in fields.all(&[list]) {
        let Json::Array(items) = value else {
            return Err(wrong_type(name, "a list of objects", value));
        };
        for item in items {
            candidates.extend(in_list(name, item, roles)?);
        }
    }
    for (name, value) in fields.prefixed(prefix) {
        let Json::String(text) = value else {
            return Err(wrong_type(&format!("{prefix}*"), "a string", value));
        };
        candidates.extend(in_field(name, text));
    }
    // `min_by_key` keeps the first of equals.
    Ok(candidates
        .into_iter()
        .min_by_key(|candidate| candidate.rank)
        .map(|candidate| candidate.text))
}

fn in_list(list: &str, item: &Json, roles: &[&str]) -> Result<Option<Candidate>, Rejection> {
    let object = match item {
        Json::Object(object) => object,
        Json::Null => return Ok(None),
        other => return Err(wrong_type(list, "a list of objects", other)),
    };
    let value = match object.get("value") {
        Some(Json::String(value)) if !value.trim().is_empty() => value,
        None | Some(Json::Null | Json::String(_)) => return Ok(None),
        Some(other) => return Err(wrong_type(&format!("{list}[].value"), "a string", other)),
    };
    let text = |key: &str| {
        object
            .get(key)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let role = text("role");
    if role == "creditline" {
        return Ok(None);
    }
    let declared = text("contentType") + &text("contenttype");
    let place = match role.as_str() {
        "" => roles.len(),
        // All that name a format alone are one role.
        "text" | "html" | "html5" | "xhtml" | "plain" => 1,
        role => roles
            .iter()
            .position(|known| *known == role)
            .unwrap_or(roles.len() + 1),
    };
    Ok(markup(&declared, value).map(|(format, text)| Candidate {
        rank: (place, format),
        text,
    }))
}

fn in_field(name: &str, value: &str) -> Option<Candidate> {
    let declared = match name {
        _ if value.trim().is_empty() => return None,
        name if name.contains("html") => "text/html",
        name if name.contains("nitf") || name.contains("xml") => "text/xml",
        name if name.ends_with("_text") || name.ends_with("_plain") => "text/plain",
        _ => "",
    };
    let place = usize::from(!matches!(
        name.split('_').nth(1),
        Some("text" | "plain" | "xhtml" | "html" | "main")
    ));
    markup(declared, value).map(|(format, text)| Candidate {
        rank: (place, format),
        text,
    })
}

/// Text by its media type; formats that are neither text nor HTML (NITF, NewsML) are left out.
fn markup(declared: &str, value: &str) -> Option<(u8, Markup)> {
    let essence = declared.split(';').next().unwrap_or_default().trim();
    match essence {
        "text/plain" => Some((0, Markup::Plain(value.to_owned()))),
        "" => Some((1, Markup::Unknown(value.to_owned()))),
        "text/html" | "application/xhtml+xml" | "text/xhtml" => Some((2, Markup::Html(value.to_owned()))),
        _ => None,
    }
}
