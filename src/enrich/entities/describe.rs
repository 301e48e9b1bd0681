//! An entity from its mentions: type by vote, the longest clean name, ids where sure, salience.

use crate::article::Article;
use crate::article::DatelinePlace;
use crate::article::Entity;
use crate::article::EntityIds;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Mention;
use crate::article::Score;
use crate::enrich::entities::fields::Fields;
use crate::enrich::entities::form::Family;
use crate::enrich::entities::form::is_shouted;
use crate::enrich::entities::gazetteer::Gazetteer;
use crate::enrich::entities::gazetteer::Row;
use crate::enrich::entities::gazetteer::Source;
use crate::enrich::tagger::Sighting;

/// Thousandths of salience that every entity has, that the most frequent has, the one named first, one in the headline.
const BASE: usize = 50;
const FREQUENCY: usize = 400;
const EARLINESS: usize = 250;
const HEADLINE: usize = 300;

/// What all entities of an article are described by.
pub(super) struct Describer<'t> {
    pub(super) article: &'t Article,
    pub(super) fields: Fields<'t>,
    pub(super) gazetteer: &'t Gazetteer,
    /// Mentions of the most frequent entity.
    pub(super) most: usize,
}

impl Describer<'_> {
    /// The entity of `mentions`, which are at least one, in order.
    pub(super) fn entity(&self, mentions: &[&Sighting]) -> Entity {
        let kind = voted(mentions);
        let row = self.row(kind, mentions);
        let mut entity = Entity {
            kind,
            name: self.name(mentions, row),
            ids: row.map_or_else(EntityIds::default, ids),
            country: row.and_then(|row| owned(row.country)),
            salience: Score::ZERO,
            confidence: confidence(mentions),
            mentions: mentions
                .iter()
                .map(|sighting| Mention {
                    field: sighting.field,
                    span: sighting.span,
                    confidence: sighting.confidence,
                })
                .collect(),
            found_by: Vec::new(),
        };
        entity.salience = salience(self.article.text.len(), &entity.mentions, self.most);
        if kind == EntityType::Gpe {
            self.settle(&mut entity, mentions);
        }
        entity
    }

    /// The table's row of one of the names, where those that have rows agree and the type is the same. A word alone is
    /// no sure person.
    fn row(&self, kind: EntityType, mentions: &[&Sighting]) -> Option<&Row> {
        let rows = mentions.iter().filter_map(|sighting| {
            let name = self.fields.name(sighting);
            let sure = kind != EntityType::Person || name.contains(' ');
            self.gazetteer
                .country(&self.article.language, name)
                .or_else(|| self.gazetteer.find(name))
                .filter(|row| sure && fits(row.kind, kind))
        });
        let mut best: Option<&Row> = None;
        for row in rows {
            match best {
                Some(best) if !agree(best, row) => return None,
                Some(best) if richness(best) >= richness(row) => {}
                _ => best = Some(row),
            }
        }
        best
    }

    /// The longest name that is not shouted, else one in the table's or the dateline's spelling.
    fn name(&self, mentions: &[&Sighting], row: Option<&Row>) -> String {
        let names = mentions.iter().map(|sighting| self.fields.name(sighting));
        let clean = |name: &str| !is_shouted(name) && !name.contains('\n');
        // "Iran" before "IRAN"; the first of equals, where max_by_key gives the last.
        let longest = names
            .rev()
            .max_by_key(|name| {
                (
                    clean(name),
                    name.chars().count(),
                    name.chars().any(char::is_lowercase),
                )
            })
            .unwrap_or_default();
        if clean(longest) {
            return longest.to_owned();
        }
        let upper = longest.to_uppercase();
        let places = self.article.dateline.iter().flat_map(|dateline| &dateline.places);
        let mut known = row
            .map(|row| row.name)
            .into_iter()
            .chain(places.map(|place| &*place.name));
        known
            .find(|name| name.to_uppercase() == upper)
            .unwrap_or(longest)
            .replace('\n', " ")
    }

    /// A place lies where the dateline or the text says: "ST. PETERSBURG, Russia" is not the one in Florida,
    /// and "Lebanon,
    /// Pennsylvania" no country.
    fn settle(&self, entity: &mut Entity, mentions: &[&Sighting]) {
        let places = self.article.dateline.iter().flat_map(|dateline| &dateline.places);
        let mut told = places.filter(|place| place.country.is_some() && place.name == entity.name);
        if let Some(DatelinePlace { country, .. }) = told.next().filter(|_| entity.ids.iso3166.is_none())
            && *country != entity.country
        {
            entity.country.clone_from(country);
            entity.ids = EntityIds::default();
        }
        if mentions
            .iter()
            .any(|sighting| self.is_elsewhere(sighting, entity.country.as_deref()))
        {
            (entity.country, entity.ids) = (None, EntityIds::default());
        }
    }

    /// True where ", Pennsylvania" follows and the table puts the place into another country.
    fn is_elsewhere(&self, sighting: &Sighting, country: Option<&str>) -> bool {
        let (_, after) = self.fields.around(sighting.field, sighting.span);
        let Some(rest) = after.strip_prefix(", ") else {
            return false;
        };
        let words = rest
            .split(|c: char| !c.is_alphanumeric() && c != '.' && c != ' ')
            .next()
            .unwrap_or_default();
        let ends = words
            .match_indices(' ')
            .map(|(at, _)| at)
            .chain([words.len()])
            .take(3);
        let mut regions = ends.filter_map(|end| {
            let name = words.get(..end)?;
            self.gazetteer
                .find(name)
                .or_else(|| self.gazetteer.find(name.trim_end_matches('.')))
        });
        regions.any(|row| {
            // Not a country: "Britain, France and Germany" is a list.
            row.source == Source::Region
                && !row.country.is_empty()
                && country.is_some_and(|country| country != row.country)
        })
    }
}

