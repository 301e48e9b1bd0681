//! Right, wrong and missed names, counted as the shared tasks do: a name counts only with exactly its bounds and its type.
//! `seqeval` in strict mode counts the same (`benches/peers/seqeval_check.py` shows it).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dateline::article::ByteSpan;
use dateline::article::EntityType;
use dateline::article::Field;
use dateline::article::Score;

use crate::corpus::Document;
use crate::corpus::Label;
use crate::corpus::Name;

/// A name that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) field: Field,
    pub(crate) span: ByteSpan,
    pub(crate) kind: EntityType,
    pub(crate) confidence: Score,
}

/// Which types are told apart, and which are left aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// All nine, as our own annotations have them.
    Nine,
    /// What any two systems share: PERSON, ORG, and LOC, which is GPE, LOC or FAC. The rest is left aside.
    Shared,
}

impl View {
    /// The name under which a label counts, where it does.
    pub(crate) fn name(self, label: Label) -> Option<&'static str> {
        match (self, label) {
            (Self::Nine, Label::Type(kind)) => Some(kind.name()),
            (Self::Nine, Label::Place | Label::Rest) => None,
            (Self::Shared, Label::Place) => Some("LOC"),
            (Self::Shared, Label::Type(kind)) => match kind {
                EntityType::Person => Some("PERSON"),
                EntityType::Org => Some("ORG"),
                EntityType::Gpe | EntityType::Loc | EntityType::Fac => Some("LOC"),
                _ => None,
            },
            (Self::Shared, Label::Rest) => None,
        }
    }
}

/// A place and a type, which is what is compared.
pub(crate) type Key = (Field, ByteSpan, &'static str);

/// The names that count in a view.
pub(crate) fn gold_keys(names: &[Name], view: View) -> BTreeSet<Key> {
    names
        .iter()
        .filter_map(|name| Some((name.field, name.span, view.name(name.label)?)))
        .collect()
}

/// The found names that count in a view.
pub(crate) fn found_keys(found: &[Found], view: View) -> BTreeSet<Key> {
    found
        .iter()
        .filter_map(|found| Some((found.field, found.span, view.name(Label::Type(found.kind))?)))
        .collect()
}

/// Right, wrong, missed.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) right: usize,
    pub(crate) wrong: usize,
    pub(crate) missed: usize,
}

impl Tally {
    /// In percent; 0 where nothing was found.
    pub(crate) fn precision(&self) -> f64 {
        percent(self.right, self.right + self.wrong)
    }

    /// In percent; 0 where there is nothing to find.
    pub(crate) fn recall(&self) -> f64 {
        percent(self.right, self.right + self.missed)
    }

    /// Harmonic mean of the two, in percent.
    pub(crate) fn f1(&self) -> f64 {
        percent(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }
}

fn percent(part: usize, of: usize) -> f64 {
    if of == 0 {
        0.0
    } else {
        100.0 * part as f64 / of as f64
    }
}

/// Tallies by row and under "all".
#[derive(Debug, Default)]
pub(crate) struct Table(BTreeMap<String, Tally>);

impl Table {
    pub(crate) fn add(&mut self, row: &str, tally: Tally) {
        self.0.entry(row.to_owned()).or_default().add(tally);
    }

    /// Adds one document's names, a row a type.
    pub(crate) fn add_types(&mut self, gold: &BTreeSet<Key>, found: &BTreeSet<Key>) {
        for key in found {
            let right = gold.contains(key);
            let (right, wrong) = (usize::from(right), usize::from(!right));
            self.add(
                key.2,
                Tally {
                    right,
                    wrong,
                    missed: 0,
                },
            );
        }
        for key in gold.difference(found) {
            let missed = 1;
            self.add(
                key.2,
                Tally {
                    missed,
                    ..Tally::default()
                },
            );
        }
    }

    /// Sum of all rows: the micro average.
    pub(crate) fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in self.0.values() {
            total.add(*tally);
        }
        total
    }

    /// Prints the rows as a Markdown table, with the sum where rows are disjoint.
    pub(crate) fn print(&self, title: &str, sum: bool) {
        println!("\n| {title} | precision | recall | F1 | gold |\n|---|---|---|---|---|");
        for (row, tally) in &self.0 {
            print_row(row, *tally);
        }
        if sum {
            print_row("**all**", self.total());
        }
    }
}

fn print_row(row: &str, tally: Tally) {
    println!(
        "| {row} | {:.1} | {:.1} | {:.1} | {} |",
        tally.precision(),
        tally.recall(),
        tally.f1(),
        tally.right + tally.missed
    );
}

/// The tally of one document in a view.
pub(crate) fn tally(document: &Document, found: &[Found], view: View) -> Tally {
    let mut table = Table::default();
    table.add_types(&gold_keys(&document.gold, view), &found_keys(found, view));
    table.total()
}
