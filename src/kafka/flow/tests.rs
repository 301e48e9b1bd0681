//! The flow's state machine against a model of a group: whatever the order of assign, revoke, loss, failure
//! and commit,
//! every record is committed exactly once and no offset passes an uncommitted record.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::record::Origin;

const PARTITIONS: i32 = 3;
const RECORDS: i64 = 12;

pub(super) fn key(partition: i32) -> PartitionKey {
    PartitionKey {
        kafka_topic: Arc::from("in"),
        partition,
    }
}

pub(super) fn record(partition: i32, offset: i64) -> Record {
    Record {
        origin: Origin {
            kafka_topic: Arc::from("in"),
            partition,
            offset,
        },
        timestamp_ms: None,
        key: None,
        value: Some(vec![b'x'; 10]),
        headers: Vec::new(),
    }
}

pub(super) fn limits() -> FlowLimits {
    FlowLimits {
        batch_records_max: 3,
        batch_bytes_max: 1000,
        batch_wait_ms: 0,
        intake_bytes_max: 10 * RECORD_BYTES + 100,
        intake_bytes_resume: 2 * RECORD_BYTES + 20,
    }
}

#[derive(Debug, Clone)]
enum Action {
    Assign(i32),
    Revoke(i32),
    Lose,
    Poll(i32),
    Take,
    Begin,
    Succeed,
    Fail,
    Rewind,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        2 => (0..PARTITIONS).prop_map(Action::Assign),
        1 => (0..PARTITIONS).prop_map(Action::Revoke),
        1 => Just(Action::Lose),
        12 => (0..PARTITIONS).prop_map(Action::Poll),
        6 => Just(Action::Take),
        6 => Just(Action::Begin),
        5 => Just(Action::Succeed),
        1 => Just(Action::Fail),
        3 => Just(Action::Rewind),
    ]
}

/// One member, and the broker's view of the group: committed offsets, and how often each record's result
/// became visible.
struct Model {
    flow: FlowState,
    position: Vec<i64>,
    /// `None` until the group has committed an offset.
    committed: Vec<Option<i64>>,
    delivered: Vec<Vec<u32>>,
    taken: std::collections::VecDeque<Batch>,
    committing: Option<Batch>,
}

impl Model {
    fn new() -> Self {
        Self {
            flow: FlowState::new(limits()),
            position: vec![0; PARTITIONS as usize],
            committed: vec![None; PARTITIONS as usize],
            delivered: vec![vec![0; RECORDS as usize]; PARTITIONS as usize],
            taken: std::collections::VecDeque::new(),
            committing: None,
        }
    }

    fn owns(&self, partition: i32) -> bool {
        self.flow.partitions().contains_key(&key(partition))
    }

    fn apply(&mut self, action: &Action) {
        match action {
            Action::Assign(p) if !self.owns(*p) => {
                let committed = self.committed[*p as usize];
                self.flow.assign([(key(*p), committed)]);
                self.position[*p as usize] = committed.unwrap_or(0);
            }
            // The deadline passed: whatever is in flight is dropped. A commit that stands is the broker's
            // to decide: here it is refused.
            Action::Revoke(p) if self.owns(*p) && self.committing.is_none() => {
                self.flow.release(&BTreeSet::from([key(*p)]))
            }
            Action::Lose => {
                self.flow.release(&(0..PARTITIONS).map(key).collect());
            }
            Action::Poll(p) if self.owns(*p) && self.position[*p as usize] < RECORDS => {
                let offset = self.position[*p as usize];
                self.position[*p as usize] += 1;
                let record = record(*p, offset);
                let reset = self.flow.check_offset(&record.origin);
                let expected = self.committed[*p as usize]
                    .is_none()
                    .then_some(Reset::NoCommittedOffset);
                assert!(reset.is_none() || reset == expected, "{reset:?}");
                assert_eq!(self.flow.take_widest_jump(), None);
                self.flow.accept(record, 0);
            }
            Action::Take => self.taken.extend(self.flow.take_batch(0)),
            Action::Begin if self.committing.is_none() => {
                if let Some(batch) = self.taken.pop_front()
                    && self.flow.begin_commit(&batch)
                {
                    self.committing = Some(batch);
                }
            }
            Action::Succeed => {
                let Some(batch) = self.committing.take() else {
                    return;
                };
                // The coordinator checks the generation: after a loss the transaction is refused.
                if self.flow.is_valid(&batch) {
                    for record in &batch.records {
                        let origin = &record.origin;
                        self.delivered[origin.partition as usize][origin.offset as usize] += 1;
                    }
                    for (key, next) in batch.next_offsets() {
                        self.committed[key.partition as usize] = Some(next);
                    }
                    self.flow.finish_commit(&batch);
                } else {
                    self.flow.fail_commit();
                }
            }
            Action::Fail if self.committing.take().is_some() => self.flow.fail_commit(),
            Action::Fail => {}
            Action::Rewind => {
                if let Some(due) = self.flow.rewind_due() {
                    let known = due
                        .into_iter()
                        .filter_map(|key| Some((key.clone(), self.committed[key.partition as usize]?)))
                        .collect();
                    let offsets = self.flow.rewind_targets(&known);
                    for (key, offset) in &offsets {
                        self.position[key.partition as usize] = *offset;
                    }
                    self.flow.rewound(&offsets);
                }
            }
            _ => {}
        }
    }

