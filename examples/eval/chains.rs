//! Resolution inside the article against chains marked by hand (`tests/data/chains`): with the annotated names, and end to
//! end with those that a setting finds.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use dateline::article::ByteSpan;
use dateline::article::Entity;
use dateline::article::Field;
use dateline::article::Score;
use dateline::enrich::entities::Resolver;
use dateline::enrich::tagger::Sighting;
use dateline::limits::Limits;
use serde_json::Value;

use crate::Setting;
use crate::corpus;
use crate::corpus::Document;
use crate::corpus::Label;
use crate::corpus::Split;

type Place = (Field, ByteSpan);
/// Chain of each name.
type Chains = BTreeMap<Place, usize>;

/// One article and its chains.
struct Marked {
    document: Document,
    chains: Chains,
}

/// Reads the marked articles of a split; the n-th name of an article is the n-th of its document.
fn marked(data: &Path, split: Split) -> Result<Vec<Marked>> {
    let documents = corpus::own(data, split)?;
    let by_id: BTreeMap<&str, &Document> = documents
        .iter()
        .map(|document| (&*document.id, document))
        .collect();
    let mut out = Vec::new();
    let content = std::fs::read_to_string("tests/data/chains/chains.jsonl")?;
    for line in content.lines() {
        let value: Value = serde_json::from_str(line)?;
        let Some(document) = value["id"].as_str().and_then(|id| by_id.get(id)) else {
            continue;
        };
        let mut places: Vec<(Vec<u64>, usize)> = Vec::new();
        for (chain, names) in value["chains"].as_array().context("chains")?.iter().enumerate() {
            for name in names.as_array().context("a chain")? {
                places.push((order(name)?, chain));
            }
        }
        places.sort();
        let mut names = document.gold.clone();
        names.sort();
        anyhow::ensure!(
            places.len() == names.len(),
            "{}: other names than marked",
            document.id
        );
        let chains = names.iter().zip(places);
        out.push(Marked {
            document: (*document).clone(),
            chains: chains
                .map(|(name, (_, chain))| ((name.field, name.span), chain))
                .collect(),
        });
    }
    Ok(out)
}

/// Number of the sentence and place in it.
fn order(name: &Value) -> Result<Vec<u64>> {
    let id = name[0].as_str().context("a sentence's id")?;
    let sentence = id.rsplit('.').next().unwrap_or(id).parse()?;
    Ok(vec![sentence, name[1].as_u64().context("a start")?])
}

/// Sums of B-cubed (Bagga and Baldwin, 1998) and of pairs of names.
#[derive(Debug, Default)]
struct Tally {
    precision: f64,
    found: usize,
    recall: f64,
    marked: usize,
    pairs_right: usize,
    pairs_found: usize,
    pairs_marked: usize,
}

impl Tally {
    /// Adds one article. A name that only one side has is alone in its chain for the other.
    fn add(&mut self, gold: &Chains, found: &Chains) {
        let common = |place: &Place, of: &Chains, other: &Chains| {
            let chain = of.get(place);
            let partner = other.get(place);
            let mine = of.iter().filter(|(_, other)| Some(*other) == chain);
            let (all, shared) = mine.fold((0_usize, 0_usize), |(all, shared), (member, _)| {
                let together = partner.is_some() && other.get(member) == partner;
                (all + 1, shared + usize::from(together))
            });
            shared as f64 / all.max(1) as f64
        };
        self.precision += found.keys().map(|place| common(place, found, gold)).sum::<f64>();
        self.recall += gold.keys().map(|place| common(place, gold, found)).sum::<f64>();
        self.found += found.len();
        self.marked += gold.len();
        let pairs = |chains: &Chains| -> BTreeSet<(Place, Place)> {
            let all = chains.iter().flat_map(|(a, chain)| {
                let others = chains
                    .range(a..)
                    .skip(1)
                    .filter(move |(_, other)| *other == chain);
                others.map(move |(b, _)| (*a, *b))
            });
            all.collect()
        };
        let (gold, found) = (pairs(gold), pairs(found));
        self.pairs_right += gold.intersection(&found).count();
        self.pairs_found += found.len();
        self.pairs_marked += gold.len();
    }

    fn print(&self, title: &str) {
        let share = |part: f64, of: usize| 100.0 * part / of.max(1) as f64;
        let f1 = |p: f64, r: f64| 2.0 * p * r / (p + r).max(f64::MIN_POSITIVE);
        let (p, r) = (share(self.precision, self.found), share(self.recall, self.marked));
        let right = self.pairs_right as f64;
        let (pp, pr) = (share(right, self.pairs_found), share(right, self.pairs_marked));
        println!(
            "| {title} | {p:.1} | {r:.1} | {:.1} | {pp:.1} | {pr:.1} | {:.1} |",
            f1(p, r),
            f1(pp, pr)
        );
    }
}

fn chains_of(entities: &[Entity]) -> Chains {
    let numbered = entities.iter().enumerate();
    let places = numbered.flat_map(|(chain, entity)| {
        entity
            .mentions
            .iter()
            .map(move |mention| ((mention.field, mention.span), chain))
    });
    places.collect()
}

fn annotated(document: &Document) -> Vec<Sighting> {
    let names = document.gold.iter().filter_map(|name| match name.label {
        Label::Type(kind) => Some(Sighting {
            field: name.field,
            span: name.span,
            kind,
            confidence: Score::ONE,
        }),
        _ => None,
    });
    names.collect()
}

/// Prints both measures: annotated names first, then each setting's; and the chains that differ.
pub(crate) fn measure(data: &Path, split: Split, settings: &[Setting]) -> Result<()> {
    let marked = marked(data, split)?;
    let (resolver, limits) = (Resolver::new()?, Limits::default());
    println!(
        "\n{} articles; B-cubed and pairs of names: precision, recall, F1\n",
        marked.len()
    );
    println!("| names | B3 P | B3 R | B3 F1 | pairs P | pairs R | pairs F1 |\n|---|---|---|---|---|---|---|");
    let mut tally = Tally::default();
    let mut differing = Vec::new();
    for Marked { document, chains } in &marked {
        let findings = resolver.join(&document.article, annotated(document), &limits);
        let found = chains_of(&findings.entities);
        tally.add(chains, &found);
        differing.extend(differences(document, chains, &found));
    }
    tally.print("annotated");
    for setting in settings {
        let enricher = setting.enricher()?;
        let mut tally = Tally::default();
        for Marked { document, chains } in &marked {
            let enriched = enricher.enrich(document.article.clone(), &limits, &mut ());
            tally.add(chains, &chains_of(&enriched.entities.unwrap_or_default()));
        }
        tally.print(setting.name);
    }
    println!("\nWith annotated names, what was not joined or wrongly joined:");
    differing.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Neighbouring names of one chain that were torn, and of two that were joined.
fn differences(document: &Document, gold: &Chains, found: &Chains) -> BTreeSet<String> {
    let text = |place: &Place| place.1.of(document.field(place.0)).unwrap_or_default();
    let mut out = BTreeSet::new();
    for (mine, other, what) in [(gold, found, "torn"), (found, gold, "joined")] {
        let mut last: BTreeMap<usize, &Place> = BTreeMap::new();
        for (place, chain) in mine {
            if let Some(before) = last.insert(*chain, place)
                && other.get(before) != other.get(place)
            {
                out.insert(format!(
                    "{} {what}: {} / {}",
                    document.id,
                    text(before),
                    text(place)
                ));
            }
        }
    }
    out
}
