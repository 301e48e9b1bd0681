//! The identity worker of `make bench`: all of the worker's flow, but a record that can be decoded goes on as it came.
//! `identity CONFIG`; settings may come as variables. Never part of the product.

use std::path::Path;

use anyhow::Context;
use dateline::commands::exit::Exit;
use dateline::commands::load_kafka_config;
use dateline::commands::service;
use dateline::commands::service::Service;
use dateline::metrics::Metrics;
use dateline::ops::shutdown::Shutdown;

fn main() -> anyhow::Result<()> {
    let path = std::env::args().nth(1).context("identity CONFIG")?;
    let config = load_kafka_config(Some(Path::new(&path)))?;
    let ended = service::block_on(async move {
        Service {
            config,
            until_end: false,
            mode: "run",
            decodes_alone: true,
            shutdown: Shutdown::install(Exit::Forced.code())?,
            metrics: Metrics::new()?,
        }
        .run()
        .await
    })?;
    std::process::exit(i32::from(ended.code()))
}
