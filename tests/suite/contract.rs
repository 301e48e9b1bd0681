//! What every record promises its readers, over all samples: the schema, the spans, the identifiers, and
//! that nothing but
//! `provenance` depends on when or where it was made.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dateline::record::Outcome;
use serde_json::Value;

use super::articles::NOW_MS;
use super::articles::PROCESSOR;
use super::articles::published;
use super::articles::record;
use super::articles::samples;

/// Samples that are broken on purpose, by line, and the code of each.
const BROKEN: [(i64, &str); 6] = [
    (15, "invalid_json"),
    (37, "wrong_type"),
    (59, "several_articles"),
    (80, "no_content"),
    (102, "empty"),
    (124, "unsupported_form"),
];

/// The code of every concept of the vocabulary.
fn vocabulary() -> BTreeSet<String> {
    let table = include_str!("../../models/mediatopics-2023-10-24.tsv");
    let lines = table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| format!("medtop:{}", line.split('\t').next().unwrap()))
        .collect()
}

/// Every record that the samples become, with its line.
fn records() -> Vec<(i64, Value)> {
    let records = samples().into_iter().filter_map(|sample| {
        let outcome = PROCESSOR.process(&sample, NOW_MS, &mut ());
        Some((sample.origin.offset, published(&outcome)?))
    });
    records.collect()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn slice(text: &str, span: &Value) -> String {
    let place = |key: &str| usize::try_from(span[key].as_u64().unwrap()).unwrap();
    let (start, end) = (place("start"), place("end"));
    assert!(start < end, "{span}");
    text.chars().skip(start).take(end - start).collect()
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())
}

/// ISO 3166-1 alpha-2, or 3166-2.
fn is_iso3166(code: &str) -> bool {
    match code.split_once('-') {
        None => is_country(code),
        Some((country, part)) => {
            let known = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
            is_country(country) && (1..=3).contains(&part.len()) && part.bytes().all(known)
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit())
}

#[test]
fn every_record_is_valid_by_the_published_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../config/schema/record-v1.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let records = records();
    assert_eq!(records.len(), samples().len() - BROKEN.len());
    for (line, record) in &records {
        let problems: Vec<String> = validator
            .iter_errors(record)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "sample {line}: {problems:?}");
    }
    let (_, mut wrong) = records.into_iter().next().unwrap();
    wrong["surprise"] = true.into();
    assert!(!validator.is_valid(&wrong), "the schema takes anything");
}

#[test]
fn every_span_is_the_slice_it_says() {
    let mut mentions = 0;
    let mut datelines = 0;
    for (line, record) in records() {
        let text = record["text"].as_str().unwrap();
        for entity in list(&record, "entities") {
            assert!(!list(entity, "mentions").is_empty(), "sample {line}: {entity}");
            for mention in list(entity, "mentions") {
                let field = record[mention["field"].as_str().unwrap()].as_str().unwrap();
                assert_eq!(mention["text"], slice(field, mention), "sample {line}");
                mentions += 1;
            }
        }
        if let Some(dateline) = record.get("dateline") {
            assert_eq!(dateline["text"], slice(text, dateline), "sample {line}");
            datelines += 1;
        }
        let counted = list(&record, "entities")
            .iter()
            .map(|entity| list(entity, "mentions").len())
            .sum::<usize>();
        assert_eq!(record["counts"]["mentions"], counted, "sample {line}");
        assert_eq!(
            record["counts"]["characters"],
            text.chars().count(),
            "sample {line}"
        );
    }
    assert!(
        mentions > 500 && datelines > 20,
        "{mentions} mentions, {datelines} datelines"
    );
}

#[test]
fn every_identifier_is_well_formed() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (line, record) in records() {
        let places = record.get("dateline").map_or(&[][..], |d| list(d, "places"));
        for entity in list(&record, "entities").iter().chain(places) {
            if let Some(country) = entity.get("country") {
                assert!(is_country(country.as_str().unwrap()), "sample {line}: {entity}");
                *kinds.entry("country".to_owned()).or_default() += 1;
            }
            for (kind, id) in entity["ids"].as_object().into_iter().flatten() {
                let id = id.as_str().unwrap();
                let good = match kind.as_str() {
                    "wikidata" => id.strip_prefix('Q').is_some_and(is_number),
                    "iso3166" => is_iso3166(id),
                    "geonames" => is_number(id),
                    _ => kind == "ticker" && !id.is_empty(),
                };
                assert!(good, "sample {line}: {entity}");
                *kinds.entry(kind.clone()).or_default() += 1;
            }
        }
    }
    for kind in ["country", "wikidata", "iso3166"] {
        assert!(kinds.contains_key(kind), "{kind} is never given: {kinds:?}");
    }
}

