//! `Worker::run` between a source and a sink in memory: order, one outcome a record, retry, the dead-letter
//! limit, overlap.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use dateline::article::Rejection;
use dateline::article::RejectionCode;
use dateline::metrics::Metrics;
use dateline::metrics::Stage;
use dateline::record::Batch;
use dateline::record::Outcome;
use dateline::record::Record;
use dateline::worker::Worker;
use dateline::worker::WorkerError;
use dateline::worker::guard::DeadLetterGuard;
use dateline::worker::seams::Committed;
use dateline::worker::seams::FatalError;
use dateline::worker::seams::OutcomeSink;
use dateline::worker::seams::RecordSource;

use super::articles::NOW_MS;
use super::articles::PROCESSOR;
use super::articles::published;
use super::articles::record;

const BATCH_RECORDS: usize = 5;
const DEADLINE: Duration = Duration::from_secs(30);

/// What both ends see: the records to come, where reading stands, and what was committed.
#[derive(Default)]
struct Topic {
    records: Vec<Record>,
    position: usize,
    epoch: u64,
    batches: u64,
    committed: Vec<(Record, Outcome)>,
    notes: Vec<String>,
}

type Shared = Arc<Mutex<Topic>>;

/// Yields the records in batches, from wherever the position stands.
struct VecSource {
    topic: Shared,
    fails_at_end: bool,
}

impl RecordSource for VecSource {
    async fn next_batch(&mut self) -> Result<Option<Batch>, FatalError> {
        let mut topic = self.topic.lock().unwrap();
        let from = topic.position;
        let records: Vec<Record> = topic
            .records
            .iter()
            .skip(from)
            .take(BATCH_RECORDS)
            .cloned()
            .collect();
        if records.is_empty() {
            return match self.fails_at_end {
                true => Err(FatalError("the source is broken".to_owned())),
                false => Ok(None),
            };
        }
        topic.position += records.len();
        topic.batches += 1;
        Ok(Some(Batch {
            id: topic.batches,
            epoch: topic.epoch,
            bytes: records.iter().map(Record::bytes).sum(),
            records,
        }))
    }

    async fn filled(&self) {
        let has_more = {
            let topic = self.topic.lock().unwrap();
            topic.position < topic.records.len()
        };
        if !has_more {
            std::future::pending().await
        }
    }

    async fn unwanted(&self, _: u64) {
        std::future::pending().await
    }

    fn give_up(&mut self, _: u64) {}

    fn notes(&self) -> Vec<String> {
        self.topic.lock().unwrap().notes.clone()
    }
}

/// Keeps what is committed and the notes; fails at the attempts named.
struct MemorySink {
    topic: Shared,
    metrics: Metrics,
    attempts: u64,
    fail_at: Vec<u64>,
    /// Offsets of articles that the broker refuses, one more at each attempt.
    refuse: Vec<i64>,
    /// Every commit but that of the last records waits until the batch after it is enriched.
    overlapping: bool,
}

impl MemorySink {
    fn enriched(&self) -> u64 {
        let stages = self.metrics.totals().stages;
        let enrich = stages.iter().find(|(stage, ..)| *stage == Stage::Enrich);
        enrich.map_or(0, |(_, batches, _)| *batches)
    }
}

impl OutcomeSink for MemorySink {
    async fn commit(
        &mut self,
        batch: Batch,
        mut outcomes: Vec<Outcome>,
        note: String,
    ) -> Result<Committed, FatalError> {
        self.attempts += 1;
        let last = batch.records.last().unwrap().origin.offset + 1;
        let is_more = usize::try_from(last).unwrap() < self.topic.lock().unwrap().records.len();
        while self.overlapping && is_more && self.enriched() <= self.attempts {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut topic = self.topic.lock().unwrap();
        if batch.epoch != topic.epoch {
            return Ok(Committed::Dropped);
        }
        if self.fail_at.contains(&self.attempts) {
            // As after an abort: nothing uncommitted counts, and reading goes on at what is committed.
            topic.epoch += 1;
            topic.position = topic.committed.len();
            return Ok(Committed::Dropped);
        }
        for (record, outcome) in batch.records.iter().zip(&mut outcomes) {
            if self.refuse.contains(&record.origin.offset) && !matches!(outcome, Outcome::Rejected(_)) {
                let code = RejectionCode::TimestampRefused;
                *outcome = Outcome::Rejected(Rejection::new(code, "refused"));
                return Ok(Committed::Refused(batch, outcomes));
            }
        }
        let pairs = batch.records.iter().cloned().zip(outcomes.iter().cloned());
        topic.committed.extend(pairs);
        topic.notes.push(note);
        Ok(Committed::Done(batch, outcomes))
    }
}

/// A run of the worker over `values`: the two ends, and what the worker counts.
struct Run {
    topic: Shared,
    source: VecSource,
    sink: MemorySink,
    metrics: Metrics,
    told: Arc<Mutex<Vec<i64>>>,
    guard: DeadLetterGuard,
    ready_bytes_max: usize,
}

impl Run {
    fn over(values: impl IntoIterator<Item = Option<String>>) -> Self {
        let records = values.into_iter().zip(0..).map(|(value, offset)| Record {
            value: value.map(String::into_bytes),
            ..record(offset, "", None)
        });
        let topic = Arc::new(Mutex::new(Topic {
            records: records.collect(),
            ..Topic::default()
        }));
        let metrics = Metrics::new().unwrap();
        Self {
            source: VecSource {
                topic: Arc::clone(&topic),
                fails_at_end: false,
            },
            sink: MemorySink {
                topic: Arc::clone(&topic),
                metrics: metrics.clone(),
                attempts: 0,
                fail_at: Vec::new(),
                refuse: Vec::new(),
                overlapping: false,
            },
            topic,
            metrics,
            told: Arc::default(),
            guard: DeadLetterGuard::new(1.0, 0, 10),
            ready_bytes_max: 1 << 20,
        }
    }

