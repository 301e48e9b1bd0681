//! Whole records against the published schema, and offsets over arbitrary Unicode.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value as Json;
use serde_json::json;

use super::*;
use crate::article::*;
use crate::record::Origin;

fn run() -> RunInfo {
    RunInfo {
        worker_version: "0.1.0".into(),
        models: vec![ModelInfo {
            name: "names".into(),
            version: "7".into(),
        }],
        vocabulary_version: "2023-10-24".into(),
        ce_source: "/dateline/desk".into(),
        processed_at_ms: 1_688_601_600_500,
    }
}

fn record(key: Option<&[u8]>) -> Record {
    Record {
        origin: Origin {
            kafka_topic: "articles.raw".into(),
            partition: 3,
            offset: 42,
        },
        timestamp_ms: Some(1_688_601_600_123),
        key: key.map(<[u8]>::to_vec),
        value: Some(b"payload".to_vec()),
        headers: vec![
            Header::text("traceparent", "00-aa-bb-01"),
            Header::text("Content-Type", "text/plain"),
            Header {
                name: "x".into(),
                value: None,
            },
            Header::text("ce_id", "theirs"),
            Header {
                name: "x".into(),
                value: Some(vec![0xFF]),
            },
        ],
    }
}

fn article(headline: &str, text: &str) -> EnrichedArticle {
    EnrichedArticle {
        article: Article {
            headline: Some(headline.into()),
            text: text.into(),
            language: "en".into(),
            published_at: Some("2023-07-06".into()),
            agency: Some("Agency".into()),
            bylines: vec!["Zoë".into()],
            ..Article::new(InputForm::Wire, "urn:sha256:ab")
        },
        entities: None,
        topics: None,
        keywords: None,
        counts: Counts::default(),
    }
}

fn entity(mentions: Vec<Mention>) -> Entity {
    Entity {
        kind: EntityType::Gpe,
        name: "Zürich".into(),
        ids: EntityIds {
            wikidata: Some("Q72".into()),
            iso3166: None,
            geonames: None,
            ticker: None,
        },
        country: Some("CH".into()),
        salience: Score::from_thousandths(813),
        confidence: Score::ONE,
        mentions,
        found_by: vec!["dateline".into(), "desk".into()],
    }
}

/// One with every field.
fn full() -> EnrichedArticle {
    let text = "ZÜRICH, July 6 (Agency) -- 😀 Zürich smiles.";
    let at = |needle: &str| {
        let start = text.find(needle).unwrap();
        ByteSpan::new(start, start + needle.len())
    };
    let mut full = article("é Zürich", text);
    full.article.dateline = Some(Dateline {
        span: at("ZÜRICH, July 6 (Agency) --"),
        places: vec![DatelinePlace {
            name: "Zürich".into(),
            country: Some("CH".into()),
        }],
        date: Some(DatelineDate {
            year: None,
            month: 7,
            day: 6,
        }),
        agency: Some("Agency".into()),
    });
    full.article.flags = Flag::ALL.to_vec();
    full.article.given = Given {
        subjects: vec!["Mood".into()],
        urgency: Some(3),
        pub_status: Some("usable".into()),
        passthrough: vec![
            ("n".into(), Value::Number("12.5".into())),
            (
                "m".into(),
                Value::Map(vec![(
                    "l".into(),
                    Value::List(vec![Value::Null, Value::Bool(true)]),
                )]),
            ),
        ],
        ..Given::default()
    };
    let mention = |field, span| Mention {
        field,
        span,
        confidence: Score::ONE,
    };
    full.entities = Some(vec![entity(vec![
        mention(Field::Text, at("Zürich")),
        mention(Field::Text, at("ZÜRICH")),
        mention(Field::Headline, ByteSpan::new(3, 10)),
    ])]);
    full.topics = Some(vec![TopicTag {
        code: "medtop:20000424".into(),
        name: "weather".into(),
        level: 2,
        confidence: Score::from_thousandths(7),
        ancestors: vec!["medtop:17000000".into()],
        found_by: Vec::new(),
    }]);
    full.keywords = Some(vec![Keyword {
        text: "smiles".into(),
        score: Score::from_thousandths(500),
    }]);
    full.counts = Counts {
        characters: 42,
        words: 7,
        sentences: 1,
        mentions: 3,
    };
    full
}

