//! The wire head at the start of a story, taken apart: "PARIS, July 6 (Agency) --". Silent where it is not
//! sure: it never
//! invents a place, a year or an agency, and never reads past `limits.dateline_bytes_max`.
//!
//! The readers below find what could be a head; `evidence` judges it.

mod agency;
mod cities;
mod date;
mod evidence;
mod places;
mod regions;
mod scanner;
#[cfg(test)]
mod languages;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod traps;

pub(crate) use agency::is_known as is_known_agency;

use crate::article::ByteSpan;
use crate::article::Dateline;
use crate::article::DatelineDate;
use crate::limits::Limits;
use crate::text::byline;
use crate::text::calendar;
use crate::text::dateline::agency::Agency;
use crate::text::dateline::places::Places;
use crate::text::dateline::scanner::Scanner;

/// Words that open a line before a colon or dash and are no place.
const NOT_PLACES: &[&str] = &[
    "ADVISORY",
    "ALERT",
    "ANALYSIS",
    "BORN",
    "BREAKING",
    "BY",
    "CORRECTED",
    "CORRECTION",
    "EDITOR",
    "EDITORS",
    "EDITORIAL",
    "EDS",
    "EXCLUSIVE",
    "EXPLAINER",
    "FACTBOX",
    "FEATURE",
    "FROM",
    "HEADLINE",
    "IN",
    "INTERVIEW",
    "LIVE",
    "NEWS",
    "NOTE",
    "ON",
    "OPINION",
    "PHOTOS",
    "POLL",
    "REFILE",
    "REVIEW",
    "SOURCE",
    "SPECIAL",
    "STORY",
    "THE",
    "TIMELINE",
    "TODAY",
    "TONIGHT",
    "UPDATE",
    "UPDATED",
    "URGENT",
    "VIDEO",
    "WATCH",
    "WRAPUP",
];

/// A head, before it is judged.
#[derive(Debug, Default)]
struct Head<'t> {
    places: Places,
    date: Option<DatelineDate>,
    agency: Option<Agency<'t>>,
}

/// What stands between head and story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// A dash with a blank on at least one side, or after a bracket.
    Dash,
    /// An em dash with letters on both sides.
    TightEmDash,
    /// Another dash with letters on both sides.
    TightDash,
    /// A colon.
    Colon,
    /// The full stop or slash after "/TASS/", "/ ACCESSWIRE / May 5 /" and "- RIA Novosti".
    Wire,
}

/// Longest headline above a dateline, in bytes.
const HEADLINE_BYTES_MAX: usize = 160;

/// The dateline that `text` opens with, after a byline or not; or, where it is unmistakable, below a headline.
pub fn parse(text: &str, limits: &Limits) -> Option<Dateline> {
    let opening = text
        .get(..text.floor_char_boundary(limits.dateline_bytes_max))
        .unwrap_or_default();
    let start = opening.len() - opening.trim_start_matches(is_blank).len();
    let at = past_byline(opening, start);
    head_at(opening, at)
        .or_else(|| head_at(opening, past_headline(opening, start)?).filter(Found::is_unmistakable))
        .map(Found::into_dateline)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{FEFF}'
}

/// Where the next line with anything on it starts, if the line at `start` is a byline; else `start`.
fn past_byline(opening: &str, start: usize) -> usize {
    let Some((line, rest)) = opening.get(start..).and_then(|first| first.split_once('\n')) else {
        return start;
    };
    if byline::is_byline(line, agency::is_known) {
        opening.len() - rest.trim_start().len()
    } else {
        start
    }
}

/// Where the paragraph below a headline and a byline starts: a short first line that ends no sentence, and only a
/// byline between it and the next blank line.
fn past_headline(opening: &str, start: usize) -> Option<usize> {
    let (line, rest) = opening.get(start..)?.split_once('\n')?;
    let line = line.trim_end();
    if line.len() > HEADLINE_BYTES_MAX || line.ends_with(['.', '!', '?', ':', ';', ',', '\u{2026}']) {
        return None;
    }
    let below = opening.len() - rest.trim_start().len();
    let story = past_byline(opening, below);
    let apart = |at: usize| Some(opening.get(..at)?.trim_end_matches(' ').ends_with("\n\n"));
    apart(story)?.then_some(story)
}

/// A head that was found, and its bytes.
struct Found<'t> {
    head: Head<'t>,
    separator: Separator,
    span: ByteSpan,
}

impl Found<'_> {
    /// True with an agency or a date, and a dash: no headline or first sentence looks so.
    fn is_unmistakable(&self) -> bool {
        (self.head.agency.is_some() || self.head.date.is_some())
            && matches!(self.separator, Separator::Dash | Separator::Wire)
    }

    fn into_dateline(self) -> Dateline {
        Dateline {
            span: self.span,
            places: self.head.places.list,
            date: self.head.date,
            agency: self.head.agency.map(|agency| agency.name.to_owned()),
        }
    }
}

