//! Articles and the topics that must, and must not, be said of them.

use super::*;
use crate::article::Article;
use crate::article::TopicTag;
use crate::config::OwnTopic;
use crate::config::TopicsConfig;
use crate::config::models::TOPICS_ACCURATE;
use crate::config::models::TOPICS_FAST;
use crate::enrich::english;
use crate::enrich::tests::article;
use crate::limits::Limits;

thread_local! {
    static TAGGER: Tagger = Tagger::new(english()[TOPICS_FAST], None, &TopicsConfig::default()).unwrap();
}

/// The accurate tagger, where the encoder has logits of these concepts.
fn accurate(encoder: &[String]) -> Tagger {
    let models = english();
    let accurate = Some((models[TOPICS_ACCURATE], encoder));
    Tagger::new(models[TOPICS_FAST], accurate, &TopicsConfig::default()).unwrap()
}

fn topics(article: &Article) -> Vec<TopicTag> {
    TAGGER.with(|tagger| tagger.topics(article, &[], &Limits::default()))
}

const MATCH: &str = "The midfielder was sent off before half-time, but the goalkeeper saved a penalty and \
                     United won the match.";

#[test]
fn topics_by_subject_and_none_of_what_is_no_news() {
    for (headline, text, root) in [
        (
            "Suicide bomber kills ten",
            "A suicide bomber blew up a car bomb near a market in Baghdad, wounding soldiers.",
            Some("medtop:16000000"),
        ),
        (
            "Bird flu found in Turkey",
            "Health officials say the H5N1 bird flu virus has infected two children in an outbreak.",
            Some("medtop:07000000"),
        ),
        (
            "Striker scores twice in cup final",
            MATCH,
            Some("medtop:15000000"),
        ),
        (
            "Central bank raises interest rates",
            "Inflation rose to 6 percent in May, economists said, and the currency fell against the dollar.",
            Some("medtop:04000000"),
        ),
        ("", "War.", None),
        ("", "", None),
        (
            "",
            "fn main() { let x = vec![1, 2]; for y in x.iter() { println!(\"{}\", y); } }",
            None,
        ),
        (
            "",
            "Der Bundestag hat am Donnerstag ein Gesetz zur Rente beschlossen, teilte die Regierung mit.",
            None,
        ),
        (
            "",
            "(Reporting by Ann Goal in Football; Editing by Bob Striker) Read more: the World Cup final",
            None,
        ),
    ] {
        let topics = topics(&article(headline, text));
        let best = topics
            .first()
            .map(|topic| topic.ancestors.first().unwrap_or(&topic.code).as_str());
        assert_eq!(best, root, "{headline} {text}");
        assert!(topics.is_sorted_by(|a, b| a.confidence >= b.confidence));
        for topic in &topics {
            assert_eq!(topic.ancestors.len() + 1, usize::from(topic.level));
            assert!(topics.iter().all(|other| !other.ancestors.contains(&topic.code)));
        }
    }
}

#[test]
fn an_explanation_shows_the_phrases_of_the_article() {
    let text = MATCH;
    let article = article("Striker scores twice in cup final", text);
    let explained = TAGGER.with(|tagger| tagger.explain(&article, &[], &Limits::default()));
    let said = explained.iter().find(|topic| topic.said).unwrap();
    let voices: Vec<&str> = said
        .voices_for
        .iter()
        .map(|voice| voice.phrase.as_str())
        .collect();
    assert!(
        voices.contains(&"goalkeeper") || voices.contains(&"midfielder"),
        "{voices:?}"
    );
    assert!(
        voices
            .iter()
            .all(|phrase| text.contains(phrase) || "Striker scores twice in cup final".contains(phrase))
    );
    assert!(said.voices_for.iter().all(|voice| voice.weight > 0.0));
    assert!(said.voices_against.iter().all(|voice| voice.weight < 0.0));
}

