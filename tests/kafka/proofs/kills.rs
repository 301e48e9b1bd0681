//! Two workers of one group, `kill -9` at random moments, clean restarts in between.

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

#[test]
fn exactly_once_survives_kills() {
    assert_eq!(kills("kills-eos", EXACTLY_ONCE).doubled, 0);
}

#[test]
fn at_least_once_survives_kills() {
    kills("kills-alo", AT_LEAST_ONCE);
}

/// The first of the two has a name of its own in the group: its successor takes its place at once. The other's place is
/// free when its session has ended.
fn kills(test: &str, kafka: &str) -> Verdict {
    let (kills, count) = (scale(20, 100), scale(6_000, 100_000));
    let dice = Dice::seeded();
    let inputs = Inputs::of(dice);
    let topics = Topics::create(test, 6);
    let watch = Watch::of(&topics);
    let started = Instant::now();
    let mut fleet = Fleet::start(
        &topics,
        [
            format!("{kafka}group_instance_id = \"pod-0\"\n"),
            kafka.to_owned(),
        ],
    );
    fleet.await_ready();
    let (mut at_work, mut clean) = (0, 0);
    for round in 0..kills {
        let (from, to) = (round * count / kills, (round + 1) * count / kills);
        inputs.feed(&topics, from..to);
        let mut dice = dice.nth(count + round);
        if dice.below(2) == 0 {
            let before = watch.committed().unwrap();
            watch.await_committed((before + 1).min(to), || fleet.revive());
        }
        if dice.below(5) == 0 {
            fleet.restart(dice.below(2));
            clean += 1;
        }
        dice.wait(800);
        fleet.revive();
        fleet.kill(usize::from(dice.below(4) == 0));
        at_work += usize::from(watch.committed() < Some(to));
    }
    watch.await_committed(count, || fleet.revive());
    let restarts = fleet.terminate();
    let seconds = started.elapsed().as_secs();
    let verdict = judge(&topics, inputs, 0..count, 1);
    eprintln!(
        "PROOF {test}: {count} articles, {kills} kills ({at_work} with work left), {clean} clean restarts, {restarts} \
         ends by themselves, {seconds} s: {verdict}"
    );
    assert!(
        at_work > 0,
        "no kill hit a group at work: this run proves nothing"
    );
    verdict
}
