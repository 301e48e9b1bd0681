//! What is wrong, to be read: which types are taken for which, the most frequent errors, and a hundred at random.

use std::collections::BTreeMap;

use dateline::article::ByteSpan;
use dateline::article::Field;
use sha2::Digest;
use sha2::Sha256;

use crate::corpus::Document;
use crate::score::Found;
use crate::score::Key;
use crate::score::View;
use crate::score::found_keys;
use crate::score::gold_keys;

/// A wrong or missed name, and what stands in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Error<'d> {
    document: &'d Document,
    gold: Option<Key>,
    found: Option<Key>,
}

impl Error<'_> {
    fn kind(&self) -> &'static str {
        match (self.gold, self.found) {
            (Some(gold), Some(found)) if gold.1 == found.1 => "type",
            (Some(gold), Some(found)) if gold.2 == found.2 => "bounds",
            (Some(_), Some(_)) => "bounds and type",
            (Some(_), None) => "missed",
            _ => "spurious",
        }
    }

    fn show(&self, key: Option<Key>) -> String {
        match key {
            Some((field, span, kind)) => {
                format!(
                    "{} {kind}",
                    span.of(self.document.field(field)).unwrap_or_default()
                )
            }
            None => "-".to_owned(),
        }
    }

    fn place(&self) -> Option<(Field, ByteSpan)> {
        self.gold.or(self.found).map(|(field, span, _)| (field, span))
    }

    /// The name in its surroundings.
    fn context(&self) -> String {
        let Some((field, span)) = self.place() else {
            return String::new();
        };
        let text = self.document.field(field);
        let (before, after) = (text.get(..span.start), text.get(span.end..));
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let near: Vec<char> = before.chars().rev().take(70).collect();
        let near: String = near.into_iter().rev().collect();
        let far: String = after.chars().take(50).collect();
        let name = span.of(text).unwrap_or_default();
        format!("{near}[[{name}]]{far}").replace('\n', " ")
    }
}

/// Every error of a document: each missed name with what overlaps it, then what stands where no name is.
pub(crate) fn errors<'d>(document: &'d Document, found: &[Found], view: View) -> Vec<Error<'d>> {
    let gold = gold_keys(&document.gold, view);
    let found = found_keys(found, view);
    let overlap = |key: &Key, other: &Key| key.0 == other.0 && key.1.overlaps(&other.1);
    let mut errors: Vec<_> = gold
        .difference(&found)
        .map(|missed| Error {
            document,
            gold: Some(*missed),
            found: found.iter().find(|other| overlap(missed, other)).copied(),
        })
        .collect();
    let spurious = found
        .difference(&gold)
        .filter(|wrong| !gold.iter().any(|key| overlap(wrong, key)));
    errors.extend(spurious.map(|wrong| Error {
        document,
        gold: None,
        found: Some(*wrong),
    }));
    errors
}

/// Prints gold types against what was found in their place.
pub(crate) fn print_confusion(pairs: &[(&Document, &[Found])], view: View) {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut names: Vec<&str> = Vec::new();
    for (document, found) in pairs {
        for error in errors(document, found, view) {
            let name = |key: Option<Key>| key.map_or("nothing", |(_, _, kind)| kind);
            *counts.entry((name(error.gold), name(error.found))).or_default() += 1;
        }
        let both = &gold_keys(&document.gold, view) & &found_keys(found, view);
        for (_, _, kind) in both {
            *counts.entry((kind, kind)).or_default() += 1;
        }
    }
    for (gold, found) in counts.keys() {
        names.extend([gold, found]);
    }
    names.sort_unstable();
    names.dedup();
    println!(
        "\nDown: the annotation; across: what was found there (same type off the name's bounds counts on the diagonal).\n"
    );
    println!("| | {} |\n|---{}|", names.join(" | "), "|---".repeat(names.len()));
    for gold in &names {
        let count = |found: &&str| counts.get(&(*gold, *found)).copied().unwrap_or(0).to_string();
        let row: Vec<_> = names.iter().map(count).collect();
        println!("| {gold} | {} |", row.join(" | "));
    }
}

/// Prints the most frequent errors.
pub(crate) fn print_frequent(all: &[Error<'_>], most: usize) {
    let mut counts: BTreeMap<(String, String, &str), usize> = BTreeMap::new();
    for error in all {
        let key = (error.show(error.gold), error.show(error.found), error.kind());
        *counts.entry(key).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    println!("\n| times | error | annotated | found |\n|---|---|---|---|");
    for ((gold, found, kind), count) in counts.into_iter().take(most) {
        println!("| {count} | {kind} | {gold} | {found} |");
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for error in all {
        *kinds.entry(error.kind()).or_default() += 1;
    }
    println!("\n{} errors: {kinds:?}", all.len());
}

/// Prints errors drawn by the hash of where they are: the same draw each time, and no order of the corpus in it.
pub(crate) fn print_random(all: &[Error<'_>], most: usize) {
    let mut drawn: Vec<_> = all.iter().collect();
    drawn.sort_by_cached_key(|error| Sha256::digest(format!("{} {:?}", error.document.id, error.place())));
    println!();
    for (at, error) in drawn.into_iter().take(most).enumerate() {
        let (gold, found) = (error.show(error.gold), error.show(error.found));
        println!(
            "{:3} {} | {gold} => {found} | {}",
            at + 1,
            error.kind(),
            error.document.id
        );
        println!("      {}", error.context());
    }
}
