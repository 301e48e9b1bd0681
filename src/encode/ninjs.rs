//! An `EnrichedArticle` as strict IPTC ninjs 3.1, valid against IPTC's schema. `docs/ninjs.md` maps every field
//! of a record and says what is lost; what ninjs cannot hold is left out, never bent.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use url::Url;

use crate::article::Article;
use crate::article::EnrichedArticle;
use crate::article::Entity;
use crate::article::EntityType;
use crate::article::Flag;
use crate::article::Given;
use crate::article::Score;
use crate::article::TopicTag;
use crate::encode::build::topic_uri;
use crate::text::time;
use crate::text::time::Time;

/// The schema that every item names and fits.
pub(super) const SCHEMA: &str = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json";
/// Stands before an id that is no URI.
const ID_PREFIX: &str = "urn:dateline:id:";
const WIKIDATA: &str = "http://www.wikidata.org/entity/";

/// The item.
pub(super) fn item(enriched: &EnrichedArticle, content_sha256: &str, text_sha256: &str) -> Json {
    let article = &enriched.article;
    let mut item = Map::new();
    let mut put = |name: &str, value: Option<Json>| {
        item.extend(value.map(|value| (name.to_owned(), value)));
    };
    let text = |value: &Option<String>| value.as_deref().map(Json::from);
    put(
        "standard",
        Some(json!({"name": "ninjs", "version": "3.1", "schema": SCHEMA})),
    );
    put("uri", Some(uri(&article.id).into()));
    put("type", Some("text".into()));
    put(
        "representationType",
        article
            .flags
            .contains(&Flag::PartialText)
            .then(|| "partial".into()),
    );
    put("version", text(&article.version));
    put("firstCreated", point(article.published_at.as_deref()));
    put("versionCreated", point(article.updated_at.as_deref()));
    given(&article.given, &mut put);
    put("language", Some(article.language.as_str().into()));
    put(
        "headlines",
        article
            .headline
            .as_ref()
            .map(|headline| json!([plain("main", headline)])),
    );
    put(
        "descriptions",
        article
            .summary
            .as_ref()
            .map(|summary| json!([plain("summary", summary)])),
    );
    let mut body = plain("main", &article.text);
    body.extend([
        ("charCount".to_owned(), enriched.counts.characters.into()),
        ("wordCount".to_owned(), enriched.counts.words.into()),
    ]);
    put("bodies", (!article.text.is_empty()).then(|| json!([body])));
    put(
        "by",
        (!article.bylines.is_empty()).then(|| article.bylines.join(", ").into()),
    );
    origin(article, &mut put);
    lists(enriched, &mut put);
    let renditions = article
        .canonical_url
        .iter()
        .map(|url| json!({"name": "web", "href": url, "contentType": "text/html"}));
    put("renditions", list(renditions));
    let ids = [
        ("url", article.url.as_deref()),
        ("content_sha256", Some(content_sha256)),
        ("text_sha256", Some(text_sha256)),
    ];
    put(
        "altIds",
        list(
            ids.iter()
                .filter_map(|(role, value)| Some(json!({"role": role, "value": value.as_ref()?}))),
        ),
    );
    Json::Object(item)
}

/// Where it comes from.
fn origin(article: &Article, put: &mut impl FnMut(&str, Option<Json>)) {
    let places = article.dateline.iter().flat_map(|dateline| &dateline.places);
    let located: Vec<&str> = places.map(|place| place.name.as_str()).collect();
    put("located", (!located.is_empty()).then(|| located.join("/").into()));
    let sources = [("publisher", &article.publisher), ("agency", &article.agency)];
    let sources = sources
        .iter()
        .filter_map(|(role, name)| Some(json!({"name": name.as_ref()?, "role": role})));
    put("infoSources", list(sources));
}

fn given(given: &Given, put: &mut impl FnMut(&str, Option<Json>)) {
    let status = given
        .pub_status
        .as_deref()
        .and_then(|status| match status.to_lowercase().as_str() {
            "usable" => Some("usable"),
            "withheld" => Some("withheld"),
            "canceled" | "cancelled" | "killed" => Some("canceled"),
            _ => None,
        });
    put("pubStatus", status.map(Json::from));
    let until = given.embargoed_until.as_deref().and_then(time::read);
    put(
        "embargoedUntil",
        until.and_then(|time| match time {
            Time::Utc(time) => Some(time.into()),
            _ => None,
        }),
    );
    put("urgency", given.urgency.map(Json::from));
    put("usageTerms", given.usage_terms.as_deref().map(Json::from));
    put("slugline", given.slugline.as_deref().map(Json::from));
}

