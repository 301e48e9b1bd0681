//! Who wrote an article: from its fields, or a clear byline at the top of the text. Better none than a wrong one.

use crate::article::RawArticle;
use crate::limits::Limits;
use crate::text::byline;
use crate::text::byline::Byline;
use crate::text::clean;
use crate::text::dateline;

/// Authors, and what came with them.
pub(super) struct People {
    /// Persons, in order, without doubles.
    pub(super) persons: Vec<String>,
    /// An agency named among them.
    pub(super) agency: Option<String>,
    /// True where names were left out at a limit.
    pub(super) cut: bool,
}

/// The authors of an article; `above` is the text above its dateline.
pub(super) fn people(raw: &RawArticle, text: &str, above: &str, limits: &Limits) -> People {
    let mut people = People {
        persons: Vec::new(),
        agency: None,
        cut: raw.bylines.len() > limits.given_items_max,
    };
    for written in raw.bylines.iter().take(limits.given_items_max) {
        if written.len() > limits.given_field_bytes_max {
            people.cut = true;
        } else {
            let written = clean::field(written);
            let house = [&raw.publisher, &raw.agency].contains(&&Some(written.clone()));
            let parse = if house { byline::parse } else { byline::parse_given };
            add(parse(&written, dateline::is_known_agency), limits, &mut people);
        }
    }
    let lines = [text.lines().next(), above.trim_end().lines().next_back()];
    let is_byline = |line: &&str| byline::is_byline(line, dateline::is_known_agency);
    if people.persons.is_empty()
        && let Some(line) = lines.into_iter().flatten().find(is_byline)
    {
        add(
            byline::parse(line, dateline::is_known_agency),
            limits,
            &mut people,
        );
    }
    people
}

fn add(found: Byline, limits: &Limits, people: &mut People) {
    people.agency = people.agency.take().or(found.agency);
    for person in found.persons {
        if people.persons.contains(&person) {
            continue;
        }
        if people.persons.len() == limits.given_items_max {
            people.cut = true;
            return;
        }
        people.persons.push(person);
    }
}
