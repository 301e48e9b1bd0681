//! A service's findings joined to those that are there: the same thing is said once, with all who found it, and no two
//! mentions overlap. Who was there first keeps its place.

use crate::article::EnrichedArticle;
use crate::article::Entity;
use crate::article::Flag;
use crate::article::Mention;
use crate::article::TopicTag;
use crate::config::EnricherConfig;
use crate::config::Merge;
use crate::enrich::entities::salience;
use crate::enrich::remote::Findings;
use crate::limits::Limits;

/// Name of our own models among those who found something.
const OURSELVES: &str = "dateline";

/// Adds what `service` found to an article, or puts it in place of what dateline found.
pub fn merge(enriched: &mut EnrichedArticle, findings: Findings, service: &EnricherConfig, limits: &Limits) {
    let replaces = service.merge == Merge::Replace;
    if let Some(found) = findings.entities {
        let mut entities = enriched.entities.take().unwrap_or_default();
        entities.retain(|entity| !replaces || !entity.found_by.is_empty());
        for entity in found {
            add_entity(&mut entities, entity, &service.name);
        }
        if shorten(&mut entities, limits.mentions_max) {
            enriched.article.flag(Flag::Truncated);
        }
        weigh(&mut entities, enriched.article.text.len());
        enriched.counts.mentions = entities.iter().map(|entity| entity.mentions.len()).sum();
        enriched.entities = Some(entities);
    }
    if let Some(found) = findings.topics {
        let mut topics = enriched.topics.take().unwrap_or_default();
        topics.retain(|topic| !replaces || !topic.found_by.is_empty());
        for topic in found {
            add_topic(&mut topics, topic, &service.name);
        }
        let above: Vec<String> = topics.iter().flat_map(|topic| topic.ancestors.clone()).collect();
        topics.retain(|topic| !above.contains(&topic.code));
        topics.sort_by_key(|topic| std::cmp::Reverse(topic.confidence));
        topics.truncate(limits.topics_max);
        enriched.topics = Some(topics);
    }
}

fn overlaps(a: &Mention, b: &Mention) -> bool {
    a.field == b.field && a.span.overlaps(&b.span)
}

fn add_entity(entities: &mut Vec<Entity>, mut found: Entity, service: &str) {
    let same = entities.iter().position(|known| {
        let named = known.name.to_lowercase() == found.name.to_lowercase();
        let meet = || {
            known
                .mentions
                .iter()
                .any(|a| found.mentions.iter().any(|b| overlaps(a, b)))
        };
        known.kind == found.kind && (named || meet())
    });
    let mut new: Vec<Mention> = Vec::new();
    for mention in &found.mentions {
        let others = entities.iter().flat_map(|entity| &entity.mentions);
        if !others.chain(&new).any(|other| overlaps(mention, other)) {
            new.push(*mention);
        }
    }
    match same.and_then(|at| entities.get_mut(at)) {
        Some(known) => {
            known.mentions.extend(new);
            known.mentions.sort_unstable();
            known.confidence = known.confidence.max(found.confidence);
            known.country = known.country.take().or(found.country);
            let (ids, more) = (&mut known.ids, found.ids);
            ids.wikidata = ids.wikidata.take().or(more.wikidata);
            ids.iso3166 = ids.iso3166.take().or(more.iso3166);
            ids.geonames = ids.geonames.take().or(more.geonames);
            ids.ticker = ids.ticker.take().or(more.ticker);
            credit(&mut known.found_by, service, true);
        }
        None if new.is_empty() => {}
        None => {
            found.mentions = new;
            credit(&mut found.found_by, service, false);
            entities.push(found);
        }
    }
}

fn add_topic(topics: &mut Vec<TopicTag>, mut found: TopicTag, service: &str) {
    match topics.iter_mut().find(|known| known.code == found.code) {
        Some(known) => {
            known.confidence = known.confidence.max(found.confidence);
            credit(&mut known.found_by, service, true);
        }
        None => {
            credit(&mut found.found_by, service, false);
            topics.push(found);
        }
    }
}

/// Adds who found it; what was known and has no finder is our own.
fn credit(found_by: &mut Vec<String>, service: &str, was_known: bool) {
    if was_known && found_by.is_empty() {
        found_by.push(OURSELVES.to_owned());
    }
    if !found_by.iter().any(|known| known == service) {
        found_by.push(service.to_owned());
    }
}

/// Cuts the last mentions over the limit; true where there were any.
fn shorten(entities: &mut Vec<Entity>, mentions_max: usize) -> bool {
    let mut all: Vec<Mention> = entities
        .iter()
        .flat_map(|entity| entity.mentions.clone())
        .collect();
    if all.len() <= mentions_max {
        return false;
    }
    all.sort_unstable();
    let first_out = all.get(mentions_max).copied();
    for entity in entities.iter_mut() {
        entity
            .mentions
            .retain(|mention| first_out.is_none_or(|first| *mention < first));
    }
    entities.retain(|entity| !entity.mentions.is_empty());
    true
}

/// Salience anew, since there are others now; the most salient first.
fn weigh(entities: &mut [Entity], text_bytes: usize) {
    let most = entities
        .iter()
        .map(|entity| entity.mentions.len())
        .max()
        .unwrap_or(1);
    for entity in entities.iter_mut() {
        entity.salience = salience(text_bytes, &entity.mentions, most);
    }
    entities.sort_by(|a, b| {
        let by_salience = b.salience.cmp(&a.salience);
        by_salience.then_with(|| a.mentions.cmp(&b.mentions))
    });
}
