//! From probabilities to topics: a child implies its ancestors, the best subject is said when it is more likely right
//! than not, others only when sure. Never says a topic of a text that is no news.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::Field;
use crate::article::Score;
use crate::article::TopicTag;
use crate::config::TopicsConfig;
use crate::config::models::ModelFile;
use crate::enrich::EnricherError;
use crate::enrich::topics::accurate::Accurate;
use crate::enrich::topics::counts::Counts;
use crate::enrich::topics::explain::Explanation;
use crate::enrich::topics::explain::Voice;
use crate::enrich::topics::fast::Fast;
use crate::enrich::topics::own;
use crate::enrich::topics::own::Found;
use crate::enrich::topics::own::OwnTopics;
use crate::enrich::topics::vocabulary::VOCABULARY_VERSION;
use crate::enrich::topics::vocabulary::Vocabulary;
use crate::limits::Limits;

/// A text with fewer words that the model knows, headline included, gets no topics.
const SHORTEST: usize = 5;
/// Topics that are explained though they are not said, and phrases on each side of one.
const NEAR: usize = 3;
const VOICES: usize = 8;
/// What a topic must have at least to be explained.
const NEAR_FROM: f32 = 0.1;

/// One concept that the model judges.
#[derive(Debug)]
struct Judged {
    code: String,
    /// Numbers, among the judged, of its ancestors, root first.
    ancestors: Vec<usize>,
    level: u8,
}

/// What a newer vocabulary did to the concepts of the model.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// Retired there: an active ancestor is said in their place.
    pub mapped: usize,
    /// Retired without an active ancestor, or unknown there: no longer said.
    pub dropped: usize,
    /// Under another parent there.
    pub moved: usize,
}

/// Tags articles; built once.
#[derive(Debug)]
pub struct Tagger {
    fast: Fast,
    /// Where the encoder's view of the opening counts too.
    accurate: Option<Accurate>,
    vocabulary: Vocabulary,
    version: String,
    changes: Changes,
    /// In the order of the model's concepts; `None` where the vocabulary has dropped it, or its ancestor speaks for it.
    judged: Vec<Option<Judged>>,
    own: OwnTopics,
}

impl Tagger {
    /// Loads a language's fast model, the vocabulary and a team's own topics. `accurate`: the model that weighs the
    /// encoder's view too, and the concepts that the encoder has logits of.
    ///
    /// # Errors
    /// Where a model or the given vocabulary cannot be read, or an own topic has a phrase that cannot be found.
    pub fn new(
        fast: ModelFile,
        accurate: Option<(ModelFile, &[String])>,
        wanted: &TopicsConfig,
    ) -> Result<Self, EnricherError> {
        let (fast, embedded) = (Fast::new(fast)?, Vocabulary::new()?);
        let newer = wanted.vocabulary.as_deref().map(Vocabulary::parse).transpose()?;
        let changes = newer.as_ref().map(|newer| changes(&fast, &embedded, newer));
        let version = wanted.vocabulary_version.as_deref().filter(|_| newer.is_some());
        let vocabulary = newer.unwrap_or(embedded);
        if let Some(code) = own::unreadable(&wanted.own_topics).first() {
            return Err(EnricherError::OwnTopic((*code).to_owned()));
        }
        let accurate = accurate.map(|(file, encoder)| Accurate::new(file, fast.codes(), encoder));
        Ok(Self {
            accurate: accurate.transpose()?,
            judged: judged(&fast, &vocabulary),
            own: OwnTopics::new(&wanted.own_topics, &fast),
            version: version.unwrap_or(VOCABULARY_VERSION).to_owned(),
            changes: changes.unwrap_or_default(),
            fast,
            vocabulary,
        })
    }

    /// Version of the vocabulary in use.
    pub fn vocabulary_version(&self) -> &str {
        &self.version
    }

    /// What a newer vocabulary changed.
    pub fn changes(&self) -> Changes {
        self.changes
    }

