//! Which answers can be used, and how they join what is there.

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::Counts;
use crate::article::EntityIds;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Flag;
use crate::article::InputForm;
use crate::article::Mention;
use crate::article::Score;
use crate::config::Gives;
use crate::config::Merge;
use crate::config::TopicsConfig;
use crate::enrich::topics::Catalogue;
use crate::limits::Limits;

const HEADLINE: &str = "Zoë in Zürich";
const TEXT: &str = "😀 Zoë Müller met Acme in Zürich. Acme fell.";

fn service() -> EnricherConfig {
    EnricherConfig {
        name: "desk".to_owned(),
        ..EnricherConfig::default()
    }
}

fn enriched() -> EnrichedArticle {
    EnrichedArticle {
        article: Article {
            headline: Some(HEADLINE.to_owned()),
            text: TEXT.to_owned(),
            language: "en-GB".to_owned(),
            ..Article::new(InputForm::Json, "a:1")
        },
        entities: None,
        topics: None,
        keywords: None,
        counts: Counts::default(),
    }
}

fn question() -> Question {
    Question::about(&enriched(), &service()).unwrap()
}

fn catalogue() -> Catalogue {
    Catalogue::new(&TopicsConfig::default()).unwrap()
}

fn reading(result: &Value, service: &EnricherConfig) -> Result<Findings, Unusable> {
    let body = json!({"model": "m 1", "results": [result]}).to_string();
    read(body.as_bytes(), &[question()], service, &catalogue())
        .unwrap()
        .remove(0)
}

fn entity(change: impl FnOnce(&mut Value)) -> Value {
    let mut entity = json!({
        "type": "PERSON", "name": "Zoë Müller", "confidence": 0.9,
        "mentions": [{"field": "text", "start": 2, "end": 12, "text": "Zoë Müller"},
                     {"field": "headline", "start": 0, "end": 3, "text": "Zoë"}],
    });
    change(&mut entity);
    json!({"id": "a:1", "entities": [entity], "topics": []})
}

#[test]
fn who_is_asked_about_what() {
    let only = |languages: &[&str]| EnricherConfig {
        languages: languages.iter().map(|tag| (*tag).to_owned()).collect(),
        ..service()
    };
    assert_eq!(question().text, TEXT);
    assert!(Question::about(&enriched(), &only(&["de", "en"])).is_some());
    assert_eq!(Question::about(&enriched(), &only(&["de"])), None);
    let mut withheld = enriched();
    withheld.article.given.pub_status = Some("withheld".to_owned());
    assert_eq!(Question::about(&withheld, &service()), None);
    let mut empty = enriched();
    (empty.article.text, empty.article.headline) = (String::new(), None);
    assert_eq!(Question::about(&empty, &service()), None);
    let body: Value = serde_json::from_slice(&request(&[question()])).unwrap();
    assert_eq!(
        body,
        json!({"articles": [{"id": "a:1", "headline": HEADLINE, "text": TEXT, "language": "en-GB"}]})
    );
}

#[test]
fn offsets_count_characters() {
    let found = reading(&entity(|_| ()), &service()).unwrap();
    let entities = found.entities.unwrap();
    let spans: Vec<_> = entities[0]
        .mentions
        .iter()
        .map(|mention| (mention.field, mention.span))
        .collect();
    assert_eq!(
        spans,
        [
            (Field::Headline, ByteSpan::new(0, 4)),
            (Field::Text, ByteSpan::new(5, 17))
        ]
    );
    assert_eq!(found.topics, Some(Vec::new()));
}

type Change = fn(&mut Value);

/// What is done to a right entity, and what is said of it then.
const WRONG: &[(Change, &str)] = &[
    (
        |e| e["type"] = json!("DATE"),
        "an entity has a type that there is not",
    ),
    (
        |e| e["type"] = json!("person"),
        "an entity has a type that there is not",
    ),
    (
        |e| e["name"] = json!(" "),
        "an entity's name is empty, too long, or has control characters",
    ),
    (
        |e| e["name"] = json!("a\u{0}b"),
        "an entity's name is empty, too long, or has control characters",
    ),
    (
        |e| e["confidence"] = json!(1.5),
        "a confidence is not within 0 to 1",
    ),
    (
        |e| e["confidence"] = json!(-0.1),
        "a confidence is not within 0 to 1",
    ),
    (
        |e| e["confidence"] = Value::Null,
        "a result has not the shape of one",
    ),
    (|e| e["mentions"] = json!([]), "an entity has no mentions"),
    (
        |e| e["mentions"][0]["end"] = json!(9_000),
        "a mention has offsets outside its string",
    ),
    (
        |e| e["mentions"][0]["end"] = json!(2),
        "a mention has offsets outside its string",
    ),
    (
        |e| e["mentions"][0]["start"] = json!(-1),
        "a result has not the shape of one",
    ),
    (
        |e| e["mentions"][0]["start"] = json!(3),
        "a mention's text is not what stands at its offsets",
    ),
    (
        |e| e["mentions"][1]["field"] = json!("summary"),
        "a mention is in neither `headline` nor `text`",
    ),
    (
        |e| e["ids"] = json!({"wikidata": "142"}),
        "an entity has an id or country that is none",
    ),
    (
        |e| e["ids"] = json!({"iso3166": "fr"}),
        "an entity has an id or country that is none",
    ),
    (
        |e| e["ids"] = json!({"geonames": "x"}),
        "an entity has an id or country that is none",
    ),
    (
        |e| e["country"] = json!("FRA"),
        "an entity has an id or country that is none",
    ),
];

