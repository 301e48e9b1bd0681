//! What failed deliveries mean: a broker's refusal of one record, or trouble. Decides which record is meant
//! and what is tried
//! next; never talks to the broker.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rdkafka::types::RDKafkaErrorCode;
use thiserror::Error;

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::record::Outcome;

/// Why an attempt at a batch did not succeed.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum Failure {
    /// The broker refused this record of the batch (its place); nothing is said of the rest.
    #[error("record {0} was refused: {1:?}")]
    Refused(usize, RejectionCode),
    /// Several records were refused together, and it is not sure which were meant, or why.
    #[error("{} records were refused together", .0.places.len())]
    Suspected(Suspects),
    /// Trouble of topics, brokers or membership: nothing of the batch counts.
    #[error("{0}")]
    Retry(String),
    /// The client cannot go on.
    #[error("{0}")]
    Fatal(String),
}

/// Records of a batch that were refused together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspects {
    /// Their places, and the reason that was given for all of them.
    places: BTreeMap<usize, RejectionCode>,
    /// The broker said which records it meant: each of these is refused for sure, only the reason is not.
    named: bool,
}

impl Suspects {
    /// One of them travelled alone and was refused for `code`: which are refused with it. Where the broker names the
    /// records it means, the reason of the first is taken for that of all. That it does shows also where the reason
    /// alone is another than together: the client hides the reason where several are named.
    fn settle(&mut self, place: usize, code: RejectionCode) -> BTreeSet<usize> {
        let together = self.places.remove(&place);
        let mut refused = BTreeSet::from([place]);
        if code == RejectionCode::OutputTooLarge {
            // Together they may be too large, though each alone is not: they go on travelling alone.
            return refused;
        }
        // They travel in order: those before this one were taken.
        self.places.retain(|suspect, _| *suspect > place);
        let named = self.named || together.is_some_and(|reason| reason != code);
        if named {
            self.places.retain(|suspect, reason| {
                let is_named = *reason != RejectionCode::OutputTooLarge;
                !(is_named && refused.insert(*suspect))
            });
        }
        refused
    }
}

/// What the next attempt at a batch begins with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lesson {
    /// The same outcomes, sent with more care.
    Again,
    /// Other outcomes: records that were refused are dead letters now.
    Changed,
}

/// What earlier attempts at a batch taught about its records.
#[derive(Debug, Default)]
pub(crate) struct Care {
    suspects: Suspects,
    /// The broker refused their timestamp: their dead letters go without.
    untimed: BTreeSet<usize>,
    /// Attempts that keep what was learnt, though they fail for no reason of the batch's own.
    attempts_left: u32,
}

/// The client's next transaction after a refusal fails at once ("skipped sequence numbers") and only then
/// gets a new epoch
/// (librdkafka 2.12): so many attempts keep what was learnt of the batch, instead of dropping it and learning it again.
const ATTEMPTS_AFTER_LESSON: u32 = 3;

impl Care {
    /// True where the record must travel alone, so that the broker's answer is about it.
    pub(crate) fn is_suspect(&self, place: usize) -> bool {
        self.suspects.places.contains_key(&place)
    }

    /// True where the record's dead letter goes without its timestamp.
    pub(crate) fn is_untimed(&self, place: usize) -> bool {
        self.untimed.contains(&place)
    }

    /// Learns from a failure what the next attempt must mind; each lesson is new, so attempts end.
    ///
    /// # Errors
    /// The failure, where another attempt would not help: a refused dead letter has nowhere to go and is
    /// trouble of its topic.
    pub(crate) fn learn(&mut self, failure: Failure, outcomes: &mut [Outcome]) -> Result<Lesson, Failure> {
        let lesson = match failure {
            Failure::Suspected(new) => {
                if new.places.keys().all(|place| self.is_suspect(*place)) {
                    return Err(Failure::Retry(format!(
                        "records {:?} failed together, though each travelled alone",
                        new.places.keys()
                    )));
                }
                self.suspects.named |= new.named;
                self.suspects.places.extend(new.places);
                Lesson::Again
            }
            Failure::Refused(place, code) => {
                let mut refused = self.suspects.settle(place, code);
                if code == RejectionCode::OutputTooLarge {
                    refused.extend(as_large(place, outcomes));
                }
                let mut lesson = Lesson::Again;
                for place in refused {
                    self.suspects.places.remove(&place);
                    if self.refuse(place, code, outcomes)? == Lesson::Changed {
                        lesson = Lesson::Changed;
                    }
                }
                lesson
            }
            Failure::Retry(_) if self.attempts_left > 0 => {
                self.attempts_left -= 1;
                return Ok(Lesson::Again);
            }
            other => return Err(other),
        };
        self.attempts_left = ATTEMPTS_AFTER_LESSON;
        Ok(lesson)
    }

