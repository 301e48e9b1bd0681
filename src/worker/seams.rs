//! The two edges of the flow, as traits that carry batches. Never knows what stands behind them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;

use crate::config::EnricherConfig;
use crate::enrich::remote::Findings;
use crate::enrich::remote::Question;
use crate::record::Batch;
use crate::record::Outcome;

/// The client can go on no longer: ours or the broker's trouble that retrying does not mend.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct FatalError(pub String);

/// Where batches come from.
pub trait RecordSource: Send {
    /// The next batch, or `None` once the source has ended (shutdown, or the end of a backfill).
    fn next_batch(&mut self) -> impl Future<Output = Result<Option<Batch>, FatalError>> + Send;

    /// Ends once a full batch waits. May be asked again and again, and left unanswered.
    fn filled(&self) -> impl Future<Output = ()> + Send;

    /// Ends once nobody wants the batch of this id any more: its epoch has ended, its partitions are being revoked, or
    /// the worker is to stop. Who waits for services outside waits no longer then.
    fn unwanted(&self, id: u64) -> impl Future<Output = ()> + Send;

    /// The batch of this id will not be committed: its records are left to whoever owns them next.
    fn give_up(&mut self, id: u64);

    /// The notes that were committed with the offsets from which reading went on.
    fn notes(&self) -> Vec<String>;
}

/// A page as it came over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedPage {
    /// The bytes, compressed or not.
    pub body: Vec<u8>,
    /// The `content-type` header.
    pub content_type: Option<String>,
}

/// The page that is asked for, or a word of a closed list for why there is none.
pub type PageAnswer = Result<FetchedPage, &'static str>;

/// Asks for the page at a URL. Bounded in time and bytes by whoever stands behind it.
pub type Fetch = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = PageAnswer> + Send>> + Send + Sync>;

/// What a service found in one article, or a word or phrase of a closed list for why there is nothing.
pub type Answered = Result<Findings, &'static str>;

/// Asks a service about articles: one answer for each, in order.
pub type Ask =
    Arc<dyn Fn(Vec<Question>) -> Pin<Box<dyn Future<Output = Vec<Answered>> + Send>> + Send + Sync>;

/// A service that finds names or topics.
#[derive(Clone)]
pub struct RemoteService {
    /// What it is there for, and what happens without it.
    pub config: Arc<EnricherConfig>,
    /// Asks it.
    pub ask: Ask,
}

/// What became of a batch at the sink.
#[derive(Debug, PartialEq, Eq)]
pub enum Committed {
    /// Every outcome is delivered and the offsets are committed.
    Done(Batch, Vec<Outcome>),
    /// Nothing of it counts yet: the broker refused records, whose outcomes are dead letters now. The batch is to be
    /// committed again with these outcomes, or not at all.
    Refused(Batch, Vec<Outcome>),
    /// Nothing of it counts: its epoch ended or its commit failed; the records will be read again by whoever
    /// owns them.
    Dropped,
}

/// Where outcomes go. Batches are committed in the order they were taken.
pub trait OutcomeSink: Send {
    /// Publishes the outcomes and commits the batch's offsets with a note, as one.
    fn commit(
        &mut self,
        batch: Batch,
        outcomes: Vec<Outcome>,
        note: String,
    ) -> impl Future<Output = Result<Committed, FatalError>> + Send;
}
