//! The tagger: telling phrases, weighed by where they stand, add up to concepts. Never tags on one stray phrase.

use std::collections::BTreeMap;

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
const THRESHOLD: u32 = 44;
/// Bytes of text that count as the lead.
const LEAD: usize = 300;
/// A text with fewer bytes, headline included, gets no topics.
const SHORTEST: usize = 60;
/// Bytes of text that are read for topics: news says early what it is about.
const READ: usize = 6_000;

/// Points of one concept on one article.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    points: u32,
    phrases: u32,
}

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
        let mut seen: BTreeMap<usize, u32> = BTreeMap::new();
        self.read(headline, usize::MAX, &mut seen);
        self.read(&article.text, 0, &mut seen);
        let mut tallies: BTreeMap<&'static str, Tally> = BTreeMap::new();
        for (phrase, weight) in seen {
            for &(code, strength) in self.meanings.get(phrase).into_iter().flatten() {
                let tally = tallies.entry(code).or_default();
                tally.points += strength * weight / 2;
                tally.phrases += 1;
            }
        }
        tallies.retain(|_, tally| tally.points >= THRESHOLD);
        self.tags(tallies, limits.topics_max)
    }

    /// Adds what each phrase of `text` weighs, in halves: 4 in a headline, 3 in the lead, 2 below, and less when repeated.
    fn read(&self, text: &str, lead: usize, seen: &mut BTreeMap<usize, u32>) {
        let lead = lead.max(LEAD);
        let cut = text
            .char_indices()
            .map(|(at, _)| at)
            .take_while(|at| *at <= READ)
            .last()
            .unwrap_or_default();
        let text = if text.len() > READ {
            text.get(..cut).unwrap_or_default()
        } else {
            text
        };
        for found in self.automaton.find_iter(text) {
            if !stands_alone(text, found.start(), found.end()) {
                continue;
            }
            let here = match found.start() {
                _ if lead == usize::MAX => 4,
                start if start < lead => 3,
                _ => 2,
            };
            let weight = seen.entry(found.pattern().as_usize()).or_default();
            *weight = (*weight).max(here).max((*weight + 1).min(6));
        }
    }

    fn tags(&self, tallies: BTreeMap<&'static str, Tally>, most: usize) -> Vec<TopicTag> {
        let covered: Vec<&str> = tallies
            .keys()
            .flat_map(|code| self.vocabulary.ancestors(code))
            .collect();
        let best = tallies
            .values()
            .map(|tally| tally.points)
            .max()
            .unwrap_or_default();
        let mut tags: Vec<(u32, TopicTag)> = tallies
            .iter()
            .filter(|(code, tally)| !covered.contains(*code) && tally.points * 3 >= best)
            .filter_map(|(code, tally)| {
                let concept = self.vocabulary.concept(code)?;
                let tag = TopicTag {
                    code: format!("medtop:{code}"),
                    name: concept.name.to_owned(),
                    level: concept.level,
                    confidence: confidence(tally.points),
                    ancestors: self
                        .vocabulary
                        .ancestors(code)
                        .into_iter()
                        .map(|code| format!("medtop:{code}"))
                        .collect(),
                };
                Some((tally.points, tag))
            })
            .collect();
        tags.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.code.cmp(&b.1.code)));
        tags.truncate(most);
        tags.into_iter().map(|(_, tag)| tag).collect()
    }
}

/// Precision by points, measured (`models/README.md`).
fn confidence(points: u32) -> Score {
    Score::from_thousandths(match points {
        0..52 => 500,
        52..60 => 510,
        60..75 => 520,
        75..90 => 530,
        90..120 => 540,
        120..160 => 550,
        _ => 800,
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