#[test]
fn a_newer_vocabulary_and_own_topics_are_taken_up() {
    let config = TopicsConfig {
        vocabulary: Some(
            r#"{"medtop:15000000": {"name": "sports", "parent": null, "retired": null},
                "medtop:20000822": {"name": "discipline", "parent": "medtop:15000000", "retired": "2030-01-01"}}"#
                .to_owned(),
        ),
        vocabulary_version: Some("2030-01-01".to_owned()),
        own_topics: vec![OwnTopic {
            code: "acme:cup".to_owned(),
            name: "Cup final".to_owned(),
            parent: Some("medtop:15000000".to_owned()),
            phrases: vec!["cup final".to_owned()],
            ..OwnTopic::default()
        }],
        ..TopicsConfig::default()
    };
    let tagger = Tagger::new(english()[TOPICS_FAST], None, &config).unwrap();
    assert_eq!(tagger.vocabulary_version(), "2030-01-01");
    let changes = tagger.changes();
    assert_eq!((changes.mapped, changes.moved), (1, 0));
    assert!(changes.dropped > 200);
    let text = MATCH;
    let topics = tagger.topics(
        &article("Striker scores twice in cup final", text),
        &[],
        &Limits::default(),
    );
    assert_eq!(
        topics.iter().map(|topic| topic.code.as_str()).collect::<Vec<_>>(),
        ["acme:cup"]
    );
    assert_eq!(topics[0].ancestors, ["medtop:15000000"]);
    let broken = TopicsConfig {
        vocabulary: Some("{}".to_owned()),
        ..TopicsConfig::default()
    };
    assert!(Tagger::new(english()[TOPICS_FAST], None, &broken).is_err());
}

#[test]
fn the_opening_counts_beside_the_phrases() {
    let codes: Vec<String> = ["11000000", "15000000"].map(str::to_owned).to_vec();
    let accurate = accurate(&codes);
    assert_eq!(
        (accurate.model().0, accurate.reads_openings()),
        ("topics-accurate", true)
    );
    let match_report = article("Striker scores twice in cup final", MATCH);
    let sport = |opening: &[f32]| {
        let topics = accurate.topics(&match_report, opening, &Limits::default());
        let sport = topics.iter().find(|tag| {
            tag.code == "medtop:15000000" || tag.ancestors.iter().any(|code| code == "medtop:15000000")
        });
        sport.map(|tag| tag.confidence)
    };
    // Nothing read: as the phrases have it. For: surer. Against: silence.
    assert_eq!(sport(&[]), sport(&[f32::NAN; 0]));
    assert!(sport(&[-9.0, 9.0]).is_some());
    assert_eq!(sport(&[-12.0, -12.0]), None);
    let evidence = accurate.evidence(&match_report, &[-9.0, 9.0]);
    let of = |code: &str| {
        evidence
            .iter()
            .find(|row| row.0 == code)
            .map(|row| (row.1, row.3))
    };
    assert_eq!(
        (of("15000000"), of("20001065").map(|row| row.1)),
        (Some((1, Some(9.0))), Some(None))
    );
}

#[test]
fn an_explanation_tells_the_encoders_part() {
    let match_report = article("Striker scores twice in cup final", MATCH);
    let best = TAGGER.with(|tagger| tagger.explain(&match_report, &[], &Limits::default()).remove(0));
    assert_eq!(best.opening, None);
    let known = best.code.trim_start_matches("medtop:").to_owned();
    let accurate = accurate(&[known]);
    let explained = accurate.explain(&match_report, &[9.0], &Limits::default());
    let of = |code: &str| explained.iter().find(|topic| topic.code == code).unwrap();
    assert!(of(&best.code).opening.unwrap() > 0.0, "{explained:?}");
    // What weighs less beside the encoder is told so.
    assert!(of(&best.code).voices_for[0].weight < best.voices_for[0].weight);
    let strangers = explained.iter().filter(|topic| topic.code != best.code);
    assert!(strangers.map(|topic| topic.opening).all(|part| part.is_none()));
}

/// One article and the probabilities that the trainer's own count of it gives.
#[derive(serde::Deserialize)]
struct Parity {
    headline: String,
    text: String,
    best: Vec<(String, f32)>,
}

#[test]
fn reads_an_article_as_the_trainer_does() {
    let cases: Vec<Parity> = serde_json::from_str(include_str!("parity.json")).unwrap();
    assert!(cases.len() >= 4);
    let fast = fast::Fast::new(english()[TOPICS_FAST]).unwrap();
    for case in cases {
        let logits = fast.logits(&fast.counts(&article(&case.headline, &case.text)));
        for (code, expected) in case.best {
            let at = fast.codes().iter().position(|known| *known == code).unwrap();
            let got = fast.logistic(logits[at]);
            assert!(
                (got - expected).abs() < 3e-3,
                "{}: {code} {got} {expected}",
                case.headline
            );
        }
    }
}
