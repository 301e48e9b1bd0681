//! Times as publishers write them, to UTC or a day. Never knows now, never uses a time zone database, never invents a
//! zone, a year or a day.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::text::calendar;

/// A time that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Time {
    /// RFC 3339 in UTC: "2023-07-06T12:00:00Z".
    Utc(String),
    /// A day, where only a day is written: "2023-07-06".
    Day(String),
    /// The day of a time that came without a zone.
    DayZoneMissing(String),
}

impl Time {
    /// The string to publish.
    pub fn into_text(self) -> String {
        match self {
            Self::Utc(text) | Self::Day(text) | Self::DayZoneMissing(text) => text,
        }
    }
}

/// Longest string that is looked at.
const BYTES_MAX: usize = 64;

/// Zones of RFC 2822 and of news sites that mean one offset, in minutes. No "IST" or "BST": they mean several.
const ZONES: &[(&str, i32)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("Z", 0),
    ("EST", -300),
    ("EDT", -240),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("CST", -360),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
];

/// Reads a time; `None` where it is unreadable or impossible.
pub fn read(written: &str) -> Option<Time> {
    let written = written.trim();
    if written.is_empty() || written.len() > BYTES_MAX || !written.is_ascii() {
        return None;
    }
    if let Some(compact) = compact(written) {
        return numeric(&compact);
    }
    if written
        .get(..5)
        .is_some_and(|year| year.ends_with('-') && is_digits(year.get(..4).unwrap_or_default()))
    {
        return numeric(written);
    }
    words(written)
}

/// The day alone, as published.
pub fn day(year: i16, month: u8, day: u8) -> Option<String> {
    Some(date(year, u16::from(month), u16::from(day))?.to_string())
}

/// "20230706T120000Z" as "2023-07-06T12:00:00Z", "20230706" as "2023-07-06".
fn compact(written: &str) -> Option<String> {
    let day = written.get(..8).filter(|day| is_digits(day))?;
    let day = format!("{}-{}-{}", day.get(..4)?, day.get(4..6)?, day.get(6..8)?);
    let rest = written.get(8..)?;
    if rest.is_empty() {
        return Some(day);
    }
    let rest = rest.strip_prefix('T')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at_checked(end)?;
    let clock = match clock.len() {
        4 => format!("{}:{}", clock.get(..2)?, clock.get(2..)?),
        6 => format!("{}:{}:{}", clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?),
        _ => return None,
    };
    Some(format!("{day}T{clock}{zone}"))
}

/// "2023-07-06", and with a clock and a zone or not.
fn numeric(written: &str) -> Option<Time> {
    let mut parts = written.get(..10)?.split('-');
    let (year, month, day) = (
        number(parts.next()?, 4)?,
        number(parts.next()?, 2)?,
        number(parts.next()?, 2)?,
    );
    let day = date(i16::try_from(year).ok()?, month, day)?;
    let rest = written.get(10..)?;
    if rest.is_empty() {
        return Some(Time::Day(day.to_string()));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ',')))
        .unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(end)?;
    finish(clock(day, time)?, zone.trim())
}

/// RFC 2822 and dates in words: "Thu, 06 Jul 2023 12:00:00 EST", "November 13, 2004", "13 November 2004 10:30 GMT".
fn words(written: &str) -> Option<Time> {
    let mut words = written
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .peekable();
    words.next_if(|word| calendar::is_weekday(word.trim_end_matches('.')));
    let (first, second) = (words.next()?, words.next()?);
    let (month, day) = match month(first) {
        Some(month) => (month, second),
        None => (month(second)?, first),
    };
    let day = day.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
    let day = if (1..=2).contains(&day.len()) {
        number(day, day.len())?
    } else {
        return None;
    };
    let year = i16::try_from(number(words.next()?, 4)?).ok()?;
    let day = date(year, u16::from(month), day)?;
    words.next_if(|word| matches!(*word, "at" | "-" | "|"));
    let Some(time) = words.next() else {
        return Some(Time::Day(day.to_string()));
    };
    let (time, mut half) = split_half(time);
    if half.is_none() {
        half = words.next_if(|word| matches!(*word, "AM" | "PM" | "am" | "pm" | "a.m." | "p.m."));
    }
    let at = in_half(clock(day, time)?, half)?;
    let zone = words.next().unwrap_or_default();
    // "(EST)" may repeat the zone in words; anything else is not a time we know.
    if words.all(|word| word.starts_with('(') && word.ends_with(')')) {
        finish(at, zone)
    } else {
        None
    }
}

