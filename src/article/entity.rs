//! Named entities and their mentions. Plain data.

use crate::article::ByteSpan;
use crate::article::Score;

/// Types of names, after OntoNotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityType {
    /// People, real or fictional, families; without titles.
    Person,
    /// Companies, agencies, parties, teams, media, bodies.
    Org,
    /// Countries, provinces, states, cities.
    Gpe,
    /// Places that are not governments: continents, seas, rivers, regions.
    Loc,
    /// Buildings, airports, roads, bridges, stadiums.
    Fac,
    /// Nationalities, religious and political groups.
    Norp,
    /// Named wars, disasters, tournaments, festivals, summits.
    Event,
    /// Books, films, songs, laws, treaties, prizes.
    Work,
    /// Vehicles, weapons, drugs, software.
    Product,
}

impl EntityType {
    /// Every type, in the order of the record's documentation.
    pub const ALL: [Self; 9] = [
        Self::Person,
        Self::Org,
        Self::Gpe,
        Self::Loc,
        Self::Fac,
        Self::Norp,
        Self::Event,
        Self::Work,
        Self::Product,
    ];

    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "PERSON",
            Self::Org => "ORG",
            Self::Gpe => "GPE",
            Self::Loc => "LOC",
            Self::Fac => "FAC",
            Self::Norp => "NORP",
            Self::Event => "EVENT",
            Self::Work => "WORK",
            Self::Product => "PRODUCT",
        }
    }
}

/// The string a mention stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `Article::headline`.
    Headline,
    /// `Article::text`.
    Text,
}

/// One place where an entity is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mention {
    /// Which string.
    pub field: Field,
    /// Where in it.
    pub span: ByteSpan,
    /// The calibrated probability that bounds and type are right.
    pub confidence: Score,
}

/// Standard identifiers; each only when sure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntityIds {
    /// Wikidata item, "Q142".
    pub wikidata: Option<String>,
    /// ISO 3166-1 alpha-2 ("FR") or 3166-2 ("US-CA").
    pub iso3166: Option<String>,
    /// GeoNames id.
    pub geonames: Option<String>,
    /// Stock ticker.
    pub ticker: Option<String>,
}

/// A person, place, body ... with every mention of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Type.
    pub kind: EntityType,
    /// Longest clean form in the article.
    pub name: String,
    /// Identifiers.
    pub ids: EntityIds,
    /// ISO 3166-1 alpha-2 of a place's, or of a NORP's, country.
    pub country: Option<String>,
    /// How central it is to the article.
    pub salience: Score,
    /// How sure we are that it is an entity of this type: the mean of its mentions' confidences.
    pub confidence: Score,
    /// At least one; headline first, then by position.
    pub mentions: Vec<Mention>,
    /// Who found it, where a service did (`dateline` for our own models); empty = our own models alone.
    pub found_by: Vec<String>,
}
