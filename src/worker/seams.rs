//! The two edges of the flow, as traits that carry batches. Never knows what stands behind them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;

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
