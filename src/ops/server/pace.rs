//! How often something may be asked for: so many at once, then one in each interval. Never reads a clock.

use std::time::Duration;
use std::time::Instant;

/// A store of permissions that fills up again with time.
pub(super) struct Pace {
    most: u32,
    interval: Duration,
    /// When the store is, or was, full.
    full_at: Instant,
}

impl Pace {
    /// Full at `now` with `most`; each taken comes back after `interval`.
    pub(super) fn new(most: u32, interval: Duration, now: Instant) -> Self {
        Self {
            most,
            interval,
            full_at: now,
        }
    }

    /// Takes one; false where none is left.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + self.interval;
        let is_left = full_at.saturating_duration_since(now) <= self.interval * self.most;
        if is_left {
            self.full_at = full_at;
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_then_one_in_each_interval() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut pace = Pace::new(3, Duration::from_secs(1), start);
        for (milliseconds, taken) in [
            (0, true),
            (0, true),
            (0, true),
            (0, false),
            (999, false),
            (1000, true),
            (1000, false),
            (60_000, true),
            (60_000, true),
            (60_000, true),
            (60_000, false),
        ] {
            assert_eq!(pace.take(at(milliseconds)), taken, "at {milliseconds} ms");
        }
    }
}
