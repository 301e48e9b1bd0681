//! `dateline feed`: plays the demo's sample articles to a Kafka topic, for a first look at a cluster. Never makes
//! topics, and never enriches.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use crate::commands::demo::samples;
use crate::commands::duration;
use crate::commands::exit::Exit;
use crate::commands::service;
use crate::kafka::feeder;
use crate::ops::logging;
use crate::ops::logging::LogFormat;
use crate::ops::shutdown::Shutdown;

/// Arguments of `feed`.
#[derive(Debug, Clone, Args)]
pub struct FeedArgs {
    /// Brokers to start from, `host:port`, comma separated; without encryption or sign-on.
    #[arg(long, value_name = "BOOTSTRAP")]
    kafka: String,
    /// Kafka topic to play to.
    #[arg(long, value_name = "NAME", default_value = "articles.raw")]
    topic: String,
    /// Articles a second.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rate: u32,
    /// Stop after this long, such as 30s or 5m; without it, at Ctrl-C.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,
}

/// Plays until stopped.
///
/// # Errors
/// Where the producer cannot be made, or what was sent is not acknowledged at the end.
pub fn feed(args: &FeedArgs) -> anyhow::Result<Exit> {
    logging::init(LogFormat::Text, "warn")?;
    let args = args.clone();
    service::block_on(async move {
        let shutdown = Shutdown::install(Exit::Forced.code())?;
        let stop = Arc::new(AtomicBool::new(false));
        let duration = args.duration;
        let mut played = tokio::task::spawn_blocking({
            let (samples, stop) = (samples()?, Arc::clone(&stop));
            move || feeder::play(&args.kafka, &args.topic, &samples, f64::from(args.rate), &stop)
        });
        let over = async {
            match duration {
                Some(duration) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = &mut played => ended?.context("the feed")?,
            () = async { tokio::select! { () = shutdown.requested() => {}, () = over => {} } } => {
                stop.store(true, Ordering::Relaxed);
                played.await?.context("the feed")?;
            }
        }
        Ok(Exit::Ok)
    })
}
