//! What is wrong with the vocabulary and the own topics that a team gave, all of it at once. Loads no model.

use crate::config::Problem;
use crate::config::TopicsConfig;
use crate::enrich::topics::own;
use crate::enrich::topics::vocabulary::Vocabulary;

/// Every mistake in the two files that `wanted` names, by key.
pub fn problems(wanted: &TopicsConfig) -> Vec<Problem> {
    let problem = |key: &str, message: String| Problem {
        key: format!("topics.{key}"),
        message,
    };
    let vocabulary = match &wanted.vocabulary {
        Some(json) => Vocabulary::parse(json).map_err(|error| error.to_string()),
        None => Vocabulary::new().map_err(|error| error.to_string()),
    };
    let mut problems: Vec<Problem> = own::unreadable(&wanted.own_topics)
        .into_iter()
        .map(|code| {
            let message = format!("topic {code:?}: a phrase has 1 to 4 words");
            problem("own_topics_file", message)
        })
        .collect();
    match vocabulary {
        Ok(vocabulary) => {
            for topic in &wanted.own_topics {
                let Some(parent) = topic.parent.as_deref() else {
                    continue;
                };
                let number = parent.strip_prefix("medtop:").unwrap_or(parent);
                if vocabulary.active(number).is_none() {
                    let message = format!(
                        "topic {:?}: its parent {parent:?} is not in the vocabulary",
                        topic.code
                    );
                    problems.push(problem("own_topics_file", message));
                }
            }
        }
        Err(message) => problems.push(problem("vocabulary_file", message)),
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::config::OwnTopic;

    #[test]
    fn every_mistake_is_told_by_its_key() {
        let topic = |code: &str, parent: &str, phrase: &str| OwnTopic {
            code: code.to_owned(),
            name: code.to_owned(),
            parent: Some(parent.to_owned()),
            phrases: vec![phrase.to_owned()],
            examples: Vec::new(),
        };
        let told = |vocabulary: Option<&str>| {
            let wanted = TopicsConfig {
                vocabulary: vocabulary.map(str::to_owned),
                own_topics: vec![
                    topic("a:1", "medtop:15000000", "world cup"),
                    topic("a:2", "15000000", "one two three four five"),
                    topic("a:3", "medtop:99", "..."),
                ],
                ..TopicsConfig::default()
            };
            let told = problems(&wanted).into_iter().map(|p| p.key + ": " + &p.message);
            told.collect::<Vec<_>>()
        };
        let phrases = [
            "topics.own_topics_file: topic \"a:2\": a phrase has 1 to 4 words",
            "topics.own_topics_file: topic \"a:3\": a phrase has 1 to 4 words",
        ];
        let parent =
            "topics.own_topics_file: topic \"a:3\": its parent \"medtop:99\" is not in the vocabulary";
        assert_eq!(told(None), [phrases[0], phrases[1], parent]);
        let sports = r#"{"medtop:15000000": {"name": "sports", "parent": null}}"#;
        assert_eq!(told(Some(sports)), [phrases[0], phrases[1], parent]);
        let broken = told(Some("[]"));
        assert_eq!(broken[..2], phrases);
        assert!(
            broken[2].starts_with("topics.vocabulary_file: not a Media Topics vocabulary: "),
            "{broken:?}"
        );
        assert_eq!(problems(&TopicsConfig::default()), []);
    }
}
