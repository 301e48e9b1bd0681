//! Named entities by tables and rules: found in one pass, joined to things, weighed. Never guesses: what is not sure
//! is left out.

mod gazetteer;
mod lists;
mod resolve;
mod rule;
mod rules;
mod words;

use std::collections::BTreeSet;

pub use gazetteer::Source;
pub use rule::Rule;

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::DatelinePlace;
use crate::article::Entity;
use crate::article::EntityIds;
use crate::article::EntityType;
use crate::article::Field;
use crate::enrich::EnricherError;
use crate::enrich::entities::gazetteer::Gazetteer;
use crate::enrich::entities::rules::Found;
use crate::enrich::entities::rules::Page;
use crate::limits::Limits;

/// The entities of one article.
#[derive(Debug)]
pub struct Findings {
    /// Most salient first.
    pub entities: Vec<Entity>,
    /// Mentions were left out at the limit.
    pub truncated: bool,
}

/// One name with the rule that found it, for measuring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Which string.
    pub field: Field,
    /// Where.
    pub span: ByteSpan,
    /// Type.
    pub kind: EntityType,
    /// By which rule.
    pub rule: Rule,
}

/// Finds names; built once.
#[derive(Debug)]
pub struct Finder {
    gazetteer: Gazetteer,
}

impl Finder {
    /// Loads the embedded tables.
    pub fn new() -> Result<Self, EnricherError> {
        Ok(Self {
            gazetteer: Gazetteer::new()?,
        })
    }

    /// Every name in the article, joined to entities.
    pub fn entities(&self, article: &Article, limits: &Limits) -> Findings {
        let (headline, text) = pages(article);
        let (in_headline, mut in_text) = self.read(&headline, &text);
        if let Some(dateline) = &article.dateline {
            // The agency of a dateline and the byline above say who reports, not what about.
            let ByteSpan { start, end } = dateline.span;
            in_text.retain(|found| {
                found.span.start >= start && (found.kind != EntityType::Org || found.span.end > end)
            });
        }
        let namesakes = namesakes(&text, &in_text);
        let mut findings = resolve::resolve(&headline, in_headline, &text, in_text, limits);
        for entity in &mut findings.entities {
            if let Some(dateline) = &article.dateline {
                settle(entity, &dateline.places);
            }
            if entity.kind == EntityType::Gpe && namesakes.contains(entity.name.as_str()) {
                (entity.country, entity.ids) = (None, EntityIds::default());
            }
        }
        findings
    }

    /// Country names alone, for languages without a model.
    pub fn countries(&self, article: &Article, limits: &Limits) -> Findings {
        let (headline, text) = pages(article);
        let countries = |page: &Page<'_>| {
            let mut found = page.names(&self.gazetteer);
            found.retain(|name| name.rule == Rule::Known(Source::Country) && name.span.len() >= 4);
            found
        };
        let (in_headline, in_text) = (countries(&headline), countries(&text));
        resolve::resolve(&headline, in_headline, &text, in_text, limits)
    }

    /// Every name and its rule, unjoined: for measuring.
    pub fn sightings(&self, article: &Article) -> Vec<Sighting> {
        let (headline, text) = pages(article);
        let (in_headline, in_text) = self.read(&headline, &text);
        let sighting = |field: Field| {
            move |found: Found<'_>| Sighting {
                field,
                span: found.span,
                kind: found.kind,
                rule: found.rule,
            }
        };
        in_headline
            .into_iter()
            .map(sighting(Field::Headline))
            .chain(in_text.into_iter().map(sighting(Field::Text)))
            .collect()
    }

    fn read<'s>(&'s self, headline: &Page<'_>, text: &Page<'_>) -> (Vec<Found<'s>>, Vec<Found<'s>>) {
        let mut in_text = text.names(&self.gazetteer);
        let mut in_headline = headline.names(&self.gazetteer);
        let aliases = resolve::Aliases::new(headline, &in_headline, text, &in_text);
        aliases.add(text, &mut in_text);
        aliases.add(headline, &mut in_headline);
        (in_headline, in_text)
    }
}

/// A city of the dateline lies where the dateline says: "ST. PETERSBURG, Russia" is not the one in Florida.
fn settle(entity: &mut Entity, places: &[DatelinePlace]) {
    if entity.kind != EntityType::Gpe || entity.ids.iso3166.is_some() {
        return;
    }
    let place = places
        .iter()
        .find(|place| place.name == entity.name && place.country.is_some());
    if let Some(place) = place.filter(|place| place.country != entity.country) {
        entity.country.clone_from(&place.country);
        entity.ids = EntityIds::default();
    }
}

/// Places that the text puts into a state of another country than the table knows: "Lebanon, Pennsylvania".
fn namesakes<'t>(text: &Page<'t>, names: &[Found<'_>]) -> BTreeSet<&'t str> {
    let pairs = names.windows(2).filter_map(|pair| match pair {
        [place, state] => Some((place, state, place.row?, state.row?)),
        _ => None,
    });
    let elsewhere = pairs.filter(|(place, state, at, within)| {
        matches!(at.source, Source::Country | Source::City | Source::Region)
            && within.source == Source::Region
            && at.country != within.country
            && text.text.get(place.span.end..state.span.start) == Some(", ")
    });
    elsewhere
        .filter_map(|(place, ..)| place.span.of(text.text))
        .collect()
}

fn pages(article: &Article) -> (Page<'_>, Page<'_>) {
    let headline = article.headline.as_deref().unwrap_or_default();
    (Page::new(headline, true), Page::new(&article.text, false))
}
