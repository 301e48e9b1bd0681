//! Bodies, places, peoples and other things: one id of the gazetteer, an acronym and its long form, a short
//! form and the
//! one longer form that it can stand for.

use std::collections::HashMap;

use crate::article::ByteSpan;
use crate::article::EntityType;
use crate::enrich::entities::chains::Form;
use crate::enrich::entities::chains::Forms;
use crate::enrich::entities::fields::Fields;
use crate::enrich::entities::form::Family;
use crate::enrich::entities::form::fold;
use crate::enrich::entities::form::initials;
use crate::enrich::entities::form::is_acronym;
use crate::enrich::entities::gazetteer::Gazetteer;
use crate::enrich::entities::gazetteer::Row;
use crate::enrich::entities::gazetteer::Source;
use crate::enrich::entities::links::Links;
use crate::enrich::tagger::Sighting;

/// What may follow a body's or place's short name in its long one. Sorted.
const TAILS: &[&str] = &[
    "ag",
    "airlines",
    "airways",
    "cf",
    "club",
    "co",
    "company",
    "corp",
    "corporation",
    "county",
    "district",
    "electronics",
    "entertainment",
    "fc",
    "football",
    "group",
    "holdings",
    "inc",
    "industries",
    "limited",
    "llc",
    "ltd",
    "motors",
    "movement",
    "newspaper",
    "nv",
    "party",
    "plc",
    "prefecture",
    "properties",
    "province",
    "robotics",
    "sa",
    "se",
    "soccer",
    "spa",
    "sv",
    "systems",
    "technologies",
    "technology",
];

/// What may stand before the name of a ship or spacecraft. Sorted.
const CRAFT: &[&str] = &[
    "hmas",
    "hmcs",
    "hms",
    "mv",
    "rms",
    "shuttle",
    "soyuz",
    "space",
    "spacecraft",
    "ss",
    "uss",
];

/// Most words of a name whose ends are looked up.
const WORDS_MAX: usize = 12;

/// Joins what is one thing, persons excepted.
pub(super) fn link(
    fields: Fields<'_>,
    sightings: &[Sighting],
    forms: &Forms<'_>,
    gazetteer: &Gazetteer,
    links: &mut Links,
) {
    link_ids(&forms.forms, gazetteer, links);
    link_brackets(fields, sightings, forms, links);
    link_acronyms(&forms.forms, gazetteer, links);
    link_short_forms(&forms.forms, gazetteer, links);
}

/// Forms with one id of the gazetteer: "U.S." and "United States", "Iraqi" and "Iraqis" by their country.
fn link_ids<'g>(forms: &[Form<'_>], gazetteer: &'g Gazetteer, links: &mut Links) {
    let mut owners: HashMap<(Family, &'g str), usize> = HashMap::new();
    for (at, form) in forms.iter().enumerate() {
        let row = gazetteer
            .find(form.name)
            .filter(|row| Family::of(row.kind) == form.family);
        if let Some(id) = row.and_then(|row| id(row, form.family)) {
            links.join(at, *owners.entry((form.family, id)).or_insert(at));
        }
    }
}

fn id(row: &Row, family: Family) -> Option<&'static str> {
    match family {
        Family::Person => None,
        // England and Scotland are one country, and two peoples.
        Family::People => Some(row.country).filter(|country| !country.is_empty() && *country != "GB"),
        _ => [row.wikidata, row.iso3166, row.geonames, row.ticker]
            .into_iter()
            .find(|id| !id.is_empty()),
    }
}

