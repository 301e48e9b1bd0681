//! A watch on the group: once it has taken all partitions from us it must say in time which we hold next. Never
//! assigns anything itself.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;

use crate::kafka::client::ConsumerCallbacks;
use crate::worker::seams::FatalError;

/// How long an answer about the cluster is waited for.
const METADATA_WAIT: Duration = Duration::from_secs(5);

/// Since when nothing is assigned, and how long that may last.
pub(crate) struct AssignmentWatch {
    consumer: Arc<BaseConsumer<ConsumerCallbacks>>,
    wait_max: Duration,
    since: Option<Instant>,
}

impl AssignmentWatch {
    /// Lets the group take up to `wait_max`.
    pub(crate) const fn new(consumer: Arc<BaseConsumer<ConsumerCallbacks>>, wait_max: Duration) -> Self {
        Self {
            consumer,
            wait_max,
            since: None,
        }
    }

    /// Looks at the clock; `is_between` where the group has yet to say what we hold. Brokers that are gone are waited
    /// for: the time counts anew then.
    ///
    /// # Errors
    /// Where it takes too long though brokers answer. Librdkafka 2.12 can stay so for ever when the group's coordinator
    /// went away at the wrong moment.
    pub(crate) async fn look(&mut self, is_between: bool) -> Result<(), FatalError> {
        if !is_between {
            self.since = None;
            return Ok(());
        }
        if self.since.get_or_insert_with(Instant::now).elapsed() < self.wait_max {
            return Ok(());
        }
        self.since = None;
        let consumer = Arc::clone(&self.consumer);
        let ask = move || consumer.fetch_metadata(None, METADATA_WAIT).is_ok();
        if !tokio::task::spawn_blocking(ask).await.unwrap_or(false) {
            return Ok(());
        }
        Err(FatalError(format!(
            "the group has assigned nothing for {:?}, though brokers answer",
            self.wait_max
        )))
    }
}
