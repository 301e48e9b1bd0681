//! A cluster of three brokers of its own, of which each can be stopped, killed, put to sleep and started again. They
//! end with the test process.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::Consumer;

use crate::cluster::DEADLINE;
use crate::oracle::Dice;

pub const COUNT: usize = 3;
/// Kafka's own topics: one partition each, whose leader is the coordinator of everything.
pub const GROUPS: &str = "__consumer_offsets";
pub const TRANSACTIONS: &str = "__transaction_state";

struct Broker {
    directory: PathBuf,
    /// Runs the broker until its standard input ends.
    script: Option<Child>,
}

pub struct Brokers {
    brokers: Vec<Broker>,
    ports: Vec<u16>,
    _directory: tempfile::TempDir,
}

impl Brokers {
    /// Starts the three.
    pub fn start() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("brokers")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap();
        let ports = free_ports(3 * COUNT);
        let brokers = (0..COUNT).map(|id| Broker {
            directory: directory.path().join(format!("broker-{id}")),
            script: None,
        });
        let mut cluster = Self {
            brokers: brokers.collect(),
            ports,
            _directory: directory,
        };
        for id in 0..COUNT {
            let home = &cluster.brokers[id].directory;
            fs::create_dir_all(home).unwrap();
            fs::write(home.join("properties"), cluster.settings(id)).unwrap();
        }
        // Together: one alone has no majority, and is never ready.
        for broker in &mut cluster.brokers {
            broker.spawn();
        }
        for id in 0..COUNT {
            cluster.await_ready(id);
        }
        cluster
    }

    pub fn bootstrap(&self) -> String {
        let addresses: Vec<_> = self.ports[..COUNT]
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        addresses.join(",")
    }

    /// The port that broker `id` tells clients which come by its proxy, and the one that it listens on for them.
    pub fn proxied(&self, id: usize) -> (u16, u16) {
        (proxy_port(self.ports[2 * COUNT + id]), self.ports[2 * COUNT + id])
    }

    pub fn proxied_bootstrap(&self) -> String {
        let addresses: Vec<_> = (0..COUNT)
            .map(|id| format!("127.0.0.1:{}", self.proxied(id).0))
            .collect();
        addresses.join(",")
    }

    /// A clean stop.
    pub fn stop(&mut self, id: usize) {
        let mut script = self.brokers[id].script.take().unwrap();
        drop(script.stdin.take());
        assert!(script.wait().unwrap().success());
    }

    /// `kill -9`.
    pub fn kill(&mut self, id: usize) {
        self.signal(id, "KILL");
        self.stop(id);
    }

    pub fn start_again(&mut self, id: usize) {
        self.brokers[id].spawn();
        self.await_ready(id);
    }

    /// A signal, by its name.
    pub fn signal(&self, id: usize, name: &str) {
        let pid = fs::read_to_string(self.brokers[id].directory.join("pid")).unwrap();
        let status = Command::new("kill").args(["-s", name, pid.trim()]).status();
        assert!(status.unwrap().success());
    }

    /// Who leads partition 0 of a topic.
    pub fn leader(&self, topic: &str) -> usize {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.bootstrap())
            .create()
            .unwrap();
        let deadline = Instant::now() + DEADLINE;
        loop {
            let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10));
            let leader = metadata
                .ok()
                .and_then(|m| Some(m.topics().first()?.partitions().first()?.leader()));
            if let Some(id @ 0..) = leader {
                return usize::try_from(id).unwrap();
            }
            assert!(Instant::now() < deadline, "{topic} has no leader");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until a broker that was started prints `ready`.
    fn await_ready(&mut self, id: usize) {
        let script = self.brokers[id].script.as_mut().unwrap();
        let mut line = String::new();
        BufReader::new(script.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n", "broker {id} did not start");
    }

    fn settings(&self, id: usize) -> String {
        let voters: Vec<_> = (0..COUNT)
            .map(|id| format!("{id}@127.0.0.1:{}", self.ports[COUNT + id]))
            .collect();
        let (direct, controller) = (self.ports[id], self.ports[COUNT + id]);
        let (advertised, proxied) = self.proxied(id);
        format!(
            "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
inter.broker.listener.name=DIRECT
listeners=DIRECT://127.0.0.1:{direct},PROXIED://127.0.0.1:{proxied},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=DIRECT://127.0.0.1:{direct},PROXIED://127.0.0.1:{advertised}
listener.security.protocol.map=DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.coordinator.rebalance.protocols=classic,consumer
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=1000
replica.lag.time.max.ms=5000
controlled.shutdown.enable=true
",
            voters = voters.join(","),
        )
    }
}

impl Broker {
    fn spawn(&mut self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka.sh");
        let child = Command::new(script)
            .arg("serve")
            .arg(self.directory.join("properties"))
            .env("KAFKA_SERVE_DIR", &self.directory)
            // Any 16 bytes, in base 64.
            .env("KAFKA_CLUSTER_ID", "ZGF0ZWxpbmUtcHJvb2ZzIQ")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        self.script = Some(child.unwrap());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut script) = self.script.take() {
            // One that sleeps hears nothing.
            if let Ok(pid) = fs::read_to_string(self.directory.join("pid")) {
                drop(Command::new("kill").args(["-s", "CONT", pid.trim()]).status());
            }
            drop(script.stdin.take());
            drop(script.wait());
        }
    }
}

/// Below those that the system hands out by itself, so that a broker finds its port free when it comes back.
fn free_ports(count: usize) -> Vec<u16> {
    let mut dice = Dice::anew();
    let mut held: Vec<TcpListener> = Vec::new();
    while held.len() < count {
        let port = 20_000 + u16::try_from(dice.below(10_000)).unwrap();
        // The proxy's port goes with it.
        if let (Ok(listener), Ok(_)) = (
            TcpListener::bind(("127.0.0.1", port)),
            TcpListener::bind(("127.0.0.1", proxy_port(port))),
        ) {
            held.push(listener);
        }
    }
    held.iter()
        .map(|port| port.local_addr().unwrap().port())
        .collect()
}

/// Where the proxy of a listener stands.
fn proxy_port(port: u16) -> u16 {
    port - 10_000
}
