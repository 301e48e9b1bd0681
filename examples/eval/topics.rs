//! Topics against the labels of held-out articles: best topic, micro and macro F1 by level, confidence against
//! precision, which subjects are taken for which, and the errors that were most sure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use anyhow::Result;
use dateline::article::Article;
use dateline::article::InputForm;
use dateline::article::TopicTag;
use dateline::config::EnrichConfig;
use dateline::config::NamesConfig;
use dateline::config::NamesModel;
use dateline::config::TopicsConfig;
use dateline::config::TopicsModel;
use dateline::config::models::TOPICS_ACCURATE;
use dateline::config::models::TOPICS_FAST;
use dateline::enrich::Enricher;
use dateline::enrich::english;
use dateline::enrich::tagger as names;
use dateline::enrich::topics::Tagger;
use dateline::limits::Limits;
use serde_json::Value;
use serde_json::json;

use crate::corpus::Split;
use crate::score::Tally;

/// What names an article has does not matter to its topics.
const FAST_NAMES: NamesConfig = NamesConfig {
    model: NamesModel::Fast,
    cascade_margin: 0.0,
};
/// Errors that are listed.
const WORST: usize = 50;

/// One labelled article: labels most important first, each with its ancestors, root first.
struct Labelled {
    id: String,
    article: Article,
    labels: Vec<Vec<String>>,
}

impl Labelled {
    /// All labels and ancestors of a level.
    fn at(&self, level: usize) -> BTreeSet<&str> {
        self.labels
            .iter()
            .filter_map(|path| path.get(level - 1))
            .map(String::as_str)
            .collect()
    }
}

/// Codes and names of a topic's ancestors and itself, root first.
fn path(tag: &TopicTag) -> Vec<&str> {
    tag.ancestors
        .iter()
        .map(String::as_str)
        .chain([tag.code.as_str()])
        .collect()
}

/// Parent and name of each concept.
fn concepts() -> Result<BTreeMap<String, (String, String)>> {
    let table = fs::read_to_string("models/mediatopics-2023-10-24.tsv")?;
    let rows = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let parent = fields.get(2).filter(|parent| !parent.is_empty());
        let parent = parent
            .map(|parent| format!("medtop:{parent}"))
            .unwrap_or_default();
        Some((
            format!("medtop:{}", fields.first()?),
            (parent, (*fields.get(3)?).to_owned()),
        ))
    });
    Ok(rows.collect())
}

