//! Measures names and topics against annotated news: `DATA=../shared/data cargo run --release --example eval_names`.
//! Only articles with an odd number count (`scripts/gazetteers.py` learns from the even ones). Never part of the
//! worker.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use dateline::article::Article;
use dateline::article::ByteSpan;
use dateline::article::EntityType;
use dateline::article::Field;
use dateline::article::InputForm;
use dateline::config::EnrichConfig;
use dateline::enrich::Enricher;
use dateline::enrich::entities::Finder;
use dateline::limits::Limits;
use serde_json::Value;

type Name = (Field, ByteSpan, EntityType);

/// Right, wrong, missed.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Tally {
    fn line(&self) -> String {
        let share = |part: usize, of: usize| {
            if of == 0 {
                0.0
            } else {
                100.0 * part as f64 / of as f64
            }
        };
        let precision = share(self.right, self.right + self.wrong);
        let recall = share(self.right, self.right + self.missed);
        let f1 = if precision + recall == 0.0 {
            0.0
        } else {
            2.0 * precision * recall / (precision + recall)
        };
        format!(
            "{precision:5.1} | {recall:5.1} | {f1:5.1} | {}",
            self.right + self.missed
        )
    }
}

fn article(headline: Option<String>, text: String) -> Article {
    Article {
        headline,
        text,
        language: "en".to_owned(),
        ..Article::new(InputForm::Json, "")
    }
}

fn byte_at(text: &str, point: u64) -> usize {
    text.char_indices()
        .nth(point as usize)
        .map_or(text.len(), |(at, _)| at)
}

/// The articles of one file with their gold names: `wikinews-*`, `written-*` by id, `gmb-*` in blocks of five
/// sentences.
fn names_of(path: &Path) -> Result<Vec<(Article, Vec<Name>)>> {
    let gmb = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("gmb"));
    let content = std::fs::read_to_string(path)?;
    let mut groups: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    let mut last = (String::new(), 0);
    for (at, line) in content.lines().enumerate() {
        let value: Value = serde_json::from_str(line)?;
        let id = value["id"]
            .as_str()
            .context("id")?
            .split('.')
            .next()
            .unwrap_or_default()
            .to_owned();
        let number = if gmb {
            at / 5
        } else {
            if id != last.0 {
                last = (id, last.1 + 1);
            }
            last.1
        };
        let held_out = if gmb { (at / 50) % 2 == 1 } else { number % 2 == 1 };
        if held_out {
            groups.entry(number).or_default().push(value);
        }
    }
    groups
        .into_values()
        .map(|sentences| joined(&sentences, gmb))
        .collect()
}

fn joined(sentences: &[Value], gmb: bool) -> Result<(Article, Vec<Name>)> {
    let (mut headline, mut text, mut gold) = (None, String::new(), Vec::new());
    for (at, sentence) in sentences.iter().enumerate() {
        let own = sentence["text"].as_str().context("text")?;
        let field = if at == 0 && !gmb {
            Field::Headline
        } else {
            Field::Text
        };
        if field == Field::Text && !text.is_empty() {
            text.push('\n');
        }
        let base = if field == Field::Text { text.len() } else { 0 };
        for entity in sentence["entities"].as_array().context("entities")? {
            let kind = match entity["type"].as_str() {
                Some("PER") => "PERSON",
                other => other.unwrap_or_default(),
            };
            let kind = EntityType::ALL
                .into_iter()
                .find(|known| known.name() == kind)
                .context("type")?;
            let start = base + byte_at(own, entity["start"].as_u64().context("start")?);
            let end = base + byte_at(own, entity["end"].as_u64().context("end")?);
            gold.push((field, ByteSpan::new(start, end), kind));
        }
        match field {
            Field::Headline => headline = Some(own.to_owned()),
            Field::Text => text.push_str(own),
        }
    }
    Ok((article(headline, text), gold))
}

