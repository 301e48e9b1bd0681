//! The bundled samples: what `make demo` feeds reads as its README says, and the ninjs sample is valid ninjs 3.1.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn samples_hold_every_form_and_some_faults() {
    let file = std::fs::read(root("samples/articles.jsonl")).unwrap();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for line in split_payloads(&file) {
        let sample: Json = serde_json::from_slice(&line.bytes).unwrap();
        let value = sample["value"].as_str().unwrap();
        let content_type = sample["content_type"].as_str();
        match decode(
            value.as_bytes(),
            content_type,
            &DecodeSettings::default(),
            &Limits::default(),
        ) {
            Ok(article) => *found.entry(article.form.name()).or_default() += 1,
            Err(rejection) => *found.entry(rejection.code.code()).or_default() += 1,
        }
    }
    // One more has no content, which is found once it is read.
    let faults = [
        "empty",
        "invalid_json",
        "several_articles",
        "unsupported_form",
        "wrong_type",
    ];
    let faults_found: Vec<_> = found.iter().filter(|(name, _)| faults.contains(name)).collect();
    assert!(
        faults_found.iter().all(|(_, count)| **count == 1) && faults_found.len() == faults.len(),
        "{found:?}"
    );
    assert!(
        ["json", "ninjs", "wire"].iter().all(|form| found[form] >= 20),
        "{found:?}"
    );
    let others = [
        "newsml_g2",
        "nitf",
        "feed",
        "html",
        "iptc_7901",
        "anpa_1312",
        "mail",
        "ritzau",
    ];
    assert!(others.iter().all(|form| found.contains_key(form)), "{found:?}");
}

#[test]
fn single_samples_read() {
    for (file, form) in [
        ("samples/article.json", InputForm::Json),
        ("samples/article.ninjs.json", InputForm::Ninjs),
        ("samples/article.txt", InputForm::Wire),
    ] {
        let value = std::fs::read(root(file)).unwrap();
        let article = decode(&value, None, &DecodeSettings::default(), &Limits::default()).unwrap();
        assert_eq!(article.form, form, "{file}");
        assert!(article.body.is_some(), "{file}");
    }
}

#[test]
fn the_ninjs_samples_are_valid_ninjs() {
    let schema = std::fs::read_to_string(root("tests/data/ninjs/schema/ninjs-schema_3.1.json")).unwrap();
    // The one reference outside the schema; no sample has coordinates.
    let schema = schema.replace(
        "https://geojson.org/schema/GeoJSON.json#",
        "#/$defs/newsObjectType",
    );
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let single = std::fs::read_to_string(root("samples/article.ninjs.json")).unwrap();
    let file = std::fs::read(root("samples/articles.jsonl")).unwrap();
    let lines = split_payloads(&file).map(|line| serde_json::from_slice::<Json>(&line.bytes).unwrap());
    let values = lines.filter_map(|sample| sample["value"].as_str().map(str::to_owned));
    let items = values.filter_map(|value| serde_json::from_str::<Json>(&value).ok());
    let ninjs: Vec<Json> = items.filter(|item| item.get("standard").is_some()).collect();
    assert!(ninjs.len() >= 20);
    for item in ninjs.iter().chain([&serde_json::from_str(&single).unwrap()]) {
        let errors: Vec<_> = validator
            .iter_errors(item)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, [""; 0], "{}", item["uri"]);
    }
}
