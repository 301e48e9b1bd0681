//! Bounds that are certainly wrong, mended: a lost full stop, a title inside a person, quotes around a name; the
//! head of a wire story. Never changes a type on a guess.

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Score;
use crate::enrich::entities::fields::Fields;
use crate::enrich::stopwords::is_stopword;
use crate::enrich::tagger::Sighting;
use crate::text::abbreviations::Stop;
use crate::text::abbreviations::is_initials;
use crate::text::abbreviations::stop_after;

/// Titles, and the words before them ("Prime"), without full stops: none begins the name of a person in our
/// annotated news.
/// Sorted.
pub(super) const TITLES: &[&str] = &[
    "Adm",
    "Admiral",
    "Ambassador",
    "Archbishop",
    "Attorney",
    "Ayatollah",
    "Baroness",
    "Bishop",
    "Brig",
    "Brigadier",
    "Capt",
    "Cardinal",
    "Chairman",
    "Chancellor",
    "Cmdr",
    "Col",
    "Colonel",
    "Commander",
    "Commissioner",
    "Congressman",
    "Congresswoman",
    "Corporal",
    "Councillor",
    "Cpl",
    "Dame",
    "Defence",
    "Defense",
    "Deputy",
    "Detective",
    "Dr",
    "Emperor",
    "Finance",
    "Foreign",
    "Gen",
    "General",
    "Gov",
    "Governor",
    "Inspector",
    "Interior",
    "Judge",
    "Justice",
    "King",
    "Lieutenant",
    "Lord",
    "Lt",
    "Maj",
    "Major",
    "Mayor",
    "Minister",
    "Miss",
    "Mr",
    "Mrs",
    "Ms",
    "Mullah",
    "PM",
    "Pope",
    "Premier",
    "President",
    "Prime",
    "Prince",
    "Princess",
    "Prof",
    "Professor",
    "Queen",
    "Rabbi",
    "Rep",
    "Representative",
    "Rev",
    "Reverend",
    "Secretary",
    "Sen",
    "Senator",
    "Sergeant",
    "Sgt",
    "Sheikh",
    "Sir",
    "Vice",
];

/// Abbreviations that end a name and keep their full stop.
const ENDINGS: &[&str] = &["Bros", "Co", "Corp", "Inc", "Jr", "Ltd", "Sr"];

/// How many characters on each side show whether capitals are used, and how many capitals say so.
const NEAR: usize = 150;
const CAPITALS_MIN: usize = 5;

/// Confidence of a place in capitals that only the dateline shows: it is one by its position.
const DATELINE_PLACE: Score = Score::from_thousandths(950);

/// Mends every sighting, drops what is no name, and reads the dateline. Order and freedom from overlap are kept.
pub(super) fn tidy(article: &Article, sightings: Vec<Sighting>) -> Vec<Sighting> {
    let fields = Fields::of(article);
    let mut out: Vec<Sighting> = Vec::with_capacity(sightings.len());
    for mut sighting in sightings {
        sighting.span = mended(fields.string(sighting.field), sighting.span, sighting.kind);
        let clear = out
            .last()
            .is_none_or(|last| last.field != sighting.field || last.span.end <= sighting.span.start);
        if clear && is_name(fields, &sighting) {
            out.push(sighting);
        }
    }
    read_dateline(article, &mut out);
    out
}

/// True for what can be a name: a capital or a digit somewhere, unless the text around it has hardly any capitals and
/// it is more than a pronoun or the like ("us"), or it is several words of a title.
fn is_name(fields: Fields<'_>, sighting: &Sighting) -> bool {
    let name = fields.name(sighting);
    let capital = |c: &char| c.is_uppercase() || c.is_numeric() || (c.is_alphabetic() && !c.is_lowercase());
    if !name.contains(char::is_alphanumeric) {
        return false;
    }
    if name.chars().any(|c| capital(&c)) || (sighting.kind == EntityType::Work && name.contains(' ')) {
        return true;
    }
    if is_stopword(name) {
        return false;
    }
    let (before, after) = fields.around(sighting.field, sighting.span);
    let near = before.chars().rev().take(NEAR).chain(after.chars().take(NEAR));
    near.filter(capital).take(CAPITALS_MIN).count() < CAPITALS_MIN
}

