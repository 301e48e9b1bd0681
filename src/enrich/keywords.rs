//! The article's own key phrases: names and runs of telling words that come back, early ones first. Never a number, a
//! function word, or one thing twice.

use std::collections::BTreeMap;

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::Entity;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Keyword;
use crate::article::Score;
use crate::enrich::stopwords::is_stopword;
use crate::limits::Limits;
use crate::text::tokens::TokenKind;
use crate::text::tokens::tokens;

/// Bytes of text that are read for phrases.
const READ: usize = 40_000;
/// A name that stands once is a key phrase only when it is this salient.
const NAMED_ONCE: Score = Score::from_thousandths(400);
/// Single words that say nothing of what an article is about, folded; sorted.
#[rustfmt::skip]
pub(super) const GENERIC: &[&str] = &[
    "aboard", "allow", "arrive", "attract", "begun", "biggest", "block", "claim", "close", "condition",
    "continue", "countries", "country", "criticize", "current", "day", "decision", "direct", "direction",
    "eastern", "effort", "event", "exclusive", "found", "front", "general", "government", "group", "grown",
    "hour", "important", "individual", "large", "largest", "leader", "leaves", "level", "major", "majority",
    "meeting", "member", "minister", "minute", "month", "morning", "nation", "national", "northern",
    "number", "occur", "official", "people", "percent", "person", "place", "point", "popular", "president",
    "prime", "problem", "program", "public", "record", "region", "remain", "report", "reporter",
    "secretary", "senior", "series", "service", "session", "situation", "source", "southern", "spokesman",
    "spokeswoman", "state", "statement", "term", "thing", "time", "town", "visit", "week", "western",
    "woman", "women", "words", "work", "world", "year",
];

/// Frequent verbs of news that no phrase holds, folded.
const VERBS: &[&str] = &["begun", "indicate", "shook", "start", "struck"];

#[derive(Debug, Default)]
struct Phrase<'t> {
    text: &'t str,
    weight: u32,
    count: u32,
    order: usize,
}

/// The best phrases of `article`, best first.
pub fn keywords(article: &Article, entities: &[Entity], limits: &Limits) -> Vec<Keyword> {
    let mut phrases: BTreeMap<String, Phrase<'_>> = BTreeMap::new();
    let headline = article.headline.as_deref().unwrap_or_default();
    let start = article.dateline.as_ref().map_or(0, |dateline| dateline.span.end);
    let end = article.text.floor_char_boundary(READ).max(start);
    let body = article.text.get(start..end).unwrap_or_default();
    collect(body, &cuts(entities, Field::Text, start), 1, &mut phrases);
    collect(headline, &cuts(entities, Field::Headline, 0), 3, &mut phrases);
    let mut ranked: Vec<(u32, Phrase<'_>, String)> = phrases
        .into_iter()
        .map(|(key, phrase)| (score(&key, &phrase), phrase, key))
        .filter(|(score, ..)| *score > 0)
        .collect();
    for entity in entities {
        let wanted = matches!(
            entity.kind,
            EntityType::Person | EntityType::Org | EntityType::Gpe | EntityType::Event
        );
        if wanted && (entity.mentions.len() > 1 || entity.salience >= NAMED_ONCE) {
            let weight = u32::from(entity.salience.thousandths());
            let phrase = Phrase {
                text: entity.name.as_str(),
                weight,
                count: 2,
                order: 0,
            };
            ranked.push((weight, phrase, fold(&entity.name)));
        }
    }
    ranked.sort_by(|a, b| {
        b.0.cmp(&a.0)
            .then(a.1.order.cmp(&b.1.order))
            .then_with(|| a.2.cmp(&b.2))
    });
    choose(ranked, limits.keywords_max)
}

/// Where names stand in a field, in order, from byte `start` on: they are phrases of their own, and no part of another.
fn cuts(entities: &[Entity], field: Field, start: usize) -> Vec<ByteSpan> {
    let mut cuts: Vec<ByteSpan> = entities
        .iter()
        .filter(|entity| entity.kind != EntityType::Norp)
        .flat_map(|entity| &entity.mentions)
        .filter(|mention| mention.field == field && mention.span.start >= start)
        .map(|mention| ByteSpan::new(mention.span.start - start, mention.span.end - start))
        .collect();
    cuts.sort();
    cuts
}

/// Cuts `text` into runs of telling words outside names and counts their parts of one to three words.
fn collect<'t>(text: &'t str, cuts: &[ByteSpan], weight: u32, phrases: &mut BTreeMap<String, Phrase<'t>>) {
    let mut cuts = cuts.iter().peekable();
    let mut run: Vec<(usize, usize)> = Vec::new();
    let mut end = 0;
    for token in tokens(text) {
        let word = token.span.of(text).unwrap_or_default();
        let between = text.get(end..token.span.start).unwrap_or_default();
        while cuts.next_if(|cut| cut.end <= token.span.start).is_some() {}
        let named = cuts.peek().is_some_and(|cut| cut.start < token.span.end);
        let good = token.kind == TokenKind::Word
            && !named
            && word.len() > 2
            && !is_stopword(word)
            && word.contains(char::is_alphabetic);
        if between != " " || !good {
            count(text, &run, weight, phrases);
            run.clear();
        }
        if good {
            run.push((token.span.start, token.span.end));
        }
        end = token.span.end;
    }
    count(text, &run, weight, phrases);
}

