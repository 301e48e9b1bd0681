//! `dateline enrich`: files in, one record a line out, in input order whatever `--jobs` is. Never touches Kafka.

mod payloads;
mod progress;

use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use anyhow::Context;
use clap::Args;
use clap::ValueEnum;
use rayon::ThreadPool;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use crate::commands::enrich::payloads::Item;
use crate::commands::enrich::payloads::Payload;
use crate::commands::enrich::progress::Progress;
use crate::commands::exit::Exit;
use crate::commands::explained;
use crate::commands::load_config;
use crate::config::FormChoice;
use crate::config::NamesModel;
use crate::config::TopicsModel;
use crate::ops::logging;
use crate::ops::logging::LogFormat;
use crate::record::Origin;
use crate::record::Outcome;
use crate::record::Record;
use crate::worker::process::Processor;

/// Most bytes of payloads taken at once for parallel work (one larger payload is taken alone).
const CHUNK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Arguments of `enrich`.
#[derive(Debug, Args)]
pub struct EnrichArgs {
    /// Text, JSON, JSONL, JSON array or ninjs; `-` or nothing is standard input.
    #[arg(value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Threads; 0 is one per core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1024))]
    jobs: Option<u16>,
    /// Indent each record.
    #[arg(long)]
    pretty: bool,
    /// Add `explanation` to each record: what spoke for and against its topics, and those that came near.
    #[arg(long)]
    explain: bool,
    /// The form of the input, if it must not be found out.
    #[arg(long)]
    form: Option<Form>,
    /// The recogniser of names, in place of the configured one.
    #[arg(long, value_name = "MODEL")]
    names: Option<Names>,
    /// The tagger of topics, in place of the configured one.
    #[arg(long, value_name = "MODEL")]
    topics: Option<Topics>,
    /// Configuration file (TOML); `DATELINE__SECTION__KEY` variables override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Auto,
    Json,
    Ninjs,
    Wire,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Names {
    Fast,
    Accurate,
    Cascade,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Topics {
    Fast,
    Accurate,
}

/// What has happened so far.
#[derive(Debug, Default)]
struct Tally {
    failed: bool,
    rejected: bool,
}

/// Enriches every article of every file.
pub fn enrich(args: &EnrichArgs) -> anyhow::Result<Exit> {
    logging::init(LogFormat::Text, "error")?;
    let mut config = load_config(args.config.as_deref())?;
    config.input.form = match args.form {
        None => config.input.form,
        Some(Form::Auto) => FormChoice::Auto,
        Some(Form::Json) => FormChoice::Json,
        Some(Form::Ninjs) => FormChoice::Ninjs,
        Some(Form::Wire) => FormChoice::Wire,
    };
    config.names.model = match args.names {
        None => config.names.model,
        Some(Names::Fast) => NamesModel::Fast,
        Some(Names::Accurate) => NamesModel::Accurate,
        Some(Names::Cascade) => NamesModel::Cascade,
    };
    config.topics.model = match args.topics {
        None => config.topics.model,
        Some(Topics::Fast) => TopicsModel::Fast,
        Some(Topics::Accurate) => TopicsModel::Accurate,
    };
    let threads = args.jobs.map_or(config.worker.threads, usize::from);
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("threads cannot be started")?;
    let processor = Processor::new(&config)?;
    let files = if args.files.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        args.files.clone()
    };
    let progress = Progress::new(payloads::bytes_total(&files));
    let items = payloads::read(files, config.input.form, config.input.payload_bytes_max)?;
    let work = |item| work(item, &processor, args.explain);
    match copy(&items, &work, &pool, progress, args.pretty) {
        Ok(tally) if tally.failed => Ok(Exit::Error),
        Ok(tally) if tally.rejected => Ok(Exit::SomeRejected),
        Ok(_) => Ok(Exit::Ok),
        // Whoever read us has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Ok),
        Err(error) => Err(error).context("standard output"),
    }
}

/// Takes what has been read, works on it in parallel, writes it in order; again until the end.
fn copy(
    items: &Receiver<Item>,
    work: &(impl Fn(Item) -> Done + Sync),
    pool: &ThreadPool,
    mut progress: Progress,
    pretty: bool,
) -> io::Result<Tally> {
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut tally = Tally::default();
    let mut held = None;
    while let Some(first) = held.take().or_else(|| items.recv().ok()) {
        let mut chunk = vec![first];
        let mut bytes = chunk.iter().map(Item::bytes).sum::<usize>();
        for item in items.try_iter().take(payloads::LOOK_AHEAD) {
            bytes += item.bytes();
            if bytes > CHUNK_BYTES_MAX {
                held = Some(item);
                break;
            }
            chunk.push(item);
        }
        let end = chunk.iter().rev().find_map(Item::end);
        let done: Vec<_> = pool.install(|| chunk.into_par_iter().map(work).collect());
        let records = done.len();
        for (place, outcome) in done {
            report(&place, outcome, &progress, &mut tally)
                .map_or(Ok(()), |value| write(&mut output, &value, pretty))?;
        }
        output.flush()?;
        progress.add(records, end);
    }
    progress.finish();
    Ok(tally)
}

/// The place of an item in the input, and what became of it.
type Done = (String, Result<Outcome, String>);

fn work(item: Item, processor: &Processor, explain: bool) -> Done {
    match item {
        Item::Failed { file, message } => (file.to_string(), Err(message)),
        Item::Payload(payload) => {
            let place = format!("{}:{}", payload.file, payload.line);
            let record = record(payload);
            let mut outcome = processor.process(&record, now_ms(), &mut ());
            if let Outcome::Enriched(output) = &mut outcome
                && explain
            {
                output.value = output
                    .value
                    .take()
                    .map(|value| explained(value, &processor.explain(&record)));
            }
            (place, Ok(outcome))
        }
    }
}

/// A payload as a record that does not come from Kafka.
fn record(payload: Payload) -> Record {
    Record {
        origin: Origin::nowhere(),
        timestamp_ms: None,
        key: None,
        value: Some(payload.value),
        headers: Vec::new(),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Tells what was rejected or failed on standard error; gives back what is to be written.
fn report(
    place: &str,
    outcome: Result<Outcome, String>,
    progress: &Progress,
    tally: &mut Tally,
) -> Option<Vec<u8>> {
    match outcome {
        Ok(Outcome::Enriched(output) | Outcome::PassedThrough(output)) => return output.value,
        Ok(Outcome::Skipped(_)) => {}
        Ok(Outcome::Rejected(rejection)) => {
            tally.rejected = true;
            progress.say(&format!(
                "{place}: {}",
                rejection.to_string().replace(['\n', '\r'], " ")
            ));
        }
        Err(message) => {
            tally.failed = true;
            progress.say(&format!("dateline: {place}: {message}"));
        }
    }
    None
}

fn write(output: &mut impl Write, value: &[u8], pretty: bool) -> io::Result<()> {
    if pretty {
        let value: serde_json::Value = serde_json::from_slice(value)?;
        serde_json::to_writer_pretty(&mut *output, &value)?;
    } else {
        output.write_all(value)?;
    }
    output.write_all(b"\n")
}
