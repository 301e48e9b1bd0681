//! What reads the articles of one language: as much as there are models for. English's are compiled in; never opens a
//! file itself.

use std::collections::BTreeMap;

use crate::article::Article;
use crate::config::EnrichConfig;
use crate::config::NamesConfig;
use crate::config::Problem;
use crate::config::TopicsConfig;
use crate::config::TopicsModel;
use crate::config::models;
use crate::config::models::LanguageModels;
use crate::config::models::ModelFile;
use crate::config::models::Models;
use crate::enrich::EnricherError;
use crate::enrich::keywords::Keywords;
use crate::enrich::tagger;
use crate::enrich::topics;
use crate::record::Step;

/// The language whose models are compiled in; what may be English is read by them too.
pub(super) const ENGLISH: &str = "en";

/// The embedded file of this name under `models/`.
macro_rules! embedded {
    ($name:literal) => {
        ModelFile {
            path: concat!("models/", $name),
            bytes: include_bytes!(concat!("../../models/", $name)),
        }
    };
}

/// The models of English that are compiled in.
pub fn english() -> LanguageModels {
    LanguageModels::from([
        (models::ENCODER, embedded!("encoder.bin")),
        (models::NAMES_ACCURATE, embedded!("names-accurate.json")),
        (models::NAMES_FAST, embedded!("names-fast.bin")),
        (models::TOPICS_ACCURATE, embedded!("topics-accurate.json")),
        (models::TOPICS_FAST, embedded!("topics-fast.bin")),
        (models::WORDS, embedded!("words.tsv")),
    ])
}

/// Every language's models: the embedded ones, then those that are `given`, in their place or beside them.
fn all(given: &Models) -> Models {
    let mut all = Models::from([(ENGLISH.to_owned(), english())]);
    for (language, models) in given {
        all.entry(language.clone()).or_default().extend(models);
    }
    all
}

/// Name and version of a model, for a record's provenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Stable name.
    pub name: String,
    /// Version.
    pub version: String,
    /// What it finds.
    pub(super) step: Step,
}

/// The models of one language, ready to read.
#[derive(Debug)]
pub(super) struct Reader {
    /// Where names are wanted, or topics that need the encoder.
    pub(super) tagger: Option<tagger::Tagger>,
    /// Where topics are wanted.
    pub(super) topics: Option<topics::Tagger>,
    /// Where key phrases are wanted.
    pub(super) keywords: Option<Keywords>,
    /// In the order of their steps.
    pub(super) models: Vec<ModelInfo>,
}

impl Reader {
    fn new(
        files: &LanguageModels,
        wanted: &EnrichConfig,
        names: &NamesConfig,
        own: &TopicsConfig,
    ) -> Result<Self, EnricherError> {
        let has = |name: &str| files.contains_key(name);
        let phrases = files.get(models::TOPICS_FAST).filter(|_| wanted.topics);
        let accurate = files
            .get(models::TOPICS_ACCURATE)
            .filter(|_| phrases.is_some() && own.model == TopicsModel::Accurate && has(models::ENCODER));
        let entities = wanted.entities && (has(models::NAMES_FAST) || has(models::ENCODER));
        let openings = accurate.is_some();
        let tagger = (entities || openings).then(|| tagger::Tagger::new(files, names, openings));
        let tagger = tagger.transpose()?;
        let accurate = accurate.zip(tagger.as_ref());
        let accurate = accurate.map(|(file, tagger)| (*file, tagger.topics()));
        let topics = phrases.map(|file| topics::Tagger::new(*file, accurate, own));
        let topics = topics.transpose()?;
        let words = files.get(models::WORDS).filter(|_| wanted.keywords);
        let model = |step: Step| move |(name, version): (String, String)| ModelInfo { name, version, step };
        let known = |(name, version): (&str, &str)| (name.to_owned(), version.to_owned());
        let of_names = tagger.as_ref().filter(|_| entities).map(tagger::Tagger::models);
        let of_names = of_names.into_iter().flatten().map(model(Step::Entities));
        let of_topics = topics
            .as_ref()
            .map(|topics| model(Step::Topics)(known(topics.model())));
        let of_keywords = words.map(|_| model(Step::Keywords)(known(("keywords", "2"))));
        Ok(Self {
            models: of_names.chain(of_topics).chain(of_keywords).collect(),
            keywords: words.map(|words| Keywords::new(*words)).transpose()?,
            tagger,
            topics,
        })
    }

    /// What the encoder says of an article's opening, where topics ask for it.
    pub(super) fn opening(&self, article: &Article) -> Vec<f32> {
        let wanted = self.topics.as_ref().is_some_and(topics::Tagger::reads_openings);
        let tagger = self.tagger.as_ref().filter(|_| wanted);
        tagger
            .map(|tagger| tagger.read(article).topics)
            .unwrap_or_default()
    }
}

/// The reader of each language that there are models of.
pub(super) fn readers(
    wanted: &EnrichConfig,
    names: &NamesConfig,
    own: &TopicsConfig,
) -> Result<BTreeMap<String, Reader>, EnricherError> {
    let each = all(&wanted.models).into_iter();
    each.map(|(language, files)| Ok((language, Reader::new(&files, wanted, names, own)?)))
        .collect()
}

/// What is wrong with the models of more languages that a team gave: for each language the first.
pub fn problems(given: &Models) -> Vec<Problem> {
    let wanted = EnrichConfig::default();
    let own = TopicsConfig {
        model: TopicsModel::Accurate,
        ..TopicsConfig::default()
    };
    let broken = given
        .values()
        .filter_map(|files| Reader::new(files, &wanted, &NamesConfig::default(), &own).err());
    broken
        .map(|error| Problem {
            key: "enrich.models_dir".to_owned(),
            message: error.to_string(),
        })
        .collect()
}
