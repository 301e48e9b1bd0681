//! Findings in an accepted article: entities, topics, key phrases, save those that are not wanted, which cost
//! nothing. Pure: the models are compiled in, and nothing here knows the clock, files or Kafka.

pub mod entities;
pub mod keywords;
mod lexis;
pub mod remote;
pub mod stopwords;
pub mod tagger;
pub mod topics;

use thiserror::Error;

use crate::article::Article;
use crate::article::Counts;
use crate::article::EnrichedArticle;
use crate::article::Flag;
use crate::article::TopicTag;
use crate::config::EnrichConfig;
use crate::config::NamesConfig;
use crate::config::TopicsConfig;
use crate::config::TopicsModel;
use crate::limits::Limits;
use crate::record::Step;
use crate::record::StepObserver;
use crate::text::english::may_be_english;
use crate::text::sentences::sentences;
use crate::text::tokens::count_words;

/// A model, or what a team gave beside it, that cannot be read; found at start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnricherError {
    /// A line of a table lacks a field or names something unknown.
    #[error("{file} line {line}: {problem}")]
    Table {
        /// The file under `models/`.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A trained model's file is damaged or of another version.
    #[error("models/{file} {error}")]
    Model {
        /// The file under `models/`.
        file: &'static str,
        /// What is wrong.
        error: tagger::ModelError,
    },
    /// A model's file is cut or of another format.
    #[error("{0} is not a model of topics")]
    Topics(&'static str),
    /// The vocabulary that was given cannot be read.
    #[error(transparent)]
    Vocabulary(#[from] topics::VocabularyError),
    /// An own topic has a phrase without a word, or with more than four.
    #[error("own topic {0}: a phrase has 1 to 4 words")]
    OwnTopic(String),
}

/// Name and version of a model, for a record's provenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Stable name.
    pub name: String,
    /// Version.
    pub version: String,
    step: Step,
}

impl ModelInfo {
    /// True where the model has read the article.
    pub fn took_part(&self, enriched: &EnrichedArticle) -> bool {
        match self.step {
            Step::Entities => {
                let article = &enriched.article;
                article.is_enrichable() && !article.flags.contains(&Flag::LanguageWithoutModels)
            }
            Step::Topics => enriched.topics.is_some(),
            Step::Keywords => enriched.keywords.is_some(),
            Step::Decode | Step::Accept | Step::Encode => false,
        }
    }
}

/// Which findings an article gets, by its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    All,
    Countries,
    Nothing,
}

impl Reach {
    fn of(article: &Article, limits: &Limits) -> Self {
        if !article.is_enrichable() {
            return Self::Nothing;
        }
        let primary = article.language.split('-').next().unwrap_or_default();
        let is_read = if primary.eq_ignore_ascii_case("und") {
            may_be_english(article.readable(), limits)
        } else {
            primary.eq_ignore_ascii_case("en")
        };
        if is_read { Self::All } else { Self::Countries }
    }
}

/// Every model, ready to read articles; shared by all threads.
#[derive(Debug)]
pub struct Enricher {
    /// Where names are wanted, or topics that need the encoder.
    tagger: Option<tagger::Tagger>,
    /// Where names are wanted.
    resolver: Option<entities::Resolver>,
    /// Where topics are wanted.
    topics: Option<topics::Tagger>,
    /// Where key phrases are wanted.
    keywords: Option<keywords::Keywords>,
    models: Vec<ModelInfo>,
}

