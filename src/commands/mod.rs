//! The command line: one short file per sub-command. Wires rooms together; never holds their logic.

pub mod check;
pub mod dead_letters;
pub mod demo;
pub mod enrich;
pub mod exit;
pub mod feed;
pub mod health;
pub mod registry;
pub mod run;
pub mod schema;
pub mod service;
pub mod oauth;
pub mod telemetry;
pub mod outside;
pub mod view;

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::Parser;
use clap::Subcommand;

use crate::commands::exit::Exit;
use crate::config::Config;
use crate::config::ConfigProblems;
use crate::config::Problem;
use crate::enrich::problems as enrich_problems;
use crate::enrich::topics;
use crate::enrich::topics::Explanation;
use crate::kafka;

/// Raw news articles in from Kafka, structured records out, exactly once.
#[derive(Debug, Parser)]
#[command(name = "dateline", version, after_help = Exit::table(), subcommand_required = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Enrich articles from Kafka until stopped.
    Run(RunArgs),
    /// Watch it work: an embedded broker, sample articles and a live page.
    Demo(DemoArgs),
    /// Play the demo's sample articles to a Kafka topic.
    Feed(feed::FeedArgs),
    /// Enrich files or standard input; no Kafka.
    Enrich(enrich::EnrichArgs),
    /// Check a configuration, and print what is in effect.
    Check(check::CheckArgs),
    /// Print a schema.
    Schema(schema::SchemaArgs),
    /// Look at dead letters, and send originals again.
    DeadLetters(dead_letters::DeadLettersArgs),
    /// Ask a running worker whether it is well.
    Health(health::HealthArgs),
}

/// Arguments of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Configuration file (TOML); `DATELINE__SECTION__KEY` variables override it.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Stop at the end offsets seen at start.
    #[arg(long)]
    pub until_end: bool,
}

/// Arguments of `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Stop after this long, such as 30s or 5m; without it, at Ctrl-C.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Articles a second.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: u32,
    /// Address of the live page.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9464")]
    pub listen: std::net::SocketAddr,
    /// Brokers of a real cluster, instead of the embedded broker.
    #[arg(long, value_name = "BOOTSTRAP")]
    pub kafka: Option<String>,
}

/// Parses the command line and does what it says.
pub fn main(arguments: impl Iterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(message) => {
            // Nothing is left to say where the message itself cannot be printed.
            let _ = message.print();
            return if message.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
        }
    };
    let done = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Demo(args) => demo::demo(&args),
        Command::Feed(args) => feed::feed(&args),
        Command::Enrich(args) => enrich::enrich(&args),
        Command::Check(args) => check::check(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::DeadLetters(args) => dead_letters::dead_letters(&args),
        Command::Health(args) => health::health(&args),
    };
    done.unwrap_or_else(|error| {
        let problems = error.downcast_ref::<ConfigProblems>();
        match problems {
            Some(problems) => eprintln!("{problems}"),
            None => eprintln!("dateline: {error:#}"),
        }
        if problems.is_some() {
            Exit::Configuration
        } else {
            Exit::Error
        }
    })
}

/// The configuration in effect: defaults, the file, the process's environment; and what the files that it names hold.
pub fn load_config(file: Option<&Path>) -> Result<Config, ConfigProblems> {
    load_judged(file, of_models)
}

/// The same, where the Kafka client takes what it is given.
pub fn load_kafka_config(file: Option<&Path>) -> Result<Config, ConfigProblems> {
    load_judged(file, |config| {
        kafka::verify::problems(config)
            .into_iter()
            .chain(of_models(config))
            .collect()
    })
}

/// What is wrong with the topics and models that a team gave.
fn of_models(config: &Config) -> Vec<Problem> {
    let of_topics = topics::problems(&config.topics);
    of_topics
        .into_iter()
        .chain(enrich_problems(&config.enrich.models))
        .collect()
}

fn load_judged(
    file: Option<&Path>,
    judge: impl Fn(&Config) -> Vec<Problem>,
) -> Result<Config, ConfigProblems> {
    let variables = std::env::vars_os();
    let readable =
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Config::load(file, readable, judge)
}

/// A record with `explanation` as its last key; as it is, where it is no JSON object.
fn explained(mut record: Vec<u8>, explanation: &[Explanation]) -> Vec<u8> {
    if let Ok(text) = serde_json::to_vec(explanation)
        && record.pop_if(|last| *last == b'}').is_some()
    {
        record.extend_from_slice(b",\"explanation\":");
        record.extend(text);
        record.push(b'}');
    }
    record
}

/// A time such as `500ms`, `30s`, `5m` or `1h`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a time such as 30s or 5m".to_owned())?;
    let milliseconds = match unit {
        "ms" => Some(1),
        "" | "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let total = milliseconds.and_then(|m: u64| number.checked_mul(m));
    total
        .map(Duration::from_millis)
        .ok_or_else(|| "expected a time such as 30s or 5m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("30s", Some(30_000)),
            ("30", Some(30_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("250ms", Some(250)),
            ("", None),
            ("s", None),
            ("3 s", None),
            ("3d", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
        ] {
            assert_eq!(
                duration(text).ok(),
                milliseconds.map(Duration::from_millis),
                "{text}"
            );
        }
    }

    #[test]
    fn command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
