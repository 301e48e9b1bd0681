//! Topics of a team's own: told by phrases and by likeness to example articles, without training. A rule, so its
//! confidence is a convention, not a measurement: one phrase in a headline or two in a text are enough, one in the
//! tail is not.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::Field;
use crate::article::InputForm;
use crate::config::OwnTopic;
use crate::enrich::topics::counts::Counts;
use crate::enrich::topics::counts::hash;
use crate::enrich::topics::counts::phrases;
use crate::enrich::topics::fast::Fast;
use crate::enrich::topics::words::Words;

/// From which confidence an own topic is said.
pub(super) const THRESHOLD: f32 = 0.5;
/// What one phrase is sure of in a headline, a lead, and further down.
const SURE: [f32; 3] = [0.7, 0.5, 0.3];
/// Likeness (cosine) to a single example that counts as full; several examples set their own mark.
const ALIKE: f32 = 0.35;
/// What full likeness is sure of.
const SURE_ALIKE: f32 = 0.9;

/// One topic, ready to be looked for.
#[derive(Debug)]
struct Own {
    code: String,
    name: String,
    parent: Option<String>,
    /// Mean of the examples' phrases, each example of length 1.
    centre: BTreeMap<usize, f32>,
    /// Likeness that counts as full.
    alike: f32,
}

/// All topics of one's own.
#[derive(Debug, Default)]
pub(super) struct OwnTopics {
    topics: Vec<Own>,
    /// Topics by the hash of their phrases.
    phrases: BTreeMap<u64, Vec<usize>>,
}

/// An own topic in an article.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) parent: Option<String>,
    pub(super) confidence: f32,
    /// Where its phrases stand first.
    pub(super) places: Vec<(Field, ByteSpan, f32)>,
}

impl OwnTopics {
    /// Compiles topics.
    pub(super) fn new(topics: &[OwnTopic], fast: &Fast) -> Self {
        let mut out = Self::default();
        for (at, topic) in topics.iter().enumerate() {
            for phrase in &topic.phrases {
                out.phrases.entry(hash(&folded(phrase))).or_default().push(at);
            }
            let examples: Vec<_> = topic.examples.iter().map(|text| direction(text, fast)).collect();
            let (centre, alike) = centre(&examples);
            out.topics.push(Own {
                code: topic.code.clone(),
                name: topic.name.clone(),
                parent: topic.parent.clone(),
                centre,
                alike,
            });
        }
        out
    }

    /// The topics of an article that are sure enough, in the order of the configuration.
    pub(super) fn find(&self, article: &Article, counts: &Counts, fast: &Fast) -> Vec<Found> {
        if self.topics.is_empty() {
            return Vec::new();
        }
        let mut sightings: BTreeMap<(usize, u64), (Field, ByteSpan, f32)> = BTreeMap::new();
        phrases(article, fast.places(), |hash, _, field, span, weight| {
            for topic in self.phrases.get(&hash).into_iter().flatten() {
                let sure = SURE.get(fast.places().rank(weight)).copied().unwrap_or_default();
                sightings.entry((*topic, hash)).or_insert((field, span, sure));
            }
        });
        let own = unit(fast.strengths(counts).collect());
        let topics = self.topics.iter().enumerate().filter_map(|(at, topic)| {
            let places: Vec<_> = sightings
                .range((at, 0)..=(at, u64::MAX))
                .map(|(_, place)| *place)
                .collect();
            let likeness = (cosine(&own, &topic.centre) / topic.alike).clamp(0.0, 1.0);
            let doubt = places
                .iter()
                .fold(1.0 - SURE_ALIKE * likeness * likeness, |doubt, (.., sure)| {
                    doubt * (1.0 - sure)
                });
            (1.0 - doubt >= THRESHOLD).then(|| Found {
                code: topic.code.clone(),
                name: topic.name.clone(),
                parent: topic.parent.clone(),
                confidence: 1.0 - doubt,
                places,
            })
        });
        topics.collect()
    }
}

/// A phrase as the counter sees it.
fn folded(phrase: &str) -> String {
    let mut words = Words::default();
    words.read(phrase, 0, phrase.len(), usize::MAX);
    let folded: Vec<&str> = words.words.iter().map(|word| words.of(word)).collect();
    folded.join(" ")
}

