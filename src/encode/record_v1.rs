//! Record v1, as it is published: the shape of the JSON and, from the same types, its JSON Schema. Plain
//! borrowed data; the doc comments here are the schema's descriptions.

use schemars::JsonSchema;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use crate::article::Value;

/// One news article with what was found in it. Absent = not looked for or not applicable; null is never
/// written; an empty
/// list = looked for, none found. All but `provenance` is a function of the payload's bytes. Offsets are Unicode code
/// points, half-open. Scores have three decimals.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "dateline.RecordV1")]
pub struct RecordV1<'a> {
    /// Version of this shape.
    pub schema_version: SchemaVersion,
    /// The article's own id, exactly as given; else `urn:sha256:` of headline and body, or of the canonical
    /// URL. The same
    /// article has the same id on every replay.
    #[schemars(length(min = 1))]
    pub id: &'a str,
    /// Where it is published, as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    /// The same without tracking parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical_url: Option<&'a str>,
    /// The publisher's version of the article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<&'a str>,
    /// Cleaned headline; never invented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<&'a str>,
    /// Cleaned text; dateline and byline stay in it.
    pub text: &'a str,
    /// Cleaned summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<&'a str>,
    /// SHA-256 of `text`, hex.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub text_sha256: String,
    /// SHA-256 of the payload as received, hex.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub content_sha256: &'a str,
    /// BCP 47 tag; `und` when unsure.
    pub language: &'a str,
    /// RFC 3339 in UTC, or `YYYY-MM-DD` where only the day is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<&'a str>,
    /// RFC 3339 in UTC, or `YYYY-MM-DD` where only the day is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<&'a str>,
    /// The newspaper or site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<&'a str>,
    /// Wire agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<&'a str>,
    /// Persons who wrote it.
    pub bylines: &'a [String],
    /// The head of a wire story, taken apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dateline: Option<DatelineV1<'a>>,
    /// Named entities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities: Option<Vec<EntityV1<'a>>>,
    /// IPTC Media Topics, most confident first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topics: Option<Vec<TopicV1<'a>>>,
    /// Key phrases, best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keywords: Option<Vec<KeywordV1<'a>>>,
    /// What the publisher said and is only carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<GivenV1<'a>>,
    /// Counts of the cleaned text.
    pub counts: CountsV1,
    /// What a reader must know before trusting the record.
    pub flags: Vec<FlagV1>,
    /// How, when and from what the record was made.
    pub provenance: ProvenanceV1<'a>,
}

/// Version of the record's shape.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub enum SchemaVersion {
    /// Record v1.
    #[serde(rename = "1")]
    V1,
}

/// The head of a wire story ("PARIS, July 6 (Agency) --"), taken apart.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatelineV1<'a> {
    /// As it stands in `text`.
    pub text: &'a str,
    /// Places, in order.
    pub places: Vec<PlaceV1<'a>>,
    /// `YYYY-MM-DD`, or `--MM-DD` where no year is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9]{4}|-)-[0-9]{2}-[0-9]{2}$"))]
    pub date: Option<String>,
    /// Agency, without brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<&'a str>,
    /// First code point in `text`.
    pub start: usize,
    /// One past its last code point in `text`.
    pub end: usize,
}

/// A place in a dateline.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceV1<'a> {
    /// Name.
    pub name: &'a str,
    /// ISO 3166-1 alpha-2, only when sure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<&'a str>,
}

/// A person, place, body ... with every mention of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityV1<'a> {
    /// Type.
    #[serde(rename = "type")]
    pub kind: EntityTypeV1,
    /// Longest clean form in the article.
    pub name: &'a str,
    /// Standard identifiers, each only when sure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<IdsV1<'a>>,
    /// ISO 3166-1 alpha-2 of a place, or of a nationality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<&'a str>,
    /// How central it is to the article.
    #[schemars(range(min = 0, max = 1))]
    pub salience: f64,
    /// How sure it is an entity of this type.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: f64,
    /// Where it is named: headline first, then by position.
    pub mentions: Vec<MentionV1<'a>>,
    /// Who found it, by the names of `enrichers` in the configuration, `dateline` for its own models; absent = these
    /// alone.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub found_by: &'a [String],
}

/// Types of names.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum EntityTypeV1 {
    /// People.
    Person,
    /// Companies, agencies, parties, teams, media, bodies.
    Org,
    /// Countries, provinces, states, cities.
    Gpe,
    /// Places that are not governments.
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

/// Standard identifiers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdsV1<'a> {
    /// Wikidata item, "Q142".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wikidata: Option<&'a str>,
    /// ISO 3166-1 alpha-2 ("FR") or 3166-2 ("US-CA").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iso3166: Option<&'a str>,
    /// GeoNames id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geonames: Option<&'a str>,
    /// Stock ticker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticker: Option<&'a str>,
}

/// One place where an entity is named.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MentionV1<'a> {
    /// Which string.
    pub field: FieldV1,
    /// First code point in it.
    pub start: usize,
    /// One past the last code point in it.
    pub end: usize,
    /// Equals the slice.
    pub text: &'a str,
}

/// A string that offsets refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldV1 {
    /// `headline`.
    Headline,
    /// `text`.
    Text,
}

