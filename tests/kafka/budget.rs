//! A backlog far larger than the memory budget is drained within the budget, and whole.

use super::cluster::Topics;
use super::cluster::Whole;
use super::cluster::await_outcomes;
use super::cluster::occurrences;
use super::cluster::produce;
use super::worker::Settings;
use super::worker::Worker;

const MIB: usize = 1024 * 1024;
const BUDGET_BYTES: usize = 32 * MIB;
/// What the allocator and the threads hold beside the budget.
const HEADROOM_BYTES: usize = 32 * MIB;
const LARGE: usize = 560;
const SMALL: usize = 1_500;

/// An article whose record has about `bytes`; most of it is a field that nobody reads.
fn article(n: usize, bytes: usize) -> Whole {
    let body =
        "PARIS, July 6 (Agency) -- The ministers met in Berlin on Thursday. ".repeat(1 + bytes / 100_000);
    let value = serde_json::json!({ "title": format!("Plan {n}"), "body": body, "raw": "x".repeat(bytes) });
    Whole::new(&format!("a{n:06}"), value.to_string())
}

/// Most memory that the process ever held, in bytes; `None` once it has ended.
fn peak_bytes(worker: &Worker) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.id())).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().unwrap() * 1024)
}

#[test]
fn a_backlog_is_drained_within_the_memory_budget() {
    let rest =
        format!("[input]\npayload_bytes_max = {MIB}\n[worker]\nmemory_budget_bytes = {BUDGET_BYTES}\n");
    let settings = Settings {
        rest: &rest,
        arguments: &["--until-end"],
        ..Settings::default()
    };
    // What the process takes with nothing to do: the models are most of it.
    let mut idle = Worker::start(
        &Topics::create("budget-idle", 4),
        Settings {
            arguments: &[],
            ..settings
        },
    );
    idle.await_ready();
    let base = peak_bytes(&idle).unwrap();
    assert_eq!(idle.terminate(), 0);

    let topics = Topics::create("budget", 4);
    let mut bytes = 0;
    for first in (0..LARGE + SMALL).step_by(100) {
        let numbers = first..(first + 100).min(LARGE + SMALL);
        let records: Vec<Whole> = numbers
            .map(|n| {
                article(
                    n,
                    if n % 3 == 0 && n / 3 < LARGE {
                        500_000
                    } else {
                        2_000 * (1 + n % 8)
                    },
                )
            })
            .collect();
        bytes += records.iter().flat_map(|r| &r.value).map(Vec::len).sum::<usize>();
        produce(&topics.input, &records);
    }
    let started = std::time::Instant::now();
    let mut worker = Worker::start(&topics, settings);
    let mut peak = 0;
    while worker.is_running() {
        peak = peak_bytes(&worker).map_or(peak, |bytes| peak.max(bytes));
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(worker.wait(), 0);
    eprintln!(
        "{} MiB drained in {:.1} s with a budget of {} MiB: peak {} MiB, idle {} MiB",
        bytes / MIB,
        started.elapsed().as_secs_f64(),
        BUDGET_BYTES / MIB,
        peak / MIB,
        base / MIB
    );
    let (output, dead) = await_outcomes(&topics, LARGE + SMALL);
    assert_eq!((occurrences(&output).len(), dead.len()), (LARGE + SMALL, 0));
    assert!(peak > base, "the peak was not seen");
    assert!(peak < base + BUDGET_BYTES + HEADROOM_BYTES, "{} MiB", peak / MIB);
}
