//! A rolling upgrade under load, as `docs/operations.md` tells it: the workers of an older build (`DATELINE_OLDER` names its program) are
//! replaced by ours one after the other, and ours by the older ones again.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use std::time::Instant;

use super::AT_LEAST_ONCE;
use super::EXACTLY_ONCE;
use crate::cluster::Topics;
use crate::fleet::Fleet;
use crate::oracle::Dice;
use crate::oracle::Inputs;
use crate::oracle::Other;
use crate::oracle::Watch;
use crate::oracle::judge_mixed;
use crate::oracle::scale;
use crate::worker::OURS;

/// Records that wait at any time, so that each worker goes and comes under load.
const WAITING: usize = 1_000;
const SLICE: usize = 100;
const ENRICHED: &str = "dateline_records_enriched_total";

#[test]
fn a_rolling_upgrade_and_the_way_back_lose_and_double_nothing() {
    assert_eq!(upgrade("upgrade-eos", EXACTLY_ONCE), 0);
}

#[test]
fn a_rolling_upgrade_and_the_way_back_lose_nothing_at_least_once() {
    upgrade("upgrade-alo", AT_LEAST_ONCE);
}

/// How many outcomes were doubled. Two of the three workers have a name in the group, which their successors take over.
fn upgrade(test: &str, kafka: &str) -> usize {
    let rounds = scale(1, 5);
    let older = older();
    let inputs = Inputs::of(Dice::seeded());
    let topics = Topics::create(test, 6);
    let member = |name: &str| format!("{kafka}group_instance_id = \"{name}\"\n");
    let kafka = [member("pod-0"), member("pod-1"), kafka.to_owned()];
    let started = Instant::now();
    let mut fleet = Fleet::start_as(&older, &topics, kafka.clone());
    fleet.await_ready();
    let count = under_load(&topics, inputs, || {
        for program in [OURS, &older].repeat(rounds) {
            for member in 0..kafka.len() {
                // Each build has published something before it goes.
                fleet.worker(member).await_metric(ENRICHED, 1.0);
                fleet.restart_as(program, member);
                fleet.worker(member).await_ready();
            }
        }
        for member in 0..kafka.len() {
            fleet.worker(member).await_metric(ENRICHED, 1.0);
        }
    });
    Watch::of(&topics).await_committed(count, || fleet.revive());
    let restarts = fleet.terminate();
    let seconds = started.elapsed().as_secs();
    let other = alone(&older, &topics, inputs, count);
    let verdict = judge_mixed(&topics, inputs, 0..count, other);
    eprintln!(
        "PROOF {test}: {count} articles, {rounds} times {older} -> this build -> back, three workers one after the other, \
         {restarts} ends by themselves, {seconds} s: {verdict}"
    );
    assert_eq!(restarts, 0, "a worker did not end as it was asked to");
    verdict.doubled
}

fn older() -> String {
    std::env::var("DATELINE_OLDER")
        .expect("DATELINE_OLDER names no older program: run this proof by `make prove ARGS=upgrade`")
}

/// Does this while records wait for the group all the time; how many were fed.
fn under_load(topics: &Topics, inputs: Inputs, act: impl FnOnce()) -> usize {
    /// Ends the load, whatever becomes of the act.
    struct End<'e>(&'e AtomicBool);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    let (is_over, fed) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let watch = Watch::of(topics);
            while !is_over.load(SeqCst) {
                let first = fed.load(SeqCst);
                let waiting = first - watch.committed().unwrap_or(0).min(first);
                if waiting < WAITING {
                    inputs.feed(topics, first..first + SLICE);
                    fed.store(first + SLICE, SeqCst);
                } else {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        });
        let _end = End(&is_over);
        act();
    });
    fed.into_inner()
}

/// What the older build makes of the same inputs where no other works beside it. The group is the same, since records name it.
fn alone(older: &str, mixed: &Topics, inputs: Inputs, count: usize) -> Other {
    let topics = Topics {
        group: mixed.group.clone(),
        ..Topics::create("upgrade-alone", 6)
    };
    inputs.feed(&topics, 0..count);
    let fleet = Fleet::start_as(older, &topics, [EXACTLY_ONCE.to_owned(), EXACTLY_ONCE.to_owned()]);
    Watch::of(&topics).await_committed(count, || {});
    fleet.terminate();
    Other::read(&topics)
}
