//! Persons: a surname or another part of a name goes to the one full name that it can stand for. Never joins two people
//! of one surname, and leaves a surname by itself where two could be meant.

use std::collections::HashMap;

use crate::article::Field;
use crate::enrich::entities::chains::Forms;
use crate::enrich::entities::form::Family;
use crate::enrich::entities::links::Links;
use crate::enrich::tagger::Sighting;

/// Most full names of one surname that are compared with each other; more is a list of a family, and none is joined.
const NAMESAKES_MAX: usize = 16;

/// Full names by the words in them.
#[derive(Debug, Default)]
struct Owners<'f> {
    by_last: HashMap<&'f str, Vec<usize>>,
    by_other: HashMap<&'f str, Vec<usize>>,
}

impl<'f> Owners<'f> {
    fn new(forms: &'f Forms<'_>) -> Self {
        let mut owners = Self::default();
        for (at, form) in forms.forms.iter().enumerate() {
            if form.family != Family::Person {
                continue;
            }
            let words: Vec<&str> = parts(&form.folded).collect();
            let Some((last, rest)) = words.split_last().filter(|(_, rest)| !rest.is_empty()) else {
                continue;
            };
            owners.by_last.entry(last).or_default().push(at);
            for word in rest.iter().filter(|word| word.len() > 1) {
                owners.by_other.entry(word).or_default().push(at);
            }
        }
        owners
    }

    /// Who may be meant by one word: the owners of it as a surname, else of it as another part.
    fn of(&self, word: &str) -> &[usize] {
        let found = self.by_last.get(word).or_else(|| self.by_other.get(word));
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

/// The words of a folded name but for "Jr." and ordinals.
fn parts(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(' ')
        .filter(|word| !matches!(*word, "jr" | "sr" | "ii" | "iii" | "iv"))
}

/// Joins full names that are one person's, and says for each sighting of a person which form it goes to.
pub(super) fn link(sightings: &[Sighting], forms: &Forms<'_>, links: &mut Links) -> Vec<Option<usize>> {
    let owners = Owners::new(forms);
    for namesakes in owners.by_last.values() {
        join_full_names(namesakes, forms, links);
    }
    let mut out = vec![None; sightings.len()];
    let mut reader = Reader {
        owners: &owners,
        seen: HashMap::new(),
        called: HashMap::new(),
    };
    // The text introduces its people in order; a headline speaks of all of them.
    for field in [Field::Text, Field::Headline] {
        let here = sightings.iter().zip(&forms.of).zip(&mut out);
        for (at, ((sighting, form), out)) in here.enumerate() {
            let person = forms
                .forms
                .get(*form)
                .filter(|form| form.family == Family::Person);
            if let Some(person) = person.filter(|_| sighting.field == field) {
                *out = Some(reader.read(at, *form, &person.folded, field, links));
            }
        }
    }
    out
}

/// Reads an article's persons in order.
struct Reader<'f> {
    owners: &'f Owners<'f>,
    /// Where each person is first named in full.
    seen: HashMap<usize, usize>,
    /// Who a single word was last used for.
    called: HashMap<String, usize>,
}

impl Reader<'_> {
    fn read(&mut self, at: usize, form: usize, folded: &str, field: Field, links: &mut Links) -> usize {
        let mut words = parts(folded);
        let (Some(word), None) = (words.next(), words.next()) else {
            let root = links.root(form);
            self.seen.entry(root).or_insert(at);
            return form;
        };
        let mut candidates: Vec<usize> = self
            .owners
            .of(word)
            .iter()
            .map(|owner| links.root(*owner))
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        let person = match candidates.as_slice() {
            [] => return form,
            [only] => Some(*only),
            several => self.one_of(several, word, field),
        };
        let Some(person) = person else { return form };
        self.called.insert(word.to_owned(), person);
        person
    }

    /// Of several owners, the one that was called so before, else the only one named so far.
    fn one_of(&self, several: &[usize], word: &str, field: Field) -> Option<usize> {
        if let Some(person) = self.called.get(word) {
            return Some(*person);
        }
        let mut named = several.iter().filter(|person| self.seen.contains_key(person));
        match (named.next(), named.next()) {
            (Some(only), None) if field == Field::Text => Some(*only),
            _ => None,
        }
    }
}

/// Joins full names of one surname where each is compatible with all that any of them is compatible with: "George Bush"
/// goes to "George W. Bush", save where "George H. W. Bush" is named too.
fn join_full_names(namesakes: &[usize], forms: &Forms<'_>, links: &mut Links) {
    if namesakes.len() < 2 || namesakes.len() > NAMESAKES_MAX {
        return;
    }
    let names: Vec<Vec<&str>> = namesakes
        .iter()
        .filter_map(|at| Some(parts(&forms.forms.get(*at)?.folded).collect()))
        .collect();
    let agree = |a: usize, b: usize| match (names.get(a), names.get(b)) {
        (Some(a), Some(b)) => compatible(a, b),
        _ => false,
    };
    for (a, first) in namesakes.iter().enumerate() {
        for (b, second) in namesakes.iter().enumerate().skip(a + 1) {
            let rival = |other: usize| other != a && other != b && (agree(a, other) != agree(b, other));
            if agree(a, b) && !(0..namesakes.len()).any(rival) {
                links.join(*first, *second);
            }
        }
    }
}

/// True where two full names with the same last word can be one person's.
fn compatible(a: &[&str], b: &[&str]) -> bool {
    if a.len() != b.len() && (a.ends_with(b) || b.ends_with(a)) {
        return true;
    }
    let (Some((first_a, rest_a)), Some((first_b, rest_b))) = (a.split_first(), b.split_first()) else {
        return false;
    };
    let middle = |rest: &[&str]| rest.len().saturating_sub(1);
    let (none_a, none_b) = (middle(rest_a) == 0, middle(rest_b) == 0);
    let middles = none_a
        || none_b
        || (rest_a.len() == rest_b.len() && rest_a.iter().zip(rest_b).all(|(a, b)| alike(a, b)));
    alike(first_a, first_b) && middles
}

/// The same word, an initial of it, or a short form of at least three letters: "Tim" of "Timothy".
fn alike(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long == short || (long.starts_with(short) && (short.chars().count() == 1 || short.chars().count() >= 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names_that_can_be_one_persons() {
        for (a, b, expected) in [
            ("george w bush", "george bush", true),
            ("george h w bush", "george w bush", false),
            ("g bush", "george bush", true),
            ("timothy d cook", "tim cook", true),
            ("bill clinton", "hillary clinton", false),
            ("john a smith", "john b smith", false),
            ("carla del ponte", "del ponte", true),
            ("ahmed aboul gheit", "aboul gheit", true),
        ] {
            let words = |name: &'static str| name.split(' ').collect::<Vec<_>>();
            assert_eq!(compatible(&words(a), &words(b)), expected, "{a} / {b}");
        }
    }
}