fn count<'t>(text: &'t str, run: &[(usize, usize)], weight: u32, phrases: &mut BTreeMap<String, Phrase<'t>>) {
    for from in 0..run.len() {
        for length in 1..=3 {
            let (Some(first), Some(last)) = (run.get(from), run.get(from + length - 1)) else {
                break;
            };
            let Some(slice) = text.get(first.0..last.1) else {
                continue;
            };
            let order = phrases.len();
            let phrase = phrases.entry(fold(slice)).or_insert(Phrase {
                text: slice,
                weight: 0,
                count: 0,
                order,
            });
            phrase.weight += weight + u32::from(first.0 < 300);
            phrase.count += 1;
        }
    }
}

/// Lower case, and a plain plural is its singular.
fn fold(text: &str) -> String {
    let lower = text.to_lowercase();
    match lower.strip_suffix('s') {
        Some(stem) if stem.len() > 3 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => lower,
    }
}

fn score(key: &str, phrase: &Phrase<'_>) -> u32 {
    let words = key.split(' ').count() as u32;
    let verbal = key
        .split(' ')
        .any(|word| word.ends_with("ed") || word.ends_with("ly") || VERBS.contains(&word))
        || words == 1 && (key.ends_with("ing") || key.len() < 5);
    if phrase.count < 2 || verbal || GENERIC.binary_search(&key).is_ok() {
        return 0;
    }
    phrase.weight * (60 + 45 * words)
}

fn choose(ranked: Vec<(u32, Phrase<'_>, String)>, most: usize) -> Vec<Keyword> {
    let mut chosen: Vec<(u32, Phrase<'_>, String)> = Vec::new();
    for (score, phrase, key) in ranked {
        if chosen.len() >= most {
            break;
        }
        let padded = format!(" {key} ");
        let same = chosen.iter().any(|(_, _, other)| {
            let other = format!(" {other} ");
            other.contains(&padded) || padded.contains(&other)
        });
        if !same {
            chosen.push((score, phrase, key));
        }
    }
    let best = chosen.first().map_or(1, |(score, ..)| (*score).max(1));
    let keyword = |(score, phrase, _): (u32, Phrase<'_>, String)| Keyword {
        text: phrase.text.to_owned(),
        score: Score::from_thousandths((u64::from(score) * 1000 / u64::from(best)) as u16),
    };
    chosen.into_iter().map(keyword).collect()
}
