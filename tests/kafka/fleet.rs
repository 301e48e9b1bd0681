//! The workers of one group, each started again when it ends.

use super::cluster::Topics;
use super::worker::OURS;
use super::worker::Settings;
use super::worker::Worker;

/// Batches small enough that many are in flight; on a machine that is busy with more than this, a stop takes long.
const REST: &str = "[worker]\nbatch_records_max = 100\nbatch_wait_ms = 50\nshutdown_deadline_ms = 90000\n\
                    [log]\nlevel = \"warn,dateline=info\"\n";

pub struct Fleet<'t> {
    topics: &'t Topics,
    members: Vec<Member>,
    workers: Vec<Worker>,
    /// How often one ended by itself, asking to be started again.
    pub restarts: usize,
}

/// What is started, and started again.
struct Member {
    program: String,
    /// What it has under `[kafka]`.
    kafka: String,
}

impl Member {
    fn start(&self, topics: &Topics) -> Worker {
        let settings = Settings {
            kafka: &self.kafka,
            rest: REST,
            arguments: &[],
        };
        Worker::launch(&self.program, topics, settings, &[])
    }
}

impl<'t> Fleet<'t> {
    /// Starts a worker for each of these settings.
    pub fn start(topics: &'t Topics, kafka: impl IntoIterator<Item = String>) -> Self {
        Self::start_as(OURS, topics, kafka)
    }

    /// With workers of another build, by the path of their program.
    pub fn start_as(program: &str, topics: &'t Topics, kafka: impl IntoIterator<Item = String>) -> Self {
        let mut fleet = Self {
            topics,
            members: Vec::new(),
            workers: Vec::new(),
            restarts: 0,
        };
        kafka.into_iter().for_each(|kafka| fleet.add(program, kafka));
        fleet
    }

    /// Waits until all are ready.
    pub fn await_ready(&mut self) {
        self.workers.iter_mut().for_each(Worker::await_ready);
    }

    pub fn worker(&mut self, member: usize) -> &mut Worker {
        &mut self.workers[member]
    }

    /// `kill -9`, and a new process in its place.
    pub fn kill(&mut self, member: usize) {
        self.replace(member).kill();
    }

    /// SIGTERM, and a new process in its place.
    pub fn restart(&mut self, member: usize) {
        let old = self.workers.remove(member);
        self.end(old);
        self.workers
            .insert(member, self.members[member].start(self.topics));
    }

    /// The same, with a process of another build.
    pub fn restart_as(&mut self, program: &str, member: usize) {
        program.clone_into(&mut self.members[member].program);
        self.restart(member);
    }

    /// Starts those again that ended by themselves with the code that asks for it; any other code is a failure.
    pub fn revive(&mut self) {
        for member in 0..self.workers.len() {
            if !self.workers[member].is_running() {
                let (code, log) = self.replace(member).wait_with_log();
                assert_eq!(code, 70, "{log}");
                self.restarts += 1;
            }
        }
    }

    /// One more member.
    pub fn join(&mut self, kafka: String) {
        self.add(OURS, kafka);
    }

    fn add(&mut self, program: &str, kafka: String) {
        let program = program.to_owned();
        let member = Member { program, kafka };
        self.workers.push(member.start(self.topics));
        self.members.push(member);
    }

    /// The last member goes, by SIGTERM.
    pub fn leave(&mut self) {
        self.members.pop();
        let last = self.workers.pop().unwrap();
        self.end(last);
    }

    /// All go, by SIGTERM.
    pub fn terminate(mut self) -> usize {
        while !self.workers.is_empty() {
            self.leave();
        }
        self.restarts
    }

    fn end(&mut self, mut worker: Worker) {
        if worker.is_running() {
            worker.signal("TERM");
        }
        let (code, log) = worker.wait_with_log();
        match code {
            0 => {}
            70 => self.restarts += 1,
            _ => panic!("exit code {code}\n{log}"),
        }
    }

    fn replace(&mut self, member: usize) -> Worker {
        let new = self.members[member].start(self.topics);
        std::mem::replace(&mut self.workers[member], new)
    }
}