/// A concept of the IPTC Media Topics, or a topic of the operator's own.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicV1<'a> {
    /// "medtop:20000424", or the code of an own topic.
    pub code: &'a str,
    /// The concept's URI at cv.iptc.org; own topics have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// English name.
    pub name: &'a str,
    /// Depth in the vocabulary.
    #[schemars(range(min = 1))]
    pub level: u8,
    /// Calibrated confidence.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: f64,
    /// Codes of the ancestors, root first; they are not repeated as topics of their own.
    pub ancestors: &'a [String],
    /// Who found it, by the names of `enrichers` in the configuration, `dateline` for its own models; absent = these
    /// alone.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub found_by: &'a [String],
}

/// A key phrase.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeywordV1<'a> {
    /// As it stands in the article.
    pub text: &'a str,
    /// Weight among the article's keywords.
    #[schemars(range(min = 0, max = 1))]
    pub score: f64,
}

/// What the publisher said and is only carried.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenV1<'a> {
    /// Subjects, names or codes.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub subjects: &'a [String],
    /// People.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub people: &'a [String],
    /// Places.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub places: &'a [String],
    /// Organisations.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub organisations: &'a [String],
    /// Publication status: `usable`, `withheld`, `canceled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pub_status: Option<&'a str>,
    /// Time before which it must not be published, as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embargoed_until: Option<&'a str>,
    /// Terms of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_terms: Option<&'a str>,
    /// Editorial urgency, 1 (highest) to 9.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9))]
    pub urgency: Option<u8>,
    /// Slugline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slugline: Option<&'a str>,
    /// The input's fields named in `passthrough_fields`, as they were; the one place where the publisher's
    /// own nulls stay.
    #[serde(skip_serializing_if = "Passthrough::is_empty")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub passthrough: Passthrough<'a>,
}

/// Carried fields, in the order configured.
#[derive(Debug)]
pub struct Passthrough<'a>(pub &'a [(String, Value)]);

impl Passthrough<'_> {
    /// True where nothing is carried.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Passthrough<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_map(self.0, serializer)
    }
}

fn write_map<S: Serializer>(entries: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(entries.len()))?;
    for (name, value) in entries {
        map.serialize_entry(name, &Carried(value))?;
    }
    map.end()
}

/// A carried value, as JSON.
struct Carried<'a>(&'a Value);

impl Serialize for Carried<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(digits) => match digits.parse::<serde_json::Number>() {
                Ok(number) => number.serialize(serializer),
                Err(_) => serializer.serialize_str(digits),
            },
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items.iter().map(Carried)),
            Value::Map(entries) => write_map(entries, serializer),
        }
    }
}

/// Counts of the cleaned text.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountsV1 {
    /// Unicode code points of `text`.
    pub characters: usize,
    /// Words of `text`.
    pub words: usize,
    /// Sentences of `text`.
    pub sentences: usize,
    /// Mentions of all entities, headline included.
    pub mentions: usize,
}

/// What a reader must know before trusting the record.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlagV1 {
    /// Text, headline, lists or mentions were cut at a limit.
    Truncated,
    /// Only a URL was given; nothing was read.
    UrlOnly,
    /// The publisher declares the text to be a part.
    PartialText,
    /// The language could not be determined.
    LanguageUndetermined,
    /// There are no models of the language: of entities only countries are looked for.
    LanguageWithoutModels,
    /// The character set was detected, not declared.
    CharsetDetected,
    /// A time came without a zone and is kept as its day.
    TimeZoneMissing,
    /// A time was given that no known format reads; it is left out.
    TimeUnreadable,
    /// Invalid UTF-8 was repaired where nothing had to be guessed.
    Utf8Repaired,
    /// A service that finds names or topics did not answer: what it would have found is missing.
    EnricherMissing,
}

/// How, when and from what the record was made.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvenanceV1<'a> {
    /// Version of the worker.
    pub worker_version: &'a str,
    /// Models that took part.
    pub models: Vec<ModelV1<'a>>,
    /// Version of the topic vocabulary, where topics were looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vocabulary_version: Option<&'a str>,
    /// Form the article came in.
    pub input_form: InputFormV1,
    /// Where the article came from, if from Kafka.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceV1<'a>>,
    /// Kafka's timestamp of the article, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
    /// When the record was made, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processed_at: Option<String>,
}

/// A model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelV1<'a> {
    /// Name.
    pub name: &'a str,
    /// Version.
    pub version: &'a str,
}

/// Forms an article can come in.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputFormV1 {
    /// The JSON envelope.
    Json,
    /// IPTC ninjs.
    Ninjs,
    /// Plain wire text, or a fragment of HTML.
    Wire,
    /// A whole HTML page.
    Html,
    /// An item of an RSS or Atom feed.
    Feed,
    /// IPTC NewsML-G2.
    #[serde(rename = "newsml_g2")]
    NewsmlG2,
    /// IPTC NewsML 1.x.
    #[serde(rename = "newsml_1")]
    Newsml1,
    /// IPTC NITF.
    Nitf,
    /// Ritzau's own XML.
    Ritzau,
    /// IPTC 7901.
    #[serde(rename = "iptc_7901")]
    Iptc7901,
    /// ANPA 1312.
    #[serde(rename = "anpa_1312")]
    Anpa1312,
    /// A mail message.
    Mail,
}

/// A place in a Kafka topic.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceV1<'a> {
    /// Kafka topic.
    pub kafka_topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}