#[test]
fn every_topic_and_its_ancestors_are_in_the_vocabulary() {
    let vocabulary = vocabulary();
    let mut topics = 0;
    for (line, record) in records() {
        let given = list(&record, "topics");
        let codes: BTreeSet<&str> = given.iter().map(|t| t["code"].as_str().unwrap()).collect();
        assert_eq!(codes.len(), given.len(), "sample {line}: doubles");
        let confidences: Vec<f64> = given.iter().map(|t| t["confidence"].as_f64().unwrap()).collect();
        assert!(
            confidences.is_sorted_by(|a, b| a >= b),
            "sample {line}: {confidences:?}"
        );
        for topic in given {
            let ancestors: Vec<&str> = list(topic, "ancestors")
                .iter()
                .map(|a| a.as_str().unwrap())
                .collect();
            assert_eq!(
                topic["level"].as_u64().unwrap(),
                ancestors.len() as u64 + 1,
                "sample {line}: {topic}"
            );
            for code in ancestors.iter().copied().chain(topic["code"].as_str()) {
                assert!(vocabulary.contains(code), "sample {line}: {code}");
            }
            assert!(
                ancestors.iter().all(|a| !codes.contains(a)),
                "sample {line}: {codes:?} repeat an ancestor"
            );
            topics += 1;
        }
    }
    assert!(topics >= 40, "{topics} topics");
}

#[test]
fn a_replay_gives_the_same_bytes_and_only_provenance_knows_when_and_where() {
    for sample in samples() {
        let line = sample.origin.offset;
        let first = PROCESSOR.process(&sample, NOW_MS, &mut ());
        assert_eq!(
            first,
            PROCESSOR.process(&sample, NOW_MS, &mut ()),
            "sample {line}"
        );
        let mut moved = sample.clone();
        moved.origin.offset += 1_000;
        moved.timestamp_ms = Some(5);
        let later = PROCESSOR.process(&moved, NOW_MS + 86_400_000, &mut ());
        let (Some(mut one), Some(mut other)) = (published(&first), published(&later)) else {
            assert_eq!(first, later, "sample {line}");
            continue;
        };
        let (before, after) = (one["provenance"].take(), other["provenance"].take());
        assert_eq!(one, other, "sample {line}");
        for key in ["source", "received_at", "processed_at"] {
            assert_ne!(before[key], after[key], "sample {line}: {key}");
        }
    }
}

#[test]
fn broken_samples_have_their_codes_and_no_other_is_rejected() {
    let rejected: Vec<(i64, &str)> = samples()
        .iter()
        .filter_map(|sample| match PROCESSOR.process(sample, NOW_MS, &mut ()) {
            Outcome::Rejected(rejection) => Some((sample.origin.offset, rejection.code.code())),
            _ => None,
        })
        .collect();
    assert_eq!(rejected, BROKEN);
}

#[test]
fn an_id_is_the_publishers_or_of_the_content_never_of_the_place() {
    for (value, id) in [
        (r#"{"id": " a 1", "title": "Rain"}"#, Some(" a 1")),
        (r#"{"id": 17, "title": "Rain"}"#, Some("17")),
        (r#"{"title": "Rain", "body": "It rained."}"#, None),
        ("PARIS (Agency) - It rained.", None),
    ] {
        let of =
            |offset| published(&PROCESSOR.process(&record(offset, value, None), NOW_MS, &mut ())).unwrap();
        let record = of(1);
        assert_eq!(record["id"], of(2)["id"], "{value}");
        match id {
            Some(id) => assert_eq!(record["id"], id, "{value}"),
            None => assert!(
                record["id"].as_str().unwrap().starts_with("urn:sha256:"),
                "{value}"
            ),
        }
    }
}
