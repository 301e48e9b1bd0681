//! The compiled table of known names, looked up by exact spelling: what ids a name has. Never says that a
//! name is one, and
//! gives one row for one name.

use std::collections::HashMap;

use crate::article::EntityType;
use crate::enrich::EnricherError;
use crate::enrich::reader::ENGLISH;

const FILE: &str = "models/names.tsv";
const NAMES: &str = include_str!("../../../models/names.tsv");
const COUNTRIES_FILE: &str = "models/countries.tsv";
const COUNTRIES: &str = include_str!("../../../models/countries.tsv");
/// Shortest name in bytes that is also known in capitals.
const CAPITALS_MIN: usize = 4;

/// What a row of the table is, as far as anything hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    /// Countries.
    Country,
    /// US states and first-level divisions.
    Region,
    /// Cities.
    City,
    /// Nationalities.
    Demonym,
    /// Anything else: bodies, companies, people, places of several owners.
    Other,
}

impl Source {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "country" => Self::Country,
            "state" | "region" => Self::Region,
            "city" => Self::City,
            "demonym" => Self::Demonym,
            "unsure" | "group" | "place" | "body" | "company" | "club" | "university" | "party"
            | "person" => Self::Other,
            "event" | "other" | "learnt" => Self::Other,
            _ => return None,
        })
    }

    /// True for what is also looked up in capitals.
    const fn is_place(self) -> bool {
        !matches!(self, Self::Other)
    }
}

/// One known name; an id that it lacks is empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) kind: EntityType,
    pub(super) source: Source,
    pub(super) country: &'static str,
    pub(super) iso3166: &'static str,
    pub(super) wikidata: &'static str,
    pub(super) geonames: &'static str,
    pub(super) ticker: &'static str,
}

impl Row {
    pub(super) fn is_country(&self) -> bool {
        self.source == Source::Country
    }
}

/// The table.
#[derive(Debug)]
pub(super) struct Gazetteer {
    by_name: HashMap<&'static str, Row>,
    /// Places in capitals, and the names they stand for.
    by_capitals: HashMap<String, &'static str>,
    /// Countries by language and their name in it.
    abroad: HashMap<&'static str, HashMap<&'static str, Row>>,
}

impl Gazetteer {
    /// Reads the embedded table.
    pub(super) fn new() -> Result<Self, EnricherError> {
        let mut table = Self {
            by_name: HashMap::new(),
            by_capitals: HashMap::new(),
            abroad: HashMap::new(),
        };
        for (at, line) in NAMES.lines().enumerate() {
            let row = row(line).map_err(|problem| EnricherError::Table {
                file: FILE.to_owned(),
                line: at + 1,
                problem,
            })?;
            if row.source.is_place()
                && row.name.len() >= CAPITALS_MIN
                && row.name.contains(char::is_lowercase)
            {
                table
                    .by_capitals
                    .entry(row.name.to_uppercase())
                    .or_insert(row.name);
            }
            table.by_name.insert(row.name, row);
        }
        table.read_countries()?;
        Ok(table)
    }

    /// Names in other languages stand for the rows that the countries have in English.
    fn read_countries(&mut self) -> Result<(), EnricherError> {
        for (at, line) in COUNTRIES.lines().enumerate() {
            let mut fields = line.split('\t');
            let (language, name, english) = (fields.next(), fields.next(), fields.next());
            let row = english.and_then(|english| self.by_name.get(english));
            let row = row.filter(|row| row.is_country());
            let (Some(language), Some(name), Some(row)) = (language, name, row) else {
                return Err(EnricherError::Table {
                    file: COUNTRIES_FILE.to_owned(),
                    line: at + 1,
                    problem: "not a language, a name and a country's English name",
                });
            };
            let row = Row { name, ..*row };
            self.abroad.entry(language).or_default().insert(name, row);
        }
        Ok(())
    }