fn head_at(opening: &str, start: usize) -> Option<Found<'_>> {
    let opened = opening.get(start..)?;
    let scan = Scanner::new(opened);
    let (head, separator, end) = [agency_then_head, wire_date, place_first, date_first, agency_first]
        .iter()
        .filter_map(|read| read(scan))
        .find_map(|(head, scan)| {
            let (separator, scan) = separator(scan, &head)?;
            evidence::is_sure(&head, separator, scan.rest()).then_some((head, separator, scan.at()))
        })?;
    let written = opened.get(..end)?;
    let end = if separator == Separator::Colon {
        end
    } else {
        written.trim_end().len()
    };
    let span = ByteSpan::new(start, start + end);
    Some(Found {
        head,
        separator,
        span,
    })
}

/// "date 2023-07-06 (Agency) --".
fn wire_date(mut scan: Scanner<'_>) -> Option<(Head<'_>, Scanner<'_>)> {
    if !scan.take("date ") {
        return None;
    }
    let (date, scan) = date::date(scan.past_blanks())?;
    let (agency, scan) = optional_agency(scan);
    Some((
        Head {
            date: Some(date),
            agency,
            ..Head::default()
        },
        scan,
    ))
}

/// "PARIS, July 6 (Agency)", "LONDON/NEW YORK (Reuters)", "NEW DELHI".
fn place_first(scan: Scanner<'_>) -> Option<(Head<'_>, Scanner<'_>)> {
    if is_label(scan.rest()) {
        return None;
    }
    let (places, mut scan) = places::places(scan)?;
    let mut after = scan;
    after.take_any(&[',', '.']);
    let date = if after.blanks() { date::date(after) } else { None };
    let date = date
        .or_else(|| date_in_brackets(scan).filter(|_| places.known))
        .or_else(|| date_apart(scan))
        .map(|(date, end)| {
            scan = end;
            date
        });
    if date.is_none()
        && (places.capitals || places.known)
        && let Some((agency, end)) = unread_date_and_agency(scan)
    {
        let agency = Some(agency);
        return Some((Head { places, date, agency }, end));
    }
    let (agency, mut scan) = match date.and_then(|_| agency_apart(scan)) {
        Some((agency, end)) => (Some(agency), end),
        None => optional_agency(scan),
    };
    // "/ ACCESSWIRE / January 5, 2021 /": the date comes last.
    if let (None, Some(Agency { slashes: true, .. }), Some((date, end))) =
        (date, agency, date::date(scan.past_blanks()))
    {
        scan = end;
        return Some((
            Head {
                places,
                date: Some(date),
                agency,
            },
            scan,
        ));
    }
    Some((Head { places, date, agency }, scan))
}

/// "GENEVA (23 January 2024)".
fn date_in_brackets(scan: Scanner<'_>) -> Option<(DatelineDate, Scanner<'_>)> {
    let mut scan = scan.past_blanks();
    scan.take_any(&['('])?;
    let (date, mut end) = date::date(scan.past_blanks())?;
    end.blanks();
    end.take_any(&[')'])?;
    Some((date, end))
}

/// ", 12 mars (AFP)": a date that is not understood, and the agency that makes it sure that it is one.
fn unread_date_and_agency(mut scan: Scanner<'_>) -> Option<(Agency<'_>, Scanner<'_>)> {
    scan.take_any(&[',', '.'])?;
    let end = date::unread(scan.past_blanks())?;
    agency::bracketed(end)
}

/// " - RIA Novosti.", " - Reuters -", " AFP -": a known agency between the date and a full stop or dash, which
/// is left to be the separator.
fn agency_apart(scan: Scanner<'_>) -> Option<(Agency<'_>, Scanner<'_>)> {
    let after = match separator(scan, &Head::default()) {
        Some((Separator::Dash, after)) => after,
        Some(_) => return None,
        None => scan,
    };
    let (agency, end) = agency::bare(after.past_blanks())?;
    if let Some((Separator::Dash, _)) = separator(end, &Head::default()) {
        return Some((agency, end));
    }
    let mut stop = end;
    stop.take_any(&['.'])?;
    ends_word(stop).then_some((
        Agency {
            stopped: true,
            ..agency
        },
        end,
    ))
}

/// "SAN FRANCISCO - July 6, 2023 -", "LONDON: 6 July -": the date has a dash or colon of its own, and another
/// after it.
fn date_apart(scan: Scanner<'_>) -> Option<(DatelineDate, Scanner<'_>)> {
    let (_, after) = separator(scan, &Head::default())?;
    let (date, end) = date::date(after.past_blanks())?;
    separator(end, &Head::default())?;
    Some((date, end))
}

