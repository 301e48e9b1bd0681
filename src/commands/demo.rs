//! `dateline demo`: an embedded broker, a sample feed, and the very same worker. With `--kafka`, a real cluster and exactly-once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use crate::commands::exit::Exit;
use crate::commands::service::Service;
use crate::config::Config;
use crate::config::Delivery;
use crate::kafka::embedded::EmbeddedBroker;
use crate::kafka::feeder;
use crate::kafka::feeder::Sample;
use crate::ops::shutdown::Shutdown;

const SAMPLES: &str = include_str!("../../samples/articles.jsonl");
const PARTITIONS: i32 = 4;

/// What the demo was asked for.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// End by itself after this time, e.g. 30s or 2m; else by Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time)]
    pub duration: Option<Duration>,
    /// Articles a second
    #[arg(long, default_value_t = 4.0)]
    pub rate: f64,
    /// Where the live page listens
    #[arg(long, default_value = "127.0.0.1:9464")]
    pub listen: String,
    /// Use a real cluster at this address, exactly once, instead of the embedded broker
    #[arg(long, value_name = "BOOTSTRAP")]
    pub kafka: Option<String>,
}

#[derive(Deserialize)]
struct SampleLine {
    content_type: Option<String>,
    value: String,
}

/// "30s", "2m", "500ms" or plain seconds.
fn parse_time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| format!("{text:?} is not a time like 30s or 2m"))?;
    match text.strip_prefix(digits) {
        Some("ms") => Ok(Duration::from_millis(number)),
        Some("" | "s") => Ok(Duration::from_secs(number)),
        Some("m") => Ok(Duration::from_secs(number * 60)),
        _ => Err(format!("{text:?} is not a time like 30s or 2m")),
    }
}

fn samples() -> anyhow::Result<Vec<Sample>> {
    SAMPLES
        .lines()
        .enumerate()
        .map(|(n, line)| {
            let line: SampleLine = serde_json::from_str(line).with_context(|| format!("sample {}", n + 1))?;
            Ok(Sample { key: format!("sample-{}", n + 1), content_type: line.content_type, value: line.value })
        })
        .collect()
}

/// Runs the demo.
///
/// # Errors
/// Where the broker, the feed or the worker cannot be started.
pub async fn demo(args: DemoArgs, shutdown: Shutdown) -> anyhow::Result<Exit> {
    let mut config = Config::default();
    config.admin.listen.clone_from(&args.listen);
    config.admin.show_articles = true;
    config.kafka.statistics_interval_ms = 1000;
    config.log.level = "warn".to_owned();
    let kafka_topics = [config.kafka.input_topics[0].as_str(), &config.kafka.output_topic, &config.kafka.dead_letter_topic];
    let broker = match &args.kafka {
        Some(bootstrap) => {
            feeder::create_topics(bootstrap, &kafka_topics, PARTITIONS).await.context("the demo's topics")?;
            config.kafka.bootstrap_servers.clone_from(bootstrap);
            println!("dateline demo: real Kafka at {bootstrap}, exactly once");
            None
        }
        None => {
            let broker = EmbeddedBroker::start(&kafka_topics, PARTITIONS).context("the embedded broker")?;
            config.kafka.bootstrap_servers = broker.bootstrap_servers();
            config.kafka.delivery = Delivery::AtLeastOnce;
            // The mock cluster does not answer requests for topic settings: do not wait long for them.
            config.kafka.request_timeout_ms = 1000;
            println!(
                "dateline demo: an embedded mock broker (librdkafka's mock cluster) at {}, at-least-once,\n\
                 since its transactions are not real; `make demo-kafka` runs on Apache Kafka, exactly once.",
                config.kafka.bootstrap_servers
            );
            Some(broker)
        }
    };
    println!("The live page: http://{}/   (Ctrl-C ends)\n", args.listen);

    let stop = Arc::new(AtomicBool::new(false));
    let feed = std::thread::spawn({
        let (bootstrap, topic) = (config.kafka.bootstrap_servers.clone(), config.kafka.input_topics[0].clone());
        let (samples, rate, stop) = (samples()?, args.rate, Arc::clone(&stop));
        move || feeder::play(&bootstrap, &topic, &samples, rate, &stop)
    });
    if let Some(duration) = args.duration {
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            tokio::time::sleep(duration).await;
            shutdown.trigger();
        });
    }
    let result = Service { config, until_end: false, mode: "demo", shutdown }.run().await;
    stop.store(true, Ordering::Relaxed);
    if let Ok(fed) = tokio::task::spawn_blocking(move || feed.join()).await?.map_err(|_| ()) {
        fed.context("the feed")?;
    }
    drop(broker);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, milliseconds) in [("30s", 30_000), ("2m", 120_000), ("500ms", 500), ("7", 7_000)] {
            assert_eq!(parse_time(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "1h", "-1s", "1.5s"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn samples_are_readable_and_many() {
        assert!(samples().unwrap().len() >= 50);
    }
}
