//! A worker that sleeps (SIGSTOP) past its session and its transaction, while another takes its place: when it wakes it
//! commits nothing of before; it goes on, or ends with a code and a reason.

use std::time::Duration;
use std::time::Instant;

use super::AT_LEAST_ONCE;
use super::EXACTLY_ONCE;
use crate::cluster::Topics;
use crate::fleet::Fleet;
use crate::oracle::Dice;
use crate::oracle::Inputs;
use crate::oracle::Watch;
use crate::oracle::judge;
use crate::oracle::scale;

/// Longer than the session of 6 s and the transaction of 5 s, and than the broker takes to see it (it looks every 10 s).
const SLEEP: Duration = Duration::from_secs(16);
const SLICE: usize = 1_500;

#[test]
fn a_worker_that_wakes_after_its_place_was_taken_doubles_nothing() {
    assert_eq!(zombies("zombies-eos", EXACTLY_ONCE), 0);
}

#[test]
fn a_worker_that_wakes_after_its_place_was_taken_loses_nothing_at_least_once() {
    zombies("zombies-alo", AT_LEAST_ONCE);
}

/// How many outcomes were doubled.
fn zombies(test: &str, kafka: &str) -> usize {
    let times = scale(1, 20);
    let dice = Dice::seeded();
    let inputs = Inputs::of(dice);
    let topics = Topics::create(test, 4);
    let watch = Watch::of(&topics);
    let started = Instant::now();
    let mut fleet = Fleet::start(&topics, [kafka.to_owned()]);
    let mut fed = 0;
    for time in 0..times {
        inputs.feed(&topics, fed..fed + SLICE);
        watch.await_committed(fed + 1, || fleet.revive());
        fed += SLICE;
        dice.nth(time).wait(300);
        fleet.revive();
        fleet.worker(0).signal("STOP");
        assert!(
            watch.committed() < Some(fed),
            "it had nothing left to do: this run proves nothing"
        );
        let asleep = Instant::now();
        fleet.join(kafka.to_owned());
        // The successor does all that is left.
        watch.await_committed(fed, || {});
        std::thread::sleep(SLEEP.saturating_sub(asleep.elapsed()));
        fleet.worker(0).signal("CONT");
        // And then goes, so that only who woke is left: it is alive and works, or it has ended and said why.
        fleet.leave();
        inputs.feed(&topics, fed..fed + SLICE);
        fed += SLICE;
        watch.await_committed(fed, || fleet.revive());
    }
    let restarts = fleet.terminate();
    let seconds = started.elapsed().as_secs();
    let verdict = judge(&topics, inputs, 0..fed, 1);
    eprintln!(
        "PROOF {test}: {fed} articles, {times} sleeps of {} s, {restarts} ends by themselves, {seconds} s: {verdict}",
        SLEEP.as_secs()
    );
    verdict.doubled
}
