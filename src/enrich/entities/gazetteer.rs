//! The compiled table of known names, looked up by exact slices of the text. Never guesses: one name, one row.

use std::collections::HashMap;

use crate::article::EntityType;
use crate::enrich::EnricherError;
use crate::enrich::entities::words::Word;
use crate::text::tokens::tokens;

const FILE: &str = "models/names.tsv";
const NAMES: &str = include_str!("../../../models/names.tsv");
const FORENAMES: &str = include_str!("../../../models/forenames.txt");

/// Where a row of the table comes from; decides its confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Country tables.
    Country,
    /// A name that several countries or states share: type only.
    Unsure,
    /// US states and first-level divisions.
    Region,
    /// Cities.
    City,
    /// Nationalities.
    Demonym,
    /// Religious, ethnic and political groups.
    Group,
    /// Continents, seas, regions.
    Place,
    /// Well-known bodies.
    Body,
    /// Listed companies.
    Company,
    /// Clubs, universities, parties.
    Institution,
    /// Well-known people.
    Person,
    /// Events, works, products, buildings.
    Other,
    /// Names seen in the training half of the annotated news.
    Learnt,
}

impl Source {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "country" => Self::Country,
            "unsure" => Self::Unsure,
            "state" | "region" => Self::Region,
            "city" => Self::City,
            "demonym" => Self::Demonym,
            "group" => Self::Group,
            "place" => Self::Place,
            "body" => Self::Body,
            "company" => Self::Company,
            "club" | "university" | "party" => Self::Institution,
            "person" => Self::Person,
            "event" | "other" => Self::Other,
            "learnt" => Self::Learnt,
            _ => return None,
        })
    }
}

/// One known name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) kind: EntityType,
    pub(super) source: Source,
    /// Also an ordinary word: never trusted where a capital tells nothing.
    pub(super) weak: bool,
    pub(super) country: &'static str,
    pub(super) iso3166: &'static str,
    pub(super) wikidata: &'static str,
    pub(super) geonames: &'static str,
    pub(super) ticker: &'static str,
}

/// The table.
#[derive(Debug)]
pub(super) struct Gazetteer {
    rows: Vec<Row>,
    by_name: HashMap<&'static str, u32>,
    by_capitals: HashMap<String, u32>,
    longest: HashMap<&'static str, u8>,
    longest_capitals: HashMap<String, u8>,
    forenames: HashMap<&'static str, ()>,
}

impl Gazetteer {
    /// Reads the embedded table.
    pub(super) fn new() -> Result<Self, EnricherError> {
        let mut table = Self {
            rows: Vec::new(),
            by_name: HashMap::new(),
            by_capitals: HashMap::new(),
            longest: HashMap::new(),
            longest_capitals: HashMap::new(),
            forenames: FORENAMES.lines().map(|name| (name, ())).collect(),
        };
        for (at, line) in NAMES.lines().enumerate() {
            let row = row(line).map_err(|problem| EnricherError::Table {
                file: FILE,
                line: at + 1,
                problem,
            })?;
            table.insert(row);
        }
        Ok(table)
    }

    fn insert(&mut self, row: Row) {
        let id = self.rows.len() as u32;
        let Some(first) = tokens(row.name).next().and_then(|token| token.span.of(row.name)) else {
            return;
        };
        let length = tokens(row.name).count().min(12) as u8;
        let longest = self.longest.entry(first).or_default();
        *longest = (*longest).max(length);
        let place = matches!(
            row.source,
            Source::Country | Source::City | Source::Region | Source::Demonym | Source::Unsure
        );
        if place && row.name.len() >= 4 && row.name.chars().any(char::is_lowercase) {
            let longest = self.longest_capitals.entry(first.to_uppercase()).or_default();
            *longest = (*longest).max(length);
            self.by_capitals.entry(row.name.to_uppercase()).or_insert(id);
        }
        self.by_name.insert(row.name, id);
        self.rows.push(row);
    }

    /// The longest known name that starts at word `at`, and its number of words.
    pub(super) fn longest(&self, text: &str, words: &[Word<'_>], at: usize) -> Option<(usize, &Row)> {
        let first = words.get(at)?;
        if let Some(&most) = self.longest.get(first.text)
            && let Some(found) = self.look_up(text, words.get(at..)?, most, |slice| self.by_name.get(slice))
        {
            return Some(found);
        }
        if !first.all_caps || first.text.len() < 3 {
            return None;
        }
        let most = *self.longest_capitals.get(first.text)?;
        self.look_up(text, words.get(at..)?, most, |slice| self.by_capitals.get(slice))
    }

    fn look_up<'s>(
        &'s self,
        text: &str,
        words: &[Word<'_>],
        most: u8,
        find: impl Fn(&str) -> Option<&'s u32>,
    ) -> Option<(usize, &'s Row)> {
        let start = words.first()?.span.start;
        for length in (1..=usize::from(most).min(words.len())).rev() {
            let end = words.get(length - 1)?.span.end;
            let slice = text.get(start..end)?;
            let known = find(slice).and_then(|&id| self.rows.get(id as usize));
            if let Some(row) = known {
                return Some((length, row));
            }
        }
        None
    }

    /// The row of a name as an article writes it: exactly, or in capitals ("TOKYO").
    pub(super) fn find(&self, name: &str) -> Option<&Row> {
        let exact = self.row(name);
        exact.or_else(|| {
            let shouted = name.len() > 3 && !name.chars().any(char::is_lowercase);
            let id = self.by_capitals.get(name).filter(|_| shouted)?;
            self.rows.get(*id as usize)
        })
    }

    /// The row of a country by exactly this name.
    pub(super) fn country(&self, name: &str) -> Option<&Row> {
        self.row(name).filter(|row| row.source == Source::Country)
    }

    /// The row of exactly this name.
    pub(super) fn row(&self, name: &str) -> Option<&Row> {
        self.by_name.get(name).and_then(|&id| self.rows.get(id as usize))
    }

    /// True for a common forename that is nothing else.
    pub(super) fn is_forename(&self, word: &str) -> bool {
        self.forenames.contains_key(word)
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
    let mut next = || fields.next().unwrap_or_default();
    Ok(Row {
        name,
        kind,
        source,
        weak: next() == "w",
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
            ("U.S.", "US", "Q30"),
            ("Britain", "GB", "Q145"),
            ("South Korea", "KR", "Q884"),
            ("Netherlands", "NL", "Q55"),
            ("America", "US", "Q30"),
            ("Georgia", "", ""),
        ] {
            let row = table.row(name).unwrap();
            assert_eq!(
                (row.kind, row.iso3166, row.wikidata),
                (EntityType::Gpe, iso, wikidata),
                "{name}"
            );
        }
        let row = table.row("Iranian").unwrap();
        assert_eq!(
            (row.kind, row.country, row.wikidata),
            (EntityType::Norp, "IR", "")
        );
    }

    #[test]
    fn refuses_broken_lines() {
        for line in ["", "X", "X\tPLANET\tcountry", "X\tGPE\tmagic"] {
            assert!(row(line).is_err(), "{line}");
        }
    }
}
