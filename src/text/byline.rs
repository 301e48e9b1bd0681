//! Lines that name who wrote a story: "By John Smith and Jane Doe, Reuters". Better no name than a wrong one.

use unicode_normalization::char::is_combining_mark;

/// Words of roles, desks and houses: where one stands, a part is no person.
const NOT_PERSONS: &[&str] = &[
    "admin",
    "administrator",
    "agencies",
    "agency",
    "associated",
    "associates",
    "bureau",
    "business",
    "contributor",
    "correspondent",
    "correspondents",
    "crime",
    "daily",
    "desk",
    "editor",
    "editorial",
    "editors",
    "express",
    "foreign",
    "gazette",
    "guest",
    "herald",
    "international",
    "journal",
    "magazine",
    "media",
    "national",
    "network",
    "news",
    "newsdesk",
    "newsroom",
    "online",
    "our",
    "photographer",
    "photos",
    "political",
    "post",
    "press",
    "producer",
    "reporter",
    "reporters",
    "reporting",
    "reuters",
    "science",
    "senior",
    "service",
    "special",
    "sports",
    "staff",
    "story",
    "team",
    "telegraph",
    "the",
    "times",
    "today",
    "tribune",
    "unknown",
    "web",
    "wire",
    "wires",
    "writer",
    "writers",
];

/// Small words inside names of persons.
const PARTICLES: &[&str] = &[
    "af", "al", "bin", "bint", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn",
    "la", "le", "ten", "ter", "van", "von", "y", "zu",
];

/// Who wrote it, as far as a byline says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Byline {
    /// Persons, in order.
    pub persons: Vec<String>,
    /// The first part that is known as an agency.
    pub agency: Option<String>,
}

/// Takes a byline that a field gives apart; parts that are not surely a person or agency are left out.
pub fn parse(written: &str, is_agency: impl Fn(&str) -> bool) -> Byline {
    let mut byline = Byline::default();
    let text = without_contacts(written);
    let text = without_opening(&text);
    for part in parts(text) {
        if is_agency(part) {
            byline.agency.get_or_insert_with(|| part.to_owned());
        } else if let Some(person) = person(part)
            && !byline.persons.contains(&person)
        {
            byline.persons.push(person);
        }
    }
    byline
}

/// As `parse`, for a field that names authors: a name that stands alone is kept in any shape ("Cher", "bell hooks")
/// unless it is plainly no person.
pub fn parse_given(written: &str, is_agency: impl Fn(&str) -> bool) -> Byline {
    let mut byline = parse(written, &is_agency);
    let text = without_contacts(written);
    let mut parts = parts(without_opening(&text));
    if byline == Byline::default()
        && let (Some(name), None) = (parts.next(), parts.next())
        && is_bare_name(name)
    {
        byline.persons.push(name.to_owned());
    }
    byline
}

/// One to five words that hold letters and are no role; more than two do not open with a small letter.
fn is_bare_name(name: &str) -> bool {
    let words = name.split_whitespace().count();
    let marks = |c: char| matches!(c, ' ' | '.' | '-' | '\'' | '\u{2019}' | '\u{b7}' | '\u{30fb}');
    words
        <= if name.starts_with(char::is_lowercase) {
            2
        } else {
            5
        }
        && name.len() <= 60
        && name.chars().any(char::is_alphabetic)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || is_combining_mark(c) || marks(c))
        && !is_role(name)
}

/// True where a line of its own clearly is a byline: "By" and at least one person, short, no sentence.
pub fn is_byline(line: &str, is_agency: impl Fn(&str) -> bool) -> bool {
    let line = line.trim();
    let opens = ["By ", "BY "].iter().any(|by| line.starts_with(by));
    if !opens || line.len() > 120 || line.ends_with(['.', '!', '?', ':', ';']) {
        return false;
    }
    let text = without_contacts(line);
    let fit = |part: &str| is_agency(part) || person(part).is_some() || is_role(part);
    parts(without_opening(&text)).all(fit) && !parse(line, is_agency).persons.is_empty()
}

fn without_opening(text: &str) -> &str {
    let text = text.trim();
    for opening in ["Written by", "Reporting by", "Reported by", "By", "BY", "by"] {
        if let Some(rest) = text.strip_prefix(opening)
            && rest.starts_with(|c: char| c.is_whitespace() || c == ':')
        {
            return rest.trim_start_matches(|c: char| c.is_whitespace() || c == ':');
        }
    }
    // German, French, Spanish, Swedish; "Von Miller" is a name.
    match text.split_once(' ') {
        Some(("Von" | "Par" | "Por" | "Av", rest)) if rest.trim().contains(' ') => rest.trim(),
        _ => text,
    }
}

/// Without e-mail addresses, handles, links and what stands in brackets ("a@b.org (John Smith)" keeps the name).
fn without_contacts(written: &str) -> String {
    let address_first = written
        .split_whitespace()
        .next()
        .is_some_and(|word| word.contains('@'));
    let mut out = String::with_capacity(written.len());
    let mut depth = 0_usize;
    for word in written.split_whitespace() {
        let bare = word.trim_start_matches('(');
        let opens = word.matches(['(', '<', '[']).count();
        let closes = word.matches([')', '>', ']']).count();
        let inside = depth > 0 || word.starts_with(['(', '<', '[']);
        depth = (depth + opens).saturating_sub(closes);
        if bare.contains('@')
            || bare.contains("://")
            || bare.starts_with("www.")
            || (inside && !address_first)
        {
            if word.ends_with([',', ';']) {
                out.push(',');
            }
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word.trim_matches(|c: char| matches!(c, '(' | ')' | '[' | ']' | '<' | '>')));
    }
    out
}

