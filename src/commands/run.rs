//! `dateline run`: the worker on a Kafka cluster.

use crate::commands::RunArgs;
use crate::commands::exit::Exit;
use crate::commands::load_kafka_config;
use crate::commands::service;
use crate::commands::service::Service;
use crate::config::LogFormat as ConfiguredFormat;
use crate::metrics::Metrics;
use crate::ops::logging;
use crate::ops::logging::LogFormat;
use crate::ops::shutdown::Shutdown;

/// Runs the worker.
///
/// # Errors
/// Where the configuration is wrong or something cannot be set up.
pub fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    let config = load_kafka_config(Some(&args.config))?;
    let format = match config.log.format {
        ConfiguredFormat::Text => LogFormat::Text,
        ConfiguredFormat::Json => LogFormat::Json,
    };
    logging::init(format, &config.log.level)?;
    let until_end = args.until_end;
    service::block_on(async move {
        let shutdown = Shutdown::install(Exit::Forced.code())?;
        Service {
            config,
            until_end,
            mode: "run",
            decodes_alone: false,
            shutdown,
            metrics: Metrics::new()?,
        }
        .run()
        .await
    })
}
