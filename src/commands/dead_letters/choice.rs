//! Which letters are meant: by code and by time. Pure.

use std::str::FromStr;

use clap::Args;
use jiff::Timestamp;

use crate::article::RejectionCode;
use crate::commands::duration;
use crate::commands::service::now_ms;
use crate::encode::Letter;

/// Which letters are meant; all, where nothing is said.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Choice {
    /// Only letters with this rejection code; may be given several times.
    #[arg(long = "code", value_name = "CODE", value_parser = code)]
    codes: Vec<RejectionCode>,
    /// Only originals whose Kafka timestamp is not before this: RFC 3339, or a time ago such as 30m or 48h.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Only originals whose Kafka timestamp is before this.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
}

impl Choice {
    /// Whether this letter is meant. One without a timestamp is, where no time is asked for.
    pub(super) fn holds(&self, letter: &Letter) -> bool {
        let is_coded = self.codes.is_empty() || self.codes.iter().any(|code| code.code() == letter.code);
        let is_timed = match letter.timestamp_ms {
            Some(at) => {
                self.since.is_none_or(|since| at >= since.as_millisecond())
                    && self.until.is_none_or(|until| at < until.as_millisecond())
            }
            None => self.since.is_none() && self.until.is_none(),
        };
        is_coded && is_timed
    }
}

fn code(text: &str) -> Result<RejectionCode, String> {
    let found = RejectionCode::ALL.into_iter().find(|code| code.code() == text);
    found.ok_or_else(|| {
        let known: Vec<&str> = RejectionCode::ALL.iter().map(|code| code.code()).collect();
        format!("no such code; there are {}", known.join(", "))
    })
}

/// A moment as RFC 3339, or so long ago.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let expected =
        || "expected RFC 3339, such as 2026-07-06T12:00:00Z, or a time ago, such as 48h".to_owned();
    let ago = duration(text).map_err(|_| expected())?;
    let ago_ms = i64::try_from(ago.as_millis()).map_err(|_| expected())?;
    Timestamp::from_millisecond(now_ms().saturating_sub(ago_ms)).map_err(|_| expected())
}

/// A place in the dead-letter topic, written `PARTITION@OFFSET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Partition.
    pub(super) partition: i32,
    /// Offset.
    pub(super) offset: i64,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = || {
            let (partition, offset) = text.split_once('@')?;
            let (partition, offset) = (partition.parse().ok()?, offset.parse().ok()?);
            (partition >= 0 && (0..i64::MAX).contains(&offset)).then_some(Self { partition, offset })
        };
        place().ok_or_else(|| "expected PARTITION@OFFSET, such as 0@42".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::OutputRecord;

    fn letter(code: &str, timestamp_ms: Option<i64>) -> Letter {
        Letter {
            code: code.to_owned(),
            message: String::new(),
            kafka_topic: "in".to_owned(),
            partition: Some(0),
            offset: Some(0),
            timestamp_ms,
            replays: 0,
            is_cut: false,
            original: OutputRecord {
                key: None,
                value: None,
                headers: Vec::new(),
            },
        }
    }

    #[test]
    fn letters_are_chosen_by_code_and_time() {
        let at = |ms| Timestamp::from_millisecond(ms).ok();
        let choice = Choice {
            codes: vec![RejectionCode::Empty, RejectionCode::TooDeep],
            since: at(1_000),
            until: at(2_000),
        };
        for (code, timestamp_ms, holds) in [
            ("empty", Some(1_000), true),
            ("too_deep", Some(1_999), true),
            ("empty", Some(2_000), false),
            ("empty", Some(999), false),
            ("empty", None, false),
            ("invalid_json", Some(1_500), false),
        ] {
            assert_eq!(
                choice.holds(&letter(code, timestamp_ms)),
                holds,
                "{code} {timestamp_ms:?}"
            );
        }
        assert!(Choice::default().holds(&letter("of-another-version", None)));
    }

    #[test]
    fn what_is_written_wrong_is_refused() {
        assert!(code("invalid_json").is_ok() && code("nonsense").is_err());
        assert!(moment("2026-07-06T12:00:00Z").is_ok() && moment("48h").is_ok());
        for wrong in ["yesterday", "", "-3h", "99999999999999h"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            "3@42".parse(),
            Ok(Place {
                partition: 3,
                offset: 42
            })
        );
        for wrong in ["42", "@", "-1@0", "0@-1", "a@b", "0@9223372036854775807"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
