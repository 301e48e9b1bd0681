//! Topics against the labels of held-out articles.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use dateline::article::Article;
use dateline::article::InputForm;
use dateline::config::EnrichConfig;
use dateline::enrich::Enricher;
use dateline::limits::Limits;
use serde_json::Value;

use crate::score::Tally;

fn line(tally: &Tally) -> String {
    format!(
        "{:5.1} | {:5.1} | {:5.1} | {}",
        tally.precision(),
        tally.recall(),
        tally.f1(),
        tally.right + tally.missed
    )
}

fn article(headline: Option<String>, text: String) -> Article {
    Article {
        headline,
        text,
        language: "en".to_owned(),
        ..Article::new(InputForm::Json, "")
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

/// Prints precision, recall and the share of articles tagged; only articles with an odd number count.
pub(crate) fn measure(data: &Path) -> Result<()> {
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
        line(&all)
    );
    for (confidence, tally) in bands {
        println!("confidence {:.3}: {}", confidence.as_f64(), line(&tally));
    }
    if std::env::var_os("MISTAKES").is_some() {
        for (name, tally) in wrong {
            println!("{name}: {} right, {} wrong", tally.right, tally.wrong);
        }
    }
    println!("{articles} articles, {bytes} bytes, enriched in {spent:?}");
    Ok(())
}
