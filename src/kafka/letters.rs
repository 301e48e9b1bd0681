//! The dead-letter topic read back, and originals sent again with a note of it, as one transaction. Knows no header of
//! a letter; never decides which is sent.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::Message;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::client::Client;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::DeliveryResult;
use rdkafka::producer::Producer;
use rdkafka::producer::ProducerContext;
use rdkafka::producer::ThreadedProducer;
use rdkafka::types::RDKafkaErrorCode;
use thiserror::Error;

use crate::config::Config;
use crate::kafka::client::TokenProvider;
use crate::kafka::client::log_error;
use crate::kafka::client::log_line;
use crate::kafka::client::oauth_token;
use crate::kafka::deliveries;
use crate::kafka::deliveries::Deliveries;
use crate::kafka::headers::readable;
use crate::kafka::refusal::Failure;
use crate::kafka::refusal::refusal;
use crate::kafka::settings::ClientSettings;
use crate::kafka::settings::client_config;
use crate::kafka::startup::MESSAGE_BYTES_DEFAULT;
use crate::kafka::transaction::CALL;
use crate::kafka::transaction::resolve;
use crate::record::Origin;
use crate::record::OutputRecord;
use crate::record::Record;

/// Longest that one poll waits.
const POLL: Duration = Duration::from_millis(100);
/// First wait after a failed transaction; doubled each time.
const BACKOFF_MIN: Duration = Duration::from_millis(200);
/// Attempts at one transaction without progress before we give up.
const ATTEMPTS_MAX: u32 = 6;

/// Why dead letters cannot be read or sent.
#[derive(Debug, Error)]
pub enum LettersError {
    /// The client or a broker said so.
    #[error("{0}: {1}")]
    Kafka(&'static str, #[source] KafkaError),
    /// The topic is not there.
    #[error("Kafka topic {0:?} does not exist, or we may not describe it")]
    NoTopic(String),
    /// A transaction of somebody else is open.
    #[error(
        "partition {0} of the dead-letter topic ends in a transaction that is not decided: try again later"
    )]
    Undecided(i32),
    /// Nothing came for too long.
    #[error("the brokers sent nothing for {} ms", .0.as_millis())]
    Silent(Duration),
    /// The transaction did not succeed.
    #[error("the letters could not be sent again: {0}")]
    Unsent(String),
    /// Another process sends letters of this group again.
    #[error("another replay of this group has begun: {0}")]
    Fenced(String),
}

struct Callbacks {
    token: Option<TokenProvider>,
    deliveries: Deliveries,
}

impl Callbacks {
    fn new(token: Option<TokenProvider>) -> Self {
        Self {
            token,
            deliveries: Deliveries::default(),
        }
    }
}

impl ClientContext for Callbacks {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // Where a partition ends is no trouble.
        if !matches!(error, KafkaError::Global(RDKafkaErrorCode::PartitionEOF)) {
            log_error(&error, reason);
        }
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        Ok(oauth_token(self.token.as_ref())?)
    }
}

impl ConsumerContext for Callbacks {}

impl ProducerContext for Callbacks {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, place: usize) {
        self.deliveries.ended(result, place);
    }
}

/// From which offset to which, for each partition.
pub type Ranges = BTreeMap<i32, (i64, i64)>;

/// Reads the dead-letter topic, whole and decided.
pub struct LetterReader {
    consumer: BaseConsumer<Callbacks>,
    kafka_topic: String,
    timeout: Duration,
}

impl LetterReader {
    /// Opens a consumer that never joins the group.
    ///
    /// # Errors
    /// Where librdkafka refuses the properties.
    pub fn open(config: &Config, token: Option<TokenProvider>) -> Result<Self, LettersError> {
        Ok(Self {
            consumer: consumer(config, token, "read_committed")?,
            kafka_topic: config.kafka.dead_letter_topic.clone(),
            timeout: Duration::from_millis(u64::from(config.kafka.request_timeout_ms)),
        })
    }

    /// All that is retained up to the end as it is now, once every transaction before that end is decided: only then is
    /// each note of an earlier replay to be seen.
    ///
    /// # Errors
    /// Where the topic or a broker is missing, or a transaction stays open.
    pub fn ranges(&self, config: &Config, token: Option<TokenProvider>) -> Result<Ranges, LettersError> {
        let undecided = consumer(config, token, "read_uncommitted")?;
        let ask = |error| LettersError::Kafka("the dead-letter topic cannot be asked for", error);
        let mut ranges = Ranges::new();
        for partition in 0..partitions(undecided.client(), &self.kafka_topic, self.timeout)? {
            let range = undecided
                .fetch_watermarks(&self.kafka_topic, partition, self.timeout)
                .map_err(ask)?;
            ranges.insert(partition, range);
        }
        let patience = self.timeout + Duration::from_millis(u64::from(config.kafka.transaction_timeout_ms));
        let deadline = Instant::now() + patience;
        for (partition, (_, end)) in &ranges {
            let decided = || {
                self.consumer
                    .fetch_watermarks(&self.kafka_topic, *partition, self.timeout)
            };
            while decided().map_err(ask)?.1 < *end {
                if Instant::now() >= deadline {
                    return Err(LettersError::Undecided(*partition));
                }
                std::thread::sleep(POLL);
            }
        }
        Ok(ranges)
    }

