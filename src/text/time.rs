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

/// How many days after the day in its dateline a story is published.
const DATELINE_DAYS: std::ops::RangeInclusive<i32> = -2..=90;

/// Longest string that is looked at.
const BYTES_MAX: usize = 64;

/// Zones of RFC 2822 and of news sites that mean one offset, in minutes. No "IST", "BST" or "AST": they mean several.
#[rustfmt::skip]
const ZONES: &[(&str, i32)] = &[
    ("UTC", 0), ("GMT", 0), ("UT", 0), ("Z", 0), ("WET", 0), ("WEST", 60),
    ("EST", -300), ("EDT", -240), ("CST", -360), ("CDT", -300), ("MST", -420), ("MDT", -360), ("PST", -480), ("PDT", -420),
    ("AKST", -540), ("AKDT", -480), ("HST", -600), ("NST", -210), ("NDT", -150), ("BRT", -180), ("ART", -180),
    ("CET", 60), ("CEST", 120), ("MEZ", 60), ("MESZ", 120), ("EET", 120), ("EEST", 180), ("MSK", 180), ("TRT", 180),
    ("WAT", 60), ("CAT", 120), ("SAST", 120), ("EAT", 180), ("PKT", 300), ("NPT", 345), ("WIB", 420), ("ICT", 420),
    ("HKT", 480), ("SGT", 480), ("PHT", 480), ("AWST", 480), ("JST", 540), ("KST", 540), ("ACST", 570), ("ACDT", 630),
    ("AEST", 600), ("AEDT", 660), ("NZST", 720), ("NZDT", 780),
];

/// Reads a time; `None` where it is unreadable or impossible.
pub fn read(written: &str) -> Option<Time> {
    let written = written.trim();
    if written.is_empty() || written.len() > BYTES_MAX {
        return None;
    }
    let written = written.replace(['\u{A0}', '\u{202F}'], " ");
    if let Some(compact) = compact(&written) {
        return numeric(&compact);
    }
    let head = written.split([' ', 'T', 't']).next().unwrap_or_default();
    if head.split(['-', '/', '.']).count() == 3
        && head.bytes().all(|b| b.is_ascii_digit() || b"-/.".contains(&b))
    {
        let (day, rest) = (numbers(head)?, written.get(head.len()..)?);
        return numeric(&format!("{day}{rest}"));
    }
    words(&written)
}

/// The day alone, as published.
pub fn day(year: i16, month: u8, day: u8) -> Option<String> {
    Some(date(year, u16::from(month), u16::from(day))?.to_string())
}

/// The year in which that day lies within `DATELINE_DAYS` of `published` (`YYYY-MM-DD`), if one does: a story
/// is published soon after it is written, and in time zones ahead of its writer before that day has begun.
pub fn year_near(published: &str, month: u8, day: u8) -> Option<i16> {
    let published: Date = published.parse().ok()?;
    let years = (published.year() - 1)..=(published.year().checked_add(1)?);
    let mut near = years.filter(|year| {
        let written = date(*year, u16::from(month), u16::from(day));
        let days = written
            .and_then(|written| written.until(published).ok())
            .map(|span| span.get_days());
        days.is_some_and(|days| DATELINE_DAYS.contains(&days))
    });
    near.next()
}

/// "20230706T120000Z" as "2023-07-06T12:00:00Z", "20230706" as "2023-07-06", "20230706120000" too.
fn compact(written: &str) -> Option<String> {
    let day = written.get(..8).filter(|day| is_digits(day))?;
    let day = format!("{}-{}-{}", day.get(..4)?, day.get(4..6)?, day.get(6..8)?);
    let rest = written.get(8..)?;
    if rest.is_empty() {
        return Some(day);
    }
    let is_clock = is_digits(rest) && rest.len() == 6;
    let rest = rest.strip_prefix('T').or(Some(rest).filter(|_| is_clock))?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at_checked(end)?;
    let clock = match clock.len() {
        4 => format!("{}:{}", clock.get(..2)?, clock.get(2..)?),
        6 => format!("{}:{}:{}", clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?),
        _ => return None,
    };
    Some(format!("{day}T{clock}{zone}"))
}

