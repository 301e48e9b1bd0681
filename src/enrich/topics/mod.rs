//! IPTC Media Topics by a lexicon of telling phrases. Abstains where nothing is sure; ancestors are never topics of
//! their own.

mod lexicon;
mod vocabulary;

pub use lexicon::Tagger;
pub use vocabulary::VOCABULARY_VERSION;
