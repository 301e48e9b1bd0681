//! What a word says by itself: its letters, its case, its place in lists. Bit for bit what `train/fast_features.py`
//! computes.

use crate::enrich::tagger::fast::hash::Index;
use crate::enrich::tagger::fast::hash::fnv;
use crate::enrich::tagger::fast::hash::mix;

/// Slots of a token, in the order of the table; each has `ROWS` rows of its own there.
pub(super) mod slot {
    pub(crate) const WORD: usize = 0;
    pub(crate) const PREFIX: usize = 1;
    pub(crate) const SUFFIX_3: usize = 2;
    pub(crate) const SUFFIX_2: usize = 3;
    pub(crate) const SUFFIX_4: usize = 4;
    pub(crate) const SHAPE: usize = 5;
    pub(crate) const CASE: usize = 6;
    pub(crate) const UNIGRAM: usize = 7;
    pub(crate) const PHRASE: usize = 8;
    pub(crate) const DOCUMENT: usize = 9;
    pub(crate) const PLACE: usize = 10;
}

/// Rows of each slot.
const ROWS: [usize; 11] = [
    1 << 15,
    1 << 13,
    1 << 13,
    1 << 11,
    1 << 13,
    1 << 10,
    64,
    1 << 9,
    1 << 10,
    16,
    32,
];
/// How many slots depend on the word alone.
pub(super) const STATIC: usize = 8;
/// Rows of all slots together.
pub(super) const TABLE_ROWS: usize = base(ROWS.len());
/// In the index of phrases: a longer one starts like this.
pub(super) const PREFIX_FLAG: u16 = 1 << 15;
/// The slot of the hash by which word vectors are found.
const FORM: usize = 31;
/// Most symbols of a shape.
const SHAPE_MAX: usize = 10;

const fn base(slot: usize) -> usize {
    let (mut rows, mut at) = (0, 0);
    while at < slot {
        rows += ROWS[at];
        at += 1;
    }
    rows
}

/// The table's row for a hash or number in a slot.
pub(super) const fn row(slot: usize, value: u64) -> u32 {
    (base(slot) as u64 + (value & (ROWS[slot] as u64 - 1))) as u32
}

/// How the letters of a token are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Case {
    Lower = 0,
    Title = 1,
    Upper = 2,
    OneUpper = 3,
    Mixed = 4,
    Digits = 5,
    Alphanumeric = 6,
    Other = 7,
}

impl Case {
    /// Of a word.
    pub(super) fn of(word: &str) -> Self {
        let (mut upper, mut lower, mut digits, mut all) = (0, 0, 0, 0);
        for c in word.chars() {
            upper += usize::from(c.is_uppercase());
            lower += usize::from(c.is_lowercase());
            digits += usize::from(c.is_ascii_digit());
            all += 1;
        }
        match (upper, lower) {
            (0, 0) if digits == all => Self::Digits,
            (0, 0) => Self::Other,
            _ if digits > 0 => Self::Alphanumeric,
            (0, _) => Self::Lower,
            _ if all == 1 => Self::OneUpper,
            (_, 0) => Self::Upper,
            (1, _) if word.starts_with(char::is_uppercase) => Self::Title,
            _ => Self::Mixed,
        }
    }

    /// True for what has letters and no digits.
    pub(super) fn is_word(self) -> bool {
        self <= Self::Mixed
    }
}

/// One word as the model sees it, wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// Rows of the table.
    pub(super) rows: [u32; STATIC],
    /// Row of the word vectors, from 1; 0 where it has none.
    pub(super) vector: u16,
    /// Hash of the word in lower case, digits as zeros.
    pub(super) hash: u64,
    /// How it is written.
    pub(super) case: Case,
    /// Characters.
    pub(super) length: usize,
}

/// Memory for one word's normal form, used again for the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    lower: String,
    normal: String,
    shape: String,
}