/// "2023-07-06", "2023/07/06", "13.07.2023", "7/13/2023" as "2023-07-13": read only where one order alone makes
/// it a date.
fn numbers(written: &str) -> Option<String> {
    let mut parts = written.split(['-', '/', '.']);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if first.len() == 4 {
        return Some(format!("{first}-{second:0>2}-{third:0>2}"));
    }
    let (a, b) = (
        number(first, first.len().min(2))?,
        number(second, second.len().min(2))?,
    );
    let (day, month) = match (a, b) {
        (day @ 13.., month) | (month, day @ 13..) => (day, month),
        (day, month) => (day == month).then_some((day, month))?,
    };
    (third.len() == 4).then(|| format!("{third}-{month:02}-{day:02}"))
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

/// RFC 2822, RFC 850, asctime and dates in words: "Thu, 06 Jul 2023 12:00:00 EST", "06-Jul-23", "Thu Jul  6
/// 12:00:00 EDT 2023", "November 13, 2004", "6 de julio de 2023", "13 November 2004 10:30 GMT".
fn words(written: &str) -> Option<Time> {
    let split = written.split([' ', ',']).filter(|word| !word.is_empty());
    let mut words: Vec<&str> = split
        .filter(|word| !matches!(*word, "de" | "del" | "le"))
        .collect();
    if words
        .first()
        .is_some_and(|word| calendar::is_weekday(word.trim_end_matches('.')))
    {
        words.remove(0);
    }
    if let Some(date) = words
        .first()
        .filter(|word| word.matches('-').count() == 2)
        .copied()
    {
        words.splice(..1, date.split('-'));
    }
    // asctime and Java's `Date` have the year behind the clock and its zone.
    let has_clock = words.get(2).is_some_and(|word| word.contains(':'));
    if has_clock
        && words
            .last()
            .is_some_and(|year| year.len() == 4 && is_digits(year))
    {
        let year = words.pop()?;
        words.insert(2, year);
    }
    let mut words = words.into_iter().peekable();
    let (first, second) = (words.next()?, words.next()?);
    let (month, day) = match month(first) {
        Some(month) => (month, second),
        None => (month(second)?, first),
    };
    let day = ["st", "nd", "rd", "th", "er", "."]
        .iter()
        .find_map(|suffix| day.strip_suffix(suffix))
        .unwrap_or(day);
    let day = number(day, day.len().min(2))?;
    let day = date(year(words.next()?)?, u16::from(month), day)?;
    words.next_if(|word| matches!(*word, "at" | "-" | "|" | "um" | "\u{E0}" | "alle" | "a" | "las"));
    let Some(time) = words.next() else {
        return Some(Time::Day(day.to_string()));
    };
    let (time, mut half) = split_half(time);
    if half.is_none() {
        half = words.next_if(|word| matches!(*word, "AM" | "PM" | "am" | "pm" | "a.m." | "p.m."));
    }
    let hour_alone = (half.is_some() && is_digits(time)).then(|| format!("{time}:00"));
    let at = in_half(clock(day, hour_alone.as_deref().unwrap_or(time))?, half)?;
    let zone = words.next_if(|word| *word != "Uhr").unwrap_or_default();
    words.next_if(|word| *word == "Uhr");
    // "(EST)" may repeat the zone in words; anything else is not a time we know.
    if words.all(|word| word.starts_with('(') || word.ends_with(')')) {
        finish(at, zone)
    } else {
        None
    }
}

/// A year of four digits; or of two, as RFC 850 has it, which RFC 6265 reads so.
fn year(written: &str) -> Option<i16> {
    let year = match written.len() {
        2 => number(written, 2).map(|year| if year < 70 { 2000 + year } else { 1900 + year })?,
        _ => number(written, 4)?,
    };
    i16::try_from(year).ok()
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
    // "+02:00[Europe/Paris]": the name says no more than the offset.
    let zone = zone.split('[').next().unwrap_or_default().trim();
    let unknown = Time::DayZoneMissing(at.date().to_string());
    if zone.is_empty() {
        return Some(unknown);
    }
    let minutes = match zone_minutes(zone) {
        Some(minutes) => minutes,
        // A name that means several zones, or none that is listed.
        None if zone
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, '/' | '_' | '(' | ')')) =>
        {
            return Some(unknown);
        }
        None => return None,
    };
    let offset = Offset::from_seconds(minutes * 60).ok()?;
    let timestamp: Timestamp = offset.to_timestamp(at).ok()?;
    let text = timestamp.to_string();
    // RFC 3339 has years of four digits.
    (text.find('-') == Some(4)).then_some(Time::Utc(text))
}

