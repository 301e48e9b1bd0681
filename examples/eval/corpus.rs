//! The labelled corpora under `DATA` as articles with their names. The split of a document is a hash of its id, the
//! same as in `train/data.py`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use dateline::article::Article;
use dateline::article::ByteSpan;
use dateline::article::EntityType;
use dateline::article::Field;
use dateline::article::InputForm;
use dateline::limits::Limits;
use dateline::text::dateline::parse as parse_dateline;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::detokenise::detokenise;

/// What a corpus calls a name. Coarse corpora have one label for every place, and one for all they name beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Label {
    Type(EntityType),
    Place,
    Rest,
}

impl Label {
    fn read(word: &str, coarse: bool) -> Result<Self> {
        match word {
            "PER" => return Ok(Self::Type(EntityType::Person)),
            "LOC" if coarse => return Ok(Self::Place),
            "MISC" if coarse => return Ok(Self::Rest),
            _ => {}
        }
        let kind = EntityType::ALL.into_iter().find(|kind| kind.name() == word);
        kind.map(Self::Type)
            .with_context(|| format!("{word} is no type of a name"))
    }
}

/// One annotated name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) field: Field,
    pub(crate) span: ByteSpan,
    pub(crate) label: Label,
}

/// A document that is learnt from, chosen by, or measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Split {
    Train,
    Dev,
    Test,
}

impl Split {
    /// One document in ten is held out and one is for choosing, by the first 32 bits of the SHA-256 of its id.
    pub(crate) fn of(id: &str) -> Self {
        let hash = Sha256::digest(id.as_bytes());
        let bits = hash
            .iter()
            .take(4)
            .fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte));
        match bits % 10 {
            0 => Self::Test,
            1 => Self::Dev,
            _ => Self::Train,
        }
    }
}

/// One annotated article.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) id: String,
    /// The corpus, or for our own news its genre: `gmb` (agency news), `wikinews`, `written` (invented items).
    pub(crate) source: String,
    /// Labels are our nine types.
    pub(crate) own: bool,
    pub(crate) article: Article,
    pub(crate) gold: Vec<Name>,
}

impl Document {
    fn new(id: String, source: &str, own: bool) -> Self {
        Self {
            article: Article {
                language: "en".to_owned(),
                ..Article::new(InputForm::Json, &id)
            },
            id,
            source: source.to_owned(),
            own,
            gold: Vec::new(),
        }
    }

    /// The text of a field.
    pub(crate) fn field(&self, field: Field) -> &str {
        match field {
            Field::Headline => self.article.headline.as_deref().unwrap_or_default(),
            Field::Text => &self.article.text,
        }
    }

    /// What it is measured with: all of our news together, each other corpus by itself.
    pub(crate) fn group(&self) -> &str {
        if self.own { "our news" } else { &self.source }
    }

    /// Runs between white space, headline and text.
    pub(crate) fn words(&self) -> usize {
        [Field::Headline, Field::Text]
            .map(|field| self.field(field).split_whitespace().count())
            .iter()
            .sum()
    }

    /// Adds a sentence; one that ends without a mark ends its line.
    fn push(&mut self, field: Field, sentence: &str, names: impl Iterator<Item = (ByteSpan, Label)>) {
        let base = match field {
            Field::Headline => {
                self.article.headline = Some(sentence.to_owned());
                0
            }
            Field::Text => {
                let text = &mut self.article.text;
                if !text.is_empty() {
                    let ended = text.ends_with(['.', '?', '!', '"', '\u{201D}', ')', ']', '\'']);
                    text.push(if ended { ' ' } else { '\n' });
                }
                text.push_str(sentence);
                text.len() - sentence.len()
            }
        };
        self.gold.extend(names.map(|(span, label)| Name {
            field,
            span: ByteSpan::new(base + span.start, base + span.end),
            label,
        }));
    }

    fn finish(mut self) -> Option<Self> {
        self.article.dateline = parse_dateline(&self.article.text, &Limits::default());
        let read = self.article.headline.is_some() || !self.article.text.is_empty();
        read.then_some(self)
    }
}

/// Our own annotated news of one split.
pub(crate) fn own(data: &Path, split: Split) -> Result<Vec<Document>> {
    let starts = gmb_starts(&data.join("topics/gmb-topics.jsonl"))?;
    let (mut documents, mut open) = (Vec::new(), None::<Document>);
    for path in files(&data.join("names"), "jsonl")? {
        let stem = stem(&path);
        for line in fs::read_to_string(&path)?.lines() {
            let sentence: Value = serde_json::from_str(line)?;
            let number = sentence["id"].as_str().context("id")?;
            let (id, source) = identify(&stem, number, &starts)?;
            let headed = source != "gmb";
            let mut field = Field::Text;
            if open.as_ref().is_none_or(|document| document.id != id) {
                documents.extend(open.take().and_then(Document::finish));
                field = if headed { Field::Headline } else { Field::Text };
            }
            let document = open.get_or_insert_with(|| Document::new(id, source, true));
            let text = sentence["text"].as_str().context("text")?;
            let names = sentence["entities"].as_array().context("entities")?;
            let date = source == "wikinews" && document.article.text.is_empty() && names.is_empty();
            if date && field == Field::Text && text.split(' ').count() <= 3 {
                continue; // The date under a headline.
            }
            add(document, field, text, names, source == "gmb")?;
        }
    }
    documents.extend(open.and_then(Document::finish));
    documents.retain(|document| split_of(document) == split);
    Ok(documents)
}

