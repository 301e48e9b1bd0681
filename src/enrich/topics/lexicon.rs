//! The tagger: telling phrases, weighed by where they stand, add up to concepts. Never tags on one stray phrase, and
//! never on what only the end of a text speaks of.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use aho_corasick::MatchKind;

use crate::article::Article;
use crate::article::Score;
use crate::article::TopicTag;
use crate::enrich::EnricherError;
use crate::enrich::topics::vocabulary::Vocabulary;
use crate::limits::Limits;

const FILE: &str = "models/topic-phrases.tsv";
const TABLE: &str = include_str!("../../../models/topic-phrases.tsv");

/// A concept needs this many points.
const THRESHOLD: u32 = 75;
/// A level-1 concept whose descendants have no such sure one needs this many from all of them.
const ROOT_THRESHOLD: u32 = 56;
/// Bytes of text that count as the lead.
const LEAD: usize = 300;
/// A text with fewer bytes, headline included, gets no topics.
const SHORTEST: usize = 60;
/// Bytes of text that are read for topics: news says early what it is about.
const READ: usize = 6_000;

/// Tags articles; built once.
#[derive(Debug)]
pub struct Tagger {
    vocabulary: Vocabulary,
    automaton: AhoCorasick,
    /// Concepts and their strengths for each phrase of the automaton.
    meanings: Vec<Vec<(&'static str, u32)>>,
}

impl Tagger {
    /// Loads the embedded vocabulary and lexicon.
    pub fn new() -> Result<Self, EnricherError> {
        let vocabulary = Vocabulary::new()?;
        let mut phrases: BTreeMap<&'static str, Vec<(&'static str, u32)>> = BTreeMap::new();
        for (at, line) in TABLE
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.starts_with('#'))
        {
            let broken = |problem| EnricherError::Table {
                file: FILE,
                line: at + 1,
                problem,
            };
            let mut fields = line.split('\t');
            let code = fields
                .next()
                .filter(|code| vocabulary.concept(code).is_some())
                .ok_or(broken("unknown concept"))?;
            let strength: u32 = fields
                .next()
                .and_then(|strength| strength.parse().ok())
                .ok_or(broken("no strength"))?;
            for phrase in fields.next().ok_or(broken("no phrases"))?.split('|') {
                phrases.entry(phrase).or_default().push((code, strength * 4));
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(phrases.keys())
            .map_err(|error| EnricherError::Lexicon(error.to_string()))?;
        Ok(Self {
            vocabulary,
            automaton,
            meanings: phrases.into_values().collect(),
        })
    }

    /// The topics of `article`, most confident first; empty where nothing is sure.
    pub fn topics(&self, article: &Article, limits: &Limits) -> Vec<TopicTag> {
        let headline = article.headline.as_deref().unwrap_or_default();
        if headline.len() + article.text.len() < SHORTEST {
            return Vec::new();
        }
        let mut seen: BTreeMap<usize, Sighting> = BTreeMap::new();
        self.read(headline, true, &mut seen);
        self.read(&article.text, false, &mut seen);
        let mut found: BTreeMap<&'static str, Evidence> = BTreeMap::new();
        let mut roots: BTreeMap<&'static str, Evidence> = BTreeMap::new();
        for (phrase, sighting) in seen {
            let meanings = self.meanings.get(phrase).into_iter().flatten();
            for &(code, strength) in meanings {
                let points = strength * sighting.weight / 2;
                found.entry(code).or_default().add(phrase, points, sighting);
                let root = self.vocabulary.ancestors(code).first().copied().unwrap_or(code);
                roots.entry(root).or_default().add(phrase, points, sighting);
            }
        }
        let best = roots
            .values()
            .map(|evidence| evidence.points)
            .max()
            .unwrap_or_default();
        // "sport", though not which.
        roots.retain(|_, root| {
            root.points >= ROOT_THRESHOLD && root.points * 3 >= best * 2 && root.early && root.phrases > 1
        });
        found.retain(|_, concept| {
            concept.points >= THRESHOLD && concept.early && (concept.phrases > 1 || concept.in_headline)
        });
        roots.extend(found);
        let sure = roots.into_iter().map(|(code, evidence)| (code, evidence.points));
        self.tags(sure.collect(), limits.topics_max)
    }

    /// Adds what each phrase of `text` weighs, in halves: 4 in a headline, 3 in the lead, 2 below, more when repeated.
    fn read(&self, text: &str, in_headline: bool, seen: &mut BTreeMap<usize, Sighting>) {
        let text = text.get(..text.floor_char_boundary(READ)).unwrap_or_default();
        for found in self.automaton.find_iter(text) {
            if !stands_alone(text, found.start(), found.end()) {
                continue;
            }
            let early = in_headline || found.start() < LEAD;
            let here = match early {
                true if in_headline => 4,
                true => 3,
                false => 2,
            };
            let sighting = seen.entry(found.pattern().as_usize()).or_default();
            sighting.weight = sighting.weight.max(here).max((sighting.weight + 1).min(6));
            sighting.in_headline |= in_headline;
            sighting.early |= early;
        }
    }

    /// Tags of the concepts in `points` that are no ancestor of another.
    fn tags(&self, points: BTreeMap<&'static str, u32>, most: usize) -> Vec<TopicTag> {
        let covered: BTreeSet<&str> = points
            .keys()
            .flat_map(|code| self.vocabulary.ancestors(code))
            .collect();
        let best = points.values().copied().max().unwrap_or_default();
        let mut tags: Vec<(Score, u32, TopicTag)> = Vec::new();
        for (code, points) in points {
            let Some(concept) = self.vocabulary.concept(code) else {
                continue;
            };
            if covered.contains(code) || points * 3 < best {
                continue;
            }
            let ancestors = self.vocabulary.ancestors(code).into_iter();
            let confidence = confidence(concept.level, points);
            let tag = TopicTag {
                code: format!("medtop:{code}"),
                name: concept.name.to_owned(),
                level: concept.level,
                confidence,
                ancestors: ancestors.map(|code| format!("medtop:{code}")).collect(),
            };
            tags.push((confidence, points, tag));
        }
        tags.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then_with(|| a.2.code.cmp(&b.2.code)));
        tags.truncate(most);
        tags.into_iter().map(|(.., tag)| tag).collect()
    }
}

