//! The IPTC Media Topics vocabulary, active concepts and what became of the others: the embedded release or a newer
//! one. Plain look-ups; never reads files.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::article::Score;
use crate::article::TopicTag;
use crate::enrich::EnricherError;

const FILE: &str = "models/mediatopics-2023-10-24.tsv";
const TABLE: &str = include_str!("../../../models/mediatopics-2023-10-24.tsv");

/// Version of the embedded vocabulary.
pub const VOCABULARY_VERSION: &str = "2023-10-24";
/// More steps up than any vocabulary has levels: a circle of parents ends here.
const LEVELS_MAX: usize = 16;

/// A file that is no vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a Media Topics vocabulary: {0}")]
pub struct VocabularyError(String);

/// One active concept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Concept {
    pub(super) level: u8,
    /// Number of the parent; empty at level 1.
    pub(super) parent: String,
    pub(super) name: String,
}

/// A concept in a newer file (`mediatopics.json`: an object by "medtop:" code).
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    parent: Option<String>,
    #[serde(default)]
    retired: Option<String>,
    name: String,
}

/// Every active concept by its number, "20000424".
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    concepts: BTreeMap<String, Concept>,
    /// Retired concepts and their parents.
    retired: BTreeMap<String, String>,
}

impl Vocabulary {
    /// Reads the embedded table.
    pub(super) fn new() -> Result<Self, EnricherError> {
        let mut out = Self::default();
        for (at, line) in TABLE.lines().enumerate() {
            let mut fields = line.split('\t');
            let (Some(code), Some(level), Some(parent), Some(name)) = (
                fields.next(),
                fields.next().and_then(|level| level.parse().ok()),
                fields.next(),
                fields.next(),
            ) else {
                return Err(EnricherError::Table {
                    file: FILE.to_owned(),
                    line: at + 1,
                    problem: "wants code, level, parent, name",
                });
            };
            out.add(code, level, parent, name);
        }
        Ok(out)
    }

    /// Reads a newer release: a JSON object of concepts by code, each with `name`, `parent` and `retired` (null while
    /// active).
    pub(super) fn parse(json: &str) -> Result<Self, VocabularyError> {
        let entries: BTreeMap<String, Entry> =
            serde_json::from_str(json).map_err(|error| VocabularyError(error.to_string()))?;
        let number = |code: &str| code.strip_prefix("medtop:").unwrap_or(code).to_owned();
        let mut out = Self::default();
        for (code, entry) in &entries {
            let parent = entry.parent.as_deref().map(number).unwrap_or_default();
            if entry.retired.is_some() {
                out.retired.insert(number(code), parent);
            } else {
                out.add(&number(code), 0, &parent, &entry.name);
            }
        }
        if out.concepts.is_empty() {
            return Err(VocabularyError("no active concept".to_owned()));
        }
        // A parent may be retired itself: the nearest active one takes its place, and levels follow.
        let codes: Vec<String> = out.concepts.keys().cloned().collect();
        for code in codes {
            let parent = out.concepts.get(&code).map(|concept| concept.parent.clone());
            let parent = parent.and_then(|parent| out.active(&parent)).unwrap_or_default();
            if let Some(concept) = out.concepts.get_mut(&code) {
                concept.parent = parent;
            }
        }
        let levels: Vec<(String, usize)> = out
            .concepts
            .keys()
            .map(|code| (code.clone(), out.ancestors(code).len() + 1))
            .collect();
        for (code, level) in levels {
            if level > LEVELS_MAX {
                return Err(VocabularyError(format!("{code} is its own ancestor")));
            }
            if let Some(concept) = out.concepts.get_mut(&code) {
                concept.level = level as u8;
            }
        }
        Ok(out)
    }

    /// Adds a concept.
    pub(super) fn add(&mut self, code: &str, level: u8, parent: &str, name: &str) {
        let concept = Concept {
            level,
            parent: parent.to_owned(),
            name: name.to_owned(),
        };
        self.concepts.insert(code.to_owned(), concept);
    }

