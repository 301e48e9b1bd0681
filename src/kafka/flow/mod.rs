//! The state that the poll thread, the rebalance callback and the sink share: assignment, epoch, intake and
//! what is in flight.
//! A plain state machine behind one lock; never calls Kafka, never waits.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

use crate::record::Batch;
use crate::record::Header;
use crate::record::Origin;
use crate::record::PartitionKey;
use crate::record::Record;

/// How large a batch may grow, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct FlowLimits {
    /// Most records of a batch.
    pub batch_records_max: usize,
    /// Most bytes of a batch; one larger record is a batch of its own.
    pub batch_bytes_max: usize,
    /// Longest that the oldest waiting record waits for a batch to fill, in milliseconds.
    pub batch_wait_ms: u64,
    /// Intake is paused where what waits takes this many bytes.
    pub intake_bytes_max: usize,
    /// And resumed at this many: far below, since every pause drops what the client had fetched.
    pub intake_bytes_resume: usize,
}

/// What we know of one assigned partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionState {
    /// Next offset to commit, as the group knows it; `None` before the first commit.
    pub committed: Option<i64>,
    /// Offset of the first record read since the partition was assigned.
    pub first: Option<i64>,
    /// Offset to read next: after the last record read, or where reading was told to begin.
    pub position: Option<i64>,
    /// The widest jump of offsets that nobody has judged yet.
    pub jump: Option<Jump>,
}

/// Offsets that were passed over: transaction markers and compaction do that, and so does retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// The offset that was expected.
    pub expected: i64,
    /// The offset that came.
    pub offset: i64,
}

impl Jump {
    const fn width(&self) -> i64 {
        self.offset - self.expected
    }
}

/// Why a record stands elsewhere than was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// The group has committed nothing: reading starts here.
    NoCommittedOffset,
    /// Reading went back: the expected offset, given here, is beyond the end of the partition.
    Back(i64),
}

/// A batch that is neither committed nor dropped.
#[derive(Debug)]
struct InFlight {
    /// Offset to commit for each of its partitions.
    offsets: BTreeMap<PartitionKey, i64>,
    records: usize,
    bytes: usize,
}

/// What a waiting record takes beside its key, value and headers' bytes.
const RECORD_BYTES: usize = size_of::<(Record, u64)>();
const HEADER_BYTES: usize = size_of::<Header>();

/// What a waiting record takes in all. Tombstones have no bytes, but there may be millions of them.
fn held_bytes(record: &Record) -> usize {
    record.bytes() + RECORD_BYTES + record.headers.len() * HEADER_BYTES
}

/// Assignment, epoch, intake and work in flight.
#[derive(Debug)]
pub struct FlowState {
    limits: FlowLimits,
    epoch: u64,
    batches_made: u64,
    partitions: BTreeMap<PartitionKey, PartitionState>,
    notes: Vec<String>,
    intake: VecDeque<(Record, u64)>,
    intake_bytes: usize,
    intake_held: usize,
    in_flight: BTreeMap<u64, InFlight>,
    committing: Option<u64>,
    /// Partitions that are about to be taken from us.
    revoking: BTreeSet<PartitionKey>,
    rewind: bool,
    paused: bool,
    joined: bool,
    between: bool,
    ended: bool,
}

impl FlowState {
    /// Nothing assigned, nothing in flight.
    pub fn new(limits: FlowLimits) -> Self {
        Self {
            limits,
            epoch: 1,
            batches_made: 0,
            partitions: BTreeMap::new(),
            notes: Vec::new(),
            intake: VecDeque::new(),
            intake_bytes: 0,
            intake_held: 0,
            in_flight: BTreeMap::new(),
            committing: None,
            revoking: BTreeSet::new(),
            rewind: false,
            paused: false,
            joined: false,
            between: false,
            ended: false,
        }
    }

