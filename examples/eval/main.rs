//! Measures names and topics on labelled news, by the path that the worker takes: `make eval`, or
//! `DATA=../shared/data cargo run --release --example eval -- names`. Never part of the worker.

mod both;
mod chains;
mod corpus;
mod curve;
mod detokenise;
mod errors;
mod exchange;
mod reliability;
mod score;
mod speed;
mod teach;
mod topics;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use clap::Parser;
use clap::Subcommand;
use dateline::config::EnrichConfig;
use dateline::config::NamesConfig;
use dateline::config::NamesModel;
use dateline::config::TopicsConfig;
use dateline::enrich::Enricher;
use dateline::limits::Limits;

use crate::corpus::Document;
use crate::corpus::Split;
use crate::score::Found;
use crate::score::Table;
use crate::score::View;

#[derive(Debug, Parser)]
struct Arguments {
    /// Which documents: what is held out, or what choices are made by.
    #[arg(long, global = true, default_value = "test")]
    split: Split,
    /// Only this setting.
    #[arg(long, global = true)]
    setting: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// F1 by type, genre and corpus.
    Names,
    /// Which types are taken for which, the 50 most frequent errors, and 100 at random.
    Errors,
    /// Confidence against precision.
    Reliability,
    /// Words a second of the entity step on one core.
    Speed {
        /// Least time per setting.
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
    },
    /// Writes the measured articles for another system.
    Articles { file: PathBuf },
    /// Scores what another system found in them.
    Score { file: PathBuf },
    /// Writes annotated and found tags in columns for seqeval, and prints our own count.
    Columns { file: PathBuf },
    /// Chooses what the fast recogniser counts beside the encoder, and writes `models/names-accurate.json`.
    Both { file: PathBuf },
    /// The cascade between its two ends.
    Curve,
    /// Resolution inside the article.
    Chains,
    /// Writes what the encoder says of the trainers' documents (`docs.jsonl` of train/data.py), for the fast recogniser.
    Teach { documents: PathBuf, file: PathBuf },
    /// Topics.
    Topics {
        /// Writes the scores of both sides of the accurate model, and measures nothing.
        #[arg(long)]
        scores: Option<PathBuf>,
    },
}

/// One way to find names.
#[derive(Debug, Clone)]
struct Setting {
    name: &'static str,
    config: NamesConfig,
}

impl Setting {
    fn all() -> Vec<Self> {
        let setting = |name, model| Self {
            name,
            config: NamesConfig {
                model,
                ..NamesConfig::default()
            },
        };
        vec![
            setting("fast", NamesModel::Fast),
            setting("cascade", NamesModel::Cascade),
            setting("accurate", NamesModel::Accurate),
        ]
    }

    fn enricher(&self) -> Result<Enricher> {
        let names_alone = EnrichConfig {
            entities: true,
            topics: false,
            keywords: false,
            ..EnrichConfig::default()
        };
        Ok(Enricher::new(
            &names_alone,
            &self.config,
            &TopicsConfig::default(),
        )?)
    }

    /// The names of every document.
    fn read(&self, documents: &[Document]) -> Result<Vec<Vec<Found>>> {
        let (enricher, limits) = (self.enricher()?, Limits::default());
        let read = |document: &Document| {
            let enriched = enricher.enrich(document.article.clone(), &limits, &mut ());
            let entities = enriched.entities.unwrap_or_default();
            let mentions = entities.iter().flat_map(|entity| {
                entity.mentions.iter().map(|mention| Found {
                    field: mention.field,
                    span: mention.span,
                    kind: entity.kind,
                    confidence: mention.confidence,
                })
            });
            mentions.collect()
        };
        Ok(documents.iter().map(read).collect())
    }
}

type Pairs<'d> = Vec<(&'d Document, &'d [Found])>;

fn pairs<'d>(documents: &'d [Document], found: &'d [Vec<Found>]) -> Pairs<'d> {
    documents.iter().zip(found.iter().map(Vec::as_slice)).collect()
}

/// What is read: our own news of the split, and corpora whose label rules are others'.
fn documents(data: &Path, split: Split) -> Result<Vec<Document>> {
    let others: &[&str] = match split {
        Split::Train => &[],
        Split::Dev => &["ewt-dev"],
        Split::Test => &["gum-news-test", "pud-test", "ewt-test", "wnut17-test"],
    };
    let mut documents = corpus::own(data, split)?;
    for name in others {
        documents.extend(corpus::columns(data, name)?);
    }
    Ok(documents)
}

