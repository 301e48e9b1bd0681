//! The published JSON Schema of record v1 (2020-12, and draft 7 for schema registries), generated from its types.

use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use crate::encode::record_v1::RecordV1;

/// Full name of the record: the title of its JSON Schema, and the name of its Avro schema.
pub const RECORD_NAME: &str = "dateline.RecordV1";

/// JSON Schema of record v1.
pub fn record() -> Json {
    generate(SchemaSettings::draft2020_12())
}

/// The same in draft 7, the newest that every schema registry can compare.
pub fn record_draft7() -> Json {
    generate(SchemaSettings::draft07())
}

fn generate(settings: SchemaSettings) -> Json {
    let mut schema = settings
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<RecordV1<'static>>()
        .to_value();
    tidy(&mut schema);
    schema
}

/// A field that may be absent is never null: the types say so, a derived schema does not. Descriptions are
/// single lines.
fn tidy(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(tidy),
        Json::Object(object) => {
            object.values_mut().for_each(tidy);
            if let Some(Json::String(description)) = object.get_mut("description") {
                *description = description.replace('\n', " ");
            }
            if let Some(Json::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [one] = types.as_mut_slice() {
                    let one = one.take();
                    object.insert("type".to_owned(), one);
                }
            }
            if let Some(Json::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
                if let [Json::Object(one)] = choices.as_mut_slice() {
                    let one = std::mem::take(one);
                    object.shift_remove("anyOf");
                    object.extend(one);
                }
            }
        }
        _ => {}
    }
}
