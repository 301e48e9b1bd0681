//! The Avro form against the record's JSON, against Apache's own reader, and against broken bytes.

use std::path::Path;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as AvroValue;
use proptest::prelude::*;
use serde_json::Value as Json;
use serde_json::json;

use super::*;

/// What Apache's library reads, as the JSON that we write: null is absent, an open object holds JSON texts.
fn as_json(value: AvroValue) -> Json {
    match value {
        AvroValue::String(text) => json!(text),
        AvroValue::Long(number) => json!(number),
        AvroValue::Double(number) => json!(number),
        AvroValue::Boolean(truth) => json!(truth),
        AvroValue::Union(_, inner) => as_json(*inner),
        AvroValue::Null => Json::Null,
        AvroValue::Array(items) => items.into_iter().map(as_json).collect(),
        AvroValue::Map(entries) => {
            let read = |value| match value {
                AvroValue::String(text) => serde_json::from_str::<Json>(&text).unwrap(),
                other => panic!("{other:?}"),
            };
            Json::Object(
                entries
                    .into_iter()
                    .map(|(name, value)| (name, read(value)))
                    .collect(),
            )
        }
        AvroValue::Record(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, as_json(value)));
            Json::Object(fields.filter(|(_, value)| !value.is_null()).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn apache(avro: &Avro) -> Schema {
    Schema::parse(&avro.schema()).unwrap()
}

/// Writes, and reads by our reader and by Apache's.
fn round_trip(avro: &Avro, apache: &Schema, record: &Json) {
    let bytes = avro.write(record).unwrap();
    assert_eq!(avro.read(&bytes).as_ref(), Some(record));
    let mut rest = bytes.as_slice();
    let reader = GenericDatumReader::builder(apache).build().unwrap();
    let read = reader.read_value(&mut rest).unwrap();
    assert_eq!(&as_json(read), record);
    assert!(rest.is_empty());
}

#[test]
fn published_avro_schema_is_derived_from_the_json_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/schema/record-v1.avsc");
    let derived = Avro::record().unwrap().schema();
    if std::env::var_os("DATELINE_UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&derived).unwrap() + "\n").unwrap();
    }
    let written: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        written, derived,
        "DATELINE_UPDATE_SCHEMAS=1 cargo test schema writes it anew"
    );
    let name = format!(
        "{}.{}",
        derived["namespace"].as_str().unwrap(),
        derived["name"].as_str().unwrap()
    );
    assert_eq!(
        (name.as_str(), &schema::record()["title"]),
        (schema::RECORD_NAME, &json!(name))
    );
}

/// Every field of the JSON Schema, at any depth, stands in the Avro schema: no more, no less, as optional as there.
#[test]
fn every_field_of_the_record_is_in_the_avro_schema() {
    fn of_json(root: &Json, node: &Json, path: &str, found: &mut Vec<(String, bool)>) {
        if let Some(target) = node.get("$ref").and_then(Json::as_str) {
            return of_json(root, root.pointer(&target[1..]).unwrap(), path, found);
        }
        if let Some(items) = node.get("items") {
            return of_json(root, items, path, found);
        }
        for (name, property) in node
            .get("properties")
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
        {
            let required = node["required"]
                .as_array()
                .is_some_and(|all| all.contains(&json!(name)));
            found.push((format!("{path}/{name}"), !required));
            of_json(root, property, &format!("{path}/{name}"), found);
        }
    }
    fn of_avro(node: &Json, path: &str, found: &mut Vec<(String, bool)>) {
        if let Some(choices) = node.as_array() {
            return of_avro(&choices[1], path, found);
        }
        if let Some(items) = node.get("items") {
            return of_avro(items, path, found);
        }
        for field in node.get("fields").and_then(Json::as_array).into_iter().flatten() {
            let path = format!("{path}/{}", field["name"].as_str().unwrap());
            found.push((path.clone(), field["type"].is_array()));
            of_avro(&field["type"], &path, found);
        }
    }
    let (schema, mut in_json, mut in_avro) = (schema::record(), Vec::new(), Vec::new());
    of_json(&schema, &schema, "", &mut in_json);
    of_avro(&Avro::record().unwrap().schema(), "", &mut in_avro);
    assert_eq!(in_avro, in_json);
    assert!(in_avro.len() > 70, "{}", in_avro.len());
}

#[test]
fn what_does_not_fit_is_not_written() {
    let avro = Avro::of(
        &json!({
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "boolean"}}},
            "required": ["a"],
        }),
        "x.Y",
    )
    .unwrap();
    for (record, fits) in [
        (json!({"a": -1}), true),
        (json!({"a": i64::MIN, "b": []}), true),
        (json!({"a": i64::MAX, "b": [true, false]}), true),
        (json!({}), false),
        (json!({"a": 1.5}), false),
        (json!({"a": u64::MAX}), false),
        (json!({"a": 1, "b": null}), false),
        (json!({"a": 1, "c": 1}), false),
        (json!([]), false),
    ] {
        let bytes = avro.write(&record);
        assert_eq!(bytes.is_some(), fits, "{record}");
        if let Some(bytes) = bytes {
            assert_eq!(avro.read(&bytes), Some(record));
            for end in 0..bytes.len() {
                assert_eq!(avro.read(&bytes[..end]), None, "cut at {end}");
            }
        }
    }
}

#[test]
fn a_schema_without_an_avro_form_is_refused_with_its_place() {
    for (property, place) in [
        (json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}), "odd"),
        (json!({"type": "array"}), "odd"),
        (json!({"$ref": "#/$defs/Nowhere"}), "odd"),
        (json!({"$ref": "#"}), ""),
    ] {
        let schema = json!({"type": "object", "properties": {"odd": property}});
        let refused = Avro::of(&schema, "x.Y").unwrap_err().to_string();
        assert!(refused.ends_with(place), "{refused}");
    }
}

#[test]
fn names_declared_twice_are_declared_once() {
    let point = json!({"$ref": "#/$defs/Point"});
    let avro = Avro::of(&json!({
        "type": "object",
        "properties": {"from": point, "to": point, "rest": {"type": "object"}},
        "required": ["from"],
        "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
    }), "x.Line").unwrap();
    let apache = apache(&avro);
    round_trip(
        &avro,
        &apache,
        &json!({"from": {"x": 0.5}, "to": {"x": -1.0}, "rest": {"n": [null, {"k": "v"}]}}),
    );
    round_trip(&avro, &apache, &json!({"from": {"x": 0.5}}));
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        ".*".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map(".*", inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_of_a_shape_comes_back(
        text in ".*",
        long in any::<i64>(),
        double in -1e300..1e300_f64,
        list in proptest::collection::vec(".*", 0..70),
        open in proptest::option::of(proptest::collection::btree_map(".*", any_json(), 0..4)),
    ) {
        let avro = Avro::of(&json!({
            "type": "object",
            "properties": {
                "text": {"type": "string"}, "long": {"type": "integer"}, "double": {"type": "number"},
                "list": {"type": "array", "items": {"type": "string"}}, "open": {"type": "object"},
            },
            "required": ["text", "long", "double", "list"],
        }), "x.Y").unwrap();
        let mut record = json!({"text": text, "long": long, "double": double, "list": list});
        if let Some(open) = open {
            record["open"] = Json::Object(open.into_iter().collect());
        }
        round_trip(&avro, &apache(&avro), &record);
    }

    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let avro = Avro::record().unwrap();
        if let Some(record) = avro.read(&bytes) {
            prop_assert!(avro.write(&record).is_some());
        }
    }
}
