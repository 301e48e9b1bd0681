//! The process dies exactly where a crash is most awkward; at every point, many times.

use std::time::Instant;

use super::AT_LEAST_ONCE;
use super::EXACTLY_ONCE;
use crate::cluster::Topics;
use crate::fleet::Fleet;
use crate::oracle::Dice;
use crate::oracle::Inputs;
use crate::oracle::Verdict;
use crate::oracle::Watch;
use crate::oracle::judge;
use crate::oracle::scale;
use crate::worker::Settings;
use crate::worker::Worker;

const SLICE: usize = 300;

#[test]
fn exactly_once_survives_a_death_at_every_point() {
    let points = [
        "Produced",
        "BeforeOffsets",
        "BeforeCommit",
        "AfterCommit",
        "Assign",
        "Revoke",
    ];
    assert_eq!(deaths("points-eos", EXACTLY_ONCE, &points).doubled, 0);
}

#[test]
fn at_least_once_survives_a_death_at_every_point() {
    let points = ["Produced", "BeforeCommit", "AfterCommit", "Assign", "Revoke"];
    let verdict = deaths("points-alo", AT_LEAST_ONCE, &points);
    assert!(
        verdict.doubled > 0,
        "a death before the commit doubles a batch: this run proves nothing"
    );
}

fn deaths(test: &str, kafka: &str, points: &[&str]) -> Verdict {
    let times = scale(2, 20);
    let dice = Dice::seeded();
    let inputs = Inputs::of(dice);
    let topics = Topics::create(test, 4);
    // A name of its own in the group, so that each successor takes the place of the dead at once.
    let kafka = format!("{kafka}group_instance_id = \"pod-0\"\n");
    let settings = Settings {
        kafka: &kafka,
        rest: "[worker]\nbatch_records_max = 100\nbatch_wait_ms = 50\n",
        arguments: &[],
    };
    let started = Instant::now();
    let mut fed = 0;
    for round in 0..times {
        for (place, point) in points.iter().enumerate() {
            inputs.feed(&topics, fed..fed + SLICE);
            fed += SLICE;
            let is_callback = ["Assign", "Revoke"].contains(point);
            // There are three batches at least.
            let turn = if is_callback {
                1
            } else {
                1 + dice.nth(round * 10 + place).below(3)
            };
            let told = format!("{point}@{turn}");
            let mut worker = Worker::start_in(&topics, settings, &[("DATELINE_FAIL_POINT", &told)]);
            if *point == "Revoke" {
                worker.await_ready();
                worker.signal("TERM");
            }
            // Ended by a signal, not by a code.
            assert_eq!(worker.wait(), -1, "{told}");
        }
    }
    let fleet = Fleet::start(&topics, [kafka.clone()]);
    Watch::of(&topics).await_committed(fed, || {});
    fleet.terminate();
    let seconds = started.elapsed().as_secs();
    let verdict = judge(&topics, inputs, 0..fed, 1);
    let deaths = times * points.len();
    eprintln!("PROOF {test}: {fed} articles, {deaths} deaths at {points:?}, {seconds} s: {verdict}");
    verdict
}
