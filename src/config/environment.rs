//! `DATELINE__SECTION__KEY` overrides. The variables come in as an argument; never reads the process environment.

use std::collections::BTreeMap;

use toml::Table;
use toml::Value;

use crate::config::ConfigProblems;
use crate::config::schema::Node;
use crate::config::similar;

/// What our variables start with.
const PREFIX: &str = "DATELINE__";

/// Lays the variables over `table`; returns the variable of each key set. An empty variable counts as not set.
pub(super) fn overlay(
    table: &mut Table,
    variables: impl Iterator<Item = (String, String)>,
    root: Node<'_>,
    problems: &mut ConfigProblems,
) -> BTreeMap<String, String> {
    let ours: BTreeMap<String, String> = variables
        .filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty())
        .collect();
    let mut set = BTreeMap::new();
    for (name, text) in ours {
        let placed = path_of(&name, root).and_then(|(path, node)| {
            let value = value_of(&text, node)?;
            place(table, &path, value)?;
            Ok(path)
        });
        match placed {
            Ok(path) => {
                set.insert(path.join("."), name);
            }
            Err(message) => problems.add(name, message),
        }
    }
    set
}

/// The key a variable names, and its schema. In the `librdkafka` table each `_` is a dot.
fn path_of<'s>(variable: &str, root: Node<'s>) -> Result<(Vec<String>, Node<'s>), String> {
    let lower = variable.get(PREFIX.len()..).unwrap_or_default().to_lowercase();
    let mut node = root;
    let mut path = Vec::new();
    for part in lower.split("__") {
        if node.is_open() {
            path.push(part.replace('_', "."));
            return Ok((path, node));
        }
        node = node.key(part).ok_or_else(|| unknown(part, &path, node))?;
        path.push(part.to_owned());
    }
    if node.kind() == "object" {
        Err(unknown("", &path, node))
    } else {
        Ok((path, node))
    }
}

fn unknown(part: &str, path: &[String], node: Node<'_>) -> String {
    let variable = |part: &str| {
        let parts: Vec<_> = path.iter().map(String::as_str).chain([part]).collect();
        format!("{PREFIX}{}", parts.join("__").to_uppercase())
    };
    match similar::closest(part, node.keys()) {
        Some(known) => format!("unknown variable; did you mean {}?", variable(known)),
        None => format!(
            "unknown variable; known: {}",
            node.keys().map(variable).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The text as the type the key has. A list is a TOML array or comma separated.
fn value_of(text: &str, node: Node<'_>) -> Result<Value, String> {
    match node.kind() {
        "integer" => text
            .trim()
            .parse()
            .map(Value::Integer)
            .map_err(|_| "expected an integer".to_owned()),
        "number" => text
            .trim()
            .parse()
            .map(Value::Float)
            .map_err(|_| "expected a number".to_owned()),
        "boolean" => text
            .trim()
            .parse()
            .map(Value::Boolean)
            .map_err(|_| "expected true or false".to_owned()),
        "array" if text.trim_start().starts_with('[') => {
            let table: Table =
                toml::from_str(&format!("list = {text}")).map_err(|_| "expected a TOML array".to_owned())?;
            table
                .get("list")
                .cloned()
                .ok_or_else(|| "expected a TOML array".to_owned())
        }
        "array" => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(
                items.map(|item| Value::String(item.to_owned())).collect(),
            ))
        }
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn place(table: &mut Table, path: &[String], value: Value) -> Result<(), String> {
    let Some((last, tables)) = path.split_last() else {
        return Ok(());
    };
    let mut here = table;
    for name in tables {
        let inner = here
            .entry(name.clone())
            .or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = inner else {
            return Err(format!("`{name}` is not a table in the file"));
        };
        here = inner;
    }
    here.insert(last.clone(), value);
    Ok(())
}
