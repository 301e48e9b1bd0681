//! Every topic that there is, by its code: the vocabulary's and a team's own. Never reads an article.

use std::collections::BTreeMap;

use crate::article::Score;
use crate::article::TopicTag;
use crate::config::OwnTopic;
use crate::config::TopicsConfig;
use crate::enrich::EnricherError;
use crate::enrich::topics::vocabulary::VOCABULARY_VERSION;
use crate::enrich::topics::vocabulary::Vocabulary;

/// The topics that others may say.
#[derive(Debug)]
pub struct Catalogue {
    vocabulary: Vocabulary,
    version: String,
    own: BTreeMap<String, OwnTopic>,
}

impl Catalogue {
    /// The embedded vocabulary or a newer one, and the own topics.
    ///
    /// # Errors
    /// Where the vocabulary cannot be read.
    pub fn new(wanted: &TopicsConfig) -> Result<Self, EnricherError> {
        let newer = wanted.vocabulary.as_deref().map(Vocabulary::parse).transpose()?;
        let version = wanted.vocabulary_version.as_deref().filter(|_| newer.is_some());
        let own = wanted.own_topics.iter();
        Ok(Self {
            version: version.unwrap_or(VOCABULARY_VERSION).to_owned(),
            vocabulary: newer.map_or_else(Vocabulary::new, Ok)?,
            own: own.map(|topic| (topic.code.clone(), topic.clone())).collect(),
        })
    }

    /// Version of the vocabulary.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The topic of this code; the nearest active ancestor of a retired one.
    pub fn topic(&self, code: &str, confidence: Score) -> Option<TopicTag> {
        if let Some(own) = self.own.get(code) {
            let parent = own.parent.as_deref();
            return Some(self.vocabulary.own_tag(code, &own.name, parent, confidence));
        }
        let active = self.vocabulary.active(code.strip_prefix("medtop:")?)?;
        self.vocabulary.tag(&active, confidence)
    }
}