    /// Partitions were assigned, with what the group had committed for each.
    pub fn assign(&mut self, partitions: impl IntoIterator<Item = (PartitionKey, Option<i64>)>) {
        self.joined = true;
        self.between = false;
        for (key, committed) in partitions {
            self.partitions.insert(
                key,
                PartitionState {
                    committed,
                    position: committed,
                    ..PartitionState::default()
                },
            );
        }
    }

    /// The notes that were committed with the offsets of the partitions assigned last.
    pub fn keep_notes(&mut self, notes: Vec<String>) {
        self.notes = notes;
    }

    /// The notes kept.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// First half of a revoke: records of these partitions that no batch has taken are discarded.
    pub fn stop_intake(&mut self, revoked: &BTreeSet<PartitionKey>) {
        self.revoking.clone_from(revoked);
        self.intake
            .retain(|(record, _)| !revoked.contains(&record.origin.key()));
        self.intake_bytes = self.intake.iter().map(|(record, _)| record.bytes()).sum();
        self.intake_held = self.intake.iter().map(|(record, _)| held_bytes(record)).sum();
    }

    /// True while a batch with records of these partitions is neither committed nor dropped.
    pub fn has_in_flight(&self, revoked: &BTreeSet<PartitionKey>) -> bool {
        self.in_flight
            .values()
            .any(|batch| batch.offsets.keys().any(|key| revoked.contains(key)))
    }

    /// Second half of a revoke, and all of a loss: the partitions are no longer ours. Work in flight that
    /// touches them is dropped,
    /// and with it everything in flight, so that no later batch can pass a dropped one; what we keep is
    /// read again.
    pub fn release(&mut self, revoked: &BTreeSet<PartitionKey>) {
        if self.has_in_flight(revoked) {
            self.drop_uncommitted();
        }
        self.stop_intake(revoked);
        self.revoking.clear();
        self.partitions.retain(|key, _| !revoked.contains(key));
    }

    /// All partitions were taken from us, and the group will say which we hold next.
    pub const fn await_assignment(&mut self) {
        self.between = true;
    }

    /// True while all partitions were taken from us, and the group has not said which we hold next.
    pub const fn is_between(&self) -> bool {
        self.between
    }

    /// True once the group has said what we hold, be it nothing, and is not about to say it anew.
    pub const fn is_assigned(&self) -> bool {
        self.joined && !self.between
    }

    /// Ends the epoch: nothing uncommitted counts any longer, and the partitions we hold must be sought back.
    pub fn drop_uncommitted(&mut self) {
        self.epoch += 1;
        self.in_flight.clear();
        self.intake.clear();
        self.intake_bytes = 0;
        self.intake_held = 0;
        self.rewind = !self.partitions.is_empty();
    }

    /// Compares the offset of a polled record with the one expected; to be asked before `accept`. A jump ahead
    /// is kept until `take_widest_jump`, since only the broker knows what was there.
    pub fn check_offset(&mut self, origin: &Origin) -> Option<Reset> {
        let discarding = self.rewind || self.ended;
        let partition = self.partitions.get_mut(&origin.key())?;
        let Some(expected) = partition.position else {
            return partition.first.is_none().then_some(Reset::NoCommittedOffset);
        };
        if discarding || origin.offset == expected {
            return None;
        }
        if origin.offset < expected {
            return Some(Reset::Back(expected));
        }
        let jump = Jump {
            expected,
            offset: origin.offset,
        };
        if partition.jump.is_none_or(|widest| widest.width() < jump.width()) {
            partition.jump = Some(jump);
        }
        None
    }

    /// The widest jump of all partitions, once.
    pub fn take_widest_jump(&mut self) -> Option<(PartitionKey, Jump)> {
        let (key, partition) = self
            .partitions
            .iter_mut()
            .filter(|(_, partition)| partition.jump.is_some())
            .max_by_key(|(_, partition)| partition.jump.map(|jump| jump.width()))?;
        Some((key.clone(), partition.jump.take()?))
    }

