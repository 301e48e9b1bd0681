//! The JSON Schema of the configuration, and how to walk it. It alone knows names, types and ranges; never
//! reads a value.

use serde_json::Value;

use crate::config::Config;

/// The JSON Schema (2020-12) of the configuration file.
pub fn schema() -> Value {
    schemars::schema_for!(Config).to_value()
}

/// A place in the schema.
#[derive(Clone, Copy)]
pub(super) struct Node<'s> {
    root: &'s Value,
    here: &'s Value,
}

impl<'s> Node<'s> {
    pub(super) fn root(root: &'s Value) -> Self {
        Self { root, here: root }
    }

    fn at(self, here: &'s Value) -> Self {
        let target = here
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| path.strip_prefix('#'))
            .and_then(|path| self.root.pointer(path));
        if let Some(target) = target {
            return self.at(target);
        }
        let optional = here.get("anyOf").and_then(Value::as_array).and_then(|choices| {
            choices
                .iter()
                .find(|c| c.get("type").and_then(Value::as_str) != Some("null"))
        });
        optional.map_or(
            Self {
                root: self.root,
                here,
            },
            |choice| self.at(choice),
        )
    }

    /// The named key of this table.
    pub(super) fn key(self, name: &str) -> Option<Self> {
        Some(self.at(self.here.get("properties")?.get(name)?))
    }

    /// The keys of this table.
    pub(super) fn keys(self) -> impl Iterator<Item = &'s str> {
        self.here
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
    }

    /// The schema of a list's items.
    pub(super) fn items(self) -> Option<Self> {
        Some(self.at(self.here.get("items")?))
    }

    /// True for a table whose keys are not ours to know.
    pub(super) fn is_open(self) -> bool {
        self.here
            .get("additionalProperties")
            .is_some_and(Value::is_object)
    }

    /// The JSON type: `string`, `integer`, `number`, `boolean`, `array` or `object`.
    pub(super) fn kind(self) -> &'s str {
        match self.here.get("type") {
            Some(Value::String(kind)) => kind,
            Some(Value::Array(kinds)) => kinds
                .iter()
                .filter_map(Value::as_str)
                .find(|kind| *kind != "null")
                .unwrap_or("string"),
            // A choice among words is written as `oneOf`.
            _ => "string",
        }
    }

    /// The words a string is chosen from; empty = any string.
    pub(super) fn words(self) -> Vec<&'s str> {
        let choices = self
            .here
            .get("oneOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        choices
            .filter_map(|choice| choice.get("const")?.as_str())
            .collect()
    }

    /// A bound: `minimum`, `maximum`, `minLength` or `minItems`.
    pub(super) fn bound(self, name: &str) -> Option<f64> {
        self.here.get(name)?.as_f64()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::Node;
    use super::schema;
    use crate::config::Config;

    const REFERENCE: &str = include_str!("../../config/dateline.toml");
    const PUBLISHED: &str = "config/schema/config.schema.json";

    /// Every key of the schema, as `section.key`.
    fn keys(node: Node<'_>, prefix: &str, found: &mut BTreeSet<String>) {
        for name in node.keys() {
            let key = node.key(name).unwrap();
            let key = key.items().unwrap_or(key);
            if key.keys().next().is_some() {
                keys(key, &format!("{prefix}{name}."), found);
            } else {
                found.insert(format!("{prefix}{name}"));
            }
        }
    }

    /// Every key of a TOML table, likewise.
    fn keys_of(table: &toml::Table, prefix: &str, found: &mut BTreeSet<String>) {
        for (name, value) in table {
            let first = value.as_array().and_then(|list| list.first()?.as_table());
            match value.as_table().or(first).filter(|t| !t.is_empty()) {
                Some(inner) => keys_of(inner, &format!("{prefix}{name}."), found),
                None => {
                    found.insert(format!("{prefix}{name}"));
                }
            }
        }
    }

    #[test]
    fn reference_file_is_the_defaults() {
        assert_eq!(toml::from_str::<Config>(REFERENCE), Ok(Config::default()));
    }

    #[test]
    fn reference_file_names_and_explains_every_key() {
        let is_example = |line: &&str| {
            let line = line.strip_prefix("# ");
            line.is_some_and(|l| l.starts_with("[["))
                || line
                    .and_then(|l| l.split_once(" = "))
                    .is_some_and(|(k, _)| k.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        };
        let lines: Vec<&str> = REFERENCE.lines().collect();
        for pair in lines
            .windows(2)
            .filter(|pair| pair[1].contains(" = ") && (is_example(&pair[1]) || !pair[1].starts_with('#')))
        {
            assert!(
                pair[0].starts_with("# ") && !is_example(&pair[0]),
                "no comment above {}",
                pair[1]
            );
        }
        let uncommented: Vec<&str> = lines
            .iter()
            .map(|line| if is_example(line) { &line[2..] } else { line })
            .collect();
        let (mut named, mut known) = (BTreeSet::new(), BTreeSet::new());
        keys_of(&toml::from_str(&uncommented.join("\n")).unwrap(), "", &mut named);
        keys(Node::root(&schema()), "", &mut known);
        assert_eq!(named, known);
    }

    #[test]
    fn published_schema_is_current_and_holds_for_the_reference_file() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PUBLISHED);
        if std::env::var_os("DATELINE_UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, serde_json::to_string_pretty(&schema()).unwrap() + "\n").unwrap();
        }
        let published: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert!(
            published == schema(),
            "DATELINE_UPDATE_SCHEMAS=1 cargo test schema writes it anew"
        );
        let reference: serde_json::Value = toml::from_str(REFERENCE).unwrap();
        let validator = jsonschema::validator_for(&published).unwrap();
        assert!(validator.is_valid(&reference));
        assert!(!validator.is_valid(&serde_json::json!({ "kafka": { "no_such_key": 1 } })));
    }
}
