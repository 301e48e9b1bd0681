//! Names, types and ranges of a parsed file, against the schema. Never looks at two keys at once; `validate` does.

use toml::Table;
use toml::Value;

use crate::config::ConfigProblems;
use crate::config::librdkafka;
use crate::config::schema::Node;
use crate::config::similar;

/// Reports every unknown key, wrong type and value out of range, and takes them out of `table`, so that the
/// rest can be checked.
pub(super) fn check(table: &mut Table, node: Node<'_>, problems: &mut ConfigProblems) {
    check_table(table, "", node, node, problems);
}

fn check_table(
    table: &mut Table,
    prefix: &str,
    node: Node<'_>,
    root: Node<'_>,
    problems: &mut ConfigProblems,
) {
    table.retain(|name, value| {
        let path = format!("{prefix}{name}");
        let Some(key) = node.key(name) else {
            problems.add(path, unknown(name, node, root));
            return false;
        };
        match value {
            Value::Table(inner) if key.is_open() => match librdkafka::flatten(inner.clone()) {
                Ok(_) => true,
                Err(message) => {
                    problems.add(path, message);
                    false
                }
            },
            Value::Table(inner) if key.kind() == "object" => {
                check_table(inner, &format!("{path}."), key, root, problems);
                true
            }
            Value::Array(items) if key.items().is_some_and(|item| item.kind() == "object") => {
                check_tables(items, &path, key, root, problems);
                true
            }
            _ => match judge(value, key) {
                Ok(()) => true,
                Err(message) => {
                    problems.add(path, message);
                    false
                }
            },
        }
    });
}

/// Checks each of a list of tables, which are counted from 1.
fn check_tables(
    items: &mut Vec<Value>,
    path: &str,
    node: Node<'_>,
    root: Node<'_>,
    problems: &mut ConfigProblems,
) {
    let mut number = 0;
    items.retain_mut(|item| {
        number += 1;
        let path = format!("{path}.{number}");
        match (item, node.items()) {
            (Value::Table(inner), Some(node)) => {
                check_table(inner, &format!("{path}."), node, root, problems);
                true
            }
            (other, _) => {
                problems.add(path, format!("expected a table, found {}", other.type_str()));
                false
            }
        }
    });
}

fn unknown(name: &str, node: Node<'_>, root: Node<'_>) -> String {
    if let Some(section) = root
        .keys()
        .find(|s| root.key(s).is_some_and(|section| section.key(name).is_some()))
    {
        return format!("unknown key; `{name}` belongs to [{section}]");
    }
    match similar::closest(name, node.keys()) {
        Some(known) => format!("unknown key; did you mean `{known}`?"),
        None => format!(
            "unknown key; known here: {}",
            node.keys().collect::<Vec<_>>().join(", ")
        ),
    }
}

/// Whether one value fits: its type, its words, its range. Strings that may be secret are never repeated.
fn judge(value: &Value, node: Node<'_>) -> Result<(), String> {
    match (node.kind(), value) {
        ("string", Value::String(text)) => judge_text(text, node),
        ("integer", Value::Integer(number)) => judge_number(*number as f64, node),
        ("number", Value::Integer(number)) => judge_number(*number as f64, node),
        ("number", Value::Float(number)) => judge_number(*number, node),
        ("boolean", Value::Boolean(_)) => Ok(()),
        ("array", Value::Array(items)) => {
            if node
                .bound("minItems")
                .is_some_and(|min| (items.len() as f64) < min)
            {
                return Err("must not be empty".to_owned());
            }
            items
                .iter()
                .try_for_each(|item| node.items().map_or(Ok(()), |node| judge(item, node)))
        }
        (kind, other) => Err(format!(
            "expected {}, found {}",
            kind_in_words(kind),
            other.type_str()
        )),
    }
}

fn judge_text(text: &str, node: Node<'_>) -> Result<(), String> {
    let words = node.words();
    if words.is_empty() {
        let too_short = node
            .bound("minLength")
            .is_some_and(|min| (text.chars().count() as f64) < min);
        return if too_short {
            Err("must not be empty".to_owned())
        } else {
            Ok(())
        };
    }
    if words.contains(&text) {
        return Ok(());
    }
    let hint = similar::closest(text, words.iter().copied())
        .map(|w| format!("; did you mean `{w}`?"))
        .unwrap_or_default();
    Err(format!(
        "`{}` is not one of {}{hint}",
        text.escape_debug(),
        words.join(", ")
    ))
}

fn judge_number(number: f64, node: Node<'_>) -> Result<(), String> {
    let min = node.bound("minimum").unwrap_or(f64::MIN);
    let max = node.bound("maximum").unwrap_or(f64::MAX);
    if (min..=max).contains(&number) {
        Ok(())
    } else {
        Err(format!("{number} is not within {min} to {max}"))
    }
}

fn kind_in_words(kind: &str) -> &'static str {
    match kind {
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        _ => "a string",
    }
}