/// What was found, and what the publisher said, by the lists of ninjs.
fn lists(enriched: &EnrichedArticle, put: &mut impl FnMut(&str, Option<Json>)) {
    let of = |kinds: &'static [EntityType]| {
        let all = enriched.entities.iter().flatten();
        all.filter(|entity| kinds.contains(&entity.kind)).map(mentioned)
    };
    let named = |names: &'_ [String]| names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>();
    let given = &enriched.article.given;
    put(
        "people",
        list(of(&[EntityType::Person]).chain(named(&given.people))),
    );
    put(
        "organisations",
        list(of(&[EntityType::Org]).chain(named(&given.organisations))),
    );
    let places = &[EntityType::Gpe, EntityType::Loc, EntityType::Fac];
    put("places", list(of(places).chain(named(&given.places))));
    put("events", list(of(&[EntityType::Event])));
    put("objects", list(of(&[EntityType::Work, EntityType::Product])));
    let topics: &[TopicTag] = enriched.topics.as_deref().unwrap_or_default();
    // A topic of the team's own has a code but no address.
    let coded = |mut subject: Json, code: &str| {
        let (key, value) = topic_uri(code).map_or(("literal", code.to_owned()), |uri| ("uri", uri));
        if let Json::Object(fields) = &mut subject {
            fields.insert(key.to_owned(), Json::String(value));
        }
        subject
    };
    let about = topics.iter().map(|topic| {
        let confidence = percent(topic.confidence);
        coded(
            json!({"name": topic.name, "rel": "about", "confidence": confidence}),
            &topic.code,
        )
    });
    let mut ancestors: Vec<&String> = topics.iter().flat_map(|topic| &topic.ancestors).collect();
    ancestors.sort_unstable();
    ancestors.dedup();
    let ancestors = ancestors
        .iter()
        .map(|code| coded(json!({"rel": "ancestor"}), code));
    let keywords = enriched.keywords.iter().flatten();
    let keywords = keywords.map(|keyword| json!({"name": keyword.text, "relevance": percent(keyword.score)}));
    let said = given
        .subjects
        .iter()
        .map(|name| json!({"name": name, "creator": "publisher"}));
    put(
        "subjects",
        list(
            about
                .chain(ancestors)
                .chain(of(&[EntityType::Norp]))
                .chain(keywords)
                .chain(said),
        ),
    );
}

fn list(items: impl Iterator<Item = Json>) -> Option<Json> {
    let items: Vec<Json> = items.collect();
    (!items.is_empty()).then_some(Json::Array(items))
}

fn plain(role: &str, value: &str) -> Map<String, Json> {
    let fields = [("role", role), ("contentType", "text/plain"), ("value", value)];
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Json::from(*value)))
        .collect()
}

fn mentioned(entity: &Entity) -> Json {
    let mut object = Map::new();
    object.insert("name".to_owned(), entity.name.as_str().into());
    object.insert("rel".to_owned(), "mentions".into());
    if let Some(id) = &entity.ids.wikidata {
        object.insert("uri".to_owned(), format!("{WIKIDATA}{id}").into());
    }
    if entity.kind == EntityType::Org {
        let symbols = entity.ids.ticker.iter().map(|ticker| json!({"symbol": ticker}));
        object.extend(list(symbols).map(|symbols| ("symbols".to_owned(), symbols)));
    } else if let Some(code) = entity.ids.iso3166.as_ref().or(entity.ids.geonames.as_ref()) {
        object.insert("literal".to_owned(), code.as_str().into());
    }
    Json::Object(object)
}

/// A score of thousandths as a whole number of 100.
fn percent(score: Score) -> u8 {
    (score.as_f64() * 100.0).round().clamp(0.0, 100.0) as u8
}

/// A point in time; ninjs has no room for a day.
fn point(time: Option<&str>) -> Option<Json> {
    time.filter(|time| time.contains('T')).map(Json::from)
}

/// An id that is a URI, or one made from it without loss.
fn uri(id: &str) -> String {
    let is_plain = id
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}[]".contains(&byte));
    let has_escapes = id.split('%').skip(1).all(|rest| {
        rest.as_bytes()
            .get(..2)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    if is_plain && has_escapes && id.matches('#').count() < 2 && Url::parse(id).is_ok() {
        return id.to_owned();
    }
    let mut made = ID_PREFIX.to_owned();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            made.push(char::from(byte));
        } else {
            made.push_str(&format!("%{byte:02X}"));
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_uris() {
        for (id, expected) in [
            ("tag:wire.example,2024:1", "tag:wire.example,2024:1"),
            ("https://example.com/a?b=%20#c", "https://example.com/a?b=%20#c"),
            ("urn:sha256:ab", "urn:sha256:ab"),
            ("herald-48213", "urn:dateline:id:herald-48213"),
            ("<a@b>", "urn:dateline:id:%3Ca%40b%3E"),
            (" tag:1 ", "urn:dateline:id:%20tag%3A1%20"),
            (
                "https://example.com/100%",
                "urn:dateline:id:https%3A%2F%2Fexample.com%2F100%25",
            ),
            ("Zürich", "urn:dateline:id:Z%C3%BCrich"),
        ] {
            assert_eq!(uri(id), expected);
        }
    }
}