    /// Name and version of the model.
    pub fn model(&self) -> (&str, &str) {
        let fast = (self.fast.name(), self.fast.version());
        self.accurate.as_ref().map_or(fast, Accurate::version)
    }

    /// Whether the encoder must read openings for it.
    pub fn reads_openings(&self) -> bool {
        self.accurate.is_some()
    }

    /// For each concept that is judged, with its level: the log-odds of the phrases, and the encoder's.
    pub fn evidence(&self, article: &Article, opening: &[f32]) -> Vec<(&str, u8, f32, Option<f32>)> {
        let logits = self.fast.logits(&self.fast.counts(article));
        let judged = self.judged.iter().zip(&logits).enumerate();
        let each = judged.filter_map(|(at, (judged, phrases))| {
            let judged = judged.as_ref()?;
            let accurate = self.accurate.as_ref();
            let opening = accurate.and_then(|accurate| accurate.opening(at, opening));
            Some((judged.code.as_str(), judged.level, *phrases, opening))
        });
        each.collect()
    }

    /// The topics of `article`, most confident first; empty where nothing is sure. `opening`: the encoder's logits,
    /// empty where it read nothing.
    pub fn topics(&self, article: &Article, opening: &[f32], limits: &Limits) -> Vec<TopicTag> {
        let counts = self.fast.counts(article);
        let own = self.own.find(article, &counts, &self.fast);
        let mut tags: Vec<TopicTag> = own.iter().map(|found| self.own_tag(found)).collect();
        if is_news(&counts) {
            let probabilities = self.probabilities(&counts, opening);
            let said = self.said(&probabilities);
            tags.extend(said.into_iter().filter_map(|at| self.tag(at, &probabilities)));
        }
        let above: Vec<String> = tags.iter().flat_map(|tag| tag.ancestors.clone()).collect();
        tags.retain(|tag| !above.contains(&tag.code));
        tags.sort_by_key(|tag| std::cmp::Reverse(tag.confidence));
        tags.truncate(limits.topics_max);
        tags
    }

    /// The topics that are said, and the nearest of the others, with the phrases that spoke for and against them.
    pub fn explain(&self, article: &Article, opening: &[f32], limits: &Limits) -> Vec<Explanation> {
        let counts = self.fast.counts(article);
        let own = self.own.find(article, &counts, &self.fast);
        let mut out: Vec<Explanation> = own.iter().map(|found| explain_own(article, found)).collect();
        if !is_news(&counts) {
            return out;
        }
        let probabilities = self.probabilities(&counts, opening);
        let mut said = self.said(&probabilities);
        said.truncate(limits.topics_max);
        let mut near: Vec<usize> = (0..probabilities.len())
            .filter(|at| !said.contains(at) && !self.is_above_any(*at, &said))
            .filter(|at| probability(&probabilities, *at) >= NEAR_FROM)
            .collect();
        near.sort_by(|a, b| probability(&probabilities, *b).total_cmp(&probability(&probabilities, *a)));
        near.truncate(NEAR);
        let all = said
            .iter()
            .map(|at| (*at, true))
            .chain(near.into_iter().map(|at| (at, false)));
        out.extend(all.filter_map(|(at, is_said)| {
            let tag = self.tag(at, &probabilities)?;
            let heard = self.heard(at, opening);
            let scale = heard.map_or(1.0, |(phrases, _)| phrases);
            let (voices_for, voices_against) = self.voices(article, &counts, (at, scale));
            Some(Explanation {
                code: tag.code,
                name: tag.name,
                confidence: tag.confidence.as_f64(),
                said: is_said,
                opening: heard.map(|(_, opening)| opening),
                voices_for,
                voices_against,
            })
        }));
        out
    }

    /// What a unit of the phrases' log-odds counts for a concept, and what the encoder adds; none where it is unheard.
    fn heard(&self, at: usize, opening: &[f32]) -> Option<(f32, f32)> {
        let accurate = self.accurate.as_ref()?;
        let (opening, level) = (accurate.opening(at, opening)?, self.level(at));
        Some((
            accurate.phrase_weight(level),
            accurate.opening_part(level, opening),
        ))
    }