fn mended(text: &str, span: ByteSpan, kind: EntityType) -> ByteSpan {
    let mut span = trimmed(text, span);
    if kind == EntityType::Person {
        span = untitled(text, span);
    }
    full_stop(text, without_score(text, span))
}

/// Without commas, dashes, quotes around it or of one side alone, and unmatched brackets at its ends.
fn trimmed(text: &str, span: ByteSpan) -> ByteSpan {
    let Some(name) = span.of(text) else { return span };
    let quotes = name.matches(is_quote).count();
    let quoted = name.starts_with(is_quote) && name.ends_with(is_quote);
    let free = quotes < 2 || (quoted && quotes == 2);
    let closed = name.contains(')') && name.contains('(');
    let edge = |c: char| {
        c.is_whitespace()
            || matches!(c, ',' | ';' | ':' | '-' | '\u{2013}' | '\u{2014}' | '*' | '|')
            || (free && is_quote(c))
            || (!closed && matches!(c, '(' | '[' | ')' | ']'))
    };
    let start = name.trim_start_matches(edge);
    let end = start.trim_end_matches(edge);
    let from = span.end - start.len();
    ByteSpan::new(from, from + end.len())
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\u{201C}' | '\u{201D}' | '\u{AB}' | '\u{BB}' | '\u{2018}'
    )
}

/// Without titles before the name of a person; a title alone stays as it is.
fn untitled(text: &str, mut span: ByteSpan) -> ByteSpan {
    while let Some((first, rest)) = span.of(text).and_then(|name| name.split_once(' ')) {
        let title = TITLES.binary_search(&first.trim_end_matches('.')).is_ok();
        let name = rest.trim_start();
        if !title || !name.starts_with(char::is_alphabetic) {
            break;
        }
        span.start = span.end - name.len();
    }
    span
}

/// A team without its goals in a line of results: "Manchester United 3, Newcastle United 1".
fn without_score(text: &str, span: ByteSpan) -> ByteSpan {
    let scored = |name: &str| {
        let (team, goals) = name.rsplit_once(' ')?;
        let digits = (1..=2).contains(&goals.len()) && goals.bytes().all(|b| b.is_ascii_digit());
        (digits && team.starts_with(char::is_uppercase) && team.split(' ').count() < 6).then_some(team.len())
    };
    let line = text.get(span.end..).and_then(|rest| rest.lines().next());
    let other = line.and_then(|line| line.strip_prefix(", ")).and_then(scored);
    match span.of(text).and_then(scored).filter(|_| other.is_some()) {
        Some(length) => ByteSpan::new(span.start, span.start + length),
        None => span,
    }
}

/// With the full stop of "U.S." or "Inc.", without that of a sentence.
fn full_stop(text: &str, span: ByteSpan) -> ByteSpan {
    let Some(name) = span.of(text) else { return span };
    let last = name.rsplit(char::is_whitespace).next().unwrap_or_default();
    let follows = text.get(span.end..).is_some_and(|rest| rest.starts_with('.'));
    let dotted = |word: &str| word.contains('.') && is_initials(word);
    match last.strip_suffix('.') {
        None if follows && (dotted(last) || ENDINGS.contains(&last)) => {
            ByteSpan::new(span.start, span.end + 1)
        }
        Some(word) if !word.contains('.') && stop_after(word) == Stop::Full => {
            ByteSpan::new(span.start, span.end - 1)
        }
        _ => span,
    }
}

