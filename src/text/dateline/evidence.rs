//! Whether what looks like a head is one: a date, an agency, capitals, known places, and how the story goes on. Silent
//! rather than guessing; reads nothing itself.

use crate::text::dateline::Head;
use crate::text::dateline::Separator;
use crate::text::dateline::places::Places;

/// Cities that are ordinary words: "NICE - The", "MALE: I" need more evidence.
const WORDS: &[&str] = &["male", "nice"];

/// Cities that are first names too: "PARIS: I think" may be an interview.
const FIRST_NAMES: &[&str] = &[
    "adelaide", "austin", "florence", "kingston", "milan", "paris", "phoenix", "santiago", "sofia", "sydney",
    "vienna",
];

/// Judges a head by its evidence.
pub(super) fn is_sure(head: &Head<'_>, separator: Separator, story: &str) -> bool {
    let places = &head.places;
    let story = Story::new(story);
    let known_agency = head.agency.is_some_and(|agency| agency.known);
    if places.list.is_empty() {
        // Only an agency or a date: "(Reuters) -", "afrol News, 27 January -", "date 2023-07-06 (Agency) --".
        return known_agency || (head.agency.is_some() && head.date.is_some());
    }
    if known_agency {
        // "President Bush (AP) -": several words in ordinary case need a date or a country.
        let one_word = places.list.iter().all(|place| !place.name.contains(' '));
        return places.capitals || places.known || head.date.is_some() || one_word;
    }
    if head.date.is_some() && head.agency.is_none() {
        return places.capitals || places.known;
    }
    if head.date.is_some() {
        return places.capitals || places.known || (story.opens && short_names(places));
    }
    if head.agency.is_some() {
        return places.known || (places.capitals && story.opens && short_names(places) && !acronym(places));
    }
    let alone = places.known && story.opens && !story.shouts;
    match (places.capitals, separator) {
        (true, Separator::TightDash) => alone && places.with_region,
        (true, Separator::TightEmDash) => {
            alone
                && (places.with_region
                    || !story.shout_first && !is_one_of(places, WORDS) && !is_one_of(places, FIRST_NAMES))
        }
        (true, Separator::Dash) => alone && !is_one_of(places, WORDS),
        (true, Separator::Colon) => alone && !is_one_of(places, WORDS) && !is_one_of(places, FIRST_NAMES),
        (false, Separator::Dash) => {
            alone && !story.dash_again && !is_one_of(places, WORDS) && !is_one_of(places, FIRST_NAMES)
        }
        _ => false,
    }
}

/// True for a place that stands alone, without a country, and whose name is in `names`.
fn is_one_of(places: &Places, names: &[&str]) -> bool {
    let listed = |name: &str| names.contains(&name.to_lowercase().as_str());
    !places.with_region && places.list.iter().any(|place| listed(&place.name))
}

fn short_names(places: &Places) -> bool {
    places
        .list
        .iter()
        .all(|place| place.name.split(' ').count() <= 4 && !place.name.ends_with(" Day"))
}

/// "NATO (Atlantic Alliance) -": one short word in capitals that is no known place.
fn acronym(places: &Places) -> bool {
    !places.known
        && places
            .list
            .iter()
            .all(|place| place.name.chars().count() < 6 && !place.name.contains(' '))
}

/// What the opening of the story after the separator says.
struct Story {
    /// It opens like a sentence: a capital, a digit or a quote.
    opens: bool,
    /// Its first word is all capitals.
    shout_first: bool,
    /// Its first two words are all capitals: a heading.
    shouts: bool,
    /// A second dash before the sentence ends: the first was a parenthesis.
    dash_again: bool,
}

impl Story {
    fn new(rest: &str) -> Self {
        let line = rest.trim_start();
        let bare = line.trim_start_matches([
            '"', '\'', '\u{201C}', '\u{2018}', '\u{AB}', '(', '[', '$', '\u{20AC}', '\u{A3}',
        ]);
        let opens = bare
            .chars()
            .next()
            .is_some_and(|c| c.is_alphanumeric() && !c.is_lowercase());
        let mut words = bare
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
        let capital =
            |word: &str| word.chars().any(char::is_alphabetic) && !word.chars().any(char::is_lowercase);
        let shouted = |word: &str| capital(word) && word.len() > 1;
        let shout_first = words.next().is_some_and(shouted);
        let shouts = shout_first && words.next().is_some_and(shouted);
        let sentence = line.split_inclusive(". ").next().unwrap_or_default();
        let dash_again = [" - ", " -- ", "\u{2014}", " \u{2013} "]
            .iter()
            .any(|dash| sentence.contains(dash));
        Self {
            opens,
            shout_first,
            shouts,
            dash_again,
        }
    }
}
