//! The published JSON Schema (2020-12) of our JSON envelope, made from the very names that `decode::json` reads.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use crate::decode::json;

/// What a field may hold; null is the same as absent everywhere.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    TextOrInteger,
    Name,
    Names,
}

impl Shape {
    fn schema(self) -> Json {
        match self {
            Self::Text => json!({"type": ["string", "null"]}),
            Self::TextOrInteger => json!({"type": ["string", "integer", "null"]}),
            Self::Name => json!({"anyOf": [{"$ref": "#/$defs/name"}, {"type": "null"}]}),
            Self::Names => json!({"anyOf": [
                {"$ref": "#/$defs/name"},
                {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/name"}, {"type": "null"}]}},
                {"type": "null"}
            ]}),
        }
    }
}

/// The fields: their names in the order they are tried, what they may hold, and what they mean.
const FIELDS: [(&[&str], Shape, &str); 22] = [
    (
        json::ID,
        Shape::TextOrInteger,
        "The article's own id, kept exactly; a whole number becomes its decimal digits",
    ),
    (json::URL, Shape::Text, "Where the article is published"),
    (
        json::VERSION,
        Shape::TextOrInteger,
        "The publisher's version of the article",
    ),
    (json::HEADLINE, Shape::Text, "Headline; HTML is recognised"),
    (
        json::SUMMARY,
        Shape::Text,
        "Summary or standfirst; HTML is recognised",
    ),
    (
        json::BODY,
        Shape::Text,
        "Body; HTML is recognised, and declared by a name that ends in _html",
    ),
    (
        json::PUBLISHED,
        Shape::Text,
        "First publication, in any usual form",
    ),
    (json::UPDATED, Shape::Text, "Last change, in any usual form"),
    (json::LANGUAGE, Shape::Text, "Language, as a BCP 47 tag"),
    (json::PUBLISHER, Shape::Name, "The newspaper or site"),
    (json::AGENCY, Shape::Name, "Wire agency"),
    (json::BYLINES, Shape::Names, "Authors"),
    (json::LOCATED, Shape::Name, "Place of writing"),
    (json::SUBJECTS, Shape::Names, "Subjects, carried as given"),
    (json::PEOPLE, Shape::Names, "People, carried as given"),
    (json::PLACES, Shape::Names, "Places, carried as given"),
    (
        json::ORGANISATIONS,
        Shape::Names,
        "Organisations, carried as given",
    ),
    (
        json::PUB_STATUS,
        Shape::Text,
        "Publication status: usable, withheld or canceled; the last two are not enriched",
    ),
    (
        json::EMBARGOED,
        Shape::Text,
        "Time before which it must not be published",
    ),
    (json::USAGE_TERMS, Shape::Text, "Terms of use"),
    (
        json::URGENCY,
        Shape::TextOrInteger,
        "Editorial urgency, 1 (highest) to 9",
    ),
    (json::SLUGLINE, Shape::Text, "Slugline"),
];

/// JSON Schema of the envelope. Every name may also be written in camelCase; null counts as absent.
pub fn input() -> Json {
    let mut properties = Map::new();
    for (names, shape, description) in FIELDS {
        for (place, name) in names.iter().enumerate() {
            let mut property = shape.schema();
            let description = match (place, names.first()) {
                (1.., Some(first)) => format!("Read where {first} is absent or blank, in the order listed"),
                _ => description.to_owned(),
            };
            if let Json::Object(property) = &mut property {
                property.insert("description".to_owned(), Json::String(description));
            }
            properties.insert((*name).to_owned(), property);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dateline input",
        "description": "One news article in dateline's JSON envelope. Every name may also be written in camelCase; \
            null is the same as absent; unknown fields are ignored. An article needs a headline, a body or a URL.",
        "type": "object",
        "properties": properties,
        "$defs": {
            "name": {"anyOf": [
                {"type": "string"},
                {"type": "object", "properties": {"name": {"type": "string"}}}
            ]}
        }
    })
}
