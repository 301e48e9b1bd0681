//! Members come and go under load: from one to three and back, with batches in flight on what is taken away, and
//! articles that take longer than a revoke may wait.

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

#[test]
fn members_come_and_go_with_the_classic_protocol() {
    assert_eq!(come_and_go("members-classic", |_| EXACTLY_ONCE.to_owned()), 0);
}

#[test]
fn members_come_and_go_with_the_new_protocol() {
    let kafka = "transaction_timeout_ms = 5000\ngroup_protocol = \"consumer\"\n";
    assert_eq!(come_and_go("members-kip848", |_| kafka.to_owned()), 0);
}

#[test]
fn static_members_come_and_go() {
    let kafka = |member| format!("{EXACTLY_ONCE}group_instance_id = \"pod-{member}\"\n");
    assert_eq!(come_and_go("members-static", kafka), 0);
}

#[test]
fn members_come_and_go_while_articles_take_longer_than_a_revoke_may_wait() {
    let kafka = |_| format!("{EXACTLY_ONCE}revoke_deadline_ms = 100\n");
    assert_eq!(come_and_go("members-slow", kafka), 0);
}

#[test]
fn members_come_and_go_at_least_once() {
    come_and_go("members-alo", |_| AT_LEAST_ONCE.to_owned());
}

/// How many outcomes were doubled.
fn come_and_go(test: &str, kafka: impl Fn(usize) -> String) -> usize {
    let (rounds, slice) = (scale(1, 10), scale(1_200, 2_000));
    let inputs = Inputs {
        slow_every: if test == "members-slow" { 400 } else { 0 },
        ..Inputs::of(Dice::seeded())
    };
    let topics = Topics::create(test, 6);
    let watch = Watch::of(&topics);
    let started = Instant::now();
    let mut fleet = Fleet::start(&topics, [kafka(0)]);
    let mut fed = 0;
    let mut feed = |fleet: &mut Fleet<'_>| {
        inputs.feed(&topics, fed..fed + slice);
        let before = fed;
        fed += slice;
        // Work begins, and most of it is left.
        watch.await_committed(before + 1, || fleet.revive());
        fed
    };
    let mut count = 0;
    for _ in 0..rounds {
        for member in 1..3 {
            feed(&mut fleet);
            fleet.join(kafka(member));
        }
        fleet.await_ready();
        for _ in 1..3 {
            count = feed(&mut fleet);
            fleet.leave();
        }
    }
    let mut late = 0;
    watch.await_committed(count, || fleet.revive());
    if fleet
        .worker(0)
        .has_logged("were revoked before their batches were done")
    {
        late += 1;
    }
    let restarts = fleet.terminate();
    let seconds = started.elapsed().as_secs();
    let verdict = judge(&topics, inputs, 0..count, 1);
    eprintln!(
        "PROOF {test}: {count} articles, {rounds} times 1 -> 3 -> 1 members, {restarts} ends by themselves, late \
         revokes seen: {}, {seconds} s: {verdict}",
        late > 0
    );
    verdict.doubled
}
