//! `dateline check`: every problem of a configuration at once, else what is in effect. Never connects to anything.

use std::path::PathBuf;

use clap::Args;

use crate::commands::exit::Exit;
use crate::commands::load_kafka_config;

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Configuration file (TOML); `DATELINE__SECTION__KEY` variables override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Prints the effective configuration, secrets redacted.
pub fn check(args: &CheckArgs) -> anyhow::Result<Exit> {
    let config = load_kafka_config(args.config.as_deref())?;
    print!("{}", config.to_redacted_toml());
    Ok(Exit::Ok)
}
