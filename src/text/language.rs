//! The language of a text as a BCP 47 tag. Never guesses: `und` where the text is short or the detector unsure.

use whatlang::Lang;

use crate::limits::Limits;

/// The tag of a language that could not be determined.
pub const UNDETERMINED: &str = "und";

/// ISO 639-3 codes that have a code of two letters. Sorted.
#[rustfmt::skip]
const TWO_LETTERS: &[(&str, &str)] = &[
    ("afr", "af"), ("aka", "ak"), ("amh", "am"), ("ara", "ar"), ("aze", "az"), ("bel", "be"), ("ben", "bn"),
    ("bul", "bg"), ("cat", "ca"), ("ces", "cs"), ("cmn", "zh"), ("cym", "cy"), ("dan", "da"), ("deu", "de"),
    ("ell", "el"), ("eng", "en"), ("epo", "eo"), ("est", "et"), ("fin", "fi"), ("fra", "fr"), ("guj", "gu"),
    ("heb", "he"), ("hin", "hi"), ("hrv", "hr"), ("hun", "hu"), ("hye", "hy"), ("ind", "id"), ("ita", "it"),
    ("jav", "jv"), ("jpn", "ja"), ("kan", "kn"), ("kat", "ka"), ("khm", "km"), ("kor", "ko"), ("lat", "la"),
    ("lav", "lv"), ("lit", "lt"), ("mal", "ml"), ("mar", "mr"), ("mkd", "mk"), ("mya", "my"), ("nep", "ne"),
    ("nld", "nl"), ("nob", "nb"), ("ori", "or"), ("pan", "pa"), ("pes", "fa"), ("pol", "pl"), ("por", "pt"),
    ("ron", "ro"), ("rus", "ru"), ("sin", "si"), ("slk", "sk"), ("slv", "sl"), ("sna", "sn"), ("spa", "es"),
    ("srp", "sr"), ("swe", "sv"), ("tam", "ta"), ("tel", "te"), ("tgl", "tl"), ("tha", "th"), ("tuk", "tk"),
    ("tur", "tr"), ("ukr", "uk"), ("urd", "ur"), ("uzb", "uz"), ("vie", "vi"), ("yid", "yi"), ("zul", "zu"),
];

/// Fewest letters that a detection may rest on.
const LETTERS_MIN: usize = 24;

/// A text with fewer bytes may mislead the detector.
const SHORT: usize = 300;

/// What the detector takes a short English text full of foreign names for.
#[rustfmt::skip]
const MISTAKEN: &[Lang] = &[
    Lang::Afr, Lang::Aka, Lang::Epo, Lang::Jav, Lang::Lat, Lang::Sna, Lang::Tgl, Lang::Tuk, Lang::Uzb, Lang::Zul,
];

/// Frequent words of English that no other language in `TWO_LETTERS` has among its own.
const ENGLISH: &[&str] = &[
    "after", "against", "and", "between", "from", "have", "said", "says", "that", "the", "their", "they",
    "told", "were", "which", "with", "would",
];

/// The declared language, if it is a plausible tag, else the detected one.
pub fn language(declared: Option<&str>, text: &str, limits: &Limits) -> String {
    declared
        .and_then(normalise)
        .unwrap_or_else(|| detect(text, limits).to_owned())
}

/// The language of the opening of `text`, two letters where ISO 639-1 has them.
pub fn detect(text: &str, limits: &Limits) -> &'static str {
    let opening = text
        .get(..text.floor_char_boundary(limits.language_bytes_max))
        .unwrap_or_default();
    if opening
        .chars()
        .filter(|c| c.is_alphabetic())
        .take(LETTERS_MIN)
        .count()
        < LETTERS_MIN
    {
        return UNDETERMINED;
    }
    let sure = whatlang::detect(opening).filter(whatlang::Info::is_reliable);
    let doubtful = |info: &whatlang::Info| opening.len() < SHORT && MISTAKEN.contains(&info.lang());
    if sure.as_ref().is_none_or(doubtful) && is_english(opening) {
        return "en";
    }
    sure.map_or(UNDETERMINED, |info| tag(info.lang()))
}

/// True where two different words that English alone has stand, and at least one word in twelve is one: a short text
/// full of foreign names misleads a detector that counts letters.
fn is_english(text: &str) -> bool {
    let (mut words, mut telling, mut first) = (0_usize, 0_usize, None);
    let mut different = false;
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        words += 1;
        if let Some(at) = ENGLISH.iter().position(|known| known.eq_ignore_ascii_case(word)) {
            telling += 1;
            different |= *first.get_or_insert(at) != at;
        }
    }
    different && telling * 12 >= words
}

