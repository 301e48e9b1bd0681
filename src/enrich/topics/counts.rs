//! Counts the phrases of an article that a model knows. Headline and lead weigh more than the tail. Never keeps text.

use std::ops::Range;

use serde::Deserialize;

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::Field;
use crate::enrich::topics::boilerplate::news;
use crate::enrich::topics::words::Words;

/// Longest phrase, in words.
const LONGEST: usize = 4;
/// Words of a headline that are read.
const HEADLINE_MAX: usize = 60;
const FNV_START: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01B3;

/// What a word weighs by where it stands; from the model's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Places {
    headline: u32,
    lead: u32,
    body: u32,
    tail: u32,
    lead_words: usize,
    body_words: usize,
    read_words: usize,
}

impl Places {
    fn weight(self, field: Field, at: usize) -> u32 {
        match field {
            Field::Headline => self.headline,
            Field::Text if at < self.lead_words => self.lead,
            Field::Text if at < self.body_words => self.body,
            Field::Text => self.tail,
        }
    }

    /// 0 for the weight of a headline, 1 of a lead, 2 of what follows.
    pub(super) fn rank(self, weight: u32) -> usize {
        match weight {
            weight if weight == self.headline => 0,
            weight if weight == self.lead => 1,
            _ => 2,
        }
    }
}

/// A known phrase of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// Number of the phrase in its table.
    pub(super) phrase: usize,
    /// Sum of the weights of all places where it stands.
    pub(super) weight: u32,
    /// Where it stands first.
    pub(super) field: Field,
    pub(super) span: ByteSpan,
}

/// The known phrases of an article, ascending by number.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) phrases: Vec<Counted>,
    /// Words that were read, and how many of them are known.
    pub(super) words: usize,
    pub(super) known: usize,
}

/// 64-bit FNV-1a, continued from `hash`.
fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
    })
}

/// The hash of a phrase of folded words.
pub(super) fn hash(phrase: &str) -> u64 {
    fnv1a(FNV_START, phrase.as_bytes())
}

/// Calls `found` with the hash, the length in words, the place and the weight of every phrase of the article, and
/// returns how many words were read.
pub(super) fn phrases(
    article: &Article,
    places: Places,
    mut found: impl FnMut(u64, usize, Field, ByteSpan, u32),
) -> usize {
    let mut read = 0;
    for field in [Field::Headline, Field::Text] {
        let text = match field {
            Field::Headline => article.headline.as_deref().unwrap_or_default(),
            Field::Text => article.text.as_str(),
        };
        let most = match field {
            Field::Headline => HEADLINE_MAX,
            Field::Text => places.read_words,
        };
        let mut words = Words::default();
        for Range { start, end } in news(text) {
            words.read(text, start, end, most);
        }
        read += words.words.len();
        for at in 0..words.words.len() {
            let mut value = FNV_START;
            let run = words.words.iter().skip(at).take(LONGEST).enumerate();
            let mut start = 0;
            for (length, word) in run {
                if length == 0 {
                    start = word.span.start;
                } else if word.joined {
                    value = fnv1a(value, b" ");
                } else {
                    break;
                }
                value = fnv1a(value, words.of(word).as_bytes());
                let span = ByteSpan::new(start, word.span.end);
                found(value, length + 1, field, span, places.weight(field, at));
            }
        }
    }
    read
}

impl Counts {
    /// Counts the phrases that `number` knows by their hash.
    pub(super) fn of(article: &Article, places: Places, number: impl Fn(u64) -> Option<usize>) -> Self {
        let mut out = Self::default();
        let mut known = 0;
        let mut all: Vec<Counted> = Vec::new();
        out.words = phrases(article, places, |hash, length, field, span, weight| {
            if let Some(phrase) = number(hash) {
                known += usize::from(length == 1);
                all.push(Counted {
                    phrase,
                    weight,
                    field,
                    span,
                });
            }
        });
        out.known = known;
        all.sort_by_key(|counted| counted.phrase);
        for counted in all {
            match out.phrases.last_mut() {
                Some(last) if last.phrase == counted.phrase => last.weight += counted.weight,
                _ => out.phrases.push(counted),
            }
        }
        out
    }
}
