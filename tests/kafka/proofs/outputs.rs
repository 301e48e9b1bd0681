//! The output or the dead-letter topic takes nothing while the worker runs: it waits and says so, nothing becomes a dead
//! letter for it, and once that is mended it goes on without loss. (Lack of replicas: `cluster.rs`.)

use std::time::Instant;

use crate::cluster::Topics;
use crate::cluster::create;
use crate::cluster::delete;
use crate::oracle::Dice;
use crate::oracle::Inputs;
use crate::oracle::Watch;
use crate::oracle::judge;
use crate::secured::PASSWORD;
use crate::security::BROKER;
use crate::security::by_password;
use crate::worker::Settings;
use crate::worker::Worker;

use super::AT_LEAST_ONCE;
use super::EXACTLY_ONCE;

const SLICE: usize = 400;
const STALLED: &str = "dateline_delivery_stalled";
const PARTITIONS: i32 = 4;

#[test]
fn an_output_topic_that_is_deleted_is_waited_for_exactly_once() {
    deleted("deleted-eos", EXACTLY_ONCE, |topics| topics.output.clone());
}

#[test]
fn an_output_topic_that_is_deleted_is_waited_for_at_least_once() {
    deleted("deleted-alo", AT_LEAST_ONCE, |topics| topics.output.clone());
}

#[test]
fn a_dead_letter_topic_that_is_deleted_is_waited_for() {
    deleted("deleted-dead", EXACTLY_ONCE, |topics| topics.dead.clone());
}

fn deleted(test: &str, kafka: &str, which: impl Fn(&Topics) -> String) {
    let topics = Topics::create(test, PARTITIONS);
    let settings = Settings {
        kafka,
        ..Settings::default()
    };
    let topic = which(&topics);
    let worker = Worker::start(&topics, settings);
    let mend = || create(&topic, PARTITIONS, &[("retention.ms", "-1")]);
    waited_for(&topics, worker, || delete(&topic), mend);
}

#[test]
fn a_right_that_is_taken_away_is_waited_for() {
    let topics = Topics::create_at(&BROKER.address("OPEN"), "dateline-rights", PARTITIONS);
    let (input, output, dead, group) = (&*topics.input, &*topics.output, &*topics.dead, &*topics.group);
    let given = [
        "--add",
        "--allow-principal",
        "User:dateline",
        "--operation",
        "All",
    ];
    BROKER.acls(
        &[
            &given[..],
            &[
                "--topic", input, "--topic", output, "--topic", dead, "--group", group,
            ],
        ]
        .concat(),
    );
    let at_the_door = Topics {
        bootstrap: BROKER.address("LOGIN"),
        ..topics.clone()
    };
    let security = by_password("PLAIN", "dateline", PASSWORD);
    let settings = Settings {
        kafka: &format!("[kafka.security]\n{security}"),
        ..Settings::default()
    };
    let worker = Worker::start(&at_the_door, settings);
    let write = [
        "--deny-principal",
        "User:dateline",
        "--operation",
        "Write",
        "--topic",
        output,
    ];
    let takes = || BROKER.acls(&[&["--add"], &write[..]].concat());
    let gives = || BROKER.acls(&[&["--remove", "--force"], &write[..]].concat());
    waited_for(&topics, worker, takes, gives);
}

/// One worker works; then its output is broken, and mended.
fn waited_for(topics: &Topics, mut worker: Worker, breaks: impl Fn(), mends: impl Fn()) {
    let inputs = Inputs::of(Dice::seeded());
    let watch = Watch::of(topics);
    worker.await_ready();
    inputs.feed(topics, 0..SLICE);
    watch.await_committed(SLICE, || {});
    breaks();
    let started = Instant::now();
    inputs.feed(topics, SLICE..2 * SLICE);
    worker.await_metric(STALLED, 1.0);
    assert!(worker.is_running());
    assert!(watch.committed() < Some(2 * SLICE));
    mends();
    watch.await_committed(2 * SLICE, || {});
    worker.await_value(STALLED, |value| value == 0.0);
    assert_eq!(worker.terminate(), 0);
    let verdict = judge(topics, inputs, SLICE..2 * SLICE, 1);
    eprintln!(
        "PROOF outputs {}: {SLICE} articles while nothing was taken, {} s: {verdict}",
        topics.output,
        started.elapsed().as_secs()
    );
}
