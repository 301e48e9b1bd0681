//! The flow against a model of a whole group: two members and a broker that knows generations, transactions and stable
//! offsets. Whatever the order of assign, revoke in time and too late, loss unknown to who lost, answers that are lost,
//! failure, death and commit: every record is committed once, and no offset passes an uncommitted record.

use proptest::prelude::*;

use super::tests::key;
use super::tests::limits;
use super::tests::record;
use super::*;

const PARTITIONS: usize = 3;
const RECORDS: i64 = 8;
const MEMBERS: usize = 2;

/// What happens to a member, or to one of its partitions.
#[derive(Debug, Clone, Copy)]
enum Event {
    Assign(usize),
    /// Its batches are done before it goes.
    Revoke(usize),
    /// The deadline passed first.
    RevokeLate(usize),
    /// The group gave it up; it does not know yet.
    Lose,
    /// Now it does.
    Learn,
    Poll(usize),
    Take,
    /// Two batches that wait go as one.
    Join,
    Begin,
    /// Offsets into the transaction.
    Send,
    Commit,
    /// The broker commits, and the answer is lost.
    CommitUnheard,
    Abort,
    Rewind,
    Die,
    /// The transactions of the dead are aborted.
    Expire,
}

fn event() -> impl Strategy<Value = Event> {
    let partition = || 0..PARTITIONS;
    prop_oneof![
        4 => partition().prop_map(Event::Assign),
        1 => partition().prop_map(Event::Revoke),
        1 => partition().prop_map(Event::RevokeLate),
        1 => Just(Event::Lose),
        2 => Just(Event::Learn),
        12 => partition().prop_map(Event::Poll),
        6 => Just(Event::Take),
        2 => Just(Event::Join),
        6 => Just(Event::Begin),
        6 => Just(Event::Send),
        5 => Just(Event::Commit),
        1 => Just(Event::CommitUnheard),
        1 => Just(Event::Abort),
        4 => Just(Event::Rewind),
        1 => Just(Event::Die),
        1 => Just(Event::Expire),
    ]
}

/// A batch between the check of its epoch and the end of its transaction.
struct Standing {
    batch: Batch,
    /// As which generation it sends its offsets; none where the group has given the member up.
    generation: Option<u64>,
    sent: bool,
}

struct Member {
    flow: FlowState,
    position: [i64; PARTITIONS],
    taken: VecDeque<Batch>,
    standing: Option<Standing>,
    /// The group gave it up, and it does not know.
    given_up: bool,
}

impl Member {
    fn new() -> Self {
        Self {
            flow: FlowState::new(limits()),
            position: [0; PARTITIONS],
            taken: VecDeque::new(),
            standing: None,
            given_up: false,
        }
    }

    fn believes_to_own(&self, partition: usize) -> bool {
        self.flow.partitions().contains_key(&at(partition))
    }
}

fn at(partition: usize) -> PartitionKey {
    key(i32::try_from(partition).unwrap())
}

fn place(key: &PartitionKey) -> usize {
    usize::try_from(key.partition).unwrap()
}

/// Two members, and what the broker knows.
struct Group {
    members: [Member; MEMBERS],
    generation: u64,
    owner: [Option<usize>; PARTITIONS],
    committed: [Option<i64>; PARTITIONS],
    delivered: [[u32; RECORDS as usize]; PARTITIONS],
    /// Offsets that open transactions of the dead hold.
    held_by_the_dead: BTreeSet<usize>,
}

impl Group {
    fn new() -> Self {
        Self {
            members: std::array::from_fn(|_| Member::new()),
            generation: 1,
            owner: [None; PARTITIONS],
            committed: [None; PARTITIONS],
            delivered: [[0; RECORDS as usize]; PARTITIONS],
            held_by_the_dead: BTreeSet::new(),
        }
    }

    /// No open transaction holds offsets of it: else whoever asks for the committed offset waits.
    fn is_stable(&self, partition: usize) -> bool {
        let holds =
            |standing: &Standing| standing.sent && standing.batch.next_offsets().contains_key(&at(partition));
        !self.held_by_the_dead.contains(&partition)
            && !self.members.iter().flat_map(|member| &member.standing).any(holds)
    }

    fn give_up(&mut self, m: usize) {
        self.generation += 1;
        for owner in self.owner.iter_mut().filter(|owner| **owner == Some(m)) {
            *owner = None;
        }
    }