/// Articles of the last third of GMB have no known starts, and are all for training.
fn split_of(document: &Document) -> Split {
    let number = document
        .id
        .strip_prefix("gmb-")
        .and_then(|number| number.parse().ok());
    if number.is_some_and(|number: u32| number >= 20_000) {
        return Split::Train;
    }
    Split::of(&document.id)
}

fn gmb_starts(path: &Path) -> Result<BTreeSet<u32>> {
    let start = |line: &str| -> Result<u32> {
        let value: Value = serde_json::from_str(line)?;
        let id = value["id"].as_str().and_then(|id| id.strip_prefix("gmb-"));
        Ok(id.context("a gmb id")?.parse()?)
    };
    fs::read_to_string(path)?.lines().map(start).collect()
}

/// Id and genre of the article that a sentence belongs to.
fn identify(stem: &str, number: &str, starts: &BTreeSet<u32>) -> Result<(String, &'static str)> {
    if stem.starts_with("gmb") {
        let number: u32 = number.parse()?;
        let floor = if number >= 12_000 { 12_000 } else { 0 };
        let start = match number {
            20_000.. => number - number % 8,
            _ => *starts.range(floor..=number).next_back().unwrap_or(&floor),
        };
        return Ok((format!("gmb-{start}"), "gmb"));
    }
    let article = number
        .split('.')
        .next()
        .and_then(|article| article.strip_prefix('w'));
    let article: u32 = article.context("an id like w1.0")?.parse()?;
    Ok(match stem.strip_prefix("written-") {
        Some(part) => (format!("written-{part}-{article:04}"), "written"),
        None => (format!("wikinews-{article}"), "wikinews"),
    })
}

fn add(document: &mut Document, field: Field, text: &str, names: &[Value], tokenised: bool) -> Result<()> {
    let mut points: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    points.push(text.len());
    let mut gold = Vec::new();
    for name in names {
        let point = |key: &str| -> Result<usize> {
            let at = name[key].as_u64().and_then(|at| usize::try_from(at).ok());
            points
                .get(at.context("an offset")?)
                .copied()
                .context("offset outside")
        };
        let label = Label::read(name["type"].as_str().context("type")?, false)?;
        gold.push((ByteSpan::new(point("start")?, point("end")?), label));
    }
    if !tokenised {
        document.push(field, text, gold.into_iter());
        return Ok(());
    }
    let (sentence, spans) = detokenise(text.split(' '));
    let mut at = 0;
    let places: Vec<_> = text
        .split(' ')
        .map(|token| {
            let start = at;
            at += token.len() + 1;
            ByteSpan::new(start, start + token.len())
        })
        .zip(spans)
        .collect();
    // A name may begin or end inside a token: "U.S." of "U.S.-led".
    let moved = |at: usize| {
        let (old, new) = places.iter().find(|(old, _)| old.start <= at && at <= old.end)?;
        Some((new.start + at - old.start).min(new.end))
    };
    let moved = gold
        .into_iter()
        .filter_map(|(span, label)| Some((ByteSpan::new(moved(span.start)?, moved(span.end)?), label)));
    document.push(field, &sentence, moved);
    Ok(())
}

/// A corpus of `ner/` in columns, whole: `gum-news-test`, `pud-test`, ...
pub(crate) fn columns(data: &Path, name: &str) -> Result<Vec<Document>> {
    let content = fs::read_to_string(data.join("ner").join(format!("{name}.conll")))?;
    let (mut documents, mut open, mut sentence, mut count) = (Vec::new(), None, Vec::new(), 0);
    for line in content.lines().chain([""]) {
        let (token, tag) = line.split_once('\t').unwrap_or((line, "O"));
        if token == "-DOCSTART-" || line.is_empty() {
            push_columns(open.as_mut(), &std::mem::take(&mut sentence))?;
        } else {
            sentence.push((token, tag));
        }
        if token == "-DOCSTART-" {
            documents.extend(open.take().and_then(Document::finish));
            open = Some(Document::new(format!("{name}-{count}"), name, false));
            count += 1;
        }
    }
    documents.extend(open.and_then(Document::finish));
    Ok(documents)
}

fn push_columns(document: Option<&mut Document>, sentence: &[(&str, &str)]) -> Result<()> {
    let Some(document) = document.filter(|_| !sentence.is_empty()) else {
        return Ok(());
    };
    let (text, spans) = detokenise(sentence.iter().map(|(token, _)| *token));
    let mut gold: Vec<(ByteSpan, Label)> = Vec::new();
    let mut inside = None;
    for ((_, tag), span) in sentence.iter().zip(spans) {
        let Some((prefix, kind)) = tag.split_once('-') else {
            inside = None;
            continue;
        };
        match gold.last_mut().filter(|_| prefix == "I" && inside == Some(kind)) {
            Some((name, _)) => name.end = span.end,
            None => gold.push((span, Label::read(kind, true)?)),
        }
        inside = Some(kind);
    }
    document.push(Field::Text, &text, gold.into_iter());
    Ok(())
}

/// The files of a folder with an extension, sorted.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
