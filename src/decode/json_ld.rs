//! schema.org's `NewsArticle` as JSON-LD, which news pages carry for search engines: what the publisher itself
//! says its headline, text, times and authors are. Reads one article; ignores what is no article.

use serde_json::Map;
use serde_json::Value as Json;

use crate::article::Flag;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::limits::Limits;

/// schema.org's types of articles.
const ARTICLES: &[&str] = &[
    "Article",
    "NewsArticle",
    "ReportageNewsArticle",
    "AnalysisNewsArticle",
    "AskPublicNewsArticle",
    "BackgroundNewsArticle",
    "OpinionNewsArticle",
    "ReviewNewsArticle",
    "AdvertiserContentArticle",
    "SatiricalArticle",
    "BlogPosting",
    "LiveBlogPosting",
    "Report",
];
/// Deepest nesting of lists and graphs in which an article is looked for.
const DEPTH_MAX: usize = 6;

/// The article in one block of JSON-LD.
pub(super) fn article(block: &str, limits: &Limits) -> Option<Map<String, Json>> {
    if block
        .bytes()
        .filter(|byte| matches!(byte, b',' | b'{' | b'['))
        .count()
        > limits.values_max
    {
        return None;
    }
    // Some publishers leave line feeds in strings, which JSON forbids.
    let value = serde_json::from_str(block)
        .or_else(|_| serde_json::from_str(&block.replace(['\n', '\r', '\t'], " ")));
    find(value.ok()?, DEPTH_MAX)
}

fn find(value: Json, depth: usize) -> Option<Map<String, Json>> {
    if depth == 0 {
        return None;
    }
    match value {
        Json::Array(items) => items.into_iter().find_map(|item| find(item, depth - 1)),
        Json::Object(object) if is_article(&object) => Some(object),
        Json::Object(mut object) => ["@graph", "mainEntity", "mainEntityOfPage"]
            .iter()
            .find_map(|name| find(object.remove(*name)?, depth - 1)),
        _ => None,
    }
}

fn is_article(object: &Map<String, Json>) -> bool {
    let is_one = |kind: &Json| {
        let name = kind.as_str().and_then(|kind| kind.rsplit(['/', ':']).next());
        name.is_some_and(|name| ARTICLES.contains(&name))
    };
    match object.get("@type") {
        Some(Json::Array(kinds)) => kinds.iter().any(is_one),
        Some(kind) => is_one(kind),
        None => false,
    }
}

/// Fills `article` with what the object says.
pub(super) fn fill(article: &mut RawArticle, object: &Map<String, Json>) {
    let text = |name: &str| texts(object.get(name)).into_iter().next();
    article.headline = text("headline").or_else(|| text("name")).map(Markup::Unknown);
    article.summary = text("description").map(Markup::Unknown);
    article.body = text("articleBody").map(Markup::Unknown);
    article.published_at = text("datePublished");
    article.updated_at = text("dateModified");
    article.language = text("inLanguage");
    article.url = text("url").or_else(|| id_of(object.get("mainEntityOfPage")));
    article.version = text("version");
    article.publisher = text("publisher");
    article.bylines = texts(object.get("author"));
    article.located = text("locationCreated");
    article.dateline = text("dateline");
    article.given.subjects = texts(object.get("keywords"));
    if let [keywords] = article.given.subjects.as_slice() {
        let split = keywords.split(',').map(|keyword| keyword.trim().to_owned());
        article.given.subjects = split.filter(|keyword| !keyword.is_empty()).collect();
    }
    let free = object.get("isAccessibleForFree");
    let is_free = free.is_none_or(|free| {
        free.as_bool() != Some(false)
            && !free
                .as_str()
                .is_some_and(|free| free.eq_ignore_ascii_case("false"))
    });
    if !is_free && article.body.is_none() {
        article.flags.push(Flag::PartialText);
    }
}

/// What a value says in words: a string, an object's name, or those of a list.
fn texts(value: Option<&Json>) -> Vec<String> {
    let one = |value: &Json| {
        let text = match value {
            Json::String(text) => Some(text.as_str()),
            Json::Object(object) => ["name", "alternateName", "@value"]
                .iter()
                .find_map(|name| object.get(*name).and_then(Json::as_str)),
            _ => None,
        };
        text.map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    match value {
        Some(Json::Array(items)) => items.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn id_of(value: Option<&Json>) -> Option<String> {
    match value? {
        Json::String(text) => Some(text.clone()),
        Json::Object(object) => object.get("@id").and_then(Json::as_str).map(str::to_owned),
        _ => None,
    }
}
