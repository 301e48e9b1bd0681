//! `dateline dead-letters`: looks at dead letters and sends their originals again. Never takes one out of its topic.

mod choice;
mod replay;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap::Subcommand;
use jiff::Timestamp;

use crate::commands::dead_letters::choice::Choice;
use crate::commands::dead_letters::choice::Place;
use crate::commands::exit::Exit;
use crate::commands::load_kafka_config;
use crate::commands::oauth::token_provider;
use crate::commands::service;
use crate::config::Config;
use crate::encode::Letter;
use crate::encode::read_replayed_note;
use crate::kafka::TokenProvider;
use crate::kafka::letters::LetterReader;
use crate::kafka::letters::LettersError;
use crate::kafka::letters::Ranges;
use crate::ops::logging;
use crate::ops::logging::LogFormat;
use crate::record::Record;

/// Most characters of a key that a list shows.
const KEY_CHARACTERS: usize = 40;

/// Arguments of `dead-letters`.
#[derive(Debug, Clone, Args)]
pub struct DeadLettersArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// One line a letter: place, time, code, whether it was sent again, where it came from, key, bytes.
    List(ListArgs),
    /// One letter, whole.
    Show(ShowArgs),
    /// Send originals to their input topic again, each once.
    Replay(replay::ReplayArgs),
}

#[derive(Debug, Clone, Args)]
struct ListArgs {
    /// Configuration file of the worker.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    #[command(flatten)]
    choice: Choice,
    /// Most letters to list.
    #[arg(long, value_name = "N")]
    max: Option<u64>,
}

#[derive(Debug, Clone, Args)]
struct ShowArgs {
    /// Configuration file of the worker.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Its place in the dead-letter topic, as `list` shows it.
    #[arg(value_name = "PARTITION@OFFSET")]
    place: Place,
    /// Print nothing but the value, byte for byte.
    #[arg(long)]
    value: bool,
}

/// Does what is asked.
///
/// # Errors
/// Where the configuration is wrong, or the cluster does not answer or refuses.
pub fn dead_letters(args: &DeadLettersArgs) -> anyhow::Result<Exit> {
    let action = args.action.clone();
    let file = match &action {
        Action::List(args) => &args.config,
        Action::Show(args) => &args.config,
        Action::Replay(args) => &args.config,
    };
    let config = load_kafka_config(Some(file))?;
    logging::init(LogFormat::Text, "warn")?;
    service::block_on(async move {
        let token = token_provider(&config.kafka.security)?;
        let act = move || {
            let desk = Desk::open(config, token)?;
            match action {
                Action::List(args) => list(&desk, &args),
                Action::Show(args) => show(&desk, &args),
                Action::Replay(args) => replay::replay(&desk, &args),
            }
        };
        match tokio::task::spawn_blocking(act).await? {
            Err(error) if error.is::<LettersError>() => {
                eprintln!("dateline: {error:#}");
                Ok(exit(error.downcast_ref()))
            }
            done => done,
        }
    })
}

fn exit(error: Option<&LettersError>) -> Exit {
    match error {
        Some(LettersError::NoTopic(_)) => Exit::Configuration,
        Some(LettersError::Fenced(_)) => Exit::FatalClient,
        _ => Exit::Error,
    }
}

/// The dead-letter topic, ready to be read.
struct Desk {
    config: Config,
    token: Option<TokenProvider>,
    reader: LetterReader,
}

/// Where letters that were sent again stand.
type Replayed = BTreeMap<i32, BTreeSet<i64>>;

impl Desk {
    fn open(config: Config, token: Option<TokenProvider>) -> Result<Self, LettersError> {
        let reader = LetterReader::open(&config, token.clone())?;
        Ok(Self {
            config,
            token,
            reader,
        })
    }

    fn ranges(&self) -> Result<Ranges, LettersError> {
        self.reader.ranges(&self.config, self.token.clone())
    }

    /// Reads the notes of earlier replays.
    fn replayed(&self, ranges: &Ranges) -> Result<Replayed, LettersError> {
        let mut replayed = Replayed::new();
        self.reader.scan(ranges, |record| {
            if let Some(offsets) = read_replayed_note(&record) {
                replayed
                    .entry(record.origin.partition)
                    .or_default()
                    .extend(offsets);
            }
            ControlFlow::Continue(())
        })?;
        Ok(replayed)
    }
}

fn is_replayed(replayed: &Replayed, record: &Record) -> bool {
    let offsets = replayed.get(&record.origin.partition);
    offsets.is_some_and(|offsets| offsets.contains(&record.origin.offset))
}