/// "July 6, PARIS (Agency)", "6 July 2023 (Agency)".
fn date_first(scan: Scanner<'_>) -> Option<(Head<'_>, Scanner<'_>)> {
    let (date, mut scan) = date::date(scan)?;
    let mut after = scan;
    after.take_any(&[',', '.', ':']);
    let mut found = Places::default();
    if after.blanks()
        && !is_label(after.rest())
        && let Some((places, end)) = places::places(after)
    {
        found = places;
        scan = end;
    }
    let (agency, scan) = optional_agency(scan);
    Some((
        Head {
            places: found,
            date: Some(date),
            agency,
        },
        scan,
    ))
}

/// "(Reuters)", "afrol News, 27 January".
fn agency_first(scan: Scanner<'_>) -> Option<(Head<'_>, Scanner<'_>)> {
    if let Some((agency, scan)) = agency::bracketed(scan) {
        return agency.known.then_some((
            Head {
                agency: Some(agency),
                ..Head::default()
            },
            scan,
        ));
    }
    let (agency, mut scan) = agency::bare(scan)?;
    scan.take_any(&[',']);
    let (date, scan) = date::date(scan.past_blanks())?;
    Some((
        Head {
            date: Some(date),
            agency: Some(agency),
            ..Head::default()
        },
        scan,
    ))
}

/// "(ANSA) - ROME, JUL 6": the agency with a dash of its own, then place and date.
fn agency_then_head(scan: Scanner<'_>) -> Option<(Head<'_>, Scanner<'_>)> {
    let (head, scan) = agency_first(scan)?;
    let (_, scan) = separator(scan, &head)?;
    let (inner, scan) = place_first(scan.past_blanks())?;
    (inner.date.is_some() && inner.agency.is_none()).then_some((
        Head {
            agency: head.agency,
            ..inner
        },
        scan,
    ))
}

/// An agency in brackets, with a dash or full stop before it or not, or a known one after a comma.
fn optional_agency(scan: Scanner<'_>) -> (Option<Agency<'_>>, Scanner<'_>) {
    let mut bare = scan;
    if bare.take_any(&[',']).is_some()
        && let Some((agency, end)) = agency::bare(bare.past_blanks())
    {
        return (Some(agency), end);
    }
    let mut ahead = scan;
    ahead.take_any(&[',', '.', ':']);
    ahead.blanks();
    ahead.take_while(is_dash);
    match agency::bracketed(ahead.past_blanks()) {
        Some((agency, end)) => (Some(agency), second_bracket(end)),
        None => (None, scan),
    }
}

/// Past a second agency: "(Reuters) (AP)".
fn second_bracket(scan: Scanner<'_>) -> Scanner<'_> {
    match agency::bracketed(scan.past_blanks()) {
        Some((agency, end)) if agency.known && !agency.slashes => end,
        _ => scan,
    }
}

/// The separator that comes next, and what follows it.
fn separator<'t>(scan: Scanner<'t>, head: &Head<'_>) -> Option<(Separator, Scanner<'t>)> {
    let stopped = head.agency.is_some_and(|agency| agency.stopped);
    let slashes = head.agency.is_some_and(|agency| agency.slashes);
    let mut after = scan;
    let blank_before = after.blanks();
    let bracket_before = matches!(scan.previous(), Some(')' | ']' | '/'));
    if after.take_any(&[':']).is_some() {
        return ends_word(after).then_some((Separator::Colon, after));
    }
    if (slashes || stopped) && after.take_any(&['.', '/']).is_some() && ends_word(after) {
        return Some((Separator::Wire, after));
    }
    // "(EFE).- El".
    let mut stopped = after;
    if bracket_before && stopped.take_any(&['.']).is_some() && stopped.peek().is_some_and(is_dash) {
        after = stopped;
    }
    let marks = after.take_while(is_dash);
    if marks.is_empty() {
        return None;
    }
    let mut spaced = after;
    spaced.blanks();
    let doubled = marks == "-" && !spaced.take_while(|c| c == '-').is_empty() && ends_word(spaced);
    if doubled {
        after = spaced;
    }
    let apart = blank_before || bracket_before;
    match (marks, apart, ends_word(after)) {
        // "Srinagar- An", "3-0": a single hyphen needs a blank or bracket before it, and a blank after it.
        ("-" | "_", true, true) => Some((Separator::Dash, after)),
        ("-", true, false) if bracket_before => Some((Separator::Dash, after)),
        ("-" | "_", ..) => doubled.then_some((Separator::Dash, after)),
        (_, true, _) | (_, _, true) => Some((Separator::Dash, after)),
        ("\u{2014}", ..) => Some((Separator::TightEmDash, after)),
        _ => Some((Separator::TightDash, after)),
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn ends_word(scan: Scanner<'_>) -> bool {
    scan.peek().is_none_or(char::is_whitespace)
}

/// True for words that are never a place: "UPDATE 1-", "By JOHN SMITH", "Note to editors", weekdays.
fn is_label(text: &str) -> bool {
    let word = text
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    word.len() < 12
        && (NOT_PLACES.contains(&word.to_uppercase().as_str())
            && !text.starts_with("THE HAGUE")
            && !text.starts_with("The Hague")
            || calendar::is_weekday(word))
}