/// "African Union Mission to Somalia (AMISOM)", and the other way round.
fn link_brackets(fields: Fields<'_>, sightings: &[Sighting], forms: &Forms<'_>, links: &mut Links) {
    let pairs = sightings.windows(2).zip(forms.of.windows(2));
    for (sightings, of) in pairs {
        let ([first, second], [a, b]) = (sightings, of) else {
            continue;
        };
        let same = first.field == second.field && Family::of(first.kind) == Family::of(second.kind);
        if !same || first.kind == EntityType::Person {
            continue;
        }
        let between = ByteSpan::new(first.span.end, second.span.start).of(fields.string(first.field));
        let (long, short) = (fields.name(first), fields.name(second));
        let (_, after) = fields.around(second.field, second.span);
        let bracketed = between.is_some_and(|gap| gap.trim() == "(") && after.starts_with(')');
        let shorter = |short: &str, long: &str| {
            is_acronym(short)
                && long.contains(' ')
                && short.chars().next().map(|c| c.to_ascii_lowercase()) == first_letter(long, short)
        };
        if bracketed && (shorter(short, long) || shorter(long, short)) {
            links.join(*a, *b);
        }
    }
}

/// The letter of `long` that its acronym should begin with: of its first word, or of any capitalised word of it.
fn first_letter(long: &str, short: &str) -> Option<char> {
    let wanted = short.chars().next().map(|c| c.to_ascii_lowercase())?;
    let mut letters = long
        .split(' ')
        .filter_map(|word| word.chars().next())
        .map(|c| c.to_ascii_lowercase());
    letters.find(|letter| *letter == wanted)
}