/// The agency of a dateline and the byline above it say who reports, not what about; a place in it is one whatever a
/// model says of capitals.
fn read_dateline(article: &Article, sightings: &mut Vec<Sighting>) {
    let Some(dateline) = &article.dateline else { return };
    let ByteSpan { start, end } = dateline.span;
    sightings.retain(|sighting| {
        let head = sighting.field == Field::Text && sighting.span.start < end;
        !head || (sighting.span.start >= start && sighting.kind != EntityType::Org)
    });
    let Some(head) = dateline.span.of(&article.text) else {
        return;
    };
    let mut from = 0;
    for place in &dateline.places {
        let Some(at) = find(head, &place.name, from) else {
            continue;
        };
        from = at + place.name.len();
        let span = ByteSpan::new(start + at, start + from);
        let there = |sighting: &&mut Sighting| sighting.field == Field::Text && sighting.span.overlaps(&span);
        match sightings.iter_mut().find(there) {
            Some(sighting) if sighting.kind == EntityType::Person => sighting.kind = EntityType::Gpe,
            Some(_) => {}
            None => sightings.push(Sighting {
                field: Field::Text,
                span,
                kind: EntityType::Gpe,
                confidence: DATELINE_PLACE,
            }),
        }
    }
    sightings.sort_by_key(|sighting| (sighting.field, sighting.span));
}

/// Where `name` stands in `head` from byte `from` on, whatever the case; only where case does not change lengths.
fn find(head: &str, name: &str, from: usize) -> Option<usize> {
    let (upper, name) = (head.to_uppercase(), name.to_uppercase());
    if upper.len() != head.len() {
        return None;
    }
    let at = from + upper.get(from..)?.find(&name)?;
    head.get(at..at + name.len()).map(|_| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::entities::tests::marked;

    /// Names of `text`, in brackets with a type, after tidying: "[Gen Prayut|PERSON]".
    fn tidied(text: &str) -> Vec<String> {
        let (article, sightings) = marked("", text);
        tidy(&article, sightings)
            .iter()
            .map(|found| format!("{} {}", found.kind.name(), Fields::of(&article).name(found)))
            .collect()
    }

    #[test]
    fn titles_are_sorted() {
        assert!(TITLES.is_sorted());
    }

    #[test]
    fn bounds_are_mended() {
        for (marked, expected) in [
            ("He left the [U.S|GPE]. on Monday.", &["GPE U.S."][..]),
            ("He left [London.|GPE] He slept.", &["GPE London"]),
            ("Shares of [Acme Inc|ORG]. fell.", &["ORG Acme Inc."]),
            ("It is [Vitamin C|PRODUCT]. It is.", &["PRODUCT Vitamin C"]),
            ("Then [Gen Prayut|PERSON] spoke.", &["PERSON Prayut"]),
            (
                "Then [Mayor Michael Bloomberg|PERSON] spoke.",
                &["PERSON Michael Bloomberg"],
            ),
            ("Then [Lt. Gen. John Doe|PERSON] spoke.", &["PERSON John Doe"]),
            ("The [President|PERSON] spoke.", &["PERSON President"]),
            ("He read [\"Emma\"|WORK].", &["WORK Emma"]),
            (
                "He Read the [north|GPE] London News in Rome, Italy, on Monday.",
                &[],
            ),
            ("They met ([IAEA)|ORG] there.", &["ORG IAEA"]),
            ("rain in [rome|GPE] all day", &["GPE rome"]),
            ("The [Typhoon \"Kiko\"|EVENT] hit.", &["EVENT Typhoon \"Kiko\""]),
            ("He is in [Fresno, Calif.|GPE] again.", &["GPE Fresno, Calif."]),
            (
                "[Leeds United 3|ORG], [Hull City 1|ORG]",
                &["ORG Leeds United", "ORG Hull City 1"],
            ),
            ("It was [Apollo 11|PRODUCT], he said.", &["PRODUCT Apollo 11"]),
            ("It is [Yahoo!|ORG] again.", &["ORG Yahoo!"]),
        ] {
            assert_eq!(tidied(marked), expected, "{marked}");
        }
    }

    #[test]
    fn heads_of_wire_stories() {
        for (marked, expected) in [
            (
                "PARIS ([Reuters|ORG]) - Talks go on, [Reuters|ORG] says.",
                &["GPE PARIS", "ORG Reuters"][..],
            ),
            (
                "[BEIJING|PERSON], July 6 (Xinhua) -- Rain fell.",
                &["GPE BEIJING"],
            ),
            (
                "BAGHDAD, [Iraq|GPE] (AP) -- A bomb went off.",
                &["GPE BAGHDAD", "GPE Iraq"],
            ),
        ] {
            assert_eq!(tidied(marked), expected, "{marked}");
        }
    }
}
