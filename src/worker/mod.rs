//! The flow: batches in, outcomes out, in order. Commit of batch n overlaps enrichment of batch n+1, and
//! that is the whole of
//! back-pressure. Never knows Kafka or HTTP.

pub mod batch;
pub mod guard;
pub mod process;
pub mod seams;
pub mod trace;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;

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
        let mut enriched: Option<Enriched> = None;
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
        loop {
            // A failed commit ends the flow at once, however long the next batch lets wait; a failed source
            // lets the commit finish.
            let next = async { Ok::<_, WorkerError>(core.next(source).await) };
            let ((), next) = tokio::try_join!(self.commit(sink, enriched.take(), &mut dropped), next)?;
            enriched = match next? {
                Next::Batch(enriched) => Some(enriched),
                Next::Unwanted(id) => {
                    source.give_up(id);
                    continue;
                }
                Next::End => None,
            };
            if std::mem::take(&mut is_first)
                && let Some(latest) = source.notes().iter().filter_map(|note| Memory::parse(note)).max()
            {
                self.guard.recall(latest);
            }
            if enriched.is_none() {
                return Ok(());
            }
        }
    }

    /// Commits one enriched batch, and says what it went through where that is traced.
    async fn commit<K: OutcomeSink>(
        &mut self,
        sink: &mut K,
        enriched: Option<Enriched>,
        dropped: &mut Option<u64>,
    ) -> Result<(), WorkerError> {
        let Some(Enriched {
            batch,
            outcomes,
            stages,
        }) = enriched
        else {
            return Ok(());
        };
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
mod tests {
    use std::collections::VecDeque;
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::*;
    use crate::config::Config;
    use crate::record::Header;
    use crate::record::Origin;
    use crate::record::Record;

    /// Yields its batches, then waits for ever.
    struct Quiet(VecDeque<Batch>);

    impl RecordSource for Quiet {
        async fn next_batch(&mut self) -> Result<Option<Batch>, FatalError> {
            match self.0.pop_front() {
                Some(batch) => Ok(Some(batch)),
                None => std::future::pending().await,
            }
        }

        async fn unwanted(&self, _: u64) {
            std::future::pending().await
        }

        fn give_up(&mut self, _: u64) {}

        fn notes(&self) -> Vec<String> {
            Vec::new()
        }
    }

    struct Broken;

    impl OutcomeSink for Broken {
        async fn commit(&mut self, _: Batch, _: Vec<Outcome>, _: String) -> Result<Committed, FatalError> {
            Err(FatalError("fenced".to_owned()))
        }
    }

    /// Drops the first batch, as if its transaction had failed, and delivers all others.
    struct Failing {
        failed: bool,
    }

    impl OutcomeSink for Failing {
        async fn commit(
            &mut self,
            batch: Batch,
            outcomes: Vec<Outcome>,
            _: String,
        ) -> Result<Committed, FatalError> {
            if !std::mem::replace(&mut self.failed, true) {
                return Ok(Committed::Dropped);
            }
            Ok(Committed::Done(batch, outcomes))
        }
    }

    fn worker(run_length_max: u32) -> Worker {
        Worker {
            processor: Arc::new(Processor::new(&Config::default()).unwrap()),
            metrics: Metrics::new().unwrap(),
            guard: DeadLetterGuard::new(1.0, run_length_max, 1),
            clock: || 0,
            threads: 1,
            fetch: None,
            services: Vec::new(),
            on_delivered: Box::new(|_, _| ()),
            tracing: None,
        }
    }

    #[tokio::test]
    async fn a_batch_behind_a_dropped_one_counts_in_no_limit() {
        let broken = |epoch| {
            let mut batch = Batch { epoch, ..batch() };
            batch.records[0].value = Some(b"{ not json".to_vec());
            batch
        };
        // The second is of the epoch that ended with the first, and is read again after it.
        let batches = [batch(), broken(1), Batch { epoch: 2, ..batch() }, broken(2)];
        let (delivered, counted) = std::sync::mpsc::channel();
        let worker = Worker {
            on_delivered: Box::new(move |batch, _| delivered.send(batch.epoch).unwrap()),
            ..worker(1)
        };
        let (mut source, mut sink) = (Quiet(VecDeque::from(batches)), Failing { failed: false });
        let result = worker.run(&mut source, &mut sink).await;
        assert!(
            matches!(result, Err(WorkerError::DeadLetterLimit(..))),
            "{result:?}"
        );
        let told = result.unwrap_err().to_string();
        assert!(
            told.contains("in this batch: 1 invalid_json; the first is in / 0 @ 0: invalid_json: "),
            "{told}"
        );
        assert_eq!(counted.try_iter().collect::<Vec<_>>(), [2]);
    }

    fn batch() -> Batch {
        let record = Record {
            origin: Origin {
                kafka_topic: Arc::from("in"),
                partition: 0,
                offset: 0,
            },
            timestamp_ms: None,
            key: None,
            value: None,
            headers: Vec::new(),
        };
        Batch {
            id: 1,
            epoch: 1,
            bytes: record.bytes(),
            records: vec![record],
        }
    }

    #[tokio::test]
    async fn what_a_batch_went_through_is_told_however_it_ends() {
        let broken = || {
            let mut broken = Batch { epoch: 2, ..batch() };
            broken.records[0].value = Some(b"{ not json".to_vec());
            broken
        };
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let mut linked = Batch { epoch: 2, ..batch() };
        linked.records[0].headers = vec![Header::text("traceparent", parent)];
        let (sender, told) = std::sync::mpsc::channel();
        let sender = std::sync::Mutex::new(sender);
        let worker = Worker {
            tracing: Some(Tracing {
                links_max: 1,
                ended: Arc::new(move |trace| sender.lock().unwrap().send(trace).unwrap()),
            }),
            ..worker(1)
        };
        let batches = VecDeque::from([batch(), linked, broken()]);
        let (mut source, mut sink) = (Quiet(batches), Failing { failed: false });
        worker.run(&mut source, &mut sink).await.unwrap_err();
        let told: Vec<BatchTrace> = told.try_iter().collect();
        let failures: Vec<_> = told.iter().map(|trace| trace.failure).collect();
        assert_eq!(failures, [Some("dropped"), None, Some("dead_letter_limit")]);
        assert_eq!(told[1].producers[0].flags, 1);
        assert_eq!(
            (told[1].outcomes.passed_through, told[2].outcomes.rejected),
            (1, 1)
        );
        for trace in &told {
            let stages: Vec<_> = trace.stages.iter().map(|time| time.stage).collect();
            assert_eq!(stages, [Stage::Fetch, Stage::Enrich, Stage::Commit]);
            assert!(trace.stages.is_sorted_by_key(|time| time.started));
            assert_eq!((trace.kafka_topic.as_deref(), trace.records), (Some("in"), 1));
        }
    }

    #[tokio::test]
    async fn a_failed_commit_ends_the_flow_though_no_more_records_come() {
        let worker = worker(0);
        let (mut source, mut sink) = (Quiet(VecDeque::from([batch()])), Broken);
        let result = tokio::time::timeout(Duration::from_secs(60), worker.run(&mut source, &mut sink)).await;
        assert!(matches!(result, Ok(Err(WorkerError::Fatal(_)))), "{result:?}");
    }

    /// Yields one batch again and again; nobody wants it the first time.
    struct Changing {
        yielded: u64,
        asked: Arc<AtomicU64>,
        given_up: Vec<u64>,
    }

    impl RecordSource for Changing {
        async fn next_batch(&mut self) -> Result<Option<Batch>, FatalError> {
            self.yielded += 1;
            let (id, epoch) = (self.yielded, self.yielded);
            let mut batch = Batch { id, epoch, ..batch() };
            batch.records[0].value = Some(b"Rain fell on Oslo.".to_vec());
            Ok((id <= 2).then_some(batch))
        }

        async fn unwanted(&self, id: u64) {
            while id > 1 || self.asked.load(Ordering::Relaxed) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }

        fn give_up(&mut self, id: u64) {
            self.given_up.push(id);
        }

        fn notes(&self) -> Vec<String> {
            Vec::new()
        }
    }

    #[tokio::test]
    async fn a_batch_that_waits_for_a_service_is_given_up_once_nobody_wants_it() {
        let (asked, delivered) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (asks, counts) = (Arc::clone(&asked), Arc::clone(&delivered));
        let service = RemoteService {
            config: Arc::default(),
            ask: Arc::new(move |questions| {
                let is_first = asks.fetch_add(1, Ordering::Relaxed) == 0;
                Box::pin(async move {
                    if is_first {
                        std::future::pending::<()>().await;
                    }
                    questions.iter().map(|_| Err("timeout")).collect()
                })
            }),
        };
        let worker = Worker {
            services: vec![service],
            on_delivered: Box::new(move |batch, outcomes| {
                assert!(batch.id == 2 && batch.records.len() == 1);
                assert!(matches!(outcomes, [Outcome::Enriched(_)]), "{outcomes:?}");
                counts.fetch_add(1, Ordering::Relaxed);
            }),
            ..worker(0)
        };
        let mut source = Changing {
            yielded: 0,
            asked: Arc::clone(&asked),
            given_up: Vec::new(),
        };
        let mut sink = Failing { failed: true };
        worker.run(&mut source, &mut sink).await.unwrap();
        assert_eq!(source.given_up, [1]);
        let counted = [asked, delivered].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(counted, [2, 1]);
    }
}
