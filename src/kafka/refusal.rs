//! What failed deliveries mean: a broker's refusal of one record, or trouble. Decides which record is meant
//! and what is tried
//! next; never talks to the broker.

use std::collections::BTreeSet;

use rdkafka::types::RDKafkaErrorCode;
use thiserror::Error;

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::record::Outcome;

/// Why an attempt at a batch did not succeed.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum Failure {
    /// The broker refused this record of the batch (its place); the rest is fine.
    #[error("record {0} was refused: {1:?}")]
    Refused(usize, RejectionCode),
    /// Several records failed together, and the broker does not say which one was meant.
    #[error("records {0:?} failed together")]
    Suspected(BTreeSet<usize>),
    /// Trouble of topics, brokers or membership: nothing of the batch counts.
    #[error("{0}")]
    Retry(String),
    /// The client cannot go on.
    #[error("{0}")]
    Fatal(String),
}

/// What earlier attempts at a batch taught about its records.
#[derive(Debug, Default)]
pub(crate) struct Care {
    /// They travel alone, so that the broker's answer is about one record.
    pub(crate) alone: BTreeSet<usize>,
    /// The broker refused their timestamp: their dead letters go without.
    pub(crate) untimed: BTreeSet<usize>,
    /// Attempts that keep what was learnt, though they fail for no reason of the batch's own.
    attempts_left: u32,
}

/// The client's next transaction after a refusal fails at once ("skipped sequence numbers") and only then
/// gets a new epoch
/// (librdkafka 2.12): so many attempts keep what was learnt of the batch, instead of dropping it and learning it again.
const ATTEMPTS_AFTER_LESSON: u32 = 3;

impl Care {
    /// Learns from a failure what the next attempt must mind; each lesson is new, so attempts end.
    ///
    /// # Errors
    /// The failure, where another attempt would not help: a refused dead letter has nowhere to go and is
    /// trouble of its topic.
    pub(crate) fn learn(&mut self, failure: Failure, outcomes: &mut [Outcome]) -> Result<(), Failure> {
        match failure {
            Failure::Suspected(places) => {
                if places.is_subset(&self.alone) {
                    return Err(Failure::Retry(format!(
                        "records {places:?} failed together, though each travelled alone"
                    )));
                }
                self.alone.extend(places);
            }
            Failure::Retry(_) if self.attempts_left > 0 => {
                self.attempts_left -= 1;
                return Ok(());
            }
            Failure::Refused(place, code) => {
                // Suspects travel in order: those before this one were taken.
                self.alone.retain(|suspect| *suspect > place);
                let untimed = code == RejectionCode::TimestampRefused && self.untimed.insert(place);
                match outcomes.get_mut(place) {
                    Some(Outcome::Rejected(_)) | None if !untimed => {
                        return Err(Failure::Retry(format!(
                            "the dead letter of record {place} was refused: {}",
                            code.code()
                        )));
                    }
                    Some(Outcome::Rejected(_)) | None => {}
                    Some(outcome) => *outcome = Outcome::Rejected(rejection(code)),
                }
            }
            other => return Err(other),
        }
        self.attempts_left = ATTEMPTS_AFTER_LESSON;
        Ok(())
    }
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

/// What failed deliveries mean. A refusal hits every record that travelled with the one meant, so only a
/// refusal that stands alone
/// is believed. Since KIP-467 the broker names the records meant, but gives them one code: why each was
/// refused is said of a record
/// that travels alone.
pub(crate) fn classify(failed: &[(usize, RDKafkaErrorCode)]) -> Result<(), Failure> {
    let Some((_, first)) = failed.first() else {
        return Ok(());
    };
    let refused: Vec<(usize, RejectionCode)> = failed
        .iter()
        .filter_map(|(place, code)| Some((*place, refusal(*code)?)))
        .collect();
    Err(match refused.as_slice() {
        [] => Failure::Retry(format!("{} records were not acknowledged: {first}", failed.len())),
        [(place, code)] if failed.len() == 1 => Failure::Refused(*place, *code),
        several => Failure::Suspected(several.iter().map(|(place, _)| *place).collect()),
    })
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

    #[test]
    fn several_refusals_are_only_suspects() {
        let failed = [
            (0, RDKafkaErrorCode::InvalidRecord),
            (2, RDKafkaErrorCode::InvalidRecord),
        ];
        assert_eq!(classify(&failed), Err(Failure::Suspected(BTreeSet::from([0, 2]))));
    }

    #[test]
    fn a_refusal_among_neighbours_is_only_suspected() {
        let failed = [
            (0, RDKafkaErrorCode::InvalidDifferentRecord),
            (2, RDKafkaErrorCode::InvalidRecord),
        ];
        assert_eq!(classify(&failed), Err(Failure::Suspected(BTreeSet::from([2]))));
    }

    #[test]
    fn what_was_learnt_outlives_a_few_failures_that_follow() {
        let (mut care, mut outcomes) = (Care::default(), outcomes());
        let trouble = || Failure::Retry("skipped sequence numbers".to_owned());
        assert!(care.learn(trouble(), &mut outcomes).is_err());
        assert!(
            care.learn(Failure::Suspected([0, 2].into()), &mut outcomes)
                .is_ok()
        );
        for _ in 0..ATTEMPTS_AFTER_LESSON {
            assert!(care.learn(trouble(), &mut outcomes).is_ok());
        }
        assert!(care.learn(trouble(), &mut outcomes).is_err());
        assert!(
            care.learn(Failure::Suspected([0, 2].into()), &mut outcomes)
                .is_err()
        );
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
            assert!(care.untimed.contains(&place));
            assert!(matches!(outcomes[place], Outcome::Rejected(_)));
            assert!(matches!(
                care.learn(refused(), &mut outcomes),
                Err(Failure::Retry(_))
            ));
        }
        assert!(matches!(&outcomes[1], Outcome::Rejected(r) if r.code == RejectionCode::Empty));
    }

    #[test]
    fn suspects_stay_suspects_until_they_passed() {
        let (mut care, mut outcomes) = (Care::default(), outcomes());
        for suspects in [[0, 2], [1, 2]] {
            assert!(
                care.learn(Failure::Suspected(suspects.into()), &mut outcomes)
                    .is_ok()
            );
        }
        assert_eq!(care.alone, BTreeSet::from([0, 1, 2]));
        assert!(
            care.learn(Failure::Refused(0, RejectionCode::RecordRefused), &mut outcomes)
                .is_ok()
        );
        assert_eq!(care.alone, BTreeSet::from([1, 2]));
    }
}
