//! The published JSON Schema (2020-12) of our JSON envelope, made from the very names that `decode::json` reads.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use crate::decode::json;

/// JSON Schema of the envelope. Every name may also be written in camelCase; null counts as absent.
pub fn input() -> Json {
    let text = json!({"type": ["string", "null"]});
    let id = json!({"type": ["string", "integer", "null"]});
    let name = json!({"anyOf": [{"$ref": "#/$defs/name"}, {"type": "null"}]});
    let names = json!({"anyOf": [
        {"$ref": "#/$defs/name"},
        {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/name"}, {"type": "null"}]}},
        {"type": "null"}
    ]});
    let urgency = json!({"type": ["integer", "string", "null"]});
    let fields: [(&[&str], &Json, &str); 22] = [
        (
            json::ID,
            &id,
            "The article's own id, kept exactly; a whole number becomes its decimal digits",
        ),
        (json::URL, &text, "Where the article is published"),
        (json::VERSION, &id, "The publisher's version of the article"),
        (json::HEADLINE, &text, "Headline; HTML is recognised"),
        (json::SUMMARY, &text, "Summary or standfirst; HTML is recognised"),
        (
            json::BODY,
            &text,
            "Body; HTML is recognised, and declared by a name that ends in _html",
        ),
        (json::PUBLISHED, &text, "First publication, in any usual form"),
        (json::UPDATED, &text, "Last change, in any usual form"),
        (json::LANGUAGE, &text, "Language, as a BCP 47 tag"),
        (json::PUBLISHER, &name, "The newspaper or site"),
        (json::AGENCY, &name, "Wire agency"),
        (json::BYLINES, &names, "Authors"),
        (json::LOCATED, &name, "Place of writing"),
        (json::SUBJECTS, &names, "Subjects, carried as given"),
        (json::PEOPLE, &names, "People, carried as given"),
        (json::PLACES, &names, "Places, carried as given"),
        (json::ORGANISATIONS, &names, "Organisations, carried as given"),
        (
            json::PUB_STATUS,
            &text,
            "Publication status: usable, withheld or canceled; the last two are not enriched",
        ),
        (
            json::EMBARGOED,
            &text,
            "Time before which it must not be published",
        ),
        (json::USAGE_TERMS, &text, "Terms of use"),
        (json::URGENCY, &urgency, "Editorial urgency, 1 (highest) to 9"),
        (json::SLUGLINE, &text, "Slugline"),
    ];
    let mut properties = Map::new();
    for (names, shape, description) in fields {
        for (place, name) in names.iter().enumerate() {
            let mut property = shape.clone();
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