#[test]
fn what_does_not_fit_the_article_or_the_lists_is_not_used() {
    for (change, reason) in WRONG {
        let result = entity(change);
        assert_eq!(reading(&result, &service()), Err(Unusable(reason)), "{result}");
    }
}

#[test]
fn topics_and_results_that_do_not_fit_are_not_used() {
    let topic = |code: &str, confidence: f64| json!({"id": "a:1", "entities": [], "topics": [{"code": code, "confidence": confidence}]});
    for (result, reason) in [
        (topic("medtop:1", 0.5), "a topic is not in the vocabulary"),
        (topic("17000000", 0.5), "a topic is not in the vocabulary"),
        (topic("medtop:17000000", 7.0), "a confidence is not within 0 to 1"),
        (
            json!({"id": "a:2", "entities": [], "topics": []}),
            "results are not in the order of the articles",
        ),
        (
            json!({"id": "a:1", "topics": []}),
            "a result lacks what the service is to give",
        ),
        (
            json!({"id": "a:1", "error": "out of memory"}),
            "a result lacks what the service is to give",
        ),
        (json!([]), "a result has not the shape of one"),
    ] {
        assert_eq!(reading(&result, &service()), Err(Unusable(reason)), "{result}");
    }
    let only_topics = EnricherConfig {
        gives: vec![Gives::Topics],
        ..service()
    };
    let found = reading(&json!({"id": "a:1", "entities": "x", "topics": []}), &only_topics);
    assert_eq!(found, Err(Unusable("a result has not the shape of one")));
    let found = reading(&topic("medtop:17000000", 0.5), &only_topics).unwrap();
    assert_eq!((found.entities, found.topics.unwrap()[0].level), (None, 1));
}

fn own(kind: EntityType, name: &str, mentions: &[(Field, usize, usize)]) -> Entity {
    let mention = |(field, start, end): &(Field, usize, usize)| Mention {
        field: *field,
        span: ByteSpan::new(*start, *end),
        confidence: Score::from_thousandths(500),
    };
    Entity {
        kind,
        name: name.to_owned(),
        ids: EntityIds::default(),
        country: None,
        salience: Score::ZERO,
        confidence: Score::from_thousandths(500),
        mentions: mentions.iter().map(mention).collect(),
        found_by: Vec::new(),
    }
}

fn said(enriched: &EnrichedArticle) -> Vec<(&str, &str, usize, Vec<&str>)> {
    let said = enriched.entities.iter().flatten().map(|entity| {
        let found_by = entity.found_by.iter().map(String::as_str).collect();
        (
            entity.kind.name(),
            entity.name.as_str(),
            entity.mentions.len(),
            found_by,
        )
    });
    let mut said: Vec<_> = said.collect();
    said.sort_unstable();
    said
}

/// An article with what dateline found, and what a service found.
fn both() -> (EnrichedArticle, Findings) {
    let acme = TEXT.find("Acme").unwrap();
    let again = TEXT.rfind("Acme").unwrap();
    let zurich = TEXT.find("Zürich").unwrap();
    let mut ours = enriched();
    ours.entities = Some(vec![
        own(EntityType::Org, "Acme", &[(Field::Text, acme, acme + 4)]),
        own(EntityType::Gpe, "Zürich", &[(Field::Text, zurich, zurich + 7)]),
    ]);
    let findings = Findings {
        model: "m 1".to_owned(),
        entities: Some(vec![
            own(
                EntityType::Person,
                "Zoë Müller",
                &[(Field::Headline, 0, 4), (Field::Text, 5, 17)],
            ),
            own(
                EntityType::Org,
                "ACME",
                &[(Field::Text, acme, acme + 4), (Field::Text, again, again + 4)],
            ),
            own(
                EntityType::Loc,
                "in Zürich",
                &[(Field::Text, zurich - 3, zurich + 7)],
            ),
        ]),
        topics: None,
    };
    (ours, findings)
}