/// What an example is about, as a vector of length 1.
fn direction(text: &str, fast: &Fast) -> BTreeMap<usize, f32> {
    let article = Article {
        text: text.to_owned(),
        ..Article::new(InputForm::Json, "")
    };
    unit(fast.strengths(&fast.counts(&article)).collect())
}

fn unit(mut vector: BTreeMap<usize, f32>) -> BTreeMap<usize, f32> {
    let length = vector.values().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.values_mut().for_each(|value| *value /= length);
    }
    vector
}

fn cosine(a: &BTreeMap<usize, f32>, b: &BTreeMap<usize, f32>) -> f32 {
    a.iter()
        .map(|(phrase, value)| value * b.get(phrase).copied().unwrap_or_default())
        .sum()
}

/// The mean direction of examples, and how near an article must be: as near as the examples are to one another.
fn centre(examples: &[BTreeMap<usize, f32>]) -> (BTreeMap<usize, f32>, f32) {
    let mean = |left_out: usize| {
        let mut sum: BTreeMap<usize, f32> = BTreeMap::new();
        for (_, example) in examples.iter().enumerate().filter(|(at, _)| *at != left_out) {
            for (phrase, value) in example {
                *sum.entry(*phrase).or_default() += value;
            }
        }
        unit(sum)
    };
    let all = mean(examples.len());
    if examples.len() < 2 {
        return (all, ALIKE);
    }
    let near: f32 = examples
        .iter()
        .enumerate()
        .map(|(at, example)| cosine(example, &mean(at)))
        .sum();
    (all, (near / examples.len() as f32).max(ALIKE / 2.0))
}

/// Codes of `topics` whose phrases the counter cannot find, being of no word or of more than four.
pub(super) fn unreadable(topics: &[OwnTopic]) -> BTreeSet<&str> {
    let fits = |phrase: &String| {
        (1..=4).contains(&folded(phrase).split(' ').filter(|word| !word.is_empty()).count())
    };
    topics
        .iter()
        .filter(|topic| !topic.phrases.iter().all(fits))
        .map(|topic| topic.code.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::config::models::TOPICS_FAST;
    use crate::enrich::english;

    fn article(headline: &str, text: &str) -> Article {
        Article {
            headline: Some(headline.to_owned()),
            text: text.to_owned(),
            ..Article::new(InputForm::Json, "")
        }
    }

    #[test]
    fn phrases_and_examples_tell_without_training() {
        let fast = Fast::new(english()[TOPICS_FAST]).unwrap();
        let cup = OwnTopic {
            code: "acme:cup".to_owned(),
            name: "Our cup".to_owned(),
            phrases: vec!["Acme Cup".to_owned(), "cup organisers".to_owned()],
            ..OwnTopic::default()
        };
        let bees = OwnTopic {
            code: "acme:bees".to_owned(),
            name: "Bee-keeping".to_owned(),
            examples: vec![
                "Beekeepers in the valley moved their hives after the orchard was sprayed and the honey harvest fell."
                    .to_owned(),
                "The honey harvest was the best in years, said beekeepers whose hives stood there.".to_owned(),
            ],
            ..OwnTopic::default()
        };
        let own = OwnTopics::new(&[cup, bees], &fast);
        let codes = |headline: &str, text: &str| -> Vec<String> {
            let article = article(headline, text);
            let found = own.find(&article, &fast.counts(&article), &fast);
            found.into_iter().map(|found| found.code).collect()
        };
        let rain = "It rained in the capital on Monday, and the roads were closed.";
        assert_eq!(codes("ACME Cups are handed out", rain), ["acme:cup"]);
        assert_eq!(codes("Rain", rain), Vec::<String>::new());
        let honey =
            "Beekeepers said that the honey harvest fell by half as hives near the orchard were lost.";
        assert_eq!(codes("Honey harvest falls", honey), ["acme:bees"]);
    }

    #[test]
    fn phrases_that_cannot_be_found_are_told() {
        let topic = |code: &str, phrase: &str| OwnTopic {
            code: code.to_owned(),
            phrases: vec![phrase.to_owned()],
            ..OwnTopic::default()
        };
        let topics = [
            topic("a", "one two three four"),
            topic("b", "one two three four five"),
            topic("c", "- x"),
        ];
        assert_eq!(unreadable(&topics).into_iter().collect::<Vec<_>>(), ["b", "c"]);
    }
}
