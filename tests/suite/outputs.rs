//! The forms in which records are published: strict ninjs 3.1 against IPTC's own schema, and CloudEvents in
//! structured mode, over every sample and every example of a form.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use dateline::config::Config;
use dateline::config::EventMode;
use dateline::config::OutputForm;
use dateline::encode::Framing;
use dateline::encode::avro::Avro;
use dateline::encode::schema;
use dateline::record::Outcome;
use dateline::record::OutputRecord;
use dateline::record::Record;
use dateline::worker::process::Processor;
use serde_json::Value;

use super::articles::NOW_MS;
use super::articles::PROCESSOR;
use super::articles::record;
use super::articles::samples;

fn processor(form: OutputForm, event: EventMode) -> Processor {
    let mut config = Config::default();
    config.output.form = form;
    config.output.event = event;
    Processor::new(&config).unwrap()
}

fn records() -> Vec<Record> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/forms", "tests/golden"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let examples = folders.into_iter().flatten().map(|file| {
        let mut given = record(7, "", None);
        given.value = Some(fs::read(file.unwrap().path()).unwrap());
        given
    });
    samples().into_iter().chain(examples).collect()
}

fn output(processor: &Processor, record: &Record) -> Option<OutputRecord> {
    match processor.process(record, NOW_MS, &mut ()) {
        Outcome::Enriched(output) => Some(output),
        _ => None,
    }
}

fn json(output: &OutputRecord) -> Value {
    serde_json::from_slice(output.value.as_deref().unwrap()).unwrap()
}

fn header<'o>(output: &'o OutputRecord, name: &str) -> Option<&'o str> {
    let header = output.headers.iter().find(|header| header.name == name)?;
    std::str::from_utf8(header.value.as_deref()?).ok()
}

/// Each sample, framed as Avro and as JSON, is the record that is published without a registry; the schema that is
/// registered holds for it.
#[test]
fn framed_records_are_the_plain_ones() {
    let plain = processor(OutputForm::RecordV1, EventMode::Binary);
    let validator = jsonschema::validator_for(&schema::record_draft7()).unwrap();
    let avro = Arc::new(Avro::record().unwrap());
    let framings =
        [None, Some(avro)].map(|avro| Framing::new(7, "http://r.example/schemas/ids/7".into(), avro));
    let mut bytes = [0, 0, 0];
    for record in records() {
        let Some(expected) = output(&plain, &record) else {
            continue;
        };
        let expected_json = json(&expected);
        assert!(validator.is_valid(&expected_json), "{expected_json}");
        bytes[0] += expected.bytes();
        for (framing, sum) in framings.iter().zip(&mut bytes[1..]) {
            let framed = output(&plain.framed(Some(framing.clone())), &record).unwrap();
            *sum += framed.bytes();
            let value = framing.unframe(framed.value.as_deref().unwrap()).unwrap();
            let value: Value = serde_json::from_slice(&value).unwrap();
            assert_eq!(value, expected_json);
        }
    }
    let [plain, json, avro] = bytes;
    assert!(avro < plain && plain < json, "{bytes:?}");
    assert!(!validator.is_valid(&serde_json::json!({"id": "x"})));
}

#[test]
fn ninjs_is_valid_by_the_schema_of_iptc() {
    let schema = include_str!("../data/ninjs/schema/ninjs-schema_3.1.json");
    // The one reference outside the schema; nothing published has coordinates.
    let schema = schema.replace(
        "https://geojson.org/schema/GeoJSON.json#",
        "#/$defs/newsObjectType",
    );
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let processor = processor(OutputForm::Ninjs31, EventMode::Binary);
    let mut valid = 0;
    for record in records() {
        let Some(output) = output(&processor, &record) else {
            continue;
        };
        let item = json(&output);
        let errors: Vec<_> = validator
            .iter_errors(&item)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{item:#}");
        assert_eq!(
            header(&output, "ce_dataschema"),
            item["standard"]["schema"].as_str()
        );
        valid += 1;
    }
    assert!(valid > 140, "{valid}");
    let broken = serde_json::json!({"uri": "tag:x,2024:1", "entities": []});
    assert!(!validator.is_valid(&broken), "the validator refuses nothing");
}

#[test]
fn ninjs_says_what_the_record_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forms/newsml-g2.xml");
    let mut given = record(7, "", None);
    given.value = Some(fs::read(file).unwrap());
    let item = json(&output(&processor(OutputForm::Ninjs31, EventMode::Binary), &given).unwrap());
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("newsml-g2 as ninjs", serde_json::to_string_pretty(&item).unwrap());
    });
}

#[test]
fn a_structured_event_holds_what_a_binary_one_is() {
    for form in [OutputForm::RecordV1, OutputForm::Ninjs31] {
        let (structured, binary) = (
            processor(form, EventMode::Structured),
            processor(form, EventMode::Binary),
        );
        for record in records().iter().step_by(7) {
            let Some(output) = output(&structured, record) else {
                continue;
            };
            let event = json(&output);
            let content_type = "application/cloudevents+json; charset=UTF-8";
            assert_eq!(header(&output, "content-type"), Some(content_type));
            assert!(!output.headers.iter().any(|header| header.name.starts_with("ce_")));
            let plain = self::output(&binary, record).unwrap();
            assert_eq!(event["data"], json(&plain));
            for name in [
                "specversion",
                "id",
                "source",
                "type",
                "subject",
                "time",
                "dataschema",
            ] {
                assert_eq!(
                    event.get(name).and_then(Value::as_str),
                    header(&plain, &format!("ce_{name}")),
                    "{name}"
                );
            }
            assert_eq!(
                (output.key.as_ref(), event["datacontenttype"].as_str()),
                (plain.key.as_ref(), Some("application/json"))
            );
        }
    }
}

#[test]
fn the_default_is_record_v1_in_binary_mode() {
    let given = record(7, r#"{"title": "Rain in Paris"}"#, None);
    let default = output(&PROCESSOR, &given).unwrap();
    assert_eq!(
        Some(default),
        output(&processor(OutputForm::RecordV1, EventMode::Binary), &given)
    );
}
