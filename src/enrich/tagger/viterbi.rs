//! The best sequence of tags for one line of tokens, under the rules of BIO. Never reads text; linear in the tokens.

use crate::enrich::tagger::tags::Scores;
use crate::enrich::tagger::tags::TAGS;
use crate::enrich::tagger::tags::Tag;

/// What it costs to go from one tag to the next: log scores, added to those of the tokens; impossible steps stay so.
#[derive(Debug, Clone, PartialEq)]
pub struct Transitions {
    start: Scores,
    /// By previous tag, then by next.
    steps: [Scores; TAGS],
}

impl Transitions {
    /// The rules of BIO alone.
    pub fn bio() -> Self {
        Self::bound([0.0; TAGS], [[0.0; TAGS]; TAGS])
    }

    /// Learned scores under the rules of BIO: `TAGS` for the first token's tag, then `TAGS` rows (previous tag) of
    /// `TAGS` (next tag). `None` for any other length, or where one is not finite.
    pub fn learned(scores: &[f32]) -> Option<Self> {
        if scores.len() != (TAGS + 1) * TAGS || !scores.iter().all(|score| score.is_finite()) {
            return None;
        }
        let mut rows = scores.chunks_exact(TAGS);
        let mut row = || Scores::try_from(rows.next()?).ok();
        let start = row()?;
        let mut steps = [[0.0; TAGS]; TAGS];
        for step in &mut steps {
            *step = row()?;
        }
        Some(Self::bound(start, steps))
    }

    /// Makes every step impossible that BIO forbids.
    fn bound(mut start: Scores, mut steps: [Scores; TAGS]) -> Self {
        let bind = |row: &mut Scores, previous: Option<Tag>| {
            for (score, tag) in row.iter_mut().zip(Tag::all()) {
                if !tag.may_follow(previous) {
                    *score = f32::NEG_INFINITY;
                }
            }
        };
        bind(&mut start, None);
        for (row, previous) in steps.iter_mut().zip(Tag::all()) {
            bind(row, Some(previous));
        }
        Self { start, steps }
    }

    /// The tags with the highest sum for one line, appended to `tags`; of equals the one with lower indices. `back` is
    /// memory to be used again; its content does not matter.
    pub fn decode(&self, line: &[Scores], tags: &mut Vec<Tag>, back: &mut Vec<[u8; TAGS]>) {
        let Some((first, rest)) = line.split_first() else {
            return;
        };
        back.clear();
        let mut best = self.start;
        add(&mut best, first);
        for scores in rest {
            let mut next = [f32::NEG_INFINITY; TAGS];
            let mut from = [0_u8; TAGS];
            for (previous, (reached, steps)) in (0_u8..).zip(best.iter().zip(&self.steps)) {
                for ((next, from), step) in next.iter_mut().zip(&mut from).zip(steps) {
                    let sum = reached + step;
                    let better = sum > *next;
                    *next = if better { sum } else { *next };
                    *from = if better { previous } else { *from };
                }
            }
            add(&mut next, scores);
            best = next;
            back.push(from);
        }
        let mut last = 0;
        for (index, score) in best.iter().enumerate() {
            if *score > best[last] {
                last = index;
            }
        }
        let start = tags.len();
        tags.push(Tag::from_index(last).unwrap_or(Tag::OUTSIDE));
        for from in back.iter().rev() {
            last = usize::from(from.get(last).copied().unwrap_or_default());
            tags.push(Tag::from_index(last).unwrap_or(Tag::OUTSIDE));
        }
        if let Some(added) = tags.get_mut(start..) {
            added.reverse();
        }
    }
}

