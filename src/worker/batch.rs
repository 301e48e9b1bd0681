//! Records into outcomes, over all cores, order kept; between pure steps the whole batch waits for what services
//! outside have to say. Never knows Kafka or HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::metrics::Metrics;
use crate::metrics::Stage;
use crate::metrics::StepTimer;
use crate::record::Batch;
use crate::record::Outcome;
use crate::record::Record;
use crate::worker::process::Draft;
use crate::worker::process::Fetched;
use crate::worker::process::Processor;
use crate::worker::process::Reply;
use crate::worker::seams::FatalError;
use crate::worker::seams::Fetch;
use crate::worker::seams::RecordSource;
use crate::worker::seams::RemoteService;
use crate::worker::trace::StageTime;

/// What turns batches into outcomes; clones share it.
#[derive(Clone)]
pub struct Core {
    /// Threads for the pure steps.
    pub pool: Arc<rayon::ThreadPool>,
    /// One record to one outcome.
    pub processor: Arc<Processor>,
    /// Takes the timings.
    pub metrics: Metrics,
    /// Wall clock, milliseconds since 1970.
    pub clock: fn() -> i64,
    /// Asks for the pages of articles that are only a URL, where they are wanted.
    pub fetch: Option<Fetch>,
    /// Services that find names or topics, in the order of the configuration.
    pub services: Vec<RemoteService>,
}

/// A batch on its way to the sink.
pub(super) struct Enriched {
    pub(super) batch: Batch,
    pub(super) outcomes: Vec<Outcome>,
    /// The stages behind it.
    pub(super) stages: Vec<StageTime>,
}

impl Enriched {
    /// Takes in what comes right after it; hands it back where an epoch ended between, or either has dead letters: the
    /// batch that reaches their limit must not keep others from being committed.
    fn join(&mut self, next: Self) -> Option<Self> {
        if self.has_dead_letters() || next.has_dead_letters() {
            return Some(next);
        }
        let Self {
            batch,
            outcomes,
            stages,
        } = next;
        if let Some(batch) = self.batch.join(batch) {
            return Some(Self {
                batch,
                outcomes,
                stages,
            });
        }
        self.outcomes.extend(outcomes);
        self.stages.extend(stages);
        None
    }

    fn has_dead_letters(&self) -> bool {
        self.outcomes
            .iter()
            .any(|outcome| matches!(outcome, Outcome::Rejected(_)))
    }
}

/// What comes next.
pub(super) enum Next {
    /// Batches and their outcomes, in order; those that can be committed as one are one.
    Batches(Vec<Enriched>),
    /// The batch of this id, which nobody wants any more.
    Unwanted(u64),
    /// Nothing: the source has ended.
    End,
}

/// What becomes of the next batch alone.
enum One {
    Batch(Enriched),
    Unwanted(u64),
    End,
}

/// What the pure steps before the services leave of one record.
type Drafted = Result<Box<Draft>, Outcome>;

impl Core {
    /// The next batch of a source, and, while `commit_ends` is open, those that follow and are full by then, until they
    /// hold `bytes_max`.
    pub(super) async fn ahead<S: RecordSource>(
        &self,
        source: &mut S,
        mut commit_ends: oneshot::Receiver<()>,
        bytes_max: usize,
    ) -> Result<Next, FatalError> {
        let mut ready: Vec<Enriched> = Vec::new();
        loop {
            match self.next(source).await? {
                One::Batch(next) => {
                    let apart = match ready.last_mut() {
                        Some(last) => last.join(next),
                        None => Some(next),
                    };
                    ready.extend(apart);
                }
                // It ends the epoch of those before it too.
                One::Unwanted(id) => return Ok(Next::Unwanted(id)),
                // The source says so again.
                One::End if !ready.is_empty() => break,
                One::End => return Ok(Next::End),
            }
            if ready.iter().map(|enriched| enriched.batch.bytes).sum::<usize>() >= bytes_max {
                break;
            }
            tokio::select! {
                biased;
                _ = &mut commit_ends => break,
                () = source.filled() => {}
            }
        }
        Ok(Next::Batches(ready))
    }

    /// The next batch of a source. While it waits for services outside, polling does not; and it waits no longer than
    /// somebody wants it.
    async fn next<S: RecordSource>(&self, source: &mut S) -> Result<One, FatalError> {
        let waited = Instant::now();
        let Some(mut batch) = source.next_batch().await? else {
            return Ok(One::End);
        };
        let taken = Instant::now();
        self.metrics
            .stage_seconds(Stage::Fetch, (taken - waited).as_secs_f64());
        let records = Arc::new(std::mem::take(&mut batch.records));
        let outcomes = if self.fetch.is_none() && self.services.is_empty() {
            self.outcomes(&records).await?
        } else {
            tokio::select! {
                outcomes = self.outcomes(&records) => outcomes?,
                () = source.unwanted(batch.id) => return Ok(One::Unwanted(batch.id)),
            }
        };
        batch.records = Arc::unwrap_or_clone(records);
        let time = |stage, started, ended| StageTime {
            stage,
            started,
            ended,
        };
        Ok(One::Batch(Enriched {
            batch,
            outcomes,
            stages: vec![
                time(Stage::Fetch, waited, taken),
                time(Stage::Enrich, taken, Instant::now()),
            ],
        }))
    }

