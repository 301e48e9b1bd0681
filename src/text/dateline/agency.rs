//! The agency of a dateline: "(Reuters)", "/TASS/", "afrol News". Knows the common names; never guesses
//! from a bare word.

use crate::text::dateline::scanner::Scanner;

/// News agencies and wires, lower case, sorted.
const KNOWN: &[&str] = &[
    "360info",
    "aa",
    "aap",
    "accesswire",
    "adnkronos",
    "afp",
    "afrol news",
    "agence france-presse",
    "agencia brasil",
    "agencia efe",
    "agencies",
    "agency",
    "agerpres",
    "agi",
    "agência brasil",
    "aki",
    "allafrica",
    "amna",
    "anadolu",
    "anadolu agency",
    "ani",
    "anp",
    "ansa",
    "antara",
    "ap",
    "ap/afp",
    "apa",
    "aps",
    "armenpress",
    "asianews",
    "associated press",
    "ats",
    "bbc",
    "belga",
    "belta",
    "bernama",
    "beta",
    "bloomberg",
    "bloomberg news",
    "bns",
    "bss",
    "bta",
    "business wire",
    "businessdesk",
    "canadian press",
    "cmc",
    "cnn",
    "cnw",
    "colpisa",
    "cp",
    "ctk",
    "deutsche presse-agentur",
    "dpa",
    "dpa-afx",
    "dts",
    "dw",
    "efe",
    "elta",
    "epd",
    "eurasianet",
    "euronews",
    "europa press",
    "fars",
    "fena",
    "globe newswire",
    "globenewswire",
    "gmanews",
    "hina",
    "ians",
    "inter press service",
    "interfax",
    "interfax-ukraine",
    "ips",
    "irin",
    "irna",
    "isna",
    "itar-tass",
    "jiji",
    "jiji press",
    "jta",
    "kap",
    "kcna",
    "keystone-sda",
    "kna",
    "kuna",
    "kyodo",
    "kyodo news",
    "leta",
    "lusa",
    "makfax",
    "marketwatch",
    "marketwired",
    "mehr",
    "mena",
    "mia",
    "misna",
    "montsame",
    "mti",
    "nampa",
    "newsis",
    "notimex",
    "npr",
    "ntb",
    "ntb scanpix",
    "nyt",
    "nzn",
    "onet",
    "onlajny",
    "pana",
    "pap",
    "petra",
    "pna",
    "pr newswire",
    "prensa latina",
    "press association",
    "prnewswire",
    "prweb",
    "pti",
    "qna",
    "reuters",
    "rfe",
    "rfe/rl",
    "rferl",
    "ria",
    "ria novosti",
    "ritzau",
    "rns",
    "sabc",
    "sana",
    "sapa",
    "sda",
    "shabait",
    "slovak news agency",
    "sputnik",
    "stt",
    "swissinfo",
    "tanjug",
    "tass",
    "telam",
    "the associated press",
    "the canadian press",
    "the conversation",
    "thomson reuters",
    "thomson reuters foundation",
    "tt",
    "télam",
    "ukrinform",
    "un news",
    "unhcr",
    "uni",
    "unian",
    "unicef",
    "united press international",
    "upi",
    "voa",
    "wafa",
    "wam",
    "wfp",
    "xinhua",
    "yle",
    "yna",
    "yonhap",
    "zawya",
];

/// An agency as it stands in a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agency<'t> {
    /// As written, without brackets.
    pub(super) name: &'t str,
    /// True where it is a name we know.
    pub(super) known: bool,
    /// True for "/TASS/".
    pub(super) slashes: bool,
    /// True for "- RIA Novosti.".
    pub(super) stopped: bool,
}

