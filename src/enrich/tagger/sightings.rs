//! From an article to lines of tokens, and from a model's scores back to names in the article. Never knows which
//! model read them.

use std::ops::Range;

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Score;
use crate::enrich::tagger::calibration::Calibration;
use crate::enrich::tagger::tags::Scores;
use crate::enrich::tagger::tags::TAGS;
use crate::enrich::tagger::tags::Tag;
use crate::enrich::tagger::viterbi::Transitions;
use crate::text::words::words;

/// One name in an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Which string.
    pub field: Field,
    /// Where in it.
    pub span: ByteSpan,
    /// Type.
    pub kind: EntityType,
    /// The calibrated probability that bounds and type are right.
    pub confidence: Score,
}

/// The tokens of one string of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage<'t> {
    /// Which string.
    pub field: Field,
    /// The string.
    pub text: &'t str,
    /// Its tokens, in order.
    pub words: Vec<ByteSpan>,
    /// Its lines that hold tokens, as ranges of `words`. No name spans two.
    pub lines: Vec<Range<usize>>,
}

impl<'t> Passage<'t> {
    /// Cuts `text` into tokens and lines.
    pub fn new(field: Field, text: &'t str) -> Self {
        let words: Vec<_> = words(text).collect();
        let mut lines = Vec::new();
        let mut start = 0;
        for (at, pair) in words.windows(2).enumerate() {
            let between = pair
                .first()
                .zip(pair.last())
                .map(|(a, b)| ByteSpan::new(a.end, b.start));
            if between
                .and_then(|gap| gap.of(text))
                .is_some_and(|gap| gap.contains('\n'))
            {
                lines.push(start..at + 1);
                start = at + 1;
            }
        }
        if start < words.len() {
            lines.push(start..words.len());
        }
        Self {
            field,
            text,
            words,
            lines,
        }
    }

    /// The headline (empty where there is none) and the text of an article.
    pub fn of(article: &'t Article) -> [Self; 2] {
        let headline = article.headline.as_deref().unwrap_or_default();
        [
            Self::new(Field::Headline, headline),
            Self::new(Field::Text, &article.text),
        ]
    }
}

/// Turns scores into names: the best valid sequence of tags in each line, and a probability for each name.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoder {
    /// Steps between tags.
    pub transitions: Transitions,
    /// From a name's raw score to its probability.
    pub calibration: Calibration,
}

impl Decoder {
    /// The names of a headline and a text, in this order.
    pub fn all(&self, passages: &[Passage<'_>; 2], scores: &[Vec<Scores>; 2]) -> Vec<Sighting> {
        let both = passages.iter().zip(scores);
        both.flat_map(|(passage, scores)| self.sightings(passage, scores))
            .collect()
    }

    /// The names of one passage, in order. `scores` has one row for each of its words; rows that lack count as outside.
    pub fn sightings(&self, passage: &Passage<'_>, scores: &[Scores]) -> Vec<Sighting> {
        let mut found = Vec::new();
        let (mut tags, mut back) = (Vec::new(), Vec::new());
        for line in &passage.lines {
            let Some(rows) = scores.get(line.clone()) else {
                break;
            };
            tags.clear();
            self.transitions.decode(rows, &mut tags, &mut back);
            for name in names(&tags, rows) {
                let at = |index: usize| passage.words.get(line.start + index);
                if let (Some(first), Some(last)) = (at(name.tokens.start), at(name.tokens.end - 1)) {
                    found.push(Sighting {
                        field: passage.field,
                        span: ByteSpan::new(first.start, last.end),
                        kind: name.kind,
                        confidence: Score::from_f32(self.calibration.probability(name.score)),
                    });
                }
            }
        }
        found
    }
}

/// A name in one line of tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// Its tokens, at least one.
    pub tokens: Range<usize>,
    /// Type.
    pub kind: EntityType,
    /// Raw score: mean over its tokens of the log-probability of the tag given; at most 0 for a normalised model.
    pub score: f32,
}