/// Where one phrase was seen.
#[derive(Debug, Default, Clone, Copy)]
struct Sighting {
    weight: u32,
    in_headline: bool,
    /// In the headline or the lead.
    early: bool,
}

/// What speaks for a concept.
#[derive(Debug, Default)]
struct Evidence {
    points: u32,
    /// Different phrases.
    phrases: u32,
    last: Option<usize>,
    in_headline: bool,
    early: bool,
}

impl Evidence {
    /// Adds a phrase; all meanings of one phrase come one after another.
    fn add(&mut self, phrase: usize, points: u32, sighting: Sighting) {
        self.points += points;
        self.phrases += u32::from(self.last != Some(phrase));
        self.last = Some(phrase);
        self.in_headline |= sighting.in_headline;
        self.early |= sighting.early;
    }
}

/// Precision by points, measured (`models/README.md`).
fn confidence(level: u8, points: u32) -> Score {
    Score::from_thousandths(match (level, points) {
        (1, 0..100) => 840,
        (1, _) => 930,
        (_, 0..120) => 740,
        (_, 120..160) => 870,
        _ => 950,
    })
}

/// True where the match is whole words, save a plural ending.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    let after = text.get(end..).unwrap_or_default();
    let rest = after
        .strip_prefix("es")
        .or_else(|| after.strip_prefix('s'))
        .unwrap_or(after);
    let open = |rest: &str| !rest.chars().next().is_some_and(char::is_alphanumeric);
    !before.is_some_and(char::is_alphanumeric) && (open(rest) || open(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexicon_reaches_every_subject() {
        let tagger = Tagger::new().unwrap();
        assert!(tagger.meanings.len() >= 400, "{}", tagger.meanings.len());
        let roots: BTreeSet<&str> = tagger
            .meanings
            .iter()
            .flatten()
            .map(|(code, _)| tagger.vocabulary.ancestors(code).first().copied().unwrap_or(code))
            .collect();
        assert_eq!(roots.len(), 17, "{roots:?}");
    }

    #[test]
    fn phrases_are_whole_words() {
        for (text, start, end, expected) in [
            ("the war.", 4, 7, true),
            ("the wars", 4, 7, true),
            ("the warm", 4, 7, false),
            ("toward", 2, 5, false),
            ("crash es", 0, 5, true),
        ] {
            assert_eq!(stands_alone(text, start, end), expected, "{text}");
        }
    }

    #[test]
    fn confidence_rises_with_points() {
        for level in [1, 3] {
            let scores: Vec<_> = (0..400).map(|points| confidence(level, points)).collect();
            assert!(scores.is_sorted());
        }
    }
}