/// The agency in brackets or slashes that comes next.
pub(super) fn bracketed(mut scan: Scanner<'_>) -> Option<(Agency<'_>, Scanner<'_>)> {
    let close = match scan.take_any(&['(', '[', '/'])? {
        '(' => ')',
        '[' => ']',
        _ => '/',
    };
    scan.blanks();
    let inner = scan.take_while(|c| c != close && c != '\n' && c != '(');
    scan.take_any(&[close])?;
    let name = inner.trim();
    let known = is_known(name);
    (known || looks_like_one(name)).then_some((
        Agency {
            name,
            known,
            slashes: close == '/',
            stopped: false,
        },
        scan,
    ))
}

/// A known agency without brackets, which must end at a comma, a blank or a dash.
pub(super) fn bare(scan: Scanner<'_>) -> Option<(Agency<'_>, Scanner<'_>)> {
    let start = scan.at();
    let mut ahead = scan;
    let mut found = None;
    for _ in 0..4 {
        if ahead.take_while(|c| c.is_alphanumeric() || c == '/').is_empty() {
            break;
        }
        let name = ahead.since(start);
        // Short words are agencies only as they are written: "AP", not "Ap" or "ap".
        let written = name.len() > 3 || name.chars().all(char::is_uppercase);
        if written && KNOWN.binary_search(&name.to_lowercase().as_str()).is_ok() {
            found = Some((
                Agency {
                    name,
                    known: true,
                    slashes: false,
                    stopped: false,
                },
                ahead,
            ));
        }
        if ahead.take_while(|c| c == ' ' || c == '-').len() != 1 {
            break;
        }
    }
    found
}

/// True where `name`, or a part of it, is a known agency.
pub(crate) fn is_known(name: &str) -> bool {
    if name.is_empty() || name.len() > 60 {
        return false;
    }
    let lower = name.to_lowercase();
    let listed = |part: &str| KNOWN.binary_search(&part.trim()).is_ok();
    listed(&lower)
        || lower.split(['/', '-', '&', ',']).any(listed)
        || lower
            .split(' ')
            .next()
            .is_some_and(|first| first.len() > 3 && listed(first))
}

/// True where an unknown name in brackets could be an agency: one to four words, most with a capital, nothing else.
fn looks_like_one(name: &str) -> bool {
    let words = name.split(' ').count();
    let capitals = name
        .split(' ')
        .filter(|word| word.starts_with(char::is_uppercase))
        .count();
    (2..=40).contains(&name.len())
        && words <= 4
        && capitals * 2 > words
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '&' | '.' | '\'' | '\u{2019}' | '-' | '/'))
        && !name.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted() {
        assert!(KNOWN.is_sorted());
    }

    #[test]
    fn reads_brackets() {
        for (text, expected) in [
            ("(Reuters) -", Some(("Reuters", true))),
            ("( AP ) _", Some(("AP", true))),
            ("/TASS/.", Some(("TASS", true))),
            ("(AFP-JIJI) -", Some(("AFP-JIJI", true))),
            (
                "(Thomson Reuters Foundation) -",
                Some(("Thomson Reuters Foundation", true)),
            ),
            ("(Reuters Breakingviews) -", Some(("Reuters Breakingviews", true))),
            ("(Pajhwok) -", Some(("Pajhwok", false))),
            ("[Ma'an] -", Some(("Ma'an", false))),
            ("(2004) -", None),
            ("(who was there) -", None),
            ("(R-Tex., 54) -", None),
            ("(Reuters -", None),
        ] {
            let found = bracketed(Scanner::new(text)).map(|(agency, _)| (agency.name, agency.known));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn reads_bare_names() {
        for (text, expected) in [
            ("afrol News, 27 January", Some("afrol News")),
            ("Reuters -", Some("Reuters")),
            ("RIA Novosti -", Some("RIA Novosti")),
            ("Ap -", None),
            ("Un homme", None),
            ("Paris", None),
        ] {
            assert_eq!(
                bare(Scanner::new(text)).map(|(agency, _)| agency.name),
                expected,
                "{text}"
            );
        }
    }
}
