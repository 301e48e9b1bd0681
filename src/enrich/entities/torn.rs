//! Names that a recogniser tore at a small word: "Organization for Security and Co-operation in | Europe", "al-Qaida in
//! the | Arabian Peninsula". Joined where the rest follows, else without the small word. Never joins two whole names.

use crate::article::EntityType;
use crate::article::Field;
use crate::enrich::entities::fields::Fields;
use crate::enrich::tagger::Sighting;

/// Small words that end no name. Sorted.
const DANGLING: &[&str] = &["and", "at", "for", "from", "in", "of", "on", "the", "to", "with"];
/// Bodies whose branches are named "X in PLACE", folded. Sorted.
const BRANCHED: &[&str] = &["al qaeda", "al qaida", "al-qa'ida", "al-qaeda", "al-qaida"];
/// What stands between a body and its branch's place.
const BRANCHES: &[&str] = &[" in ", " in the "];

/// Joins what was torn and drops small words that are left at an end. Order and freedom from overlap are kept.
pub(super) fn mend(fields: Fields<'_>, sightings: Vec<Sighting>) -> Vec<Sighting> {
    let mut out: Vec<Sighting> = Vec::with_capacity(sightings.len());
    for sighting in sightings {
        match out.last_mut() {
            Some(last) if is_rest(fields, last, &sighting) => {
                last.span.end = sighting.span.end;
                last.confidence = last.confidence.min(sighting.confidence);
            }
            _ => out.push(sighting),
        }
    }
    let mut next: Option<(Field, usize)> = None;
    for sighting in out.iter_mut().rev() {
        if sighting.kind == EntityType::Org && dangling(fields.name(sighting)).is_some() {
            let (_, after) = fields.around(sighting.field, sighting.span);
            let end = sighting.span.end + capitals(after);
            if next.is_none_or(|(field, start)| field != sighting.field || end <= start) {
                sighting.span.end = end;
            }
        }
        next = Some((sighting.field, sighting.span.start));
        while let Some((rest, _)) = dangling(fields.name(sighting)) {
            sighting.span.end = sighting.span.start + rest.len();
        }
    }
    out.retain(|sighting| {
        DANGLING
            .binary_search(&&*fields.name(sighting).to_lowercase())
            .is_err()
    });
    out
}

/// Bytes of the words with a capital that follow at once: " Monuments" after "National Commission for Museums and".
fn capitals(after: &str) -> usize {
    let mut length = 0;
    while let Some(rest) = after.get(length..).and_then(|rest| rest.strip_prefix(' ')) {
        let word = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        if word == 0 || !rest.starts_with(char::is_uppercase) {
            break;
        }
        length += 1 + word;
    }
    length
}

/// A name without the small word at its end, and that word.
fn dangling(name: &str) -> Option<(&str, &str)> {
    let (rest, last) = name.rsplit_once(' ')?;
    let rest = rest.trim_end();
    (DANGLING.binary_search(&last).is_ok() && !rest.is_empty()).then_some((rest, last))
}

/// True where `next` is what a small word before it leads to.
fn is_rest(fields: Fields<'_>, last: &Sighting, next: &Sighting) -> bool {
    if last.field != next.field {
        return false;
    }
    let between = fields.string(last.field).get(last.span.end..next.span.start);
    let place = matches!(next.kind, EntityType::Gpe | EntityType::Loc | EntityType::Norp);
    let name = fields.name(last);
    let torn = dangling(name).is_some() && between == Some(" ");
    let branch = last.kind == EntityType::Org
        && place
        && BRANCHED.binary_search(&&*name.to_lowercase()).is_ok()
        && between.is_some_and(|between| BRANCHES.contains(&between));
    torn && !matches!(last.kind, EntityType::Person | EntityType::Norp) || branch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::entities::tests::marked;

    #[test]
    fn torn_names_are_joined_and_small_words_dropped() {
        assert!(DANGLING.is_sorted() && BRANCHED.is_sorted());
        for (text, expected) in [
            (
                "The [Organization for Security and Co-operation in|ORG] [Europe|LOC] met.",
                &["ORG Organization for Security and Co-operation in Europe"][..],
            ),
            (
                "[Al-Qaida|ORG] in the [Arabian Peninsula|LOC] said.",
                &["ORG Al-Qaida in the Arabian Peninsula"],
            ),
            ("[al-Qaida|ORG] in [Iraq|GPE] said.", &["ORG al-Qaida in Iraq"]),
            ("[Hamas|ORG] in [Gaza|GPE] said.", &["ORG Hamas", "GPE Gaza"]),
            (
                "al-Qaida's [al-Qaida|ORG] men in [Iraq|GPE].",
                &["ORG al-Qaida", "GPE Iraq"],
            ),
            (
                "The [National Commission for Museums and|ORG] Monuments of Kano said.",
                &["ORG National Commission for Museums and Monuments"],
            ),
            (
                "[Ministry of|ORG] Arts, [Bank of|ORG] Old [Rome|GPE]",
                &["ORG Ministry of Arts", "ORG Bank", "GPE Rome"],
            ),
            (
                "The [Ministry of|ORG] (it said) [Bank of|ORG]",
                &["ORG Ministry", "ORG Bank"],
            ),
            ("It is the [Detroit of|GPE] the East.", &["GPE Detroit"]),
            ("[The|ORG] [Valley News|ORG] fell.", &["ORG Valley News"]),
            (
                "[The Hague|GPE], [In Flames|ORG], [Bank of Italy|ORG].",
                &["GPE The Hague", "ORG In Flames", "ORG Bank of Italy"],
            ),
        ] {
            let (article, sightings) = marked("", text);
            let fields = Fields::of(&article);
            let found: Vec<_> = mend(fields, sightings)
                .iter()
                .map(|found| format!("{} {}", found.kind.name(), fields.name(found)))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
