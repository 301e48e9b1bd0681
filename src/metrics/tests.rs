//! Tests of the room: the names, and that each method moves its metric.

use super::*;

use crate::article::Rejection;
use crate::record::OutputRecord;
use crate::record::StepObserver;

/// The value of the sample line that starts with `sample`.
fn value(metrics: &Metrics, sample: &str) -> Option<f64> {
    let text = metrics.render();
    let line = text.lines().find(|line| {
        line.strip_prefix(sample)
            .is_some_and(|rest| rest.starts_with(' '))
    })?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn names_types_and_labels_are_golden() {
    let names: Vec<String> = Metrics::catalogue()
        .iter()
        .map(|row| format!("{} {} [{}]", row.name, row.kind, row.labels.join(" ")))
        .collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    dateline_records_received_total counter []
    dateline_received_bytes_total counter []
    dateline_records_enriched_total counter []
    dateline_records_passed_through_total counter []
    dateline_records_skipped_total counter [reason]
    dateline_records_rejected_total counter [code]
    dateline_published_bytes_total counter []
    dateline_latency_seconds histogram []
    dateline_batch_records histogram []
    dateline_batch_bytes histogram []
    dateline_stage_seconds histogram [stage]
    dateline_step_seconds histogram [step]
    dateline_lag_records gauge [topic partition]
    dateline_lag_seconds gauge [topic partition]
    dateline_assigned_partitions gauge []
    dateline_rebalances_total counter [kind]
    dateline_transactions_total counter [result]
    dateline_in_flight_records gauge []
    dateline_in_flight_bytes gauge []
    dateline_memory_budget_bytes gauge []
    dateline_paused gauge []
    dateline_delivery_stalled gauge []
    dateline_dead_letter_limit_used gauge []
    dateline_offset_resets_total counter [kind]
    dateline_offset_reset_skipped_records_total counter []
    dateline_client_queue_messages gauge []
    dateline_client_queue_bytes gauge []
    dateline_brokers_up gauge []
    dateline_broker_rtt_seconds gauge [broker quantile]
    dateline_http_requests_total counter [service outcome]
    dateline_http_seconds histogram [service]
    dateline_http_retries_total counter [service]
    dateline_http_cache_hits_total counter [service]
    dateline_http_breakers_open gauge [service]
    dateline_enricher_missing_total counter [service]
    dateline_spans_total counter [fate]
    dateline_statistics_unreadable_total counter []
    dateline_log_lines_suppressed_total counter []
    dateline_build_info gauge [version]
    dateline_model_info gauge [model version]
    ");
}

#[test]
fn every_metric_follows_the_naming_rule_and_says_something() {
    for row in Metrics::catalogue() {
        assert!(row.name.starts_with("dateline_"), "{}", row.name);
        assert_eq!(
            row.kind == "counter",
            row.name.ends_with("_total"),
            "{}",
            row.name
        );
        assert!(row.help().ends_with('.') && row.help().len() > 10, "{}", row.name);
    }
}

#[test]
fn closed_labels_start_at_zero_and_process_metrics_are_there() {
    let metrics = Metrics::new().unwrap();
    for code in RejectionCode::ALL {
        let sample = format!("dateline_records_rejected_total{{code=\"{}\"}}", code.code());
        assert_eq!(value(&metrics, &sample), Some(0.0), "{sample}");
    }
    assert!(value(&metrics, "process_resident_memory_bytes").is_some_and(|bytes| bytes > 0.0));
    let version = format!("dateline_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(value(&metrics, &version), Some(1.0));
}

#[test]
fn each_outcome_is_counted_once_under_its_own_name() {
    let metrics = Metrics::new().unwrap();
    let output = OutputRecord {
        key: None,
        value: None,
        headers: Vec::new(),
    };
    metrics.outcome(&Outcome::Enriched(output.clone()));
    metrics.outcome(&Outcome::Enriched(output.clone()));
    metrics.outcome(&Outcome::PassedThrough(output));
    metrics.outcome(&Outcome::Skipped(SkipReason::Tombstone));
    metrics.outcome(&Outcome::Rejected(Rejection::new(
        RejectionCode::Empty,
        "nothing",
    )));
    let totals = metrics.totals();
    assert_eq!((totals.enriched, totals.passed_through), (2, 1));
    assert_eq!(totals.skipped, [(SkipReason::Tombstone, 1)]);
    assert_eq!(totals.rejected, [(RejectionCode::Empty, 1)]);
    assert_eq!((totals.skipped_all(), totals.rejected_all()), (1, 1));
    assert_eq!(
        value(&metrics, "dateline_records_rejected_total{code=\"empty\"}"),
        Some(1.0)
    );
}

#[test]
fn lag_is_never_negative_and_ends_with_the_partition() {
    let metrics = Metrics::new().unwrap();
    metrics.lag("articles.raw", 3, -1, -0.5);
    metrics.lag("articles.raw", 4, 17, 2.5);
    let series =
        |partition: i32| format!("dateline_lag_records{{partition=\"{partition}\",topic=\"articles.raw\"}}");
    assert_eq!(value(&metrics, &series(3)), Some(0.0));
    assert_eq!(value(&metrics, &series(4)), Some(17.0));
    metrics.forget_partition("articles.raw", 4);
    metrics.forget_partition("articles.raw", 99);
    assert_eq!(value(&metrics, &series(4)), None);
    assert!(!metrics.render().contains("dateline_lag_seconds{partition=\"4\""));
}

#[test]
fn the_other_methods_move_their_metrics() {
    let metrics = Metrics::new().unwrap();
    metrics.received(5, 700);
    metrics.published_bytes(900);
    metrics.batch(5, 700);
    metrics.stage_seconds(Stage::Commit, 0.01);
    metrics.step_seconds(Step::Topics, 0.001);
    metrics.latency_seconds(0.3);
    metrics.transaction(TransactionResult::Aborted);
    metrics.rebalance(Rebalance::Lost);
    metrics.in_flight(7, 800);
    metrics.offset_reset(ResetKind::OutOfRange, 41);
    metrics.delivery_stalled(true);
    metrics.paused(true);
    metrics.dead_letter_limit_used(0.4);
    metrics.memory_budget(9000);
    metrics.brokers_up(3);
    metrics.model("names-fast", "7");
    metrics.assigned_partitions(6);
    metrics.client_queue(12, 3400);
    metrics.broker_rtt_seconds(2, 0.004, 0.02);
    metrics.statistics_unreadable();
    metrics.log_suppressed();
    for (sample, expected) in [
        ("dateline_records_received_total", 5.0),
        ("dateline_received_bytes_total", 700.0),
        ("dateline_published_bytes_total", 900.0),
        ("dateline_batch_records_sum", 5.0),
        ("dateline_batch_bytes_count", 1.0),
        ("dateline_stage_seconds_count{stage=\"commit\"}", 1.0),
        ("dateline_step_seconds_count{step=\"topics\"}", 1.0),
        ("dateline_latency_seconds_count", 1.0),
        ("dateline_transactions_total{result=\"aborted\"}", 1.0),
        ("dateline_rebalances_total{kind=\"lost\"}", 1.0),
        ("dateline_in_flight_records", 7.0),
        ("dateline_in_flight_bytes", 800.0),
        ("dateline_offset_resets_total{kind=\"out_of_range\"}", 1.0),
        ("dateline_offset_reset_skipped_records_total", 41.0),
        ("dateline_delivery_stalled", 1.0),
        ("dateline_paused", 1.0),
        ("dateline_dead_letter_limit_used", 0.4),
        ("dateline_memory_budget_bytes", 9000.0),
        ("dateline_brokers_up", 3.0),
        ("dateline_model_info{model=\"names-fast\",version=\"7\"}", 1.0),
        ("dateline_assigned_partitions", 6.0),
        ("dateline_client_queue_messages", 12.0),
        ("dateline_client_queue_bytes", 3400.0),
        (
            "dateline_broker_rtt_seconds{broker=\"2\",quantile=\"0.99\"}",
            0.02,
        ),
        ("dateline_statistics_unreadable_total", 1.0),
        ("dateline_log_lines_suppressed_total", 1.0),
    ] {
        assert_eq!(value(&metrics, sample), Some(expected), "{sample}");
    }
}

#[test]
fn a_step_timer_records_each_step_when_it_is_dropped() {
    let metrics = Metrics::new().unwrap();
    let count = |step: Step| format!("dateline_step_seconds_count{{step=\"{}\"}}", step.name());
    let mut timer = metrics.step_timer();
    timer.start();
    for step in Step::ALL {
        timer.finished(step);
    }
    timer.finished(Step::Encode);
    assert_eq!(
        value(&metrics, &count(Step::Encode)),
        Some(0.0),
        "batched until it is dropped"
    );
    drop(timer);
    assert_eq!(value(&metrics, &count(Step::Encode)), Some(2.0));
    assert_eq!(value(&metrics, &count(Step::Decode)), Some(1.0));
}
