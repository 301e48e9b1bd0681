//! `dateline demo`: an embedded broker, a sample feed, and the very same worker. With `--kafka`, a real
//! cluster and exactly-once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use serde::Deserialize;

use crate::commands::DemoArgs;
use crate::commands::exit::Exit;
use crate::commands::service;
use crate::commands::service::Service;
use crate::config::Config;
use crate::config::Delivery;
use crate::kafka::embedded::EmbeddedBroker;
use crate::kafka::feeder;
use crate::kafka::feeder::Sample;
use crate::metrics::Metrics;
use crate::metrics::Totals;
use crate::ops::logging;
use crate::ops::logging::LogFormat;
use crate::ops::shutdown::Shutdown;

const SAMPLES: &str = include_str!("../../samples/articles.jsonl");
const PARTITIONS: i32 = 4;
/// Warnings, but none about single records (those have a `code`): each has its line on standard output already.
const LOG: &str = "error,dateline=warn,dateline::commands::view[{code}]=error,dateline::kafka::startup=error";

#[derive(Deserialize)]
struct SampleLine {
    content_type: Option<String>,
    value: String,
}

/// The bundled articles.
pub(super) fn samples() -> anyhow::Result<Vec<Sample>> {
    SAMPLES
        .lines()
        .enumerate()
        .map(|(n, line)| {
            let line: SampleLine = serde_json::from_str(line).with_context(|| format!("sample {}", n + 1))?;
            Ok(Sample {
                key: format!("sample-{}", n + 1),
                content_type: line.content_type,
                value: line.value,
            })
        })
        .collect()
}

/// Runs the demo.
///
/// # Errors
/// Where the broker, the feed or the worker cannot be started.
pub fn demo(args: &DemoArgs) -> anyhow::Result<Exit> {
    logging::init(LogFormat::Text, LOG)?;
    let args = args.clone();
    service::block_on(async move { play(args, Shutdown::install(Exit::Forced.code())?).await })
}

/// Points `config` at the real cluster, or at an embedded broker that lives as long as what is returned.
async fn broker(kafka: Option<&String>, config: &mut Config) -> anyhow::Result<Option<EmbeddedBroker>> {
    let kafka_topics = [
        config.kafka.input_topics[0].as_str(),
        &config.kafka.output_topic,
        &config.kafka.dead_letter_topic,
    ];
    if let Some(bootstrap) = kafka {
        feeder::create_topics(bootstrap, &kafka_topics, PARTITIONS)
            .await
            .context("the demo's topics")?;
        config.kafka.bootstrap_servers.clone_from(bootstrap);
        println!("dateline demo: real Kafka at {bootstrap}, exactly once");
        return Ok(None);
    }
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
    Ok(Some(broker))
}

async fn play(args: DemoArgs, shutdown: Shutdown) -> anyhow::Result<Exit> {
    let mut config = Config::default();
    config.admin.listen = args.listen.to_string();
    config.admin.show_articles = true;
    config.kafka.statistics_interval_ms = 1000;
    let broker = broker(args.kafka.as_ref(), &mut config).await?;
    println!("The live page: http://{}/   (Ctrl-C ends)\n", args.listen);

    let stop = Arc::new(AtomicBool::new(false));
    let feed = std::thread::spawn({
        let (bootstrap, topic) = (
            config.kafka.bootstrap_servers.clone(),
            config.kafka.input_topics[0].clone(),
        );
        let (samples, rate, stop) = (samples()?, f64::from(args.rate), Arc::clone(&stop));
        move || feeder::play(&bootstrap, &topic, &samples, rate, &stop)
    });
    if let Some(duration) = args.duration {
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            tokio::time::sleep(duration).await;
            shutdown.trigger();
        });
    }
    let (metrics, started) = (Metrics::new()?, Instant::now());
    let result = Service {
        config,
        until_end: false,
        mode: "demo",
        decodes_alone: false,
        shutdown,
        metrics: metrics.clone(),
    }
    .run()
    .await;
    if result.is_ok() {
        println!("\n{}", summary(&metrics.totals(), started.elapsed()));
    }
    stop.store(true, Ordering::Relaxed);
    if let Ok(fed) = tokio::task::spawn_blocking(move || feed.join())
        .await?
        .map_err(|_| ())
    {
        fed.context("the feed")?;
    }
    drop(broker);
    result
}

/// What was done, in one line. What was read and stood in line at the end is given back: nothing became of it.
fn summary(totals: &Totals, elapsed: Duration) -> String {
    let (enriched, rejected) = (totals.enriched, totals.rejected_all());
    let done = enriched + rejected + totals.passed_through + totals.skipped_all();
    let left = match totals.received.saturating_sub(done) {
        0 => String::new(),
        left => format!(", {left} given back at the end"),
    };
    format!(
        "{} read: {enriched} published, {rejected} dead letters{left}; {:.1} articles a second",
        totals.received,
        enriched as f64 / elapsed.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::article::RejectionCode;

    #[test]
    fn the_summary_says_what_was_done() {
        let mut totals = Totals {
            received: 146,
            enriched: 139,
            rejected: vec![(RejectionCode::Empty, 3), (RejectionCode::InvalidJson, 4)],
            ..Totals::default()
        };
        assert_eq!(
            summary(&totals, Duration::from_secs(30)),
            "146 read: 139 published, 7 dead letters; 4.6 articles a second"
        );
        totals.received = 150;
        assert_eq!(
            summary(&totals, Duration::from_secs(30)),
            "150 read: 139 published, 7 dead letters, 4 given back at the end; 4.6 articles a second"
        );
    }

    #[test]
    fn samples_are_readable_and_many() {
        assert!(samples().unwrap().len() >= 50);
    }
}
