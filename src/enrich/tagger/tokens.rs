//! Which tokens of an article the encoder is to read. Never reads them.

use std::ops::Range;

use crate::article::ByteSpan;
use crate::article::Field;
use crate::enrich::tagger::Sighting;
use crate::enrich::tagger::both::Both;
use crate::enrich::tagger::fast::Reading;
use crate::enrich::tagger::sightings::Passage;
use crate::enrich::tagger::tags::Scores;

/// Tokens of the text that are its opening: with a headline they are about one window of the encoder.
const OPENING: usize = 150;

/// Marked tokens of a headline and of a text.
#[derive(Debug)]
pub(super) struct Tokens {
    marks: [Vec<bool>; 2],
}

impl Tokens {
    /// Every token.
    pub(super) fn all(passages: &[Passage<'_>; 2]) -> Self {
        let [headline, text] = passages;
        Self {
            marks: [headline, text].map(|passage| vec![true; passage.words.len()]),
        }
    }

    /// The sentences in which the fast recogniser is less sure of some token than `margin`, in nats.
    pub(super) fn unsure(quick: &Reading, passages: &[Passage<'_>; 2], margin: f32) -> Self {
        let marks = [0, 1].map(|side: usize| {
            let words = passages.get(side).map_or(0, |passage| passage.words.len());
            let mut marks = vec![false; words];
            let sentences = quick.sentences.get(side).into_iter().flatten();
            let margins = quick.margins.get(side).into_iter().flatten();
            for (sentence, least) in sentences.zip(margins) {
                if least.is_nan() || *least < margin {
                    marks.get_mut(sentence.clone()).unwrap_or_default().fill(true);
                }
            }
            marks
        });
        Self { marks }
    }

    /// Adds the headline and the opening of the text.
    pub(super) fn add_opening(&mut self) {
        let [headline, text] = &mut self.marks;
        headline.fill(true);
        text.iter_mut().take(OPENING).for_each(|mark| *mark = true);
    }

    /// How many are marked.
    pub(super) fn count(&self) -> usize {
        let marks = self.marks.iter().flatten();
        marks.filter(|mark| **mark).count()
    }

    /// Whether the token at `index` is marked.
    pub(super) fn has(&self, field: Field, index: usize) -> bool {
        let [headline, text] = &self.marks;
        let marks = match field {
            Field::Headline => headline,
            Field::Text => text,
        };
        marks.get(index).copied().unwrap_or_default()
    }

    /// What both recognisers say together of the marked tokens; of others the encoder alone, which has not read them.
    pub(super) fn together(
        &self,
        both: &Both,
        fast: &[Vec<Scores>; 2],
        encoder: &[Vec<Scores>; 2],
    ) -> [Vec<Scores>; 2] {
        [0, 1].map(|side: usize| {
            let rows = fast[side].iter().zip(&encoder[side]).zip(&self.marks[side]);
            let row = |((fast, encoder), mark): ((&Scores, &Scores), &bool)| {
                if *mark {
                    both.together(fast, encoder)
                } else {
                    *encoder
                }
            };
            rows.map(row).collect()
        })
    }

    /// Whether a name stands on a marked token.
    pub(super) fn touch(&self, passages: &[Passage<'_>; 2], sighting: &Sighting) -> bool {
        let passage = passages.iter().find(|passage| passage.field == sighting.field);
        let mut tokens = passage.map_or(0..0, |passage| tokens_of(passage, sighting.span));
        tokens.any(|index| self.has(sighting.field, index))
    }
}

/// The tokens of a passage that a span covers.
fn tokens_of(passage: &Passage<'_>, span: ByteSpan) -> Range<usize> {
    let start = passage.words.partition_point(|word| word.start < span.start);
    let end = passage.words.partition_point(|word| word.start < span.end);
    start..end
}