    fn level(&self, at: usize) -> u8 {
        let judged = self.judged.get(at).and_then(Option::as_ref);
        judged.map_or(1, |judged| judged.level)
    }

    /// The probability of each concept, no child's above its ancestors'; zero for those that are not judged.
    fn probabilities(&self, counts: &Counts, opening: &[f32]) -> Vec<f32> {
        let mut raw = self.fast.logits(counts);
        for (at, logit) in raw.iter_mut().enumerate() {
            let level = self.level(at);
            let both = self.accurate.as_ref().and_then(|accurate| {
                let opening = accurate.opening(at, opening)?;
                Some(accurate.weigh(level, *logit, opening))
            });
            *logit = self.fast.logistic(both.unwrap_or(*logit));
        }
        let capped = self.judged.iter().enumerate().map(|(at, judged)| {
            judged.as_ref().map_or(0.0, |judged| {
                let own = probability(&raw, at);
                judged
                    .ancestors
                    .iter()
                    .fold(own, |p, above| p.min(probability(&raw, *above)))
            })
        });
        capped.collect()
    }

    /// The concepts to be said, most confident first. A subject is narrowed down to a child only where that leaves the
    /// order of subjects as it is.
    fn said(&self, probabilities: &[f32]) -> Vec<usize> {
        let accurate = self.accurate.as_ref().map(Accurate::thresholds);
        let thresholds = accurate.unwrap_or_else(|| self.fast.thresholds());
        let p = |at: usize| probability(probabilities, at);
        let mut roots: Vec<usize> = self.of_level(|judged| judged.ancestors.is_empty()).collect();
        roots.sort_by(|a, b| p(*b).total_cmp(&p(*a)).then(a.cmp(b)));
        let keep = roots.iter().enumerate().take_while(|(rank, at)| {
            p(**at)
                >= if *rank == 0 {
                    thresholds.first
                } else {
                    thresholds.level1
                }
        });
        let kept = keep.count();
        roots.truncate(kept);
        let mut said: Vec<usize> = Vec::new();
        let mut floor = 0.0_f32;
        for root in roots.into_iter().rev() {
            let below: Vec<usize> = self
                .of_level(|judged| judged.ancestors.first() == Some(&root))
                .filter(|at| {
                    p(*at)
                        >= if self.level(*at) == 2 {
                            thresholds.level2
                        } else {
                            thresholds.deeper
                        }
                })
                .collect();
            let leaves: Vec<usize> = below
                .iter()
                .copied()
                .filter(|at| !self.is_above_any(*at, &below))
                .collect();
            let best = leaves.iter().map(|at| p(*at)).fold(0.0, f32::max);
            if best > 0.0 && best >= floor {
                floor = best;
                said.extend(leaves);
            } else {
                floor = floor.max(p(root));
                said.push(root);
            }
        }
        said.sort_by(|a, b| p(*b).total_cmp(&p(*a)).then(a.cmp(b)));
        said
    }

    /// Numbers of the judged concepts that pass.
    fn of_level(&self, pass: impl Fn(&Judged) -> bool) -> impl Iterator<Item = usize> {
        let all = self.judged.iter().enumerate();
        all.filter_map(move |(at, judged)| judged.as_ref().filter(|judged| pass(judged)).map(|_| at))
    }

    /// True where the concept is an ancestor of one of `others`.
    fn is_above_any(&self, at: usize, others: &[usize]) -> bool {
        let mut others = others
            .iter()
            .filter_map(|other| self.judged.get(*other)?.as_ref());
        others.any(|other| other.ancestors.contains(&at))
    }

    fn tag(&self, at: usize, probabilities: &[f32]) -> Option<TopicTag> {
        let judged = self.judged.get(at)?.as_ref()?;
        let confidence = Score::from_thousandths((probability(probabilities, at) * 1000.0) as u16);
        self.vocabulary.tag(&judged.code, confidence)
    }