impl Form {
    /// Of a token that is not empty.
    pub(super) fn of(word: &str, vectors: &Index, phrases: &Index, scratch: &mut Scratch) -> Self {
        scratch.take(word);
        let case = Case::of(word);
        let length = word.chars().count();
        let normal = scratch.normal.as_str();
        let hash = fnv(normal.as_bytes(), slot::WORD);
        let mut vector = vectors.get(fnv(word.as_bytes(), FORM));
        if vector == 0 {
            vector = vectors.get(fnv(scratch.lower.as_bytes(), FORM));
        }
        let unigram = if case == Case::Lower {
            0
        } else {
            mix(u64::from(phrases.get(hash) & !PREFIX_FLAG))
        };
        let size = length.clamp(1, 8) - 1;
        let affix = |slot: usize, text: &str| row(slot, mix(fnv(text.as_bytes(), slot)));
        let rows = [
            row(slot::WORD, mix(hash)),
            affix(slot::PREFIX, first(normal, 3)),
            affix(slot::SUFFIX_3, last(normal, 3)),
            affix(slot::SUFFIX_2, last(normal, 2)),
            affix(slot::SUFFIX_4, last(normal, 4)),
            affix(slot::SHAPE, &scratch.shape),
            row(slot::CASE, (case as usize * 8 + size) as u64),
            row(slot::UNIGRAM, unigram),
        ];
        Self {
            rows,
            vector,
            hash,
            case,
            length,
        }
    }
}

impl Scratch {
    /// Fills in the lower-case form, the normal form and the shape of `word`.
    fn take(&mut self, word: &str) {
        self.lower.clear();
        self.normal.clear();
        self.shape.clear();
        if word.is_ascii() {
            self.lower.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            self.lower = word.to_lowercase();
        }
        let zero = |c: char| if c.is_ascii_digit() { '0' } else { c };
        self.normal.extend(self.lower.chars().map(zero));
        let (mut previous, mut run, mut symbols) = ('\0', 0, 0);
        for c in word.chars() {
            let symbol = match c {
                _ if c.is_uppercase() => 'X',
                _ if c.is_lowercase() => 'x',
                '0'..='9' => 'd',
                _ if c.is_ascii() => c,
                _ => 'o',
            };
            run = if symbol == previous { run + 1 } else { 1 };
            previous = symbol;
            if run <= 3 {
                self.shape.push(symbol);
                symbols += 1;
                if symbols == SHAPE_MAX {
                    break;
                }
            }
        }
    }
}

fn first(text: &str, count: usize) -> &str {
    let end = text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

fn last(text: &str, count: usize) -> &str {
    let start = text.char_indices().nth_back(count - 1).map_or(0, |(at, _)| at);
    text.get(start..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_told_apart() {
        for (word, case) in [
            ("of", Case::Lower),
            ("a", Case::Lower),
            ("Paris", Case::Title),
            ("Élise", Case::Title),
            ("NATO", Case::Upper),
            ("J", Case::OneUpper),
            ("iPhone", Case::Mixed),
            ("McDonald", Case::Mixed),
            ("1998", Case::Digits),
            ("G20", Case::Alphanumeric),
            ("$", Case::Other),
            ("京", Case::Other),
        ] {
            assert_eq!(Case::of(word), case, "{word}");
        }
    }

    #[test]
    fn affixes_are_by_characters() {
        assert_eq!((first("über", 3), last("über", 3)), ("übe", "ber"));
        assert_eq!((first("ü", 3), last("ü", 3)), ("ü", "ü"));
        assert_eq!((first("", 3), last("", 2)), ("", ""));
    }

    #[test]
    fn a_shape_is_short() {
        let mut scratch = Scratch::default();
        for (word, shape) in [
            ("Paris", "Xxxx"),
            ("USA", "XXX"),
            ("UNESCO", "XXX"),
            ("1998", "ddd"),
            ("A1b2C3d4E5f6", "XdxdXdxdXd"),
            ("京", "o"),
            ("\u{2014}", "o"),
            ("%", "%"),
        ] {
            scratch.take(word);
            assert_eq!(scratch.shape, shape, "{word}");
        }
        scratch.take("KÖLN2025");
        assert_eq!(
            (scratch.lower.as_str(), scratch.normal.as_str()),
            ("köln2025", "köln0000")
        );
    }
}
