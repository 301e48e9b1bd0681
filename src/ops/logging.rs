//! Log lines to stderr, as text or JSON, and the limit on lines about single records. Never holds a body or a secret:
//! callers log codes, places and counts.

use std::backtrace::Backtrace;
use std::backtrace::BacktraceStatus;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::IsTerminal;
use std::panic;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use thiserror::Error;
use tracing_subscriber::EnvFilter;

/// At most one line in this time about panics at one place.
const PANIC_LOG: Duration = Duration::from_secs(10);

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging could not start.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// The filter cannot be read.
    #[error("log level {0:?} is not a level or filter")]
    Filter(String),
    /// Logging was started before.
    #[error("logging is already set up")]
    AlreadySet,
}

/// Starts logging to stderr, panics included; `filter` is a level ("info") or a list of targets and levels
/// ("info,dateline=debug").
pub fn init(format: LogFormat, filter: &str) -> Result<(), LoggingError> {
    let parsed = EnvFilter::try_new(filter).map_err(|_| LoggingError::Filter(filter.to_owned()))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(std::io::stderr);
    let outcome = match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
    };
    outcome.map_err(|_| LoggingError::AlreadySet)?;
    log_panics();
    Ok(())
}

/// Makes each panic a log line of its place, and no more: its message may hold an article's text.
fn log_panics() {
    let places = RateLimited::new(PANIC_LOG);
    panic::set_hook(Box::new(move |info| {
        let place = info
            .location()
            .map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let Some(suppressed) = places.allow(place.clone()) else {
            return;
        };
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        tracing::error!(
            place,
            thread,
            suppressed,
            backtrace,
            "panicked: a defect of dateline"
        );
    }));
}

/// Lets one log line through per interval and kind; one of these stands at each call site that logs about single
/// records. The kinds are few: they are kept.
pub struct RateLimited<K> {
    interval: Duration,
    kinds: Mutex<BTreeMap<K, State>>,
}

struct State {
    last: Instant,
    suppressed: u64,
}

impl<K: Ord + Clone> RateLimited<K> {
    /// At most one line of a kind every `interval`.
    pub const fn new(interval: Duration) -> Self {
        Self {
            interval,
            kinds: Mutex::new(BTreeMap::new()),
        }
    }

    /// `Some(lines of this kind held back since its last)` where a line may be written now, else `None`.
    pub fn allow(&self, kind: K) -> Option<u64> {
        self.allow_at(kind, Instant::now())
    }

    fn allow_at(&self, kind: K, now: Instant) -> Option<u64> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        match kinds.entry(kind) {
            Entry::Vacant(entry) => {
                entry.insert(State {
                    last: now,
                    suppressed: 0,
                });
                Some(0)
            }
            Entry::Occupied(mut entry) => {
                let state = entry.get_mut();
                if now.saturating_duration_since(state.last) < self.interval {
                    state.suppressed += 1;
                    return None;
                }
                state.last = now;
                Some(std::mem::take(&mut state.suppressed))
            }
        }
    }

    /// Lines held back that no line has told of, for the last line of all; they count as told then.
    pub fn take_suppressed(&self) -> Vec<(K, u64)> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let untold = kinds.iter_mut().filter(|(_, state)| state.suppressed > 0);
        untold
            .map(|(kind, state)| (kind.clone(), std::mem::take(&mut state.suppressed)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_an_interval_and_kind_and_the_rest_are_counted() {
        let limit = RateLimited::new(Duration::from_secs(10));
        let start = Instant::now();
        let at = |kind, seconds| limit.allow_at(kind, start + Duration::from_secs(seconds));
        assert_eq!(
            [
                at('a', 0),
                at('a', 1),
                at('a', 9),
                at('a', 10),
                at('a', 11),
                at('a', 30)
            ],
            [Some(0), None, None, Some(2), None, Some(1)]
        );
        assert_eq!(
            [at('b', 30), at('c', 31), at('b', 32), at('b', 33)],
            [Some(0), Some(0), None, None]
        );
        assert_eq!(limit.take_suppressed(), [('b', 2)]);
        assert_eq!(limit.take_suppressed(), []);
        assert_eq!(at('b', 50), Some(0));
    }

    /// Runs in a process of its own: hook and subscriber are the whole process's.
    #[test]
    fn panics_are_log_lines_without_their_message() {
        const CHILD: &str = "DATELINE_TEST_PANICS";
        if std::env::var_os(CHILD).is_some() {
            init(LogFormat::Json, "info").unwrap();
            for article in ["secret one", "secret two", "secret three"] {
                panic::catch_unwind(|| panic!("cannot read {article}")).unwrap_err();
            }
            panic::catch_unwind(|| panic!("secret four")).unwrap_err();
            return;
        }
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "ops::logging::tests::panics_are_log_lines_without_their_message",
                "--nocapture",
            ])
            .env(CHILD, "1")
            .env_remove("RUST_BACKTRACE")
            .output()
            .unwrap();
        assert!(child.status.success());
        let written = String::from_utf8(child.stderr).unwrap();
        let lines: Vec<serde_json::Value> = written
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "one a place: {written}");
        for line in lines {
            assert_eq!(
                (&line["level"], &line["suppressed"]),
                (&"ERROR".into(), &0.into())
            );
            assert!(
                line["place"].as_str().unwrap().starts_with("src/ops/logging.rs:"),
                "{line}"
            );
        }
        assert!(!written.contains("secret"), "{written}");
    }

    #[test]
    fn a_bad_filter_is_refused_by_name() {
        let error = init(LogFormat::Text, "dateline=loudest").unwrap_err();
        assert!(error.to_string().contains("dateline=loudest"), "{error}");
    }
}
