//! Names of months and weekdays in English, and days that exist. Never knows today.

/// The month, 1 to 12, that `word` names in full or short, in any case and without a full stop.
pub fn month(word: &str) -> Option<u8> {
    const NAMES: [&str; 12] = [
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
    ];
    if word.len() > 9 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    if lower == "sept" {
        return Some(9);
    }
    let place = NAMES
        .iter()
        .position(|name| *name == lower || (lower.len() == 3 && name.starts_with(&lower)))?;
    u8::try_from(place + 1).ok()
}

/// True where `word` names a day of the week, in full or short, in any case and without a full stop.
pub fn is_weekday(word: &str) -> bool {
    const NAMES: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    const SHORT: [&str; 10] = [
        "mon", "tue", "tues", "wed", "weds", "thu", "thur", "thurs", "fri", "sat",
    ];
    if word.len() > 9 {
        return false;
    }
    let lower = word.to_ascii_lowercase();
    lower == "sun" || NAMES.contains(&lower.as_str()) || SHORT.contains(&lower.as_str())
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
            ("Ma", None),
            ("Marc", None),
            ("", None),
        ] {
            assert_eq!(month(word), number, "{word}");
        }
        assert!(is_weekday("Monday") && is_weekday("SUN") && is_weekday("Thurs") && !is_weekday("Sunny"));
    }

    #[test]
    fn days() {
        assert!(exists(None, 2, 29) && exists(Some(2024), 2, 29) && !exists(Some(2023), 2, 29));
        assert!(!exists(None, 2, 30) && !exists(None, 4, 31) && !exists(None, 13, 1) && !exists(None, 1, 0));
    }
}