    /// Shows every record of these ranges, in order in each partition, until told to stop.
    ///
    /// # Errors
    /// Where a broker refuses, or sends nothing for too long.
    pub fn scan(
        &self,
        ranges: &Ranges,
        mut visit: impl FnMut(Record) -> ControlFlow<()>,
    ) -> Result<(), LettersError> {
        let failed = |error| LettersError::Kafka("the dead-letter topic cannot be read", error);
        let mut left: Ranges = ranges.clone();
        left.retain(|_, (begin, end)| *begin < *end);
        let mut assignment = TopicPartitionList::new();
        for (partition, (begin, _)) in &left {
            assignment
                .add_partition_offset(&self.kafka_topic, *partition, Offset::Offset(*begin))
                .map_err(failed)?;
        }
        self.consumer.assign(&assignment).map_err(failed)?;
        let mut heard = Instant::now();
        while !left.is_empty() {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    let (partition, offset) = (message.partition(), message.offset());
                    let Some((_, end)) = left.get(&partition).copied() else {
                        continue;
                    };
                    if offset < end && visit(record(&message)).is_break() {
                        break;
                    }
                    if offset + 1 >= end {
                        left.remove(&partition);
                    }
                }
                // All was decided before the read began, so the end that is met now is no earlier than the one sought.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    left.remove(&partition);
                }
                Some(Err(error)) => return Err(failed(error)),
                None if heard.elapsed() >= self.timeout => return Err(LettersError::Silent(self.timeout)),
                None => continue,
            }
            heard = Instant::now();
        }
        self.consumer.unassign().map_err(failed)
    }
}

fn consumer(
    config: &Config,
    token: Option<TokenProvider>,
    isolation: &str,
) -> Result<BaseConsumer<Callbacks>, LettersError> {
    let mut properties = ClientSettings::new(config, "", MESSAGE_BYTES_DEFAULT).admin;
    for (key, value) in [
        // The client assigns nothing without one; the group is neither joined nor changed.
        ("group.id", config.kafka.group_id.as_str()),
        ("enable.auto.commit", "false"),
        ("auto.offset.reset", "earliest"),
        ("isolation.level", isolation),
        ("enable.partition.eof", "true"),
        ("queued.max.messages.kbytes", "16384"),
    ] {
        properties.insert(key.to_owned(), value.to_owned());
    }
    let made = client_config(&properties).create_with_context(Callbacks::new(token));
    made.map_err(|error| LettersError::Kafka("the client refuses its configuration", error))
}

fn partitions(client: &Client<Callbacks>, kafka_topic: &str, timeout: Duration) -> Result<i32, LettersError> {
    let metadata = client
        .fetch_metadata(Some(kafka_topic), timeout)
        .map_err(|error| LettersError::Kafka("no broker answered", error))?;
    match metadata.topics() {
        [topic] if topic.error().is_none() && !topic.partitions().is_empty() => {
            Ok(i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX))
        }
        _ => Err(LettersError::NoTopic(kafka_topic.to_owned())),
    }
}

fn record(message: &impl Message) -> Record {
    Record {
        origin: Origin {
            kafka_topic: message.topic().into(),
            partition: message.partition(),
            offset: message.offset(),
        },
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message.headers().map_or_else(Vec::new, readable),
    }
}

/// A record on its way.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Where to.
    pub kafka_topic: String,
    /// Its partition; `None` = by key.
    pub partition: Option<i32>,
    /// Its timestamp, in milliseconds since 1970; `None` = the time of sending.
    pub timestamp_ms: Option<i64>,
    /// Key, value and headers.
    pub record: OutputRecord,
}

/// What became of a transaction.
#[derive(Debug, PartialEq, Eq)]
pub enum Sent {
    /// All of it is committed.
    All,
    /// Nothing of it is: a broker refuses the record at this place, for this reason.
    Refused(usize, String),
}

/// Sends letters again.
pub struct Replayer {
    producer: ThreadedProducer<Callbacks>,
    timeout: Duration,
}

