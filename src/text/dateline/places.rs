//! The places of a dateline: their words, their countries, and the case a librarian would write them in.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::article::DatelinePlace;
use crate::text::dateline::agency;
use crate::text::dateline::cities::CITIES;
use crate::text::dateline::date;
use crate::text::dateline::regions::REGIONS;
use crate::text::dateline::scanner::Scanner;

/// Words inside a name that are written small.
const PARTICLES: &[&str] = &[
    "al", "am", "an", "and", "au", "aux", "ben", "d", "da", "das", "de", "del", "den", "der", "des", "di",
    "do", "dos", "du", "e", "el", "en", "es", "et", "ez", "in", "la", "las", "le", "les", "los", "no", "of",
    "on", "sous", "sur", "the", "und", "upon", "y", "zu",
];

/// Words with a full stop that stand in names of places.
const STOPPED: &[&str] = &["ft", "mt", "pt", "st", "ste", "sto", "sta"];

const WORDS_MAX: usize = 6;
const PLACES_MAX: usize = 6;

/// The places of a head, and what is known about them.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// In order.
    pub(super) list: Vec<DatelinePlace>,
    /// True where the first is written in capitals.
    pub(super) capitals: bool,
    /// True where every one is a city we know or has a country that we know.
    pub(super) known: bool,
    /// True where a country or state is written.
    pub(super) with_region: bool,
}

/// A name as it stands in the head.
#[derive(Clone, Copy)]
struct Name<'t> {
    written: &'t str,
    capitals: bool,
}

/// The places that come next: "LONDON/NEW YORK", "LAGOS, Nigeria", "SYDNEY and KUALA LUMPUR".
pub(super) fn places(scan: Scanner<'_>) -> Option<(Places, Scanner<'_>)> {
    let (first, mut scan) = name(scan)?;
    let mut found = Places {
        capitals: first.capitals,
        known: true,
        ..Places::default()
    };
    let mut open = first;
    let mut regions: Vec<Name<'_>> = Vec::new();
    while found.list.len() < PLACES_MAX {
        let Some((joined, next, after)) = continuation(scan) else {
            break;
        };
        let is_region = region(next.written).is_some();
        let another = match joined {
            Joint::And => next.capitals == found.capitals,
            Joint::Comma => next.capitals && found.capitals && !is_region_of(open, next),
        };
        if another {
            close(open, &regions, &mut found);
            regions.clear();
            open = next;
        } else if matches!(joined, Joint::Comma) && regions.len() < 2 && (is_region || !next.capitals) {
            regions.push(next);
        } else {
            break;
        }
        scan = after;
    }
    close(open, &regions, &mut found);
    Some((found, scan))
}

/// How two names are joined.
enum Joint {
    Comma,
    And,
}

/// The next name, if one is joined to what stands before.
fn continuation(scan: Scanner<'_>) -> Option<(Joint, Name<'_>, Scanner<'_>)> {
    let mut after = scan.past_blanks();
    let joint = match after.take_any(&[',', '/', '&', '|']) {
        Some(',') => Joint::Comma,
        Some('/') if agency::bracketed(scan.past_blanks()).is_some() => return None,
        Some(_) => Joint::And,
        None if after.at() > scan.at() && (after.take("and ") || after.take("AND ")) => Joint::And,
        None => return None,
    };
    after.blanks();
    let joint = if after.take("and ") { Joint::And } else { joint };
    after.blanks();
    if date::date(after).is_some() || date::unread(after).is_some() {
        return None;
    }
    let bare_agency = agency::bare(after).is_some();
    let (next, end) = name(after).filter(|(next, _)| !bare_agency || region(next.written).is_some())?;
    Some((joint, next, end))
}

/// True where `next`, in capitals, says where `place` lies and is not a place of its own.
fn is_region_of(place: Name<'_>, next: Name<'_>) -> bool {
    let Some(code) = region(next.written) else {
        return false;
    };
    match city(place.written) {
        Some(country) if city(next.written).is_some() => country == code,
        _ => true,
    }
}

