//! The flow between a source and a sink of memory: what is joined, dropped, counted and told. Never a broker.

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

    async fn filled(&self) {
        if self.0.is_empty() {
            std::future::pending().await
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
        ready_bytes_max: 1 << 20,
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

    async fn filled(&self) {}

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

/// Its first commit lasts until `last` is taken from the source; tells what it commits: ids, and how many records.
struct Slow {
    last: u64,
    taken: Arc<AtomicU64>,
    committed: Vec<(u64, usize)>,
}

impl OutcomeSink for Slow {
    async fn commit(
        &mut self,
        batch: Batch,
        outcomes: Vec<Outcome>,
        _: String,
    ) -> Result<Committed, FatalError> {
        assert_eq!(batch.records.len(), outcomes.len());
        assert_eq!(
            batch.bytes,
            batch.records.iter().map(Record::bytes).sum::<usize>()
        );
        while self.committed.is_empty() && self.taken.load(Ordering::Relaxed) < self.last {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.committed.push((batch.id, batch.records.len()));
        Ok(Committed::Done(batch, outcomes))
    }
}

/// Yields a batch of one record for each of the epochs, all of which are full at once; epoch 0 is one of epoch 1 whose
/// record becomes a dead letter.
struct Full {
    epochs: VecDeque<u64>,
    taken: Arc<AtomicU64>,
}

impl RecordSource for Full {
    async fn next_batch(&mut self) -> Result<Option<Batch>, FatalError> {
        let Some(epoch) = self.epochs.pop_front() else {
            return Ok(None);
        };
        let id = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        let value: &[u8] = match epoch {
            0 => b"{ not json",
            _ => b"Rain fell on Oslo.",
        };
        let mut batch = Batch {
            id,
            epoch: epoch.max(1),
            ..batch()
        };
        batch.records[0].value = Some(value.to_vec());
        batch.bytes = batch.records[0].bytes();
        Ok(Some(batch))
    }

    async fn filled(&self) {}

    async fn unwanted(&self, _: u64) {
        std::future::pending().await
    }

    fn give_up(&mut self, _: u64) {}

    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

#[tokio::test]
async fn what_is_enriched_while_a_commit_lasts_goes_with_the_next() {
    let one = b"Rain fell on Oslo.".len();
    for (epochs, ready_bytes_max, last, committed) in [
        // As many as are full.
        (&[1, 1, 1, 1][..], usize::MAX, 4, &[(1, 1), (4, 3)][..]),
        // No more than may wait.
        (&[1, 1, 1, 1], 2 * one, 3, &[(1, 1), (3, 2), (4, 1)]),
        (&[1, 1, 1], 0, 2, &[(1, 1), (2, 1), (3, 1)]),
        // Never batches of two epochs.
        (&[1, 1, 2, 2], usize::MAX, 4, &[(1, 1), (2, 1), (4, 2)]),
        // Dead letters alone: their limit stops before them.
        (
            &[1, 1, 1, 0, 1, 1],
            usize::MAX,
            6,
            &[(1, 1), (3, 2), (4, 1), (6, 2)],
        ),
    ] {
        let taken = Arc::new(AtomicU64::new(0));
        let mut source = Full {
            epochs: epochs.iter().copied().collect(),
            taken: Arc::clone(&taken),
        };
        let mut sink = Slow {
            last,
            taken,
            committed: Vec::new(),
        };
        let worker = Worker {
            ready_bytes_max,
            ..worker(0)
        };
        worker.run(&mut source, &mut sink).await.unwrap();
        assert_eq!(sink.committed, committed, "{epochs:?}");
    }
}
