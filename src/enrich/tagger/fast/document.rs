//! What a document says of its words: where they stand, which known phrases they make, how else it writes them. Bit for
//! bit what `train/fast_features.py` computes.

use std::collections::HashMap;
use std::ops::Range;

use crate::enrich::tagger::fast::form::Case;
use crate::enrich::tagger::fast::form::Form;
use crate::enrich::tagger::fast::form::PREFIX_FLAG;
use crate::enrich::tagger::fast::form::Scratch;
use crate::enrich::tagger::fast::form::row;
use crate::enrich::tagger::fast::form::slot;
use crate::enrich::tagger::fast::hash::Index;
use crate::enrich::tagger::fast::hash::chain;
use crate::enrich::tagger::fast::hash::mix;

/// Most words of a known phrase.
const PHRASE_MAX: usize = 8;
/// Signs after which a capital tells nothing.
const OPENERS: [&str; 6] = ["\"", "\u{201C}", "\u{2018}", ":", "\u{2022}", "*"];

/// The words of one article, headline first.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// Every different word as written.
    pub(super) forms: Vec<Form>,
    /// Per form, the number of its normal form.
    pub(super) keys: Vec<u32>,
    /// How many different normal forms there are.
    pub(super) key_count: usize,
    /// Per token, its form.
    pub(super) tokens: Vec<u32>,
    /// Per token, rows of the table for the slots of phrase, document and place.
    pub(super) context: Vec<[u32; 3]>,
    /// How many tokens are the headline.
    pub(super) head: usize,
    opens: Vec<bool>,
}

/// What `Document` looks up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indexes<'m> {
    /// Words to rows of vectors.
    pub(super) vectors: &'m Index,
    /// Phrases to lists of names.
    pub(super) phrases: &'m Index,
}

