//! When to leave a service alone: after failures in a row it is not asked for a while, then once, to see. And
//! how long to wait before asking again. Never sends anything; the time comes in.

use std::time::Duration;
use std::time::Instant;

/// A circuit breaker.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    failures_max: u32,
    rest: Duration,
    failures: u32,
    closed_until: Option<Instant>,
}

impl Breaker {
    /// One that opens after `failures_max` failures in a row, for `rest`.
    pub(super) const fn new(failures_max: u32, rest: Duration) -> Self {
        Self {
            failures_max,
            rest,
            failures: 0,
            closed_until: None,
        }
    }

    /// True where the service may be asked at `now`. After its rest one may ask, and all others wait for the answer.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        match self.closed_until {
            None => true,
            Some(until) if now >= until => {
                self.closed_until = Some(now + self.rest);
                true
            }
            Some(_) => false,
        }
    }

    /// True while the service is left alone.
    pub(super) const fn is_open(&self) -> bool {
        self.closed_until.is_some()
    }

    /// The service answered.
    pub(super) const fn succeeded(&mut self) {
        self.failures = 0;
        self.closed_until = None;
    }

    /// The service failed at `now`.
    pub(super) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.failures_max {
            self.closed_until = Some(now + self.rest);
        }
    }
}

/// How long to wait before attempt `attempt` (from 1): twice as long each time, of which a random share, so that many
/// workers do not ask at once ("full jitter"); `random` is any number.
pub(super) fn backoff(attempt: u32, random: u64, least: Duration, most: Duration) -> Duration {
    let ceiling = least.saturating_mul(1 << attempt.min(16)).min(most);
    let share = f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    ceiling.mul_f64(0.5 + share / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_rests_and_lets_one_try() {
        let (rest, start) = (Duration::from_secs(10), Instant::now());
        let mut breaker = Breaker::new(2, rest);
        breaker.failed(start);
        assert!(breaker.admits(start));
        breaker.succeeded();
        breaker.failed(start);
        assert!(!breaker.is_open(), "a success in between forgives");
        breaker.failed(start);
        assert!(breaker.is_open() && !breaker.admits(start + rest / 2));
        assert!(breaker.admits(start + rest), "one may try");
        assert!(!breaker.admits(start + rest), "and one alone");
        breaker.failed(start + rest);
        assert!(!breaker.admits(start + rest + rest / 2));
        assert!(breaker.admits(start + rest + rest));
        breaker.succeeded();
        assert!(breaker.admits(start + rest + rest) && !breaker.is_open());
    }

    #[test]
    fn backoff_grows_to_its_limit() {
        let (least, most) = (Duration::from_millis(100), Duration::from_secs(5));
        assert_eq!(backoff(1, u64::MAX, least, most), Duration::from_millis(200));
        assert_eq!(backoff(1, 0, least, most), Duration::from_millis(100));
        assert_eq!(backoff(40, u64::MAX, least, most), most);
    }
}
