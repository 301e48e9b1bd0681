//! `dateline dead-letters replay`: originals to their input topic again, each once whatever happens. A letter and the
//! note that it was sent are one transaction, so that a replay which was ended goes on where it was.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use regex::Regex;

use crate::commands::dead_letters::Desk;
use crate::commands::dead_letters::Replayed;
use crate::commands::dead_letters::choice::Choice;
use crate::commands::dead_letters::is_replayed;
use crate::commands::exit::Exit;
use crate::encode::Letter;
use crate::encode::replayed_note;
use crate::kafka::letters::LettersError;
use crate::kafka::letters::Replayer;
use crate::kafka::letters::Sending;
use crate::kafka::letters::Sent;
use crate::record::Record;

/// Most bytes of a transaction; one larger letter is one of its own.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Arguments of `replay`.
#[derive(Debug, Clone, Args)]
pub(super) struct ReplayArgs {
    /// Configuration file of the worker.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
    #[command(flatten)]
    choice: Choice,
    /// Most letters to send.
    #[arg(long, value_name = "N")]
    max: Option<u64>,
    /// Send to this Kafka topic, not to the one that each came from.
    #[arg(long, value_name = "KAFKA_TOPIC")]
    to: Option<String>,
    /// Only count, send nothing.
    #[arg(long)]
    dry_run: bool,
    /// A letter that came back so often is not sent again.
    #[arg(long, value_name = "N", default_value_t = 3)]
    replays_max: u32,
    /// Letters of one transaction.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch_records: u32,
}

/// What becomes of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// It is sent (or would be, in a dry run).
    Sent,
    /// An earlier replay sent it.
    SentBefore,
    /// Something of the original is missing.
    Cut,
    /// It came back too often.
    TooOften,
    /// It names no input topic of this configuration.
    NotOurs,
    /// The broker refuses it.
    Refused,
}

impl Fate {
    const ALL: [Self; 6] = [
        Self::Sent,
        Self::SentBefore,
        Self::Cut,
        Self::TooOften,
        Self::NotOurs,
        Self::Refused,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::SentBefore => "sent-before",
            Self::Cut => "cut",
            Self::TooOften => "too-often",
            Self::NotOurs => "not-ours",
            Self::Refused => "refused",
        }
    }
}

type Counts = BTreeMap<String, BTreeMap<Fate, u64>>;

/// Where originals may go.
struct Targets {
    names: Vec<String>,
    patterns: Vec<Regex>,
    to: Option<String>,
}

impl Targets {
    fn new(desk: &Desk, to: Option<&String>) -> anyhow::Result<Self> {
        let kafka = &desk.config.kafka;
        if let Some(to) = to
            && [&kafka.output_topic, &kafka.dead_letter_topic].contains(&to)
        {
            anyhow::bail!(
                "--to {to} is the worker's own output: an original there would be read by the wrong people"
            );
        }
        let (patterns, names): (Vec<_>, Vec<_>) = kafka
            .input_topics
            .iter()
            .partition(|entry| entry.starts_with('^'));
        Ok(Self {
            names: names.into_iter().cloned().collect(),
            patterns: patterns
                .into_iter()
                .map(|entry| Regex::new(entry))
                .collect::<Result<_, _>>()?,
            to: to.cloned(),
        })
    }

    /// Its topic, and its partition where it goes back to its own.
    fn of(&self, letter: &Letter) -> Option<(String, Option<i32>)> {
        if let Some(to) = &self.to {
            return Some((to.clone(), None));
        }
        let from = &letter.kafka_topic;
        let is_input =
            self.names.contains(from) || self.patterns.iter().any(|pattern| pattern.is_match(from));
        is_input.then(|| (from.clone(), letter.partition))
    }
}

/// Letters that are about to be sent together.
#[derive(Default)]
struct Pending {
    letters: Vec<(Record, Letter, Sending)>,
    bytes: usize,
}

struct Replay<'d> {
    args: &'d ReplayArgs,
    dead_letter_topic: &'d str,
    targets: Targets,
    replayed: Replayed,
    /// None in a dry run.
    replayer: Option<Replayer>,
    partitions: BTreeMap<String, i32>,
    pending: Pending,
    chosen: u64,
    counts: Counts,
}

