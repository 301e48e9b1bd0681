//! What is checked before the first record is read: topics exist, rights suffice, size limits. All problems
//! in one message.
//! Never creates or changes anything on the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;
use regex::Regex;
use thiserror::Error;
use tracing::info;
use tracing::warn;

use crate::config::KafkaConfig;
use crate::kafka::client::Shared;
use crate::kafka::describe::Right;
use crate::kafka::describe::Rights;
use crate::kafka::probe::Probe;
use crate::kafka::settings::refused_property;
use crate::kafka::source::EndOffsets;
use crate::record::PartitionKey;

/// Kafka's own default, assumed where the topic's configuration may not be read.
pub const MESSAGE_BYTES_DEFAULT: usize = 1_048_588;
/// What Kafka adds to key, value and headers when it counts a record's size: batch and record framing,
/// generously.
const FRAMING_BYTES: usize = 512;

/// Why the worker does not start.
#[derive(Debug, Error)]
pub enum NotReady {
    /// The cluster was asked, and this is wrong with it or with what we ask of it: everything, one problem
    /// a line.
    #[error("dateline cannot start:\n  - {}", .0.join("\n  - "))]
    Problems(Vec<String>),
    /// The cluster could not be asked; it may be there later.
    #[error("{0}")]
    Unreachable(String),
}

/// What the checks found.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Input topics that exist now (patterns resolved).
    pub input_topics: Vec<String>,
    /// Largest record of the output topic, in bytes of key, value and headers.
    pub output_bytes_max: usize,
    /// Largest record of the dead-letter topic, likewise.
    pub dead_letter_bytes_max: usize,
}

/// Checks topics, rights and limits. Blocks on the network; each question is bounded by `request_timeout_ms`.
///
/// # Errors
/// All problems at once.
pub fn check(
    config: &KafkaConfig,
    properties: &BTreeMap<String, String>,
    shared: &Arc<Shared>,
) -> Result<Cluster, NotReady> {
    let timeout = Duration::from_millis(u64::from(config.request_timeout_ms));
    let mut properties = properties.clone();
    // Never subscribed, so never a member: it only looks for the group's coordinator.
    properties.insert("group.id".to_owned(), config.group_id.clone());
    Probe::with(&properties, shared, timeout, |probe| examine(config, probe)).map_err(|e| {
        let reason = refused_property(&e);
        NotReady::Unreachable(format!("the Kafka client refuses its configuration: {reason}"))
    })?
}

fn examine(config: &KafkaConfig, probe: &Probe) -> Result<Cluster, NotReady> {
    let refused = || -> Vec<String> {
        let refusals = probe.heard().refusals.into_iter();
        refusals
            .map(|reason| format!("a broker turned us away: {reason}"))
            .collect()
    };
    let metadata = probe.metadata().map_err(|error| match refused() {
        refusals if refusals.is_empty() => {
            let reason = probe.heard().trouble.unwrap_or_else(|| error.to_string());
            NotReady::Unreachable(format!(
                "no broker of {} answered: {reason}",
                config.bootstrap_servers
            ))
        }
        refusals => NotReady::Problems(refusals),
    })?;
    let mut problems = Vec::new();
    let input_topics = input_topics(config, &metadata, &mut problems);
    let rights_told = check_rights(config, &input_topics, &metadata, probe, &mut problems);
    if !rights_told {
        // Brokers may tell another address than the one we came by, and turn us away there.
        problems.extend(refused());
    }
    problems.extend(compacted(config, probe));
    if !problems.is_empty() {
        return Err(NotReady::Problems(problems));
    }
    let [output_bytes_max, dead_letter_bytes_max] =
        message_bytes_max(probe, [&config.output_topic, &config.dead_letter_topic]);
    Ok(Cluster {
        input_topics,
        output_bytes_max,
        dead_letter_bytes_max,
    })
}

/// The end of every partition now, for a backfill. Blocks.
///
/// # Errors
/// Where the broker does not say.
pub fn end_offsets(
    properties: &BTreeMap<String, String>,
    input_topics: &[String],
    shared: &Arc<Shared>,
) -> Result<EndOffsets, KafkaError> {
    let timeout = shared.request_timeout;
    Probe::with(properties, shared, timeout, |probe| {
        let mut ends = EndOffsets::new();
        for topic in input_topics {
            let metadata = probe.consumer.fetch_metadata(Some(topic), timeout)?;
            for partition in metadata.topics().iter().flat_map(|t| t.partitions()) {
                let (low, high) = probe.consumer.fetch_watermarks(topic, partition.id(), timeout)?;
                let key = PartitionKey {
                    kafka_topic: Arc::from(topic.as_str()),
                    partition: partition.id(),
                };
                // A partition with nothing retained has nothing to read.
                ends.insert(key, if low == high { 0 } else { high });
            }
        }
        Ok(ends)
    })?
}

/// What it means that the producer does not open: a right that shows only here, or trouble.
pub fn producer_problem(error: &KafkaError, transactional_id: Option<&String>) -> NotReady {
    let refused = matches!(
        error,
        KafkaError::Transaction(e) if e.code() == RDKafkaErrorCode::TransactionalIdAuthorizationFailed
    );
    match transactional_id {
        Some(id) if refused => NotReady::Problems(vec![format!(
            "transactional id {id:?} may not be used by us (needs Write and Describe)"
        )]),
        _ => NotReady::Unreachable(format!("the producer cannot be opened: {error}")),
    }
}