/// The names that `tags` spell, with the scores of the same tokens.
pub fn names(tags: &[Tag], scores: &[Scores]) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let mut sum = 0.0;
    for (at, (tag, row)) in tags.iter().zip(scores).enumerate() {
        let Some(kind) = tag.kind() else { continue };
        let score = row.get(tag.index()).copied().unwrap_or_default();
        match names.last_mut() {
            Some(name) if tag.is_inside() && name.tokens.end == at && name.kind == kind => {
                sum += score;
                name.tokens.end = at + 1;
                name.score = sum / name.tokens.len() as f32;
            }
            _ => {
                sum = score;
                names.push(Name {
                    tokens: at..at + 1,
                    kind,
                    score,
                });
            }
        }
    }
    names
}

/// The row that says "outside, surely".
pub const fn outside() -> Scores {
    let mut row = [f32::NEG_INFINITY; TAGS];
    row[Tag::OUTSIDE.index()] = 0.0;
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row sure of one tag.
    fn sure(tag: Tag, log_probability: f32) -> Scores {
        let mut row = [-20.0; TAGS];
        row[tag.index()] = log_probability;
        row
    }

    #[test]
    fn lines_hold_all_tokens_once() {
        for (text, expected) in [
            ("", &[][..]),
            ("\n \n", &[]),
            ("One two", &[(0, 2)]),
            ("One.\n\nTwo three\n", &[(0, 2), (2, 4)]),
            ("\nA\nB\nC", &[(0, 1), (1, 2), (2, 3)]),
        ] {
            let lines = Passage::new(Field::Text, text).lines;
            let lines: Vec<_> = lines.iter().map(|line| (line.start, line.end)).collect();
            assert_eq!(lines, expected, "{text:?}");
        }
    }

    #[test]
    fn names_have_exact_bytes_and_stay_in_their_line() {
        let text = "Visé met Élise Ü.\nOrbán";
        let passage = Passage::new(Field::Text, text);
        let (begin, inside) = (Tag::begin(EntityType::Person), Tag::inside(EntityType::Person));
        let tags = [begin, Tag::OUTSIDE, begin, inside, inside, inside];
        let mut scores = tags.map(|tag| sure(tag, -0.5));
        scores[5][begin.index()] = -3.0;
        let decoder = Decoder {
            transitions: Transitions::bio(),
            calibration: Calibration::new(&[(-1.0, 0.2), (0.0, 0.8)]).unwrap(),
        };
        let found = decoder.sightings(&passage, &scores);
        let spans: Vec<_> = found
            .iter()
            .map(|sighting| sighting.span.of(text).unwrap())
            .collect();
        assert_eq!(spans, ["Visé", "Élise Ü.", "Orbán"]);
        assert_eq!(found[0].confidence.thousandths(), 500);
        assert!(
            found
                .iter()
                .all(|m| m.kind == EntityType::Person && m.field == Field::Text)
        );
        assert_eq!(decoder.sightings(&passage, &scores[..5]).len(), 2);
        assert_eq!(decoder.sightings(&passage, &scores.map(|_| outside())), []);
    }

    #[test]
    fn a_score_is_the_mean_over_its_tokens() {
        let (begin, inside) = (Tag::begin(EntityType::Org), Tag::inside(EntityType::Org));
        let tags = [begin, inside, begin, Tag::inside(EntityType::Gpe)];
        let scores = [
            sure(tags[0], -0.1),
            sure(tags[1], -0.3),
            sure(tags[2], -1.0),
            sure(tags[3], -2.0),
        ];
        let found = names(&tags, &scores);
        let summary: Vec<_> = found
            .iter()
            .map(|n| (n.tokens.clone(), n.kind, n.score))
            .collect();
        assert_eq!(
            summary,
            [
                (0..2, EntityType::Org, -0.2),
                (2..3, EntityType::Org, -1.0),
                (3..4, EntityType::Gpe, -2.0)
            ]
        );
    }
}
