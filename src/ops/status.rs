//! What the worker says of itself: set by the flow, read by the admin server. Never holds article bodies unless it
//! was told that they may be shown.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde::Serialize;

use crate::article::Rejection;
use crate::metrics::Metrics;
use crate::ops::examples::Example;
use crate::ops::examples::Examples;
use crate::ops::history::History;
use crate::ops::history::Lag;
use crate::ops::history::Point;
use crate::ops::services;
use crate::ops::services::ServiceView;
use crate::record::Origin;

/// Most articles kept for the page.
const RECENT_MAX: usize = 50;
/// Largest record kept for the page, in bytes.
const RECENT_BYTES_MAX: usize = 128 * 1024;

/// What is known when the worker starts.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    /// "run" or "demo".
    pub mode: &'static str,
    /// "exactly-once" or "at-least-once".
    pub delivery: String,
    /// Consumer group.
    pub group_id: String,
    /// Models in use.
    pub models: Vec<ModelStatus>,
    /// Version of the topic vocabulary.
    pub vocabulary_version: String,
    /// Effective configuration, secrets already redacted.
    pub config: String,
    /// The part of it that is not the default.
    pub config_changes: String,
    /// True where the page may show article bodies.
    pub show_articles: bool,
    /// The poll loop must turn this often, or the worker is not live.
    #[serde(skip)]
    pub live_within: Duration,
}

/// A model and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelStatus {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// Where one assigned partition stands; absent = not known yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartitionStatus {
    /// Kafka topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Next offset to commit after what is committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed_offset: Option<i64>,
    /// Next offset to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    /// Records not yet committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_records: Option<i64>,
    /// Age of the oldest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
}

/// What being ready needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// A member of the group; an empty assignment counts.
    pub in_group: bool,
    /// The output topic's metadata is readable.
    pub output_reachable: bool,
}

impl Readiness {
    /// True where both hold.
    pub const fn is_ready(self) -> bool {
        self.in_group && self.output_reachable
    }
}

#[derive(Default)]
struct Shared {
    readiness: Readiness,
    member_state: &'static str,
    assignment: Vec<PartitionStatus>,
    examples: Examples,
    recent: VecDeque<(u64, String)>,
    published: u64,
    history: History,
}

/// The worker's account of itself; shared behind an `Arc`.
pub struct Status {
    about: About,
    started: Instant,
    started_at: String,
    turned_ms: AtomicU64,
    shared: Mutex<Shared>,
}

#[derive(Serialize)]
struct Snapshot<'s> {
    version: &'static str,
    started_at: &'s str,
    uptime_s: u64,
    #[serde(flatten)]
    about: &'s About,
    member_state: &'s str,
    readiness: Readiness,
    live: bool,
    assignment: &'s [PartitionStatus],
    totals: TotalsView,
    rates: Point,
    stages: Vec<StageView>,
    services: Vec<ServiceView>,
    rejections: RejectionsView<'s>,
    history: Vec<Point>,
}

#[derive(Serialize)]
struct TotalsView {
    received: u64,
    received_bytes: u64,
    enriched: u64,
    passed_through: u64,
    skipped: u64,
    rejected: u64,
    published_bytes: u64,
    transactions_committed: u64,
    transactions_aborted: u64,
    in_flight_records: i64,
    in_flight_bytes: i64,
    paused: bool,
    delivery_stalled: bool,
}

#[derive(Serialize)]
struct StageView {
    name: &'static str,
    batches: u64,
    seconds: f64,
}

#[derive(Serialize)]
struct RejectionsView<'s> {
    by_code: Vec<CodeView<'s>>,
}

#[derive(Serialize)]
struct CodeView<'s> {
    code: &'static str,
    count: u64,
    /// The latest few.
    latest: Vec<&'s Example>,
}

/// The time in UTC, to the second.
fn now() -> String {
    format!("{:.0}", jiff::Timestamp::now())
}

