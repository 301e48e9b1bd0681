//! Starting, checking, refusing.

use std::time::Duration;

use super::cluster::Topics;
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

#[test]
fn a_stop_at_any_moment_of_the_start_leaves_nobody_in_the_group() {
    let topics = Topics::create("early", 3);
    for moment in 0..12 {
        let mut worker = Worker::start(&topics, Settings::default());
        worker.await_listening();
        std::thread::sleep(Duration::from_millis(100) * moment);
        assert_eq!(worker.terminate(), 0, "at moment {moment}");
        let (state, members) = group_state(&topics.group);
        assert!(
            ["Empty", "Dead"].contains(&state.as_str()) && members == 0,
            "at moment {moment}: {state}, {members}"
        );
    }
}