/// Sends what is meant, and says how much of each code.
pub(super) fn replay(desk: &Desk, args: &ReplayArgs) -> anyhow::Result<Exit> {
    let targets = Targets::new(desk, args.to.as_ref())?;
    // First whoever replays already is shut out, and only then what was sent is read.
    let replayer = match args.dry_run {
        true => None,
        false => Some(Replayer::open(&desk.config, desk.token.clone())?),
    };
    let ranges = desk.ranges()?;
    let mut replay = Replay {
        args,
        dead_letter_topic: &desk.config.kafka.dead_letter_topic,
        targets,
        replayed: desk.replayed(&ranges)?,
        replayer,
        partitions: BTreeMap::new(),
        pending: Pending::default(),
        chosen: 0,
        counts: Counts::new(),
    };
    let mut failed = None;
    desk.reader.scan(&ranges, |record| match replay.take(record) {
        Ok(flow) => flow,
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    let done = failed.map_or_else(|| replay.flush(), Err);
    print!("{}", table(&replay.counts));
    done?;
    Ok(if has_refused(&replay.counts) {
        Exit::SomeRejected
    } else {
        Exit::Ok
    })
}

impl Replay<'_> {
    fn take(&mut self, record: Record) -> Result<ControlFlow<()>, LettersError> {
        if self.args.max.is_some_and(|max| self.chosen >= max) {
            return Ok(ControlFlow::Break(()));
        }
        let Some(letter) = Letter::read(&record).filter(|letter| self.args.choice.holds(letter)) else {
            return Ok(ControlFlow::Continue(()));
        };
        let fate = if is_replayed(&self.replayed, &record) {
            Fate::SentBefore
        } else if letter.is_cut {
            Fate::Cut
        } else if letter.replays >= self.args.replays_max {
            Fate::TooOften
        } else if let Some(target) = self.targets.of(&letter) {
            self.chosen += 1;
            return self.send(record, letter, target);
        } else {
            Fate::NotOurs
        };
        self.count(&letter, fate);
        Ok(ControlFlow::Continue(()))
    }

    fn send(
        &mut self,
        record: Record,
        letter: Letter,
        (kafka_topic, partition): (String, Option<i32>),
    ) -> Result<ControlFlow<()>, LettersError> {
        let Some(replayer) = &self.replayer else {
            self.count(&letter, Fate::Sent);
            return Ok(ControlFlow::Continue(()));
        };
        let partitions = match self.partitions.get(&kafka_topic) {
            Some(partitions) => *partitions,
            None => replayer.partitions(&kafka_topic)?,
        };
        self.partitions.insert(kafka_topic.clone(), partitions);
        let sending = Sending {
            kafka_topic,
            partition: partition.filter(|partition| (0..partitions).contains(partition)),
            timestamp_ms: letter.timestamp_ms,
            record: letter.again(),
        };
        let bytes = sending.record.bytes();
        let is_full = self.pending.letters.len() >= self.args.batch_records as usize
            || (self.pending.bytes + bytes > BATCH_BYTES_MAX && !self.pending.letters.is_empty());
        if is_full {
            self.flush()?;
        }
        self.pending.bytes += bytes;
        self.pending.letters.push((record, letter, sending));
        Ok(ControlFlow::Continue(()))
    }

    /// Sends what is pending, with its notes, as one; without those that the broker refuses.
    fn flush(&mut self) -> Result<(), LettersError> {
        let mut pending = std::mem::take(&mut self.pending).letters;
        let Some(replayer) = &self.replayer else {
            return Ok(());
        };
        while !pending.is_empty() {
            let mut sendings: Vec<Sending> = pending.iter().map(|(.., sending)| sending.clone()).collect();
            sendings.extend(self.notes(&pending));
            match replayer.send(&sendings)? {
                Sent::All => {
                    for (_, letter, _) in std::mem::take(&mut pending) {
                        count(&mut self.counts, &letter, Fate::Sent);
                    }
                }
                Sent::Refused(place, _) if place < pending.len() => {
                    let (_, letter, _) = pending.remove(place);
                    count(&mut self.counts, &letter, Fate::Refused);
                }
                Sent::Refused(_, reason) => {
                    return Err(LettersError::Unsent(format!(
                        "the dead-letter topic refuses the note of what was sent: {reason}"
                    )));
                }
            }
        }
        Ok(())
    }

    fn notes(&self, pending: &[(Record, Letter, Sending)]) -> Vec<Sending> {
        let mut offsets: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
        for (record, ..) in pending {
            offsets
                .entry(record.origin.partition)
                .or_default()
                .push(record.origin.offset);
        }
        offsets
            .into_iter()
            .map(|(partition, offsets)| Sending {
                kafka_topic: self.dead_letter_topic.to_owned(),
                partition: Some(partition),
                timestamp_ms: None,
                record: replayed_note(&offsets),
            })
            .collect()
    }

    fn count(&mut self, letter: &Letter, fate: Fate) {
        count(&mut self.counts, letter, fate);
    }
}

fn count(counts: &mut Counts, letter: &Letter, fate: Fate) {
    let of_code = counts.entry(letter.code.clone()).or_default();
    *of_code.entry(fate).or_default() += 1;
}

fn has_refused(counts: &Counts) -> bool {
    let fates = counts.values().flat_map(BTreeMap::keys);
    fates
        .into_iter()
        .any(|fate| !matches!(fate, Fate::Sent | Fate::SentBefore))
}

/// Counts by code and fate, fields parted by tabs; the last line is of all.
fn table(counts: &Counts) -> String {
    let mut text = String::from("code");
    for fate in Fate::ALL {
        let _ = write!(text, "\t{}", fate.name());
    }
    let mut all: BTreeMap<Fate, u64> = BTreeMap::new();
    let mut row = |code: &str, fates: &BTreeMap<Fate, u64>| {
        let _ = write!(text, "\n{code}");
        for fate in Fate::ALL {
            let _ = write!(text, "\t{}", fates.get(&fate).copied().unwrap_or(0));
        }
    };
    for (code, fates) in counts {
        row(code, fates);
        for (fate, n) in fates {
            *all.entry(*fate).or_default() += n;
        }
    }
    row("all", &all);
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_a_code_and_one_of_all() {
        let counts = Counts::from([
            (
                "empty".to_owned(),
                BTreeMap::from([(Fate::Sent, 3), (Fate::Cut, 1)]),
            ),
            ("too_deep".to_owned(), BTreeMap::from([(Fate::SentBefore, 2)])),
        ]);
        assert_eq!(
            table(&counts),
            "code\tsent\tsent-before\tcut\ttoo-often\tnot-ours\trefused\n\
             empty\t3\t0\t1\t0\t0\t0\ntoo_deep\t0\t2\t0\t0\t0\t0\nall\t3\t2\t1\t0\t0\t0\n"
        );
        assert!(has_refused(&counts));
        assert!(!has_refused(&Counts::new()));
    }
}
