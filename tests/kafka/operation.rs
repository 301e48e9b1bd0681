//! Starting, checking, refusing.

use std::time::Duration;

use super::cluster::Topics;
use super::cluster::alter;
use super::cluster::create;
use super::cluster::group_state;
use super::worker::Settings;
use super::worker::Worker;

#[test]
fn missing_topics_are_all_named_and_the_worker_does_not_start() {
    let topics = Topics::create("missing", 1);
    let nowhere = Topics {
        output: "no-such-output".to_owned(),
        dead: "no-such-dead".to_owned(),
        ..topics
    };
    assert_eq!(Worker::start(&nowhere, Settings::default()).wait(), 78);
}

#[test]
fn a_compacted_dead_letter_topic_is_refused() {
    let topics = Topics::create("compacted", 1);
    alter(&topics.dead, &[("cleanup.policy", "compact")]);
    let (code, log) = Worker::start(&topics, Settings::default()).wait_with_log();
    assert_eq!(code, 78);
    assert!(log.contains("must not be compacted"), "{log}");
}

#[test]
fn a_topic_that_comes_later_is_found_by_its_pattern() {
    let topics = Topics::create("later", 1);
    let unique = topics.input.rsplit('-').next().unwrap().to_owned();
    let pattern = Topics {
        input: format!("^later-new-{unique}$"),
        ..topics
    };
    let mut worker = Worker::start(&pattern, Settings::default());
    worker.await_log("no topic matches the input pattern yet");
    let new = format!("later-new-{unique}");
    create(&new, 1, &[("retention.ms", "-1")]);
    super::cluster::produce(&new, &super::delivery::articles(10));
    super::cluster::await_outcomes(&pattern, 10);
    assert_eq!(worker.terminate(), 0);
}

#[test]
fn a_pattern_that_matches_our_output_is_refused() {
    let topics = Topics::create("pattern", 1);
    let unique = topics.input.rsplit('-').next().unwrap().to_owned();
    let looped = Topics {
        input: format!("^pattern-.*-{unique}$"),
        ..topics
    };
    assert_eq!(Worker::start(&looped, Settings::default()).wait(), 78);
}

#[test]
fn a_pattern_reads_every_matching_topic() {
    let topics = Topics::create("many", 1);
    let unique = topics.input.rsplit('-').next().unwrap().to_owned();
    super::cluster::produce(&topics.input, &super::delivery::articles(10));
    let pattern = Topics {
        input: format!("^many-in-{unique}$"),
        ..topics
    };
    let worker = Worker::start(&pattern, Settings::default());
    super::cluster::await_outcomes(&pattern, 10);
    assert_eq!(worker.terminate(), 0);
}

#[test]
fn a_member_without_partitions_is_ready() {
    let topics = Topics::create("spare", 1);
    let mut first = Worker::start(&topics, Settings::default());
    first.await_ready();
    let mut second = Worker::start(&topics, Settings::default());
    second.await_ready();
    assert_eq!(second.get("/livez").map(|(status, _)| status), Some(200));
    assert_eq!(second.terminate(), 0);
    assert_eq!(first.terminate(), 0);
}

/// From the first moment that a signal is heard, over the checks, the producer and the join, to the first poll.
#[test]
fn a_stop_at_any_moment_of_the_start_leaves_nobody_in_the_group() {
    let topics = Topics::create("early", 3);
    let stop = |mut worker: Worker, begun: &str, moment: u32| {
        worker.await_log(begun);
        std::thread::sleep(Duration::from_millis(20) * moment);
        assert_eq!(worker.terminate(), 0, "{moment} after {begun}");
        let (state, members) = group_state(&topics.group);
        let left = ["Empty", "Dead"].contains(&state.as_str()) && members == 0;
        assert!(left, "{moment} after {begun}: {state}, {members} members");
    };
    for moment in 0..8 {
        stop(
            Worker::start(&topics, Settings::default()),
            "admin server",
            moment * 3,
        );
        stop(Worker::start(&topics, Settings::default()), "running", moment);
    }
}
