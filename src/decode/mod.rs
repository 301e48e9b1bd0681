//! Bytes to `RawArticle`: our JSON envelope, IPTC ninjs and plain wire text. Pure; never guesses a charset, never cleans
//! text (that is `text` and `accept`), never knows Kafka.
//!
//! The form is the forced one, else the one that `content-type` declares, else what the first bytes show.

mod fields;
mod json;
mod media;
mod ninjs;
mod parse;
pub mod schema;
mod sniff;
mod split;
mod structure;
mod utf8;

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use serde_json::Map;
use serde_json::Value as Json;

use crate::article::Flag;
use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::article::Value;
use crate::decode::media::Declared;
use crate::limits::Limits;

pub use split::split_payloads;

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
    /// Plain wire text, always.
    Wire,
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
    let declared = match settings.form {
        FormChoice::Auto => match media::declared(content_type)? {
            Declared::Nothing => sniff::form(value)?,
            declared => declared,
        },
        FormChoice::Wire => Declared::Plain,
        FormChoice::Json | FormChoice::Ninjs => Declared::Json,
    };
    let text = utf8::decode(value)?;
    if text.text.trim().is_empty() {
        return Err(Rejection::new(
            RejectionCode::Empty,
            "the value is white space only",
        ));
    }
    let mut article = match declared {
        Declared::Plain | Declared::Nothing => wire(Markup::Unknown(text.text.into_owned())),
        Declared::Html => html(&text.text)?,
        Declared::Json | Declared::Ninjs => {
            let ninjs = declared == Declared::Ninjs || settings.form == FormChoice::Ninjs;
            object(parse::one(&text.text, limits)?, ninjs, settings, limits)?
        }
    };
    if text.repaired {
        article.flags.push(Flag::Utf8Repaired);
    }
    Ok(article)
}

/// Wire text has no fields: all of it is the body, and its head is read by `text::dateline`.
fn wire(body: Markup) -> RawArticle {
    RawArticle {
        body: Some(body),
        ..RawArticle::new(InputForm::Wire)
    }
}

/// A fragment of HTML is a body; a whole page holds navigation that only a guess could tell from the article.
fn html(text: &str) -> Result<RawArticle, Rejection> {
    if sniff::is_page(text.as_bytes()) {
        return Err(sniff::unsupported("a whole HTML page"));
    }
    Ok(wire(Markup::Html(text.to_owned())))
}

fn object(
    object: Map<String, Json>,
    ninjs: bool,
    settings: &DecodeSettings,
    limits: &Limits,
) -> Result<RawArticle, Rejection> {
    let (object, declared_ninjs) = match parse::unwrap_event(object)? {
        parse::Event::Article { object, ninjs } => (object, ninjs),
        parse::Event::Text(body) => return Ok(wire(body)),
    };
    let is_ninjs = match settings.form {
        FormChoice::Ninjs => true,
        FormChoice::Json => false,
        FormChoice::Auto | FormChoice::Wire => ninjs || declared_ninjs || sniff::is_ninjs(&object),
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

/// A JSON value without JSON's types. Its depth is bounded by `json_depth_max`.
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