impl Document {
    /// Reads tokens, the first `head` of which are the headline, and sentences, which cover all of them in order.
    pub(super) fn new<'t>(
        words: impl Iterator<Item = &'t str>,
        head: usize,
        sentences: &[Range<usize>],
        indexes: Indexes<'_>,
    ) -> Self {
        let mut document = Self {
            head,
            ..Self::default()
        };
        document.take(words, indexes);
        let phrases = document.phrases(indexes.phrases);
        let places = document.places(sentences);
        let flags = document.flags(sentences, &places);
        document.context = phrases
            .iter()
            .zip(&places)
            .zip(&document.tokens)
            .map(|((&phrase, &place), &token)| {
                let key = document.keys.get(token as usize).copied().unwrap_or_default();
                let flags = flags.get(key as usize).copied().unwrap_or_default();
                [
                    row(slot::PHRASE, phrase),
                    row(slot::DOCUMENT, flags.bits()),
                    row(slot::PLACE, place),
                ]
            })
            .collect();
        document
    }

    fn take<'t>(&mut self, words: impl Iterator<Item = &'t str>, indexes: Indexes<'_>) {
        let mut scratch = Scratch::default();
        let mut known: HashMap<&'t str, u32> = HashMap::new();
        let mut keys: HashMap<u64, u32> = HashMap::new();
        for word in words {
            let form = *known.entry(word).or_insert_with(|| {
                let form = Form::of(word, indexes.vectors, indexes.phrases, &mut scratch);
                let next = keys.len() as u32;
                self.keys.push(*keys.entry(form.hash).or_insert(next));
                self.forms.push(form);
                self.forms.len() as u32 - 1
            });
            self.tokens.push(form);
            self.opens.push(OPENERS.contains(&word));
        }
        self.key_count = keys.len();
    }

    fn form(&self, token: usize) -> Option<&Form> {
        self.tokens
            .get(token)
            .and_then(|form| self.forms.get(*form as usize))
    }

    /// Per token, the hash of the longest known phrase of two words and more that it stands in, and where; 0 in none.
    fn phrases(&self, phrases: &Index) -> Vec<u64> {
        let mut found = vec![0; self.tokens.len()];
        let mut at = 0;
        while at < found.len() {
            let (length, value) = self.longest(at, phrases);
            for (place, found) in found.iter_mut().skip(at).take(length).enumerate() {
                let part = match place {
                    0 => 0,
                    _ if place + 1 == length => 2,
                    _ => 1,
                };
                *found = mix((u64::from(value) << 2 | part) + 1);
            }
            at += length.max(1);
        }
        found
    }

    fn longest(&self, start: usize, phrases: &Index) -> (usize, u16) {
        let Some(first) = self.form(start).filter(|form| form.case != Case::Lower) else {
            return (0, 0);
        };
        let end = if start < self.head {
            self.head
        } else {
            self.tokens.len()
        };
        let (mut hash, mut known) = (first.hash, phrases.get(first.hash));
        let (mut best, mut value) = (0, 0);
        for next in start + 1..end.min(start + PHRASE_MAX) {
            let Some(form) = self.form(next).filter(|_| known & PREFIX_FLAG != 0) else {
                break;
            };
            hash = chain(hash, form.hash);
            known = phrases.get(hash);
            if known & !PREFIX_FLAG != 0 {
                (best, value) = (next + 1 - start, known & !PREFIX_FLAG);
            }
        }
        (best, value)
    }

    /// Per token: does it open a sentence (1) or follow an opening sign (2), and how its sentence is written.
    fn places(&self, sentences: &[Range<usize>]) -> Vec<u64> {
        let mut places = vec![0; self.tokens.len()];
        for sentence in sentences {
            let kind = self.writing(sentence) as u64;
            for token in sentence.clone() {
                let opens = if token == sentence.start {
                    1
                } else {
                    2 * u64::from(self.opens.get(token - 1).copied().unwrap_or_default())
                };
                if let Some(place) = places.get_mut(token) {
                    *place = opens + 3 * (kind + 4 * u64::from(token < self.head));
                }
            }
        }
        places
    }

    fn writing(&self, sentence: &Range<usize>) -> Writing {
        let (mut long, mut long_upper, mut long_capital, mut all, mut capital) = (0, 0, 0, 0, 0);
        for form in sentence.clone().filter_map(|token| self.form(token)) {
            if !form.case.is_word() {
                continue;
            }
            let upper = usize::from(form.case == Case::Upper);
            let not_lower = usize::from(form.case != Case::Lower);
            all += 1;
            capital += not_lower;
            if form.length >= 4 {
                long += 1;
                long_upper += upper;
                long_capital += not_lower;
            }
        }
        if long >= 2 && long_upper * 10 >= 8 * long {
            Writing::Capitals
        } else if long >= 3 && long_capital * 10 >= 7 * long {
            Writing::TitleCase
        } else if all >= 3 && capital == 0 {
            Writing::NoCapitals
        } else {
            Writing::Normal
        }
    }

    /// Per normal form, how else the document writes it.
    fn flags(&self, sentences: &[Range<usize>], places: &[u64]) -> Vec<Flags> {
        let mut flags = vec![Flags::default(); self.key_count];
        for token in sentences.iter().flat_map(Clone::clone) {
            let (Some(form), Some(place)) = (self.form(token), places.get(token)) else {
                continue;
            };
            let key = self
                .tokens
                .get(token)
                .and_then(|form| self.keys.get(*form as usize));
            let Some(flags) = key.and_then(|key| flags.get_mut(*key as usize)) else {
                continue;
            };
            let (opens, kind) = (place % 3, place / 3 % 4);
            if form.case == Case::Lower {
                flags.lower = true;
            } else if kind == Writing::Normal as u64 && opens == 0 {
                flags.inner = true;
            }
            flags.headline |= token < self.head;
            flags.twice |= flags.seen;
            flags.seen = true;
        }
        flags
    }
}

/// How a sentence is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    Normal = 0,
    Capitals = 1,
    TitleCase = 2,
    NoCapitals = 3,
}

/// How else a document writes a word.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    /// In lower case.
    lower: bool,
    /// With a capital within a normal sentence.
    inner: bool,
    /// In the headline.
    headline: bool,
    /// More than once.
    twice: bool,
    seen: bool,
}

impl Flags {
    fn bits(self) -> u64 {
        u64::from(self.lower)
            + 2 * u64::from(self.inner)
            + 4 * u64::from(self.headline)
            + 8 * u64::from(self.twice)
    }
}
