//! IPTC Media Topics on one article, and its key phrases. Plain data. `Topic` never means a Kafka topic.

use crate::article::Score;

/// A concept of the IPTC Media Topics vocabulary, on one article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicTag {
    /// "medtop:20000424".
    pub code: String,
    /// English name in the vocabulary.
    pub name: String,
    /// Depth, 1 to 5 or more.
    pub level: u8,
    /// Calibrated confidence.
    pub confidence: Score,
    /// Codes of the ancestors, root first.
    pub ancestors: Vec<String>,
    /// Who found it, where a service did (`dateline` for our own models); empty = our own models alone.
    pub found_by: Vec<String>,
}

/// A key phrase of the article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword {
    /// As it stands in the article.
    pub text: String,
    /// Weight among the article's keywords.
    pub score: Score,
}
