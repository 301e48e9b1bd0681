//! Workers with a live page: the demo, and `dateline run` on an embedded broker. Ended with the test.

use std::fs;
use std::net::TcpListener;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use dateline::kafka::embedded::EmbeddedBroker;
use tempfile::TempDir;

/// The token of `Worker::run`.
pub const TOKEN: &str = "correct-horse-battery-staple";

/// A worker; killed at the end of the test.
pub struct Worker {
    child: Child,
    pub url: String,
    behind: Option<(EmbeddedBroker, TempDir)>,
}

impl Worker {
    /// `dateline demo`, which ends by itself if the test should not.
    pub fn demo() -> Self {
        let address = free_address();
        let arguments = ["demo", "--rate", "20", "--for", "10m", "--listen", &address];
        Self::start(&arguments, &address, None)
    }

    /// `dateline run` with a token and without articles, on a broker of its own.
    pub fn run() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        fs::write(&token, format!("{TOKEN}\n")).unwrap();
        let settings = format!("[admin]\ntoken_file = \"{}\"\n", token.display());
        Self::on_a_broker(folder, &settings)
    }

    /// `dateline run` with articles, published like this, on a broker of its own that has read some samples.
    pub fn publishing(output: &str) -> Self {
        let settings = format!("[output]\n{output}\n[admin]\nshow_articles = true\n");
        let worker = Self::on_a_broker(tempfile::tempdir().unwrap(), &settings);
        let (broker, _) = worker.behind.as_ref().unwrap();
        let fed = Command::new(env!("CARGO_BIN_EXE_dateline"))
            .args([
                "feed",
                "--kafka",
                &broker.bootstrap_servers(),
                "--rate",
                "20",
                "--for",
                "2s",
            ])
            .stdout(Stdio::null())
            .status();
        assert!(fed.unwrap().success());
        worker
    }

    /// `settings` end with the section `[admin]`.
    fn on_a_broker(folder: TempDir, settings: &str) -> Self {
        let address = free_address();
        let config = folder.path().join("dateline.toml");
        let broker =
            EmbeddedBroker::start(&["articles.raw", "articles.enriched", "articles.dead"], 3).unwrap();
        let text = format!(
            "[kafka]\nbootstrap_servers = \"{}\"\ndelivery = \"at-least-once\"\nrequest_timeout_ms = 1000\n\
             {settings}listen = \"{address}\"\n",
            broker.bootstrap_servers(),
        );
        fs::write(&config, text).unwrap();
        let arguments = ["run", "--config", config.to_str().unwrap()];
        Self::start(&arguments, &address, Some((broker, folder)))
    }

    fn start(arguments: &[&str], address: &str, behind: Option<(EmbeddedBroker, TempDir)>) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_dateline"))
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut worker = Self {
            child,
            url: format!("http://{address}/"),
            behind,
        };
        for _ in 0..600 {
            if std::net::TcpStream::connect(address).is_ok() {
                return worker;
            }
            assert!(worker.child.try_wait().unwrap().is_none(), "the worker ended");
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the worker does not listen at {address}");
    }

    pub fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_address() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    free.to_string()
}
