//! IPTC Media Topics by trained models: a linear classifier a concept over the words and phrases of an article, and,
//! where it is asked for, the encoder's view of the opening.
//! Abstains where nothing is sure; ancestors are never topics of their own. Never looks at who wrote an article.

mod accurate;
mod boilerplate;
mod catalogue;
mod check;
mod counts;
mod explain;
mod fast;
mod own;
mod tagger;
mod vocabulary;
mod words;

pub use catalogue::Catalogue;
pub use check::problems;
pub use explain::Explanation;
pub use explain::Voice;
pub use tagger::Changes;
pub use tagger::Tagger;
pub use vocabulary::VOCABULARY_VERSION;
pub use vocabulary::VocabularyError;

#[cfg(test)]
mod tests;
