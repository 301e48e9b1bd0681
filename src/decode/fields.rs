//! Typed reading of JSON fields under their usual names. A wrong type is a rejection that names the field, what was
//! expected and what was found; never shows payload text.

use serde_json::Map;
use serde_json::Value as Json;

use crate::article::Flag;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::limits::Limits;

/// The name of a JSON type, with its article.
pub(super) const fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

pub(super) fn wrong_type(field: &str, expected: &str, found: &Json) -> Rejection {
    let message = format!("field \"{field}\": expected {expected}, found {}", kind(found));
    Rejection::new(RejectionCode::WrongType, message)
}

/// The fields of one object, read by name; `publishedAt`, `published_at` and `PublishedAt` are one name.
pub(super) struct Fields<'j> {
    object: &'j Map<String, Json>,
    items_max: usize,
    /// What reading the fields has shown.
    pub(super) flags: Vec<Flag>,
}

impl<'j> Fields<'j> {
    pub(super) fn new(object: &'j Map<String, Json>, limits: &Limits) -> Self {
        Self {
            object,
            items_max: limits.given_items_max,
            flags: Vec::new(),
        }
    }

    /// Values under `names`, first name first; null counts as absent.
    pub(super) fn all<'n>(
        &self,
        names: &'n [&'n str],
    ) -> impl Iterator<Item = (&'n str, &'j Json)> + use<'j, 'n> {
        let object = self.object;
        names.iter().flat_map(move |name| {
            let exact = object.get(*name).filter(|value| !value.is_null());
            let variants = object
                .iter()
                .filter(move |(key, value)| key != name && !value.is_null() && is_variant(key, name));
            exact
                .into_iter()
                .chain(variants.map(|(_, value)| value))
                .map(move |value| (*name, value))
        })
    }

    /// Every field whose name starts with `prefix`, in the order given.
    pub(super) fn prefixed(
        &self,
        prefix: &'static str,
    ) -> impl Iterator<Item = (&'j str, &'j Json)> + use<'j> {
        self.object
            .iter()
            .filter(move |(key, value)| key.starts_with(prefix) && !value.is_null())
            .map(|(key, value)| (key.as_str(), value))
    }

    /// The first string that is not blank.
    pub(super) fn text(&self, names: &[&str]) -> Result<Option<String>, Rejection> {
        Ok(self.text_named(names)?.map(|(_, text)| text))
    }

    /// The same, with the name it was found under.
    pub(super) fn text_named<'n>(
        &self,
        names: &'n [&'n str],
    ) -> Result<Option<(&'n str, String)>, Rejection> {
        for (name, value) in self.all(names) {
            match value {
                Json::String(text) if text.trim().is_empty() => {}
                Json::String(text) => return Ok(Some((name, text.clone()))),
                other => return Err(wrong_type(name, "a string", other)),
            }
        }
        Ok(None)
    }

    /// The first string that is not blank, or whole number in decimal digits.
    pub(super) fn text_or_integer(&self, names: &[&str]) -> Result<Option<String>, Rejection> {
        for (name, value) in self.all(names) {
            match value {
                Json::String(text) if text.trim().is_empty() => {}
                Json::String(text) => return Ok(Some(text.clone())),
                Json::Number(number) if !number.is_f64() => return Ok(Some(number.to_string())),
                other => return Err(wrong_type(name, "a string or a whole number", other)),
            }
        }
        Ok(None)
    }

    /// The first name: a string, or an object with a `name`.
    pub(super) fn name(&self, names: &[&str]) -> Result<Option<String>, Rejection> {
        for (name, value) in self.all(names) {
            if let Some(found) = name_of(name, value, &["name"])? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The first list of names that is not empty. Each is a string or an object, whose first of `keys`
    /// counts; one alone
    /// needs no list. Cut, with a flag, at `given_items_max`.
    pub(super) fn names(&mut self, names: &[&str], keys: &[&str]) -> Result<Vec<String>, Rejection> {
        for (name, value) in self.all(names) {
            let mut found = Vec::new();
            let items = match value {
                Json::Array(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            for item in items.iter().filter(|item| !item.is_null()) {
                found.extend(name_of(name, item, keys)?);
            }
            if found.len() > self.items_max {
                found.truncate(self.items_max);
                self.flags.push(Flag::Truncated);
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// A whole number from 1 to 9, also as a string of one digit; another whole number counts as absent.
    pub(super) fn urgency(&self, names: &[&str]) -> Result<Option<u8>, Rejection> {
        let Some((name, value)) = self.all(names).next() else {
            return Ok(None);
        };
        let number = match value {
            Json::Number(number) => number.as_u64(),
            Json::String(text) => text.trim().parse().ok(),
            other => return Err(wrong_type(name, "a whole number", other)),
        };
        Ok(number
            .and_then(|n| u8::try_from(n).ok())
            .filter(|n| (1..=9).contains(n)))
    }
}

fn name_of(field: &str, value: &Json, keys: &[&str]) -> Result<Option<String>, Rejection> {
    let text = match value {
        Json::String(text) => Some(text),
        Json::Object(object) => {
            let strings = keys.iter().filter_map(|key| match object.get(*key) {
                Some(Json::String(text)) if !text.trim().is_empty() => Some(text),
                _ => None,
            });
            strings.into_iter().next()
        }
        other => {
            return Err(wrong_type(
                field,
                "a string, an object with a name, or a list of them",
                other,
            ));
        }
    };
    Ok(text.filter(|text| !text.trim().is_empty()).cloned())
}

/// True where two names differ in case, underscores and hyphens only.
fn is_variant(key: &str, name: &str) -> bool {
    plain(key).eq(plain(name))
}

fn plain(name: &str) -> impl Iterator<Item = u8> {
    name.bytes()
        .filter(|byte| !matches!(byte, b'_' | b'-'))
        .map(|byte| byte.to_ascii_lowercase())
}
