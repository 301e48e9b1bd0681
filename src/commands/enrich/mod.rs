//! `dateline enrich`: files in, one record a line out, in input order whatever `--jobs` is. Never touches Kafka.

mod payloads;
mod progress;

use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use anyhow::Context;
use clap::Args;
use clap::ValueEnum;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use crate::commands::enrich::payloads::Item;
use crate::commands::enrich::payloads::Payload;
use crate::commands::enrich::progress::Progress;
use crate::commands::exit::Exit;
use crate::commands::explained;
use crate::commands::load_config;
use crate::commands::outside;
use crate::commands::service::now_ms;
use crate::config::FormChoice;
use crate::config::NamesModel;
use crate::config::TopicsModel;
use crate::metrics::Metrics;
use crate::ops::logging;
use crate::ops::logging::LogFormat;
use crate::record::Origin;
use crate::record::Outcome;
use crate::record::Record;
use crate::worker::batch::Core;
use crate::worker::process::Processor;

/// Most bytes of payloads taken at once for parallel work (one larger payload is taken alone).
const CHUNK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Arguments of `enrich`.
#[derive(Debug, Args)]
pub struct EnrichArgs {
    /// News in any form (docs/forms.md), several in one file where the form has that; `-` or nothing is standard input.
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
    Html,
    Xml,
    Mail,
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
        Some(Form::Html) => FormChoice::Html,
        Some(Form::Xml) => FormChoice::Xml,
        Some(Form::Mail) => FormChoice::Mail,
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
    let (processor, metrics) = (Arc::new(Processor::new(&config)?), Metrics::new()?);
    let work = Work {
        runtime: tokio::runtime::Runtime::new()?,
        core: Core {
            pool: Arc::new(pool),
            fetch: outside::fetch(&config, &metrics)?,
            services: outside::services(&config, processor.catalogue(), &metrics)?,
            processor,
            metrics,
            clock: now_ms,
        },
        explain: args.explain,
    };
    let files = if args.files.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        args.files.clone()
    };
    let progress = Progress::new(payloads::bytes_total(&files));
    let items = payloads::read(files, config.input.form, config.input.payload_bytes_max)?;
    match copy(&items, &work, progress, args.pretty) {
        Ok(tally) if tally.failed => Ok(Exit::Error),
        Ok(tally) if tally.rejected => Ok(Exit::SomeRejected),
        Ok(_) => Ok(Exit::Ok),
        // Whoever read us has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Ok),
        Err(error) => Err(error).context("standard output"),
    }
}

/// Takes what has been read, works on it in parallel, writes it in order; again until the end.
fn copy(items: &Receiver<Item>, work: &Work, mut progress: Progress, pretty: bool) -> io::Result<Tally> {
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
        let done = work.all(chunk)?;
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

/// What articles are worked on with.
struct Work {
    runtime: tokio::runtime::Runtime,
    core: Core,
    explain: bool,
}

impl Work {
    /// Works on a chunk, over all cores, order kept.
    fn all(&self, chunk: Vec<Item>) -> io::Result<Vec<Done>> {
        let (mut done, mut records) = (Vec::new(), Vec::new());
        for item in chunk {
            match item {
                Item::Failed { file, message } => done.push((file.to_string(), Some(message))),
                Item::Payload(payload) => {
                    done.push((format!("{}:{}", payload.file, payload.line), None));
                    records.push(record(payload));
                }
            }
        }
        let records = Arc::new(records);
        let outcomes = self.runtime.block_on(self.core.outcomes(&records));
        let mut outcomes = outcomes.map_err(|error| io::Error::other(error.to_string()))?;
        if self.explain {
            let all = outcomes.par_iter_mut().zip(records.par_iter());
            self.core
                .pool
                .install(|| all.for_each(|(outcome, record)| self.explain(outcome, record)));
        }
        let mut outcomes = outcomes.into_iter();
        let of = |(place, failed): (String, Option<String>)| match failed {
            Some(message) => Some((place, Err(message))),
            None => Some((place, Ok(outcomes.next()?))),
        };
        Ok(done.into_iter().filter_map(of).collect())
    }

    fn explain(&self, outcome: &mut Outcome, record: &Record) {
        if let Outcome::Enriched(output) = outcome {
            let explanation = self.core.processor.explain(record);
            output.value = output.value.take().map(|value| explained(value, &explanation));
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
