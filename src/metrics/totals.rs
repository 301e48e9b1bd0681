//! Counters read back, for the status and the live page. Never computes a rate: it knows no clock.

use prometheus::Histogram;
use prometheus::core::Collector;

use crate::article::RejectionCode;
use crate::metrics::ServiceTotals;
use crate::metrics::Stage;
use crate::record::SkipReason;

/// A histogram read back: upper bounds and the cumulative counts under them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    /// Upper bound and count of everything at or below it.
    pub buckets: Vec<(f64, u64)>,
    /// Count of everything.
    pub count: u64,
    /// Sum of everything.
    pub sum: f64,
}

impl Distribution {
    pub(super) fn read(histogram: &Histogram) -> Self {
        let families = histogram.collect();
        let Some(metric) = families.first().and_then(|family| family.get_metric().first()) else {
            return Self::default();
        };
        let proto = metric.get_histogram();
        let buckets = proto.get_bucket();
        Self {
            buckets: buckets
                .iter()
                .map(|b| (b.upper_bound(), b.cumulative_count()))
                .collect(),
            count: proto.get_sample_count(),
            sum: proto.get_sample_sum(),
        }
    }

    /// What was added since `earlier` (an earlier reading of the same histogram).
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |place: usize| earlier.buckets.get(place).map_or(0, |b| b.1);
        Self {
            buckets: self
                .buckets
                .iter()
                .enumerate()
                .map(|(place, b)| (b.0, b.1.saturating_sub(before(place))))
                .collect(),
            count: self.count.saturating_sub(earlier.count),
            sum: self.sum - earlier.sum,
        }
    }

    /// The value below which a share `quantile` lies, read off the buckets; `None` where nothing was observed.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = quantile.clamp(0.0, 1.0) * self.count as f64;
        let (mut low, mut under) = (0.0, 0_u64);
        for &(bound, count) in &self.buckets {
            if count as f64 >= rank && count > under {
                let share = (rank - under as f64) / (count - under) as f64;
                return Some(low + (bound - low) * share.clamp(0.0, 1.0));
            }
            (low, under) = (bound, count);
        }
        Some(low)
    }
}

/// What the worker has done since it started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// Records read.
    pub received: u64,
    /// Bytes read.
    pub received_bytes: u64,
    /// Structured records published.
    pub enriched: u64,
    /// Tombstones passed on.
    pub passed_through: u64,
    /// Records skipped, by reason; only reasons that occurred.
    pub skipped: Vec<(SkipReason, u64)>,
    /// Records rejected, by code; only codes that occurred.
    pub rejected: Vec<(RejectionCode, u64)>,
    /// Bytes published.
    pub published_bytes: u64,
    /// Stages, with the batches that left them and the seconds these took.
    pub stages: Vec<(Stage, u64, f64)>,
    /// Services over HTTP that are in use.
    pub services: Vec<ServiceTotals>,
    /// Transactions committed.
    pub transactions_committed: u64,
    /// Transactions aborted.
    pub transactions_aborted: u64,
    /// End-to-end latency.
    pub latency: Distribution,
    /// Records read and not yet committed.
    pub in_flight_records: i64,
    /// Bytes read and not yet committed.
    pub in_flight_bytes: i64,
    /// Fetching is paused.
    pub paused: bool,
    /// Output cannot be delivered.
    pub delivery_stalled: bool,
}

impl Totals {
    /// Records skipped for any reason.
    pub fn skipped_all(&self) -> u64 {
        self.skipped.iter().map(|s| s.1).sum()
    }

    /// Records rejected with any code.
    pub fn rejected_all(&self) -> u64 {
        self.rejected.iter().map(|r| r.1).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_read_off_the_buckets() {
        let some = Distribution {
            buckets: vec![(1.0, 0), (2.0, 10), (4.0, 20)],
            count: 20,
            sum: 50.0,
        };
        assert_eq!(some.quantile(0.5), Some(2.0));
        assert_eq!(some.quantile(0.75), Some(3.0));
        assert_eq!(some.quantile(1.0), Some(4.0));
        assert_eq!(Distribution::default().quantile(0.5), None);
        let beyond = Distribution {
            buckets: vec![(1.0, 0), (2.0, 0)],
            count: 3,
            sum: 9.0,
        };
        assert_eq!(
            beyond.quantile(0.5),
            Some(2.0),
            "past the last bound, the last bound is all we know"
        );
    }

    #[test]
    fn since_is_what_was_added() {
        let early = Distribution {
            buckets: vec![(1.0, 1), (2.0, 3)],
            count: 3,
            sum: 4.0,
        };
        let late = Distribution {
            buckets: vec![(1.0, 1), (2.0, 5)],
            count: 6,
            sum: 14.0,
        };
        let added = late.since(&early);
        assert_eq!(
            added,
            Distribution {
                buckets: vec![(1.0, 0), (2.0, 2)],
                count: 3,
                sum: 10.0
            }
        );
        assert_eq!(late.since(&Distribution::default()), late);
    }
}