fn month(word: &str) -> Option<u8> {
    calendar::month(word.trim_end_matches('.'))
}

/// "10:30pm" as "10:30" and "pm".
fn split_half(time: &str) -> (&str, Option<&str>) {
    let end = time.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(time.len());
    match time.split_at_checked(end) {
        Some((clock, half)) if matches!(half.to_ascii_lowercase().as_str(), "am" | "pm") => {
            (clock, Some(half))
        }
        _ => (time, None),
    }
}

fn in_half(at: DateTime, half: Option<&str>) -> Option<DateTime> {
    let Some(half) = half else { return Some(at) };
    let hour = at.hour();
    if !(1..=12).contains(&hour) {
        return None;
    }
    let afternoon = half.starts_with(['p', 'P']);
    at.with()
        .hour(hour % 12 + if afternoon { 12 } else { 0 })
        .build()
        .ok()
}

/// "12:00", "12:00:00", "12:00:00.123"; what is finer than a nanosecond is dropped.
fn clock(day: Date, time: &str) -> Option<DateTime> {
    let mut parts = time.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let hour = if hour.len() == 1 {
        number(hour, 1)?
    } else {
        number(hour, 2)?
    };
    let minute = number(minute, 2)?;
    let (second, nanos) = match parts.next() {
        None => (0, 0),
        Some(second) => {
            let (whole, fraction) = second.split_once(['.', ',']).unwrap_or((second, "0"));
            if !is_digits(fraction) {
                return None;
            }
            let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
            (number(whole, 2)?, nanos)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    // A leap second is the second before it, as POSIX counts.
    let second = if second == 60 { 59 } else { second };
    let small = |n: u16| i8::try_from(n).ok();
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, nanos).ok()?;
    Some(day.to_datetime(time))
}

fn finish(at: DateTime, zone: &str) -> Option<Time> {
    if zone.is_empty() {
        return Some(Time::DayZoneMissing(at.date().to_string()));
    }
    let offset = Offset::from_seconds(zone_minutes(zone)? * 60).ok()?;
    let timestamp: Timestamp = offset.to_timestamp(at).ok()?;
    let text = timestamp.to_string();
    // RFC 3339 has years of four digits.
    (text.find('-') == Some(4)).then_some(Time::Utc(text))
}

/// Minutes east of UTC: "Z", "+02:00", "-0500", "+02", "EST", "(GMT)".
fn zone_minutes(zone: &str) -> Option<i32> {
    let zone = zone.trim_matches(['(', ')']);
    let upper = zone.to_ascii_uppercase();
    if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == upper) {
        return Some(*minutes);
    }
    let upper = upper
        .strip_prefix("GMT")
        .or_else(|| upper.strip_prefix("UTC"))
        .unwrap_or(&upper);
    let (sign, digits) = match upper.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "00"),
        4 => (digits.get(..2)?, digits.get(2..)?),
        _ => return None,
    };
    let (hours, minutes) = (number(hours, hours.len())?, number(minutes, 2)?);
    (hours <= 14 && minutes < 60).then(|| sign * i32::from(hours * 60 + minutes))
}

