//! The article's own key phrases: names, and noun phrases that come back or open it, rare words first. Never a number,
//! a verb, or one thing twice.

use std::collections::BTreeMap;

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::Entity;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Keyword;
use crate::article::Score;
use crate::config::models::ModelFile;
use crate::enrich::EnricherError;
use crate::enrich::lexis::Lexis;
use crate::enrich::lexis::Standing;
use crate::enrich::stopwords::is_stopword;
use crate::limits::Limits;
use crate::text::tokens::TokenKind;
use crate::text::tokens::tokens;

/// Bytes of text that are read for phrases.
const READ: usize = 40_000;
/// What a thousandth of a name's salience is worth beside a phrase's score.
const NAME: u32 = 9;
const PHRASE: u32 = 65;
/// A name that stands once is a key phrase only when it is this salient.
const NAMED_ONCE: Score = Score::from_thousandths(400);
/// Single words that say nothing of what an article is about, folded; sorted.
#[rustfmt::skip]
pub(super) const GENERIC: &[&str] = &[
    "aboard", "age", "allow", "arrive", "attract", "begun", "biggest", "block", "claim", "close", "condition",
    "continue", "countries", "country", "course", "criticize", "current", "day", "decision", "direct", "direction",
    "eastern", "effort", "era", "event", "everywhere", "example", "exclusive", "found", "front",
    "general", "government", "group", "grown",
    "hour", "important", "individual", "large", "largest", "leader", "leaves", "level", "major", "majority",
    "meeting", "member", "minister", "minute", "month", "morning", "nation", "national", "northern",
    "number", "occur", "official", "people", "percent", "person", "place", "point", "popular", "president",
    "prime", "problem", "program", "public", "question", "record", "region", "remain", "report", "reporter",
    "secretary", "senior", "series", "service", "session", "situation", "source", "southern", "spokesman",
    "spokeswoman", "state", "statement", "term", "thing", "time", "town", "visit", "week", "western",
    "wife", "woman", "women", "words", "work", "world", "year",
];

/// Frequent verbs of news, folded, that stand like nouns.
const VERBS: &[&str] = &[
    "begun", "fell", "forbade", "indicate", "led", "met", "shook", "spoke", "start", "struck",
];
/// Bytes of the text that open it.
const OPENING: usize = 300;
/// Most words of a phrase.
const LONGEST: usize = 3;
/// How often a word must stand inside noun phrases to be in one, and end them to end one, alone or after others, in
/// tenths.
const INSIDE: u8 = 4;
const ENDS: u8 = 5;
const ENDS_ALONE: u8 = 6;
/// What looks like a participle must end them still oftener.
const ENDS_SURELY: u8 = 8;
/// How rare a word must be to be in a phrase, and to be one.
const RARE: u8 = 2;
const RARE_ALONE: u8 = 5;
/// How rare a word is that the table lacks.
const UNKNOWN: u8 = 8;

/// A word that may be part of a phrase.
#[derive(Debug, Clone, Copy)]
struct Word {
    span: ByteSpan,
    /// As it is written, or in the singular.
    standing: Option<Standing>,
    /// May be the first of several.
    opens: bool,
    /// May be the last of several.
    closes: bool,
    /// May stand alone.
    alone: bool,
}

#[derive(Debug, Default)]
struct Phrase<'t> {
    text: &'t str,
    weight: u32,
    count: u32,
    order: usize,
    words: u32,
    /// Sum of its words' rarity.
    rare: u32,
    /// Times that nothing else that could belong to it stood around it.
    whole: u32,
    /// Stands in the headline or the opening.
    opens: bool,
}

/// Finds key phrases; built once.
#[derive(Debug)]
pub struct Keywords {
    lexis: Lexis,
}

impl Keywords {
    /// Reads a language's table of words.
    pub fn new(words: ModelFile) -> Result<Self, EnricherError> {
        Ok(Self {
            lexis: Lexis::new(words)?,
        })
    }

    /// The best phrases of `article`, best first.
    pub fn find(&self, article: &Article, entities: &[Entity], limits: &Limits) -> Vec<Keyword> {
        let mut phrases: BTreeMap<String, Phrase<'_>> = BTreeMap::new();
        let headline = article.headline.as_deref().unwrap_or_default();
        let start = article.dateline.as_ref().map_or(0, |dateline| dateline.span.end);
        let end = article.text.floor_char_boundary(READ).max(start);
        let body = article.text.get(start..end).unwrap_or_default();
        self.collect(
            body,
            &cuts(entities, Field::Text, start),
            Field::Text,
            &mut phrases,
        );
        self.collect(
            headline,
            &cuts(entities, Field::Headline, 0),
            Field::Headline,
            &mut phrases,
        );
        let mut ranked: Vec<(u32, Phrase<'_>, String)> = phrases
            .into_iter()
            .map(|(key, phrase)| (score(&key, &phrase), phrase, key))
            .filter(|(score, ..)| *score > 0)
            .collect();
        ranked.extend(entities.iter().filter_map(named));
        ranked.sort_by(|a, b| {
            b.0.cmp(&a.0)
                .then(a.1.order.cmp(&b.1.order))
                .then_with(|| a.2.cmp(&b.2))
        });
        choose(ranked, limits.keywords_max)
    }

    /// Cuts `text` into runs of words outside names and counts their noun phrases.
    fn collect<'t>(
        &self,
        text: &'t str,
        cuts: &[ByteSpan],
        field: Field,
        phrases: &mut BTreeMap<String, Phrase<'t>>,
    ) {
        let mut cuts = cuts.iter().peekable();
        let mut run: Vec<Word> = Vec::new();
        let (mut end, mut lower) = (0, String::new());
        for token in tokens(text) {
            let between = text.get(end..token.span.start).unwrap_or_default();
            while cuts.next_if(|cut| cut.end <= token.span.start).is_some() {}
            let named = cuts.peek().is_some_and(|cut| cut.start < token.span.end);
            let word = (token.kind == TokenKind::Word && !named)
                .then(|| self.word(token.span, text, field, &mut lower))
                .flatten();
            if between != " " || word.is_none() {
                count(text, &run, field, phrases);
                run.clear();
            }
            run.extend(word);
            end = token.span.end;
        }
        count(text, &run, field, phrases);
    }

