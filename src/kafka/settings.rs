//! From configuration to librdkafka properties. Never opens a connection.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use crate::config::Config;
use crate::config::Delivery;
use crate::config::GroupProtocol;

/// Librdkafka's own limits on sizes; a larger budget is not refused, the rest of it serves the batches.
const QUEUE_KBYTES_MAX: usize = 2_000_000;
const FETCH_BYTES_MAX: usize = 512 * 1024 * 1024;

/// What the clients need beside the configuration file. No `Debug`: passwords are among the properties.
#[derive(Clone)]
pub struct ClientSettings {
    /// Properties of the consumer.
    pub consumer: BTreeMap<String, String>,
    /// Properties of the producer.
    pub producer: BTreeMap<String, String>,
    /// Properties of the short-lived client of the start-up checks.
    pub admin: BTreeMap<String, String>,
}

/// Librdkafka keeps one queue of fetched records for all partitions: an eighth of the budget, and one fetch
/// a sixteenth.
const QUEUE_SHARE: usize = 8;
const FETCH_SHARE: usize = 16;
/// Below this a fetch could not hold one default-sized record.
const FETCH_BYTES_MIN: usize = 1024 * 1024;

impl ClientSettings {
    /// Builds all properties. `instance` is the random part of the transactional id of a member without a static name;
    /// `publish_bytes_max` is the largest record that either output topic takes.
    pub fn new(config: &Config, instance: &str, publish_bytes_max: usize) -> Self {
        let common = common(config);
        let mut consumer = common.clone();
        consumer.extend(consumer_properties(config));
        let mut producer = common.clone();
        producer.extend(producer_properties(config, instance, publish_bytes_max));
        let mut admin = common;
        // The operator's own properties come last; those that contradict a field of ours were refused by
        // the configuration.
        for target in [&mut consumer, &mut producer, &mut admin] {
            target.extend(
                config
                    .kafka
                    .librdkafka
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
        Self {
            consumer,
            producer,
            admin,
        }
    }
}

/// A librdkafka configuration from plain properties.
pub(crate) fn client_config(properties: &BTreeMap<String, String>) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (key, value) in properties {
        config.set(key, value);
    }
    config.set_log_level(rdkafka::config::RDKafkaLogLevel::Info);
    config
}

/// Why librdkafka refuses a property, without its value: it may be a password under a wrong name.
pub(crate) fn refused_property(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, reason, key, _) => format!("{reason} ({key})"),
        other => other.to_string(),
    }
}

fn set(properties: &mut BTreeMap<String, String>, key: &str, value: impl ToString) {
    properties.insert(key.to_owned(), value.to_string());
}

fn common(config: &Config) -> BTreeMap<String, String> {
    let kafka = &config.kafka;
    let security = &kafka.security;
    let mut p = BTreeMap::new();
    set(&mut p, "bootstrap.servers", &kafka.bootstrap_servers);
    set(&mut p, "client.id", &kafka.client_id);
    set(&mut p, "security.protocol", security.protocol.name());
    let optional = [
        ("ssl.ca.location", security.ca_file.clone()),
        ("ssl.certificate.location", security.certificate_file.clone()),
        ("ssl.key.location", security.key_file.clone()),
        (
            "ssl.key.password",
            security.key_password.as_ref().map(|s| s.expose().to_owned()),
        ),
        (
            "sasl.mechanism",
            security.sasl_mechanism.map(|m| m.name().to_owned()),
        ),
        ("sasl.username", security.username.clone()),
        (
            "sasl.password",
            security.password.as_ref().map(|s| s.expose().to_owned()),
        ),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            set(&mut p, key, value);
        }
    }
    if security.protocol.is_tls() && !security.verify_hostname {
        set(&mut p, "ssl.endpoint.identification.algorithm", "none");
    }
    p
}