fn encode(article: &EnrichedArticle, record: &Record, run: &RunInfo, wanted: &Wanted) -> OutputRecord {
    super::encode(article, record, run, wanted).unwrap()
}

fn value(output: &OutputRecord) -> Json {
    serde_json::from_slice(output.value.as_deref().unwrap()).unwrap()
}

#[test]
fn the_whole_record_is_golden() {
    let written = String::from_utf8(
        encode(&full(), &record(None), &run(), &Wanted::default())
            .value
            .unwrap(),
    )
    .unwrap();
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Json>(&written).unwrap()).unwrap();
    insta::assert_snapshot!(pretty);
}

#[test]
fn what_is_absent_is_left_out_and_null_is_never_written() {
    let written = encode(&article("H", "T"), &record(None), &run(), &Wanted::default());
    let record = value(&written);
    for absent in [
        "url",
        "summary",
        "dateline",
        "entities",
        "topics",
        "keywords",
        "given",
        "updated_at",
    ] {
        assert_eq!(record.get(absent), None, "{absent}");
    }
    let mut looked = article("H", "T");
    (looked.entities, looked.topics, looked.keywords) = (Some(vec![]), Some(vec![]), Some(vec![]));
    let looked = value(&encode(&looked, &self::record(None), &run(), &Wanted::default()));
    for empty in ["entities", "topics", "keywords"] {
        assert_eq!(looked.get(empty), Some(&json!([])), "{empty}");
    }
    assert!(
        !String::from_utf8(written.value.unwrap())
            .unwrap()
            .contains("null")
    );
}

#[test]
fn key_and_headers_follow_the_contract() {
    let keyed = encode(
        &article("H", "T"),
        &record(Some(b"\xFF key")),
        &run(),
        &Wanted::default(),
    );
    assert_eq!(keyed.key.as_deref(), Some(b"\xFF key".as_slice()));
    let output = encode(&article("H", "T"), &record(None), &run(), &Wanted::default());
    assert_eq!(output.key.as_deref(), Some(b"urn:sha256:ab".as_slice()));
    let payload = "239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5";
    let expected = [
        Header::text("traceparent", "00-aa-bb-01"),
        Header {
            name: "x".into(),
            value: None,
        },
        Header {
            name: "x".into(),
            value: Some(vec![0xFF]),
        },
        Header::text("content-type", "application/json"),
        Header::text("ce_specversion", "1.0"),
        Header::text("ce_id", payload),
        Header::text("ce_source", "/dateline/desk"),
        Header::text("ce_type", "dateline.article.enriched.v1"),
        Header::text("ce_subject", "urn:sha256:ab"),
        Header::text("ce_time", "2023-07-06T00:00:00.500Z"),
    ];
    assert_eq!(output.headers, expected);
}

#[test]
fn a_tombstone_passes_with_key_and_headers() {
    let record = Record {
        value: None,
        ..record(Some(b"k"))
    };
    let output = pass_through(&record);
    assert_eq!(
        (output.key, output.value, output.headers),
        (record.key, None, record.headers)
    );
}

#[test]
fn framed_values_begin_with_the_number_of_their_schema() {
    let uri = "http://registry.example/schemas/ids/258";
    let plain = encode(&full(), &record(None), &run(), &Wanted::default());
    let avro = Arc::new(avro::Avro::record().unwrap());
    for (avro, media) in [(None, "json"), (Some(avro), "avro")] {
        let framing = Framing::new(258, uri.to_owned(), avro);
        let wanted = Wanted {
            framing: Some(framing.clone()),
            ..Wanted::default()
        };
        let framed = encode(&full(), &record(None), &run(), &wanted);
        let bytes = framed.value.clone().unwrap();
        assert_eq!(bytes[..5], [0, 0, 0, 1, 2]);
        let again: Json = serde_json::from_slice(&framing.unframe(&bytes).unwrap()).unwrap();
        assert_eq!(again, value(&plain));
        let mut headers = plain.headers.clone();
        headers.retain(|header| header.name != "content-type");
        let (own, kept): (Vec<Header>, Vec<Header>) = framed
            .headers
            .into_iter()
            .partition(|header| ["content-type", "ce_dataschema"].contains(&header.name.as_str()));
        let media = format!("application/vnd.confluent.{media}");
        assert_eq!(
            own,
            [
                Header::text("content-type", media),
                Header::text("ce_dataschema", uri)
            ]
        );
        assert_eq!((kept, &framed.key), (headers, &plain.key));
        for strange in [&bytes[1..], b"", b"{}", &[0, 0, 0, 1, 3, b'{', b'}']] {
            assert_eq!(framing.unframe(strange), None);
        }
    }
}

