//! From names at places to things: surnames and abbreviations go to the full name they stand for, one thing becomes one
//! entity. Never joins two people of one surname.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::article::ByteSpan;
use crate::article::Entity;
use crate::article::EntityIds;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Mention;
use crate::article::Score;
use crate::enrich::entities::Findings;
use crate::enrich::entities::gazetteer::Row;
use crate::enrich::entities::gazetteer::Source;
use crate::enrich::entities::rule::Rule;
use crate::enrich::entities::rules::Found;
use crate::enrich::entities::rules::Page;
use crate::enrich::entities::words::Gap;
use crate::enrich::stopwords::is_stopword;
use crate::limits::Limits;

/// Short forms that the article itself explains.
#[derive(Debug, Default)]
pub(super) struct Aliases<'t> {
    short: BTreeMap<&'t str, (EntityType, Rule)>,
}

impl<'t> Aliases<'t> {
    /// Surnames of people named in full, abbreviations in brackets after a body, names seen where capitals tell.
    pub(super) fn new(
        headline: &Page<'t>,
        in_headline: &[Found<'_>],
        text: &Page<'t>,
        in_text: &[Found<'_>],
    ) -> Self {
        let mut aliases = Self::default();
        for (page, names) in [(headline, in_headline), (text, in_text)] {
            for found in names {
                aliases.explain(page, found);
            }
        }
        aliases
    }

    fn explain(&mut self, page: &Page<'t>, found: &Found<'_>) {
        let last = found.at + found.length - 1;
        if found.kind == EntityType::Person {
            let surname = page
                .words
                .get(last)
                .map(|word| without_article(word.text))
                .filter(|name| {
                    name.len() > 2
                        && name.starts_with(char::is_uppercase)
                        && !name.ends_with('.')
                        && !is_stopword(name)
                });
            if let Some(surname) = surname {
                self.short
                    .entry(surname)
                    .or_insert((EntityType::Person, Rule::Surname));
            }
        }
        let next = page.words.get(last + 1);
        if let Some(word) = next.filter(|word| word.gap == Gap::Bracket && word.all_caps && found.length > 1)
        {
            let closed = page
                .text
                .get(word.span.end..)
                .is_some_and(|rest| rest.trim_start().starts_with(')'));
            if closed && found.kind == EntityType::Org {
                self.short
                    .entry(word.text)
                    .or_insert((EntityType::Org, Rule::Acronym));
            }
        }
    }

    /// Adds each use of a short form that no name covers yet; a city's name that is a surname here is one, save where a
    /// word before it says that it is a place.
    pub(super) fn add(&self, page: &Page<'t>, names: &mut Vec<Found<'_>>) {
        for name in names.iter_mut().filter(|name| name.length == 1) {
            let surname = name.span.of(page.text).and_then(|text| self.short.get(text));
            if name.rule == Rule::Known(Source::City)
                && let Some(&(EntityType::Person, rule)) = surname
                && !page.is_place_at(name.at)
            {
                (name.kind, name.rule, name.row) = (EntityType::Person, rule, None);
            }
        }
        let mut extra = Vec::new();
        let mut covered = names.iter().peekable();
        let mut at = 0;
        while let Some(word) = page.words.get(at) {
            if let Some(name) = covered.next_if(|name| name.at <= at) {
                at = name.at + name.length;
                continue;
            }
            let alone = !page.words.get(at + 1).is_some_and(|next| next.continues()) || page.title_case;
            if let Some(&(kind, rule)) = self.short.get(word.text).filter(|_| alone) {
                extra.push(Found {
                    span: word.span,
                    at,
                    length: 1,
                    kind,
                    rule,
                    row: None,
                });
            }
            at += 1;
        }
        names.extend(extra);
        names.sort_by_key(|name| name.span);
    }
}

/// "Assad" of "al-Assad".
fn without_article(name: &str) -> &str {
    ["al-", "el-", "Al-", "El-"]
        .iter()
        .find_map(|article| name.strip_prefix(article))
        .unwrap_or(name)
}

/// What makes two names one thing.
type Key = (EntityType, String);

struct Draft<'t> {
    kind: EntityType,
    name: &'t str,
    row: Option<Row>,
    confidence: Score,
    mentions: Vec<Mention>,
}

/// Joins names to entities, most salient first.
pub(super) fn resolve<'t>(
    headline: &Page<'t>,
    in_headline: Vec<Found<'_>>,
    text: &Page<'t>,
    in_text: Vec<Found<'_>>,
    limits: &Limits,
) -> Findings {
    let total = in_headline.len() + in_text.len();
    let places: Vec<(Field, &'t str, Found<'_>)> = in_headline
        .into_iter()
        .filter_map(|found| Some((Field::Headline, found.span.of(headline.text)?, found)))
        .chain(
            in_text
                .into_iter()
                .filter_map(|found| Some((Field::Text, found.span.of(text.text)?, found))),
        )
        .take(limits.mentions_max)
        .collect();
    let people = People::new(&places);
    let acronyms = acronyms(&places, text);
    let mut drafts: BTreeMap<Key, Draft<'t>> = BTreeMap::new();
    for (field, name, found) in &places {
        let key = key(name, found, &people, &acronyms);
        let draft = drafts.entry(key).or_insert_with(|| Draft {
            kind: found.kind,
            name,
            row: None,
            confidence: Score::ZERO,
            mentions: Vec::new(),
        });
        if better(name, draft.name) {
            draft.name = name;
        }
        draft.row = draft.row.or(found.row.copied());
        draft.confidence = draft.confidence.max(found.rule.confidence());
        draft.mentions.push(Mention {
            field: *field,
            span: found.span,
        });
    }
    let most = drafts
        .values()
        .map(|draft| draft.mentions.len())
        .max()
        .unwrap_or(1);
    let mut entities: Vec<Entity> = drafts
        .into_values()
        .map(|draft| finish(draft, most, text.text.len()))
        .collect();
    entities.sort_by(|a, b| {
        b.salience
            .cmp(&a.salience)
            .then_with(|| a.mentions.cmp(&b.mentions))
    });
    Findings {
        entities,
        truncated: total > limits.mentions_max,
    }
}

