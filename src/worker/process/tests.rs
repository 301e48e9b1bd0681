//! One record to one outcome, whatever it is.

use std::sync::Arc;

use super::*;
use crate::config::EnrichConfig;
use crate::record::Origin;

fn record(value: Option<&str>) -> Record {
    Record {
        origin: Origin {
            kafka_topic: Arc::from("articles.raw"),
            partition: 0,
            offset: 7,
        },
        timestamp_ms: None,
        key: Some(b"k".to_vec()),
        value: value.map(|v| v.as_bytes().to_vec()),
        headers: Vec::new(),
    }
}

fn processor(change: impl FnOnce(&mut Config)) -> Processor {
    let mut config = Config::default();
    change(&mut config);
    Processor::new(&config).unwrap()
}

fn code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Rejected(rejection) => rejection.code.code(),
        Outcome::Skipped(reason) => reason.code(),
        Outcome::PassedThrough(_) => "passed",
        Outcome::Enriched(_) => "enriched",
    }
}

#[test]
fn tombstones_go_as_configured() {
    for (tombstones, expected) in [
        (Tombstones::Pass, "passed"),
        (Tombstones::Drop, "tombstone"),
        (Tombstones::DeadLetter, "tombstone"),
    ] {
        let processor = processor(|config| config.input.tombstones = tombstones);
        let outcome = processor.process(&record(None), 0, &mut ());
        assert_eq!(code(&outcome), expected);
        assert_eq!(
            matches!(outcome, Outcome::Rejected(_)),
            tombstones == Tombstones::DeadLetter
        );
    }
}

