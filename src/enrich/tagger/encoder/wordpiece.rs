//! Tokens to the pieces that the encoder knows (`WordPiece`: Schuster and Nakajima 2012, as BERT uncased does it):
//! accents off, lower case, then the longest known prefix again and again. Linear in the text, up to the longest piece.

use std::ops::Range;

use unicode_general_category::GeneralCategory;
use unicode_general_category::get_general_category;
use unicode_normalization::UnicodeNormalization;

/// The number of a piece in the vocabulary.
pub(super) type Piece = u16;

/// Most characters of a token that is cut at all, after its accents are off; a longer one is unknown. BERT's.
const CHARACTERS_MAX: usize = 100;
/// Most pieces kept of one token.
pub(super) const PIECES_OF_TOKEN_MAX: usize = 8;
/// FNV-1a (Fowler, Noll and Vo 1991).
const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;
const HASH_FACTOR: u64 = 0x0000_0100_0000_01b3;
/// Starts the hash of pieces that continue a word.
const CONTINUED: u64 = HASH_START ^ 0x23;

/// The vocabulary, and how to cut with it.
#[derive(Debug)]
pub(super) struct WordPiece {
    /// All pieces, one after the other, without the `##` of those that continue a word.
    text: String,
    /// Where each piece lies, and whether it continues a word.
    pieces: Vec<(Range<u32>, bool)>,
    /// Hash table with open addressing; its length is a power of two.
    table: Vec<Option<Piece>>,
    longest: usize,
    /// `[UNK]`.
    pub(super) unknown: Piece,
    /// `[CLS]`.
    pub(super) start: Piece,
    /// `[SEP]`.
    pub(super) separator: Piece,
}

impl WordPiece {
    /// From a vocabulary of one piece a line. `None` where a special piece lacks or there are too many.
    pub(super) fn new(vocabulary: &str) -> Option<Self> {
        let lines: Vec<&str> = vocabulary.lines().collect();
        Piece::try_from(lines.len()).ok()?;
        let special = |name: &str| lines.iter().position(|line| *line == name)?.try_into().ok();
        let mut made = Self {
            text: String::with_capacity(vocabulary.len()),
            pieces: Vec::with_capacity(lines.len()),
            table: vec![None; (lines.len() * 2).next_power_of_two()],
            longest: 0,
            unknown: special("[UNK]")?,
            start: special("[CLS]")?,
            separator: special("[SEP]")?,
        };
        for (number, line) in (0..).zip(&lines) {
            let (piece, continued) = match line.strip_prefix("##") {
                Some(rest) if !rest.is_empty() => (rest, true),
                _ => (*line, false),
            };
            let from = u32::try_from(made.text.len()).ok()?;
            made.text.push_str(piece);
            made.pieces
                .push((from..u32::try_from(made.text.len()).ok()?, continued));
            made.longest = made.longest.max(piece.len());
            let seed = if continued { CONTINUED } else { HASH_START };
            let hash = piece.bytes().fold(seed, step);
            if made.find(piece, continued, hash).is_none() {
                let slots = made.slots(hash);
                let free = slots
                    .into_iter()
                    .find(|slot| made.table.get(*slot) == Some(&None))?;
                *made.table.get_mut(free)? = Some(number);
            }
        }
        Some(made)
    }

    /// How many pieces there are.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Appends the pieces of one token: at least one, at most `PIECES_OF_TOKEN_MAX`. `word` is memory to be used again.
    pub(super) fn cut(&self, token: &str, pieces: &mut Vec<Piece>, word: &mut String) {
        normalise(token, word);
        let first = pieces.len();
        if word.is_empty() || word.chars().count() > CHARACTERS_MAX {
            pieces.push(self.unknown);
            return;
        }
        let mut rest = word.as_str();
        while !rest.is_empty() {
            let Some((piece, length)) = self.longest_prefix(rest, pieces.len() > first) else {
                pieces.truncate(first);
                pieces.push(self.unknown);
                return;
            };
            pieces.push(piece);
            rest = rest.get(length..).unwrap_or_default();
        }
        pieces.truncate(first + PIECES_OF_TOKEN_MAX);
    }

