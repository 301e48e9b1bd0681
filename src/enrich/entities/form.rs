//! Names as they are compared: without case, accents, punctuation, possessives. Never shown to anybody.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::article::EntityType;

/// Types among which a name can go astray and still mean the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Family {
    Person,
    Body,
    Place,
    People,
    Event,
    Work,
    Product,
}

impl Family {
    pub(super) const fn of(kind: EntityType) -> Self {
        match kind {
            EntityType::Person => Self::Person,
            EntityType::Org => Self::Body,
            EntityType::Gpe | EntityType::Loc | EntityType::Fac => Self::Place,
            EntityType::Norp => Self::People,
            EntityType::Event => Self::Event,
            EntityType::Work => Self::Work,
            EntityType::Product => Self::Product,
        }
    }
}

/// `name` in lower case without accents, punctuation, a leading article and a possessive; hyphens are spaces.
pub(super) fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in name.nfd().filter(|&c| !is_combining_mark(c)) {
        match c {
            '.' | ',' | '!' | '"' | '\u{201C}' | '\u{201D}' | '\u{ad}' => {}
            '-' | '\u{2010}'..='\u{2015}' => push_space(&mut folded),
            '\u{2019}' | '\u{2018}' | '\u{2bc}' | '`' => folded.push('\''),
            _ if c.is_whitespace() => push_space(&mut folded),
            _ => folded.extend(c.to_lowercase()),
        }
    }
    let folded = folded.trim();
    let folded = folded.strip_suffix("'s").unwrap_or(folded);
    let folded = folded.trim_end_matches('\'');
    folded.strip_prefix("the ").unwrap_or(folded).to_owned()
}

fn push_space(folded: &mut String) {
    if !folded.is_empty() && !folded.ends_with(' ') {
        folded.push(' ');
    }
}

/// True for "IAEA", "U.N.", "AT&T", "G8": two to eight capitals, perhaps with full stops, ampersands, digits.
pub(super) fn is_acronym(name: &str) -> bool {
    let mut capitals = 0;
    for c in name.chars() {
        match c {
            '.' | '&' | '-' => {}
            _ if c.is_uppercase() => capitals += 1,
            _ if c.is_ascii_digit() => {}
            _ => return false,
        }
    }
    (2..=8).contains(&capitals)
}

/// True where the letters are all capitals and there are more than an acronym has.
pub(super) fn is_shouted(name: &str) -> bool {
    name.chars().filter(|c| c.is_alphabetic()).count() > 4 && !name.chars().any(char::is_lowercase)
}

/// First letters of the words of a folded name, and the same without small words: "iaea".
pub(super) fn initials(folded: &str) -> [String; 2] {
    let of = |keep: &dyn Fn(&&str) -> bool| {
        folded
            .split(' ')
            .filter(keep)
            .filter_map(|word| word.chars().next())
            .collect()
    };
    [of(&|word| !is_small(word)), of(&|_| true)]
}

/// Words that acronyms leave out.
fn is_small(word: &str) -> bool {
    matches!(
        word,
        "a" | "and" | "&" | "for" | "in" | "of" | "on" | "the" | "to" | "de" | "la" | "du" | "des"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_in_many_spellings_folds_to_one() {
        for (name, folded) in [
            ("U.N.", "un"),
            ("the U.S.'s", "us"),
            ("Fatah al-Islam", "fatah al islam"),
            ("Recep Tayyip Erdo\u{11f}an", "recep tayyip erdogan"),
            ("Jobs'", "jobs"),
            ("Yahoo!", "yahoo"),
            ("Don't Ask, Don't Tell", "don't ask don't tell"),
            ("Shi\u{2019}ite", "shi'ite"),
            ("  New\nYork ", "new york"),
            ("", ""),
        ] {
            assert_eq!(fold(name), folded, "{name:?}");
        }
    }

    #[test]
    fn acronyms_and_initials() {
        for (name, is) in [
            ("IAEA", true),
            ("U.N.", true),
            ("AT&T", true),
            ("Nato", false),
            ("X", false),
            ("", false),
        ] {
            assert_eq!(is_acronym(name), is, "{name}");
        }
        assert_eq!(initials("university of east anglia"), ["uea", "uoea"]);
    }
}
