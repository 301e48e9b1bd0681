//! Our JSON envelope: an article's fields under their usual names. The tables below are the documentation and the
//! published schema (`decode::schema`); names are tried in their order. Unknown fields are ignored.

use serde_json::Map;
use serde_json::Value as Json;

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::decode::fields::Fields;
use crate::limits::Limits;

pub(super) const ID: &[&str] = &["id", "guid"];
pub(super) const URL: &[&str] = &["url", "link"];
pub(super) const VERSION: &[&str] = &["version"];
pub(super) const HEADLINE: &[&str] = &["headline", "title"];
pub(super) const SUMMARY: &[&str] = &["summary", "description", "standfirst"];
pub(super) const BODY: &[&str] = &[
    "body",
    "text",
    "content",
    "article_body",
    "body_html",
    "content_html",
    "body_text",
    "content_text",
];
pub(super) const PUBLISHED: &[&str] = &["published_at", "pub_date", "published", "date_published", "date"];
pub(super) const UPDATED: &[&str] = &["updated_at", "updated", "modified_at", "date_modified"];
pub(super) const LANGUAGE: &[&str] = &["language", "lang", "in_language"];
pub(super) const PUBLISHER: &[&str] = &["publisher", "source"];
pub(super) const AGENCY: &[&str] = &["agency"];
pub(super) const BYLINES: &[&str] = &["authors", "author", "bylines", "byline"];
pub(super) const LOCATED: &[&str] = &["located"];
pub(super) const SUBJECTS: &[&str] = &["subjects"];
pub(super) const PEOPLE: &[&str] = &["people"];
pub(super) const PLACES: &[&str] = &["places"];
pub(super) const ORGANISATIONS: &[&str] = &["organisations", "organizations"];
pub(super) const PUB_STATUS: &[&str] = &["pub_status"];
pub(super) const EMBARGOED: &[&str] = &["embargoed_until"];
pub(super) const USAGE_TERMS: &[&str] = &["usage_terms"];
pub(super) const URGENCY: &[&str] = &["urgency"];
pub(super) const SLUGLINE: &[&str] = &["slugline"];

/// Keys under which an object carries its name.
const NAME: &[&str] = &["name"];

/// Reads the envelope.
pub(super) fn decode(object: &Map<String, Json>, limits: &Limits) -> Result<RawArticle, Rejection> {
    let mut fields = Fields::new(object, limits);
    let mut article = RawArticle::new(InputForm::Json);
    article.id = fields.text_or_integer(ID)?;
    article.url = fields.text(URL)?;
    article.version = fields.text_or_integer(VERSION)?;
    article.headline = fields.text(HEADLINE)?.map(Markup::Unknown);
    article.summary = fields.text(SUMMARY)?.map(Markup::Unknown);
    article.body = fields.text_named(BODY)?.map(|(name, text)| match name {
        "body_html" | "content_html" => Markup::Html(text),
        "body_text" | "content_text" => Markup::Plain(text),
        _ => Markup::Unknown(text),
    });
    article.published_at = fields.text(PUBLISHED)?;
    article.updated_at = fields.text(UPDATED)?;
    article.language = fields.text(LANGUAGE)?;
    article.publisher = fields.name(PUBLISHER)?;
    article.agency = fields.name(AGENCY)?;
    article.bylines = fields.names(BYLINES, NAME)?;
    article.located = fields.name(LOCATED)?;
    let given = &mut article.given;
    given.subjects = fields.names(SUBJECTS, NAME)?;
    given.people = fields.names(PEOPLE, NAME)?;
    given.places = fields.names(PLACES, NAME)?;
    given.organisations = fields.names(ORGANISATIONS, NAME)?;
    given.pub_status = fields.text(PUB_STATUS)?;
    given.embargoed_until = fields.text(EMBARGOED)?;
    given.usage_terms = fields.text(USAGE_TERMS)?;
    given.urgency = fields.urgency(URGENCY)?;
    given.slugline = fields.text(SLUGLINE)?;
    article.flags = fields.flags;
    Ok(article)
}