    /// The longest piece that `rest` starts with, and its bytes.
    fn longest_prefix(&self, rest: &str, continued: bool) -> Option<(Piece, usize)> {
        let mut hashes = [0_u64; 256];
        let mut hash = if continued { CONTINUED } else { HASH_START };
        let within = rest.len().min(self.longest).min(hashes.len());
        for (slot, byte) in hashes.iter_mut().zip(rest.bytes().take(within)) {
            hash = step(hash, byte);
            *slot = hash;
        }
        (1..=within).rev().find_map(|length| {
            let piece = self.find(rest.get(..length)?, continued, hashes.get(length - 1).copied()?)?;
            Some((piece, length))
        })
    }

    fn find(&self, piece: &str, continued: bool, hash: u64) -> Option<Piece> {
        for slot in self.slots(hash) {
            let number = self.table.get(slot).copied().flatten()?;
            let (place, other) = self.pieces.get(usize::from(number))?;
            if *other == continued && self.text.get(place.start as usize..place.end as usize) == Some(piece) {
                return Some(number);
            }
        }
        None
    }

    /// The slots of the table to look at, in order.
    fn slots(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.table.len() - 1;
        let first = (hash ^ (hash >> 32)) as usize & mask;
        (0..=mask).map(move |step| (first + step) & mask)
    }
}

fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(HASH_FACTOR)
}

/// The token without accents, controls and capitals, into `word`.
fn normalise(token: &str, word: &mut String) {
    word.clear();
    if token.is_ascii() {
        word.extend(
            token
                .bytes()
                .filter(|b| !b.is_ascii_control())
                .map(|b| char::from(b.to_ascii_lowercase())),
        );
        return;
    }
    let kept = token.chars().filter(|&c| c != '\u{FFFD}' && !is_control(c));
    for c in kept
        .nfd()
        .filter(|&c| get_general_category(c) != GeneralCategory::NonspacingMark)
    {
        word.extend(c.to_lowercase());
    }
}

fn is_control(c: char) -> bool {
    use GeneralCategory as Category;
    matches!(
        get_general_category(c),
        Category::Control
            | Category::Format
            | Category::PrivateUse
            | Category::Unassigned
            | Category::Surrogate
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::tagger::encoder::model::vocabulary;

    /// Tokens of hostile text and what Hugging Face's `tokenizers` 0.23 makes of each with this vocabulary, without
    /// special pieces; none at all stands as `[UNK]`, and more than `PIECES_OF_TOKEN_MAX` are cut.
    const CASES: &str = include_str!("wordpiece.json");

    fn cut(wordpiece: &WordPiece, token: &str) -> Vec<Piece> {
        let (mut pieces, mut word) = (Vec::new(), "left over".to_owned());
        wordpiece.cut(token, &mut pieces, &mut word);
        pieces
    }

    #[test]
    fn cuts_as_hugging_face_does() {
        let wordpiece =
            WordPiece::new(&vocabulary(include_bytes!("../../../../models/encoder.bin"))).unwrap();
        let cases: Vec<(String, Vec<Piece>)> = serde_json::from_str(CASES).unwrap();
        assert!(cases.len() > 500 && wordpiece.len() == 30_522);
        for (token, expected) in &cases {
            assert_eq!(&cut(&wordpiece, token), expected, "{token:?}");
        }
    }

    #[test]
    fn a_piece_inside_a_word_is_not_one_at_its_start() {
        let wordpiece = WordPiece::new("[UNK]\n[CLS]\n[SEP]\npa\n##ris\n##pa\nris\n##\nö\no\n#\npa").unwrap();
        for (token, expected) in [
            ("Paris", &[3, 4][..]),
            ("PAPA", &[3, 5]),
            ("risris", &[6, 4]),
            ("ö", &[9]),
            ("ö\u{301}\u{0}", &[9]),
            ("pax", &[0]),
            ("", &[0]),
            ("\u{200B}", &[0]),
            ("##", &[7]),
            ("papapapapapapapapapa", &[3, 5, 5, 5, 5, 5, 5, 5]),
        ] {
            assert_eq!(cut(&wordpiece, token), expected, "{token:?}");
        }
        assert_eq!(cut(&wordpiece, &"pa".repeat(51)), [0]);
        for bad in ["", "[UNK]\n[CLS]", &"x\n".repeat(70_000)] {
            assert!(WordPiece::new(bad).is_none());
        }
    }
}
