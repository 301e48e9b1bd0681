//! Findings in an accepted article: entities, topics, key phrases, save those that are not wanted, which cost
//! nothing. Pure: the models are compiled in or come with the configuration, and nothing here knows the clock, files or
//! Kafka.

pub mod entities;
pub mod keywords;
mod lexis;
mod reader;
pub mod remote;
pub mod stopwords;
pub mod tagger;
pub mod topics;

use std::collections::BTreeMap;

pub use reader::ModelInfo;
pub use reader::english;
pub use reader::problems;

use thiserror::Error;

use crate::article::Article;
use crate::article::Counts;
use crate::article::EnrichedArticle;
use crate::article::Flag;
use crate::article::TopicTag;
use crate::config::EnrichConfig;
use crate::config::NamesConfig;
use crate::config::TopicsConfig;
use crate::enrich::reader::ENGLISH;
use crate::enrich::reader::Reader;
use crate::limits::Limits;
use crate::record::Step;
use crate::record::StepObserver;
use crate::text::english::may_be_english;
use crate::text::language::UNDETERMINED;
use crate::text::sentences::sentences;
use crate::text::tokens::count_words;

/// A model, or what a team gave beside it, that cannot be read; found at start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnricherError {
    /// A line of a table lacks a field or names something unknown.
    #[error("{file} line {line}: {problem}")]
    Table {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A trained model's file is damaged or of another version.
    #[error("{file} {error}")]
    Model {
        /// The file.
        file: String,
        /// What is wrong.
        error: tagger::ModelError,
    },
    /// A model's file is cut or of another format.
    #[error("{0} is not a model of topics")]
    Topics(String),
    /// The vocabulary that was given cannot be read.
    #[error(transparent)]
    Vocabulary(#[from] topics::VocabularyError),
    /// An own topic has a phrase without a word, or with more than four.
    #[error("own topic {0}: a phrase has 1 to 4 words")]
    OwnTopic(String),
}

/// Which findings an article gets, by its language.
#[derive(Debug, Clone, Copy)]
enum Reach<'e> {
    /// All that the models of its language find.
    Models(&'e Reader),
    Countries,
    Nothing,
}

impl<'e> Reach<'e> {
    fn reader(self) -> Option<&'e Reader> {
        match self {
            Self::Models(reader) => Some(reader),
            Self::Countries | Self::Nothing => None,
        }
    }
}

/// Every model, ready to read articles; shared by all threads.
#[derive(Debug)]
pub struct Enricher {
    /// By language; English is one.
    readers: BTreeMap<String, Reader>,
    /// Where names are wanted.
    resolver: Option<entities::Resolver>,
}

impl Enricher {
    /// Loads the models that are wanted: the embedded ones, and those of more languages that `wanted` holds.
    pub fn new(
        wanted: &EnrichConfig,
        names: &NamesConfig,
        own: &TopicsConfig,
    ) -> Result<Self, EnricherError> {
        Ok(Self {
            readers: reader::readers(wanted, names, own)?,
            resolver: wanted.entities.then(entities::Resolver::new).transpose()?,
        })
    }

    /// The models and their versions, language by language, in the order of their steps.
    pub fn models(&self) -> impl Iterator<Item = &ModelInfo> {
        self.readers.values().flat_map(|reader| &reader.models)
    }

    /// The models that have read an article.
    pub fn took_part(&self, enriched: &EnrichedArticle, limits: &Limits) -> impl Iterator<Item = &ModelInfo> {
        let reader = self.reach(&enriched.article, limits).reader();
        let models = reader.map(|reader| reader.models.iter());
        models.into_iter().flatten()
    }

