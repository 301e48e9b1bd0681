//! A service's answer, checked: offsets, texts, types and topics. Never repairs one.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::article::ByteSpan;
use crate::article::Entity;
use crate::article::EntityIds;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Mention;
use crate::article::Score;
use crate::article::TopicTag;
use crate::config::EnricherConfig;
use crate::config::Gives;
use crate::enrich::remote::Findings;
use crate::enrich::remote::Question;
use crate::enrich::topics::Catalogue;

/// Longest name of an entity or a model, in characters.
const NAME_MAX: usize = 200;

/// An answer that cannot be used, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unusable(pub &'static str);

#[derive(Deserialize)]
struct Answer {
    model: String,
    results: Vec<Value>,
}

#[derive(Deserialize)]
struct Given {
    id: String,
    entities: Option<Vec<GivenEntity>>,
    topics: Option<Vec<GivenTopic>>,
}

#[derive(Deserialize)]
struct GivenEntity {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    confidence: f32,
    #[serde(default)]
    ids: GivenIds,
    country: Option<String>,
    mentions: Vec<GivenMention>,
}

#[derive(Default, Deserialize)]
struct GivenIds {
    wikidata: Option<String>,
    iso3166: Option<String>,
    geonames: Option<String>,
    ticker: Option<String>,
}

#[derive(Deserialize)]
struct GivenMention {
    field: String,
    start: usize,
    end: usize,
    text: String,
}

#[derive(Deserialize)]
struct GivenTopic {
    code: String,
    confidence: f32,
}

/// What a service says of each article that it was asked about, in order.
///
/// # Errors
/// Where the answer as a whole is none; within, where what it says of one article cannot be used.
pub fn read(
    body: &[u8],
    questions: &[Question],
    service: &EnricherConfig,
    catalogue: &Catalogue,
) -> Result<Vec<Result<Findings, Unusable>>, Unusable> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| Unusable("not JSON with `model` and `results`"))?;
    if !is_name(&answer.model) {
        return Err(Unusable("`model` is empty or too long"));
    }
    if answer.results.len() != questions.len() {
        return Err(Unusable("not as many results as articles"));
    }
    let results = answer.results.into_iter().zip(questions);
    let read = results.map(|(result, question)| {
        let given: Given =
            serde_json::from_value(result).map_err(|_| Unusable("a result has not the shape of one"))?;
        if given.id != question.id {
            return Err(Unusable("results are not in the order of the articles"));
        }
        let places = Places::new(question);
        Ok(Findings {
            model: answer.model.clone(),
            entities: wanted(service, Gives::Entities, given.entities, |one| {
                entity(one, &places)
            })?,
            topics: wanted(service, Gives::Topics, given.topics, |one| topic(&one, catalogue))?,
        })
    });
    Ok(read.collect())
}

/// A list that the service is there for must be given, any other is not looked at.
fn wanted<G, T>(
    service: &EnricherConfig,
    what: Gives,
    given: Option<Vec<G>>,
    read: impl Fn(G) -> Result<T, Unusable>,
) -> Result<Option<Vec<T>>, Unusable> {
    if !service.gives(what) {
        return Ok(None);
    }
    let given = given.ok_or(Unusable("a result lacks what the service is to give"))?;
    given.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// The strings that mentions stand in, with the byte of every character.
struct Places<'q> {
    headline: (&'q str, Vec<usize>),
    text: (&'q str, Vec<usize>),
}

impl<'q> Places<'q> {
    fn new(question: &'q Question) -> Self {
        let with_bytes = |text: &'q str| {
            let bytes = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            (text, bytes.collect())
        };
        Self {
            headline: with_bytes(question.headline.as_deref().unwrap_or_default()),
            text: with_bytes(&question.text),
        }
    }

    fn mention(&self, given: &GivenMention, confidence: Score) -> Result<Mention, Unusable> {
        let (field, (string, bytes)) = match given.field.as_str() {
            "headline" => (Field::Headline, &self.headline),
            "text" => (Field::Text, &self.text),
            _ => return Err(Unusable("a mention is in neither `headline` nor `text`")),
        };
        let span = bytes.get(given.start).zip(bytes.get(given.end));
        let span = span
            .filter(|_| given.start < given.end)
            .ok_or(Unusable("a mention has offsets outside its string"))?;
        let span = ByteSpan::new(*span.0, *span.1);
        if span.of(string) != Some(given.text.as_str()) {
            return Err(Unusable("a mention's text is not what stands at its offsets"));
        }
        Ok(Mention {
            field,
            span,
            confidence,
        })
    }
}

fn entity(given: GivenEntity, places: &Places<'_>) -> Result<Entity, Unusable> {
    let kind = EntityType::ALL.into_iter().find(|kind| kind.name() == given.kind);
    let kind = kind.ok_or(Unusable("an entity has a type that there is not"))?;
    let confidence = score(given.confidence)?;
    let mentions = given.mentions.iter();
    let mut mentions: Vec<Mention> = mentions
        .map(|mention| places.mention(mention, confidence))
        .collect::<Result<_, _>>()?;
    mentions.sort_unstable();
    let longest = given.mentions.iter().max_by_key(|mention| mention.text.len());
    let longest = longest.ok_or(Unusable("an entity has no mentions"))?;
    let name = given.name.unwrap_or_else(|| longest.text.replace('\n', " "));
    if !is_name(&name) {
        return Err(Unusable(
            "an entity's name is empty, too long, or has control characters",
        ));
    }
    let GivenIds {
        wikidata,
        iso3166,
        geonames,
        ticker,
    } = given.ids;
    Ok(Entity {
        kind,
        name,
        ids: EntityIds {
            wikidata: checked(wikidata, |id| id.strip_prefix('Q').is_some_and(is_number))?,
            iso3166: checked(iso3166, is_iso3166)?,
            geonames: checked(geonames, is_number)?,
            ticker: checked(ticker, is_ticker)?,
        },
        country: checked(given.country, is_country)?,
        salience: Score::ZERO,
        confidence,
        mentions,
        found_by: Vec::new(),
    })
}

fn topic(given: &GivenTopic, catalogue: &Catalogue) -> Result<TopicTag, Unusable> {
    catalogue
        .topic(&given.code, score(given.confidence)?)
        .ok_or(Unusable("a topic is not in the vocabulary"))
}

fn score(given: f32) -> Result<Score, Unusable> {
    let is_share = (0.0..=1.0).contains(&given);
    is_share
        .then(|| Score::from_f32(given))
        .ok_or(Unusable("a confidence is not within 0 to 1"))
}

fn checked(id: Option<String>, is_one: impl Fn(&str) -> bool) -> Result<Option<String>, Unusable> {
    if id.as_deref().is_none_or(is_one) {
        return Ok(id);
    }
    Err(Unusable("an entity has an id or country that is none"))
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control)
}

fn is_number(id: &str) -> bool {
    (1..=12).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())
}

fn is_iso3166(code: &str) -> bool {
    let (country, part) = code.split_once('-').map_or((code, None), |(a, b)| (a, Some(b)));
    let is_part = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    is_country(country) && part.is_none_or(is_part)
}

fn is_ticker(symbol: &str) -> bool {
    let is_known = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b':');
    (1..=20).contains(&symbol.len()) && symbol.bytes().all(is_known)
}