/// The parts between commas, semicolons, slashes, bars, dashes, "and", "with" and "for".
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '/', '|', '&', '\u{2022}', '\u{2014}', '\u{2013}', '\n'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" AND "))
        .flat_map(|part| part.split(" with "))
        .flat_map(|part| part.split(" for "))
        .flat_map(|part| part.split(" in "))
        .flat_map(|part| part.split(" - "))
        .map(|part| part.trim().trim_start_matches("and "))
        .filter(|part| !part.is_empty())
}

fn is_role(part: &str) -> bool {
    part.len() <= 60
        && part
            .split_whitespace()
            .any(|word| NOT_PERSONS.contains(&word.to_lowercase().as_str()))
}

/// "John Smith", "JOHN SMITH", "J. K. van Rowling": two to five words of a name, in ordinary case.
fn person(part: &str) -> Option<String> {
    let words: Vec<&str> = part.split_whitespace().collect();
    if !(2..=5).contains(&words.len()) || part.len() > 60 || is_role(part) {
        return None;
    }
    let ends_capital = words.first().is_some_and(|word| is_capital(word))
        && words.last().is_some_and(|word| is_capital(word));
    let fits = |word: &&str| is_capital(word) || PARTICLES.contains(&word.to_lowercase().as_str());
    if !ends_capital || !words.iter().all(fits) || !words.iter().any(|word| word.len() > 2) {
        return None;
    }
    let shout = part.chars().all(|c| !c.is_lowercase());
    let name = |word: &&str| {
        if shout {
            in_name_case(word)
        } else {
            (*word).to_owned()
        }
    };
    Some(words.iter().map(name).collect::<Vec<_>>().join(" "))
}

fn is_capital(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
        && word
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '\u{2019}' | '\u{300}'..='\u{36F}'))
}

/// "O'NEILL" becomes "O'Neill", "SMITH-JONES" becomes "Smith-Jones", "VAN" becomes "van".
fn in_name_case(word: &str) -> String {
    let lower = word.to_lowercase();
    if PARTICLES.contains(&lower.as_str()) {
        return lower;
    }
    let mut upper_next = true;
    let mut out = String::with_capacity(word.len());
    for c in lower.chars() {
        if upper_next {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        upper_next = matches!(c, '-' | '.' | '\'' | '\u{2019}');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_agency(name: &str) -> bool {
        matches!(
            name,
            "Reuters" | "AP" | "Associated Press" | "The Associated Press"
        )
    }

    #[test]
    fn reads_bylines() {
        for (written, persons, agency) in [
            (
                "By John Smith and Jane Doe, Reuters",
                &["John Smith", "Jane Doe"][..],
                Some("Reuters"),
            ),
            ("John Smith", &["John Smith"], None),
            ("Von Christian Hollmann", &["Christian Hollmann"], None),
            ("Por Ana de la Cruz", &["Ana de la Cruz"], None),
            ("Von Miller", &["Von Miller"], None),
            (
                "By JOHN O'NEILL, Associated Press",
                &["John O'Neill"],
                Some("Associated Press"),
            ),
            ("BY JAN VAN DER BERG", &["Jan van der Berg"], None),
            ("Reuters", &[], Some("Reuters")),
            ("Jane Doe, Senior Political Correspondent", &["Jane Doe"], None),
            ("jane@example.org (Jane Doe)", &["Jane Doe"], None),
            ("Jane Doe <jane@example.org>", &["Jane Doe"], None),
            ("Jane Doe | Daily Herald", &["Jane Doe"], None),
            (
                "J. K. Rowling; Mary-Ann Evans",
                &["J. K. Rowling", "Mary-Ann Evans"],
                None,
            ),
            (
                "John Smith, Jane Doe, and Max Mustermann",
                &["John Smith", "Jane Doe", "Max Mustermann"],
                None,
            ),
            ("Staff Writer", &[], None),
            ("The Newsroom", &[], None),
            ("admin", &[], None),
            ("Our Correspondent in Kabul", &[], None),
            ("by Jane Doe", &["Jane Doe"], None),
            ("Jane Doe, Jane Doe", &["Jane Doe"], None),
            ("@janedoe", &[], None),
            ("", &[], None),
            ("who said it was fine", &[], None),
        ] {
            let byline = parse(written, is_agency);
            assert_eq!(byline.persons, persons, "{written}");
            assert_eq!(byline.agency.as_deref(), agency, "{written}");
        }
    }

    #[test]
    fn keeps_given_names_of_any_shape() {
        for (written, persons) in [
            ("Cher", &["Cher"][..]),
            ("By Cher", &["Cher"]),
            ("A B", &["A B"]),
            ("bell hooks", &["bell hooks"]),
            ("\u{738b}\u{5c0f}\u{660e}", &["\u{738b}\u{5c0f}\u{660e}"]),
            ("John Smith, London", &["John Smith"]),
            ("Cher <cher@example.org>", &["Cher"]),
            ("Reuters", &[]),
            ("admin", &[]),
            ("Staff", &[]),
            ("Our Correspondent in Kabul", &[]),
            ("who said it was fine", &[]),
            ("Cher, London", &[]),
            ("@cher", &[]),
            ("123", &[]),
            ("", &[]),
        ] {
            assert_eq!(parse_given(written, is_agency).persons, persons, "{written}");
        }
    }

    #[test]
    fn knows_a_byline_line() {
        for (line, expected) in [
            ("By John Smith", true),
            ("By JOHN SMITH, Associated Press", true),
            ("By Jane Doe, Staff Writer", true),
            ("By Friday the storm had passed", false),
            ("By John Smith.", false),
            ("By then John Smith had left", false),
            ("John Smith", false),
            ("By", false),
        ] {
            assert_eq!(is_byline(line, is_agency), expected, "{line}");
        }
    }
}