fn list(desk: &Desk, args: &ListArgs) -> anyhow::Result<Exit> {
    let ranges = desk.ranges()?;
    let replayed = desk.replayed(&ranges)?;
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut listed = 0;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut written = Ok(());
    desk.reader.scan(&ranges, |record| {
        if args.max.is_some_and(|max| listed >= max) {
            return ControlFlow::Break(());
        }
        let Some(letter) = Letter::read(&record).filter(|letter| args.choice.holds(letter)) else {
            return ControlFlow::Continue(());
        };
        listed += 1;
        *counts.entry(letter.code.clone()).or_default() += 1;
        written = writeln!(
            output,
            "{}",
            line(&record, &letter, is_replayed(&replayed, &record))
        );
        if written.is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    match written.and_then(|()| output.flush()) {
        // Whoever reads us has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Ok),
        other => other.context("standard output")?,
    }
    let counts: Vec<String> = counts.iter().map(|(code, n)| format!("{n} {code}")).collect();
    let of = if counts.is_empty() { "" } else { ": " };
    eprintln!("{listed} letters{of}{}", counts.join(", "));
    Ok(Exit::Ok)
}

/// What a list says of a letter, fields parted by tabs.
fn line(record: &Record, letter: &Letter, is_replayed: bool) -> String {
    let state = match (is_replayed, letter.is_cut) {
        (true, _) => "sent-again",
        (false, true) => "cut",
        (false, false) => "waiting",
    };
    let bytes = record.value.as_ref().map_or(0, Vec::len);
    [
        format!("{}@{}", record.origin.partition, record.origin.offset),
        time(letter.timestamp_ms),
        letter.code.clone(),
        state.to_owned(),
        source(letter),
        record.key.as_deref().map_or("-".to_owned(), shown),
        bytes.to_string(),
    ]
    .join("\t")
}

fn time(timestamp_ms: Option<i64>) -> String {
    timestamp_ms
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map_or("-".to_owned(), |time| time.to_string())
}

fn source(letter: &Letter) -> String {
    let number = |n: Option<i64>| n.map_or("?".to_owned(), |n| n.to_string());
    format!(
        "{}/{}@{}",
        letter.kafka_topic,
        number(letter.partition.map(i64::from)),
        number(letter.offset)
    )
}

/// Bytes for a terminal: nothing in them moves a cursor or breaks a line.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let escaped = text.chars().flat_map(char::escape_debug);
    escaped.take(KEY_CHARACTERS).collect()
}

fn show(desk: &Desk, args: &ShowArgs) -> anyhow::Result<Exit> {
    let ranges = desk.ranges()?;
    let Place { partition, offset } = args.place;
    let is_there = ranges
        .get(&partition)
        .is_some_and(|(begin, end)| (*begin..*end).contains(&offset));
    let mut found = None;
    if is_there {
        let at = Ranges::from([(partition, (offset, offset + 1))]);
        desk.reader.scan(&at, |record| {
            found = Some(record);
            ControlFlow::Break(())
        })?;
    }
    let Some(record) = found else {
        anyhow::bail!("there is no record at {partition}@{offset} of the dead-letter topic");
    };
    let mut output = io::stdout().lock();
    if !args.value {
        let letter = Letter::read(&record);
        let mut say = |name: &str, value: &str| writeln!(output, "{name}: {value}");
        say("time", &time(record.timestamp_ms))?;
        say("key", &record.key.as_deref().map_or("null".to_owned(), escaped))?;
        if let Some(letter) = letter {
            say("code", &letter.code)?;
            say("message", &escaped(letter.message.as_bytes()))?;
            say("source", &source(&letter))?;
            say("replays", &letter.replays.to_string())?;
            say("cut", if letter.is_cut { "yes" } else { "no" })?;
        }
        for header in &record.headers {
            let value = header.value.as_deref().map_or("null".to_owned(), escaped);
            say(&format!("header {}", escaped(header.name.as_bytes())), &value)?;
        }
        writeln!(output)?;
    }
    output.write_all(record.value.as_deref().unwrap_or_default())?;
    Ok(Exit::Ok)
}

fn escaped(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_key_reaches_the_terminal_raw() {
        assert_eq!(shown(b"a\n\x1b[31m\xff"), "a\\n\\u{1b}[31m\u{fffd}");
        assert_eq!(shown(&[b'k'; 99]).len(), KEY_CHARACTERS);
    }
}
