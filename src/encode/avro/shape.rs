//! What stands where in the Avro form, read from a JSON Schema. Never sees a record.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use thiserror::Error;

/// Deepest nesting of a schema: one that refers to itself has no end.
const DEPTH_MAX: usize = 16;

/// A JSON Schema has a part that has no form in Avro here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the JSON Schema has no Avro form at {0}")]
pub struct Unknown(String);

/// The form of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Text,
    Integer,
    Number,
    Truth,
    List(Box<Shape>),
    /// An object of known fields, in their order.
    Fields {
        name: String,
        doc: Option<String>,
        fields: Vec<Field>,
    },
    /// An object of any fields: a map, each value the text of its JSON.
    Open,
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) doc: Option<String>,
    pub(super) shape: Shape,
    /// May be absent: null in Avro.
    pub(super) optional: bool,
}

/// Reads the form of `schema`, an object called `name`.
pub(super) fn derive(schema: &Json, name: &str) -> Result<Shape, Unknown> {
    Reader { root: schema }.shape(schema, name, 0)
}

struct Reader<'s> {
    root: &'s Json,
}

impl Reader<'_> {
    /// `name` is the place of the value, and the name of an object that has none of its own.
    fn shape(&self, schema: &Json, name: &str, depth: usize) -> Result<Shape, Unknown> {
        let unknown = || Unknown(name.to_owned());
        if depth > DEPTH_MAX {
            return Err(unknown());
        }
        if let Some(path) = schema.get("$ref").and_then(Json::as_str) {
            let target = path.strip_prefix('#').and_then(|path| self.root.pointer(path));
            let own = path.rsplit('/').next().unwrap_or(name);
            return self.shape(target.ok_or_else(unknown)?, own, depth + 1);
        }
        // A closed list of words is a string too: a reader must live with a word that a later version adds.
        if schema.get("oneOf").is_some_and(are_words) {
            return Ok(Shape::Text);
        }
        match schema.get("type").and_then(Json::as_str) {
            Some("string") => Ok(Shape::Text),
            Some("integer") => Ok(Shape::Integer),
            Some("number") => Ok(Shape::Number),
            Some("boolean") => Ok(Shape::Truth),
            Some("array") => {
                let items = schema.get("items").ok_or_else(unknown)?;
                Ok(Shape::List(Box::new(self.shape(items, name, depth + 1)?)))
            }
            Some("object") => match schema.get("properties").and_then(Json::as_object) {
                Some(properties) if !properties.is_empty() => Ok(Shape::Fields {
                    name: name.to_owned(),
                    doc: doc(schema),
                    fields: self.fields(schema, properties, depth)?,
                }),
                _ => Ok(Shape::Open),
            },
            _ => Err(unknown()),
        }
    }

    fn fields(
        &self,
        schema: &Json,
        properties: &Map<String, Json>,
        depth: usize,
    ) -> Result<Vec<Field>, Unknown> {
        let required = schema.get("required").and_then(Json::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        let fields = properties.iter().map(|(name, property)| {
            Ok(Field {
                name: name.clone(),
                doc: doc(property),
                shape: self.shape(property, name, depth + 1)?,
                optional: !is_required(name),
            })
        });
        fields.collect()
    }
}

fn doc(schema: &Json) -> Option<String> {
    schema.get("description")?.as_str().map(str::to_owned)
}

fn are_words(choices: &Json) -> bool {
    let is_word = |choice: &Json| choice.get("const").is_some_and(Json::is_string);
    choices
        .as_array()
        .is_some_and(|all| !all.is_empty() && all.iter().all(is_word))
}

impl Shape {
    /// The Avro schema of this form.
    pub(super) fn schema(&self) -> Json {
        self.declared(&mut Vec::new())
    }

    /// The same; an object that was declared before is only named.
    fn declared(&self, known: &mut Vec<String>) -> Json {
        match self {
            Self::Text => json!("string"),
            Self::Integer => json!("long"),
            Self::Number => json!("double"),
            Self::Truth => json!("boolean"),
            Self::List(items) => json!({"type": "array", "items": items.declared(known)}),
            Self::Open => json!({"type": "map", "values": "string"}),
            Self::Fields { name, .. } if known.contains(name) => {
                let (space, own) = split(name);
                json!(space.map_or_else(|| own.to_owned(), |space| format!("{space}.{own}")))
            }
            Self::Fields { name, doc, fields } => {
                known.push(name.clone());
                let (space, own) = split(name);
                let mut record = Map::new();
                record.insert("type".to_owned(), json!("record"));
                record.insert("name".to_owned(), json!(own));
                record.extend(space.map(|space| ("namespace".to_owned(), json!(space))));
                record.extend(doc.iter().map(|doc| ("doc".to_owned(), json!(doc))));
                let fields: Vec<Json> = fields.iter().map(|field| field.declared(known)).collect();
                record.insert("fields".to_owned(), Json::Array(fields));
                Json::Object(record)
            }
        }
    }
}

impl Field {
    fn declared(&self, known: &mut Vec<String>) -> Json {
        let mut field = Map::new();
        field.insert("name".to_owned(), json!(self.name));
        field.extend(self.doc.iter().map(|doc| ("doc".to_owned(), json!(doc))));
        let shape = self.shape.declared(known);
        if self.optional {
            field.insert("type".to_owned(), json!(["null", shape]));
            field.insert("default".to_owned(), Json::Null);
        } else {
            field.insert("type".to_owned(), shape);
        }
        Json::Object(field)
    }
}

/// Namespace, if there is one, and name. What has none is in the namespace around it.
fn split(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once('.') {
        Some((space, own)) => (Some(space), own),
        None => (None, name),
    }
}