fn date(year: i16, month: u16, day: u16) -> Option<Date> {
    if year < 1000 {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn number(digits: &str, length: usize) -> Option<u16> {
    if digits.len() == length && is_digits(digits) {
        digits.parse().ok()
    } else {
        None
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_times() {
        let utc = |text: &str| Some(Time::Utc(text.to_owned()));
        let day = |text: &str| Some(Time::Day(text.to_owned()));
        let zoneless = |text: &str| Some(Time::DayZoneMissing(text.to_owned()));
        for (written, expected) in [
            ("2023-07-06T12:00:00Z", utc("2023-07-06T12:00:00Z")),
            ("2023-07-06T12:00:00.123456Z", utc("2023-07-06T12:00:00.123456Z")),
            ("2023-07-06T12:00:00,5+02:00", utc("2023-07-06T10:00:00.5Z")),
            ("2023-07-06T12:00:00.000Z", utc("2023-07-06T12:00:00Z")),
            (
                "2023-07-06T12:00:00.1234567891Z",
                utc("2023-07-06T12:00:00.123456789Z"),
            ),
            ("2023-07-06T12:00:00.Z", None),
            ("2023-07-06T12:00:00+02:00", utc("2023-07-06T10:00:00Z")),
            ("2023-07-06T23:30:00-0500", utc("2023-07-07T04:30:00Z")),
            ("2023-07-06T12:00Z", utc("2023-07-06T12:00:00Z")),
            ("2023-07-06 12:00:00 UTC", utc("2023-07-06T12:00:00Z")),
            ("2016-12-31T23:59:60Z", utc("2016-12-31T23:59:59Z")),
            ("20230706T120000Z", utc("2023-07-06T12:00:00Z")),
            ("20230706T120000+0200", utc("2023-07-06T10:00:00Z")),
            ("20230706", day("2023-07-06")),
            ("Thu, 06 Jul 2023 12:00:00 GMT", utc("2023-07-06T12:00:00Z")),
            ("Thu, 06 Jul 2023 12:00:00 EST", utc("2023-07-06T17:00:00Z")),
            ("Thu, 06 Jul 2023 12:00:00 EDT", utc("2023-07-06T16:00:00Z")),
            ("Thu, 6 Jul 2023 12:00 PST", utc("2023-07-06T20:00:00Z")),
            ("6 Jul 2023 12:00:00 +0000", utc("2023-07-06T12:00:00Z")),
            (
                "Thu, 06 Jul 2023 12:00:00 -0500 (EST)",
                utc("2023-07-06T17:00:00Z"),
            ),
            ("July 6, 2023 at 3:05 PM EDT", utc("2023-07-06T19:05:00Z")),
            ("July 6, 2023 12:05am GMT", utc("2023-07-06T00:05:00Z")),
            ("2023-07-06", day("2023-07-06")),
            (" 2023-07-06\n", day("2023-07-06")),
            ("November 13, 2004", day("2004-11-13")),
            ("13 November 2004", day("2004-11-13")),
            ("Sept. 9th, 2004", day("2004-09-09")),
            ("Saturday, November 13, 2004", day("2004-11-13")),
            ("2013-07-31 12:00:00", zoneless("2013-07-31")),
            ("2013-07-31T12:00:00", zoneless("2013-07-31")),
            ("Thu, 06 Jul 2023 12:00:00", zoneless("2023-07-06")),
            ("2023-02-30", None),
            ("2023-13-01", None),
            ("2023-07-06T25:00:00Z", None),
            ("2023-07-06T12:61:00Z", None),
            ("2023-07-06T12:00:00 IST", None),
            ("2023-07-06T12:00:00+99:00", None),
            ("February 30, 2004", None),
            ("06/07/2023", None),
            ("yesterday", None),
            ("1688644800", None),
            ("July 2023", None),
            ("0000-00-00", None),
            ("0000-00-00 00:00:00", None),
            ("", None),
        ] {
            assert_eq!(read(written), expected, "{written}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(written in "(\\PC{0,40}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?[0-9:.+Z-]{0,20}|[A-Za-z0-9, :+]{0,40})") {
            if let Some(Time::Utc(text)) = read(&written) {
                prop_assert!(text.parse::<Timestamp>().is_ok());
            }
        }
    }
}