fn add(sums: &mut Scores, scores: &Scores) {
    for (sum, score) in sums.iter_mut().zip(scores) {
        *sum += score;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::article::EntityType;

    fn decode(transitions: &Transitions, line: &[Scores]) -> Vec<Tag> {
        let mut tags = Vec::new();
        transitions.decode(line, &mut tags, &mut vec![[9; TAGS]; 3]);
        tags
    }

    /// A row that favours some tags.
    fn row(favoured: &[(Tag, f32)]) -> Scores {
        let mut scores = [-9.0; TAGS];
        for (tag, score) in favoured {
            scores[tag.index()] = *score;
        }
        scores
    }

    #[test]
    fn a_name_never_starts_inside() {
        let (begin, inside) = (Tag::begin(EntityType::Org), Tag::inside(EntityType::Org));
        let bio = Transitions::bio();
        assert_eq!(decode(&bio, &[]), []);
        assert_eq!(decode(&bio, &[row(&[(inside, -0.1), (begin, -2.0)])]), [begin]);
        let line = [
            row(&[(Tag::OUTSIDE, -0.1), (begin, -3.0)]),
            row(&[(inside, -0.1), (begin, -4.0), (Tag::OUTSIDE, -8.0)]),
        ];
        assert_eq!(decode(&bio, &line), [begin, inside]);
        let mixed = [
            row(&[(Tag::begin(EntityType::Person), -0.2), (begin, -1.9)]),
            row(&[(inside, -0.4), (Tag::inside(EntityType::Person), -2.2)]),
        ];
        assert_eq!(decode(&bio, &mixed), [begin, inside]);
    }

    #[test]
    fn learned_steps_count_and_bad_ones_are_refused() {
        let begin = Tag::begin(EntityType::Gpe);
        let mut scores = vec![0.0; (TAGS + 1) * TAGS];
        scores[TAGS + begin.index()] = -5.0;
        let learned = Transitions::learned(&scores).unwrap();
        let line = [
            row(&[(Tag::OUTSIDE, -0.1)]),
            row(&[(begin, -0.1), (Tag::OUTSIDE, -2.0)]),
        ];
        assert_eq!(decode(&Transitions::bio(), &line), [Tag::OUTSIDE, begin]);
        assert_eq!(decode(&learned, &line), [Tag::OUTSIDE, Tag::OUTSIDE]);
        assert_eq!(Transitions::learned(&scores[1..]), None);
        scores[7] = f32::NAN;
        assert_eq!(Transitions::learned(&scores), None);
    }

    /// The best of all sequences, tried one by one.
    fn exhaustive(transitions: &Transitions, line: &[Scores]) -> f32 {
        let mut sums: Vec<(f32, usize)> = vec![];
        for (at, scores) in line.iter().enumerate() {
            let reach = |tag: usize| transitions.start[tag] + scores[tag];
            sums = if at == 0 {
                (0..TAGS).map(|tag| (reach(tag), tag)).collect()
            } else {
                let longer = |(sum, last): &(f32, usize)| {
                    let (sum, steps) = (*sum, transitions.steps[*last]);
                    (0..TAGS)
                        .map(move |tag| (sum + steps[tag] + scores[tag], tag))
                        .collect::<Vec<_>>()
                };
                sums.iter().flat_map(longer).collect()
            };
        }
        sums.iter().map(|(sum, _)| *sum).fold(f32::NEG_INFINITY, f32::max)
    }

    proptest! {
        #[test]
        fn finds_the_best_of_all_valid_sequences(values in proptest::collection::vec(-8.0_f32..0.0, 3 * TAGS),
                                                 steps in proptest::collection::vec(-2.0_f32..2.0, (TAGS + 1) * TAGS)) {
            let line: Vec<Scores> = values.chunks_exact(TAGS).map(|row| row.try_into().unwrap()).collect();
            let transitions = Transitions::learned(&steps).unwrap();
            let tags = decode(&transitions, &line);
            let mut previous = None;
            let mut sum = 0.0;
            for (tag, scores) in tags.iter().zip(&line) {
                prop_assert!(tag.may_follow(previous));
                let step = previous.map_or(transitions.start, |p: Tag| transitions.steps[p.index()]);
                sum += step[tag.index()];
                sum += scores[tag.index()];
                previous = Some(*tag);
            }
            prop_assert!((sum - exhaustive(&transitions, &line)).abs() < 1e-3);
        }

        #[test]
        fn any_floats_give_one_tag_a_token(bits in proptest::collection::vec(any::<u32>(), 4 * TAGS)) {
            let line: Vec<Scores> = bits
                .chunks_exact(TAGS)
                .map(|row| std::array::from_fn(|i| f32::from_bits(row[i])))
                .collect();
            prop_assert_eq!(decode(&Transitions::bio(), &line).len(), line.len());
        }
    }
}
