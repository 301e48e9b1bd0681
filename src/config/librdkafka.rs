//! Table `[kafka.librdkafka]`: properties passed through. Never judges them; `config::validate` does.

use std::collections::BTreeMap;

use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;

/// Reads the table flat: `"a.b" = 1` and `a.b = 1` both become `"a.b"` = `"1"`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, String>, D::Error> {
    let mut flat = BTreeMap::new();
    flatten("", toml::Table::deserialize(input)?, &mut flat).map_err(D::Error::custom)?;
    Ok(flat)
}

fn flatten(prefix: &str, table: toml::Table, flat: &mut BTreeMap<String, String>) -> Result<(), String> {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(truth) => truth.to_string(),
            toml::Value::Table(inner) => {
                flatten(&format!("{name}."), inner, flat)?;
                continue;
            }
            other => return Err(format!("{name} is of type {}: {EXPECTED}", other.type_str())),
        };
        if flat.insert(name.clone(), text).is_some() {
            return Err(format!("{name} is given twice"));
        }
    }
    Ok(())
}

/// What a property's value may be.
const EXPECTED: &str = "expected a string, an integer or a boolean";

/// The table's schema: nested tables are dotted keys.
pub(super) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "default": {},
        "additionalProperties": { "type": ["string", "integer", "boolean", "object"] }
    })
}

#[cfg(test)]
mod tests {
    use crate::config::KafkaConfig;

    #[test]
    fn quoted_and_dotted_keys_are_alike() {
        for (text, expected) in [
            ("[librdkafka]\n\"socket.timeout.ms\" = 1", Ok("1")),
            ("[librdkafka]\nsocket.timeout.ms = 1", Ok("1")),
            ("[librdkafka.socket]\ntimeout.ms = '1'", Ok("1")),
            ("[librdkafka]\nsocket.timeout.ms = true", Ok("true")),
            (
                "[librdkafka]\nsocket.timeout.ms = 1\n\"socket.timeout.ms\" = 2",
                Err("given twice"),
            ),
            ("[librdkafka]\nsocket.timeout.ms = [1]", Err("of type array")),
        ] {
            let read = toml::from_str::<KafkaConfig>(text);
            match (read, expected) {
                (Ok(kafka), Ok(value)) => {
                    assert_eq!(
                        kafka.librdkafka.get("socket.timeout.ms").map(String::as_str),
                        Some(value),
                        "{text}"
                    );
                }
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                (read, _) => panic!("{text}: {read:?}"),
            }
        }
    }
}
