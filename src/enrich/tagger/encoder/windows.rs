//! The pieces of an article, and the windows in which the encoder reads them. Every token is read; where a window had
//! to be cut inside a sentence, the next one begins some pieces earlier. `train/windows.py` cuts in the same way.

use std::ops::Range;

use unicode_general_category::GeneralCategory;
use unicode_general_category::get_general_category;

use crate::article::Field;
use crate::enrich::tagger::encoder::network::PIECES_MAX;
use crate::enrich::tagger::encoder::wordpiece::Piece;
use crate::enrich::tagger::encoder::wordpiece::WordPiece;
use crate::enrich::tagger::sightings::Passage;

/// Pieces that a window repeats of one that was cut inside a sentence.
const OVERLAP: usize = 32;
/// Rows of the letter case embedding.
pub(super) const CASE_ROWS: usize = 16;
/// Letter case row of special pieces.
const CASE_OF_SPECIAL: u8 = 14;

/// One piece with all that its embedding depends on, but for its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Input {
    /// Its number.
    pub(super) piece: Piece,
    /// Whether it belongs to the headline.
    pub(super) headline: bool,
    /// Row of the letter case embedding.
    pub(super) case: u8,
}

/// A token as the encoder reads it.
#[derive(Debug, Clone)]
struct Token {
    /// Its pieces in `Script::inputs`.
    inputs: Range<usize>,
    /// Its place in the passage.
    index: usize,
    /// A sentence ends with it.
    ends: bool,
}

/// The pieces of what is to be read of one article.
#[derive(Debug)]
pub(super) struct Script {
    inputs: Vec<Input>,
    headline: Vec<Token>,
    text: Vec<Token>,
    special: [Piece; 2],
}

/// One window.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// At most `PIECES_MAX`.
    pub(super) inputs: Vec<Input>,
    /// First piece of each token, which passage it is of, and its place there.
    pub(super) tokens: Vec<(usize, Field, usize)>,
    /// It opens the article.
    pub(super) leads: bool,
}

impl Script {
    /// Cuts into pieces the tokens of both passages that are `wanted`. Sentences of the text end before the tokens at
    /// `ends`.
    pub(super) fn new(
        wordpiece: &WordPiece,
        passages: &[Passage<'_>; 2],
        ends: &[usize],
        wanted: impl Fn(Field, usize) -> bool,
    ) -> Self {
        let mut inputs = Vec::new();
        let (mut pieces, mut word) = (Vec::new(), String::new());
        let mut read = |passage: &Passage<'_>, ends: &[usize]| {
            let mut tokens = Vec::new();
            let mut ends = ends.iter().peekable();
            for (index, span) in passage.words.iter().enumerate() {
                while ends.next_if(|end| **end <= index).is_some() {}
                if !wanted(passage.field, index) {
                    continue;
                }
                let token = span.of(passage.text).unwrap_or_default();
                pieces.clear();
                wordpiece.cut(token, &mut pieces, &mut word);
                let start = inputs.len();
                let class = 2 * case_class(token);
                for (number, &piece) in pieces.iter().enumerate() {
                    inputs.push(Input {
                        piece,
                        headline: passage.field == Field::Headline,
                        case: class + u8::from(number > 0),
                    });
                }
                tokens.push(Token {
                    inputs: start..inputs.len(),
                    index,
                    ends: ends.peek().is_some_and(|end| **end == index + 1),
                });
            }
            tokens
        };
        let [headline, text] = passages;
        let (headline, text) = (read(headline, &[]), read(text, ends));
        Self {
            inputs,
            headline,
            text,
            special: [wordpiece.start, wordpiece.separator],
        }
    }

    /// Shows `see` each window in turn, in the order of the article.
    pub(super) fn windows(&self, mut see: impl FnMut(&Window)) {
        let mut window = Window::default();
        self.open(&mut window);
        window.leads = true;
        let whole: usize = self.headline.iter().map(|token| token.inputs.len()).sum();
        if whole + 2 <= PIECES_MAX {
            self.put(&mut window, &self.headline, Field::Headline);
            if !self.headline.is_empty() {
                self.close(&mut window, true);
            }
        } else {
            // A headline longer than a window is read like a text of its own.
            self.stretch(&mut window, &self.headline, Field::Headline, &mut see);
        }
        self.stretch(&mut window, &self.text, Field::Text, &mut see);
        if !window.tokens.is_empty() {
            see(&window);
        }
    }

