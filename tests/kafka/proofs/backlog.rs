//! A backlog far larger than the memory budget, and a soak: memory within the budget from start to end; memory, open
//! files and threads flat.

use std::time::Duration;
use std::time::Instant;

use crate::cluster::Topics;
use crate::fleet::Fleet;
use crate::oracle::Dice;
use crate::oracle::Inputs;
use crate::oracle::Watch;
use crate::oracle::judge;
use crate::oracle::scale;
use crate::worker::Settings;
use crate::worker::Worker;

use super::EXACTLY_ONCE;

const MIB: usize = 1024 * 1024;
const BUDGET_BYTES: usize = 64 * MIB;
/// What the allocator and the threads hold beside the budget.
const HEADROOM_BYTES: usize = 32 * MIB;
const SLICE: usize = 5_000;

/// What a process holds.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    resident_bytes: usize,
    files: usize,
    threads: usize,
}

fn held(worker: &Worker) -> Held {
    let of = |name: &str| format!("/proc/{}/{name}", worker.id());
    let status = std::fs::read_to_string(of("status")).unwrap();
    let number = |name: &str| -> usize {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    Held {
        resident_bytes: number("VmRSS:") * 1024,
        files: std::fs::read_dir(of("fd")).unwrap().count(),
        threads: number("Threads:"),
    }
}

/// Half a million records, some 1.7 GB.
#[test]
fn long_half_a_million_records_are_drained_within_the_memory_budget() {
    let count = 500_000;
    let inputs = Inputs {
        padding: 2_400,
        ..Inputs::of(Dice::seeded())
    };
    let topics = Topics::create("backlog", 6);
    let mut bytes = 0;
    for first in (0..count).step_by(SLICE) {
        bytes += inputs.feed(&topics, first..first + SLICE);
    }
    let rest = format!("[worker]\nmemory_budget_bytes = {BUDGET_BYTES}\n");
    let settings = Settings {
        kafka: EXACTLY_ONCE,
        rest: &rest,
        arguments: &[],
    };
    let mut worker = Worker::start(&Topics::create("backlog-idle", 6), settings);
    worker.await_ready();
    let idle = held(&worker).resident_bytes;
    assert_eq!(worker.terminate(), 0);

    let started = Instant::now();
    let worker = Worker::start(&topics, settings);
    let watch = Watch::of(&topics);
    let (mut peak, mut told) = (0, 0);
    watch.await_committed(count, || {
        let now = held(&worker).resident_bytes;
        peak = peak.max(now);
        let committed = watch.committed().unwrap_or(0);
        if committed >= told {
            told += count / 50;
            eprintln!(
                "CURVE backlog: {committed} records, {} s, {} MiB",
                started.elapsed().as_secs(),
                now / MIB
            );
        }
    });
    let seconds = started.elapsed().as_secs();
    assert_eq!(worker.terminate(), 0);
    let verdict = judge(&topics, inputs, 0..count, 50);
    eprintln!(
        "PROOF backlog: {count} records of {} MiB in {seconds} s, budget {} MiB, idle {} MiB, peak {} MiB: {verdict}",
        bytes / MIB,
        BUDGET_BYTES / MIB,
        idle / MIB,
        peak / MIB
    );
    assert_eq!(verdict.doubled, 0);
    assert!(peak < idle + BUDGET_BYTES + HEADROOM_BYTES, "{} MiB", peak / MIB);
}

#[test]
fn a_soak_leaves_memory_files_and_threads_as_they_were() {
    let seconds = scale(30, 1_200);
    let inputs = Inputs::of(Dice::seeded());
    let topics = Topics::create("soak", 6);
    let watch = Watch::of(&topics);
    let mut fleet = Fleet::start(&topics, [EXACTLY_ONCE.to_owned()]);
    fleet.await_ready();
    let started = Instant::now();
    let (mut fed, mut halves) = (0, [Held::default(); 2]);
    let most = |of: &mut Held, now: Held| {
        of.resident_bytes = of.resident_bytes.max(now.resident_bytes);
        of.files = of.files.max(now.files);
        of.threads = of.threads.max(now.threads);
    };
    for second in 0..seconds {
        inputs.feed(&topics, fed..fed + 100);
        fed += 100;
        let next = Duration::from_secs(second as u64 + 1);
        std::thread::sleep(next.saturating_sub(started.elapsed()));
        let now = held(fleet.worker(0));
        most(&mut halves[usize::from(second > seconds / 2)], now);
        if second % (seconds / 10) == 0 {
            eprintln!(
                "CURVE soak: {second} s, {} MiB, {now:?}",
                now.resident_bytes / MIB
            );
        }
    }
    watch.await_committed(fed, || {});
    let took = started.elapsed().as_secs();
    assert_eq!(fleet.terminate(), 0);
    let verdict = judge(&topics, inputs, 0..fed, 10);
    let [first, second] = halves;
    eprintln!("PROOF soak: {fed} articles in {took} s, at most {first:?}, then {second:?}: {verdict}");
    assert_eq!(verdict.doubled, 0);
    assert!(
        second.resident_bytes < first.resident_bytes + 16 * MIB,
        "memory grows"
    );
    assert!(second.files <= first.files + 4, "open files grow");
    assert!(second.threads <= first.threads + 2, "threads grow");
}