impl Status {
    /// A worker that has just started.
    pub fn new(about: About) -> Self {
        Self {
            about,
            started: Instant::now(),
            started_at: now(),
            turned_ms: AtomicU64::new(0),
            shared: Mutex::new(Shared {
                member_state: "starting",
                ..Shared::default()
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The poll loop has turned.
    pub fn live_tick(&self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.started).as_millis();
        self.turned_ms
            .store(u64::try_from(elapsed).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long ago the poll loop turned (the start counts as a turn).
    pub fn since_turn(&self, now: Instant) -> Duration {
        let turned = Duration::from_millis(self.turned_ms.load(Ordering::Relaxed));
        now.saturating_duration_since(self.started).saturating_sub(turned)
    }

    /// True where the poll loop has turned lately.
    pub fn is_live(&self, now: Instant) -> bool {
        self.since_turn(now) <= self.about.live_within
    }

    /// What being ready needs, as it stands.
    pub fn set_ready(&self, readiness: Readiness) {
        self.lock().readiness = readiness;
    }

    /// What being ready needs, as last set.
    pub fn readiness(&self) -> Readiness {
        self.lock().readiness
    }

    /// The member's state in one word: "starting", "joined", "revoking", "stopping".
    pub fn set_member_state(&self, state: &'static str) {
        self.lock().member_state = state;
    }

    /// The assigned partitions and where they stand.
    pub fn set_assignment(&self, assignment: Vec<PartitionStatus>) {
        self.lock().assignment = assignment;
    }

    /// Record JSONs that were published, in order; kept only where articles may be shown.
    pub fn published(&self, records: &[&[u8]]) {
        let mut shared = self.lock();
        let first = shared.published;
        shared.published += records.len() as u64;
        if !self.about.show_articles {
            return;
        }
        let skip = records.len().saturating_sub(RECENT_MAX);
        for (seq, record) in (first + 1..).zip(records).skip(skip) {
            if record.len() <= RECENT_BYTES_MAX
                && let Ok(text) = std::str::from_utf8(record)
            {
                shared.recent.push_back((seq, text.to_owned()));
            }
        }
        while shared.recent.len() > RECENT_MAX {
            shared.recent.pop_front();
        }
    }

    /// A record was rejected; the latest few of each code are kept as examples.
    pub fn rejected(&self, origin: &Origin, rejection: &Rejection) {
        let at = now();
        self.lock().examples.add(origin, rejection, at);
    }

    /// Takes a reading of the counters for rates and curves, `seconds` after the one before.
    pub fn sample(&self, metrics: &Metrics, seconds: f64) {
        let totals = metrics.totals();
        let mut shared = self.lock();
        let lag = Lag {
            records: shared.assignment.iter().filter_map(|p| p.lag_records).sum(),
            seconds: shared
                .assignment
                .iter()
                .filter_map(|p| p.lag_seconds)
                .fold(0.0, f64::max),
        };
        shared.history.sample(totals, lag, seconds);
    }

    /// Articles published after number `since`, oldest first: `{"shown":..,"articles":[{"seq":..,"record":..}]}`.
    pub fn recent_json(&self, since: u64) -> String {
        let shared = self.lock();
        let mut json = format!("{{\"shown\":{},\"articles\":[", self.about.show_articles);
        for (place, (seq, record)) in shared.recent.iter().filter(|r| r.0 > since).enumerate() {
            // Records are JSON by construction; writing to a string cannot fail.
            let comma = if place == 0 { "" } else { "," };
            let _ = write!(json, "{comma}{{\"seq\":{seq},\"record\":{record}}}");
        }
        json.push_str("]}");
        json
    }

    /// Everything but articles, as JSON.
    pub fn json(&self, metrics: &Metrics, now: Instant) -> serde_json::Result<String> {
        let totals = metrics.totals();
        let shared = self.lock();
        serde_json::to_string(&Snapshot {
            version: env!("CARGO_PKG_VERSION"),
            started_at: &self.started_at,
            uptime_s: now.saturating_duration_since(self.started).as_secs(),
            about: &self.about,
            member_state: shared.member_state,
            readiness: shared.readiness,
            live: self.is_live(now),
            assignment: &shared.assignment,
            rates: shared.history.rates(),
            stages: totals
                .stages
                .iter()
                .map(|&(stage, batches, seconds)| StageView {
                    name: stage.name(),
                    batches,
                    seconds,
                })
                .collect(),
            services: services::views(&totals, shared.history.before()),
            rejections: RejectionsView {
                by_code: totals
                    .rejected
                    .iter()
                    .map(|&(code, count)| CodeView {
                        code: code.code(),
                        count,
                        latest: shared.examples.of(code.code()),
                    })
                    .collect(),
            },
            history: shared.history.points(),
            totals: TotalsView {
                received: totals.received,
                received_bytes: totals.received_bytes,
                enriched: totals.enriched,
                passed_through: totals.passed_through,
                skipped: totals.skipped_all(),
                rejected: totals.rejected_all(),
                published_bytes: totals.published_bytes,
                transactions_committed: totals.transactions_committed,
                transactions_aborted: totals.transactions_aborted,
                in_flight_records: totals.in_flight_records,
                in_flight_bytes: totals.in_flight_bytes,
                paused: totals.paused,
                delivery_stalled: totals.delivery_stalled,
            },
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    use std::sync::Arc;

    use crate::article::RejectionCode;
    use crate::record::Outcome;

    pub(crate) fn about(show_articles: bool) -> About {
        About {
            mode: "demo",
            delivery: String::from("at-least-once"),
            group_id: String::from("dateline"),
            models: vec![ModelStatus {
                name: String::from("names"),
                version: String::from("1"),
            }],
            vocabulary_version: String::from("2026-01"),
            config: String::from("[kafka]\n"),
            config_changes: String::new(),
            show_articles,
            live_within: Duration::from_secs(30),
        }
    }

    #[test]
    fn live_until_the_loop_stands_still() {
        let status = Status::new(about(true));
        let at = |seconds| status.started + Duration::from_secs(seconds);
        assert!(status.is_live(at(30)));
        assert!(!status.is_live(at(31)));
        status.live_tick(at(31));
        assert!(status.is_live(at(61)));
        assert!(!status.is_live(at(62)));
    }

    #[test]
    fn recent_articles_are_bounded_numbered_and_hidden_unless_allowed() {
        let status = Status::new(about(true));
        let records: Vec<String> = (1..=60).map(|n| format!("{{\"id\":\"{n}\"}}")).collect();
        let bytes: Vec<&[u8]> = records.iter().map(String::as_bytes).collect();
        status.published(&bytes);
        let all: serde_json::Value = serde_json::from_str(&status.recent_json(0)).unwrap();
        let articles = all["articles"].as_array().unwrap();
        assert_eq!(articles.len(), RECENT_MAX);
        assert_eq!(
            (&articles[0]["seq"], &articles[0]["record"]["id"]),
            (&11.into(), &"11".into())
        );
        status.published(&[vec![b'x'; RECENT_BYTES_MAX + 1].as_slice(), b"{}"]);
        assert_eq!(
            status.recent_json(60),
            "{\"shown\":true,\"articles\":[{\"seq\":62,\"record\":{}}]}"
        );

        let hidden = Status::new(about(false));
        hidden.published(&bytes);
        assert_eq!(hidden.recent_json(0), "{\"shown\":false,\"articles\":[]}");
    }

    #[test]
    fn the_snapshot_holds_what_the_flow_said() {
        let (status, metrics) = (Status::new(about(false)), Metrics::new().unwrap());
        metrics.received(3, 30);
        status.set_assignment(vec![PartitionStatus {
            topic: String::from("articles.raw"),
            partition: 2,
            committed_offset: Some(40),
            position: Some(44),
            lag_records: Some(4),
            lag_seconds: None,
        }]);
        let origin = Origin {
            kafka_topic: Arc::from("articles.raw"),
            partition: 2,
            offset: 41,
        };
        let rejection = Rejection::new(RejectionCode::TooDeep, "nested 65 deep");
        status.rejected(&origin, &rejection);
        metrics.outcome(&Outcome::Rejected(rejection));
        status.sample(&metrics, 1.0);
        status.sample(&metrics, 1.0);
        let json = status.json(&metrics, Instant::now()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["assignment"][0]["lag_records"], 4);
        assert!(value["assignment"][0].get("lag_seconds").is_none());
        let code = &value["rejections"]["by_code"][0];
        assert_eq!((&code["code"], &code["count"]), (&"too_deep".into(), &1.into()));
        let example = &code["latest"][0];
        assert_eq!(
            (&example["message"], &example["offset"]),
            (&"nested 65 deep".into(), &41.into())
        );
        assert!(example["at"].as_str().unwrap().ends_with('Z'), "{example}");
        assert_eq!(
            (&value["totals"]["received"], &value["history"][0]["lag_records"]),
            (&3.into(), &4.into())
        );
        assert_eq!(
            (&value["mode"], &value["models"][0]["name"]),
            (&"demo".into(), &"names".into())
        );
    }
}
