//! The record that README shows is the one that its command writes. Only what README leaves out is not compared.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

/// The text of README between two marks.
fn between<'t>(text: &'t str, open: &str, close: &str) -> &'t str {
    let (_, rest) = text.split_once(open).unwrap();
    rest.split_once(close).unwrap().0
}

/// README's JSON without its comments and without the `…` that stand for fields.
fn shown(block: &str) -> Value {
    let lines = block.lines().map(|line| line.split("  //").next().unwrap());
    let json = lines.collect::<String>().replace(", …", "");
    serde_json::from_str(&json).unwrap()
}

/// A string that ends in `…` stands for all that begin so.
fn assert_holds(shown: &Value, written: &Value, at: &str) {
    match (shown, written) {
        (Value::Object(fields), Value::Object(_)) => {
            for (name, value) in fields {
                assert_holds(value, &written[name], &format!("{at}.{name}"));
            }
        }
        (Value::Array(items), Value::Array(all)) => {
            assert_eq!(items.len(), all.len(), "{at}");
            for (n, (item, of)) in items.iter().zip(all).enumerate() {
                assert_holds(item, of, &format!("{at}[{n}]"));
            }
        }
        (Value::String(text), Value::String(whole)) if text.ends_with('…') => {
            assert!(
                whole.starts_with(text.trim_end_matches('…')),
                "{at}: {text} / {whole}"
            );
        }
        _ => assert_eq!(shown, written, "{at}"),
    }
}

#[test]
fn the_record_that_readme_shows_is_the_one_that_is_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let input = between(&readme, "$ printf '", "\\n' | dateline enrich --pretty -");
    let shown = shown(between(&readme, "```jsonc\n", "```"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_dateline"))
        .args(["enrich", "--pretty", "-"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{input}").unwrap();
    let written: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert_holds(&shown, &written, "record");
    let names = |record: &Value| -> Vec<String> { record.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names(&shown), names(&written), "no field is left out");
    assert!(!shown["topics"].as_array().unwrap().is_empty());
}