/// Whether each topic is there and lets us do our work, and so the group; false where the brokers did not say.
fn check_rights(
    config: &KafkaConfig,
    input_topics: &[String],
    metadata: &Metadata,
    probe: &Probe,
    problems: &mut Vec<String>,
) -> bool {
    let mut uses: Vec<(&str, &str, Right)> = vec![
        ("output_topic", &config.output_topic, Right::Write),
        ("dead_letter_topic", &config.dead_letter_topic, Right::Write),
    ];
    uses.extend(
        input_topics
            .iter()
            .map(|topic| ("input topic", topic.as_str(), Right::Read)),
    );
    let topics: Vec<&str> = uses.iter().map(|(_, topic, _)| *topic).collect();
    let asker = probe.asker();
    let topic_rights = asker.topic_rights(&topics);
    for (place, (what, topic, right)) in uses.into_iter().enumerate() {
        let problem = match topic_rights.as_ref().map(|answers| answers.get(place)) {
            Ok(Some(Ok(rights))) => missing(rights, right),
            Ok(Some(Err(RDKafkaErrorCode::TopicAuthorizationFailed))) => Some(format!(
                "may not be used by us, or does not exist (needs {right:?} and Describe)"
            )),
            _ => topic_problem(metadata, topic),
        };
        problems.extend(problem.map(|problem| format!("{what} {topic:?} {problem}")));
    }
    let group = probe.group_lets_us_in();
    if matches!(group, Ok(false)) {
        problems.push(format!(
            "group {:?} may not be used by us (needs Read)",
            config.group_id
        ));
    }
    let untold = [
        topic_rights.as_ref().err().cloned(),
        group.as_ref().err().map(ToString::to_string),
    ];
    for reason in untold.into_iter().flatten() {
        info!(
            reason,
            "the brokers do not say what we may do: a missing right would show later"
        );
    }
    topic_rights.is_ok() && group.is_ok()
}

/// A right that the broker says we lack. One that does not tell has no authoriser, or is older than Kafka 2.3.
fn missing(rights: &Rights, right: Right) -> Option<String> {
    let held = rights.as_ref()?;
    (!held.contains(&right)).then(|| format!("lacks the right {right:?} for us"))
}

fn topic_problem(metadata: &Metadata, name: &str) -> Option<String> {
    let Some(topic) = metadata.topics().iter().find(|t| t.name() == name) else {
        return Some("does not exist, or we may not describe it (needs Describe)".to_owned());
    };
    topic
        .error()
        .map(|error| format!("cannot be used: {}", RDKafkaErrorCode::from(error)))
}

fn input_topics(config: &KafkaConfig, metadata: &Metadata, problems: &mut Vec<String>) -> Vec<String> {
    let mut found = Vec::new();
    for entry in &config.input_topics {
        if !entry.starts_with('^') {
            found.push(entry.clone());
            continue;
        }
        let Ok(pattern) = Regex::new(entry) else {
            problems.push(format!("input pattern {entry:?} is not a regular expression"));
            continue;
        };
        for topic in metadata
            .topics()
            .iter()
            .map(rdkafka::metadata::MetadataTopic::name)
            .filter(|name| pattern.is_match(name))
        {
            if topic == config.output_topic || topic == config.dead_letter_topic {
                problems.push(format!(
                    "input pattern {entry:?} matches our own output {topic:?}: it would read what it writes"
                ));
            } else {
                found.push(topic.to_owned());
            }
        }
        if found.is_empty() {
            warn!(pattern = entry, "no topic matches the input pattern yet");
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A compacted dead-letter topic takes no letter without a key, which would hold the worker up for ever, and keeps but
/// the last of each key. Silent where we may not read it.
fn compacted(config: &KafkaConfig, probe: &Probe) -> Option<String> {
    let topic = config.dead_letter_topic.as_str();
    let answers = probe.asker().topic_setting(&[topic], "cleanup.policy").ok()?;
    let policy = answers.into_iter().next()?.ok().flatten()?;
    policy.contains("compact").then(|| {
        format!("dead_letter_topic {topic:?} has cleanup.policy={policy}: it must not be compacted, or letters without a key cannot be written")
    })
}

/// `max.message.bytes` of each topic, less what framing takes; Kafka's default where we may not read it.
fn message_bytes_max<const N: usize>(probe: &Probe, topics: [&str; N]) -> [usize; N] {
    let answers = probe.asker().topic_setting(&topics, "max.message.bytes");
    let mut answers = answers.unwrap_or_default().into_iter();
    topics.map(|topic| {
        let value = answers.next().and_then(Result::ok).flatten();
        let bytes = value
            .and_then(|value| value.parse::<usize>().ok())
            .unwrap_or_else(|| {
                warn!(
                    topic,
                    assumed = MESSAGE_BYTES_DEFAULT,
                    "max.message.bytes cannot be read (needs DescribeConfigs)"
                );
                MESSAGE_BYTES_DEFAULT
            });
        bytes.saturating_sub(FRAMING_BYTES).max(1024)
    })
}
