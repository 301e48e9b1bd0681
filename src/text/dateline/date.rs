//! The date of a dateline: "July 6", "Nov. 15, 2022", "27 January", "MARZO 12", "6 de julio de 2023", "2023-07-06".
//! Never fills in a year, and never guesses which number is the month.

use crate::article::DatelineDate;
use crate::text::calendar;
use crate::text::dateline::scanner::Scanner;

/// The date that comes next, with a weekday before it or not, and where it ends. `None` for days that do not exist.
pub(super) fn date(scan: Scanner<'_>) -> Option<(DatelineDate, Scanner<'_>)> {
    let scan = past_weekday(scan).unwrap_or(scan);
    iso(scan)
        .or_else(|| numbers(scan))
        .or_else(|| month_first(scan))
        .or_else(|| day_first(scan))
}

/// Past "Monday, ", "Mon. " and the like.
fn past_weekday(mut scan: Scanner<'_>) -> Option<Scanner<'_>> {
    let word = scan.take_while(char::is_alphabetic);
    if !calendar::is_weekday(word) {
        return None;
    }
    scan.take_any(&['.']);
    scan.take_any(&[',']);
    scan.blanks().then_some(scan)
}

fn iso(mut scan: Scanner<'_>) -> Option<(DatelineDate, Scanner<'_>)> {
    let year = digits(&mut scan, 4, 4)?;
    let dash = scan.take_any(&['-'])?;
    let month = digits(&mut scan, 2, 2)?;
    scan.take_any(&[dash])?;
    let day = digits(&mut scan, 2, 2)?;
    finish(Some(plausible_year(year)?), u8::try_from(month).ok()?, day, scan)
}

/// "13.05.2023", "5/13/2023": read only where one order alone makes it a date.
fn numbers(mut scan: Scanner<'_>) -> Option<(DatelineDate, Scanner<'_>)> {
    let first = digits(&mut scan, 1, 2)?;
    let mark = scan.take_any(&['.', '/', '-'])?;
    let second = digits(&mut scan, 1, 2)?;
    scan.take_any(&[mark])?;
    let year = plausible_year(digits(&mut scan, 4, 4)?)?;
    let (day, month) = match (first, second) {
        (day @ 13.., month) | (month, day @ 13..) => (day, month),
        (day, month) => (day == month).then_some((day, month))?,
    };
    finish(Some(year), u8::try_from(month).ok()?, day, scan)
}

/// Past what stands where a date stands, up to a bracket, and is none that we understand: "12 mars", "le 6 juillet
/// 2023", "Feb. 29, 2023", "5/6/2023".
pub(super) fn unread(scan: Scanner<'_>) -> Option<Scanner<'_>> {
    let start = past_weekday(scan).unwrap_or(scan);
    let mut end = start;
    let written = end
        .take_while(|c| {
            c.is_alphanumeric() || c.is_whitespace() && c != '\n' || matches!(c, '.' | ',' | '-' | '/')
        })
        .trim_end();
    let parts: Vec<&str> = written
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let numeric = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
    let day = |part: &&str| numeric(part) && part.len() <= 2;
    let opens = match parts.as_slice() {
        [first, ..] if day(first) => true,
        [first, second, ..] => {
            (first.starts_with(char::is_lowercase) || calendar::month(first).is_some()) && day(second)
        }
        _ => false,
    };
    let fits = (2..=4).contains(&parts.len()) && matches!(end.peek(), Some('(' | '['));
    (opens && fits && !parts.iter().all(day)).then_some(end)
}

fn month_first(mut scan: Scanner<'_>) -> Option<(DatelineDate, Scanner<'_>)> {
    let month = month(&mut scan)?;
    scan.blanks();
    let day = day(&mut scan)?;
    let (year, scan) = optional_year(scan);
    finish(year, month, day, scan)
}

/// "6 July", "6. Juli", "le 6 juillet", "6 de julio de 2023".
fn day_first(mut scan: Scanner<'_>) -> Option<(DatelineDate, Scanner<'_>)> {
    scan.take("le ");
    let day = day(&mut scan)?;
    scan.take_any(&['.']);
    if !scan.blanks() {
        return None;
    }
    scan.take("de ");
    let month = month(&mut scan)?;
    let (year, scan) = optional_year(scan);
    finish(year, month, day, scan)
}

fn month(scan: &mut Scanner<'_>) -> Option<u8> {
    let word = scan.take_while(char::is_alphabetic);
    let is_written_so = word.starts_with(char::is_uppercase) || !calendar::is_capitalised(word);
    let month = is_written_so.then(|| calendar::month(word))??;
    // A full stop after a short month belongs to it.
    if word.chars().count() <= 5 {
        scan.take_any(&['.']);
    }
    Some(month)
}

fn day(scan: &mut Scanner<'_>) -> Option<u16> {
    let day = digits(scan, 1, 2)?;
    for suffix in ["st", "nd", "rd", "th", "er", "\u{BA}"] {
        let mut after = *scan;
        if after.take(suffix) && !after.peek().is_some_and(char::is_alphabetic) {
            *scan = after;
        }
    }
    Some(day)
}

/// A year after the day, with a comma before it or not; without one, where it stood.
fn optional_year(scan: Scanner<'_>) -> (Option<i16>, Scanner<'_>) {
    let mut after = scan;
    after.take_any(&[',']);
    if after.blanks() {
        if !after.take("de ") {
            after.take("del ");
        }
        if let Some(year) = digits(&mut after, 4, 4).and_then(plausible_year) {
            return (Some(year), after);
        }
    }
    (None, scan)
}

fn plausible_year(year: u16) -> Option<i16> {
    (1800..=2200).contains(&year).then(|| i16::try_from(year).ok())?
}

fn digits(scan: &mut Scanner<'_>, least: usize, most: usize) -> Option<u16> {
    let digits = scan.take_while(|c| c.is_ascii_digit());
    if (least..=most).contains(&digits.len()) {
        digits.parse().ok()
    } else {
        None
    }
}

fn finish(year: Option<i16>, month: u8, day: u16, scan: Scanner<'_>) -> Option<(DatelineDate, Scanner<'_>)> {
    let day = u8::try_from(day).ok()?;
    let ends = !scan.peek().is_some_and(char::is_alphanumeric);
    (ends && calendar::exists(year, month, day)).then_some((DatelineDate { year, month, day }, scan))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_dates_that_it_does_not_understand() {
        for (text, expected) in [
            ("12 mars (AFP)", Some("(AFP)")),
            ("le 6 juillet 2023 (AFP)", Some("(AFP)")),
            ("12.05.2023 (TASS)", Some("(TASS)")),
            ("5/6/2023 [PA]", Some("[PA]")),
            ("Feb. 29, 2023 (Xinhua)", Some("(Xinhua)")),
            ("54 (AP)", None),
            ("12 mars - Le", None),
            ("12 mars", None),
            ("Mars 12 (AFP)", Some("(AFP)")),
            ("5 6 (AP)", None),
            ("12 men and women of the guard (AP)", None),
            ("Texas (AP)", None),
        ] {
            assert_eq!(
                unread(Scanner::new(text)).map(|scan| scan.rest()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn reads_dates() {
        for (text, expected, rest) in [
            ("July 6 (Agency)", Some((None, 7, 6)), " (Agency)"),
            ("Nov. 15, 2022 -", Some((Some(2022), 11, 15)), " -"),
            ("Jun 15 2022 (IPS)", Some((Some(2022), 6, 15)), " (IPS)"),
            ("27 January -", Some((None, 1, 27)), " -"),
            ("6 July 2023, PARIS", Some((Some(2023), 7, 6)), ", PARIS"),
            ("2023-07-06 (", Some((Some(2023), 7, 6)), " ("),
            ("Monday, July 6 -", Some((None, 7, 6)), " -"),
            ("Mon., July 6th:", Some((None, 7, 6)), ":"),
            ("July 6. /TASS/", Some((None, 7, 6)), ". /TASS/"),
            ("6 July. /TASS/", Some((None, 7, 6)), " /TASS/"),
            ("OCT. 9, 300 men", Some((None, 10, 9)), ", 300 men"),
            ("13.05.2023 (TASS)", Some((Some(2023), 5, 13)), " (TASS)"),
            ("5/13/2023 -", Some((Some(2023), 5, 13)), " -"),
            ("05.05.2023 -", Some((Some(2023), 5, 5)), " -"),
            ("12.05.2023 -", None, ""),
            ("13.13.2023 -", None, ""),
            ("13.05/2023 -", None, ""),
            ("31.06.2023 -", None, ""),
            ("Feb. 30 -", None, ""),
            ("2023-02-29 -", None, ""),
            ("MARZO 12 (EFE)", Some((None, 3, 12)), " (EFE)"),
            ("12 mars (AFP)", Some((None, 3, 12)), " (AFP)"),
            ("10 juil 2024 (AFP)", Some((Some(2024), 7, 10)), " (AFP)"),
            ("le 1er janvier 2023 -", Some((Some(2023), 1, 1)), " -"),
            ("6 de julio de 2023 -", Some((Some(2023), 7, 6)), " -"),
            ("6. Juli (dpa)", Some((None, 7, 6)), " (dpa)"),
            ("1 LUG - ", Some((None, 7, 1)), " - "),
            (
                "12 \u{43C}\u{430}\u{440}\u{442}\u{430}. /TASS/",
                Some((None, 3, 12)),
                " /TASS/",
            ),
            ("5 may", None, ""),
            ("July 66", None, ""),
            ("July", None, ""),
            ("may 5", None, ""),
            ("March 300", None, ""),
            ("5-6 July", None, ""),
        ] {
            let found = date(Scanner::new(text));
            assert_eq!(
                found.map(|(date, _)| (date.year, date.month, date.day)),
                expected,
                "{text}"
            );
            if let Some((_, scan)) = found {
                assert_eq!(scan.rest(), rest, "{text}");
            }
        }
    }
}