fn consumer_properties(config: &Config) -> BTreeMap<String, String> {
    let kafka = &config.kafka;
    let mut p = BTreeMap::new();
    set(&mut p, "group.id", &kafka.group_id);
    if let Some(instance) = &kafka.group_instance_id {
        set(&mut p, "group.instance.id", instance);
    }
    set(&mut p, "group.protocol", kafka.group_protocol.name());
    if kafka.group_protocol == GroupProtocol::Classic {
        // With KIP-848 the broker decides these.
        set(
            &mut p,
            "partition.assignment.strategy",
            kafka.partition_assignment.name(),
        );
        set(&mut p, "session.timeout.ms", kafka.session_timeout_ms);
    }
    set(&mut p, "max.poll.interval.ms", kafka.max_poll_interval_ms);
    set(&mut p, "enable.auto.commit", false);
    set(&mut p, "enable.auto.offset.store", false);
    set(&mut p, "isolation.level", "read_committed");
    set(&mut p, "auto.offset.reset", kafka.auto_offset_reset.name());
    if kafka.input_topics.iter().any(|topic| topic.starts_with('^')) {
        // How soon a new topic is seen that the pattern matches; the default is five minutes.
        set(&mut p, "topic.metadata.refresh.interval.ms", 10_000);
    }
    set(&mut p, "statistics.interval.ms", kafka.statistics_interval_ms);
    // The default of a second stalls a partition each time the queue is full.
    set(&mut p, "fetch.queue.backoff.ms", 10);
    // A revoked partition is handled by us; the default log line at each close is noise.
    set(&mut p, "log.connection.close", false);
    let budget = config.worker.memory_budget_bytes;
    let fetch = (budget / FETCH_SHARE).clamp(FETCH_BYTES_MIN, FETCH_BYTES_MAX);
    set(
        &mut p,
        "queued.max.messages.kbytes",
        (budget / QUEUE_SHARE / 1024).clamp(1024, QUEUE_KBYTES_MAX),
    );
    // Small ones too stand before a rebalance for a moment alone, where they are polled as the worker takes them.
    set(&mut p, "queued.min.messages", 10_000);
    set(&mut p, "fetch.max.bytes", fetch);
    set(&mut p, "fetch.message.max.bytes", FETCH_BYTES_MIN.min(fetch));
    p
}