    /// One outcome for each record, in order.
    ///
    /// # Errors
    /// Where the pure steps panicked beside the records.
    pub async fn outcomes(&self, records: &Arc<Vec<Record>>) -> Result<Vec<Outcome>, FatalError> {
        let pages = match &self.fetch {
            Some(fetch) => self.pages(records, fetch).await,
            None => BTreeMap::new(),
        };
        let (core, batch) = (self.clone(), Arc::clone(records));
        if self.services.is_empty() {
            return blocking(move || core.enrich(&batch, &pages)).await;
        }
        let (drafts, seconds) = blocking(move || core.draft(&batch, &pages)).await?;
        let replies = self.replies(&drafts).await;
        let (core, batch) = (self.clone(), Arc::clone(records));
        blocking(move || core.finish(&batch, drafts, replies, seconds)).await
    }

    /// The pages of the records that are only a URL, by their place in the batch.
    async fn pages(&self, records: &[Record], fetch: &Fetch) -> BTreeMap<usize, Fetched> {
        let mut asked = JoinSet::new();
        for (place, record) in records.iter().enumerate() {
            let Some(url) = self.processor.url_only(record) else {
                continue;
            };
            let (answer, processor) = (fetch(url), Arc::clone(&self.processor));
            asked.spawn(async move {
                let answer = answer.await;
                let read = tokio::task::spawn_blocking(move || processor.read_page(answer)).await;
                (place, read.unwrap_or(Fetched::Failed("panicked")))
            });
        }
        asked.join_all().await.into_iter().collect()
    }

    /// What every service says of each article, all at once; by place, in the order of the services.
    async fn replies(&self, drafts: &[Drafted]) -> Vec<Vec<Reply>> {
        let mut asked = JoinSet::new();
        for (number, service) in self.services.iter().enumerate() {
            let drafts = drafts.iter().enumerate();
            let questions = drafts.filter_map(|(place, draft)| {
                let question = draft.as_ref().ok()?.question(&service.config)?;
                Some((place, question))
            });
            let (places, questions): (Vec<usize>, Vec<_>) = questions.unzip();
            if questions.is_empty() {
                continue;
            }
            let answers = (service.ask)(questions);
            asked.spawn(async move { (number, places, answers.await) });
        }
        let mut all = asked.join_all().await;
        all.sort_by_key(|(number, ..)| *number);
        let mut replies: Vec<Vec<Reply>> = drafts.iter().map(|_| Vec::new()).collect();
        for (number, places, answers) in all {
            let Some(service) = self.services.get(number) else {
                continue;
            };
            for (place, answer) in places.into_iter().zip(answers) {
                if let Some(replies) = replies.get_mut(place) {
                    replies.push((Arc::clone(&service.config), answer));
                }
            }
        }
        replies
    }

    fn enrich(&self, records: &[Record], pages: &BTreeMap<usize, Fetched>) -> Vec<Outcome> {
        let started = Instant::now();
        let now_ms = (self.clock)();
        let outcomes = self.pool.install(|| {
            let all = records.par_iter().enumerate();
            let one = |timer: &mut StepTimer, (place, record)| {
                timer.start();
                self.processor
                    .process_fetched(record, pages.get(&place), now_ms, timer)
            };
            all.map_init(|| self.metrics.step_timer(), one).collect()
        });
        self.metrics
            .stage_seconds(Stage::Enrich, started.elapsed().as_secs_f64());
        outcomes
    }

    /// All that comes before the services, and the seconds that it took.
    fn draft(&self, records: &[Record], pages: &BTreeMap<usize, Fetched>) -> (Vec<Drafted>, f64) {
        let started = Instant::now();
        let drafts = self.pool.install(|| {
            let all = records.par_iter().enumerate();
            let one = |timer: &mut StepTimer, (place, record)| {
                timer.start();
                self.processor.draft(record, pages.get(&place), timer)
            };
            all.map_init(|| self.metrics.step_timer(), one).collect()
        });
        (drafts, started.elapsed().as_secs_f64())
    }

    /// All that comes after the services; `seconds` is what came before.
    fn finish(
        &self,
        records: &[Record],
        drafts: Vec<Drafted>,
        replies: Vec<Vec<Reply>>,
        seconds: f64,
    ) -> Vec<Outcome> {
        let started = Instant::now();
        let now_ms = (self.clock)();
        let outcomes = self.pool.install(|| {
            let all = records.par_iter().zip(drafts).zip(replies);
            let one = |timer: &mut StepTimer,
                       ((record, draft), replies): ((&Record, Drafted), Vec<Reply>)| {
                timer.start();
                match draft {
                    Ok(draft) => self.processor.finish(*draft, replies, record, (now_ms, timer)),
                    Err(outcome) => outcome,
                }
            };
            all.map_init(|| self.metrics.step_timer(), one).collect()
        });
        self.metrics
            .stage_seconds(Stage::Enrich, seconds + started.elapsed().as_secs_f64());
        outcomes
    }
}

/// Work for the cores, off the threads that wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FatalError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| FatalError(format!("enrichment of a batch panicked: {error}")))
}
