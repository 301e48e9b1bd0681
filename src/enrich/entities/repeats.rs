//! A name that is seen once is seen wherever it stands again: one pass over an article's tokens. Never reads
//! a name out of
//! the middle of a longer one, and never changes a type.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::article::ByteSpan;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Score;
use crate::enrich::entities::fields::Fields;
use crate::enrich::entities::form::is_acronym;
use crate::enrich::stopwords::is_stopword;
use crate::enrich::tagger::Sighting;
use crate::text::words::words;

/// Most known names that are tried at one word.
const TRIED_MAX: usize = 8;
/// Least confidence of a name that is looked for elsewhere.
const SURE: Score = Score::from_thousandths(800);

/// A name to look for.
#[derive(Debug, Clone, Copy)]
struct Known<'t> {
    name: &'t str,
    kind: EntityType,
    confidence: Score,
    /// A surname, known from the full name.
    surname: bool,
}

/// Names by their first token.
type Index<'t> = HashMap<&'t str, Vec<Known<'t>>>;

/// Adds each repeat of a sure name, and each surname of a person named in full, that no sighting covers; in
/// the text from
/// byte `from` on, where the head of a wire story ends.
pub(super) fn repeat(fields: Fields<'_>, from: usize, sightings: &mut Vec<Sighting>) {
    let lower = lower_words(fields);
    let index = known(fields, sightings, &lower);
    let mut found = Vec::new();
    for field in [Field::Headline, Field::Text] {
        let string = fields.string(field);
        let tokens: Vec<ByteSpan> = words(string).collect();
        let mut covered = sightings
            .iter()
            .filter(|sighting| sighting.field == field)
            .peekable();
        let mut end = if field == Field::Text { from } else { 0 };
        for (at, token) in tokens.iter().enumerate() {
            while let Some(sighting) = covered.next_if(|sighting| sighting.span.start <= token.start) {
                end = end.max(sighting.span.end);
            }
            if token.start < end {
                continue;
            }
            let limit = covered.peek().map_or(string.len(), |next| next.span.start);
            let Some(known) = token.of(string).and_then(|word| index.get(word)) else {
                continue;
            };
            let next = known.iter().find_map(|known| {
                let span = ByteSpan::new(token.start, token.start + known.name.len());
                let fits = span.end <= limit && span.of(string) == Some(known.name);
                (fits && stands_alone(string, &tokens, at, span, known)).then_some((span, known))
            });
            if let Some((span, known)) = next {
                end = span.end;
                found.push(Sighting {
                    field,
                    span,
                    kind: known.kind,
                    confidence: less_sure(known.confidence),
                });
            }
        }
    }
    sightings.extend(found);
    sightings.sort_by_key(|sighting| (sighting.field, sighting.span));
}

/// Nine tenths: a repeat is a little less sure than what it repeats.
const fn less_sure(confidence: Score) -> Score {
    Score::from_thousandths(confidence.thousandths() - confidence.thousandths() / 10)
}

/// Words that the article also writes small: a capital may mean nothing.
fn lower_words(fields: Fields<'_>) -> HashSet<&str> {
    let strings = [Field::Headline, Field::Text].map(|field| fields.string(field));
    let words = strings
        .into_iter()
        .flat_map(|string| words(string).filter_map(|span| span.of(string)));
    words
        .filter(|word| word.starts_with(char::is_lowercase))
        .collect()
}

fn known<'t>(fields: Fields<'t>, sightings: &[Sighting], lower: &HashSet<&str>) -> Index<'t> {
    let mut seen = HashSet::new();
    let mut index: Index<'t> = HashMap::new();
    let mut add = |known: Known<'t>| {
        let first = words(known.name).next().and_then(|span| span.of(known.name));
        if let Some(first) = first.filter(|_| seen.insert(known.name)) {
            let row = index.entry(first).or_default();
            if row.len() < TRIED_MAX {
                row.push(known);
            }
        }
    };
    let sure = sightings.iter().filter(|sighting| sighting.confidence >= SURE);
    for sighting in sure.clone() {
        let name = fields.name(sighting);
        if is_telling(name, lower) {
            add(Known {
                name,
                kind: sighting.kind,
                confidence: sighting.confidence,
                surname: false,
            });
        }
    }
    for sighting in sure.filter(|sighting| sighting.kind == EntityType::Person) {
        let surname = fields.name(sighting).rsplit_once(' ').map(|(_, last)| last);
        if let Some(name) = surname.filter(|name| is_telling(name, lower)) {
            add(Known {
                name,
                kind: EntityType::Person,
                confidence: sighting.confidence,
                surname: true,
            });
        }
    }
    for row in index.values_mut() {
        row.sort_by_key(|known| std::cmp::Reverse(known.name.len()));
    }
    index
}

/// Longer than an initial, with a capital, and no word of the language.
fn is_telling(name: &str, lower: &HashSet<&str>) -> bool {
    let long = name.chars().count() >= 3 || is_acronym(name);
    let capital = name.starts_with(char::is_uppercase) || name.contains(char::is_whitespace);
    let common = lower.contains(&*name.to_lowercase()) || is_stopword(name);
    long && capital && !common && !name.ends_with('.')
}

/// True where neither neighbour makes the span part of something longer.
fn stands_alone(string: &str, tokens: &[ByteSpan], at: usize, span: ByteSpan, known: &Known<'_>) -> bool {
    let rest = tokens.get(at..).unwrap_or_default();
    let after = rest.iter().find(|token| token.end > span.end);
    if after.is_some_and(|token| token.start < span.end) {
        return false;
    }
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let joined = |from: usize, to: usize, text: &str| {
        let gap = string.get(from..to).unwrap_or_default();
        let hyphen = text == "-" || text == "&" || text == "/" || text == "@" || text == "#";
        (gap == " " && text.starts_with(char::is_uppercase) && !is_stopword(text))
            || (gap.is_empty() && hyphen)
    };
    let text = |token: &ByteSpan| token.of(string).unwrap_or_default();
    let joined_after = after.is_some_and(|next| joined(span.end, next.start, text(next)));
    let joined_before = before.is_some_and(|previous| {
        let opens = at < 2
            || tokens
                .get(at - 2)
                .is_some_and(|token| matches!(text(token), "." | "?" | "!" | "\""));
        let title = is_title(text(previous));
        !title && (known.surname || !opens) && joined(previous.end, span.start, text(previous))
    });
    !joined_after && !joined_before
}

fn is_title(word: &str) -> bool {
    super::tidy::TITLES.binary_search(&word).is_ok()
}