fn close(place: Name<'_>, regions: &[Name<'_>], found: &mut Places) {
    // "ABOARD AIR FORCE ONE", "OFF THE COAST OF LIBYA" are no names of places; "NEAR MOSUL" holds one.
    if ["aboard ", "off ", "on board "]
        .iter()
        .any(|open| fold(place.written).starts_with(open))
    {
        return;
    }
    let near = ["NEAR ", "Near ", "OUTSIDE ", "Outside "];
    let written = near
        .iter()
        .find_map(|open| place.written.strip_prefix(open))
        .unwrap_or(place.written);
    let place = Name { written, ..place };
    let city = city(place.written);
    let codes = regions.iter().rev().filter_map(|name| region(name.written));
    // "TBILISI, Georgia" and "ATLANTA, Georgia": only the city tells.
    let written = codes.clone().next().map(|code| {
        if code.is_empty() {
            city.unwrap_or(code)
        } else {
            code
        }
    });
    // "Moscow, Washington": two cities, or a small town in a state.
    let doubtful =
        regions.iter().any(|name| self::city(name.written).is_some()) && city.is_some() && city != written;
    let country = if regions.is_empty() {
        city.or_else(|| region(place.written))
    } else {
        written.filter(|_| !doubtful)
    };
    found.with_region |= written.is_some();
    found.known &= if regions.is_empty() {
        city.is_some()
    } else {
        country.is_some()
    };
    let name = if place.capitals {
        title_case(place.written)
    } else {
        place.written.trim().to_owned()
    };
    let country = country.filter(|code| !code.is_empty()).map(str::to_owned);
    found.list.push(DatelinePlace { name, country });
}

/// One name of at most six words, each with a capital or a known small word.
fn name(scan: Scanner<'_>) -> Option<(Name<'_>, Scanner<'_>)> {
    let start = scan.at();
    let mut scan = scan;
    let mut end = None;
    let mut capitals = true;
    for count in 0..WORDS_MAX {
        let mut ahead = scan.past_blanks();
        if count > 0 && (ahead.at() == scan.at() || date::date(ahead).is_some()) {
            break;
        }
        let word_start = ahead.at();
        let Some(kind) = word(&mut ahead) else { break };
        if kind == Case::Small && (count == 0 || !small_fits(scan, ahead, start, word_start)) {
            break;
        }
        if kind == Case::Capitals
            && matches!(ahead.since(word_start), "AND" | "and")
            && !names_region(start, ahead)
        {
            break;
        }
        capitals &= kind != Case::Title;
        scan = ahead;
        if kind != Case::Small {
            end = Some(scan);
        }
    }
    let scan = end?;
    let written = scan.since(start);
    let letters = written.chars().filter(|c| c.is_alphabetic()).count();
    (letters > 1).then_some((Name { written, capitals }, scan))
}

/// True where a small word may go on a name: particles, and "and" only inside a country's name.
fn small_fits(before: Scanner<'_>, after: Scanner<'_>, start: usize, word_start: usize) -> bool {
    match after.since(word_start) {
        "and" => names_region(start, after),
        small => PARTICLES.contains(&small.split('-').next().unwrap_or_default()) && before.at() > start,
    }
}

/// True where the name from `start`, with the word after `scan`, is a country: "Bosnia and Herzegovina".
fn names_region(start: usize, scan: Scanner<'_>) -> bool {
    let mut ahead = scan.past_blanks();
    word(&mut ahead).is_some() && region(ahead.since(start)).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Capitals,
    Title,
    Small,
}

/// One word: letters with apostrophes and hyphens between them, and a full stop after "ST" or inside "D.C.".
fn word(scan: &mut Scanner<'_>) -> Option<Case> {
    let start = scan.at();
    loop {
        if scan
            .take_while(|c| c.is_alphabetic() || is_combining_mark(c))
            .is_empty()
        {
            break;
        }
        let mut ahead = *scan;
        let Some(mark) = ahead.take_any(&['\'', '\u{2019}', '-', '\u{2010}', '\u{2011}', '.']) else {
            break;
        };
        let so_far = scan.since(start);
        let initials = so_far
            .rsplit('.')
            .next()
            .is_some_and(|part| part.chars().count() == 1);
        let letter_next = ahead.peek().is_some_and(char::is_alphabetic);
        if mark == '.'
            && (STOPPED.contains(&so_far.to_lowercase().as_str()) || initials || is_short_region(so_far))
        {
            *scan = ahead;
            if !initials || !letter_next {
                break;
            }
        } else if mark != '.' && letter_next {
            *scan = ahead;
        } else {
            break;
        }
    }
    case(scan.since(start))
}

/// "Calif", "Fla": written with a full stop.
fn is_short_region(word: &str) -> bool {
    word.len() < 6 && region(word).is_some()
}

