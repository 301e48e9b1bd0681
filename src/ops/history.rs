//! The last two minutes, second by second, from the counters: rates for the status and curves for the page. Never
//! reads a clock: the server hands it the seconds that passed.

use std::collections::VecDeque;

use serde::Serialize;

use crate::metrics::Totals;

/// Seconds kept.
const POINTS_MAX: usize = 120;
/// Points that a rate or a quantile looks back.
const WINDOW: usize = 10;

/// One second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Point {
    /// Records read a second.
    pub received_per_s: f64,
    /// Records published a second.
    pub published_per_s: f64,
    /// Records rejected a second.
    pub rejected_per_s: f64,
    /// Median end-to-end latency of the last seconds; absent where nothing was committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p50_s: Option<f64>,
    /// The 99th percentile of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p99_s: Option<f64>,
    /// Records not yet committed over all partitions.
    pub lag_records: i64,
    /// Time lag of the partition that is furthest behind.
    pub lag_seconds: f64,
}

/// How far behind the worker is, over all its partitions.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lag {
    /// Records not yet committed.
    pub records: i64,
    /// Of the partition that is furthest behind.
    pub seconds: f64,
}

/// The last two minutes.
#[derive(Debug, Default)]
pub struct History {
    totals: VecDeque<Totals>,
    /// Seconds before each of them.
    spans: VecDeque<f64>,
    points: VecDeque<Point>,
}

impl History {
    /// Takes a reading, `seconds` after the one before.
    pub fn sample(&mut self, totals: Totals, lag: Lag, seconds: f64) {
        if let Some(last) = self.totals.back()
            && seconds > 0.0
        {
            let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
            let published = |t: &Totals| t.enriched + t.passed_through;
            let latency = self
                .totals
                .front()
                .map(|first| totals.latency.since(&first.latency))
                .unwrap_or_default();
            self.points.push_back(Point {
                received_per_s: rate(totals.received, last.received),
                published_per_s: rate(published(&totals), published(last)),
                rejected_per_s: rate(totals.rejected_all(), last.rejected_all()),
                latency_p50_s: latency.quantile(0.5),
                latency_p99_s: latency.quantile(0.99),
                lag_records: lag.records,
                lag_seconds: lag.seconds,
            });
        }
        self.totals.push_back(totals);
        self.spans.push_back(seconds);
        while self.totals.len() > WINDOW {
            self.totals.pop_front();
            self.spans.pop_front();
        }
        while self.points.len() > POINTS_MAX {
            self.points.pop_front();
        }
    }

    /// The counters as they stood some seconds before the last reading.
    pub fn before(&self) -> Option<(&Totals, f64)> {
        Some((self.totals.front()?, self.spans.iter().skip(1).sum()))
    }

    /// Every point, oldest first.
    pub fn points(&self) -> Vec<Point> {
        self.points.iter().copied().collect()
    }

    /// Rates over the last ten seconds; latency and lag are the newest.
    pub fn rates(&self) -> Point {
        let recent: Vec<&Point> = self.points.iter().rev().take(WINDOW).collect();
        let count = recent.len().max(1) as f64;
        let mean = |of: fn(&Point) -> f64| recent.iter().map(|p| of(p)).sum::<f64>() / count;
        let newest = self.points.back().copied().unwrap_or_default();
        Point {
            received_per_s: mean(|p| p.received_per_s),
            published_per_s: mean(|p| p.published_per_s),
            rejected_per_s: mean(|p| p.rejected_per_s),
            ..newest
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_come_from_differences_and_memory_is_bounded() {
        let mut history = History::default();
        for second in 0..500_u64 {
            let totals = Totals {
                received: second * 30,
                enriched: second * 20,
                passed_through: second,
                ..Totals::default()
            };
            let lag = Lag {
                records: 7,
                seconds: 1.5,
            };
            history.sample(totals, lag, 2.0);
        }
        assert_eq!(history.points().len(), POINTS_MAX);
        assert_eq!(history.totals.len(), WINDOW);
        let rates = history.rates();
        assert_eq!((rates.received_per_s, rates.published_per_s), (15.0, 10.5));
        assert_eq!((rates.lag_records, rates.lag_seconds), (7, 1.5));
        assert_eq!(rates.latency_p50_s, None);
    }

    #[test]
    fn nothing_is_known_before_two_readings() {
        let mut history = History::default();
        history.sample(
            Totals {
                received: 9,
                ..Totals::default()
            },
            Lag::default(),
            1.0,
        );
        assert_eq!(history.points(), []);
        assert_eq!(history.rates(), Point::default());
    }
}