    /// A record was polled. False where it is discarded: its partition is not ours, or a rewind is due.
    pub fn accept(&mut self, record: Record, now_ms: u64) -> bool {
        let Some(partition) = self.partitions.get_mut(&record.origin.key()) else {
            return false;
        };
        // Noted even where the record is discarded: without a committed offset the rewind goes back to here.
        partition.first.get_or_insert(record.origin.offset);
        if self.rewind || self.ended {
            return false;
        }
        partition.position = Some(record.origin.offset + 1);
        self.intake_bytes += record.bytes();
        self.intake_held += held_bytes(&record);
        self.intake.push_back((record, now_ms));
        true
    }

    /// The next batch, if one is full, or the oldest record has waited long enough, or no more will come.
    pub fn take_batch(&mut self, now_ms: u64) -> Option<Batch> {
        let (_, oldest_ms) = self.intake.front()?;
        if !self.has_full_batch() && now_ms.saturating_sub(*oldest_ms) < self.limits.batch_wait_ms {
            return None;
        }
        let mut records = Vec::with_capacity(self.intake.len().min(self.limits.batch_records_max));
        let mut bytes = 0;
        while let Some((record, _)) = self.intake.front() {
            let more = record.bytes();
            let fits =
                records.len() < self.limits.batch_records_max && bytes + more <= self.limits.batch_bytes_max;
            if !records.is_empty() && !fits {
                break;
            }
            bytes += more;
            self.intake_held -= held_bytes(record);
            records.extend(self.intake.pop_front().map(|(record, _)| record));
        }
        self.intake_bytes -= bytes;
        self.batches_made += 1;
        let batch = Batch {
            id: self.batches_made,
            epoch: self.epoch,
            records,
            bytes,
        };
        let (offsets, records, bytes) = (batch.next_offsets(), batch.records.len(), batch.bytes);
        self.in_flight.insert(
            batch.id,
            InFlight {
                offsets,
                records,
                bytes,
            },
        );
        Some(batch)
    }

    /// True where a batch could be taken without waiting.
    pub fn has_full_batch(&self) -> bool {
        self.intake.len() >= self.limits.batch_records_max || self.intake_bytes >= self.limits.batch_bytes_max
    }

    /// A commit of `batch` may begin; from now until `finish_commit` or `fail_commit` it stands between
    /// check and end.
    pub fn begin_commit(&mut self, batch: &Batch) -> bool {
        let valid = self.is_valid(batch);
        // A batch that is tried again after its epoch ended stands no longer, and no rewind waits for it.
        self.committing = valid.then_some(batch.id);
        valid
    }

    /// True while the batch's epoch lasts.
    pub fn is_valid(&self, batch: &Batch) -> bool {
        batch.epoch == self.epoch && self.in_flight.contains_key(&batch.id)
    }

    /// True while the batch of this id should be committed: its epoch lasts, nobody is about to take its partitions,
    /// and the worker goes on.
    pub fn is_wanted(&self, id: u64) -> bool {
        let batch = self.in_flight.get(&id).filter(|_| !self.ended);
        batch.is_some_and(|batch| !batch.offsets.keys().any(|key| self.revoking.contains(key)))
    }

    /// The batch of this id will not be committed, and nothing that came after it: it is read again.
    pub fn give_up(&mut self, id: u64) {
        if self.in_flight.contains_key(&id) {
            self.drop_uncommitted();
        }
    }

    /// The batch, and with it those that it has taken in, is delivered and its offsets are committed.
    pub fn finish_commit(&mut self, batch: &Batch) {
        self.committing = None;
        let later = self.in_flight.split_off(&(batch.id + 1));
        for InFlight { offsets, .. } in std::mem::replace(&mut self.in_flight, later).into_values() {
            for (key, next) in offsets {
                if let Some(partition) = self.partitions.get_mut(&key) {
                    partition.committed = Some(next);
                }
            }
        }
    }