    /// Fills windows with all of `tokens`; what `window` holds already comes first. It is left open, or empty.
    fn stretch(&self, window: &mut Window, tokens: &[Token], field: Field, see: &mut impl FnMut(&Window)) {
        let mut rest = tokens;
        while !rest.is_empty() {
            let room = PIECES_MAX.saturating_sub(window.inputs.len() + 1);
            let mut used = 0;
            let fits = |token: &&Token| {
                used += token.inputs.len();
                used <= room
            };
            let fitting = rest.iter().take_while(fits).count();
            let (taken, overlap) = split(rest, fitting);
            if taken > 0 {
                self.put(window, rest.get(..taken).unwrap_or_default(), field);
                self.close(window, field == Field::Headline);
            }
            see(window);
            self.open(window);
            rest = rest
                .get(taken - overlap..)
                .filter(|_| taken < rest.len())
                .unwrap_or_default();
        }
    }

    fn open(&self, window: &mut Window) {
        window.inputs.clear();
        window.tokens.clear();
        window.leads = false;
        let [start, _] = self.special;
        window.inputs.push(Input {
            piece: start,
            headline: false,
            case: CASE_OF_SPECIAL,
        });
    }

    fn close(&self, window: &mut Window, headline: bool) {
        let [_, separator] = self.special;
        window.inputs.push(Input {
            piece: separator,
            headline,
            case: CASE_OF_SPECIAL,
        });
    }

    fn put(&self, window: &mut Window, tokens: &[Token], field: Field) {
        for token in tokens {
            window.tokens.push((window.inputs.len(), field, token.index));
            window
                .inputs
                .extend_from_slice(self.inputs.get(token.inputs.clone()).unwrap_or_default());
        }
    }
}

/// How many of the tokens go into a window that has room for `fitting`, and how many of these the next one repeats:
/// none after a sentence's end, which is looked for in the second half.
fn split(tokens: &[Token], fitting: usize) -> (usize, usize) {
    if fitting == tokens.len() {
        return (fitting, 0);
    }
    let second_half = fitting / 2 + 1..=fitting;
    let is_end = |taken: &usize| {
        taken
            .checked_sub(1)
            .and_then(|at| tokens.get(at))
            .is_some_and(|token| token.ends)
    };
    if let Some(taken) = second_half.rev().find(is_end) {
        return (taken, 0);
    }
    let mut pieces = 0;
    let near = |token: &&Token| {
        pieces += token.inputs.len();
        pieces <= OVERLAP
    };
    let later = tokens.get(1..fitting).unwrap_or_default();
    (fitting, later.iter().rev().take_while(near).count())
}

/// The letter case of a token: 0 lower, 1 Title, 2 UPPER, 3 one capital alone, 4 mixed, 5 digits without letters, 6
/// both, 7 neither. Letters without case count as lower.
fn case_class(token: &str) -> u8 {
    let (mut letters, mut capitals, mut first, mut digits) = (0_usize, 0_usize, false, false);
    for c in token.chars() {
        if is_letter(c) {
            let capital = c.is_uppercase() || get_general_category(c) == GeneralCategory::TitlecaseLetter;
            first |= capital && letters == 0;
            capitals += usize::from(capital);
            letters += 1;
        }
        digits |= c.is_numeric();
    }
    match (letters, capitals) {
        (0, _) if digits => 5,
        (0, _) => 7,
        _ if digits => 6,
        (_, 0) => 0,
        (1, _) => 3,
        _ if capitals == letters => 2,
        (_, 1) if first => 1,
        _ => 4,
    }
}

