//! Country names by exact spelling, for languages that no model reads.

use crate::article::ByteSpan;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Score;
use crate::enrich::entities::fields::Fields;
use crate::enrich::entities::gazetteer::Gazetteer;
use crate::enrich::tagger::Sighting;
use crate::text::words::words;

/// Precision of the table's countries on annotated English news (`models/README.md`).
const CONFIDENCE: Score = Score::from_thousandths(965);
/// Most tokens of a country's name.
const TOKENS_MAX: usize = 8;

/// Every country's name in the article's language, longest first at each place; none that is part of another known name
/// ("Long Island", "Bank of England").
pub(super) fn sightings(fields: Fields<'_>, language: &str, gazetteer: &Gazetteer) -> Vec<Sighting> {
    let mut found = Vec::new();
    for field in [Field::Headline, Field::Text] {
        let string = fields.string(field);
        let tokens: Vec<ByteSpan> = words(string).collect();
        let mut at = 0;
        while let Some(first) = tokens.get(at) {
            let ends = tokens.get(at..).unwrap_or_default().iter().take(TOKENS_MAX);
            let spans = ends
                .enumerate()
                .map(|(more, last)| (more + 1, ByteSpan::new(first.start, last.end)));
            let known = spans.filter_map(|(tokens, span)| {
                let name = span.of(string)?;
                let is_country = gazetteer.country(language, name).is_some();
                let is_other = || tokens > 1 && gazetteer.find(name).is_some_and(|row| !row.is_country());
                (is_country || is_other()).then_some((tokens, span, is_country))
            });
            let longest = known.reduce(|_, longer| longer);
            if let Some((_, span, true)) = longest {
                found.push(Sighting {
                    field,
                    span,
                    kind: EntityType::Gpe,
                    confidence: CONFIDENCE,
                });
            }
            at += longest.map_or(1, |(tokens, ..)| tokens);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::article::Article;
    use crate::article::InputForm;

    #[test]
    fn countries_are_named_in_the_language_and_alone() {
        let gazetteer = Gazetteer::new().unwrap();
        for (language, text, expected) in [
            (
                "de",
                "Frankreich und Nordkorea, sagt Island.",
                &["Frankreich", "Nordkorea", "Island"][..],
            ),
            (
                "de",
                "Rhode Island; die Bank of England; Air France; Germany",
                &[],
            ),
            ("fr", "Maurice Ravel a quitt\u{e9} la France.", &["France"]),
            ("fr", "La Tour de France de Salvador Dal\u{ed}", &[]),
            ("es", "M\u{e9}xico y la Ciudad de M\u{e9}xico", &["M\u{e9}xico"]),
            ("da", "Michael Jordan spiller i USA", &["USA"]),
            (
                "cs",
                "Martin Kuba jede do N\u{11b}mecka, \u{10c}esko ne",
                &["\u{10c}esko"],
            ),
            ("ja", "\u{65e5}\u{672c} France Frankreich", &["France"]),
        ] {
            let mut article = Article::new(InputForm::Json, "");
            text.clone_into(&mut article.text);
            let found = sightings(Fields::of(&article), language, &gazetteer);
            let names: Vec<_> = found
                .iter()
                .map(|sighting| sighting.span.of(text).unwrap())
                .collect();
            assert_eq!(names, expected, "{text}");
        }
    }
}
