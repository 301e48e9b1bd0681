//! Country names by exact spelling, for languages that no model reads.

use crate::article::ByteSpan;
use crate::article::Field;
use crate::article::Score;
use crate::enrich::entities::fields::Fields;
use crate::enrich::entities::gazetteer::Gazetteer;
use crate::enrich::tagger::Sighting;
use crate::text::words::words;

/// Precision of the table's countries on annotated English news (`models/README.md`).
const CONFIDENCE: Score = Score::from_thousandths(965);
/// Shortest name in bytes: shorter ones ("US") are words elsewhere.
const SHORTEST: usize = 4;
/// Most tokens of a country's name.
const TOKENS_MAX: usize = 8;

/// Every country's name, in English or in the article's language, longest first at each place.
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
            let named = spans.filter(|(_, span)| {
                let name = span.of(string).filter(|name| name.len() >= SHORTEST);
                name.and_then(|name| gazetteer.country(language, name)).is_some()
            });
            let longest = named.reduce(|_, longer| longer);
            if let Some((_, span)) = longest {
                found.push(Sighting {
                    field,
                    span,
                    kind: crate::article::EntityType::Gpe,
                    confidence: CONFIDENCE,
                });
            }
            at += longest.map_or(1, |(tokens, _)| tokens);
        }
    }
    found
}