fn producer_properties(
    config: &Config,
    instance: &str,
    publish_bytes_max: usize,
) -> BTreeMap<String, String> {
    let kafka = &config.kafka;
    let mut p = BTreeMap::new();
    set(&mut p, "acks", "all");
    set(&mut p, "enable.idempotence", true);
    // Java's choice for keyed records, so that a key lands where a Java producer would put it; null keys are spread.
    set(&mut p, "partitioner", "murmur2_random");
    set(&mut p, "compression.codec", kafka.compression.name());
    // Long enough to be handed a whole batch, so that each partition gets it in one request: the client has one on its
    // way to a partition, and spins (librdkafka 2.12) while other records wait behind it.
    set(&mut p, "linger.ms", 5);
    set(
        &mut p,
        "message.max.bytes",
        publish_bytes_max.clamp(1_000_000, 1_000_000_000),
    );
    set(
        &mut p,
        "queue.buffering.max.kbytes",
        // Never less than the largest record, or that record would wait for room for ever.
        (config.worker.memory_budget_bytes.max(2 * publish_bytes_max) / 1024).clamp(1024, QUEUE_KBYTES_MAX),
    );
    set(&mut p, "statistics.interval.ms", kafka.statistics_interval_ms);
    set(&mut p, "log.connection.close", false);
    if kafka.delivery == Delivery::ExactlyOnce {
        let member = kafka.group_instance_id.as_deref().unwrap_or(instance);
        set(&mut p, "transactional.id", format!("{}-{member}", kafka.group_id));
        set(&mut p, "transaction.timeout.ms", kafka.transaction_timeout_ms);
    } else {
        // A record that the broker does not take in this time fails its batch, which is then read again.
        set(
            &mut p,
            "message.timeout.ms",
            kafka.transaction_timeout_ms.max(60_000),
        );
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_once_has_a_transactional_id_of_the_process() {
        let settings = ClientSettings::new(&Config::default(), "a1b2", 1_000_000);
        assert_eq!(settings.producer["transactional.id"], "dateline-a1b2");
        assert_eq!(settings.producer["enable.idempotence"], "true");
        assert_eq!(settings.consumer["enable.auto.commit"], "false");
    }

    #[test]
    fn a_static_member_keeps_its_transactional_id() {
        let mut config = Config::default();
        config.kafka.group_instance_id = Some("pod-0".to_owned());
        let settings = ClientSettings::new(&config, "a1b2", 1_000_000);
        assert_eq!(settings.producer["transactional.id"], "dateline-pod-0");
        assert_eq!(settings.consumer["group.instance.id"], "pod-0");
    }

    #[test]
    fn at_least_once_is_idempotent_and_has_no_transaction() {
        let mut config = Config::default();
        config.kafka.delivery = Delivery::AtLeastOnce;
        let settings = ClientSettings::new(&config, "a1b2", 1_000_000);
        assert!(!settings.producer.contains_key("transactional.id"));
        assert_eq!(settings.producer["enable.idempotence"], "true");
    }

    #[test]
    fn a_secret_under_a_wrong_name_is_not_told() {
        let properties = BTreeMap::from([("sasl.pasword".to_owned(), "hunter2".to_owned())]);
        let made: Result<rdkafka::consumer::BaseConsumer, _> = client_config(&properties).create();
        let told = refused_property(&made.err().unwrap());
        assert!(
            told.contains("sasl.pasword") && !told.contains("hunter2"),
            "{told}"
        );
    }

    #[test]
    fn the_budget_bounds_the_clients_queue() {
        let mut config = Config::default();
        config.worker.memory_budget_bytes = 64 * 1024 * 1024;
        let settings = ClientSettings::new(&config, "x", 1_000_000);
        assert_eq!(settings.consumer["queued.max.messages.kbytes"], "8192");
        assert_eq!(
            settings.consumer["fetch.max.bytes"],
            (4 * 1024 * 1024).to_string()
        );
    }

    #[test]
    fn librdkafka_takes_every_budget_that_the_configuration_takes() {
        for (budget, publish) in [(8_388_608, 900_000_000), (1_099_511_627_776, 1_000_000)] {
            let mut config = Config::default();
            config.worker.memory_budget_bytes = budget;
            let settings = ClientSettings::new(&config, "x", publish);
            let consumer: Result<rdkafka::consumer::BaseConsumer, _> =
                client_config(&settings.consumer).create();
            assert!(consumer.is_ok(), "{budget}");
            let producer: Result<rdkafka::producer::BaseProducer, _> =
                client_config(&settings.producer).create();
            assert!(producer.is_ok(), "{budget}");
            let room: usize = settings.producer["queue.buffering.max.kbytes"].parse().unwrap();
            assert!(room * 1024 > publish);
        }
    }

    #[test]
    fn the_client_has_every_codec_and_security_feature() {
        let config = client_config(&BTreeMap::new());
        let client: rdkafka::consumer::BaseConsumer = config.create().unwrap();
        drop(client);
        let features = rdkafka::ClientConfig::new()
            .create_native_config()
            .unwrap()
            .get("builtin.features")
            .unwrap();
        let wanted: &[&str] = if cfg!(feature = "tls") {
            &[
                "gzip",
                "snappy",
                "lz4",
                "zstd",
                "ssl",
                "sasl_plain",
                "sasl_scram",
                "sasl_oauthbearer",
            ]
        } else {
            &["gzip", "snappy", "lz4", "zstd"]
        };
        for feature in wanted {
            assert!(features.contains(feature), "{feature} is missing in {features}");
        }
    }
}