    fn own_tag(&self, found: &Found) -> TopicTag {
        let confidence = Score::from_thousandths((found.confidence * 1000.0) as u16);
        self.vocabulary
            .own_tag(&found.code, &found.name, found.parent.as_deref(), confidence)
    }

    /// The phrases that spoke for a concept, and those against it; each unit of theirs counts `scale`.
    fn voices(
        &self,
        article: &Article,
        counts: &Counts,
        (at, scale): (usize, f32),
    ) -> (Vec<Voice>, Vec<Voice>) {
        let strengths = self.fast.strengths(counts).zip(&counts.phrases);
        let mut voices: Vec<Voice> = strengths
            .map(|((phrase, strength), counted)| {
                let weight = self.fast.row(phrase).get(at).map_or(0, |weight| *weight as i8);
                Voice {
                    phrase: slice(article, counted.field, counted.span),
                    weight: scale * strength * f32::from(weight),
                }
            })
            .collect();
        voices.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let against = voices.iter().rev().take_while(|voice| voice.weight < 0.0);
        let against = against.take(VOICES).cloned().collect();
        voices.truncate(VOICES);
        voices.retain(|voice| voice.weight > 0.0);
        (voices, against)
    }
}

fn slice(article: &Article, field: Field, span: ByteSpan) -> String {
    let text = match field {
        Field::Headline => article.headline.as_deref().unwrap_or_default(),
        Field::Text => article.text.as_str(),
    };
    span.of(text).unwrap_or_default().to_owned()
}

fn explain_own(article: &Article, found: &Found) -> Explanation {
    let voice = |(field, span, weight): &(Field, ByteSpan, f32)| Voice {
        phrase: slice(article, *field, *span),
        weight: *weight,
    };
    Explanation {
        code: found.code.clone(),
        name: found.name.clone(),
        confidence: f64::from(found.confidence),
        said: true,
        opening: None,
        voices_for: found.places.iter().map(voice).collect(),
        voices_against: Vec::new(),
    }
}

/// What became of the model's concepts between two vocabularies.
fn changes(fast: &Fast, before: &Vocabulary, after: &Vocabulary) -> Changes {
    let mut out = Changes::default();
    for code in fast.codes() {
        match after.active(code) {
            None => out.dropped += 1,
            Some(active) if active != *code => out.mapped += 1,
            Some(_) => out.moved += usize::from(before.ancestors(code) != after.ancestors(code)),
        }
    }
    out
}

/// The concepts of the model as the vocabulary has them now. One that is retired is said as its nearest active
/// ancestor, which, where the model knows it, has seen the same evidence.
fn judged(fast: &Fast, vocabulary: &Vocabulary) -> Vec<Option<Judged>> {
    let at: BTreeMap<&str, usize> = fast
        .codes()
        .iter()
        .enumerate()
        .map(|(at, code)| (code.as_str(), at))
        .collect();
    let mut taken = BTreeSet::new();
    let mut judge = |code: &String| {
        let active = vocabulary.active(code)?;
        if active != *code && (at.contains_key(active.as_str()) || !taken.insert(active.clone())) {
            return None;
        }
        let concept = vocabulary.concept(&active)?;
        let ancestors = vocabulary.ancestors(&active);
        Some(Judged {
            code: active,
            ancestors: ancestors
                .iter()
                .filter_map(|code| at.get(code.as_str()).copied())
                .collect(),
            level: concept.level,
        })
    };
    fast.codes().iter().map(&mut judge).collect()
}

fn probability(of: &[f32], at: usize) -> f32 {
    of.get(at).copied().unwrap_or_default()
}

/// False for what is too short, or mostly words that no news has: code, tables, another language.
fn is_news(counts: &Counts) -> bool {
    counts.known >= SHORTEST && counts.known * 2 >= counts.words
}
