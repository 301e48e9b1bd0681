//! The worker under test, as a process of its own.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use super::cluster::DEADLINE;
use super::cluster::Topics;

/// The worker that was built with this test.
pub const OURS: &str = env!("CARGO_BIN_EXE_dateline");

pub struct Worker {
    child: Child,
    reader: Option<JoinHandle<()>>,
    _directory: tempfile::TempDir,
    log: Arc<Mutex<String>>,
    pub admin: String,
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a test sets beside the defaults: TOML for `[kafka]`, and for the rest of the file.
#[derive(Clone, Copy, Default)]
pub struct Settings<'s> {
    pub kafka: &'s str,
    pub rest: &'s str,
    pub arguments: &'s [&'s str],
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A configuration for these topics; `kafka` and `rest` as in `Settings`.
pub fn configuration(topics: &Topics, kafka: &str, rest: &str) -> String {
    format!(
        "[kafka]\nbootstrap_servers = \"{}\"\ngroup_id = \"{}\"\ninput_topics = [\"{}\"]\noutput_topic = \"{}\"\n\
         dead_letter_topic = \"{}\"\n{kafka}\n[names]\nmodel = \"fast\"\n{rest}\n",
        topics.bootstrap, topics.group, topics.input, topics.output, topics.dead,
    )
}

impl Worker {
    pub fn start(topics: &Topics, settings: Settings<'_>) -> Self {
        Self::start_in(topics, settings, &[])
    }

    /// With these variables in its environment.
    pub fn start_in(topics: &Topics, settings: Settings<'_>, environment: &[(&str, &str)]) -> Self {
        Self::launch(OURS, topics, settings, environment)
    }

    /// The worker of another build, by the path of its program.
    pub fn launch(
        program: &str,
        topics: &Topics,
        settings: Settings<'_>,
        environment: &[(&str, &str)],
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("dateline.toml");
        let admin = format!("127.0.0.1:{}", free_port());
        let rest = format!("[admin]\nlisten = \"{admin}\"\n{}", settings.rest);
        std::fs::write(&file, configuration(topics, settings.kafka, &rest)).unwrap();
        let child = Command::new(program)
            .arg("run")
            .arg("--config")
            .arg(&file)
            .args(settings.arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut worker = Self {
            child,
            reader: None,
            _directory: directory,
            log: Arc::default(),
            admin,
        };
        worker.drain();
        worker
    }

    /// Keeps stderr flowing to the test's own and to `log`, so that the worker never blocks on it.
    fn drain(&mut self) {
        let stderr = self.child.stderr.take().unwrap();
        let (pid, log) = (self.child.id(), Arc::clone(&self.log));
        self.reader = Some(std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                eprintln!("[worker {pid}] {line}");
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        }));
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A signal, by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until the worker has logged this.
    pub fn await_log(&mut self, part: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.log.lock().unwrap().contains(part) {
            assert!(self.is_running(), "the worker ended before it logged {part:?}");
            assert!(
                Instant::now() < deadline,
                "the worker did not log {part:?} within {DEADLINE:?}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, then its exit code.
    pub fn terminate(self) -> i32 {
        self.signal("TERM");
        self.wait()
    }

    pub fn wait(self) -> i32 {
        self.wait_with_log().0
    }

    /// Its exit code, and all that it logged.
    pub fn wait_with_log(mut self) -> (i32, String) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.reader.take().unwrap().join().unwrap();
                return (status.code().unwrap_or(-1), self.log.lock().unwrap().clone());
            }
            assert!(
                Instant::now() < deadline,
                "the worker did not end within {DEADLINE:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A sample of `/metrics`, by its name and labels as they are written there.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let (_, metrics) = self.get("/metrics")?;
        let line = metrics
            .lines()
            .find(|l| l.strip_prefix(name).is_some_and(|l| l.starts_with(' ')))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// Waits until a sample is at least `least`.
    pub fn await_metric(&self, name: &str, least: f64) -> f64 {
        self.await_value(name, |value| value >= least)
    }

    /// Waits until the metric has a value that fits.
    pub fn await_value(&self, name: &str, fits: impl Fn(f64) -> bool) -> f64 {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.metric(name) {
                Some(value) if fits(value) => return value,
                seen => assert!(Instant::now() < deadline, "{name} is {seen:?}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether it has logged this.
    pub fn has_logged(&self, part: &str) -> bool {
        self.log.lock().unwrap().contains(part)
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// GET on the admin port: status and body, or `None` while it does not answer.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(&self.admin).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: dateline\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
    }

    pub fn await_ready(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        while !matches!(self.get("/readyz"), Some((200, _))) {
            assert!(self.is_running(), "the worker ended before it was ready");
            assert!(
                Instant::now() < deadline,
                "the worker was not ready within {DEADLINE:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