/// Minutes east of UTC: "Z", "+02:00", "-0500", "+02", "+530", "EST", "(GMT)", "GMT+2".
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
    let (sign, digits) = match upper.chars().next()? {
        '+' => (1, upper.get(1..)?),
        '-' => (-1, upper.get(1..)?),
        '\u{2212}' => (-1, upper.get(3..)?),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "00"),
        3 => (digits.get(..1)?, digits.get(1..)?),
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

    fn utc(text: &str) -> Option<Time> {
        Some(Time::Utc(text.to_owned()))
    }

    fn day(text: &str) -> Option<Time> {
        Some(Time::Day(text.to_owned()))
    }

    fn zoneless(text: &str) -> Option<Time> {
        Some(Time::DayZoneMissing(text.to_owned()))
    }

    #[test]
    fn reads_times() {
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
        ] {
            assert_eq!(read(written), expected, "{written}");
        }
    }

    #[test]
    fn reads_other_forms_and_refuses_guesses() {
        for (written, expected) in [
            ("2023-07-06T12:00:00 IST", zoneless("2023-07-06")),
            (
                "2023-07-06T12:00:00+02:00[Europe/Paris]",
                utc("2023-07-06T10:00:00Z"),
            ),
            ("2023-07-06 12:00 Europe/Paris", zoneless("2023-07-06")),
            ("2023-07-06 12:00 foo1", None),
            ("2023/07/06 12:00 JST", utc("2023-07-06T03:00:00Z")),
            ("2023-7-6", day("2023-07-06")),
            ("13/07/2023", day("2023-07-13")),
            ("7/13/2023 10:00 PDT", utc("2023-07-13T17:00:00Z")),
            ("13.07.2023 12:00", zoneless("2023-07-13")),
            ("13.13.2023", None),
            ("20230706120000", zoneless("2023-07-06")),
            ("Thursday, 06-Jul-23 12:00:00 GMT", utc("2023-07-06T12:00:00Z")),
            ("Sunday, 06-Nov-94 08:49:37 GMT", utc("1994-11-06T08:49:37Z")),
            ("Thu Jul  6 12:00:00 2023", zoneless("2023-07-06")),
            ("Thu Jul 06 12:00:00 EDT 2023", utc("2023-07-06T16:00:00Z")),
            ("July 6, 2023, 3 p.m. EDT", utc("2023-07-06T19:00:00Z")),
            ("July 6, 2023 3pm ET", zoneless("2023-07-06")),
            ("6 juillet 2023", day("2023-07-06")),
            ("6 de julio de 2023", day("2023-07-06")),
            ("6. Juli 2023 12:00 Uhr", zoneless("2023-07-06")),
            ("Thu, 06 Jul 2023 12:00:00 GMT+5:30", utc("2023-07-06T06:30:00Z")),
            ("Thu, 06 Jul 2023 12:00:00 +530", utc("2023-07-06T06:30:00Z")),
            (
                "July 6, 2023\u{202F}3:05\u{202F}PM EST",
                utc("2023-07-06T20:05:00Z"),
            ),
            ("12:00:00", None),
            ("June 31, 2023", None),
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

    #[test]
    fn a_day_without_a_year_lies_near_publication() {
        for (published, month, day, year) in [
            ("2023-07-07", 7, 6, Some(2023)),
            ("2024-01-01", 12, 31, Some(2023)),
            ("2023-12-31", 1, 1, Some(2024)),
            ("2024-03-01", 2, 29, Some(2024)),
            ("2023-03-01", 2, 29, None),
            ("2023-07-07", 7, 20, None),
            ("2023-07-07", 1, 6, None),
            ("nonsense", 7, 6, None),
        ] {
            assert_eq!(
                year_near(published, month, day),
                year,
                "{published} {month} {day}"
            );
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
