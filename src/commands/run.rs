//! `dateline run`: the worker on a Kafka cluster.

use std::path::PathBuf;

use crate::commands::exit::Exit;
use crate::commands::service::Service;
use crate::config::Config;
use crate::ops::shutdown::Shutdown;

/// What `run` was asked for.
#[derive(Debug, Clone, clap::Args)]
pub struct RunArgs {
    /// Configuration file; the environment (`DATELINE__SECTION__KEY`) overrides it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Backfill: stop at the end offsets seen at start
    #[arg(long)]
    pub until_end: bool,
}

/// Runs the worker.
///
/// # Errors
/// Where something cannot be set up.
pub async fn run(args: RunArgs, config: Config, shutdown: Shutdown) -> anyhow::Result<Exit> {
    Service { config, until_end: args.until_end, mode: "run", shutdown }.run().await
}