    /// The row of a name as an article writes it: exactly, or in capitals ("TOKYO").
    pub(super) fn find(&self, name: &str) -> Option<&Row> {
        let exact = self.by_name.get(name);
        exact.or_else(|| self.by_name.get(self.by_capitals.get(name)?))
    }

    /// The row of a country by exactly this name in a language by its tag ("fr-CA"); in English, where there is no
    /// table of the language.
    pub(super) fn country(&self, language: &str, name: &str) -> Option<&Row> {
        let primary = language.split('-').next().unwrap_or_default();
        let names = self.abroad.get(primary).or_else(|| self.abroad.get(ENGLISH));
        names?.get(name)
    }
}

fn row(line: &'static str) -> Result<Row, &'static str> {
    let mut fields = line.split('\t');
    let name = fields.next().filter(|name| !name.is_empty()).ok_or("no name")?;
    let kind = fields.next().unwrap_or_default();
    let kind = EntityType::ALL
        .into_iter()
        .find(|known| known.name() == kind)
        .ok_or("unknown type")?;
    let source = Source::parse(fields.next().unwrap_or_default()).ok_or("unknown source")?;
    // Whether it is also an ordinary word, which no id hangs on.
    let mut fields = fields.skip(1);
    let mut next = || fields.next().unwrap_or_default();
    Ok(Row {
        name,
        kind,
        source,
        country: next(),
        iso3166: next(),
        wikidata: next(),
        geonames: next(),
        ticker: next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_loads_and_countries_carry_ids() {
        let table = Gazetteer::new().unwrap();
        for (name, iso, wikidata) in [
            ("France", "FR", "Q142"),
            ("FRANCE", "FR", "Q142"),
            ("U.S.", "US", "Q30"),
            ("Britain", "GB", "Q145"),
            ("South Korea", "KR", "Q884"),
            ("Netherlands", "NL", "Q55"),
            ("America", "US", "Q30"),
            ("Georgia", "", ""),
        ] {
            let row = table.find(name).unwrap();
            assert_eq!(
                (row.kind, row.iso3166, row.wikidata),
                (EntityType::Gpe, iso, wikidata),
                "{name}"
            );
        }
        let row = table.find("Iranian").unwrap();
        assert_eq!(
            (row.kind, row.country, row.wikidata),
            (EntityType::Norp, "IR", "")
        );
        for (language, name, expected) in [
            ("en", "France", Some("Q142")),
            ("en", "Paris", None),
            ("de", "France", None),
            ("de-AT", "Frankreich", Some("Q142")),
            ("de", "USA", Some("Q30")),
            ("fr", "Frankreich", None),
            ("fr", "\u{c9}tats-Unis", Some("Q30")),
            ("ru", "Германия", Some("Q183")),
            ("es", "México", Some("Q96")),
            ("und", "France", Some("Q142")),
            ("und", "Frankreich", None),
            ("ja", "France", Some("Q142")),
            // Forenames, surnames, other places, words.
            ("fr", "Maurice", None),
            ("und", "Maurice", None),
            ("es", "Mauricio", None),
            ("nb", "Jordan", None),
            ("und", "Jordan", None),
            ("es", "Chad", None),
            ("fr", "Salvador", None),
            ("cs", "Kuba", None),
            ("de", "Kuba", Some("Q241")),
            ("cy", "Mali", None),
            ("de", "Mali", Some("Q912")),
            ("es", "Granada", None),
            ("it", "Monaco", None),
            ("ca", "Palau", None),
            ("fi", "Oman", None),
            ("fr", "Grenade", None),
            ("it", "Santa Lucia", None),
            ("pl", "Kongo", None),
        ] {
            let row = table.country(language, name);
            assert_eq!(row.map(|row| row.wikidata), expected, "{language} {name}");
        }
    }

    #[test]
    fn refuses_broken_lines() {
        for line in ["", "X", "X\tPLANET\tcountry", "X\tGPE\tmagic"] {
            assert!(row(line).is_err(), "{line}");
        }
    }
}