    fn refuse(
        &mut self,
        place: usize,
        code: RejectionCode,
        outcomes: &mut [Outcome],
    ) -> Result<Lesson, Failure> {
        let untimed = code == RejectionCode::TimestampRefused && self.untimed.insert(place);
        match outcomes.get_mut(place) {
            Some(Outcome::Rejected(_)) | None if !untimed => Err(Failure::Retry(format!(
                "the dead letter of record {place} was refused: {}",
                code.code()
            ))),
            Some(Outcome::Rejected(_)) | None => Ok(Lesson::Again),
            Some(outcome) => {
                *outcome = Outcome::Rejected(rejection(code));
                Ok(Lesson::Changed)
            }
        }
    }
}

/// The outputs at least as large as the one at `place`, which was refused for its size.
fn as_large(place: usize, outcomes: &[Outcome]) -> Vec<usize> {
    let bytes = |outcome: &Outcome| match outcome {
        Outcome::Enriched(output) | Outcome::PassedThrough(output) => Some(output.bytes()),
        Outcome::Skipped(_) | Outcome::Rejected(_) => None,
    };
    let Some(least) = outcomes.get(place).and_then(bytes) else {
        return Vec::new();
    };
    let large = |outcome: &Outcome| bytes(outcome).is_some_and(|bytes| bytes >= least);
    (0..)
        .zip(outcomes)
        .filter_map(|(place, outcome)| large(outcome).then_some(place))
        .collect()
}

/// The closed list of a broker's refusals of one record; all else is trouble of topics and brokers.
pub(crate) fn refusal(code: RDKafkaErrorCode) -> Option<RejectionCode> {
    match code {
        RDKafkaErrorCode::MessageSizeTooLarge => Some(RejectionCode::OutputTooLarge),
        RDKafkaErrorCode::InvalidTimestamp => Some(RejectionCode::TimestampRefused),
        RDKafkaErrorCode::InvalidRecord => Some(RejectionCode::RecordRefused),
        _ => None,
    }
}

/// What failed deliveries mean. A broker that does not say which record it meant (before KIP-467; or where all
/// together are too large) fails every record that travelled with it, so a refusal is believed that stands alone.
/// One that does (`INVALID_DIFFERENT_RECORD` are the others) is believed, but the client keeps the reason only where a
/// single record was meant: for several, one must travel alone to learn it.
pub(crate) fn classify(failed: &[(usize, RDKafkaErrorCode)]) -> Result<(), Failure> {
    let Some((_, first)) = failed.first() else {
        return Ok(());
    };
    let places: BTreeMap<usize, RejectionCode> = failed
        .iter()
        .filter_map(|(place, code)| Some((*place, refusal(*code)?)))
        .collect();
    let named = failed
        .iter()
        .any(|(_, code)| *code == RDKafkaErrorCode::InvalidDifferentRecord);
    Err(match places.first_key_value() {
        None => Failure::Retry(format!("{} records were not acknowledged: {first}", failed.len())),
        Some((place, code)) if places.len() == 1 => Failure::Refused(*place, *code),
        Some(_) => Failure::Suspected(Suspects { places, named }),
    })
}

/// A record larger than the output topic takes becomes a dead letter before the broker has to refuse it. True where
/// there was one.
pub(crate) fn refuse_oversized(outcomes: &mut [Outcome], output_bytes_max: usize) -> bool {
    let mut refused = false;
    for outcome in outcomes {
        if let Outcome::Enriched(output) = outcome
            && output.bytes() > output_bytes_max
        {
            refused = true;
            *outcome = Outcome::Rejected(Rejection::new(
                RejectionCode::OutputTooLarge,
                format!(
                    "the enriched record has {} bytes, the output topic takes {output_bytes_max}",
                    output.bytes(),
                ),
            ));
        }
    }
    refused
}

