//! Calls of a transaction, tried again while the client says that the same call may be, and watched, since a call may
//! never come back. Never decides what becomes of the batch.

use std::future::Future;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use rdkafka::error::KafkaError;
use tracing::warn;

use crate::kafka::refusal::Failure;

/// How long one call of a transaction may block before it is tried again.
pub(crate) const CALL: Duration = Duration::from_secs(10);
/// How long a transaction may stay unresolved before we give up and let the process be replaced.
const UNRESOLVED_MAX: Duration = Duration::from_secs(120);

/// How long a call that was given `CALL` may take before the client counts as hung. Librdkafka 2.12 waits without end
/// in `send_offsets_to_transaction` where the group's coordinator died at the wrong moment: it looks for another only
/// when some connection comes or goes.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The call that is in progress, if any: since when.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<Option<Instant>>);

impl Calls {
    /// Makes a call that is watched meanwhile.
    pub(crate) fn during<T>(&self, call: impl FnOnce() -> T) -> T {
        self.set(Some(Instant::now()));
        let answer = call();
        self.set(None);
        answer
    }

    /// Waits for `work`, which makes such calls on a thread of its own.
    ///
    /// # Errors
    /// Where a call does not come back; `work` is left behind then.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = T>) -> Result<T, String> {
        self.watch_for(work, ANSWER_MAX, LOOK).await
    }

    async fn watch_for<T>(
        &self,
        work: impl Future<Output = T>,
        answer_max: Duration,
        look: Duration,
    ) -> Result<T, String> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(look) => {}
            }
            let begun = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if begun.is_some_and(|begun| begun.elapsed() > answer_max) {
                return Err(format!(
                    "the client has not come back from a call for {answer_max:?}"
                ));
            }
        }
    }

    fn set(&self, begun: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = begun;
    }
}

/// Calls again while the client says that the same call may be tried again.
pub(crate) fn resolve(what: &str, call: impl Fn() -> Result<(), KafkaError>) -> Result<(), Failure> {
    let deadline = Instant::now() + UNRESOLVED_MAX;
    loop {
        let Err(error) = call() else { return Ok(()) };
        let detail = match &error {
            KafkaError::Transaction(e) => format!("{what}: {} ({})", e.string(), e.name()),
            other => format!("{what}: {other}"),
        };
        let KafkaError::Transaction(e) = &error else {
            return Err(Failure::Retry(detail));
        };
        if e.is_fatal() {
            return Err(Failure::Fatal(detail));
        }
        if e.txn_requires_abort() {
            return Err(Failure::Retry(detail));
        }
        if !e.is_retriable() || Instant::now() >= deadline {
            return Err(Failure::Fatal(detail));
        }
        warn!(detail, "a transaction call is tried again");
    }
}

/// Opens transactions, or says why not.
///
/// # Errors
/// Where the coordinator refuses, or does not answer in `UNRESOLVED_MAX`.
pub(crate) fn open(init: impl Fn(Duration) -> Result<(), KafkaError>) -> Result<(), KafkaError> {
    let deadline = Instant::now() + UNRESOLVED_MAX;
    while let Err(error) = init(CALL) {
        if !is_retriable(&error) || Instant::now() >= deadline {
            return Err(error);
        }
        warn!(%error, "transactions could not be opened yet");
    }
    Ok(())
}

fn is_retriable(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(e) if e.is_retriable() && !e.is_fatal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_does_not_come_back_is_left_behind() {
        let calls = std::sync::Arc::new(Calls::default());
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let hangs = {
            let calls = std::sync::Arc::clone(&calls);
            tokio::task::spawn_blocking(move || calls.during(|| ended.recv()))
        };
        let look = Duration::from_millis(5);
        let left = calls.watch_for(hangs, Duration::from_millis(20), look).await;
        assert!(left.is_err());
        end.send(()).unwrap();
        // Work that makes no such call may take as long as it likes.
        let slow = tokio::time::sleep(Duration::from_millis(60));
        let calls = Calls::default();
        assert!(
            calls
                .watch_for(slow, Duration::from_millis(20), look)
                .await
                .is_ok()
        );
    }
}