    /// The word at `span`, if it may be part of a phrase. `lower` is memory.
    fn word(&self, span: ByteSpan, text: &str, field: Field, lower: &mut String) -> Option<Word> {
        let word = span.of(text)?;
        if word.len() < 3 || word.contains('.') || is_stopword(word) || !word.starts_with(char::is_alphabetic)
        {
            return None;
        }
        lower.clear();
        lower.extend(word.chars().flat_map(char::to_lowercase));
        let (exact, standing) = (self.lexis.exact(lower), self.lexis.find(lower));
        let ends = standing.map_or(0, |word| word.ends);
        let verbal = VERBS.contains(&lower.as_str())
            || lower.ends_with("ly") && ends < ENDS_ALONE
            || lower.ends_with("ed") && ends < ENDS_SURELY;
        if verbal || standing.is_some_and(|word| word.rare < RARE || word.inside < INSIDE) {
            return None;
        }
        // A verb, where the table knows no noun: "pays growers", "pruning models"; a headline has more of them: "city
        // wants", "strikes deal".
        let plural =
            lower.ends_with('s') && (word.starts_with(char::is_lowercase) || field == Field::Headline);
        let could_be_verb = plural || lower.ends_with("ing");
        let opens = match exact {
            None => !could_be_verb,
            Some(word) => !plural || field == Field::Text && word.inside >= ENDS_ALONE,
        };
        let closes = match (exact, standing) {
            (None, _) if plural && field == Field::Headline => false,
            (_, None) => !lower.ends_with("ing"),
            _ => ends >= if plural { ENDS_ALONE } else { ENDS },
        };
        let plain = GENERIC.binary_search(&&*fold(lower)).is_err();
        let alone = plain
            && standing.map_or(!could_be_verb, |word| {
                ends >= ENDS_ALONE && word.rare >= RARE_ALONE
            });
        Some(Word {
            span,
            standing,
            opens,
            closes,
            alone,
        })
    }
}

/// A name that is a key phrase.
fn named(entity: &Entity) -> Option<(u32, Phrase<'_>, String)> {
    let kind = matches!(
        entity.kind,
        EntityType::Person | EntityType::Org | EntityType::Gpe | EntityType::Event
    );
    let weight = u32::from(entity.salience.thousandths());
    let phrase = Phrase {
        text: entity.name.as_str(),
        ..Phrase::default()
    };
    let wanted = kind && (entity.mentions.len() > 1 || entity.salience >= NAMED_ONCE);
    wanted.then(|| (weight * NAME, phrase, fold(&entity.name)))
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

fn count<'t>(text: &'t str, run: &[Word], field: Field, phrases: &mut BTreeMap<String, Phrase<'t>>) {
    for from in 0..run.len() {
        for part in (1..=LONGEST).map_while(|length| run.get(from..from + length)) {
            let (Some(first), Some(last)) = (part.first(), part.last()) else {
                continue;
            };
            let fits = match part.len() {
                // One that the table lacks is a phrase only where nothing else stands around it.
                1 => first.alone && (first.standing.is_some() || run.len() == 1),
                _ => first.opens && last.closes,
            };
            let Some(slice) = text.get(first.span.start..last.span.end).filter(|_| fits) else {
                continue;
            };
            let opening = field == Field::Headline || first.span.start < OPENING;
            let order = phrases.len();
            let phrase = phrases.entry(fold(slice)).or_insert(Phrase {
                text: slice,
                order,
                words: part.len() as u32,
                rare: part
                    .iter()
                    .map(|word| u32::from(word.standing.map_or(UNKNOWN, |word| word.rare)))
                    .sum(),
                ..Phrase::default()
            });
            phrase.weight += match field {
                Field::Headline => 3,
                Field::Text => 1 + u32::from(opening),
            };
            phrase.count += 1;
            phrase.whole += u32::from(part.len() == run.len());
            phrase.opens |= opening;
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

/// What a phrase is worth: its places, times the mean rarity of its words, times half as much again for each word more.
fn score(key: &str, phrase: &Phrase<'_>) -> u32 {
    let several = phrase.words > 1;
    let last = key.rsplit(' ').next().unwrap_or_default();
    let told_once = phrase.count < 2
        && !(several && phrase.whole > 0 && phrase.opens && GENERIC.binary_search(&last).is_err());
    let torn = several && phrase.whole * 3 < phrase.count;
    if told_once || torn {
        return 0;
    }
    phrase.weight * phrase.rare * (phrase.words + 1) * PHRASE / phrase.words.max(1)
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