/// "AU" where just one name has these initials: "African Union".
fn link_acronyms(forms: &[Form<'_>], gazetteer: &Gazetteer, links: &mut Links) {
    let mut long: HashMap<(Family, String), Vec<usize>> = HashMap::new();
    for (at, form) in forms
        .iter()
        .enumerate()
        .filter(|(_, form)| form.folded.contains(' '))
    {
        let mut add = |letters: String| {
            let owners = long.entry((form.family, letters)).or_default();
            if owners.last() != Some(&at) {
                owners.push(at);
            }
        };
        initials(&form.folded).into_iter().for_each(&mut add);
        if let Some(own) = without_modifier(form, gazetteer) {
            let [letters, _] = initials(own);
            if letters.len() >= 2 {
                add(letters);
            }
        }
    }
    for (at, form) in forms.iter().enumerate() {
        if form.family != Family::Person && is_acronym(form.name) {
            let key = (form.family, form.folded.replace([' ', '&'], ""));
            if let Some(root) = long.get(&key).and_then(|owners| links.only(owners)) {
                links.join(at, root);
            }
        }
    }
}

/// "Security Council" of "U.N. Security Council", "Likud" of "Likud Party", "TMA-12M" of "Soyuz TMA-12M":
/// where just one
/// longer name has it.
fn link_short_forms(forms: &[Form<'_>], gazetteer: &Gazetteer, links: &mut Links) {
    let by_name: HashMap<(Family, &str), usize> = forms
        .iter()
        .enumerate()
        .map(|(at, form)| ((form.family, &*form.folded), at))
        .collect();
    let mut longer: HashMap<usize, Vec<usize>> = HashMap::new();
    let candidates = forms
        .iter()
        .enumerate()
        .filter(|(_, form)| form.family != Family::Person);
    for (at, form) in candidates {
        let bare = without_modifier(form, gazetteer);
        let spaces = form.folded.match_indices(' ').take(WORDS_MAX);
        for (space, _) in spaces {
            let (head, tail) = form.folded.split_at(space);
            let tail = tail.trim_start();
            let ends = bare == Some(tail) || is_craft(form.family, head, tail);
            let begins = is_short_for(form, head, tail, gazetteer);
            for (name, _) in [(tail, ends), (head, begins)].into_iter().filter(|(_, is)| *is) {
                if let Some(short) = by_name.get(&(form.family, name)) {
                    longer.entry(*short).or_default().push(at);
                }
            }
        }
    }
    link_ends(forms, &by_name, &mut longer);
    let mut longer: Vec<_> = longer.into_iter().collect();
    longer.sort_unstable();
    for (short, owners) in longer {
        if let Some(root) = links.only(&owners) {
            links.join(short, root);
        }
    }
}

/// "Turkish Federation" of "Turkish Weightlifting Federation": first and last word.
fn link_ends(
    forms: &[Form<'_>],
    by_name: &HashMap<(Family, &str), usize>,
    longer: &mut HashMap<usize, Vec<usize>>,
) {
    for (at, form) in forms
        .iter()
        .enumerate()
        .filter(|(_, form)| form.family == Family::Body)
    {
        let ends = form.folded.split_once(' ').zip(form.folded.rsplit_once(' '));
        let short = ends.map(|((first, _), (_, last))| format!("{first} {last}"));
        let short = short.filter(|short| *short != form.folded);
        if let Some(short) = short
            .as_deref()
            .and_then(|short| by_name.get(&(Family::Body, short)))
        {
            longer.entry(*short).or_default().push(at);
        }
    }
}

/// The last words of a vehicle's name, with a number in them, or the name of a ship.
fn is_craft(family: Family, head: &str, tail: &str) -> bool {
    let model = tail.len() > 2 && tail.contains(|c: char| c.is_ascii_digit());
    family == Family::Product && (model || head.split(' ').all(|word| CRAFT.binary_search(&word).is_ok()))
}

/// True where `head` alone can mean the whole: "Islamic Movement" of "Islamic Movement of Uzbekistan"; all
/// else is a tail
/// like "Party"; or it is a word that nothing else has for a name.
fn is_short_for(form: &Form<'_>, head: &str, tail: &str, gazetteer: &Gazetteer) -> bool {
    // Not "in": al-Qaida in Iraq is another body.
    let goes_on = matches!(tail.split(' ').next(), Some("of" | "on" | "for"));
    if goes_on && head.contains(' ') && matches!(form.family, Family::Body | Family::Event | Family::Work) {
        return true;
    }
    if !matches!(form.family, Family::Body | Family::Place) {
        return false;
    }
    let generic = tail.split(' ').all(|word| TAILS.binary_search(&word).is_ok());
    let written = form.name.get(..head.len()).unwrap_or_default();
    let strange = form.family == Family::Body
        && !head.contains(' ')
        && head.len() >= 4
        && gazetteer.find(written).is_none()
        && !is_head_noun(head);
    generic || strange
}

/// Words that many bodies begin with: "Ministry" alone is no name of one.
fn is_head_noun(word: &str) -> bool {
    matches!(
        word,
        "bank"
            | "central"
            | "committee"
            | "council"
            | "court"
            | "department"
            | "federal"
            | "first"
            | "general"
            | "great"
            | "high"
            | "house"
            | "institute"
            | "international"
            | "ministry"
            | "national"
            | "office"
            | "party"
            | "people"
            | "police"
            | "public"
            | "royal"
            | "senate"
            | "social"
            | "state"
            | "supreme"
            | "union"
            | "united"
            | "university"
            | "world"
    )
}

/// What is left of a name without the place, people or year before it: "pentagon" of "U.S. Pentagon".
fn without_modifier<'f>(form: &'f Form<'_>, gazetteer: &Gazetteer) -> Option<&'f str> {
    if !matches!(form.family, Family::Body | Family::Event) {
        return None;
    }
    let mut at = 0;
    let words: Vec<&str> = form.name.split(' ').collect();
    for length in (1..words.len().min(4)).rev() {
        let (head, _) = words.split_at(length);
        let modifier = head.join(" ");
        let year = modifier.len() == 4 && modifier.bytes().all(|b| b.is_ascii_digit());
        let known = gazetteer
            .find(modifier.trim_start_matches("the "))
            .is_some_and(|row| {
                matches!(
                    row.source,
                    Source::Country | Source::Demonym | Source::City | Source::Region
                ) || row.iso3166.len() == 2
                    || matches!(row.wikidata, "Q1065" | "Q458")
            });
        if year || known {
            at = fold(&modifier).len();
            break;
        }
    }
    let rest = form.folded.get(at..)?.trim_start();
    (at > 0 && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(TAILS.is_sorted() && CRAFT.is_sorted());
    }
}
