//! Small articles of every form and the whole record that each becomes, as snapshots: a change of any field
//! is seen in review.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use dateline::record::Outcome;
use dateline::record::OutputRecord;
use serde_json::Value;

use super::articles::NOW_MS;
use super::articles::PROCESSOR;
use super::articles::record;

/// Key, headers and value as a reader of the output topic sees them; the worker's version, which every
/// release changes, is left out.
pub(super) fn show(output: &OutputRecord) -> String {
    let text = |bytes: &Option<Vec<u8>>| String::from_utf8(bytes.clone().unwrap()).unwrap();
    let mut shown = format!("key: {}\n", text(&output.key));
    for header in &output.headers {
        writeln!(shown, "{}: {}", header.name, text(&header.value)).unwrap();
    }
    let mut value: Value = serde_json::from_str(&text(&output.value)).unwrap();
    let version = value["provenance"]["worker_version"].take();
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    value["provenance"]["worker_version"] = "VERSION".into();
    shown + &serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn articles_become_the_records_seen_in_review() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 12, "{files:?}");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let input = fs::read_to_string(&file).unwrap();
        // Envelopes declare their form; ninjs and wire text are found by looking.
        let envelope = name.ends_with(".json") && !name.ends_with(".ninjs.json");
        let content_type = envelope.then_some("application/json");
        let outcome = PROCESSOR.process(&record(7, &input, content_type), NOW_MS, &mut ());
        let Outcome::Enriched(output) = outcome else {
            panic!("{name}: {outcome:?}")
        };
        settings.set_description(input);
        settings.bind(|| insta::assert_snapshot!(name, show(&output)));
    }
}
