//! Files of trained models by language: a folder for each, under names that are the same for all. Reads the bytes;
//! never what a model says.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::fs::DirEntry;
use std::io;
use std::path::Path;

/// The encoder: most of the `accurate` recogniser of names, and what the `accurate` tagger of topics makes of openings.
pub const ENCODER: &str = "encoder.bin";
/// What the fast recogniser of names counts beside the encoder, where both read.
pub const NAMES_ACCURATE: &str = "names-accurate.json";
/// The `fast` recogniser of names.
pub const NAMES_FAST: &str = "names-fast.bin";
/// What phrases and the encoder weigh in the `accurate` tagger of topics.
pub const TOPICS_ACCURATE: &str = "topics-accurate.json";
/// The `fast` tagger of topics.
pub const TOPICS_FAST: &str = "topics-fast.bin";
/// How words stand in text, which key phrases are chosen by.
pub const WORDS: &str = "words.tsv";

const NAMES: [&str; 6] = [
    ENCODER,
    NAMES_ACCURATE,
    NAMES_FAST,
    TOPICS_ACCURATE,
    TOPICS_FAST,
    WORDS,
];
/// What may lie beside models and is not read.
const CARD: &str = "md";

/// The file of a model; kept while the process lives, as those are that are compiled in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ModelFile {
    /// Where it is, for messages.
    pub path: &'static str,
    /// What it holds.
    pub bytes: &'static [u8],
}

impl fmt::Debug for ModelFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.path, self.bytes.len())
    }
}

/// The models of one language by the names of their files; what has no file is not looked for.
pub type LanguageModels = BTreeMap<&'static str, ModelFile>;

/// The models of every language by its code.
pub type Models = BTreeMap<String, LanguageModels>;

/// Reads every language's folder in `dir`.
///
/// # Errors
/// Where something cannot be read, is no folder of a language, or no file of a model nor its card.
pub(super) fn read(dir: &Path) -> Result<Models, String> {
    let languages = entries(dir)?.into_iter().map(|entry| {
        let path = entry.path();
        let language = entry.file_name().into_string().unwrap_or_default();
        let is_code = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
        if !is_code || !path.is_dir() {
            return Err(format!(
                "{} is no folder of a language, such as `de`",
                path.display()
            ));
        }
        Ok((language, read_language(&path)?))
    });
    languages.collect()
}

fn read_language(folder: &Path) -> Result<LanguageModels, String> {
    let mut models = LanguageModels::new();
    for entry in entries(folder)? {
        let path = entry.path();
        let Some(name) = NAMES.into_iter().find(|name| entry.file_name() == *name) else {
            if path.extension().is_some_and(|extension| extension == CARD) {
                continue;
            }
            return Err(format!(
                "{} is no model's file: they are {}",
                path.display(),
                NAMES.join(", ")
            ));
        };
        let bytes = fs::read(&path).map_err(unreadable(&path))?;
        models.insert(
            name,
            ModelFile {
                path: path.display().to_string().leak(),
                bytes: bytes.leak(),
            },
        );
    }
    Ok(models)
}

/// What a folder holds, save what is hidden: mounted folders have such.
fn entries(folder: &Path) -> Result<Vec<DirEntry>, String> {
    let all: io::Result<Vec<DirEntry>> = fs::read_dir(folder).and_then(Iterator::collect);
    let mut all = all.map_err(unreadable(folder))?;
    all.retain(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    Ok(all)
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> String {
    move |error| format!("{} cannot be read: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_language_and_a_file_a_model() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        assert_eq!(read(path), Ok(Models::new()));
        for folder in ["de", "fil", ".data"] {
            fs::create_dir(path.join(folder)).unwrap();
        }
        fs::write(path.join("de/words.tsv"), "und\t0\t0\t0\n").unwrap();
        fs::write(path.join("de/words.md"), "A card.").unwrap();
        let models = read(path).unwrap();
        assert_eq!(models.keys().collect::<Vec<_>>(), ["de", "fil"]);
        assert_eq!((models["de"].len(), models["fil"].len()), (1, 0));
        assert_eq!(models["de"][WORDS].bytes, b"und\t0\t0\t0\n");
        let shown = format!("{:?}", models["de"][WORDS]);
        assert!(shown.ends_with("de/words.tsv (10 bytes)"), "{shown}");

        fs::write(path.join("de/word.tsv"), "").unwrap();
        let told = read(path).unwrap_err();
        assert!(
            told.contains("de/word.tsv is no model's file: they are encoder.bin, "),
            "{told}"
        );
        fs::remove_file(path.join("de/word.tsv")).unwrap();
        fs::create_dir(path.join("German")).unwrap();
        let told = read(path).unwrap_err();
        assert!(
            told.ends_with("German is no folder of a language, such as `de`"),
            "{told}"
        );
        let told = read(&path.join("nowhere")).unwrap_err();
        assert!(told.contains("nowhere cannot be read: "), "{told}");
    }
}