/// How central what is mentioned here is to an article of so many bytes, where the most frequent has `most` mentions.
pub(in crate::enrich) fn salience(text_bytes: usize, mentions: &[Mention], most: usize) -> Score {
    let first = mentions.iter().find(|mention| mention.field == Field::Text);
    let earliness = first.map_or(0, |first| {
        EARLINESS * (text_bytes - first.span.start.min(text_bytes)) / text_bytes.max(1)
    });
    let in_headline = mentions.iter().any(|mention| mention.field == Field::Headline);
    let frequency = FREQUENCY * mentions.len() / most.max(1);
    let salience = BASE + frequency + earliness + if in_headline { HEADLINE } else { 0 };
    Score::from_thousandths(u16::try_from(salience).unwrap_or(1000))
}

/// The type that most of the mentions' confidence speaks for; the first of equals.
fn voted(mentions: &[&Sighting]) -> EntityType {
    let weight = |kind: EntityType| -> u32 {
        let own = mentions.iter().filter(|sighting| sighting.kind == kind);
        own.map(|sighting| u32::from(sighting.confidence.thousandths()) + 1)
            .sum()
    };
    let kinds = EntityType::ALL.into_iter().rev();
    kinds.max_by_key(|kind| weight(*kind)).unwrap_or(EntityType::Org)
}

/// Mean of the mentions' confidences: the share of them that should be right.
fn confidence(mentions: &[&Sighting]) -> Score {
    let sum: usize = mentions
        .iter()
        .map(|sighting| usize::from(sighting.confidence.thousandths()))
        .sum();
    Score::from_thousandths(u16::try_from(sum / mentions.len().max(1)).unwrap_or(1000))
}

/// A place of the table may be a country where the article's type is a region; other types must be the same.
fn fits(row: EntityType, kind: EntityType) -> bool {
    row == kind
        || (Family::of(row) == Family::Place && Family::of(kind) == Family::Place && kind != EntityType::Fac)
}

/// Same thing: no id of the one contradicts the other's.
fn agree(a: &Row, b: &Row) -> bool {
    let same = |a: &str, b: &str| a.is_empty() || b.is_empty() || a == b;
    same(a.wikidata, b.wikidata)
        && same(a.iso3166, b.iso3166)
        && same(a.geonames, b.geonames)
        && same(a.ticker, b.ticker)
}

fn richness(row: &Row) -> usize {
    [row.wikidata, row.iso3166, row.geonames, row.ticker, row.country]
        .iter()
        .filter(|id| !id.is_empty())
        .count()
}

fn ids(row: &Row) -> EntityIds {
    EntityIds {
        wikidata: owned(row.wikidata),
        iso3166: owned(row.iso3166),
        geonames: owned(row.geonames),
        ticker: owned(row.ticker),
    }
}

fn owned(id: &str) -> Option<String> {
    (!id.is_empty()).then(|| id.to_owned())
}
