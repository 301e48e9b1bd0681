//! Bytes to `RawArticle`: every form that news comes in, a file for each. Pure; never guesses a character set, never
//! cleans text (that is `text` and `accept`), never knows Kafka.
//!
//! The form is the forced one, else the one that `content-type` declares, else what the first bytes show.
//! `docs/forms.md` lists the forms, and what each yields.

mod anpa1312;
mod charset;
mod feed;
mod fields;
mod iptc7901;
mod json;
mod json_ld;
mod mail;
mod media;
mod newsml1;
mod newsml_g2;
mod ninjs;
mod nitf;
mod page;
mod parse;
mod ritzau;
pub mod schema;
mod sniff;
mod split;
mod structure;
mod unpack;
mod utf8;
mod wire;
mod xml;

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use serde_json::Map;
use serde_json::Value as Json;

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::article::Value;
use crate::decode::media::Declared;
use crate::limits::Limits;

pub use split::SplitPayload;
pub use split::split_payloads;
pub use unpack::unpack;

/// Which form records have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FormChoice {
    /// Found per record.
    #[default]
    Auto,
    /// Our JSON envelope, always.
    Json,
    /// ninjs, always.
    Ninjs,
    /// Wire text, plain or between control characters, always.
    Wire,
    /// HTML, always.
    Html,
    /// XML of any known kind, always.
    Xml,
    /// Mail messages, always.
    Mail,
}

/// How payloads are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecodeSettings {
    /// The form of every record, or found per record.
    pub form: FormChoice,
    /// Top-level JSON fields that are carried into the record as they are, named exactly.
    pub passthrough_fields: Vec<String>,
}

/// Reads one payload as one article.
///
/// # Errors
/// A `Rejection` says why the payload can never be one article.
pub fn decode(
    value: &[u8],
    content_type: Option<&str>,
    settings: &DecodeSettings,
    limits: &Limits,
) -> Result<RawArticle, Rejection> {
    if value.len() > limits.payload_bytes_max {
        return Err(Rejection::new(
            RejectionCode::TooLarge,
            format!(
                "{} bytes, and {} are allowed",
                value.len(),
                limits.payload_bytes_max
            ),
        ));
    }
    if value.is_empty() {
        return Err(Rejection::new(RejectionCode::Empty, "the value has no bytes"));
    }
    let value = unpack(value, limits)?;
    let (declared, charset) = match settings.form {
        FormChoice::Auto => media::declared(content_type)?,
        forced => (media::of_choice(forced), media::charset(content_type)),
    };
    if declared == Declared::Mail || declared == Declared::Nothing && mail::opens(&value) {
        return mail::decode(&value);
    }
    if declared == Declared::Nothing {
        sniff::refuse_binary(&value)?;
    }
    let text = charset::read(&value, charset)?;
    if text.text.trim().is_empty() {
        return Err(Rejection::new(
            RejectionCode::Empty,
            "the value is white space only",
        ));
    }
    let mut article = match declared_or_shown(declared, &text.text) {
        Declared::Json | Declared::Ninjs => {
            let ninjs = declared == Declared::Ninjs || settings.form == FormChoice::Ninjs;
            object(parse::one(&text.text, limits)?, ninjs, settings, limits)?
        }
        other => markup_or_text(other, text.text.into_owned(), limits)?,
    };
    article.flags.extend(text.flag);
    Ok(article)
}

fn declared_or_shown(declared: Declared, text: &str) -> Declared {
    if declared == Declared::Nothing {
        sniff::form(text)
    } else {
        declared
    }
}

/// Every form that is neither JSON nor mail.
fn markup_or_text(declared: Declared, text: String, limits: &Limits) -> Result<RawArticle, Rejection> {
    match declared {
        Declared::Html if sniff::is_page(&text) => page::decode(&text, limits),
        // A fragment of HTML is a body.
        Declared::Html => Ok(wire_text(Markup::Html(text))),
        Declared::Xml => document(&text, limits),
        _ if iptc7901::opens(&text) => iptc7901::decode(&text),
        _ if anpa1312::opens(&text) => anpa1312::decode(&text),
        _ => Ok(wire_text(Markup::Unknown(text))),
    }
}

/// Wire text has no fields: all of it is the body, and its head is read by `text::dateline`.
fn wire_text(body: Markup) -> RawArticle {
    RawArticle {
        body: Some(body),
        ..RawArticle::new(InputForm::Wire)
    }
}

/// XML, by its root element.
fn document(text: &str, limits: &Limits) -> Result<RawArticle, Rejection> {
    let root = xml::parse(text, limits)?;
    match root.name.as_str() {
        "newsItem" | "newsMessage" | "packageItem" | "conceptItem" | "knowledgeItem" | "planningItem" => {
            newsml_g2::decode(&root)
        }
        "NewsML" => newsml1::decode(&root),
        "nitf" => Ok(nitf::decode(&root)),
        "rss" | "RDF" | "feed" | "entry" => feed::decode(&root, text),
        "html" => page::decode(text, limits),
        "RBNews" | "ListOfRBNews" | "XMLNewsQueuedResponse" => ritzau::decode(&root),
        other => {
            let shown: String = other
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(40)
                .collect();
            Err(sniff::unsupported(&format!("an XML document <{shown}>")))
        }
    }
}

fn object(
    object: Map<String, Json>,
    ninjs: bool,
    settings: &DecodeSettings,
    limits: &Limits,
) -> Result<RawArticle, Rejection> {
    let (object, declared_ninjs) = match parse::unwrap_event(object)? {
        parse::Event::Article { object, ninjs } => (parse::unwrap_answer(object), ninjs),
        parse::Event::Text { text, declared } => {
            return markup_or_text(declared_or_shown(declared, &text), text, limits);
        }
    };
    let is_ninjs = match settings.form {
        FormChoice::Ninjs => true,
        FormChoice::Json => false,
        _ => ninjs || declared_ninjs || sniff::is_ninjs(&object),
    };
    if let Some(count) = sniff::feed_items(&object).filter(|_| !is_ninjs) {
        let message = format!("a feed of {count}; one record is one article");
        return Err(Rejection::new(RejectionCode::SeveralArticles, message));
    }
    let mut article = if is_ninjs {
        ninjs::decode(&object, limits)?
    } else {
        json::decode(&object, limits)?
    };
    for name in &settings.passthrough_fields {
        if let Some(value) = object.get(name).filter(|value| !value.is_null()) {
            article.given.passthrough.push((name.clone(), carried(value)));
        }
    }
    Ok(article)
}

/// A JSON value without JSON's types. Its depth is bounded by `depth_max`.
fn carried(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.to_string()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(carried).collect()),
        Json::Object(object) => Value::Map(
            object
                .iter()
                .map(|(name, value)| (name.clone(), carried(value)))
                .collect(),
        ),
    }
}
