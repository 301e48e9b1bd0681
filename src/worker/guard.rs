//! Limits on dead letters: a bad deployment must not drain a whole topic into them. Pure: counts outcomes,
//! decides, never acts.

use std::collections::VecDeque;
use std::fmt;

use thiserror::Error;

use crate::record::Outcome;

/// Too many records became dead letters.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LimitReached {
    /// Too many in a row.
    #[error(
        "{0} records in a row became dead letters (dead_letters.run_length_max = {1}): the batch is not committed"
    )]
    RunLength(u32, u32),
    /// Too large a share of the latest records.
    #[error(
        "{0} of the last {1} records became dead letters (dead_letters.share_max = {2}): the batch is not committed"
    )]
    Share(usize, usize, f64),
}

/// What is remembered of the outcomes over a restart: it is kept with the committed offsets, so that a restart meets
/// the batch that tripped a limit with the same history, and stops again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory {
    /// When it was noted, milliseconds since 1970: of several the latest counts.
    at_ms: i64,
    run_length: u32,
    rejected: usize,
    records: usize,
}

const MEMORY_TAG: &str = "dead-letters";

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at_ms,
            run_length,
            rejected,
            records,
        } = self;
        write!(f, "{MEMORY_TAG} {at_ms} {run_length} {rejected} {records}")
    }
}

impl Memory {
    /// Reads what `Display` wrote; `None` where it is somebody else's text.
    pub fn parse(note: &str) -> Option<Self> {
        let mut words = note.strip_prefix(MEMORY_TAG)?.split_whitespace();
        Some(Self {
            at_ms: words.next()?.parse().ok()?,
            run_length: words.next()?.parse().ok()?,
            rejected: words.next()?.parse().ok()?,
            records: words.next()?.parse().ok()?,
        })
    }
}

/// A sliding window over the outcomes, and the length of the current run.
#[derive(Debug, Clone)]
pub struct DeadLetterGuard {
    share_max: f64,
    run_length_max: u32,
    window_records: usize,
    window: VecDeque<bool>,
    rejected: usize,
    run_length: u32,
}

impl DeadLetterGuard {
    /// `share_max` of 1 and `run_length_max` of 0 switch a limit off. The share is judged once the window is full.
    pub fn new(share_max: f64, run_length_max: u32, window_records: u32) -> Self {
        let window_records = window_records.max(1) as usize;
        Self {
            share_max,
            run_length_max,
            window_records,
            window: VecDeque::new(),
            rejected: 0,
            run_length: 0,
        }
    }

    /// What to remember at `at_ms`.
    pub fn memory(&self, at_ms: i64) -> Memory {
        Memory {
            at_ms,
            run_length: self.run_length,
            rejected: self.rejected,
            records: self.window.len(),
        }
    }

    /// Goes on from what was remembered. Where in the window the dead letters stood is not: they are spread evenly.
    pub fn recall(&mut self, memory: Memory) {
        let records = memory.records.min(self.window_records);
        // A full window beyond the limit was committed under another one; by this one only what comes now is judged.
        let is_full = memory.records >= self.window_records;
        let is_beyond = memory.rejected as f64 > self.share_max * memory.records as f64;
        self.window.clear();
        if memory.rejected <= memory.records && !(is_full && is_beyond) {
            let up_to = |n: usize| n as u128 * memory.rejected as u128 / memory.records.max(1) as u128;
            self.window = (0..records).map(|n| up_to(n + 1) > up_to(n)).collect();
        }
        self.rejected = self.window.iter().filter(|rejected| **rejected).count();
        self.run_length = memory.run_length;
    }

    /// How near the nearer limit is, 0 to 1.
    pub fn used(&self) -> f64 {
        let run = match self.run_length_max {
            0 => 0.0,
            most => f64::from(self.run_length) / f64::from(most),
        };
        let share = if self.share_max < 1.0 && self.rejected > 0 {
            self.rejected as f64 / (self.share_max * self.window_records as f64)
        } else {
            0.0
        };
        run.max(share).min(1.0)
    }