    fn run(&mut self) -> Result<(), WorkerError> {
        let told = Arc::clone(&self.told);
        let worker = Worker {
            processor: Arc::clone(&PROCESSOR),
            metrics: self.metrics.clone(),
            guard: self.guard.clone(),
            clock: || NOW_MS,
            fetch: None,
            services: Vec::new(),
            threads: 2,
            ready_bytes_max: self.ready_bytes_max,
            tracing: None,
            on_delivered: Box::new(move |batch, outcomes| {
                assert_eq!(batch.records.len(), outcomes.len());
                told.lock()
                    .unwrap()
                    .extend(batch.records.iter().map(|r| r.origin.offset));
            }),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let run = worker.run(&mut self.source, &mut self.sink);
        runtime
            .block_on(async { tokio::time::timeout(DEADLINE, run).await })
            .expect("the worker waits for ever")
    }

    /// Offsets committed, in the order of the commits.
    fn committed(&self) -> Vec<i64> {
        let topic = self.topic.lock().unwrap();
        topic.committed.iter().map(|(r, _)| r.origin.offset).collect()
    }

    fn told(&self) -> Vec<i64> {
        self.told.lock().unwrap().clone()
    }
}

fn article(n: i64) -> Option<String> {
    Some(format!(
        r#"{{"id": "{n}", "title": "Rain in Paris", "body": "It rained in Paris on Monday."}}"#
    ))
}

fn articles(count: i64) -> impl Iterator<Item = Option<String>> {
    (0..count).map(article)
}

fn offsets(count: i64) -> Vec<i64> {
    (0..count).collect()
}

#[test]
fn order_is_kept_and_every_record_has_its_own_outcome() {
    let mut run = Run::over(articles(23));
    run.run().unwrap();
    assert_eq!(run.committed(), offsets(23));
    assert_eq!(run.told(), offsets(23));
    for (record, outcome) in &run.topic.lock().unwrap().committed {
        let published = published(outcome).unwrap();
        assert_eq!(published["id"], record.origin.offset.to_string());
        assert_eq!(published["provenance"]["source"]["offset"], record.origin.offset);
    }
}

#[test]
fn every_outcome_is_counted_once() {
    let values = (0..30).map(|n| match n % 3 {
        0 => article(n),
        1 => None,
        _ => Some("{".to_owned()),
    });
    let mut run = Run::over(values);
    run.run().unwrap();
    let totals = run.metrics.totals();
    assert_eq!(
        (totals.enriched, totals.passed_through, totals.rejected_all()),
        (10, 10, 10)
    );
    assert_eq!(totals.latency.count, 30);
    for (n, (_, outcome)) in run.topic.lock().unwrap().committed.iter().enumerate() {
        let expected = match outcome {
            Outcome::Enriched(_) => 0,
            Outcome::PassedThrough(_) => 1,
            Outcome::Rejected(_) => 2,
            Outcome::Skipped(_) => 3,
        };
        assert_eq!(n % 3, expected, "record {n}: {outcome:?}");
    }
}

#[test]
fn a_commit_that_fails_loses_nothing_and_counts_nothing_twice() {
    for (overlapping, ready_bytes_max) in [(false, 0), (true, 0), (true, 1 << 20)] {
        for fail_at in [vec![1], vec![2], vec![2, 3, 4], vec![5], vec![1, 3, 5, 7]] {
            let mut run = Run::over(articles(23));
            run.sink.overlapping = overlapping;
            run.ready_bytes_max = ready_bytes_max;
            run.sink.fail_at.clone_from(&fail_at);
            run.run().unwrap();
            assert_eq!(run.committed(), offsets(23), "{fail_at:?}");
            assert_eq!(run.told(), offsets(23), "{fail_at:?}");
            assert_eq!(run.metrics.totals().enriched, 23, "{fail_at:?}");
            // Where batches overlap, the one behind a failed one is stale: it takes an attempt and is dropped. Joined
            // batches take fewer.
            let batches = 23_u64.div_ceil(BATCH_RECORDS as u64);
            let is_joined = ready_bytes_max > 0;
            assert!(
                is_joined || run.sink.attempts > batches,
                "{fail_at:?}: no commit failed"
            );
        }
    }
}

#[test]
fn the_last_batch_is_committed_when_the_source_ends() {
    for count in [0, 1, 5, 6] {
        let mut run = Run::over(articles(count));
        run.run().unwrap();
        assert_eq!(run.committed(), offsets(count));
    }
}

#[test]
fn the_dead_letter_limit_stops_before_the_commit() {
    let broken = std::iter::repeat_n(Some("{".to_owned()), 10);
    let mut run = Run::over(articles(8).chain(broken).chain(articles(5)));
    run.guard = DeadLetterGuard::new(1.0, 4, 10);
    let stopped = run.run().unwrap_err();
    assert!(matches!(stopped, WorkerError::DeadLetterLimit(..)), "{stopped}");
    // Records 8 to 11 trip the limit, in the batch 10 to 14; the one before is committed, two of its
    // records dead letters.
    assert_eq!(run.committed(), offsets(10));
    assert_eq!(run.metrics.totals().rejected_all(), 2);
}

#[test]
fn records_that_the_broker_refuses_count_towards_the_limit_before_the_commit() {
    // Three in a row are refused in the second batch; with the broken one before them they trip the limit.
    let values = |n| (0..n).map(|n| if n == 5 { Some("{".to_owned()) } else { article(n) });
    let mut run = Run::over(values(20));
    run.guard = DeadLetterGuard::new(1.0, 4, 10);
    run.sink.refuse = vec![6, 7, 8];
    let stopped = run.run().unwrap_err();
    assert!(matches!(stopped, WorkerError::DeadLetterLimit(..)), "{stopped}");
    assert_eq!(run.committed(), offsets(5));
    assert_eq!(run.metrics.totals().rejected_all(), 0);
    // One less: the batch is committed, and each counts once.
    let mut run = Run::over(values(20));
    run.guard = DeadLetterGuard::new(1.0, 4, 10);
    run.sink.refuse = vec![6, 7, 12];
    run.run().unwrap();
    assert_eq!(run.committed(), offsets(20));
    assert_eq!(run.told(), offsets(20));
    assert_eq!(run.metrics.totals().rejected_all(), 4);
}

#[test]
fn a_restart_meets_the_batch_that_tripped_the_limit_and_stops_again() {
    let broken = std::iter::repeat_n(Some("{".to_owned()), 40);
    let mut run = Run::over(articles(7).chain(broken));
    run.guard = DeadLetterGuard::new(1.0, 12, 10);
    for _ in 0..3 {
        assert!(matches!(run.run(), Err(WorkerError::DeadLetterLimit(..))));
        // Three batches of broken records are within the limit; a restart does not give another three.
        assert_eq!(run.committed(), offsets(15));
        run.topic.lock().unwrap().position = 15;
    }
}

#[test]
fn a_dropped_batch_does_not_count_twice_towards_the_limit() {
    let broken = std::iter::repeat_n(Some("{".to_owned()), BATCH_RECORDS);
    let mut run = Run::over(broken.chain(articles(5)));
    run.guard = DeadLetterGuard::new(1.0, 8, 10);
    run.sink.fail_at = vec![1, 2, 3];
    run.run().unwrap();
    assert_eq!(run.committed(), offsets(10));
    assert_eq!(run.metrics.totals().rejected_all(), 5);
}

#[test]
fn the_next_batch_is_taken_and_enriched_while_a_commit_is_pending() {
    let mut run = Run::over(articles(23));
    // A flow that did one after the other would wait for ever.
    run.sink.overlapping = true;
    run.run().unwrap();
    assert_eq!(run.committed(), offsets(23));
}

#[test]
fn a_broken_source_ends_the_worker_after_the_batch_in_hand() {
    let mut run = Run::over(articles(10));
    run.source.fails_at_end = true;
    let stopped = run.run().unwrap_err();
    assert!(matches!(stopped, WorkerError::Fatal(_)), "{stopped}");
    assert_eq!(run.committed(), offsets(10));
}
