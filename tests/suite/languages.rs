//! A language is a folder of models: added without a line of code, told in the record, refused where it is broken.

use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;
use tempfile::TempDir;

use super::cli::code;
use super::cli::dateline;
use super::cli::file;
use super::cli::stderr;
use super::cli::stdout;

const GERMAN: &str = "BERLIN, 6. Juli (Agentur) - Die Ministerin Angela Merkel sprach am Donnerstag in Frankreich mit \
                      Emmanuel Macron über die Lage der Wirtschaft und über die Zinsen.";

/// A model's file that says it is of another version of the same length, whole again.
fn renamed(name: &str, from: &str, to: &str) -> Vec<u8> {
    let mut bytes = fs::read(Path::new("models").join(name)).unwrap();
    let at = bytes.windows(from.len()).position(|part| part == from.as_bytes());
    let at = at.unwrap();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    let end = bytes.len() - 32;
    let checksum = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum);
    bytes
}

/// The record of a text, with the folder's models.
fn record(folder: &TempDir, text: &str) -> Value {
    let models = folder.path().join("models");
    let config = format!(
        "[names]\nmodel = 'fast'\n[enrich]\nmodels_dir = '{}'\n",
        models.display()
    );
    let (config, text) = (
        file(folder, "dateline.toml", &config),
        file(folder, "article.txt", text),
    );
    let output = dateline(&["enrich", "--config", &config, &text])
        .output()
        .unwrap();
    assert_eq!((code(&output), stderr(&output)), (0, ""));
    serde_json::from_str(stdout(&output)).unwrap()
}

fn models(record: &Value) -> Vec<String> {
    let models = record["provenance"]["models"].as_array().unwrap().iter();
    models
        .map(|model| {
            format!(
                "{} {}",
                model["name"].as_str().unwrap(),
                model["version"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn a_language_is_a_folder_of_models() {
    let folder = TempDir::new().unwrap();
    let german = folder.path().join("models/de");
    fs::create_dir(german.parent().unwrap()).unwrap();
    let none = record(&folder, GERMAN);
    assert_eq!(none["language"], "de");
    assert_eq!(none["flags"], serde_json::json!(["language_without_models"]));
    assert_eq!(models(&none), [""; 0]);
    assert!(none.get("topics").is_none());

    fs::create_dir(&german).unwrap();
    let file = renamed("names-fast.bin", r#""version":"2""#, r#""version":"X""#);
    fs::write(german.join("names-fast.bin"), file).unwrap();
    let named = record(&folder, GERMAN);
    assert_eq!(named["flags"], serde_json::json!([]));
    assert_eq!(models(&named), ["names-fast X"]);
    let people = named["entities"].as_array().unwrap().iter();
    let people: Vec<_> = people.filter(|entity| entity["type"] == "PERSON").collect();
    assert!(
        people.iter().any(|entity| entity["name"] == "Emmanuel Macron"),
        "{named}"
    );
    assert!(named.get("topics").is_none() && named.get("keywords").is_none());

    for name in ["topics-fast.bin", "words.tsv"] {
        fs::copy(Path::new("models").join(name), german.join(name)).unwrap();
    }
    let whole = record(&folder, GERMAN);
    assert_eq!(models(&whole), ["names-fast X", "topics-fast 1", "keywords 2"]);
    assert_eq!(whole["entities"], named["entities"]);

    // English has its own, until a folder has others in their place.
    let english = "BERLIN, July 6 (Agency) -- The European Central Bank raised interest rates on Thursday.";
    let own = record(&folder, english);
    assert_eq!(models(&own), ["names-fast 2", "topics-fast 1", "keywords 2"]);
    fs::rename(&german, folder.path().join("models/en")).unwrap();
    let other = record(&folder, english);
    assert_eq!(models(&other), ["names-fast X", "topics-fast 1", "keywords 2"]);
    assert_eq!(other["entities"], own["entities"]);
}

#[test]
fn a_broken_model_is_told_by_check() {
    let folder = TempDir::new().unwrap();
    let models = folder.path().join("models");
    for (language, name, bytes) in [
        ("de", "names-fast.bin", &b"dlfastnm"[..]),
        ("fr", "topics-fast.bin", b"cut"),
        ("it", "words.tsv", b"e\t1\t2\t3\nma\t1\n"),
    ] {
        fs::create_dir_all(models.join(language)).unwrap();
        fs::write(models.join(language).join(name), bytes).unwrap();
    }
    let config = format!("[enrich]\nmodels_dir = '{}'\n", models.display());
    let output = dateline(&["check", "--config", &file(&folder, "dateline.toml", &config)])
        .output()
        .unwrap();
    assert_eq!((code(&output), stdout(&output)), (78, ""));
    let told: Vec<_> = stderr(&output).lines().collect();
    assert_eq!(told.len(), 3, "{told:?}");
    for (line, end) in told.iter().zip([
        "de/names-fast.bin is damaged: its checksum does not fit its content",
        "fr/topics-fast.bin is not a model of topics",
        "it/words.tsv line 2: not a word and three numbers",
    ]) {
        assert!(
            line.starts_with("enrich.models_dir: ") && line.ends_with(end),
            "{line}"
        );
    }
}
