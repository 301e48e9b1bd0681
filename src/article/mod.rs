//! The nouns of the news: `RawArticle` (as received) -> `Article` (accepted) -> `EnrichedArticle` (with findings).
//! Plain data; never does I/O, never knows JSON or the clock.

pub mod dateline;
pub mod entity;
pub mod flag;
pub mod rejection;
pub mod score;
pub mod span;
pub mod topic;

pub use dateline::{Dateline, DatelineDate, DatelinePlace};
pub use entity::{Entity, EntityIds, EntityType, Field, Mention};
pub use flag::Flag;
pub use rejection::{Rejection, RejectionCode};
pub use score::Score;
pub use span::ByteSpan;
pub use topic::{Keyword, TopicTag};

/// A value the publisher gave that we only carry: any JSON-like shape, kept without knowing JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// Named values, in the order given.
    Map(Vec<(String, Value)>),
}

/// The form an article came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputForm {
    /// Our JSON envelope.
    Json,
    /// IPTC ninjs 1.x, 2.x or 3.x.
    Ninjs,
    /// Plain wire text, or a fragment of HTML.
    Wire,
    /// A whole HTML page.
    Html,
    /// An item of an RSS or Atom feed.
    Feed,
    /// IPTC NewsML-G2.
    NewsmlG2,
    /// IPTC NewsML 1.x.
    Newsml1,
    /// IPTC NITF.
    Nitf,
    /// Ritzau's own XML.
    Ritzau,
    /// IPTC 7901, text between control characters.
    Iptc7901,
    /// ANPA 1312, the North American kin of IPTC 7901.
    Anpa1312,
    /// A mail message (RFC 5322, once RFC 822).
    Mail,
}

impl InputForm {
    /// Every form.
    pub const ALL: [Self; 12] = [
        Self::Json,
        Self::Ninjs,
        Self::Wire,
        Self::Html,
        Self::Feed,
        Self::NewsmlG2,
        Self::Newsml1,
        Self::Nitf,
        Self::Ritzau,
        Self::Iptc7901,
        Self::Anpa1312,
        Self::Mail,
    ];

    /// Stable name, used in configuration, records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ninjs => "ninjs",
            Self::Wire => "wire",
            Self::Html => "html",
            Self::Feed => "feed",
            Self::NewsmlG2 => "newsml_g2",
            Self::Newsml1 => "newsml_1",
            Self::Nitf => "nitf",
            Self::Ritzau => "ritzau",
            Self::Iptc7901 => "iptc_7901",
            Self::Anpa1312 => "anpa_1312",
            Self::Mail => "mail",
        }
    }
}

/// Text as a publisher sent it, and whether it is markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Markup {
    /// Plain text: nothing is interpreted, save double-escaped entities that cannot be meant.
    Plain(String),
    /// HTML: tags become paragraphs and spaces, entities become characters.
    Html(String),
    /// Not declared: treated as HTML if it holds a well-known tag or entity, else as plain text.
    Unknown(String),
}

impl Markup {
    /// The string as received.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Html(text) | Self::Unknown(text) => text,
        }
    }
}

/// What the publisher said and we only carry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// Subjects (names or codes).
    pub subjects: Vec<String>,
    /// People.
    pub people: Vec<String>,
    /// Places.
    pub places: Vec<String>,
    /// Organisations.
    pub organisations: Vec<String>,
    /// Publication status: `usable`, `withheld`, `canceled`.
    pub pub_status: Option<String>,
    /// Time before which it must not be published, as given.
    pub embargoed_until: Option<String>,
    /// Terms of use.
    pub usage_terms: Option<String>,
    /// Editorial urgency, 1 (highest) to 9.
    pub urgency: Option<u8>,
    /// Slugline.
    pub slugline: Option<String>,
    /// The fields named in `passthrough_fields`, under their own names, in that order.
    pub passthrough: Vec<(String, Value)>,
}

impl Given {
    /// True for an item that is cancelled or withheld.
    pub fn is_withdrawn(&self) -> bool {
        let is_not_to_be_used = |status: &str| {
            ["canceled", "cancelled", "withheld", "killed"]
                .iter()
                .any(|known| status.eq_ignore_ascii_case(known))
        };
        self.pub_status.as_deref().is_some_and(is_not_to_be_used)
    }
}

