//! What is checked before the first record is read: topics exist, rights suffice, size limits. All problems
//! in one message.
//! Never creates or changes anything on the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::AdminClient;
use rdkafka::admin::AdminOptions;
use rdkafka::admin::ResourceSpecifier;
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;
use regex::Regex;
use thiserror::Error;
use tracing::warn;

use crate::config::KafkaConfig;
use crate::kafka::client::ConsumerCallbacks;
use crate::kafka::client::Shared;
use crate::kafka::settings::client_config;
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
    #[error("the cluster is not ready for dateline:\n  - {}", .0.join("\n  - "))]
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

/// Checks topics, rights and limits. Blocks on the network, bounded by `request_timeout_ms`.
///
/// # Errors
/// All problems at once.
pub async fn check(
    config: &KafkaConfig,
    properties: &BTreeMap<String, String>,
    shared: &Arc<Shared>,
) -> Result<Cluster, NotReady> {
    let timeout = Duration::from_millis(u64::from(config.request_timeout_ms));
    let metadata = tokio::task::spawn_blocking({
        let (properties, shared) = (properties.clone(), Arc::clone(shared));
        move || {
            let probe: BaseConsumer<ConsumerCallbacks> = client_config(&properties)
                .create_with_context(ConsumerCallbacks(shared))
                .map_err(|e| format!("the Kafka client refuses its configuration: {e}"))?;
            // One poll serves the token callback of OAUTHBEARER before the first connection.
            drop(probe.poll(Duration::ZERO));
            probe
                .fetch_metadata(None, timeout)
                .map_err(|e| format!("no broker of {} answered: {e}", properties["bootstrap.servers"]))
        }
    })
    .await
    .map_err(|e| NotReady::Unreachable(format!("the check itself failed: {e}")))?
    .map_err(NotReady::Unreachable)?;

    let mut problems = Vec::new();
    let input_topics = input_topics(config, &metadata, &mut problems);
    for (name, key) in [
        (&config.output_topic, "output_topic"),
        (&config.dead_letter_topic, "dead_letter_topic"),
    ] {
        if let Some(problem) = topic_problem(&metadata, name) {
            problems.push(format!("{key} {name:?} {problem}"));
        }
    }
    if !problems.is_empty() {
        return Err(NotReady::Problems(problems));
    }
    let [output_bytes_max, dead_letter_bytes_max] = message_bytes_max(
        properties,
        [&config.output_topic, &config.dead_letter_topic],
        timeout,
    )
    .await;
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
) -> Result<EndOffsets, rdkafka::error::KafkaError> {
    let probe: BaseConsumer<ConsumerCallbacks> =
        client_config(properties).create_with_context(ConsumerCallbacks(Arc::clone(shared)))?;
    drop(probe.poll(Duration::ZERO));
    let timeout = shared.request_timeout;
    let mut ends = EndOffsets::new();
    for topic in input_topics {
        let metadata = probe.fetch_metadata(Some(topic), timeout)?;
        for partition in metadata.topics().iter().flat_map(|t| t.partitions()) {
            let (low, high) = probe.fetch_watermarks(topic, partition.id(), timeout)?;
            let key = PartitionKey {
                kafka_topic: Arc::from(topic.as_str()),
                partition: partition.id(),
            };
            // A partition with nothing retained has nothing to read.
            ends.insert(key, if low == high { 0 } else { high });
        }
    }
    Ok(ends)
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
            match topic_problem(metadata, entry) {
                Some(problem) => problems.push(format!("input topic {entry:?} {problem}")),
                None => found.push(entry.clone()),
            }
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
    found
}

/// `max.message.bytes` of each topic, less what framing takes; Kafka's default where we may not read it.
async fn message_bytes_max<const N: usize>(
    properties: &BTreeMap<String, String>,
    topics: [&str; N],
    timeout: Duration,
) -> [usize; N] {
    let read = async {
        let admin: AdminClient<DefaultClientContext> = client_config(properties).create().ok()?;
        let options = AdminOptions::new()
            .request_timeout(Some(timeout))
            .operation_timeout(Some(timeout));
        admin
            .describe_configs(&topics.map(ResourceSpecifier::Topic), &options)
            .await
            .ok()
    };
    // In the order asked for; a topic that refuses is an error in its place.
    let mut answers = read.await.unwrap_or_default().into_iter();
    topics.map(|topic| {
        let value = answers.next().and_then(Result::ok).and_then(|resource| {
            resource
                .get("max.message.bytes")
                .and_then(|entry| entry.value.as_ref()?.parse::<usize>().ok())
        });
        let bytes = value.unwrap_or_else(|| {
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