#[test]
fn every_record_has_one_outcome() {
    let processor = processor(|config| config.input.payload_bytes_max = 1_024);
    let long = "x".repeat(2_000);
    for (value, expected) in [
        (
            r#"{"title": "Rain in Paris", "body": "It rained in Paris."}"#,
            "enriched",
        ),
        ("", "empty"),
        ("{", "invalid_json"),
        (r#"{"title": 1.5, "body": []}"#, "wrong_type"),
        ("{}", "no_content"),
        (&long, "too_large"),
    ] {
        assert_eq!(
            code(&processor.process(&record(Some(value)), 0, &mut ())),
            expected,
            "{value}"
        );
    }
}

#[test]
fn what_is_not_wanted_is_absent() {
    let article = record(Some(
        r#"{"title": "Rain in Paris", "body": "It rained in Paris on Monday, officials said."}"#,
    ));
    for wanted in [true, false] {
        let processor = processor(|config| {
            config.enrich = EnrichConfig {
                entities: wanted,
                topics: wanted,
                keywords: wanted,
                ..EnrichConfig::default()
            }
        });
        let Outcome::Enriched(output) = processor.process(&article, 0, &mut ()) else {
            panic!("not enriched")
        };
        let value: serde_json::Value = serde_json::from_slice(&output.value.unwrap()).unwrap();
        assert_eq!(
            ["entities", "topics", "keywords"].map(|field| value.get(field).is_some()),
            [wanted; 3]
        );
    }
}

#[test]
fn models_are_those_that_took_part() {
    let body = "Il a plu lundi \u{e0} Paris, ont dit les autorit\u{e9}s de la ville, et la pluie va durer.";
    let english = "It rained in Paris on Monday, officials of the city said, and the rain will go on.";
    for (status, body, expected) in [
        ("usable", english, 5),
        ("usable", body, 0),
        ("withheld", english, 0),
        ("canceled", ".", 0),
    ] {
        let payload =
            serde_json::json!({ "uri": "urn:1", "pubstatus": status, "type": "text", "body_text": body });
        let record = record(Some(&payload.to_string()));
        let Outcome::Enriched(output) = processor(|_| ()).process(&record, 0, &mut ()) else {
            panic!("not enriched")
        };
        let value: serde_json::Value = serde_json::from_slice(&output.value.unwrap()).unwrap();
        assert_eq!(
            value["provenance"]["models"].as_array().unwrap().len(),
            expected,
            "{value}"
        );
        assert!(!value["flags"].to_string().contains("undetermined"), "{value}");
    }
}

#[test]
fn an_article_that_is_only_a_url_becomes_what_its_page_says() {
    let given = record(Some(
        r#"{"url": "https://andes.example/a?utm_source=x", "published_at": "2024-01-22"}"#,
    ));
    let publish = processor(|_| ());
    assert_eq!(
        publish.url_only(&given).as_deref(),
        Some("https://andes.example/a?utm_source=x")
    );
    let withdrawn = r#"{"uri": "urn:1", "url": "https://andes.example/a", "pubstatus": "canceled"}"#;
    assert_eq!(publish.url_only(&record(Some(withdrawn))), None);
    assert_eq!(
        publish.url_only(&record(Some(
            r#"{"url": "https://andes.example/a", "title": "T"}"#
        ))),
        None
    );
    let read = |body: &[u8]| {
        publish.read_page(Ok(FetchedPage {
            body: body.to_vec(),
            content_type: Some("text/html".to_owned()),
        }))
    };
    let value = |outcome: &Outcome| match outcome {
        Outcome::Enriched(output) => serde_json::from_slice(output.value.as_deref().unwrap()).unwrap(),
        other => panic!("{other:?}"),
    };
    let alone: serde_json::Value = value(&publish.process(&given, 0, &mut ()));
    let page = read(include_bytes!("../../../tests/forms/page-json-ld.html"));
    let whole: serde_json::Value = value(&publish.process_fetched(&given, Some(&page), 0, &mut ()));
    assert_eq!((&whole["id"], &whole["url"]), (&alone["id"], &alone["url"]));
    assert_eq!(
        (&whole["published_at"], &whole["publisher"]),
        (&"2024-01-22".into(), &"Andes Daily".into())
    );
    assert_eq!(whole["headline"], "Copper mine in Chile halts work after tremor");
    assert!(
        whole["entities"].is_array() && whole["flags"] == serde_json::json!([]),
        "{whole}"
    );
    let strict = processor(|config| config.fetch.on_failure = FetchFailure::DeadLetter);
    let broken_gzip = read(b"\x1f\x8b\x08 not gzip");
    for failed in [read(b"<html>no"), broken_gzip, publish.read_page(Err("timeout"))] {
        assert_eq!(
            value(&publish.process_fetched(&given, Some(&failed), 0, &mut ())),
            alone
        );
        assert_eq!(
            code(&strict.process_fetched(&given, Some(&failed), 0, &mut ())),
            "fetch_failed"
        );
    }
}

#[test]
fn a_panic_rejects_its_record_alone() {
    struct Panics;
    impl StepObserver for Panics {
        fn finished(&mut self, _step: Step) {
            panic!("on purpose");
        }
    }
    let outcome = processor(|_| ()).process(&record(Some(r#"{"title": "x"}"#)), 0, &mut Panics);
    assert_eq!(code(&outcome), "panicked");
}

fn found(name: &str) -> Answered {
    Ok(remote::Findings {
        model: "m 1".to_owned(),
        entities: None,
        topics: Some(vec![
            Catalogue::new(&crate::config::TopicsConfig::default())
                .unwrap()
                .topic(name, crate::article::Score::ONE)
                .unwrap(),
        ]),
    })
}

#[test]
fn what_a_service_says_or_does_not_is_in_the_record_or_its_fate() {
    let processor = processor(|config| config.enrich.topics = false);
    let article = record(Some(
        r#"{"title": "Rain in Paris", "body": "It rained in Paris on Monday, officials of the city said, and the rain will go on."}"#,
    ));
    let outcome = |on_failure, answer| {
        let service = EnricherConfig {
            name: "desk".to_owned(),
            on_failure,
            ..EnricherConfig::default()
        };
        let draft = processor.draft(&article, None, &mut ()).unwrap();
        assert!(draft.question(&service).is_some());
        processor.finish(*draft, vec![(Arc::new(service), answer)], &article, (0, &mut ()))
    };
    let value = |outcome: &Outcome| -> serde_json::Value {
        match outcome {
            Outcome::Enriched(output) => serde_json::from_slice(output.value.as_deref().unwrap()).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let enriched = value(&outcome(EnricherFailure::Publish, found("medtop:17000000")));
    assert_eq!(enriched["topics"][0]["name"], "weather");
    assert_eq!(enriched["topics"][0]["found_by"], serde_json::json!(["desk"]));
    let models = enriched["provenance"]["models"].as_array().unwrap();
    assert_eq!(
        models.last().unwrap(),
        &serde_json::json!({"name": "desk", "version": "m 1"})
    );
    assert_eq!(enriched["flags"], serde_json::json!([]));
    let missing = value(&outcome(EnricherFailure::Publish, Err("timeout")));
    assert_eq!(missing["flags"], serde_json::json!(["enricher_missing"]));
    assert!(missing.get("topics").is_none(), "{missing}");
    for on_failure in [EnricherFailure::Wait, EnricherFailure::DeadLetter] {
        assert_eq!(code(&outcome(on_failure, Err("invalid"))), "enricher_failed");
    }
}

#[test]
fn what_is_decoded_alone_goes_on_as_it_came() {
    let alone = processor(|_| ()).decoding_alone();
    let outcome = |payload| alone.process(&record(payload), 0, &mut ());
    let payload = r#"{"headline": "Rain in Paris", "body": "It rained."}"#;
    let Outcome::PassedThrough(output) = outcome(Some(payload)) else {
        panic!("not passed through")
    };
    let given = record(Some(payload));
    assert_eq!(
        (output.key, output.value, output.headers),
        (given.key, given.value, given.headers)
    );
    assert_eq!(code(&outcome(Some("{"))), "invalid_json");
    assert_eq!(code(&outcome(None)), "passed");
}