/// `en_US` becomes `en-US`, "EN" becomes "en", "eng" becomes "en"; `None` for what is no tag.
pub fn normalise(declared: &str) -> Option<String> {
    let declared = declared.trim();
    if declared.len() > 35 {
        return None;
    }
    let mut parts = declared.split(['-', '_']);
    let primary = parts.next()?.to_ascii_lowercase();
    if !(2..=3).contains(&primary.len())
        || !primary.bytes().all(|b| b.is_ascii_lowercase())
        || primary == UNDETERMINED
    {
        return None;
    }
    let mut tag = Lang::from_code(&primary).map_or(primary, |lang| self::tag(lang).to_owned());
    for part in parts {
        if part.is_empty() || part.len() > 8 || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        tag.push('-');
        match part.len() {
            2 => tag.push_str(&part.to_ascii_uppercase()),
            4 if part.bytes().all(|b| b.is_ascii_alphabetic()) => {
                tag.push_str(&part.get(..1)?.to_ascii_uppercase());
                tag.push_str(&part.get(1..)?.to_ascii_lowercase());
            }
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    Some(tag)
}

/// The shortest code of a language, as BCP 47 wants it.
fn tag(lang: Lang) -> &'static str {
    let code = lang.code();
    TWO_LETTERS
        .binary_search_by(|(three, _)| (*three).cmp(code))
        .ok()
        .and_then(|at| TWO_LETTERS.get(at))
        .map_or(code, |(_, two)| *two)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted() {
        assert!(TWO_LETTERS.is_sorted());
    }

    #[test]
    fn short_english_full_of_names() {
        for (text, expected) in [
            (
                "DHAKA, Bangladesh — Sheikh Hasina met Aung San Suu Kyi. Hasina and Suu Kyi spoke of the Rohingya.",
                "en",
            ),
            (
                "MANILA, Philippines (AP) -- A court convicted two men. The Philippines said Manila would appeal.",
                "en",
            ),
            (
                "Der Film \"The King and I\" läuft heute Abend in München im Kino, sagte der Leiter des Hauses.",
                "de",
            ),
            ("Sri Mulyani Indrawati, Joko Widodo, Prabowo Subianto", "und"),
        ] {
            let found = detect(text, &Limits::default());
            assert!(
                found == expected || expected == "und" && found != "en",
                "{text}: {found}"
            );
        }
    }

    #[test]
    fn keeps_plausible_declarations() {
        for (declared, expected) in [
            ("en", Some("en")),
            ("en_US", Some("en-US")),
            ("EN-gb", Some("en-GB")),
            ("zh-hans-cn", Some("zh-Hans-CN")),
            ("eng", Some("en")),
            ("es-419", Some("es-419")),
            ("English", None),
            ("und", None),
            ("", None),
            ("en-", None),
            ("e", None),
            ("12", None),
        ] {
            assert_eq!(normalise(declared).as_deref(), expected, "{declared}");
        }
    }

    #[test]
    fn detects_only_when_sure() {
        let limits = Limits::default();
        for (text, expected) in [
            (
                "The prime minister said on Monday that the government would not raise taxes this year.",
                "en",
            ),
            (
                "Der Bundeskanzler sagte am Montag, die Regierung werde die Steuern nicht erhöhen.",
                "de",
            ),
            (
                "Le premier ministre a déclaré lundi que le gouvernement n'augmenterait pas les impôts.",
                "fr",
            ),
            (
                "Премьер-министр заявил в понедельник, что правительство не будет повышать налоги.",
                "ru",
            ),
            ("Yes", "und"),
            ("", "und"),
            ("12345 67890 12345 67890 12345", "und"),
        ] {
            assert_eq!(language(None, text, &limits), expected, "{text}");
        }
        assert_eq!(
            language(Some("fr_CA"), "The prime minister said on Monday that", &limits),
            "fr-CA"
        );
    }

    #[test]
    fn looks_no_further_than_the_limit() {
        let text = "The prime minister said on Monday that the government would not raise taxes.";
        assert_eq!(
            detect(
                text,
                &Limits {
                    language_bytes_max: 10,
                    ..Limits::default()
                }
            ),
            "und"
        );
    }
}
