//! What services over HTTP find in articles: what they are asked, what of their answers can be used, and how it joins
//! what dateline finds itself. Pure: never sends anything, and trusts no answer.

mod answer;
mod merge;

use serde::Serialize;

use crate::article::EnrichedArticle;
use crate::article::Entity;
use crate::article::TopicTag;
use crate::config::EnricherConfig;

pub use answer::Unusable;
pub use answer::read;
pub use merge::merge;

#[cfg(test)]
mod tests;

/// What a service is told of one article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The article's id.
    pub id: String,
    /// The headline, where there is one; mentions in it count from its first character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// The text; mentions in it count from its first character.
    pub text: String,
    /// BCP 47 tag, `und` where unsure.
    pub language: String,
}

impl Question {
    /// What `service` is asked about an article: nothing where it is cancelled or withheld, has no words, or is of a
    /// language that the service is not asked about.
    pub fn about(enriched: &EnrichedArticle, service: &EnricherConfig) -> Option<Self> {
        let article = &enriched.article;
        let primary = article.language.split('-').next().unwrap_or_default();
        let is_asked = service.languages.is_empty() || service.languages.iter().any(|known| known == primary);
        let has_words = !article.text.is_empty() || article.headline.is_some();
        (is_asked && has_words && article.is_enrichable()).then(|| Self {
            id: article.id.clone(),
            headline: article.headline.clone(),
            text: article.text.clone(),
            language: article.language.clone(),
        })
    }

    /// Bytes of what it says.
    pub fn bytes(&self) -> usize {
        self.id.len() + self.text.len() + self.headline.as_ref().map_or(0, String::len)
    }
}

/// A request's body.
#[derive(Serialize)]
struct Request<'q> {
    articles: &'q [Question],
}

/// The body of a request about some articles.
pub fn request(questions: &[Question]) -> Vec<u8> {
    // Serialising cannot fail: all keys are strings and the writer is memory.
    serde_json::to_vec(&Request { articles: questions }).unwrap_or_default()
}

/// What a service found in one article.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// Its model and version, in its own words.
    pub model: String,
    /// Where it finds entities.
    pub entities: Option<Vec<Entity>>,
    /// Where it finds topics.
    pub topics: Option<Vec<TopicTag>>,
}