#[test]
fn records_without_kafka_have_no_source() {
    let mut local = record(None);
    local.origin.kafka_topic = "".into();
    local.timestamp_ms = None;
    let provenance =
        value(&encode(&article("H", "T"), &local, &run(), &Wanted::default()))["provenance"].clone();
    assert_eq!(
        (provenance.get("source"), provenance.get("received_at")),
        (None, None)
    );
}

#[test]
fn published_schema_is_generated_and_records_validate() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/schema/record-v1.schema.json");
    let generated = schema::record();
    if std::env::var_os("DATELINE_UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&generated).unwrap() + "\n").unwrap();
    }
    let written: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        written, generated,
        "DATELINE_UPDATE_SCHEMAS=1 cargo test schema writes it anew"
    );
    assert!(
        !generated.to_string().contains("\"null\""),
        "no field is ever null"
    );
    let validator = jsonschema::validator_for(&generated).unwrap();
    for enriched in [article("H", "T"), full()] {
        let record = value(&encode(&enriched, &record(None), &run(), &Wanted::default()));
        assert_eq!(
            validator
                .iter_errors(&record)
                .map(|e| e.to_string())
                .collect::<Vec<_>>(),
            [""; 0]
        );
    }
    let good = value(&encode(&full(), &record(None), &run(), &Wanted::default()));
    for (pointer, bad) in [
        ("/schema_version", json!("2")),
        ("/headline", json!(null)),
        ("/entities/0/type", json!("PER")),
        ("/entities/0/confidence", json!(1.5)),
        ("/entities/0/ids/unknown", json!("x")),
        ("/content_sha256", json!("xyz")),
        ("/flags/0", json!("unknown")),
        ("/dateline/date", json!("July 6")),
        ("/given/urgency", json!(10)),
    ] {
        let mut record = good.clone();
        match record.pointer_mut(pointer) {
            Some(place) => *place = bad,
            None => record["entities"][0]["ids"]["unknown"] = bad,
        }
        assert!(!validator.is_valid(&record), "{pointer}");
    }
}

proptest! {
    /// Slices by code points equal the mention's text, and spans that fit no characters are left out.
    #[test]
    fn offsets_are_code_points(
        headline in any::<String>(),
        text in any::<String>(),
        spans in prop::collection::vec((any::<bool>(), 0_usize..200, 0_usize..60), 0..30),
    ) {
        let mut enriched = article(&headline, &text);
        let mention = |(in_text, start, length): (bool, usize, usize)| Mention {
            field: if in_text { Field::Text } else { Field::Headline },
            span: ByteSpan::new(start, start + length),
            confidence: Score::ONE,
        };
        let mentions: Vec<Mention> = spans.into_iter().map(mention).collect();
        let fitting = |m: &&Mention| m.span.of(if m.field == Field::Text { &text } else { &headline }).is_some();
        let fit = mentions.iter().filter(fitting).count();
        enriched.entities = Some(vec![entity(mentions)]);
        let record = value(&encode(&enriched, &record(None), &run(), &Wanted::default()));
        prop_assert_eq!(record["headline"].as_str(), Some(headline.as_str()));
        prop_assert_eq!(record["text"].as_str(), Some(text.as_str()));
        let written = record["entities"][0]["mentions"].as_array().unwrap();
        prop_assert_eq!(written.len(), fit);
        let mut last = ("headline", 0);
        for mention in written {
            let field = mention["field"].as_str().unwrap();
            let (start, end) = (mention["start"].as_u64().unwrap() as usize, mention["end"].as_u64().unwrap() as usize);
            let slice: String = record[field].as_str().unwrap().chars().skip(start).take(end - start).collect();
            prop_assert_eq!(Some(slice.as_str()), mention["text"].as_str());
            prop_assert!((field, start) >= last);
            last = (field, start);
        }
    }
}
