//! The flow: batches in, outcomes out, in order. While one commit lasts the next batches are enriched, up to a
//! bound, and go together with the next commit: that is the whole of back-pressure. Never knows Kafka or HTTP.

pub mod batch;
pub mod guard;
pub mod process;
pub mod seams;
pub mod trace;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;
use tokio::sync::oneshot;

use crate::metrics::Metrics;
use crate::metrics::Stage;
use crate::record::Batch;
use crate::record::Outcome;
use crate::worker::batch::Core;
use crate::worker::batch::Enriched;
use crate::worker::batch::Next;
use crate::worker::guard::DeadLetterGuard;
use crate::worker::guard::LimitReached;
use crate::worker::guard::Memory;
use crate::worker::process::Processor;
use crate::worker::seams::Committed;
use crate::worker::seams::FatalError;
use crate::worker::seams::Fetch;
use crate::worker::seams::OutcomeSink;
use crate::worker::seams::RecordSource;
use crate::worker::seams::RemoteService;
use crate::worker::trace::BatchTrace;
use crate::worker::trace::Counts;
use crate::worker::trace::StageTime;
use crate::worker::trace::Tracing;

/// Why the worker stopped other than by request.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The client can go on no longer.
    #[error(transparent)]
    Fatal(#[from] FatalError),
    /// Too many dead letters; the batch that tripped the limit is not committed.
    #[error("{0}; in this batch: {1}")]
    DeadLetterLimit(LimitReached, String),
    /// The pool of threads could not be made.
    #[error("no threads for enrichment: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Told about every batch whose outcomes are delivered; counts and shows them.
pub type OnDelivered = Box<dyn FnMut(&Batch, &[Outcome]) + Send>;

/// What the flow needs beside its two ends.
pub struct Worker {
    /// One record to one outcome.
    pub processor: Arc<Processor>,
    /// Counters.
    pub metrics: Metrics,
    /// Limits on dead letters.
    pub guard: DeadLetterGuard,
    /// Wall clock, milliseconds since 1970.
    pub clock: fn() -> i64,
    /// Threads for enrichment; 0 = one a core.
    pub threads: usize,
    /// While so many bytes of records wait for a commit to end, no other batch is begun.
    pub ready_bytes_max: usize,
    /// Asks for the pages of articles that are only a URL, where they are wanted.
    pub fetch: Option<Fetch>,
    /// Services that find names or topics, in the order of the configuration.
    pub services: Vec<RemoteService>,
    /// Told about delivered batches.
    pub on_delivered: OnDelivered,
    /// Told what batches went through, where they are traced.
    pub tracing: Option<Tracing>,
}

impl Worker {
    /// Runs until the source ends; then every batch taken was committed or dropped. After an error some may be
    /// neither.
    ///
    /// # Errors
    /// Where the client can go on no longer, or too many records become dead letters.
    pub async fn run<S: RecordSource, K: OutcomeSink>(
        mut self,
        source: &mut S,
        sink: &mut K,
    ) -> Result<(), WorkerError> {
        let pool = Arc::new(
            rayon::ThreadPoolBuilder::new()
                .num_threads(self.threads)
                .thread_name(|n| format!("enrich-{n}"))
                .build()?,
        );
        let mut ready: Vec<Enriched> = Vec::new();
        let mut is_first = true;
        let mut dropped = None;
        let core = Core {
            pool,
            processor: Arc::clone(&self.processor),
            metrics: self.metrics.clone(),
            clock: self.clock,
            fetch: self.fetch.clone(),
            services: self.services.clone(),
        };
        let ready_bytes_max = self.ready_bytes_max;
        loop {
            // A failed commit ends the flow at once, however long the next batch lets wait; a failed source
            // lets the commit finish.
            let (ended, commit_ends) = oneshot::channel::<()>();
            let batches = std::mem::take(&mut ready);
            let commits = async {
                for batch in batches {
                    self.commit(sink, batch, &mut dropped).await?;
                }
                drop(ended);
                Ok(())
            };
            let next = async { Ok::<_, WorkerError>(core.ahead(source, commit_ends, ready_bytes_max).await) };
            let ((), next) = tokio::try_join!(commits, next)?;
            ready = match next? {
                Next::Batches(batches) => batches,
                Next::Unwanted(id) => {
                    source.give_up(id);
                    continue;
                }
                Next::End => return Ok(()),
            };
            if std::mem::take(&mut is_first)
                && let Some(latest) = source.notes().iter().filter_map(|note| Memory::parse(note)).max()
            {
                self.guard.recall(latest);
            }
        }
    }

    /// Commits one enriched batch, and says what it went through where that is traced.
    async fn commit<K: OutcomeSink>(
        &mut self,
        sink: &mut K,
        enriched: Enriched,
        dropped: &mut Option<u64>,
    ) -> Result<(), WorkerError> {
        let Enriched {
            batch,
            outcomes,
            stages,
        } = enriched;
        let trace = self
            .tracing
            .as_ref()
            .map(|tracing| BatchTrace::of(&batch, &outcomes, stages, tracing.links_max));
        let started = Instant::now();
        let delivered = self.deliver(sink, batch, outcomes, dropped).await;
        if let (Some(tracing), Some(mut trace)) = (&self.tracing, trace) {
            trace.stages.push(StageTime {
                stage: Stage::Commit,
                started,
                ended: Instant::now(),
            });
            trace.failure = match &delivered {
                Ok(Some(_)) => None,
                Ok(None) => Some("dropped"),
                Err(WorkerError::DeadLetterLimit(..)) => Some("dead_letter_limit"),
                Err(_) => Some("fatal"),
            };
            if let Ok(Some(outcomes)) = &delivered {
                trace.outcomes = Counts::of(outcomes);
            }
            (tracing.ended)(trace);
        }
        delivered.map(drop)
    }

    /// Delivers one batch and counts its outcomes, which are handed back; `None` where nothing of it counts. `dropped`
    /// is the epoch of the last batch of which nothing counts.
    async fn deliver<K: OutcomeSink>(
        &mut self,
        sink: &mut K,
        mut batch: Batch,
        mut outcomes: Vec<Outcome>,
        dropped: &mut Option<u64>,
    ) -> Result<Option<Vec<Outcome>>, WorkerError> {
        let epoch = batch.epoch;
        if *dropped >= Some(epoch) {
            // Its records come after those of a dropped batch, which are read again: no limit is judged by a gap.
            return Ok(None);
        }
        let before = self.guard.clone();
        let started = Instant::now();
        loop {
            // Refused by us or by the broker: the same limits hold, before anything counts.
            self.guard = before.clone();
            let admitted = self.guard.admit(&outcomes);
            let used = if admitted.is_ok() { self.guard.used() } else { 1.0 };
            self.metrics.dead_letter_limit_used(used);
            admitted.map_err(|limit| WorkerError::DeadLetterLimit(limit, told(&batch, &outcomes)))?;
            let note = self.guard.memory((self.clock)()).to_string();
            match sink.commit(batch, outcomes, note).await? {
                Committed::Done(batch, outcomes) => {
                    self.metrics
                        .stage_seconds(Stage::Commit, started.elapsed().as_secs_f64());
                    self.count(&batch, &outcomes);
                    return Ok(Some(outcomes));
                }
                Committed::Refused(again, others) => (batch, outcomes) = (again, others),
                // The records will be read again, and then they count.
                Committed::Dropped => {
                    self.guard = before;
                    *dropped = Some(epoch);
                    return Ok(None);
                }
            }
        }
    }

    fn count(&mut self, batch: &Batch, outcomes: &[Outcome]) {
        let now_ms = (self.clock)();
        for (record, outcome) in batch.records.iter().zip(outcomes) {
            self.metrics.outcome(outcome);
            if let Outcome::Enriched(output) | Outcome::PassedThrough(output) = outcome {
                self.metrics.published_bytes(output.bytes() as u64);
            }
            if let Some(timestamp_ms) = record.timestamp_ms {
                self.metrics
                    .latency_seconds((now_ms - timestamp_ms).max(0) as f64 / 1000.0);
            }
        }
        self.metrics.batch(batch.records.len(), batch.bytes);
        (self.on_delivered)(batch, outcomes);
    }
}

/// What an operator looks at where nothing is written: how many records of a batch would be dead letters, by
/// code, and which is the first.
fn told(batch: &Batch, outcomes: &[Outcome]) -> String {
    let rejections = batch
        .records
        .iter()
        .zip(outcomes)
        .filter_map(|(record, outcome)| match outcome {
            Outcome::Rejected(rejection) => Some((&record.origin, rejection)),
            _ => None,
        });
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, rejection) in rejections.clone() {
        *codes.entry(rejection.code.code()).or_default() += 1;
    }
    let codes: Vec<String> = codes
        .iter()
        .map(|(code, count)| format!("{count} {code}"))
        .collect();
    let first = rejections.into_iter().next().map(|(origin, rejection)| {
        format!(
            "; the first is {} / {} @ {}: {rejection}",
            origin.kafka_topic, origin.partition, origin.offset
        )
    });
    codes.join(", ") + &first.unwrap_or_default()
}

#[cfg(test)]
mod tests;
