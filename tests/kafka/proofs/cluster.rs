//! Three brokers, and what goes wrong with them while the group works: they restart one after another, die as leader
//! and as coordinator, hang, and lack replicas.

use std::time::Duration;
use std::time::Instant;

use crate::brokers::Brokers;
use crate::brokers::COUNT;
use crate::brokers::GROUPS;
use crate::brokers::TRANSACTIONS;
use crate::cluster::Topics;
use crate::cluster::alter_at;
use crate::fleet::Fleet;
use crate::oracle::Dice;
use crate::oracle::Inputs;
use crate::oracle::Verdict;
use crate::oracle::Watch;
use crate::oracle::judge;
use crate::oracle::scale;

use super::AT_LEAST_ONCE;
use super::EXACTLY_ONCE;

const SLICE: usize = 600;

#[test]
fn exactly_once_survives_what_befalls_its_brokers() {
    assert_eq!(befall("cluster-eos", EXACTLY_ONCE, &BLOWS).doubled, 0);
}

#[test]
fn at_least_once_survives_what_befalls_its_brokers() {
    // Without the coordinator of transactions, since there are none.
    befall("cluster-alo", AT_LEAST_ONCE, &BLOWS[1..]);
}

/// What befalls the brokers.
#[derive(Debug, Clone, Copy)]
enum Blow {
    KillLeader,
    KillTransactionCoordinator,
    KillGroupCoordinator,
    Hang,
    RollingRestart,
    LackOfReplicas,
}

const BLOWS: [Blow; 6] = [
    Blow::KillTransactionCoordinator,
    Blow::KillLeader,
    Blow::LackOfReplicas,
    Blow::KillGroupCoordinator,
    Blow::Hang,
    Blow::RollingRestart,
];

fn befall(test: &str, kafka: &str, blows: &[Blow]) -> Verdict {
    let rounds = scale(1, 5);
    let dice = Dice::seeded();
    let inputs = Inputs::of(dice);
    let mut brokers = Brokers::start();
    let topics = Topics::create_at(&brokers.bootstrap(), test, 6);
    let watch = Watch::of(&topics);
    let started = Instant::now();
    let mut fleet = Fleet::start(&topics, [kafka.to_owned(), kafka.to_owned()]);
    fleet.await_ready();
    let mut fed = 0;
    for round in 0..rounds {
        for (place, blow) in blows.iter().copied().enumerate() {
            inputs.feed(&topics, fed..fed + SLICE);
            watch.await_committed(fed + 1, || fleet.revive());
            fed += SLICE;
            dice.nth(round * 10 + place).wait(300);
            strike(&mut brokers, &topics, blow, || {
                inputs.feed(&topics, fed..fed + SLICE);
                fed += SLICE;
            });
            watch.await_committed(fed, || fleet.revive());
            eprintln!("{blow:?} is over after {} s", started.elapsed().as_secs());
        }
    }
    let restarts = fleet.terminate();
    let seconds = started.elapsed().as_secs();
    let verdict = judge(&topics, inputs, 0..fed, 1);
    eprintln!(
        "PROOF {test}: {fed} articles, {rounds} times {blows:?}, {restarts} ends by themselves, {seconds} s: {verdict}"
    );
    verdict
}

/// Lets the blow fall; `feed` brings more work while it lasts.
fn strike(brokers: &mut Brokers, topics: &Topics, blow: Blow, mut feed: impl FnMut()) {
    match blow {
        Blow::KillLeader => kill(brokers, &topics.output, feed),
        Blow::KillTransactionCoordinator => kill(brokers, TRANSACTIONS, feed),
        Blow::KillGroupCoordinator => kill(brokers, GROUPS, feed),
        Blow::Hang => {
            let id = brokers.leader(&topics.output);
            brokers.signal(id, "STOP");
            feed();
            std::thread::sleep(Duration::from_secs(12));
            brokers.signal(id, "CONT");
        }
        Blow::RollingRestart => {
            for id in 0..COUNT {
                brokers.stop(id);
                feed();
                brokers.start_again(id);
            }
        }
        Blow::LackOfReplicas => {
            let replicas = |least| [("retention.ms", "-1"), ("min.insync.replicas", least)];
            alter_at(&topics.bootstrap, &topics.output, &replicas("3"));
            let id = (brokers.leader(&topics.output) + 1) % COUNT;
            brokers.stop(id);
            feed();
            std::thread::sleep(Duration::from_secs(5));
            brokers.start_again(id);
            alter_at(&topics.bootstrap, &topics.output, &replicas("2"));
        }
    }
}

fn kill(brokers: &mut Brokers, leader_of: &str, mut feed: impl FnMut()) {
    let id = brokers.leader(leader_of);
    brokers.kill(id);
    feed();
    brokers.start_again(id);
}