fn is_letter(c: char) -> bool {
    use GeneralCategory as Category;
    c.is_ascii_alphabetic()
        || matches!(
            get_general_category(c),
            Category::UppercaseLetter
                | Category::LowercaseLetter
                | Category::TitlecaseLetter
                | Category::ModifierLetter
                | Category::OtherLetter
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One letter is one piece.
    const VOCABULARY: &str = "[UNK]\n[CLS]\n[SEP]\na\nb\n.\n##a\n##b";

    /// Pieces of a window, its tokens (of the headline, place), whether it leads.
    type Seen = (Vec<Input>, Vec<(bool, usize)>, bool);

    fn windows(headline: &str, text: &str, ends: &[usize]) -> Vec<Seen> {
        let wordpiece = WordPiece::new(VOCABULARY).unwrap();
        let passages = [
            Passage::new(Field::Headline, headline),
            Passage::new(Field::Text, text),
        ];
        let mut seen = Vec::new();
        Script::new(&wordpiece, &passages, ends, |_, _| true).windows(|window| {
            for &(first, field, index) in &window.tokens {
                let input = window.inputs[first];
                assert_eq!(
                    (input.headline, input.case % 2),
                    (field == Field::Headline, 0),
                    "{index}"
                );
            }
            let tokens = window
                .tokens
                .iter()
                .map(|token| (token.1 == Field::Headline, token.2))
                .collect();
            seen.push((window.inputs.clone(), tokens, window.leads));
        });
        seen
    }

    #[test]
    fn a_short_article_is_one_window_with_its_marks() {
        let seen = windows("A b", "aB .", &[2]);
        let [(inputs, tokens, leads)] = seen.as_slice() else {
            panic!("{seen:?}")
        };
        let summary: Vec<_> = inputs
            .iter()
            .map(|i| (i.piece, u8::from(i.headline), i.case))
            .collect();
        let expected = [
            (1, 0, 14),
            (3, 1, 6),
            (4, 1, 0),
            (2, 1, 14),
            (3, 0, 8),
            (7, 0, 9),
            (5, 0, 14),
            (2, 0, 14),
        ];
        assert_eq!(summary, expected);
        assert_eq!(tokens.as_slice(), [(true, 0), (true, 1), (false, 0), (false, 1)]);
        assert!(leads);
    }

    #[test]
    fn windows_are_cut_at_sentences_or_overlap() {
        let text = "a ".repeat(300);
        let starts = |ends: &[usize]| -> Vec<(usize, usize)> {
            let seen = windows("", &text, ends);
            seen.iter()
                .map(|(_, tokens, _)| (tokens[0].1, tokens[tokens.len() - 1].1))
                .collect()
        };
        assert_eq!(starts(&[]), [(0, 189), (158, 299)]);
        assert_eq!(starts(&[50, 150, 180, 300]), [(0, 179), (180, 299)]);
        // One that ends in the first half would make the window too short.
        assert_eq!(starts(&[50, 300]), [(0, 189), (158, 299)]);
        let long = "b ".repeat(500);
        let seen = windows(&long, "a", &[]);
        let headline: Vec<usize> = seen
            .iter()
            .map(|(_, tokens, _)| tokens.iter().filter(|t| t.0).count())
            .collect();
        assert_eq!(headline, [190, 190, 184, 0]);
        assert_eq!(seen.iter().filter(|window| window.2).count(), 1);
        assert_eq!(windows("", "", &[]).len(), 0);
        assert_eq!(windows("a", "", &[]).len(), 1);
        // A headline that leaves no room for a token of the text.
        assert_eq!(windows(&"b ".repeat(190), "aaaa", &[]).len(), 2);
    }

    #[test]
    fn letter_case_has_eight_classes() {
        for (token, class) in [
            ("lower", 0),
            ("a", 0),
            ("Title", 1),
            ("Élise", 1),
            ("UPPER", 2),
            ("ÄÖ", 2),
            ("I", 3),
            ("McDonald", 4),
            ("iPhone", 4),
            ("2004", 5),
            ("½", 5),
            ("F16", 6),
            ("19th", 6),
            (".", 7),
            ("€", 7),
            ("京", 0),
            ("e\u{301}", 0),
            ("E\u{301}", 3),
            ("\u{301}", 7),
            ("", 7),
        ] {
            assert_eq!(case_class(token), class, "{token}");
        }
    }

    proptest! {
        #[test]
        fn every_token_is_in_a_window_that_fits(headline in "[ab. ]{0,300}", text in "([ab]{1,12}[ .]){0,150}",
                                                ends in proptest::collection::btree_set(0_usize..200, 0..20)) {
            let ends: Vec<_> = ends.into_iter().collect();
            let seen = windows(&headline, &text, &ends);
            let mut found: Vec<_> = seen.iter().flat_map(|(_, tokens, _)| tokens.clone()).collect();
            found.sort();
            found.dedup();
            let count = |field, text| Passage::new(field, text).words.len();
            prop_assert_eq!(found.len(), count(Field::Headline, &headline) + count(Field::Text, &text));
            prop_assert!(seen.iter().all(|(inputs, tokens, _)| inputs.len() <= PIECES_MAX && !tokens.is_empty()));
        }
    }
}