fn rejection(code: RejectionCode) -> Rejection {
    let message = match code {
        RejectionCode::TimestampRefused => "the broker refused the record's timestamp as out of range",
        RejectionCode::OutputTooLarge => "the broker refused the enriched record as too large",
        _ => "the broker refused the record as invalid for the output topic",
    };
    Rejection::new(code, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::OutputRecord;
    use crate::record::SkipReason;

    fn outcomes() -> Vec<Outcome> {
        vec![
            Outcome::Skipped(SkipReason::Tombstone),
            Outcome::Rejected(Rejection::new(RejectionCode::Empty, "")),
            Outcome::Skipped(SkipReason::Tombstone),
        ]
    }

    #[test]
    fn one_refusal_is_believed() {
        let failed = [(0, RDKafkaErrorCode::InvalidTimestamp)];
        assert_eq!(
            classify(&failed),
            Err(Failure::Refused(0, RejectionCode::TimestampRefused))
        );
    }

    const STAMP: RDKafkaErrorCode = RDKafkaErrorCode::InvalidTimestamp;
    const RECORD: RDKafkaErrorCode = RDKafkaErrorCode::InvalidRecord;
    const LARGE: RDKafkaErrorCode = RDKafkaErrorCode::MessageSizeTooLarge;
    const OTHER: RDKafkaErrorCode = RDKafkaErrorCode::InvalidDifferentRecord;

    fn enriched(sizes: &[usize]) -> Vec<Outcome> {
        let output = |size: &usize| OutputRecord {
            key: None,
            value: Some(vec![0; *size]),
            headers: Vec::new(),
        };
        sizes.iter().map(|size| Outcome::Enriched(output(size))).collect()
    }

    fn rejected(outcomes: &[Outcome]) -> Vec<Option<RejectionCode>> {
        let code = |outcome: &Outcome| match outcome {
            Outcome::Rejected(rejection) => Some(rejection.code),
            _ => None,
        };
        outcomes.iter().map(code).collect()
    }

    fn learn(
        care: &mut Care,
        failed: &[(usize, RDKafkaErrorCode)],
        outcomes: &mut [Outcome],
    ) -> Result<Lesson, Failure> {
        care.learn(classify(failed).unwrap_err(), outcomes)
    }

    #[test]
    fn a_refusal_named_among_its_neighbours_is_believed() {
        let failed = [(0, OTHER), (1, OTHER), (2, STAMP)];
        let refused = Failure::Refused(2, RejectionCode::TimestampRefused);
        assert_eq!(classify(&failed), Err(refused));
    }

    #[test]
    fn several_named_records_are_refused_with_the_reason_of_the_first() {
        let (mut care, mut outcomes) = (Care::default(), enriched(&[1, 1, 1, 1]));
        let failed = [(0, OTHER), (1, RECORD), (2, OTHER), (3, RECORD)];
        assert_eq!(learn(&mut care, &failed, &mut outcomes), Ok(Lesson::Again));
        assert!(care.is_suspect(1) && care.is_suspect(3) && !care.is_suspect(0));
        assert_eq!(
            learn(&mut care, &[(1, STAMP)], &mut outcomes),
            Ok(Lesson::Changed)
        );
        let stamp = Some(RejectionCode::TimestampRefused);
        assert_eq!(rejected(&outcomes), [None, stamp, None, stamp]);
        assert!(care.is_untimed(1) && care.is_untimed(3) && !care.is_suspect(3));
    }

    #[test]
    fn where_all_are_refused_another_reason_alone_shows_that_all_were_named() {
        let (mut care, mut outcomes) = (Care::default(), enriched(&[1, 1, 1]));
        let failed = [(0, RECORD), (1, RECORD), (2, RECORD)];
        assert_eq!(learn(&mut care, &failed, &mut outcomes), Ok(Lesson::Again));
        assert_eq!(
            learn(&mut care, &[(0, STAMP)], &mut outcomes),
            Ok(Lesson::Changed)
        );
        assert_eq!(rejected(&outcomes), [Some(RejectionCode::TimestampRefused); 3]);
    }

    #[test]
    fn where_the_broker_names_none_each_suspect_speaks_for_itself() {
        let (mut care, mut outcomes) = (Care::default(), enriched(&[1, 1, 1]));
        let failed = [(0, STAMP), (1, STAMP), (2, STAMP)];
        assert_eq!(learn(&mut care, &failed, &mut outcomes), Ok(Lesson::Again));
        // The first passed alone.
        assert_eq!(
            learn(&mut care, &[(1, STAMP)], &mut outcomes),
            Ok(Lesson::Changed)
        );
        assert_eq!(
            rejected(&outcomes),
            [None, Some(RejectionCode::TimestampRefused), None]
        );
        assert!(!care.is_suspect(0) && care.is_suspect(2));
    }

    #[test]
    fn what_is_at_least_as_large_as_a_record_too_large_is_too_large() {
        let (mut care, mut outcomes) = (Care::default(), enriched(&[500, 10, 400, 600, 399]));
        let failed = [(0, LARGE), (1, LARGE), (2, LARGE), (3, LARGE), (4, LARGE)];
        assert_eq!(learn(&mut care, &failed, &mut outcomes), Ok(Lesson::Again));
        assert_eq!(
            learn(&mut care, &[(2, LARGE)], &mut outcomes),
            Ok(Lesson::Changed)
        );
        let large = Some(RejectionCode::OutputTooLarge);
        assert_eq!(rejected(&outcomes), [large, None, large, large, None]);
        assert!([1, 4].iter().all(|fits| care.is_suspect(*fits)));
    }

    #[test]
    fn what_was_learnt_outlives_a_few_failures_that_follow() {
        let (mut care, mut outcomes) = (Care::default(), outcomes());
        let trouble = || Failure::Retry("skipped sequence numbers".to_owned());
        let suspects = [(0, STAMP), (2, STAMP)];
        assert!(care.learn(trouble(), &mut outcomes).is_err());
        assert!(learn(&mut care, &suspects, &mut outcomes).is_ok());
        for _ in 0..ATTEMPTS_AFTER_LESSON {
            assert!(care.learn(trouble(), &mut outcomes).is_ok());
        }
        assert!(care.learn(trouble(), &mut outcomes).is_err());
        assert!(learn(&mut care, &suspects, &mut outcomes).is_err());
    }

    #[test]
    fn brokers_trouble_is_retried() {
        let failed = [
            (0, RDKafkaErrorCode::NotEnoughReplicas),
            (2, RDKafkaErrorCode::MessageTimedOut),
        ];
        assert!(matches!(classify(&failed), Err(Failure::Retry(_))));
    }

    #[test]
    fn nothing_failed_is_fine() {
        assert!(classify(&[]).is_ok());
    }

    #[test]
    fn a_refused_dead_letter_is_trouble_of_its_topic() {
        let (mut care, mut outcomes) = (Care::default(), outcomes());
        for code in [RejectionCode::RecordRefused, RejectionCode::OutputTooLarge] {
            let learnt = care.learn(Failure::Refused(1, code), &mut outcomes);
            assert!(matches!(learnt, Err(Failure::Retry(_))));
        }
    }

    #[test]
    fn a_dead_letter_is_tried_once_without_the_timestamp_that_was_refused() {
        let (mut care, mut outcomes) = (Care::default(), outcomes());
        for place in [0, 1] {
            let refused = || Failure::Refused(place, RejectionCode::TimestampRefused);
            assert!(care.learn(refused(), &mut outcomes).is_ok());
            assert!(care.is_untimed(place));
            assert!(matches!(outcomes[place], Outcome::Rejected(_)));
            assert!(matches!(
                care.learn(refused(), &mut outcomes),
                Err(Failure::Retry(_))
            ));
        }
        assert!(matches!(&outcomes[1], Outcome::Rejected(r) if r.code == RejectionCode::Empty));
    }
}
