//! Whether a text of no certain language may be English, by its small words. Never says which other language it is.

use crate::limits::Limits;

/// Small words of English that are rare in other languages. Sorted, as all lists here.
#[rustfmt::skip]
const ENGLISH: &[&str] = &[
    "about", "after", "against", "also", "and", "are", "been", "before", "being", "between", "but", "can",
    "could", "did", "does", "during", "each", "every", "from", "has", "his", "how", "into", "its", "may",
    "more", "not", "off", "our", "out", "own", "said", "says", "she", "should", "since", "some", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "too", "until", "what", "when",
    "where", "which", "while", "who", "whom", "why", "with", "without", "would", "you", "your",
];

/// Small words of English that others have too.
#[rustfmt::skip]
const SHARED: &[&str] = &[
    "a", "all", "am", "an", "as", "at", "be", "by", "do", "for", "had", "have", "he", "her", "i", "if", "in",
    "is", "it", "most", "must", "my", "no", "of", "on", "one", "or", "over", "so", "to", "under", "up",
    "was", "we", "were", "will",
];

/// Small words of other languages that are neither English nor often part of a name in English.
#[rustfmt::skip]
const FOREIGN: &[&str] = &[
    "aan", "adalah", "af", "akan", "al", "alla", "amb", "anche", "ang", "ao", "att", "au", "auch", "auf", "aus",
    "aux", "av", "avec", "az", "að", "bei", "bij", "bir", "ble", "blev", "bu", "byl", "ce", "cette", "che",
    "como", "con", "cuando", "các", "có", "của", "daha", "dal", "dalam", "dans", "dari", "das", "dat", "dei",
    "della", "delle", "dem", "dengan", "des", "det", "detta", "deze", "dhe", "di", "din", "dla", "donde", "dos",
    "du", "ed", "een", "efter", "egy", "ei", "ein", "eine", "einem", "einen", "einer", "el", "elle", "eller",
    "els", "en", "entre", "er", "es", "este", "está", "et", "ett", "että", "foi", "fra", "från", "fue", "för",
    "für", "gli", "haben", "har", "heeft", "het", "hoe", "hogy", "hvad", "hvem", "hvor", "hän", "ikke", "il",
    "ile", "im", "ini", "inte", "ir", "ist", "itu", "için", "ja", "jak", "jako", "je", "jeg", "jest", "jsou",
    "kad", "ke", "không", "koji", "kommer", "který", "kun", "la", "les", "leur", "lo", "là", "maar", "mais",
    "mga", "mit", "mutta", "muy", "myös", "más", "một", "naar", "nach", "nebo", "nel", "nella", "nem", "ng",
    "người", "nicht", "nie", "niet", "një", "noch", "non", "nous", "nur", "não", "në", "och", "od", "oder",
    "og", "også", "olarak", "oleh", "oli", "ont", "ook", "oraz", "os", "ovat", "où", "pada", "para", "pe",
    "pela", "pelo", "pero", "più", "po", "por", "przez", "przy", "på", "për", "que", "questo", "qui", "quien",
    "qué", "sau", "se", "sebuah", "sen", "ses", "sich", "sig", "sind", "się", "ska", "skal", "sobre", "som",
    "sono", "sont", "sur", "sus", "são", "tidak", "til", "të", "uit", "uma", "una", "und", "untuk", "var", "ve",
    "ved", "vir", "você", "vom", "voor", "vous", "và", "wat", "wer", "werd", "werden", "wie", "wird", "worden",
    "wordt", "wurde", "yang", "za", "zijn", "zum", "zur", "är", "çok", "és", "été", "în", "über", "że", "și",
];

/// In a text of so many words some small word of English stands, and at least one in so many.
const WORDS_MIN: usize = 15;
const WORDS_PER_ENGLISH: usize = 12;

/// False where the opening of `text` is visibly not English: other scripts, more small words of other languages than of
/// English, or none of English where there should be some. A headline or a short item of names alone may be.
pub fn may_be_english(text: &str, limits: &Limits) -> bool {
    let opening = text
        .get(..text.floor_char_boundary(limits.language_bytes_max))
        .unwrap_or_default();
    let letters = || opening.chars().filter(|c| c.is_alphabetic());
    if letters().filter(|c| !is_latin(*c)).count() * 2 > letters().count() {
        return false;
    }
    let (mut words, mut english, mut shared, mut foreign) = (0_usize, 0_usize, 0_usize, 0_usize);
    let ends = |c: char| !c.is_alphabetic() && !matches!(c, '\'' | '\u{2019}');
    for word in opening.split(ends).filter(|word| !word.is_empty()) {
        words += 1;
        let is_in = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(word));
        if is_in(ENGLISH) {
            english += 1;
        } else if word != "i" && is_in(SHARED) {
            shared += 1;
        } else if FOREIGN.binary_search(&word).is_ok() || has_accents(word) {
            // In capitals it may be a name: "Los Angeles", "Der Spiegel".
            foreign += 1;
        }
    }
    let is_foreign = foreign > english + shared || english == 0 && foreign >= 2;
    let lacks_english = words >= WORDS_MIN && (english + shared) * WORDS_PER_ENGLISH < words;
    !is_foreign && !lacks_english
}

/// Of the Latin script, by the blocks that hold its letters.
fn is_latin(c: char) -> bool {
    matches!(c, '\0'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}')
}

/// A word in small letters with an accent, such as English hardly has.
fn has_accents(word: &str) -> bool {
    let is_accented = |c: char| !c.is_ascii() && c.is_alphabetic();
    word.chars().any(is_accented) && !word.chars().any(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_apart() {
        for list in [ENGLISH, SHARED, FOREIGN] {
            assert!(list.is_sorted());
        }
        assert!(
            !FOREIGN
                .iter()
                .any(|word| ENGLISH.contains(word) || SHARED.contains(word))
        );
    }

    #[test]
    fn what_is_visibly_not_english_is_not() {
        for (text, expected) in [
            ("Lakers beat Celtics 110-102", true),
            ("Yes", true),
            ("", true),
            ("Sheikh Hasina, Aung San Suu Kyi, Joko Widodo", true),
            ("Los Angeles mayor Karen Bass meets Emmanuel Macron", true),
            ("Beyonc\u{e9} and Zo\u{eb} Kravitz win in Cannes", true),
            ("Caf\u{e9} owners in Antwerp fined for late closing", true),
            ("STANDINGS Boston 92 70 Toronto 91 71 New York 84 78", true),
            (
                "Der er brand i B\u{f8}rsen i K\u{f8}benhavn, oplyser Hovedstadens Beredskab tirsdag morgen.",
                false,
            ),
            (
                "Apple overvejer at k\u{f8}be et britisk startup for 1 milliard dollar.",
                false,
            ),
            ("Wo bist du und was ist die Hauptstadt von Deutschland?", false),
            ("Das Parlament in Wien hat den Haushalt beschlossen", true),
            ("Nouvelles attaques de Trump dans la presse", false),
            ("Премьер-министр заявил", false),
            ("首相は月曜日に述べた", false),
            (
                "Kata juru bicara Istana Presiden Jakarta Senin pagi Menteri Keuangan Sri Mulyani Indrawati bertemu Gubernur",
                false,
            ),
        ] {
            assert_eq!(may_be_english(text, &Limits::default()), expected, "{text}");
        }
    }

    #[test]
    fn looks_no_further_than_the_limit() {
        let text = format!(
            "{}{}",
            "The minister said. ".repeat(60),
            "Der er brand og det er ikke. ".repeat(60)
        );
        assert!(may_be_english(&text, &Limits::default()));
    }
}
