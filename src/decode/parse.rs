//! Text to one JSON object: depth, size, syntax, arrays of one, CloudEvents in structured mode. Error messages name
//! places, never payload text.

use serde_json::Map;
use serde_json::Value as Json;

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::decode::fields::kind;
use crate::decode::media;
use crate::decode::media::Declared;
use crate::decode::sniff;
use crate::decode::split_payloads;
use crate::decode::structure::marks;
use crate::limits::Limits;

/// What the JSON parser itself can hold; a larger `depth_max` changes nothing.
const DEPTH_OF_PARSER: usize = 127;

/// The one object in `text`; an array of exactly one is that one.
pub(super) fn one(text: &str, limits: &Limits) -> Result<Map<String, Json>, Rejection> {
    check_size(text, limits)?;
    let value: Json = serde_json::from_str(text).map_err(|error| syntax(text, &error))?;
    let value = match value {
        Json::Array(mut items) => match (items.len(), items.pop()) {
            (1, Some(item)) => item,
            (0, _) => return Err(Rejection::new(RejectionCode::NoContent, "an empty array")),
            (count, _) => {
                let message = format!("an array of {count}; one record is one article");
                return Err(Rejection::new(RejectionCode::SeveralArticles, message));
            }
        },
        value => value,
    };
    match value {
        Json::Object(object) => Ok(object),
        other => {
            let message = format!("the payload: expected an object, found {}", kind(&other));
            Err(Rejection::new(RejectionCode::WrongType, message))
        }
    }
}

/// Lines of JSON are several articles, one a line; all else that does not parse is no JSON.
fn syntax(text: &str, error: &serde_json::Error) -> Rejection {
    let lines = split_payloads(text.as_bytes()).count();
    if text.trim_start().starts_with('{') && lines > 1 {
        let message = format!("{lines} lines of JSON; one record is one article");
        return Rejection::new(RejectionCode::SeveralArticles, message);
    }
    Rejection::new(RejectionCode::InvalidJson, error.to_string())
}

/// Counts brackets and commas outside strings, before anything recursive or hungry sees the text.
fn check_size(text: &str, limits: &Limits) -> Result<(), Rejection> {
    let depth_max = limits.depth_max.min(DEPTH_OF_PARSER);
    let mut values = 1;
    for mark in marks(text.as_bytes()) {
        if mark.depth > depth_max {
            let message = format!("nested deeper than {depth_max} at byte {}", mark.at);
            return Err(Rejection::new(RejectionCode::TooDeep, message));
        }
        // Each value is the first after a bracket, or stands after a comma.
        values += usize::from(matches!(mark.byte, b'{' | b'[' | b','));
        if values > limits.values_max {
            let message = format!("more than {} JSON values", limits.values_max);
            return Err(Rejection::new(RejectionCode::TooLarge, message));
        }
    }
    Ok(())
}

/// What a JSON object holds once an envelope of transport is taken off.
pub(super) enum Event {
    /// An article, and whether the envelope declares it to be ninjs.
    Article {
        /// Its fields.
        object: Map<String, Json>,
        /// Declared by `datacontenttype`.
        ninjs: bool,
    },
    /// Anything but JSON.
    Text {
        /// The payload.
        text: String,
        /// Declared by `datacontenttype`.
        declared: Declared,
    },
}

/// Takes the one item out of an agency's answer: `data.item` of the Associated Press, a list `item` of one of
/// the BBC.
pub(super) fn unwrap_answer(mut object: Map<String, Json>) -> Map<String, Json> {
    let answered = |object: &Map<String, Json>| {
        object
            .get("data")
            .and_then(|data| data.get("item"))
            .is_some_and(Json::is_object)
    };
    if answered(&object)
        && let Some(Json::Object(mut data)) = object.remove("data")
        && let Some(Json::Object(item)) = data.remove("item")
    {
        return item;
    }
    let is_one = object
        .get("item")
        .and_then(Json::as_array)
        .is_some_and(|items| items.len() == 1 && items.iter().all(Json::is_object));
    if is_one
        && sniff::feed_items(&object).is_some()
        && let Some(Json::Array(mut items)) = object.remove("item")
        && let Some(Json::Object(item)) = items.pop()
    {
        return item;
    }
    object
}

/// Takes `data` out of an event (CloudEvents, structured mode); anything else is the article itself.
pub(super) fn unwrap_event(mut object: Map<String, Json>) -> Result<Event, Rejection> {
    let is_event = ["specversion", "type", "source"]
        .iter()
        .all(|name| object.get(*name).is_some_and(Json::is_string));
    if !is_event {
        return Ok(Event::Article { object, ninjs: false });
    }
    if object.contains_key("data_base64") {
        return Err(sniff::unsupported("a CloudEvent with data_base64"));
    }
    let (declared, _) = media::declared(object.get("datacontenttype").and_then(Json::as_str))?;
    match object.remove("data") {
        Some(Json::Object(object)) => Ok(Event::Article {
            object,
            ninjs: declared == Declared::Ninjs,
        }),
        Some(Json::String(text)) if text.trim().is_empty() => Err(no_data()),
        Some(Json::String(text)) => Ok(Event::Text { text, declared }),
        None | Some(Json::Null) => Err(no_data()),
        Some(Json::Array(items)) if items.len() > 1 => {
            let message = format!("\"data\": an array of {}; one record is one article", items.len());
            Err(Rejection::new(RejectionCode::SeveralArticles, message))
        }
        Some(other) => {
            let message = format!("\"data\": expected an object or a string, found {}", kind(&other));
            Err(Rejection::new(RejectionCode::WrongType, message))
        }
    }
}

fn no_data() -> Rejection {
    Rejection::new(RejectionCode::NoContent, "a CloudEvent without data")
}