#[test]
fn the_same_is_said_once_and_no_two_mentions_overlap() {
    let (mut added, findings) = both();
    merge(&mut added, findings, &service(), &Limits::default());
    assert_eq!(
        said(&added),
        [
            ("GPE", "Zürich", 1, vec![]),
            ("ORG", "Acme", 2, vec!["dateline", "desk"]),
            ("PERSON", "Zoë Müller", 2, vec!["desk"]),
        ]
    );
    assert_eq!(added.counts.mentions, 5);
    assert!(
        added
            .entities
            .as_ref()
            .unwrap()
            .is_sorted_by_key(|entity| std::cmp::Reverse(entity.salience))
    );
    assert!(
        added
            .entities
            .iter()
            .flatten()
            .all(|entity| entity.salience > Score::ZERO)
    );
}

#[test]
fn a_service_may_replace_and_limits_hold() {
    let (mut replaced, findings) = both();
    let replacing = EnricherConfig {
        merge: Merge::Replace,
        ..service()
    };
    merge(&mut replaced, findings, &replacing, &Limits::default());
    assert_eq!(
        said(&replaced),
        [
            ("LOC", "in Zürich", 1, vec!["desk"]),
            ("ORG", "ACME", 2, vec!["desk"]),
            ("PERSON", "Zoë Müller", 2, vec!["desk"]),
        ]
    );
    let few = Limits {
        mentions_max: 2,
        ..Limits::default()
    };
    let (mut ours, findings) = both();
    merge(&mut ours, findings, &service(), &few);
    assert_eq!(
        (ours.counts.mentions, ours.article.flags.as_slice()),
        (2, [Flag::Truncated].as_slice())
    );
}

#[test]
fn a_topic_is_said_once_and_never_beside_its_child() {
    let topic = |code: &str, confidence: u16| {
        catalogue()
            .topic(code, Score::from_thousandths(confidence))
            .unwrap()
    };
    let mut ours = enriched();
    ours.topics = Some(vec![topic("medtop:20000424", 600), topic("medtop:04000000", 550)]);
    let findings = Findings {
        model: "m 1".to_owned(),
        entities: None,
        topics: Some(vec![
            topic("medtop:20000424", 700),
            topic("medtop:20000346", 900),
            topic("medtop:15000000", 800),
        ]),
    };
    merge(&mut ours, findings, &service(), &Limits::default());
    let said: Vec<_> = ours
        .topics
        .iter()
        .flatten()
        .map(|topic| (topic.code.as_str(), topic.found_by.len()))
        .collect();
    assert_eq!(
        said,
        [
            ("medtop:20000346", 1),
            ("medtop:15000000", 1),
            ("medtop:20000424", 2)
        ]
    );
    assert_eq!(ours.entities, None);
}

const OPENAPI: &str = include_str!("../../../config/schema/enricher.openapi.json");

#[test]
fn the_openapi_file_says_what_is_asked_and_read() {
    let file: Value = serde_json::from_str(OPENAPI).unwrap();
    let fits = |name: &str, value: &Value| {
        let schema =
            json!({"$ref": format!("#/components/schemas/{name}"), "components": file["components"]});
        jsonschema::validator_for(&schema).unwrap().is_valid(value)
    };
    let body: Value = serde_json::from_slice(&request(&[question()])).unwrap();
    assert!(fits("Request", &body));
    let types: Vec<&str> = EntityType::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(
        file["components"]["schemas"]["Entity"]["properties"]["type"]["enum"],
        json!(types)
    );
    let full = entity(|entity| {
        entity["ids"] = json!({"wikidata": "Q1", "iso3166": "CH-ZH", "geonames": "1", "ticker": "BRK.B"});
        entity["country"] = json!("CH");
    });
    assert!(reading(&full, &service()).is_ok() && fits("Result", &full));
    let bad: [Change; 8] = [
        |e| e["type"] = json!("DATE"),
        |e| e["name"] = json!(""),
        |e| e["confidence"] = json!(1.5),
        |e| e["mentions"] = json!([]),
        |e| e["mentions"][0]["field"] = json!("body"),
        |e| e["mentions"][0]["start"] = json!(-1),
        |e| e["ids"] = json!({"iso3166": "ch"}),
        |e| e["country"] = json!("Switzerland"),
    ];
    for change in bad {
        let result = entity(change);
        assert!(
            reading(&result, &service()).is_err() && !fits("Result", &result),
            "{result}"
        );
    }
}