    fn check(&self) {
        for partition in 0..PARTITIONS as usize {
            for offset in 0..RECORDS {
                let times = self.delivered[partition][offset as usize];
                let expected = u32::from(offset < self.committed[partition].unwrap_or(0));
                assert_eq!(
                    times, expected,
                    "partition {partition} offset {offset}, committed {:?}",
                    self.committed[partition]
                );
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..200 {
            for partition in 0..PARTITIONS {
                self.apply(&Action::Assign(partition));
                self.apply(&Action::Rewind);
                self.apply(&Action::Poll(partition));
            }
            for action in [Action::Take, Action::Begin, Action::Succeed] {
                self.apply(&action);
            }
        }
        assert!(
            self.committed.iter().all(|c| *c == Some(RECORDS)),
            "records were left behind: {:?}",
            self.committed
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_record_is_committed_once_whatever_happens(actions in prop::collection::vec(action(), 0..120)) {
        let mut model = Model::new();
        for action in &actions {
            model.apply(action);
            model.check();
        }
        model.settle();
        model.check();
    }
}

#[test]
fn a_batch_ends_at_records_or_bytes_and_one_large_record_is_a_batch_of_its_own() {
    let mut flow = FlowState::new(FlowLimits {
        batch_bytes_max: 25,
        ..limits()
    });
    flow.assign([(key(0), None)]);
    for offset in 0..3 {
        assert!(flow.accept(record(0, offset), 0));
    }
    let mut large = record(0, 3);
    large.value = Some(vec![0; 100]);
    assert!(flow.accept(large, 0));
    let sizes: Vec<usize> = std::iter::from_fn(|| flow.take_batch(0))
        .map(|b| b.records.len())
        .collect();
    assert_eq!(sizes, [2, 1, 1]);
    assert_eq!(flow.load(), (4, 130, 3));
}

#[test]
fn a_batch_waits_for_more_until_its_oldest_record_is_old_enough() {
    let mut flow = FlowState::new(FlowLimits {
        batch_wait_ms: 100,
        ..limits()
    });
    flow.assign([(key(0), None)]);
    flow.accept(record(0, 0), 1_000);
    assert!(flow.take_batch(1_099).is_none());
    assert_eq!(flow.take_batch(1_100).map(|b| b.records.len()), Some(1));
}

#[test]
fn pausing_has_hysteresis() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), None)]);
    for offset in 0..10 {
        flow.accept(record(0, offset), 0);
    }
    assert_eq!(flow.pause_change(), Some(true));
    assert_eq!(flow.pause_change(), None);
    flow.take_batch(0);
    flow.take_batch(0);
    assert_eq!(flow.pause_change(), None, "40 of 100 bytes still wait");
    flow.take_batch(0);
    assert_eq!(flow.pause_change(), Some(false));
}

#[test]
fn nothing_counts_as_drained_in_a_pause() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), None), (key(1), None)]);
    for offset in 0..10 {
        flow.accept(record(0, offset), 0);
    }
    assert!(flow.is_drained(&key(1)));
    assert_eq!(flow.pause_change(), Some(true));
    // What the client had fetched of it is thrown away by the pause, and comes again.
    assert!(!flow.is_drained(&key(1)));
}

#[test]
fn records_without_a_byte_take_room_too() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), None)]);
    for offset in 0..100 {
        let mut tombstone = record(0, offset);
        tombstone.value = None;
        flow.accept(tombstone, 0);
    }
    assert_eq!(flow.pause_change(), Some(true));
}

