//! From names at places to things: which mentions speak of one. Spelling decides first, then ids of the
//! gazetteer, short
//! forms of bodies and places, and persons by parts of their names. In time linear in the number of mentions.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::enrich::entities::bodies;
use crate::enrich::entities::fields::Fields;
use crate::enrich::entities::form::Family;
use crate::enrich::entities::form::fold;
use crate::enrich::entities::gazetteer::Gazetteer;
use crate::enrich::entities::links::Links;
use crate::enrich::entities::people;
use crate::enrich::tagger::Sighting;

/// One spelling of one family of types in one article.
#[derive(Debug, Clone)]
pub(super) struct Form<'t> {
    pub(super) family: Family,
    /// As first written.
    pub(super) name: &'t str,
    /// As compared.
    pub(super) folded: String,
}

/// The forms of an article's names, and which each sighting has.
#[derive(Debug, Default)]
pub(super) struct Forms<'t> {
    pub(super) forms: Vec<Form<'t>>,
    pub(super) of: Vec<usize>,
}

impl<'t> Forms<'t> {
    pub(super) fn new(fields: Fields<'t>, sightings: &[Sighting]) -> Self {
        let mut forms = Self::default();
        let families = families(fields, sightings);
        let mut known: HashMap<(Family, String), usize> = HashMap::new();
        for sighting in sightings {
            let name = fields.name(sighting);
            let own = Family::of(sighting.kind);
            let family = families.get(name).copied().unwrap_or(own);
            let folded = compared(family, name);
            let next = known.len();
            // "Ranchwear" and "Ranch Wear" are one spelling.
            let at = *known.entry((family, folded.replace(' ', ""))).or_insert(next);
            if at == next {
                forms.forms.push(Form { family, name, folded });
            }
            forms.of.push(at);
        }
        forms
    }
}

/// For names of several words, the family that most of the confidence speaks for: "Paris Hilton" is one thing however
/// often the first word misleads. A word alone may be two things: Jordan plays in Jordan.
fn families<'t>(fields: Fields<'t>, sightings: &[Sighting]) -> HashMap<&'t str, Family> {
    let mut votes: HashMap<&str, BTreeMap<Family, u32>> = HashMap::new();
    for sighting in sightings {
        let name = fields.name(sighting);
        if name.contains(' ') {
            let sum = votes
                .entry(name)
                .or_default()
                .entry(Family::of(sighting.kind))
                .or_default();
            *sum += u32::from(sighting.confidence.thousandths());
        }
    }
    let best = |(name, sums): (&'t str, BTreeMap<Family, u32>)| {
        let most = sums.into_iter().rev().max_by_key(|(_, sum)| *sum)?;
        Some((name, most.0))
    };
    votes.into_iter().filter_map(best).collect()
}

/// Folded, and for groups of people without number and stance: "Iraqis", "anti-Japanese".
fn compared(family: Family, name: &str) -> String {
    let folded = fold(name);
    if family != Family::People {
        return folded;
    }
    let bare = ["anti ", "pro ", "non "]
        .iter()
        .find_map(|stance| folded.strip_prefix(stance));
    let bare = bare.unwrap_or(&folded).replace('\'', "");
    let stem = bare.strip_suffix('s').unwrap_or(&bare);
    match stem {
        "democratic" => "democrat".to_owned(),
        _ => stem.to_owned(),
    }
}

/// For each sighting, the number of its thing: the same number, the same thing.
pub(super) fn chains(fields: Fields<'_>, sightings: &[Sighting], gazetteer: &Gazetteer) -> Vec<usize> {
    let forms = Forms::new(fields, sightings);
    let mut links = Links::new(forms.forms.len());
    bodies::link(fields, sightings, &forms, gazetteer, &mut links);
    let persons = people::link(sightings, &forms, &mut links);
    let things = forms.of.iter().zip(persons);
    things
        .map(|(form, person)| links.root(person.unwrap_or(*form)))
        .collect()
}