    /// The concept with this number.
    pub(super) fn concept(&self, code: &str) -> Option<&Concept> {
        self.concepts.get(code)
    }

    /// The concept itself where it is active, else its nearest active ancestor; `None` where there is none.
    pub(super) fn active(&self, code: &str) -> Option<String> {
        let mut at = code;
        for _ in 0..LEVELS_MAX {
            if self.concepts.contains_key(at) {
                return Some(at.to_owned());
            }
            at = self.retired.get(at)?;
        }
        None
    }

    /// The concept with this number, as a tag.
    pub(super) fn tag(&self, code: &str, confidence: Score) -> Option<TopicTag> {
        let concept = self.concept(code)?;
        Some(TopicTag {
            code: format!("medtop:{code}"),
            name: concept.name.clone(),
            level: concept.level,
            confidence,
            ancestors: with_prefix(&self.ancestors(code)),
            found_by: Vec::new(),
        })
    }

    /// A topic of one's own, as a tag; its parent's ancestors are its own.
    pub(super) fn own_tag(
        &self,
        code: &str,
        name: &str,
        parent: Option<&str>,
        confidence: Score,
    ) -> TopicTag {
        let parent = parent.map(|code| code.strip_prefix("medtop:").unwrap_or(code));
        let parent = parent.and_then(|code| self.active(code));
        let mut ancestors = parent
            .as_deref()
            .map(|code| self.ancestors(code))
            .unwrap_or_default();
        ancestors.extend(parent);
        TopicTag {
            code: code.to_owned(),
            name: name.to_owned(),
            level: (ancestors.len() + 1) as u8,
            confidence,
            ancestors: with_prefix(&ancestors),
            found_by: Vec::new(),
        }
    }

    /// Numbers of the ancestors, root first.
    pub(super) fn ancestors(&self, code: &str) -> Vec<String> {
        let mut out = Vec::new();
        let mut at = self.concept(code);
        while let Some(concept) = at.filter(|concept| !concept.parent.is_empty() && out.len() < LEVELS_MAX) {
            out.push(concept.parent.clone());
            at = self.concept(&concept.parent);
        }
        out.reverse();
        out
    }
}

fn with_prefix(codes: &[String]) -> Vec<String> {
    codes.iter().map(|code| format!("medtop:{code}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_parent_and_level() {
        let vocabulary = Vocabulary::new().unwrap();
        assert_eq!(vocabulary.concepts.len(), 1099);
        let roots = vocabulary.concepts.values().filter(|concept| concept.level == 1);
        assert_eq!(roots.count(), 17);
        for (code, concept) in &vocabulary.concepts {
            let ancestors = vocabulary.ancestors(code);
            assert_eq!(ancestors.len() + 1, usize::from(concept.level), "{code}");
        }
    }

    #[test]
    fn a_newer_release_retires_and_moves() {
        let newer = r#"{
            "medtop:1": {"name": "art", "parent": null, "retired": null},
            "medtop:2": {"name": "old form", "parent": "medtop:1", "retired": "2025-01-01"},
            "medtop:3": {"name": "dance", "parent": "medtop:2", "retired": null, "level": 7},
            "medtop:4": {"name": "lost", "parent": null, "retired": "2025-01-01"}
        }"#;
        let vocabulary = Vocabulary::parse(newer).unwrap();
        assert_eq!(vocabulary.active("2").as_deref(), Some("1"));
        assert_eq!(vocabulary.active("4"), None);
        assert_eq!(vocabulary.active("99"), None);
        assert_eq!(vocabulary.ancestors("3"), ["1"]);
        assert_eq!(vocabulary.concept("3").unwrap().level, 2);
    }

    #[test]
    fn what_is_no_vocabulary_is_refused() {
        let circle = r#"{"medtop:1": {"name": "a", "parent": "medtop:2"},
                         "medtop:2": {"name": "b", "parent": "medtop:1"}}"#;
        for text in ["", "[]", "{}", r#"{"medtop:1": {"parent": null}}"#, circle] {
            assert!(Vocabulary::parse(text).is_err(), "{text}");
        }
    }
}
