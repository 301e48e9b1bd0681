//! The short-lived client of the start-up checks, polled while it is asked: so it signs on by token too, and hears
//! why a broker turns it away. Never joins the group.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::TopicPartitionList;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;

use crate::kafka::client::Shared;
use crate::kafka::client::log_error;
use crate::kafka::client::log_line;
use crate::kafka::client::oauth_token;
use crate::kafka::describe::Asker;
use crate::kafka::settings::client_config;

/// Longest that one poll waits; also how soon the polling ends once all is asked.
const POLL: Duration = Duration::from_millis(20);
/// How long to try before a refusal is believed: another broker may let us in.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(3);
/// How soon a refused group is seen while its coordinator is looked for.
const GROUP_POLL: Duration = Duration::from_millis(500);

/// Callbacks of the probe.
pub(crate) struct ProbeCallbacks {
    shared: Arc<Shared>,
    heard: Mutex<Heard>,
}

/// Why requests got no answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// Brokers turned us away: TLS or sign-on.
    pub(crate) refusals: BTreeSet<String>,
    /// The latest trouble of any other kind.
    pub(crate) trouble: Option<String>,
    /// We may not know who coordinates the group.
    group_refused: bool,
    /// Why the last token was not had.
    no_token: Option<String>,
}

impl ClientContext for ProbeCallbacks {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
        if facility == "FAIL" {
            let reason = line.split_once("]: ").map_or(line, |(_thread, reason)| reason);
            self.heard().trouble = Some(without_timing(reason).to_owned());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        // Told at each attempt; the line before says why.
        if code == Some(RDKafkaErrorCode::AllBrokersDown) {
            return;
        }
        log_error(&error, reason);
        let mut heard = self.heard();
        // A token that was not had is known already, with more of its why.
        let known = heard.no_token.as_ref().is_some_and(|why| reason.contains(why));
        if is_refusal(code, reason) && !known {
            heard.refusals.insert(in_our_words(without_timing(reason)));
        }
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        Ok(oauth_token(self.shared.token.as_ref()).inspect_err(|error| {
            let mut heard = self.heard();
            heard.no_token = Some(error.to_string());
            if error.is_refusal {
                heard.refusals.insert(error.to_string());
            } else {
                heard.trouble = Some(error.to_string());
            }
        })?)
    }
}

impl ConsumerContext for ProbeCallbacks {}

impl ProbeCallbacks {
    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// TLS that fails at the broker's end is trouble of transport to the client: a broker that asks for a certificate
/// hangs up with an alert.
fn is_refusal(code: Option<RDKafkaErrorCode>, reason: &str) -> bool {
    match code {
        Some(RDKafkaErrorCode::SSL | RDKafkaErrorCode::Authentication) => true,
        Some(RDKafkaErrorCode::BrokerTransportFailure) => reason.contains("SSL alert"),
        _ => false,
    }
}

/// The client blames the authority whatever is wrong with a certificate.
fn in_our_words(reason: &str) -> String {
    match reason.split_once("certificate verify failed") {
        Some((before, _)) => format!(
            "{before}certificate verify failed: the broker's certificate is not signed by an authority of ca_file, \
             or has expired, or names another host"
        ),
        None => reason.to_owned(),
    }
}

/// What the client adds to an error says when, not why.
fn without_timing(reason: &str) -> &str {
    reason.split(" (after ").next().unwrap_or(reason)
}

/// A client to ask the cluster by.
pub(crate) struct Probe {
    pub(crate) consumer: BaseConsumer<ProbeCallbacks>,
    pub(crate) timeout: Duration,
}

impl Probe {
    /// Makes the client, and polls it while `ask` asks. Blocks.
    pub(crate) fn with<T>(
        properties: &BTreeMap<String, String>,
        shared: &Arc<Shared>,
        timeout: Duration,
        ask: impl FnOnce(&Self) -> T,
    ) -> Result<T, KafkaError> {
        let callbacks = ProbeCallbacks {
            shared: Arc::clone(shared),
            heard: Mutex::default(),
        };
        let probe = Self {
            consumer: client_config(properties).create_with_context(callbacks)?,
            timeout,
        };
        let asked = AtomicBool::new(false);
        Ok(std::thread::scope(|scope| {
            scope.spawn(|| {
                while !asked.load(Ordering::Acquire) {
                    let polled = probe.consumer.poll(POLL);
                    if let Some(Err(error)) = polled
                        && error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed)
                    {
                        probe.consumer.context().heard().group_refused = true;
                    }
                }
            });
            let answer = ask(&probe);
            asked.store(true, Ordering::Release);
            answer
        }))
    }

    /// Every Kafka topic that we may see. Gives up early where brokers turned us away.
    pub(crate) fn metadata(&self) -> Result<Metadata, KafkaError> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.consumer.fetch_metadata(None, left.min(REFUSAL_PATIENCE)) {
                Err(_) if left > REFUSAL_PATIENCE && self.heard().refusals.is_empty() => {}
                answer => return answer,
            }
        }
    }

    /// Whether the group lets us in, as far as looking for its coordinator shows: that takes the right Describe,
    /// which comes with Read. Asks by the consumer's own way and not by the admin request for a group's rights, which
    /// may end the process (librdkafka 2.12, "eonce->refcnt > 0") where the coordinator is not found in time.
    ///
    /// # Errors
    /// Where the brokers do not say in time.
    pub(crate) fn group_lets_us_in(&self) -> Result<bool, KafkaError> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Of no partition: it is answered as soon as the coordinator is known and reached.
            let answer = self
                .consumer
                .committed_offsets(TopicPartitionList::new(), left.min(GROUP_POLL));
            match answer {
                Ok(_) => return Ok(true),
                Err(_) if self.heard().group_refused => return Ok(false),
                Err(_) if left > GROUP_POLL => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Why requests got no answer, as far as the client told.
    pub(crate) fn heard(&self) -> Heard {
        self.consumer.context().heard().clone()
    }

    /// Asks what rdkafka does not wrap.
    pub(crate) fn asker(&self) -> Asker<'_, ProbeCallbacks> {
        Asker {
            client: self.consumer.client(),
            timeout: self.timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_once_whenever_it_came() {
        let told =
            without_timing("sasl_ssl://b:1/bootstrap: Invalid password (after 311ms in state AUTH_REQ)");
        assert_eq!(told, "sasl_ssl://b:1/bootstrap: Invalid password");
        assert_eq!(without_timing("no token"), "no token");
    }
}
