//! Table `[kafka.librdkafka]`: properties passed through. Never judges them; `config::validate` does.

use std::collections::BTreeMap;

use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serializer;
use serde::de::Error;

/// Reads the table flat: `"a.b" = 1` and `a.b = 1` both become `"a.b"` = `"1"`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, String>, D::Error> {
    flatten(toml::Table::deserialize(input)?).map_err(D::Error::custom)
}

/// Writes the table, with what may be secret as `***`.
pub(super) fn serialize<S: Serializer>(
    table: &BTreeMap<String, String>,
    output: S,
) -> Result<S::Ok, S::Error> {
    let shown = |name: &str| !SECRET_PARTS.iter().any(|part| name.contains(part));
    output.collect_map(
        table
            .iter()
            .map(|(name, value)| (name, if shown(name) { value.as_str() } else { "***" })),
    )
}

/// A property with one of these in its name may hold a secret.
const SECRET_PARTS: [&str; 9] = [
    "kinit.cmd",
    "password",
    "passphrase",
    "secret",
    "key",
    "pem",
    "token",
    "jaas",
    "oauthbearer",
];

/// The table with one dotted name for each property.
pub(super) fn flatten(table: toml::Table) -> Result<BTreeMap<String, String>, String> {
    let mut flat = BTreeMap::new();
    add("", table, &mut flat)?;
    Ok(flat)
}

fn add(prefix: &str, table: toml::Table, flat: &mut BTreeMap<String, String>) -> Result<(), String> {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(truth) => truth.to_string(),
            toml::Value::Table(inner) => {
                add(&format!("{name}."), inner, flat)?;
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

/// Why a property is refused, if it is: we set it, or a field of ours does.
pub(super) fn refusal(property: &str) -> Option<String> {
    if OURS.contains(&property) {
        return Some("is dateline's own: delivery depends on it".to_owned());
    }
    let (_, field) = FIELDS.iter().find(|(known, _)| *known == property)?;
    Some(format!("contradicts a key of dateline's: set `{field}`"))
}

/// Properties that delivery depends on.
const OURS: [&str; 12] = [
    "acks",
    "allow.auto.create.topics",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "isolation.level",
    "message.max.bytes",
    "partitioner",
    "request.required.acks",
    "transactional.id",
];

/// Properties that a key of ours sets.
const FIELDS: [(&str, &str); 36] = [
    ("auto.offset.reset", "kafka.auto_offset_reset"),
    ("bootstrap.servers", "kafka.bootstrap_servers"),
    ("client.id", "kafka.client_id"),
    ("compression.codec", "kafka.compression"),
    ("compression.type", "kafka.compression"),
    ("delivery.timeout.ms", "kafka.transaction_timeout_ms"),
    ("fetch.max.bytes", "worker.memory_budget_bytes"),
    ("fetch.message.max.bytes", "worker.memory_budget_bytes"),
    ("group.id", "kafka.group_id"),
    ("group.instance.id", "kafka.group_instance_id"),
    ("group.protocol", "kafka.group_protocol"),
    ("max.partition.fetch.bytes", "worker.memory_budget_bytes"),
    ("max.poll.interval.ms", "kafka.max_poll_interval_ms"),
    ("message.timeout.ms", "kafka.transaction_timeout_ms"),
    ("metadata.broker.list", "kafka.bootstrap_servers"),
    ("partition.assignment.strategy", "kafka.partition_assignment"),
    ("queue.buffering.max.kbytes", "worker.memory_budget_bytes"),
    ("queued.max.messages.kbytes", "worker.memory_budget_bytes"),
    ("sasl.mechanism", "kafka.security.sasl_mechanism"),
    ("sasl.mechanisms", "kafka.security.sasl_mechanism"),
    ("sasl.oauthbearer.client.id", "kafka.security.oauth_client_id"),
    (
        "sasl.oauthbearer.client.secret",
        "kafka.security.oauth_client_secret",
    ),
    ("sasl.oauthbearer.scope", "kafka.security.oauth_scope"),
    (
        "sasl.oauthbearer.token.endpoint.url",
        "kafka.security.oauth_token_url",
    ),
    ("sasl.password", "kafka.security.password"),
    ("sasl.username", "kafka.security.username"),
    ("security.protocol", "kafka.security.protocol"),
    ("session.timeout.ms", "kafka.session_timeout_ms"),
    ("ssl.ca.location", "kafka.security.ca_file"),
    ("ssl.certificate.location", "kafka.security.certificate_file"),
    (
        "ssl.endpoint.identification.algorithm",
        "kafka.security.verify_hostname",
    ),
    ("ssl.key.location", "kafka.security.key_file"),
    ("ssl.key.password", "kafka.security.key_password"),
    ("statistics.interval.ms", "kafka.statistics_interval_ms"),
    ("topic.auto.offset.reset", "kafka.auto_offset_reset"),
    ("transaction.timeout.ms", "kafka.transaction_timeout_ms"),
];

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