fn articles(
    data: &Path,
    split: Split,
    concepts: &BTreeMap<String, (String, String)>,
) -> Result<Vec<Labelled>> {
    let mut out = Vec::new();
    for stem in [
        "gmb-topics",
        "wikinews-topics",
        "written-A",
        "written-B",
        "written-C",
        "written-D",
    ] {
        for line in fs::read_to_string(data.join("topics").join(format!("{stem}.jsonl")))?.lines() {
            let value: Value = serde_json::from_str(line)?;
            let id = value["id"].as_str().unwrap_or_default();
            let id = if stem.starts_with("written") {
                format!("written-{id}")
            } else {
                id.to_owned()
            };
            if Split::of(&id) != split {
                continue;
            }
            let labels = value["topics"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            let labels = labels.map(|code| {
                let mut path = vec![format!("medtop:{code}")];
                while let Some((parent, _)) = path.last().and_then(|code| concepts.get(code))
                    && !parent.is_empty()
                {
                    path.push(parent.clone());
                }
                path.reverse();
                path
            });
            out.push(Labelled {
                labels: labels.collect(),
                article: Article {
                    headline: value["headline"].as_str().map(str::to_owned),
                    text: value["text"].as_str().unwrap_or_default().to_owned(),
                    language: "en".to_owned(),
                    ..Article::new(InputForm::Json, id.clone())
                },
                id,
            });
        }
    }
    Ok(out)
}

/// Prints every measure for the articles of a split, by each model that `wanted` passes.
pub(crate) fn measure(data: &Path, split: Split, wanted: impl Fn(&str) -> bool) -> Result<()> {
    let concepts = concepts()?;
    let articles = articles(data, split, &concepts)?;
    for (name, model) in [("fast", TopicsModel::Fast), ("accurate", TopicsModel::Accurate)] {
        if wanted(name) {
            println!("\n## {name}");
            measure_model(model, &concepts, &articles)?;
        }
    }
    Ok(())
}

/// Writes what each side of the accurate model says of every labelled article, for `train/topics/mix.py`: a JSON line
/// each, with the log-odds of phrases and of the opening by concept.
pub(crate) fn write_scores(data: &Path, split: Split, to: &Path) -> Result<()> {
    let models = english();
    let encoder = names::Tagger::new(&models, &NamesConfig::default(), true)?;
    let accurate = (models[TOPICS_ACCURATE], encoder.topics());
    let tagger = Tagger::new(models[TOPICS_FAST], Some(accurate), &TopicsConfig::default())?;
    let mut file = BufWriter::new(fs::File::create(to)?);
    for labelled in articles(data, split, &concepts()?)? {
        let opening = encoder.read(&labelled.article).topics;
        let evidence: Vec<_> = tagger
            .evidence(&labelled.article, &opening)
            .into_iter()
            .map(|(code, level, phrases, opening)| json!([format!("medtop:{code}"), level, phrases, opening]))
            .collect();
        writeln!(
            file,
            "{}",
            json!({"id": labelled.id, "labels": labelled.labels, "evidence": evidence})
        )?;
    }
    Ok(file.flush()?)
}

fn measure_model(
    model: TopicsModel,
    concepts: &BTreeMap<String, (String, String)>,
    articles: &[Labelled],
) -> Result<()> {
    let wanted = EnrichConfig {
        entities: false,
        topics: true,
        keywords: false,
        ..EnrichConfig::default()
    };
    let (enricher, limits) = (
        Enricher::new(
            &wanted,
            &FAST_NAMES,
            &TopicsConfig {
                model,
                ..TopicsConfig::default()
            },
        )?,
        Limits::default(),
    );
    let mut spent = Duration::ZERO;
    let found: Vec<Vec<TopicTag>> = articles
        .iter()
        .map(|labelled| {
            let start = Instant::now();
            let topics = enricher.topics(&labelled.article, &limits);
            spent += start.elapsed();
            topics
        })
        .collect();
    let pairs: Vec<(&Labelled, &[TopicTag])> = articles.iter().zip(found.iter().map(Vec::as_slice)).collect();
    println!(
        "{} articles, {:.0} a second on one core",
        pairs.len(),
        pairs.len() as f64 / spent.as_secs_f64()
    );
    for family in ["", "gmb", "wikinews", "written"] {
        let part: Vec<_> = pairs
            .iter()
            .filter(|(labelled, _)| labelled.id.starts_with(family))
            .copied()
            .collect();
        summary(if family.is_empty() { "all" } else { family }, &part);
    }
    reliability(&pairs);
    confusion(&pairs, concepts);
    worst(&pairs);
    Ok(())
}

fn summary(name: &str, pairs: &[(&Labelled, &[TopicTag])]) {
    let root = |tags: &[TopicTag]| {
        tags.first()
            .and_then(|tag| path(tag).first().map(|code| (*code).to_owned()))
    };
    let share = |test: &dyn Fn(&Labelled, &[TopicTag]) -> bool| {
        100.0
            * pairs
                .iter()
                .filter(|(labelled, tags)| test(labelled, tags))
                .count() as f64
            / pairs.len().max(1) as f64
    };
    let first = share(&|labelled, tags| {
        let best = labelled.labels.first().and_then(|path| path.first());
        best.is_some() && root(tags).as_ref() == best
    });
    let any = share(&|labelled, tags| root(tags).is_some_and(|root| labelled.at(1).contains(root.as_str())));
    println!(
        "\n{name}: {} articles, {:.1} % tagged; best topic is the first label {first:.1} %, is a label {any:.1} %",
        pairs.len(),
        share(&|_, tags| !tags.is_empty())
    );
    println!("level | precision | recall | micro-F1 | macro-F1 | gold");
    for level in [1, 2, 3] {
        let (mut all, mut each) = (Tally::default(), BTreeMap::<String, Tally>::new());
        for (labelled, tags) in pairs {
            let gold = labelled.at(level);
            let said: BTreeSet<&str> = tags
                .iter()
                .filter_map(|tag| path(tag).get(level - 1).copied())
                .collect();
            for code in gold.union(&said) {
                let own = each.entry((*code).to_owned()).or_default();
                for tally in [&mut all, own] {
                    match (gold.contains(code), said.contains(code)) {
                        (true, true) => tally.right += 1,
                        (true, false) => tally.missed += 1,
                        (false, _) => tally.wrong += 1,
                    }
                }
            }
        }
        let labelled: Vec<f64> = each
            .values()
            .filter(|tally| tally.right + tally.missed > 0)
            .map(Tally::f1)
            .collect();
        println!(
            "{level} | {:.1} | {:.1} | {:.1} | {:.1} | {}",
            all.precision(),
            all.recall(),
            all.f1(),
            labelled.iter().sum::<f64>() / labelled.len().max(1) as f64,
            all.right + all.missed
        );
    }
}

/// Confidence of what is said against how often it is a label or an ancestor of one.
fn reliability(pairs: &[(&Labelled, &[TopicTag])]) {
    let mut bands: BTreeMap<u16, (Tally, f64)> = BTreeMap::new();
    for (labelled, tags) in pairs {
        for tag in *tags {
            let (tally, sum) = bands.entry(tag.confidence.thousandths() / 100).or_default();
            *sum += tag.confidence.as_f64();
            match labelled.labels.iter().flatten().any(|code| *code == tag.code) {
                true => tally.right += 1,
                false => tally.wrong += 1,
            }
        }
    }
    println!("\nmean confidence | measured precision | tags");
    let (mut error, mut all) = (0.0, 0.0);
    for (tally, sum) in bands.values() {
        let tags = (tally.right + tally.wrong) as f64;
        println!("{:.3} | {:.1} | {tags}", sum / tags, tally.precision());
        error += (sum - tally.right as f64).abs();
        all += tags;
    }
    println!("calibration error {:.3}", error / f64::max(all, 1.0));
}

/// The first label's subject against the best topic's.
fn confusion(pairs: &[(&Labelled, &[TopicTag])], concepts: &BTreeMap<String, (String, String)>) {
    let mut rows: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let name = |code: &str| concepts.get(code).map_or("nothing", |(_, name)| name.as_str());
    for (labelled, tags) in pairs {
        let gold = labelled
            .labels
            .first()
            .and_then(|path| path.first())
            .map_or("", String::as_str);
        let said = tags
            .first()
            .and_then(|tag| path(tag).first().copied())
            .unwrap_or("");
        *rows.entry(name(gold)).or_default().entry(name(said)).or_default() += 1;
    }
    println!("\nfirst label: best topics");
    for (gold, said) in rows {
        let mut said: Vec<(&str, usize)> = said.into_iter().collect();
        said.sort_by_key(|one| std::cmp::Reverse(one.1));
        let said: Vec<String> = said
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        println!("{gold}: {}", said.join(", "));
    }
}

fn worst(pairs: &[(&Labelled, &[TopicTag])]) {
    let mut wrong: Vec<(&TopicTag, &Labelled)> = Vec::new();
    for (labelled, tags) in pairs {
        let labels: BTreeSet<&String> = labelled.labels.iter().flatten().collect();
        wrong.extend(
            tags.iter()
                .filter(|tag| !labels.contains(&tag.code))
                .map(|tag| (tag, *labelled)),
        );
    }
    wrong.sort_by(|a, b| {
        b.0.confidence
            .cmp(&a.0.confidence)
            .then_with(|| a.1.id.cmp(&b.1.id))
    });
    println!("\nthe {WORST} wrong topics that were most sure");
    for (tag, labelled) in wrong.into_iter().take(WORST) {
        let article = &labelled.article;
        let start: String = article
            .headline
            .as_deref()
            .unwrap_or(&article.text)
            .chars()
            .take(90)
            .collect();
        let labels: Vec<&str> = labelled
            .labels
            .iter()
            .filter_map(|path| path.last())
            .map(String::as_str)
            .collect();
        println!(
            "{:.3} {} | {} | {} | {start}",
            tag.confidence.as_f64(),
            tag.name,
            labelled.id,
            labels.join(" ")
        );
    }
}