fn case(word: &str) -> Option<Case> {
    let first = word.chars().next()?;
    let capitals = word
        .strip_prefix("Mc")
        .or_else(|| word.strip_prefix("Mac"))
        .unwrap_or(word);
    if capitals.chars().all(|c| !c.is_lowercase()) && first.is_uppercase() {
        Some(Case::Capitals)
    } else if first.is_uppercase() {
        Some(Case::Title)
    } else {
        first.is_lowercase().then_some(Case::Small)
    }
}

/// Code of the country or state that `name` names; empty where the name alone does not say which.
fn region(name: &str) -> Option<&'static str> {
    match name {
        // With full stops it is Newfoundland and Labrador; "NL" may be the Netherlands.
        "N.L." => Some("CA"),
        _ => lookup(REGIONS, name),
    }
}

/// Code of the country of a city that stands alone; empty where there are several.
fn city(name: &str) -> Option<&'static str> {
    lookup(CITIES, name)
}

fn lookup(table: &'static [(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    let folded = fold(name);
    let at = table
        .binary_search_by(|(key, _)| key.cmp(&folded.as_str()))
        .ok()?;
    table.get(at).map(|(_, code)| *code)
}

/// A name without case, accents, full stops and kinds of apostrophe, hyphens as blanks.
pub(super) fn fold(name: &str) -> String {
    let plain = name
        .nfd()
        .filter(|c| !is_combining_mark(*c) && *c != '.')
        .map(|c| match c {
            '\u{2019}' => '\'',
            '-' | '\u{2010}' | '\u{2011}' => ' ',
            _ => c,
        });
    plain
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// "COX'S BAZAR" becomes "Cox's Bazar", "SHARM EL-SHEIKH" becomes "Sharm el-Sheikh".
fn title_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (place, word) in name.split_whitespace().enumerate() {
        if place > 0 {
            out.push(' ');
        }
        for (part_place, part) in word.split('-').enumerate() {
            if part_place > 0 {
                out.push('-');
            }
            let lower = part.to_lowercase();
            let arabic = part_place == 0
                && word.contains('-')
                && matches!(lower.as_str(), "as" | "ash" | "at" | "ad" | "ar" | "az");
            if (place > 0 || part_place > 0) && (arabic || PARTICLES.contains(&lower.as_str())) {
                out.push_str(&lower);
            } else if matches!(lower.as_str(), "d.c." | "u.s." | "u.n.") {
                out.push_str(part);
            } else if let Some(rest) = part.strip_prefix("Mc") {
                out.push_str("Mc");
                capitalise(&rest.to_lowercase(), &mut out);
            } else {
                capitalise(&lower, &mut out);
            }
        }
    }
    out
}

/// A capital first, and after "n'" and the like: "N'Djamena" but "Cox's", "Ma'an".
fn capitalise(lower: &str, out: &mut String) {
    let mut upper_next = true;
    let mut letters = 0;
    for c in lower.chars() {
        if upper_next {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        upper_next = matches!(c, '\'' | '\u{2019}') && letters == 1;
        letters += usize::from(c.is_alphabetic());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_folded() {
        for table in [CITIES, REGIONS] {
            assert!(table.is_sorted());
            for (name, code) in table {
                assert_eq!(fold(name), *name);
                assert!(code.is_empty() || code.len() == 2, "{name}");
            }
        }
    }

    #[test]
    fn writes_names() {
        for (written, expected) in [
            ("PARIS", "Paris"),
            ("COX'S BAZAR", "Cox's Bazar"),
            ("RIO DE JANEIRO", "Rio de Janeiro"),
            ("N'DJAMENA", "N'Djamena"),
            ("PORT-AU-PRINCE", "Port-au-Prince"),
            ("SHARM EL-SHEIKH", "Sharm el-Sheikh"),
            ("AL-QAIM", "Al-Qaim"),
            ("SANTA CRUZ DE LA SIERRA", "Santa Cruz de la Sierra"),
            ("LA PAZ", "La Paz"),
            ("THE HAGUE", "The Hague"),
            ("ST. LOUIS", "St. Louis"),
            ("ZÜRICH", "Zürich"),
            ("DAR ES SALAAM", "Dar es Salaam"),
            ("McALLEN", "McAllen"),
        ] {
            assert_eq!(title_case(written), expected);
        }
    }
}