fn measure_names(data: &Path) -> Result<()> {
    let finder = Finder::new()?;
    let (mut types, mut rules, mut genres) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut mistakes: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut files: Vec<_> = std::fs::read_dir(data.join("names"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    for path in files {
        let genre = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.split('-').next())
            .unwrap_or_default()
            .to_owned();
        for (article, gold) in names_of(&path)? {
            let gold: BTreeSet<Name> = gold.into_iter().collect();
            let mut found = BTreeSet::new();
            for sighting in finder.sightings(&article) {
                let name = (sighting.field, sighting.span, sighting.kind);
                let right = gold.contains(&name);
                found.insert(name);
                let field = if sighting.field == Field::Headline {
                    article.headline.as_deref()
                } else {
                    Some(&*article.text)
                };
                for tally in [
                    types
                        .entry(sighting.kind.name().to_owned())
                        .or_insert_with(Tally::default),
                    rules
                        .entry(format!("{:?}", sighting.rule))
                        .or_insert_with(Tally::default),
                    genres.entry(genre.clone()).or_insert_with(Tally::default),
                ] {
                    tally.right += usize::from(right);
                    tally.wrong += usize::from(!right);
                }
                if !right {
                    let text = sighting.span.of(field.unwrap_or_default()).unwrap_or_default();
                    *mistakes
                        .entry((format!("{:?}", sighting.rule), text.to_owned()))
                        .or_default() += 1;
                }
            }
            for (_, _, kind) in gold.difference(&found) {
                types
                    .entry(kind.name().to_owned())
                    .or_insert_with(Tally::default)
                    .missed += 1;
                genres.entry(genre.clone()).or_insert_with(Tally::default).missed += 1;
            }
        }
    }
    print_tables(&types, &genres, &rules);
    print_mistakes(mistakes);
    Ok(())
}

type Table = BTreeMap<String, Tally>;

fn print_tables(types: &Table, genres: &Table, rules: &Table) {
    for (title, table) in [("type", types), ("text", genres)] {
        println!("\n| {title} | precision | recall | F1 | gold |\n|---|---|---|---|---|");
        for (name, tally) in table {
            println!("| {name} | {} |", tally.line());
        }
    }
    println!("\n| rule | precision | names |\n|---|---|---|");
    for (name, tally) in rules {
        let all = tally.right + tally.wrong;
        println!(
            "| {name} | {:5.1} | {all} |",
            100.0 * tally.right as f64 / all.max(1) as f64
        );
    }
}

fn print_mistakes(mistakes: BTreeMap<(String, String), usize>) {
    if std::env::var_os("MISTAKES").is_some() {
        let mut mistakes: Vec<_> = mistakes.into_iter().collect();
        mistakes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        for ((rule, text), count) in mistakes.into_iter().take(400) {
            println!("{count} {rule} {text}");
        }
    }
}

/// Is `code` below `ancestor`?
fn is_under(parents: &BTreeMap<String, String>, code: &str, ancestor: &str) -> bool {
    let mut at = code;
    while let Some(parent) = parents.get(at) {
        if parent == ancestor {
            return true;
        }
        at = parent;
    }
    false
}

/// Parent of each concept.
fn parents() -> Result<BTreeMap<String, String>> {
    let table = std::fs::read_to_string("models/mediatopics-2023-10-24.tsv")?;
    let rows = table.lines().map(|line| {
        let field = |at| {
            line.split('\t')
                .nth(at)
                .map(|field: &str| format!("medtop:{field}"))
        };
        Some((field(0)?, field(2)?))
    });
    Ok(rows.flatten().collect())
}

fn measure_topics(data: &Path) -> Result<()> {
    let enricher = Enricher::new(&EnrichConfig::default())?;
    let limits = Limits::default();
    let parents = parents()?;
    let (mut all, mut bands, mut tagged, mut articles) = (Tally::default(), BTreeMap::new(), 0, 0);
    let mut wrong: BTreeMap<String, Tally> = BTreeMap::new();
    let mut spent = std::time::Duration::ZERO;
    let mut bytes = 0;
    for stem in [
        "written-A",
        "written-B",
        "written-C",
        "written-D",
        "wikinews-topics",
        "gmb-topics",
    ] {
        let content = std::fs::read_to_string(data.join("topics").join(format!("{stem}.jsonl")))?;
        for line in content.lines().skip(1).step_by(2) {
            let value: Value = serde_json::from_str(line)?;
            let text = value["text"].as_str().unwrap_or_default().to_owned();
            let gold: BTreeSet<String> = value["topics"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|code| Some(format!("medtop:{}", code.as_str()?)))
                .collect();
            let article = article(value["headline"].as_str().map(str::to_owned), text);
            bytes += article.text.len();
            let start = Instant::now();
            let enriched = enricher.enrich(article, &limits, &mut ());
            spent += start.elapsed();
            articles += 1;
            let topics = enriched.topics.unwrap_or_default();
            tagged += usize::from(!topics.is_empty());
            for topic in &topics {
                let right = gold
                    .iter()
                    .any(|code| *code == topic.code || is_under(&parents, code, &topic.code));
                for tally in [
                    &mut all,
                    bands.entry(topic.confidence).or_insert_with(Tally::default),
                    wrong.entry(topic.name.clone()).or_default(),
                ] {
                    tally.right += usize::from(right);
                    tally.wrong += usize::from(!right);
                }
            }
            all.missed += gold
                .iter()
                .filter(|code| !topics.iter().any(|topic| topic.code == **code))
                .count();
        }
    }
    println!(
        "\ntopics: precision | recall | F1 | gold: {}; {tagged} of {articles} articles tagged",
        all.line()
    );
    for (confidence, tally) in bands {
        println!("confidence {:.3}: {}", confidence.as_f64(), tally.line());
    }
    if std::env::var_os("MISTAKES").is_some() {
        for (name, tally) in wrong {
            println!("{name}: {} right, {} wrong", tally.right, tally.wrong);
        }
    }
    println!("{articles} articles, {bytes} bytes, enriched in {spent:?}");
    Ok(())
}

fn main() -> Result<()> {
    let data = std::env::var("DATA").context("set DATA to the folder with names/ and topics/")?;
    measure_names(Path::new(&data))?;
    measure_topics(Path::new(&data))
}
