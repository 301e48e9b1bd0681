//! Points at which the process dies when it is told to, for the proofs of delivery. Only a build with the feature
//! `fail-points` can be told; in any other a point is nothing at all.

/// A moment that a crash must not turn into loss or doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailPoint {
    /// Outputs are handed to the client, and none is known to be acknowledged.
    Produced,
    /// All is acknowledged; the offsets are in no transaction yet.
    BeforeOffsets,
    /// All is there but the commit; in a transaction, the offsets too.
    BeforeCommit,
    /// Committed, and nobody here knows it yet.
    AfterCommit,
    /// In the callback that takes partitions away.
    Revoke,
    /// In the callback that gives partitions.
    Assign,
}

/// Dies here if `DATELINE_FAIL_POINT` is `name@n` and this is the `n`-th time that the point of that name is reached.
#[cfg(feature = "fail-points")]
pub(crate) fn reach(point: FailPoint) {
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering;

    static REACHED: AtomicU32 = AtomicU32::new(0);
    let told = std::env::var("DATELINE_FAIL_POINT").unwrap_or_default();
    let Some((name, times)) = told.split_once('@') else {
        return;
    };
    if name == format!("{point:?}") && times.parse() == Ok(REACHED.fetch_add(1, Ordering::Relaxed) + 1) {
        // No destructor, no flush, no farewell to the group.
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(feature = "fail-points"))]
pub(crate) const fn reach(_: FailPoint) {}