impl Replayer {
    /// Opens the producer of the one replay that a group has at a time: whoever replays already is shut out, and what
    /// it left undecided is decided. Blocks.
    ///
    /// # Errors
    /// Where librdkafka refuses the properties, or the transaction coordinator does not let us in.
    pub fn open(config: &Config, token: Option<TokenProvider>) -> Result<Self, LettersError> {
        let mut properties =
            ClientSettings::new(config, "dead-letters-replay", MESSAGE_BYTES_DEFAULT).producer;
        let id = format!("{}-dead-letters-replay", config.kafka.group_id);
        for (key, value) in [
            ("transactional.id", id.as_str()),
            // Each record travels alone, so that a refusal is of one; how large one may be is for the broker to say.
            ("batch.num.messages", "1"),
            ("message.max.bytes", "1000000000"),
            ("queue.buffering.max.kbytes", "2000000"),
            ("statistics.interval.ms", "0"),
        ] {
            properties.insert(key.to_owned(), value.to_owned());
        }
        let timeout = config.kafka.transaction_timeout_ms.to_string();
        properties.insert("transaction.timeout.ms".to_owned(), timeout);
        // Of at-least-once, and longer than a transaction may be.
        properties.remove("message.timeout.ms");
        let producer: ThreadedProducer<Callbacks> = client_config(&properties)
            .create_with_context(Callbacks::new(token))
            .map_err(|error| LettersError::Kafka("the client refuses its configuration", error))?;
        let replayer = Self {
            producer,
            timeout: Duration::from_millis(u64::from(config.kafka.request_timeout_ms)),
        };
        resolve("init", || replayer.producer.init_transactions(CALL)).map_err(|f| replayer.error(&f))?;
        Ok(replayer)
    }

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// Where it has none, or no broker answers.
    pub fn partitions(&self, kafka_topic: &str) -> Result<i32, LettersError> {
        partitions(self.producer.client(), kafka_topic, self.timeout)
    }

    /// Sends these as one transaction; again where that may help.
    ///
    /// # Errors
    /// Where it does not help, or another replay has begun. Nothing of them was sent then, unless the answer to the
    /// commit was lost, which the next replay sees.
    pub fn send(&self, sendings: &[Sending]) -> Result<Sent, LettersError> {
        let mut wait = BACKOFF_MIN;
        for attempt in 1.. {
            match self.attempt(sendings) {
                Ok(()) => return Ok(Sent::All),
                Err(Failure::Refused(place, code)) => {
                    return Ok(Sent::Refused(place, code.code().to_owned()));
                }
                Err(failure @ Failure::Retry(_)) if attempt < ATTEMPTS_MAX && self.is_alive() => {
                    tracing::warn!(%failure, "a transaction is tried again");
                    std::thread::sleep(wait);
                    wait *= 2;
                }
                Err(failure) => return Err(self.error(&failure)),
            }
        }
        Err(LettersError::Unsent("too many attempts".to_owned()))
    }

    fn is_alive(&self) -> bool {
        self.producer.client().fatal_error().is_none()
    }

    fn error(&self, failure: &Failure) -> LettersError {
        match self.producer.client().fatal_error() {
            Some((RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced, reason)) => {
                LettersError::Fenced(reason)
            }
            Some((_, reason)) => LettersError::Unsent(format!("{failure}: {reason}")),
            None => LettersError::Unsent(failure.to_string()),
        }
    }

    fn attempt(&self, sendings: &[Sending]) -> Result<(), Failure> {
        drop(self.await_deliveries());
        self.producer
            .begin_transaction()
            .map_err(|error| Failure::Fatal(format!("begin: {error}")))?;
        let sent = sendings
            .iter()
            .enumerate()
            .try_for_each(|(place, sending)| self.send_one(place, sending));
        let committed = self
            .await_deliveries()
            .and(sent)
            .and_then(|()| resolve("commit", || self.producer.commit_transaction(CALL)));
        match committed {
            Ok(()) => Ok(()),
            Err(failure @ Failure::Fatal(_)) => Err(failure),
            Err(failure) => {
                resolve("abort", || self.producer.abort_transaction(CALL))?;
                Err(failure)
            }
        }
    }

    fn send_one(&self, place: usize, sending: &Sending) -> Result<(), Failure> {
        let sent = deliveries::Sent {
            kafka_topic: &sending.kafka_topic,
            partition: sending.partition,
            timestamp_ms: sending.timestamp_ms,
            record: &sending.record,
        };
        let deliveries = &self.producer.context().deliveries;
        deliveries.send(&self.producer, place, &sent)
    }

    fn await_deliveries(&self) -> Result<(), Failure> {
        let failed = self.producer.context().deliveries.settle(&self.producer, true);
        let refused = failed
            .iter()
            .find_map(|(place, code)| Some((*place, refusal(*code)?)));
        match (refused, failed.first()) {
            (Some((place, code)), _) => Err(Failure::Refused(place, code)),
            (None, Some((_, code))) => Err(Failure::Retry(code.to_string())),
            (None, None) => Ok(()),
        }
    }
}
