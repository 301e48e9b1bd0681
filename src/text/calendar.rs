//! Names of months and weekdays in the languages of the large agencies, and days that exist. Never knows today.

/// Names of the months, full and as newspapers shorten them, lower case. A word that means different months in
/// different languages ("listopada") is left out.
#[rustfmt::skip]
const MONTHS: [&[&str]; 12] = [
    &["january", "jan", "januar", "jänner", "janvier", "janv", "enero", "ene", "gennaio", "gen", "janeiro", "januari",
        "stycznia", "ledna", "января", "янв", "січня", "ocak", "tammikuuta", "ianuarie"],
    &["february", "feb", "februar", "feber", "février", "fevrier", "févr", "fév", "febrero", "febbraio", "febb", "fevereiro",
        "fev", "februari", "lutego", "února", "февраля", "фев", "лютого", "şubat", "helmikuuta", "februarie", "pebruari"],
    &["march", "mar", "märz", "mars", "marzo", "março", "marco", "maart", "mrt", "marca", "března", "марта", "березня",
        "mart", "maaliskuuta", "martie", "maret"],
    &["april", "apr", "avril", "avr", "abril", "abr", "aprile", "kwietnia", "dubna", "апреля", "квітня", "nisan",
        "huhtikuuta", "aprilie"],
    &["may", "mai", "mayo", "maggio", "mag", "maio", "mei", "maj", "maja", "května", "мая", "травня", "mayıs",
        "toukokuuta"],
    &["june", "jun", "juni", "juin", "junio", "giugno", "giu", "junho", "czerwca", "června", "июня", "червня", "haziran",
        "kesäkuuta", "iunie"],
    &["july", "jul", "juli", "juillet", "juil", "julio", "luglio", "lug", "julho", "lipca", "července", "июля", "липня",
        "temmuz", "heinäkuuta", "iulie"],
    &["august", "aug", "août", "aout", "agosto", "ago", "augustus", "augusti", "agustus", "sierpnia", "srpna", "августа",
        "авг", "серпня", "ağustos", "elokuuta"],
    &["september", "sept", "sep", "septembre", "septiembre", "setiembre", "settembre", "sett", "setembro", "września",
        "září", "сентября", "сен", "вересня", "eylül", "syyskuuta", "septembrie"],
    &["october", "oct", "oktober", "okt", "octobre", "octubre", "ottobre", "ott", "outubro", "października", "října",
        "октября", "окт", "жовтня", "ekim", "lokakuuta", "octombrie"],
    &["november", "nov", "novembre", "noviembre", "novembro", "ноября", "ноя", "kasım", "marraskuuta", "noiembrie"],
    &["december", "dec", "dezember", "dez", "décembre", "decembre", "déc", "diciembre", "dic", "dicembre", "dezembro",
        "desember", "des", "grudnia", "prosince", "декабря", "дек", "грудня", "aralık", "joulukuuta", "decembrie"],
];

/// Longest name of a month, in bytes.
const NAME_BYTES_MAX: usize = 24;

/// The month, 1 to 12, that `word` names in full or short, in any case and without a full stop.
pub fn month(word: &str) -> Option<u8> {
    if word.is_empty() || word.len() > NAME_BYTES_MAX {
        return None;
    }
    let lower = word.to_lowercase();
    let place = MONTHS.iter().position(|names| names.contains(&lower.as_str()))?;
    u8::try_from(place + 1).ok()
}

/// True for a month in English or another language that writes months with a capital letter: where such a word
/// stands in small letters ("may", "mars") it is none.
pub fn is_capitalised(word: &str) -> bool {
    let english = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sept",
        "sep",
        "oct",
        "nov",
        "dec",
        "des",
    ];
    english.iter().any(|name| name.eq_ignore_ascii_case(word))
}

/// True where `word` names a day of the week, in full or short, in any case and without a full stop.
pub fn is_weekday(word: &str) -> bool {
    const NAMES: [&str; 39] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "mon",
        "tue",
        "tues",
        "wed",
        "weds",
        "thu",
        "thur",
        "thurs",
        "fri",
        "sat",
        "sun",
        "montag",
        "dienstag",
        "mittwoch",
        "donnerstag",
        "freitag",
        "samstag",
        "sonnabend",
        "sonntag",
        "lundi",
        "mardi",
        "mercredi",
        "jeudi",
        "vendredi",
        "samedi",
        "dimanche",
        "lunes",
        "martes",
        "miércoles",
        "jueves",
        "viernes",
        "sábado",
    ];
    if word.len() > 12 {
        return false;
    }
    let lower = word.to_lowercase();
    NAMES.contains(&lower.as_str())
}

/// True where that day exists; without a year, in some year.
pub fn exists(year: Option<i16>, month: u8, day: u8) -> bool {
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else {
        return false;
    };
    jiff::civil::Date::new(year.unwrap_or(2000), month, day).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (word, number) in [
            ("January", Some(1)),
            ("JULY", Some(7)),
            ("Sept", Some(9)),
            ("dec", Some(12)),
            ("May", Some(5)),
            ("MARZO", Some(3)),
            ("août", Some(8)),
            ("AOÛT", Some(8)),
            ("Okt", Some(10)),
            ("ноября", Some(11)),
            ("Ma", None),
            ("Marc", None),
            ("listopada", None),
            ("", None),
        ] {
            assert_eq!(month(word), number, "{word}");
        }
        assert!(is_weekday("Monday") && is_weekday("SUN") && is_weekday("Thurs") && !is_weekday("Sunny"));
        assert!(is_weekday("lundi") && is_weekday("Miércoles") && !is_weekday("mars"));
    }

    #[test]
    fn no_name_means_two_months() {
        let mut names: Vec<&str> = MONTHS.iter().copied().flatten().copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| name.len() <= NAME_BYTES_MAX));
    }

    #[test]
    fn days() {
        assert!(exists(None, 2, 29) && exists(Some(2024), 2, 29) && !exists(Some(2023), 2, 29));
        assert!(!exists(None, 2, 30) && !exists(None, 4, 31) && !exists(None, 13, 1) && !exists(None, 1, 0));
    }
}