fn own(documents: &[Document]) -> Vec<Document> {
    documents
        .iter()
        .filter(|document| document.own)
        .cloned()
        .collect()
}

fn print_names(documents: &[Document], found: &[Vec<Found>]) {
    let (mut types, mut genres, mut shared) = (Table::default(), Table::default(), Table::default());
    let mut sources: BTreeMap<&str, Table> = BTreeMap::new();
    for (document, found) in pairs(documents, found) {
        let (gold, shared_gold) = (
            score::gold_keys(&document.gold, View::Nine),
            score::gold_keys(&document.gold, View::Shared),
        );
        let table = sources.entry(document.group()).or_default();
        table.add_types(&shared_gold, &score::found_keys(found, View::Shared));
        if document.own {
            types.add_types(&gold, &score::found_keys(found, View::Nine));
            genres.add(&document.source, score::tally(document, found, View::Nine));
        }
    }
    types.print("our news, nine types", true);
    genres.print("our news, nine types, by genre", false);
    for (source, table) in &sources {
        shared.add(source, table.total());
        table.print(&format!("{source}, shared view"), true);
    }
    shared.print("shared view: PERSON, ORG, LOC", false);
}

fn print_errors(documents: &[Document], found: &[Vec<Found>]) {
    let pairs = pairs(documents, found);
    let all: Vec<_> = pairs
        .iter()
        .flat_map(|(document, found)| errors::errors(document, found, View::Nine))
        .collect();
    errors::print_confusion(&pairs, View::Nine);
    errors::print_frequent(&all, 50);
    errors::print_random(&all, 100);
}

fn write_columns(documents: &[Document], found: &[Vec<Found>], to: &Path) -> Result<()> {
    let mut file = fs::File::create(to)?;
    let mut types = Table::default();
    for (document, found) in pairs(documents, found) {
        let (gold, found) = (
            score::gold_keys(&document.gold, View::Nine),
            score::found_keys(found, View::Nine),
        );
        types.add_types(&gold, &found);
        exchange::write_columns(&mut file, document, &gold, &found)?;
    }
    types.print("our own count", true);
    Ok(())
}

fn measure(arguments: &Arguments, documents: &[Document], setting: &Setting) -> Result<()> {
    let own = own(documents);
    match &arguments.what {
        What::Names => print_names(documents, &setting.read(documents)?),
        What::Errors => print_errors(&own, &setting.read(&own)?),
        What::Reliability => {
            let found = setting.read(&own)?;
            reliability::print(&pairs(&own, &found), View::Nine);
        }
        What::Speed { seconds } => speed::measure(setting, &own, *seconds)?,
        What::Columns { file } => write_columns(&own, &setting.read(&own)?, file)?,
        What::Articles { .. } | What::Score { .. } | What::Curve | What::Chains => {}
        What::Both { .. } | What::Teach { .. } | What::Topics { .. } => {}
    }
    Ok(())
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let What::Teach { documents, file } = &arguments.what {
        return teach::write(documents, file);
    }
    let data = std::env::var_os("DATA").context("set DATA to the folder with names/, ner/ and topics/")?;
    let data = Path::new(&data);
    let wanted = |setting: &Setting| {
        arguments
            .setting
            .as_deref()
            .is_none_or(|name| name == setting.name)
    };
    if let What::Topics { scores } = &arguments.what {
        let chosen = |name: &str| arguments.setting.as_deref().is_none_or(|setting| setting == name);
        return match scores {
            Some(file) => topics::write_scores(data, arguments.split, file),
            None => topics::measure(data, arguments.split, chosen),
        };
    }
    let settings: Vec<_> = Setting::all().into_iter().filter(wanted).collect();
    if let What::Chains = arguments.what {
        return chains::measure(data, arguments.split, &settings);
    }
    let documents = documents(data, arguments.split)?;
    match &arguments.what {
        What::Articles { file } => return exchange::write_articles(&documents, file),
        What::Score { file } => {
            print_names(&documents, &exchange::read_names(&documents, file)?);
            return Ok(());
        }
        What::Both { file } => return both::write(&documents, file),
        What::Curve => return curve::print(&documents),
        _ => {}
    }
    for setting in settings {
        if !matches!(arguments.what, What::Speed { .. }) {
            println!("\n## {}", setting.name);
        }
        measure(&arguments, &documents, &setting)?;
    }
    Ok(())
}
