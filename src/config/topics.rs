//! Section `[topics]`: which tagger, the vocabulary of news topics, and topics of one's own. Plain data; the two files
//! are read with the configuration.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// Which tagger, and which topics there are besides the embedded ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopicsConfig {
    /// `fast`, or `accurate`: the encoder reads the headline and the opening too (some 20 times the work).
    pub model: TopicsModel,
    /// A newer release of IPTC Media Topics: JSON, concepts by code with `name`, `parent` and `retired`.
    pub vocabulary_file: Option<String>,
    /// Version of that release, for the records' provenance; goes with `vocabulary_file`.
    pub vocabulary_version: Option<String>,
    /// Topics of your own: TOML, a table `[[topic]]` for each.
    pub own_topics_file: Option<String>,
    /// What `vocabulary_file` holds.
    #[serde(skip)]
    #[schemars(skip)]
    pub vocabulary: Option<String>,
    /// What `own_topics_file` holds.
    #[serde(skip)]
    #[schemars(skip)]
    pub own_topics: Vec<OwnTopic>,
}

/// A tagger of topics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TopicsModel {
    /// Words and phrases.
    #[default]
    Fast,
    /// Words and phrases, and what the encoder makes of the opening.
    Accurate,
}

/// A topic of one's own, which needs no training.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnTopic {
    /// Its code in the record, such as "acme:world-cup-2030"; never "medtop:".
    pub code: String,
    /// Its name in the record.
    pub name: String,
    /// Code of the topic that it is part of, such as "medtop:20001065".
    pub parent: Option<String>,
    /// Phrases that tell of it, of 1 to 4 words each; singular and plural, capitals and small letters are one.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Articles about it, or their openings.
    #[serde(default)]
    pub examples: Vec<String>,
}

/// The file of own topics.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnTopics {
    #[serde(default)]
    topic: Vec<OwnTopic>,
}

/// Reads the text of a file of own topics.
///
/// # Errors
/// Where it is not TOML, or a topic lacks a code, a name, or anything to tell it by, or has another's code.
pub(super) fn parse_own(text: &str) -> Result<Vec<OwnTopic>, String> {
    let own: OwnTopics = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    for (at, topic) in own.topic.iter().enumerate() {
        let number = at + 1;
        if topic.code.trim().is_empty() || topic.name.trim().is_empty() {
            return Err(format!("topic {number} has an empty code or name"));
        }
        if topic.code.starts_with("medtop:") {
            return Err(format!(
                "topic {number}: codes that start with medtop: are IPTC's"
            ));
        }
        if topic.phrases.is_empty() && topic.examples.is_empty() {
            return Err(format!("topic {number} has neither phrases nor examples"));
        }
        if own.topic.iter().take(at).any(|other| other.code == topic.code) {
            return Err(format!("topic {number} has the code of another"));
        }
    }
    Ok(own.topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_topics_are_read_whole_or_refused() {
        let text =
            "[[topic]]\ncode = \"a:1\"\nname = \"Cup\"\nparent = \"medtop:20001065\"\nphrases = [\"cup\"]\n";
        let own = parse_own(text).unwrap();
        assert_eq!(
            (own.len(), own[0].code.as_str(), own[0].phrases.len()),
            (1, "a:1", 1)
        );
        assert_eq!(parse_own("").unwrap(), []);
        for bad in [
            "topic = 1",
            "[[topic]]\ncode = \"a\"\n",
            "[[topic]]\ncode = \"\"\nname = \"x\"\nphrases = [\"y\"]",
            "[[topic]]\ncode = \"a\"\nname = \"x\"",
            "[[topic]]\ncode = \"medtop:1\"\nname = \"x\"\nphrases = [\"y\"]",
            &format!("{text}{text}"),
            "[[topic]]\ncode = \"a\"\nname = \"x\"\nphrases = [\"y\"]\ncolour = 1",
        ] {
            assert!(parse_own(bad).is_err(), "{bad}");
        }
    }
}