/// Longer is cleaner, save that capitals alone never replace mixed case.
fn better(new: &str, old: &str) -> bool {
    let shouting = |name: &str| name.len() > 5 && !name.chars().any(char::is_lowercase);
    match (shouting(new), shouting(old)) {
        (false, true) => true,
        (true, false) => false,
        _ => new.chars().count() > old.chars().count(),
    }
}

/// The keys of the people named in full.
#[derive(Debug, Default)]
struct People {
    /// By surname.
    by_surname: BTreeMap<String, Vec<String>>,
    /// By any other part of the name: "Hu" of "Hu Jintao".
    by_part: BTreeMap<String, Vec<String>>,
}

impl People {
    fn new(places: &[(Field, &str, Found<'_>)]) -> Self {
        let mut people = Self::default();
        for (_, name, found) in places {
            let Some((rest, last)) = name.rsplit_once(' ') else {
                continue;
            };
            if found.kind != EntityType::Person {
                continue;
            }
            let key = full_key(name);
            add(&mut people.by_surname, last, &key);
            add(&mut people.by_surname, without_article(last), &key);
            for part in rest.split(' ') {
                add(&mut people.by_part, part, &key);
            }
        }
        people
    }

    /// The one person that a single word stands for: the only owner of the surname, else of another part.
    fn owner(&self, word: &str) -> Option<&String> {
        let word = word.to_lowercase();
        match self
            .by_surname
            .get(&word)
            .or_else(|| self.by_part.get(&word))?
            .as_slice()
        {
            [only] => Some(only),
            _ => None,
        }
    }
}

fn add(people: &mut BTreeMap<String, Vec<String>>, word: &str, key: &str) {
    let keys = people.entry(word.to_lowercase()).or_default();
    if !keys.iter().any(|known| known == key) {
        keys.push(key.to_owned());
    }
}

fn surname(name: &str) -> String {
    name.rsplit(' ').next().unwrap_or_default().to_lowercase()
}

/// First and last word: a middle name does not make another person.
fn full_key(name: &str) -> String {
    let first = name.split(' ').next().unwrap_or_default().to_lowercase();
    format!("{first} {}", surname(name))
}

/// Abbreviation in brackets -> the name before it; and those names.
fn acronyms<'t>(
    places: &[(Field, &'t str, Found<'_>)],
    text: &Page<'t>,
) -> (BTreeMap<&'t str, String>, BTreeSet<&'t str>) {
    let (mut out, mut longs) = (BTreeMap::new(), BTreeSet::new());
    for pair in places.windows(2) {
        let [(Field::Text, long, first), (Field::Text, short, second)] = pair else {
            continue;
        };
        let between = ByteSpan::new(first.span.end, second.span.start)
            .of(text.text)
            .unwrap_or_default();
        let org = first.kind == EntityType::Org && second.kind == EntityType::Org;
        if org && between.trim() == "(" && short.len() < long.len() {
            out.entry(*short).or_insert_with(|| long.to_lowercase());
            longs.insert(*long);
        }
    }
    (out, longs)
}

fn key(
    name: &str,
    found: &Found<'_>,
    people: &People,
    (acronyms, longs): &(BTreeMap<&str, String>, BTreeSet<&str>),
) -> Key {
    let kind = found.kind;
    if kind == EntityType::Person {
        let key = if name.contains(' ') {
            full_key(name)
        } else {
            people.owner(name).cloned().unwrap_or_else(|| name.to_lowercase())
        };
        return (kind, key);
    }
    if let Some(long) = acronyms.get(name) {
        return (kind, long.clone());
    }
    if kind == EntityType::Org && longs.contains(name) {
        return (kind, name.to_lowercase());
    }
    if let Some(row) = found.row {
        if !row.wikidata.is_empty() {
            return (kind, row.wikidata.to_owned());
        }
        if !row.ticker.is_empty() {
            return (kind, row.ticker.to_owned());
        }
        if kind == EntityType::Norp && !row.country.is_empty() && row.country != "GB" {
            return (kind, row.country.to_owned());
        }
    }
    let lower = name.to_lowercase();
    let stem = match kind {
        EntityType::Norp => lower.trim_end_matches('s'),
        EntityType::Org => lower.strip_suffix(" party").unwrap_or(&lower),
        _ => &lower,
    };
    (kind, stem.trim_start_matches("the ").to_owned())
}

fn finish(draft: Draft<'_>, most: usize, text_length: usize) -> Entity {
    let owned = |field: &str| (!field.is_empty()).then(|| field.to_owned());
    let in_headline = draft
        .mentions
        .iter()
        .any(|mention| mention.field == Field::Headline);
    let first = draft
        .mentions
        .iter()
        .find(|mention| mention.field == Field::Text)
        .map(|mention| mention.span.start);
    let earliness = match first {
        Some(start) => 250 * (text_length - start.min(text_length)) / text_length.max(1),
        None => 0,
    };
    let frequency = 400 * draft.mentions.len() / most.max(1);
    let salience = 50 + frequency + earliness + if in_headline { 300 } else { 0 };
    let name = match draft.row {
        // A name in capitals alone ("PARIS") is written as the table has it.
        Some(row) if row.name.to_uppercase() == draft.name && draft.name.len() > 3 => row.name,
        _ => draft.name,
    };
    Entity {
        kind: draft.kind,
        name: name.to_owned(),
        ids: draft.row.map_or_else(EntityIds::default, |row| EntityIds {
            wikidata: owned(row.wikidata),
            iso3166: owned(row.iso3166),
            geonames: owned(row.geonames),
            ticker: owned(row.ticker),
        }),
        country: draft.row.and_then(|row| owned(row.country)),
        salience: Score::from_thousandths(u16::try_from(salience).unwrap_or(1000)),
        confidence: draft.confidence,
        mentions: draft.mentions,
    }
}
