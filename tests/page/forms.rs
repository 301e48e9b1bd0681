//! The paste box and its file chooser take every form: each example of `tests/forms` becomes the record that review
//! has seen (`tests/suite/forms.rs`). Knows nothing else of the page.

use std::fs;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::browser::Browser;

const SHOWN: &str = "!!document.querySelector('#result article')";

/// Gives each example to the page as a file; those that are text are pasted too.
pub fn every_form_is_taken(page: &mut Browser) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files: Vec<_> = fs::read_dir(root.join("forms"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 12, "{files:?}");
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let seen = fs::read_to_string(root.join(format!("suite/snapshots/forms/{name}.snap"))).unwrap();
        let seen: Value = serde_json::from_str(&seen[seen.find("\n{\n").unwrap()..]).unwrap();
        clear(page);
        choose(page, &file);
        assert_eq!(shown(page, name), told(&seen), "{name} as a file");
        if let Ok(text) = fs::read_to_string(&file) {
            clear(page);
            page.evaluate(&format!(
                "document.getElementById('paste').value = {}; document.querySelector('#form .primary').click()",
                json!(text)
            ));
            assert_eq!(shown(page, name), told(&seen), "{name} pasted");
        }
    }
}

fn clear(page: &mut Browser) {
    page.evaluate("document.getElementById('result').replaceChildren()");
}

/// Chooses a file as a user does.
fn choose(page: &mut Browser, file: &Path) {
    let found = page.call(
        "Runtime.evaluate",
        &json!({ "expression": "document.getElementById('file')" }),
    );
    let files = json!({ "files": [file], "objectId": found["result"]["objectId"] });
    page.call("DOM.setFileInputFiles", &files);
}

/// The record that is shown.
fn shown(page: &mut Browser, name: &str) -> Value {
    page.wait(&format!("the record of {name} is there"), SHOWN);
    page.evaluate("[...document.querySelectorAll('#result .bar button')].at(-1).click()");
    told(&page.evaluate("JSON.parse(document.querySelector('#result pre').textContent)"))
}

/// What says of a record that it was read as it should be; hashes are of the bytes, which a browser's line ends change.
fn told(record: &Value) -> Value {
    let names = [
        "headline",
        "text",
        "language",
        "published_at",
        "dateline",
        "given",
        "entities",
    ];
    let mut told: Vec<Value> = names.iter().map(|name| plain(&record[*name])).collect();
    told.push(record["provenance"]["input_form"].clone());
    json!(told)
}

/// With every number as a browser has it: 1.0 is 1 there.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect(),
        other => other.clone(),
    }
}
