//! Words that are written with a full stop in English news. Plain tables; never decides where a sentence ends.

/// Titles and the like: a name follows, so the full stop never ends a sentence.
const BEFORE_A_NAME: &[&str] = &[
    "adm", "amb", "assoc", "asst", "atty", "brig", "capt", "cardinal", "cmdr", "col", "cpl", "cpt", "det",
    "dr", "esq", "fr", "ft", "gen", "gov", "hon", "insp", "lt", "maj", "messrs", "mlle", "mme", "mr", "mrs",
    "ms", "msgr", "mt", "pfc", "pres", "prof", "pvt", "rep", "reps", "rev", "sen", "sens", "sgt", "spc",
    "sr", "st", "ste", "supt", "vs",
];

/// A number follows: then the full stop does not end a sentence, else it may.
const BEFORE_A_NUMBER: &[&str] = &[
    "apr", "art", "aug", "ca", "dec", "feb", "fig", "jan", "jul", "jun", "mar", "no", "nos", "nov", "oct",
    "pp", "sec", "sep", "sept", "vol",
];

/// Anything may follow; the full stop ends a sentence only where a new one clearly opens.
const ANYWHERE: &[&str] = &[
    "a.m", "al", "ala", "ariz", "ark", "assn", "ave", "blvd", "bros", "calif", "co", "colo", "conn", "corp",
    "d.c", "del", "dept", "dist", "e.g", "est", "etc", "fla", "i.e", "ill", "inc", "ind", "jr", "kan", "ky",
    "ltd", "mass", "md", "mich", "minn", "mo", "mont", "n.c", "n.d", "n.h", "n.j", "n.m", "n.y", "neb",
    "nev", "okla", "ore", "p.m", "pa", "ph.d", "phil", "plc", "pty", "r.i", "rd", "s.c", "s.d", "tenn",
    "tex", "u.k", "u.n", "u.s", "univ", "va", "vt", "w.va", "wash", "wis", "wyo",
];

/// Bytes of the longest word that may be an abbreviation, initials like "J.R.R" among them.
const LONGEST: usize = 12;

/// What a full stop after a word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Part of an abbreviation that a name follows.
    BeforeName,
    /// Part of an abbreviation where a number follows, else perhaps the end of a sentence.
    BeforeNumber,
    /// Part of an abbreviation, and perhaps the end of a sentence too.
    Anywhere,
    /// The word is no abbreviation.
    Full,
}

/// What a full stop after `word` (without that full stop) means.
pub fn stop_after(word: &str) -> Stop {
    let mut lower = [0; LONGEST];
    let Some(lower) = lower.get_mut(..word.len()) else {
        return Stop::Full;
    };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    // No word of the tables has other letters.
    let lower = str::from_utf8(lower).unwrap_or_default();
    let starts_upper = word.chars().next().is_some_and(char::is_uppercase);
    let may_precede_number = starts_upper || matches!(lower, "pp" | "ca");
    // Nearly every word, and none that is looked up below.
    if !may_precede_number && !may_be_lower(lower) {
        return Stop::Full;
    }
    if starts_upper && listed(BEFORE_A_NAME, lower) {
        Stop::BeforeName
    } else if may_precede_number && listed(BEFORE_A_NUMBER, lower) {
        Stop::BeforeNumber
    } else if is_initials(word) || (listed(ANYWHERE, lower) && (starts_upper || may_be_lower(lower))) {
        Stop::Anywhere
    } else {
        Stop::Full
    }
}

/// "J", "U.S", "J.R.R", "a.m": single letters with full stops between them. "I" is a word.
pub fn is_initials(word: &str) -> bool {
    let mut parts = 0;
    for part in word.split('.') {
        let mut chars = part.chars();
        if !(chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()) {
            return false;
        }
        parts += 1;
    }
    parts > 1 || (word != "I" && word.chars().all(char::is_uppercase))
}

fn may_be_lower(lower: &str) -> bool {
    lower.contains('.') || matches!(lower, "etc" | "est" | "al" | "plc")
}

fn listed(table: &[&str], lower: &str) -> bool {
    table.binary_search(&lower).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        for table in [BEFORE_A_NAME, BEFORE_A_NUMBER, ANYWHERE] {
            assert!(table.is_sorted(), "{table:?}");
        }
    }

    #[test]
    fn knows_abbreviations() {
        for (word, stop) in [
            ("Mr", Stop::BeforeName),
            ("St", Stop::BeforeName),
            ("Jan", Stop::BeforeNumber),
            ("U.S", Stop::Anywhere),
            ("a.m", Stop::Anywhere),
            ("J", Stop::Anywhere),
            ("Inc", Stop::Anywhere),
            ("etc", Stop::Anywhere),
            ("I", Stop::Full),
            ("no", Stop::Full),
            ("ill", Stop::Full),
            ("gen", Stop::Full),
            ("troops", Stop::Full),
            ("", Stop::Full),
        ] {
            assert_eq!(stop_after(word), stop, "{word}");
        }
    }
}