    /// The commit failed: nothing uncommitted counts, and what we hold is read again.
    pub fn fail_commit(&mut self) {
        self.committing = None;
        self.drop_uncommitted();
    }

    /// The partitions to seek back; `None` where no rewind is due, or a commit still stands between check and
    /// end, whose result decides where to go back to.
    pub fn rewind_due(&self) -> Option<BTreeSet<PartitionKey>> {
        (self.rewind && self.committing.is_none()).then(|| self.partitions.keys().cloned().collect())
    }

    /// Where to seek, given what the group has committed: there, or else to the first record we read. Nothing was
    /// read yet of a partition that is missing here.
    pub fn rewind_targets(&mut self, committed: &BTreeMap<PartitionKey, i64>) -> Vec<(PartitionKey, i64)> {
        let mut targets = Vec::new();
        for (key, state) in &mut self.partitions {
            state.committed = committed.get(key).copied().or(state.committed);
            targets.extend(
                state
                    .committed
                    .or(state.first)
                    .map(|offset| (key.clone(), offset)),
            );
        }
        targets
    }

    /// The partitions were sought back to these offsets; reading goes on.
    pub fn rewound(&mut self, offsets: &[(PartitionKey, i64)]) {
        for (key, offset) in offsets {
            if let Some(partition) = self.partitions.get_mut(key) {
                partition.position = Some(*offset);
            }
        }
        self.rewind = false;
    }

    /// Whether intake must be paused (`Some(true)`), may go on (`Some(false)`), or stays as it is.
    pub fn pause_change(&mut self) -> Option<bool> {
        if self.is_full() {
            self.paused = true;
            return Some(true);
        }
        if self.paused && self.intake_held <= self.limits.intake_bytes_resume {
            self.paused = false;
            return Some(false);
        }
        None
    }

    /// True where intake would be paused next.
    pub const fn is_full(&self) -> bool {
        !self.paused && self.intake_held >= self.limits.intake_bytes_max
    }

    /// The last change could not be made; `pause_change` says so again.
    pub const fn pause_failed(&mut self) {
        self.paused = !self.paused;
    }

    /// No more records will come; what no batch has taken is discarded and read again by the next owner.
    pub fn end(&mut self) {
        self.ended = true;
        self.intake.clear();
        self.intake_bytes = 0;
        self.intake_held = 0;
    }

    /// Nobody will commit what is in flight any more: it is left to the next owner.
    pub fn abandon(&mut self) {
        self.committing = None;
        self.drop_uncommitted();
    }

    /// True once `end` was called.
    pub const fn is_ended(&self) -> bool {
        self.ended
    }

    /// True while intake is paused.
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// True once the group has given us an assignment, be it empty.
    pub const fn is_joined(&self) -> bool {
        self.joined
    }

    /// True while every record read of this partition is committed. Never in a pause: what the client had fetched by
    /// then is fetched once more.
    pub fn is_drained(&self, key: &PartitionKey) -> bool {
        let is_done = |state: &PartitionState| state.committed == state.position;
        !self.rewind && !self.paused && self.partitions.get(key).is_none_or(is_done)
    }

    /// The assigned partitions.
    pub const fn partitions(&self) -> &BTreeMap<PartitionKey, PartitionState> {
        &self.partitions
    }

    /// Read and not yet committed, waiting or in work: (records, bytes), and the batches in work.
    pub fn load(&self) -> (usize, usize, usize) {
        let records: usize = self.in_flight.values().map(|batch| batch.records).sum();
        let bytes: usize = self.in_flight.values().map(|batch| batch.bytes).sum();
        (
            self.intake.len() + records,
            self.intake_bytes + bytes,
            self.in_flight.len(),
        )
    }
}

#[cfg(test)]
mod group_tests;
#[cfg(test)]
mod tests;