    /// Counts the outcomes of a batch before it is committed.
    ///
    /// # Errors
    /// Where a limit is reached; then the batch must not be committed.
    pub fn admit(&mut self, outcomes: &[Outcome]) -> Result<(), LimitReached> {
        for outcome in outcomes {
            let rejected = matches!(outcome, Outcome::Rejected(_));
            self.run_length = if rejected {
                self.run_length.saturating_add(1)
            } else {
                0
            };
            if self.run_length_max > 0 && self.run_length >= self.run_length_max {
                return Err(LimitReached::RunLength(self.run_length, self.run_length_max));
            }
            self.window.push_back(rejected);
            self.rejected += usize::from(rejected);
            if self.window.len() > self.window_records && self.window.pop_front() == Some(true) {
                self.rejected -= 1;
            }
            let full = self.window.len() == self.window_records;
            if full
                && self.share_max < 1.0
                && self.rejected as f64 > self.share_max * self.window_records as f64
            {
                return Err(LimitReached::Share(
                    self.rejected,
                    self.window_records,
                    self.share_max,
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Rejection;
    use crate::article::RejectionCode;
    use crate::record::SkipReason;

    fn outcomes(pattern: &str) -> Vec<Outcome> {
        pattern
            .chars()
            .map(|c| match c {
                'x' => Outcome::Rejected(Rejection::new(RejectionCode::Empty, "")),
                _ => Outcome::Skipped(SkipReason::Tombstone),
            })
            .collect()
    }

    #[test]
    fn a_run_trips_across_batches_and_a_good_record_ends_it() {
        let mut guard = DeadLetterGuard::new(1.0, 4, 100);
        assert!(guard.admit(&outcomes("xxx.xxx")).is_ok());
        assert_eq!(guard.admit(&outcomes("x")), Err(LimitReached::RunLength(4, 4)));
    }

    #[test]
    fn the_share_is_judged_over_a_full_window() {
        let mut guard = DeadLetterGuard::new(0.5, 0, 4);
        assert!(guard.admit(&outcomes("xx.")).is_ok());
        assert!(guard.admit(&outcomes(".")).is_ok());
        assert!(guard.admit(&outcomes("..xx")).is_ok());
        assert_eq!(guard.admit(&outcomes("x")), Err(LimitReached::Share(3, 4, 0.5)));
    }

    #[test]
    fn the_nearer_limit_says_how_much_is_used() {
        let mut guard = DeadLetterGuard::new(0.5, 4, 10);
        assert_eq!(guard.used(), 0.0);
        guard.admit(&outcomes("x.")).unwrap();
        assert_eq!(guard.used(), 0.2);
        guard.admit(&outcomes("xxx")).unwrap();
        assert_eq!(guard.used(), 0.8);
        guard.admit(&outcomes(".........")).unwrap();
        assert_eq!(guard.used(), 0.2);
        let mut off = DeadLetterGuard::new(1.0, 0, 10);
        off.admit(&outcomes("xxxxx")).unwrap();
        assert_eq!(off.used(), 0.0);
        let mut none_allowed = DeadLetterGuard::new(0.0, 0, 10);
        none_allowed.admit(&outcomes("x")).unwrap();
        assert_eq!(none_allowed.used(), 1.0);
    }

    /// A guard that starts anew with what the first remembered.
    fn restarted(guard: &DeadLetterGuard) -> DeadLetterGuard {
        let memory = Memory::parse(&guard.memory(7).to_string()).unwrap();
        let mut next = DeadLetterGuard::new(
            guard.share_max,
            guard.run_length_max,
            u32::try_from(guard.window_records).unwrap(),
        );
        next.recall(memory);
        next
    }

    #[test]
    fn a_restart_meets_the_same_batch_and_stops_again() {
        let mut guard = DeadLetterGuard::new(1.0, 10, 100);
        guard.admit(&outcomes("xxx.xxxxxxx")).unwrap();
        for _ in 0..3 {
            guard = restarted(&guard);
            assert!(guard.clone().admit(&outcomes("xxx")).is_err());
            assert!(guard.clone().admit(&outcomes("xx.xxxx")).is_ok());
        }
        let mut guard = DeadLetterGuard::new(0.5, 0, 20);
        guard.admit(&outcomes(&"x.".repeat(20))).unwrap();
        for _ in 0..3 {
            guard = restarted(&guard);
            assert!(guard.clone().admit(&outcomes("xxx")).is_err());
            assert!(guard.clone().admit(&outcomes(&".x".repeat(20))).is_ok());
        }
    }

    #[test]
    fn a_smaller_window_and_foreign_notes_are_no_trouble() {
        let mut guard = DeadLetterGuard::new(0.5, 0, 100);
        guard.admit(&outcomes(&"...x".repeat(25))).unwrap();
        let mut smaller = DeadLetterGuard::new(0.5, 0, 20);
        smaller.recall(guard.memory(0));
        assert_eq!((smaller.window.len(), smaller.rejected), (20, 5));
        for note in [
            "",
            "dead-letters",
            "dead-letters 1 2 3",
            "dead-letters 1 2 3 x",
            "theirs",
        ] {
            assert_eq!(Memory::parse(note), None, "{note}");
        }
        guard.recall(Memory::parse("dead-letters 1 2 3 0").unwrap());
        assert_eq!((guard.window.len(), guard.rejected), (0, 0));
    }

    #[test]
    fn what_was_remembered_under_a_looser_limit_does_not_stop_good_records() {
        let mut guard = DeadLetterGuard::new(0.5, 0, 100);
        guard.admit(&outcomes(&"..x".repeat(40))).unwrap();
        let mut stricter = DeadLetterGuard::new(0.2, 0, 100);
        stricter.recall(guard.memory(0));
        assert!(stricter.admit(&outcomes("....")).is_ok());
        // A window that was not full was not judged yet.
        let mut guard = DeadLetterGuard::new(0.5, 0, 100);
        guard.admit(&outcomes(&"xx.".repeat(30))).unwrap();
        let mut guard = restarted(&guard);
        assert!(guard.admit(&outcomes("xxxxxxxxxx")).is_err());
    }

    #[test]
    fn numbers_beyond_all_measure_are_no_trouble() {
        for note in [
            "dead-letters 1 4294967295 18446744073709551615 3",
            "dead-letters 1 4294967295 18446744073709551615 18446744073709551615",
        ] {
            let mut guard = DeadLetterGuard::new(0.5, 0, 100);
            guard.recall(Memory::parse(note).unwrap());
            assert!(guard.admit(&outcomes("x.")).is_ok());
        }
    }

    #[test]
    fn limits_can_be_switched_off() {
        let mut guard = DeadLetterGuard::new(1.0, 0, 10);
        assert!(guard.admit(&outcomes(&"x".repeat(10_000))).is_ok());
    }
}