#[test]
fn records_of_partitions_that_are_not_ours_are_discarded() {
    let mut flow = FlowState::new(limits());
    assert!(!flow.accept(record(0, 0), 0));
    flow.assign([(key(0), None)]);
    flow.end();
    assert!(!flow.accept(record(0, 0), 0));
}

#[test]
fn a_rewind_waits_for_the_commit_that_stands() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), Some(0)), (key(1), Some(0))]);
    flow.accept(record(0, 0), 0);
    flow.accept(record(1, 0), 0);
    let batch = flow.take_batch(0).unwrap();
    assert!(flow.begin_commit(&batch));
    flow.release(&BTreeSet::from([key(0)]));
    assert!(flow.rewind_due().is_none());
    flow.finish_commit(&batch);
    assert_eq!(flow.rewind_due().map(|due| due.len()), Some(1));
}

#[test]
fn a_batch_that_is_tried_again_too_late_does_not_hold_up_the_rewind() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), Some(0)), (key(1), Some(0))]);
    flow.accept(record(0, 0), 0);
    flow.accept(record(1, 0), 0);
    let batch = flow.take_batch(0).unwrap();
    assert!(flow.begin_commit(&batch));
    // The broker refuses a record, and before the second attempt the revoke deadline passes.
    flow.release(&BTreeSet::from([key(0)]));
    assert!(!flow.begin_commit(&batch));
    assert_eq!(flow.rewind_due(), Some(BTreeSet::from([key(1)])));
    assert_eq!(flow.rewind_targets(&BTreeMap::new()), [(key(1), 0)]);
}

#[test]
fn records_discarded_before_a_rewind_are_read_again_where_nothing_was_committed() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), None), (key(1), None)]);
    flow.accept(record(0, 0), 0);
    let batch = flow.take_batch(0).unwrap();
    assert!(flow.begin_commit(&batch));
    flow.fail_commit();
    assert!(!flow.accept(record(1, 5), 0));
    assert!(flow.rewind_due().is_some());
    assert_eq!(flow.rewind_targets(&BTreeMap::new()), [(key(0), 0), (key(1), 5)]);
}

/// Polls as the poll thread does.
fn poll(flow: &mut FlowState, partition: i32, offset: i64) -> Option<Reset> {
    let record = record(partition, offset);
    let reset = flow.check_offset(&record.origin);
    flow.accept(record, 0);
    reset
}

#[test]
fn a_jump_is_seen_at_the_start_in_the_midst_and_after_a_rewind() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), Some(10)), (key(1), None)]);
    assert_eq!(poll(&mut flow, 1, 70), Some(Reset::NoCommittedOffset));
    assert_eq!(poll(&mut flow, 1, 71), None);
    assert_eq!(flow.take_widest_jump(), None);
    let jump = |expected, offset| Some((key(0), Jump { expected, offset }));
    // At the start, then two in the midst, of which the wider is kept.
    assert_eq!(poll(&mut flow, 0, 15), None);
    assert_eq!(flow.take_widest_jump(), jump(10, 15));
    poll(&mut flow, 0, 40);
    poll(&mut flow, 0, 42);
    assert_eq!(flow.take_widest_jump(), jump(16, 40));
    assert_eq!(flow.take_widest_jump(), None);
    // After a rewind, the records on the way not counted.
    let batch = flow.take_batch(0).unwrap();
    assert!(flow.begin_commit(&batch));
    flow.fail_commit();
    assert_eq!(poll(&mut flow, 0, 90), None);
    let targets = flow.rewind_targets(&BTreeMap::from([(key(0), 12)]));
    assert_eq!(targets, [(key(0), 12), (key(1), 70)]);
    flow.rewound(&targets);
    assert_eq!(poll(&mut flow, 0, 33), None);
    assert_eq!(flow.take_widest_jump(), jump(12, 33));
    assert_eq!(poll(&mut flow, 1, 70), None);
}

#[test]
fn a_committed_offset_beyond_the_end_is_seen() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), Some(10))]);
    assert_eq!(poll(&mut flow, 0, 3), Some(Reset::Back(10)));
    assert_eq!(poll(&mut flow, 0, 4), None);
}

