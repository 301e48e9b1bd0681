//! Whether librdkafka takes what it is given. Makes clients that have no broker to go to; never opens a connection.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;

use crate::config::Config;
use crate::config::Problem;
use crate::kafka::settings::ClientSettings;
use crate::kafka::settings::client_config;
use crate::kafka::startup::MESSAGE_BYTES_DEFAULT;

/// Every property of `[kafka.librdkafka]` that librdkafka refuses; else what it says of all properties together, which
/// also shows certificates that cannot be read. No value is told: it may be a secret under a mistyped name.
pub fn problems(config: &Config) -> Vec<Problem> {
    let single: Vec<Problem> = config
        .kafka
        .librdkafka
        .iter()
        .filter_map(|(name, value)| {
            let refused = ClientConfig::new()
                .set(name, value)
                .create_native_config()
                .err()?;
            Some(Problem {
                key: format!("kafka.librdkafka.{name}"),
                message: reason(&refused).to_owned(),
            })
        })
        .collect();
    if !single.is_empty() {
        return single;
    }
    let settings = ClientSettings::new(config, "check", MESSAGE_BYTES_DEFAULT);
    [
        ("consumer", refusal::<BaseConsumer>(&settings.consumer)),
        ("producer", refusal::<BaseProducer>(&settings.producer)),
    ]
    .into_iter()
    .filter_map(|(client, refusal)| {
        Some(Problem {
            key: "kafka".to_owned(),
            message: format!("librdkafka refuses the properties of the {client}: {}", refusal?),
        })
    })
    .collect()
}

fn reason(error: &KafkaError) -> &'static str {
    match error {
        KafkaError::ClientConfig(rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..) => {
            "librdkafka knows no such property"
        }
        _ => "librdkafka does not take this value",
    }
}

fn refusal<C: FromClientConfig>(properties: &BTreeMap<String, String>) -> Option<String> {
    let mut alone = properties.clone();
    alone.remove("bootstrap.servers");
    match C::from_config(&client_config(&alone)).err()? {
        KafkaError::ClientCreation(why) => Some(why),
        error => Some(reason(&error).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &[(&str, &str)]) -> Vec<String> {
        let mut config = Config::default();
        for (name, value) in table {
            let (name, value) = ((*name).to_owned(), (*value).to_owned());
            config.kafka.librdkafka.insert(name, value);
        }
        let problems = problems(&config).into_iter();
        problems
            .map(|problem| format!("{}: {}", problem.key, problem.message))
            .collect()
    }

    #[test]
    fn every_refused_property_is_named_and_no_value() {
        assert!(found(&[]).is_empty());
        assert!(found(&[("client.rack", "here"), ("socket.timeout.ms", "9000")]).is_empty());
        let both = found(&[("sasl.passwd", "hunter2"), ("socket.timeout.ms", "hunter2")]);
        let expected = [
            "kafka.librdkafka.sasl.passwd: librdkafka knows no such property",
            "kafka.librdkafka.socket.timeout.ms: librdkafka does not take this value",
        ];
        assert_eq!(both, expected);
    }

    #[test]
    fn what_contradicts_a_promise_is_told() {
        // More than idempotence bears; longer than a transaction may stay open.
        for (name, value) in [("max.in.flight", "10"), ("socket.timeout.ms", "70000")] {
            let problems = found(&[(name, value)]);
            assert!(
                problems.iter().any(|problem| problem.contains(name)),
                "{problems:?}"
            );
        }
    }
}
