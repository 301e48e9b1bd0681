//! The workers of one group, each started again when it ends.

use super::cluster::Topics;
use super::worker::Settings;
use super::worker::Worker;

/// Batches small enough that many are in flight; on a machine that is busy with more than this, a stop takes long.
const REST: &str = "[worker]\nbatch_records_max = 100\nbatch_wait_ms = 50\nshutdown_deadline_ms = 90000\n\
                    [log]\nlevel = \"warn,dateline=info\"\n";

pub struct Fleet<'t> {
    topics: &'t Topics,
    /// What each has under `[kafka]`.
    kafka: Vec<String>,
    workers: Vec<Worker>,
    /// How often one ended by itself, asking to be started again.
    pub restarts: usize,
}

impl<'t> Fleet<'t> {
    /// Starts a worker for each of these settings.
    pub fn start(topics: &'t Topics, kafka: impl IntoIterator<Item = String>) -> Self {
        let kafka: Vec<String> = kafka.into_iter().collect();
        let workers = kafka.iter().map(|kafka| start(topics, kafka)).collect();
        Self {
            topics,
            kafka,
            workers,
            restarts: 0,
        }
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
            .insert(member, start(self.topics, &self.kafka[member]));
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
        self.workers.push(start(self.topics, &kafka));
        self.kafka.push(kafka);
    }

    /// The last member goes, by SIGTERM.
    pub fn leave(&mut self) {
        self.kafka.pop();
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
        let new = start(self.topics, &self.kafka[member]);
        std::mem::replace(&mut self.workers[member], new)
    }
}

fn start(topics: &Topics, kafka: &str) -> Worker {
    let settings = Settings {
        kafka,
        rest: REST,
        arguments: &[],
    };
    Worker::start(topics, settings)
}
