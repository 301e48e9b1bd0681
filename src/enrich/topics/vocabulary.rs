//! The IPTC Media Topics vocabulary, active concepts only. Plain look-ups.

use std::collections::BTreeMap;

use crate::enrich::EnricherError;

const FILE: &str = "models/mediatopics-2023-10-24.tsv";
const TABLE: &str = include_str!("../../../models/mediatopics-2023-10-24.tsv");

/// Version of the vocabulary.
pub const VOCABULARY_VERSION: &str = "2023-10-24";

/// One concept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Concept {
    pub(super) level: u8,
    pub(super) parent: &'static str,
    pub(super) name: &'static str,
}

/// Every active concept by its number.
#[derive(Debug)]
pub(super) struct Vocabulary {
    concepts: BTreeMap<&'static str, Concept>,
}

impl Vocabulary {
    /// Reads the embedded table.
    pub(super) fn new() -> Result<Self, EnricherError> {
        let mut concepts = BTreeMap::new();
        for (at, line) in TABLE.lines().enumerate() {
            let mut fields = line.split('\t');
            let (Some(code), Some(level), Some(parent), Some(name)) = (
                fields.next(),
                fields.next().and_then(|level| level.parse().ok()),
                fields.next(),
                fields.next(),
            ) else {
                return Err(EnricherError::Table {
                    file: FILE,
                    line: at + 1,
                    problem: "wants code, level, parent, name",
                });
            };
            concepts.insert(code, Concept { level, parent, name });
        }
        Ok(Self { concepts })
    }

    /// The concept with this number.
    pub(super) fn concept(&self, code: &str) -> Option<&Concept> {
        self.concepts.get(code)
    }

    /// Numbers of the ancestors, root first.
    pub(super) fn ancestors(&self, code: &str) -> Vec<&'static str> {
        let mut out = Vec::new();
        let mut at = self.concept(code);
        while let Some(concept) = at.filter(|concept| !concept.parent.is_empty() && out.len() < 8) {
            out.push(concept.parent);
            at = self.concept(concept.parent);
        }
        out.reverse();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_parent_and_level() {
        let vocabulary = Vocabulary::new().unwrap();
        assert_eq!(vocabulary.concepts.len(), 1099);
        assert_eq!(
            vocabulary
                .concepts
                .values()
                .filter(|concept| concept.level == 1)
                .count(),
            17
        );
        for (code, concept) in &vocabulary.concepts {
            let ancestors = vocabulary.ancestors(code);
            assert_eq!(ancestors.len() + 1, usize::from(concept.level), "{code}");
        }
    }
}