/// An article as its bytes say, before anything is cleaned, dated or judged.
#[derive(Debug, Clone, PartialEq)]
pub struct RawArticle {
    /// The form it came in.
    pub form: InputForm,
    /// The article's own id, exactly as given.
    pub id: Option<String>,
    /// Where it is published, as given.
    pub url: Option<String>,
    /// The publisher's version of the article.
    pub version: Option<String>,
    /// Headline.
    pub headline: Option<Markup>,
    /// Summary, standfirst or description.
    pub summary: Option<Markup>,
    /// Body.
    pub body: Option<Markup>,
    /// First publication, as given.
    pub published_at: Option<String>,
    /// Last change, as given.
    pub updated_at: Option<String>,
    /// Language tag, as given.
    pub language: Option<String>,
    /// The newspaper or site.
    pub publisher: Option<String>,
    /// Wire agency, when a field names it.
    pub agency: Option<String>,
    /// Authors, as given, one an item.
    pub bylines: Vec<String>,
    /// Place of writing, when a field names it (ninjs `located`).
    pub located: Option<String>,
    /// The dateline, where it has a field of its own (NewsML, NITF).
    pub dateline: Option<String>,
    /// What decoding already knows a reader must know (repaired UTF-8, partial text).
    pub flags: Vec<Flag>,
    /// What we only carry.
    pub given: Given,
}

impl RawArticle {
    /// An article of `form` with nothing known yet.
    pub fn new(form: InputForm) -> Self {
        Self {
            form,
            id: None,
            url: None,
            version: None,
            headline: None,
            summary: None,
            body: None,
            published_at: None,
            updated_at: None,
            language: None,
            publisher: None,
            agency: None,
            bylines: Vec::new(),
            located: None,
            dateline: None,
            flags: Vec::new(),
            given: Given::default(),
        }
    }
}

/// An article we accepted: cleaned text, an id, dates and dateline taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Article {
    /// The form it came in.
    pub form: InputForm,
    /// The publisher's id, else `urn:sha256:...`; the same on every replay.
    pub id: String,
    /// As given.
    pub url: Option<String>,
    /// `url` without tracking parameters.
    pub canonical_url: Option<String>,
    /// As given.
    pub version: Option<String>,
    /// Cleaned headline; never invented.
    pub headline: Option<String>,
    /// Cleaned text; paragraphs are separated by one blank line. Dateline and byline stay in it.
    pub text: String,
    /// Cleaned summary.
    pub summary: Option<String>,
    /// BCP 47 tag, `und` when unsure.
    pub language: String,
    /// RFC 3339 UTC, or `YYYY-MM-DD`.
    pub published_at: Option<String>,
    /// RFC 3339 UTC, or `YYYY-MM-DD`.
    pub updated_at: Option<String>,
    /// Newspaper.
    pub publisher: Option<String>,
    /// Wire agency.
    pub agency: Option<String>,
    /// Persons.
    pub bylines: Vec<String>,
    /// The wire head, taken apart; spans refer to `text`.
    pub dateline: Option<Dateline>,
    /// What we only carry.
    pub given: Given,
    /// What a reader must know before trusting the record; sorted, no doubles.
    pub flags: Vec<Flag>,
}

impl Article {
    /// An article of `form` and language `und` with nothing else known yet.
    pub fn new(form: InputForm, id: impl Into<String>) -> Self {
        Self {
            form,
            id: id.into(),
            url: None,
            canonical_url: None,
            version: None,
            headline: None,
            text: String::new(),
            summary: None,
            language: "und".to_owned(),
            published_at: None,
            updated_at: None,
            publisher: None,
            agency: None,
            bylines: Vec::new(),
            dateline: None,
            given: Given::default(),
            flags: Vec::new(),
        }
    }

    /// True where models may read it: English text or undetermined is decided by the enricher, but an item that is
    /// cancelled or withheld is published as such and never enriched.
    pub fn is_enrichable(&self) -> bool {
        !self.given.is_withdrawn()
    }

    /// What its language is read from: the text, or the headline where there is no text.
    pub fn readable(&self) -> &str {
        if self.text.is_empty() {
            self.headline.as_deref().unwrap_or_default()
        } else {
            &self.text
        }
    }

    /// Adds a flag, keeping the list sorted and without doubles.
    pub fn flag(&mut self, flag: Flag) {
        if let Err(place) = self.flags.binary_search(&flag) {
            self.flags.insert(place, flag);
        }
    }
}

/// Counts of the cleaned text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Unicode code points of `text`.
    pub characters: usize,
    /// Word tokens of `text`.
    pub words: usize,
    /// Sentences of `text`.
    pub sentences: usize,
    /// Mentions over all entities, headline included.
    pub mentions: usize,
}

/// An article with what we found in it.
#[derive(Debug, Clone, PartialEq)]
pub struct EnrichedArticle {
    /// The accepted article.
    pub article: Article,
    /// `None` = not looked for (withheld item, language without a model); empty = looked for, none found.
    pub entities: Option<Vec<Entity>>,
    /// Most confident first; `None` and empty as above.
    pub topics: Option<Vec<TopicTag>>,
    /// Best first; `None` and empty as above.
    pub keywords: Option<Vec<Keyword>>,
    /// Counts.
    pub counts: Counts,
}