#[test]
fn a_partition_is_drained_while_all_that_was_read_is_committed() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), Some(0)), (key(1), None)]);
    assert!(flow.is_drained(&key(0)) && flow.is_drained(&key(1)));
    poll(&mut flow, 0, 0);
    assert!(!flow.is_drained(&key(0)) && flow.is_drained(&key(1)));
    let batch = flow.take_batch(0).unwrap();
    assert!(flow.begin_commit(&batch));
    assert!(!flow.is_drained(&key(0)));
    flow.finish_commit(&batch);
    assert!(flow.is_drained(&key(0)));
    // A commit whose answer was lost: the broker knows better.
    poll(&mut flow, 0, 1);
    let batch = flow.take_batch(0).unwrap();
    assert!(flow.begin_commit(&batch));
    flow.fail_commit();
    assert!(!flow.is_drained(&key(0)));
    let targets = flow.rewind_targets(&BTreeMap::from([(key(0), 2)]));
    flow.rewound(&targets);
    assert!(flow.is_drained(&key(0)));
}

#[test]
fn a_loss_of_all_partitions_is_no_assignment_until_the_group_says_more() {
    let mut flow = FlowState::new(limits());
    assert!(!flow.is_assigned());
    flow.assign([(key(0), None)]);
    assert!(flow.is_assigned());
    flow.release(&BTreeSet::from([key(0)]));
    flow.await_assignment();
    assert!(!flow.is_assigned() && flow.is_joined());
    flow.assign([]);
    assert!(flow.is_assigned());
}

#[test]
fn what_nobody_will_commit_can_be_abandoned() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), Some(0))]);
    flow.accept(record(0, 0), 0);
    let batch = flow.take_batch(0).unwrap();
    assert!(flow.begin_commit(&batch));
    flow.end();
    flow.abandon();
    assert_eq!(flow.load(), (0, 0, 0));
    assert!(!flow.begin_commit(&batch));
}

#[test]
fn a_batch_is_wanted_until_its_partitions_go_or_the_worker_stops() {
    let taken = || {
        let mut flow = FlowState::new(limits());
        flow.assign([(key(0), None), (key(1), None)]);
        assert!(flow.accept(record(0, 0), 0));
        let batch = flow.take_batch(0).unwrap();
        assert!(flow.is_wanted(batch.id));
        (flow, batch)
    };
    let (mut flow, batch) = taken();
    flow.stop_intake(&BTreeSet::from([key(1)]));
    assert!(flow.is_wanted(batch.id), "its partition stays");
    flow.stop_intake(&BTreeSet::from([key(0)]));
    assert!(!flow.is_wanted(batch.id));
    flow.give_up(batch.id);
    assert!(!flow.has_in_flight(&BTreeSet::from([key(0)])) && !flow.is_valid(&batch));
    assert_eq!(flow.rewind_due(), Some(BTreeSet::from([key(0), key(1)])));
    let (mut flow, batch) = taken();
    flow.end();
    assert!(!flow.is_wanted(batch.id));
    let (mut flow, batch) = taken();
    flow.begin_commit(&batch);
    flow.finish_commit(&batch);
    let epoch = flow.epoch;
    flow.give_up(batch.id);
    assert_eq!(flow.epoch, epoch, "what is committed is not given up");
}

#[test]
fn a_batch_that_has_taken_in_others_ends_them_too() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), Some(0)), (key(1), Some(0))]);
    let mut taken = [0, 1, 0].into_iter().zip([0, 0, 1]).map(|(partition, offset)| {
        assert!(flow.accept(record(partition, offset), 0));
        flow.take_batch(0).unwrap()
    });
    let (mut batch, second) = (taken.next().unwrap(), taken.next().unwrap());
    let later = taken.next().unwrap();
    assert_eq!(batch.join(second), None);
    assert!(flow.begin_commit(&batch));
    flow.finish_commit(&batch);
    let committed = |flow: &FlowState, partition| flow.partitions()[&key(partition)].committed;
    assert_eq!((committed(&flow, 0), committed(&flow, 1)), (Some(1), Some(1)));
    assert!(!flow.has_in_flight(&BTreeSet::from([key(1)])));
    assert!(flow.is_valid(&later), "what was not taken in is still on its way");
}

#[test]
fn a_full_intake_has_room_once_a_batch_is_taken() {
    let mut flow = FlowState::new(limits());
    flow.assign([(key(0), None)]);
    assert!((0..10).all(|offset| flow.accept(record(0, offset), 0)) && flow.is_full());
    flow.take_batch(0);
    assert!(!flow.is_full() && flow.pause_change().is_none());
    assert!((10..13).all(|offset| flow.accept(record(0, offset), 0)));
    assert!(flow.is_full() && flow.pause_change() == Some(true));
    assert!(!flow.is_full(), "who is paused waits for nothing more");
}
