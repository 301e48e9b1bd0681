//! Named entities: what a tagger saw, mended, joined to things, named and weighed. Never guesses: what is not
//! sure is left
//! out.

mod bodies;
mod chains;
mod countries;
mod describe;
mod fields;
mod form;
mod gazetteer;
mod links;
mod people;
mod repeats;
mod tidy;
mod torn;

use crate::article::Article;
use crate::article::Entity;
use crate::enrich::EnricherError;
use crate::enrich::entities::describe::Describer;
use crate::enrich::entities::fields::Fields;
use crate::enrich::entities::gazetteer::Gazetteer;
use crate::enrich::tagger::Sighting;
use crate::limits::Limits;

pub(in crate::enrich) use describe::salience;

/// The entities of one article.
#[derive(Debug)]
pub struct Findings {
    /// Most salient first.
    pub entities: Vec<Entity>,
    /// Mentions were left out at the limit.
    pub truncated: bool,
}

/// Joins names to things; built once.
#[derive(Debug)]
pub struct Resolver {
    gazetteer: Gazetteer,
}

impl Resolver {
    /// Loads the embedded tables.
    pub fn new() -> Result<Self, EnricherError> {
        Ok(Self {
            gazetteer: Gazetteer::new()?,
        })
    }

    /// The entities of what a tagger saw in an article: the headline's sightings first, then the text's, each
    /// by position,
    /// without overlap.
    pub fn entities(&self, article: &Article, sightings: Vec<Sighting>, limits: &Limits) -> Findings {
        let fields = Fields::of(article);
        let mut sightings = torn::mend(fields, tidy::tidy(article, sightings));
        let head = article.dateline.as_ref().map_or(0, |dateline| dateline.span.end);
        repeats::repeat(fields, head, &mut sightings);
        self.join(article, sightings, limits)
    }

    /// The same from names that need no mending: annotations.
    pub fn join(&self, article: &Article, mut sightings: Vec<Sighting>, limits: &Limits) -> Findings {
        let truncated = sightings.len() > limits.mentions_max;
        sightings.truncate(limits.mentions_max);
        let fields = Fields::of(article);
        let chains = chains::chains(fields, &sightings, &self.gazetteer);
        let mut things: Vec<Vec<&Sighting>> = vec![Vec::new(); sightings.len()];
        for (sighting, thing) in sightings.iter().zip(chains) {
            if let Some(mentions) = things.get_mut(thing) {
                mentions.push(sighting);
            }
        }
        things.retain(|mentions| !mentions.is_empty());
        let describer = Describer {
            article,
            fields,
            gazetteer: &self.gazetteer,
            most: things.iter().map(Vec::len).max().unwrap_or(1),
        };
        let mut entities: Vec<Entity> = things.iter().map(|mentions| describer.entity(mentions)).collect();
        entities.sort_by(|a, b| {
            let by_salience = b.salience.cmp(&a.salience);
            by_salience.then_with(|| a.mentions.cmp(&b.mentions))
        });
        Findings { entities, truncated }
    }

    /// Country names alone, for languages without a model.
    pub fn countries(&self, article: &Article, limits: &Limits) -> Findings {
        let sightings = countries::sightings(Fields::of(article), &article.language, &self.gazetteer);
        self.join(article, sightings, limits)
    }
}

#[cfg(test)]
mod tests;