impl Enricher {
    /// Loads the embedded models that are wanted.
    pub fn new(
        wanted: &EnrichConfig,
        names: &NamesConfig,
        own: &TopicsConfig,
    ) -> Result<Self, EnricherError> {
        let accurate = wanted.topics && own.model == TopicsModel::Accurate;
        let tagger = (wanted.entities || accurate).then(|| tagger::Tagger::new(names, accurate));
        let tagger = tagger.transpose()?;
        let opening = tagger.as_ref().filter(|_| accurate);
        let opening = opening.map(tagger::Tagger::topics).unwrap_or_default();
        let topics = wanted
            .topics
            .then(|| topics::Tagger::new(own, opening))
            .transpose()?;
        let model = |step: Step| move |(name, version): (String, String)| ModelInfo { name, version, step };
        let known = |(name, version): (&str, &str)| (name.to_owned(), version.to_owned());
        let of_names = tagger
            .as_ref()
            .filter(|_| wanted.entities)
            .map(tagger::Tagger::models);
        let of_names = of_names.into_iter().flatten().map(model(Step::Entities));
        let of_topics = topics
            .as_ref()
            .map(|topics| model(Step::Topics)(known(topics.model())));
        let of_keywords = wanted
            .keywords
            .then(|| model(Step::Keywords)(known(("keywords", "2"))));
        Ok(Self {
            models: of_names.chain(of_topics).chain(of_keywords).collect(),
            tagger,
            resolver: wanted.entities.then(entities::Resolver::new).transpose()?,
            topics,
            keywords: wanted.keywords.then(keywords::Keywords::new).transpose()?,
        })
    }

    /// The models and their versions, in the order of their steps.
    pub fn models(&self) -> &[ModelInfo] {
        &self.models
    }

    /// Version of the IPTC Media Topics vocabulary.
    pub fn vocabulary_version(&self) -> &str {
        let tagger = self.topics.as_ref();
        tagger.map_or(topics::VOCABULARY_VERSION, topics::Tagger::vocabulary_version)
    }

    /// What a newer vocabulary did to the model's topics.
    pub fn vocabulary_changes(&self) -> topics::Changes {
        self.topics
            .as_ref()
            .map(topics::Tagger::changes)
            .unwrap_or_default()
    }

    /// The topics alone of an article, whatever its language; none where topics are not wanted.
    pub fn topics(&self, article: &Article, limits: &Limits) -> Vec<TopicTag> {
        let tagger = self.topics.as_ref();
        tagger
            .map(|tagger| tagger.topics(article, &self.opening(article), limits))
            .unwrap_or_default()
    }

    /// What the encoder says of an article's opening, where topics ask for it.
    fn opening(&self, article: &Article) -> Vec<f32> {
        let wanted = self.topics.as_ref().is_some_and(topics::Tagger::reads_openings);
        let tagger = self.tagger.as_ref().filter(|_| wanted);
        tagger
            .map(|tagger| tagger.read(article).topics)
            .unwrap_or_default()
    }

    /// Why topics are said of an article, and which came near; empty where topics are not wanted or not looked for.
    pub fn explain(&self, article: &Article, limits: &Limits) -> Vec<topics::Explanation> {
        let tagger = self
            .topics
            .as_ref()
            .filter(|_| Reach::of(article, limits) == Reach::All);
        tagger
            .map(|tagger| tagger.explain(article, &self.opening(article), limits))
            .unwrap_or_default()
    }

    /// Reads one article. An item that is cancelled or withheld gets no findings; a language other than English gets
    /// country names alone.
    pub fn enrich(
        &self,
        mut article: Article,
        limits: &Limits,
        observer: &mut dyn StepObserver,
    ) -> EnrichedArticle {
        let reach = Reach::of(&article, limits);
        let tagger = self.tagger.as_ref().filter(|_| reach == Reach::All);
        let tagged = tagger.map(|tagger| tagger.read(&article)).unwrap_or_default();
        let resolver = self.resolver.as_ref().filter(|_| reach != Reach::Nothing);
        let found = resolver.map(|resolver| match reach {
            Reach::Countries => resolver.countries(&article, limits),
            _ => resolver.entities(&article, tagged.sightings, limits),
        });
        if found.as_ref().is_some_and(|found| found.truncated) {
            article.flag(Flag::Truncated);
        }
        if reach == Reach::Countries {
            article.flag(Flag::LanguageWithoutModels);
        }
        let entities = found.map(|found| found.entities);
        if self.resolver.is_some() {
            observer.finished(Step::Entities);
        }
        let tagger = self.topics.as_ref().filter(|_| reach == Reach::All);
        let topics = tagger.map(|tagger| tagger.topics(&article, &tagged.topics, limits));
        if topics.is_some() {
            observer.finished(Step::Topics);
        }
        let finder = self.keywords.as_ref().filter(|_| reach == Reach::All);
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

#[cfg(test)]
mod tests;