    fn apply(&mut self, m: usize, event: Event) {
        match event {
            Event::Assign(p) => self.assign(m, p),
            Event::Revoke(p) if self.members[m].flow.has_in_flight(&BTreeSet::from([at(p)])) => {}
            Event::Revoke(p) | Event::RevokeLate(p) if self.owner[p] == Some(m) => {
                self.members[m].flow.release(&BTreeSet::from([at(p)]));
                self.owner[p] = None;
            }
            Event::Lose if !self.members[m].given_up => {
                self.give_up(m);
                self.members[m].given_up = true;
            }
            Event::Learn if self.members[m].given_up => {
                let all = (0..PARTITIONS).map(at).collect();
                self.members[m].flow.release(&all);
                self.members[m].given_up = false;
            }
            Event::Poll(p) => self.poll(m, p),
            Event::Take => {
                let member = &mut self.members[m];
                member.taken.extend(member.flow.take_batch(0));
            }
            Event::Join => {
                let taken = &mut self.members[m].taken;
                if let Some(mut first) = taken.pop_front() {
                    let apart = taken.pop_front().and_then(|next| first.join(next));
                    for batch in apart.into_iter().chain([first]) {
                        taken.push_front(batch);
                    }
                }
            }
            Event::Begin => self.begin(m),
            Event::Send => self.send(m),
            Event::Commit => self.commit(m, true),
            Event::CommitUnheard => self.commit(m, false),
            Event::Abort if self.members[m].standing.take().is_some() => self.members[m].flow.fail_commit(),
            Event::Rewind => self.rewind(m),
            Event::Die => {
                self.give_up(m);
                let dead = std::mem::replace(&mut self.members[m], Member::new());
                let open = dead.standing.filter(|standing| standing.sent);
                let offsets = open
                    .map(|standing| standing.batch.next_offsets())
                    .unwrap_or_default();
                self.held_by_the_dead.extend(offsets.keys().map(place));
            }
            Event::Expire => self.held_by_the_dead.clear(),
            _ => {}
        }
    }

    /// A rebalance gives a free partition: every member that is not given up is of the new generation.
    fn assign(&mut self, m: usize, p: usize) {
        if self.owner[p].is_some() || self.members[m].given_up || !self.is_stable(p) {
            return;
        }
        self.generation += 1;
        self.owner[p] = Some(m);
        let member = &mut self.members[m];
        member.flow.assign([(at(p), self.committed[p])]);
        member.position[p] = self.committed[p].unwrap_or(0);
    }

    fn poll(&mut self, m: usize, p: usize) {
        let member = &mut self.members[m];
        if member.believes_to_own(p) && member.position[p] < RECORDS {
            let record = record(i32::try_from(p).unwrap(), member.position[p]);
            member.position[p] += 1;
            let reset = member.flow.check_offset(&record.origin);
            assert!(
                matches!(reset, None | Some(Reset::NoCommittedOffset)),
                "{reset:?}"
            );
            member.flow.accept(record, 0);
        }
    }

    fn begin(&mut self, m: usize) {
        let member = &mut self.members[m];
        if member.standing.is_some() {
            return;
        }
        if let Some(batch) = member.taken.pop_front()
            && member.flow.begin_commit(&batch)
        {
            member.standing = Some(Standing {
                batch,
                generation: (!member.given_up).then_some(self.generation),
                sent: false,
            });
        }
    }

    /// The coordinator checks the member and its generation, and nothing else.
    fn send(&mut self, m: usize) {
        let member = &mut self.members[m];
        let Some(standing) = member.standing.as_mut().filter(|standing| !standing.sent) else {
            return;
        };
        if standing.generation == Some(self.generation) && !member.given_up {
            standing.sent = true;
        } else {
            member.standing = None;
            member.flow.fail_commit();
        }
    }

    fn commit(&mut self, m: usize, heard: bool) {
        let member = &mut self.members[m];
        let Some(Standing { batch, .. }) = member.standing.take_if(|standing| standing.sent) else {
            return;
        };
        for record in &batch.records {
            let offset = usize::try_from(record.origin.offset).unwrap();
            self.delivered[place(&record.origin.key())][offset] += 1;
        }
        for (key, next) in batch.next_offsets() {
            self.committed[place(&key)] = Some(next);
        }
        if heard {
            member.flow.finish_commit(&batch);
        } else {
            member.flow.fail_commit();
        }
    }

    fn rewind(&mut self, m: usize) {
        let Some(due) = self.members[m].flow.rewind_due() else {
            return;
        };
        if !due.iter().all(|key| self.is_stable(place(key))) {
            return;
        }
        let known = due
            .into_iter()
            .filter_map(|key| Some((key.clone(), self.committed[place(&key)]?)))
            .collect();
        let member = &mut self.members[m];
        let targets = member.flow.rewind_targets(&known);
        for (key, offset) in &targets {
            member.position[place(key)] = *offset;
        }
        member.flow.rewound(&targets);
    }

    fn check(&self) {
        for (partition, (delivered, committed)) in self.delivered.iter().zip(&self.committed).enumerate() {
            for (offset, times) in (0..).zip(delivered) {
                let expected = u32::from(offset < committed.unwrap_or(0));
                assert_eq!(
                    *times, expected,
                    "partition {partition} offset {offset}: {committed:?}"
                );
            }
        }
    }

    /// Peace: who is given up learns of it, the dead are forgotten, and all work to the end.
    fn settle(&mut self) {
        self.apply(0, Event::Expire);
        for _ in 0..20 * RECORDS {
            for m in 0..MEMBERS {
                self.apply(m, Event::Learn);
                for partition in 0..PARTITIONS {
                    for event in [Event::Assign(partition), Event::Rewind, Event::Poll(partition)] {
                        self.apply(m, event);
                    }
                }
                for event in [Event::Take, Event::Begin, Event::Send, Event::Commit] {
                    self.apply(m, event);
                }
            }
        }
        assert_eq!(
            self.committed,
            [Some(RECORDS); PARTITIONS],
            "records were left behind"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_group_commits_every_record_once_whatever_happens(
        events in prop::collection::vec((0..MEMBERS, event()), 0..200)
    ) {
        let mut group = Group::new();
        for (member, event) in &events {
            group.apply(*member, *event);
            group.check();
        }
        group.settle();
        group.check();
    }
}