    /// The models of the article's language read it. What has no certain language and may be English is read as such.
    fn reach(&self, article: &Article, limits: &Limits) -> Reach<'_> {
        if !article.is_enrichable() {
            return Reach::Nothing;
        }
        let primary = article.language.split('-').next().unwrap_or_default();
        let language = match primary.to_ascii_lowercase() {
            und if und == UNDETERMINED && may_be_english(article.readable(), limits) => ENGLISH.to_owned(),
            language => language,
        };
        self.readers
            .get(&language)
            .map_or(Reach::Countries, Reach::Models)
    }

    fn english(&self) -> Option<&Reader> {
        self.readers.get(ENGLISH)
    }

    /// Version of the IPTC Media Topics vocabulary.
    pub fn vocabulary_version(&self) -> &str {
        let tagger = self.english().and_then(|reader| reader.topics.as_ref());
        tagger.map_or(topics::VOCABULARY_VERSION, topics::Tagger::vocabulary_version)
    }

    /// What a newer vocabulary did to the topics of the English model.
    pub fn vocabulary_changes(&self) -> topics::Changes {
        let tagger = self.english().and_then(|reader| reader.topics.as_ref());
        tagger.map(topics::Tagger::changes).unwrap_or_default()
    }

    /// The topics alone of an article, as if it were English; none where topics are not wanted.
    pub fn topics(&self, article: &Article, limits: &Limits) -> Vec<TopicTag> {
        let Some((reader, tagger)) = topics_of(self.english()) else {
            return Vec::new();
        };
        tagger.topics(article, &reader.opening(article), limits)
    }

    /// Why topics are said of an article, and which came near; empty where topics are not wanted or not looked for.
    pub fn explain(&self, article: &Article, limits: &Limits) -> Vec<topics::Explanation> {
        let Some((reader, tagger)) = topics_of(self.reach(article, limits).reader()) else {
            return Vec::new();
        };
        tagger.explain(article, &reader.opening(article), limits)
    }

    /// Reads one article. An item that is cancelled or withheld gets no findings; a language without models gets
    /// country names alone.
    pub fn enrich(
        &self,
        mut article: Article,
        limits: &Limits,
        observer: &mut dyn StepObserver,
    ) -> EnrichedArticle {
        let reach = self.reach(&article, limits);
        let reader = reach.reader();
        let tagged = reader.and_then(|reader| reader.tagger.as_ref());
        let tagged = tagged.map(|tagger| tagger.read(&article));
        let (sightings, opening) = match tagged {
            Some(tagged) => (Some(tagged.sightings), tagged.topics),
            None => (None, Vec::new()),
        };
        let resolver = self
            .resolver
            .as_ref()
            .filter(|_| !matches!(reach, Reach::Nothing));
        let found = resolver.map(|resolver| match sightings {
            Some(sightings) => resolver.entities(&article, sightings, limits),
            None => resolver.countries(&article, limits),
        });
        if found.as_ref().is_some_and(|found| found.truncated) {
            article.flag(Flag::Truncated);
        }
        if matches!(reach, Reach::Countries) {
            article.flag(Flag::LanguageWithoutModels);
        }
        let entities = found.map(|found| found.entities);
        if self.resolver.is_some() {
            observer.finished(Step::Entities);
        }
        let tagger = reader.and_then(|reader| reader.topics.as_ref());
        let topics = tagger.map(|tagger| tagger.topics(&article, &opening, limits));
        if topics.is_some() {
            observer.finished(Step::Topics);
        }
        let finder = reader.and_then(|reader| reader.keywords.as_ref());
        let keywords =
            finder.map(|finder| finder.find(&article, entities.as_deref().unwrap_or_default(), limits));
        if keywords.is_some() {
            observer.finished(Step::Keywords);
        }
        let counts = Counts {
            characters: article.text.chars().count(),
            words: count_words(&article.text),
            sentences: sentences(&article.text).len(),
            mentions: entities
                .iter()
                .flatten()
                .map(|entity| entity.mentions.len())
                .sum(),
        };
        EnrichedArticle {
            article,
            entities,
            topics,
            keywords,
            counts,
        }
    }
}

/// A reader and its tagger of topics, where it has one.
fn topics_of(reader: Option<&Reader>) -> Option<(&Reader, &topics::Tagger)> {
    reader.and_then(|reader| Some((reader, reader.topics.as_ref()?)))
}

#[cfg(test)]
mod tests;
