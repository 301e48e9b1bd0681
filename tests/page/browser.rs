//! A headless Chromium with one page, driven by its debugging protocol over a pipe. Knows nothing about our page.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

/// How long an answer or a condition may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(90);

/// The browser reads messages at descriptor 3 and writes them at 4, each ended by a zero byte.
const EXEC: &str = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>\"$CHROMIUM_LOG\"";

const QUIET: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];

/// The browser, its page, and what went wrong in it so far.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    messages: mpsc::Receiver<Value>,
    last_id: u64,
    session: Option<String>,
    /// Exceptions, errors in the console, and requests that failed.
    pub problems: Vec<String>,
    profile: TempDir,
}

impl Browser {
    /// Starts the program with an empty profile, and opens `url`.
    pub fn open(program: &str, url: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", EXEC, "sh", program])
            .args(QUIET)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("CHROMIUM_LOG", profile.path().join("log"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let read = serde_json::from_slice(&message).unwrap();
                if sender.send(read).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            child,
            commands,
            messages,
            last_id: 0,
            session: None,
            problems: Vec::new(),
            profile,
        };
        browser.attach(url);
        browser
    }

    fn attach(&mut self, url: &str) {
        let page = self.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", &attach);
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
        self.call("Page.navigate", &json!({ "url": url }));
    }

    /// Sends one command and waits for its result; a refusal fails the test.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let sent = write!(self.commands, "{command}\0").and_then(|()| self.commands.flush());
        assert!(sent.is_ok(), "the browser is gone:\n{}", self.log());
        loop {
            let Ok(mut message) = self.messages.recv_timeout(PATIENCE) else {
                panic!("no answer to {method}:\n{}", self.log());
            };
            if message["id"] == self.last_id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
            self.notice(&message);
        }
    }

    fn notice(&mut self, event: &Value) {
        let about = &event["params"];
        let problem = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => about["exceptionDetails"].to_string(),
            Some("Log.entryAdded") if about["entry"]["level"] == "error" => {
                about["entry"]["text"].to_string()
            }
            Some("Runtime.consoleAPICalled") if about["type"] == "error" => about["args"].to_string(),
            Some("Network.loadingFailed") => about["errorText"].to_string(),
            _ => return,
        };
        self.problems.push(problem);
    }

    /// What an expression (or its promise) comes to in the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let mut answer = self.call(
            "Runtime.evaluate",
            &json!({ "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true }),
        );
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true in the page.
    pub fn wait(&mut self, what: &str, expression: &str) {
        let begun = Instant::now();
        while self.evaluate(expression) != true {
            if begun.elapsed() > PATIENCE {
                let text = self.evaluate("document.body.innerText");
                panic!("waited in vain until {what}; the page says: {text}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Width, height and colours of the screen from now on; nothing moves on it.
    pub fn screen(&mut self, width: u32, height: u32, mobile: bool, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let colours = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.call("Emulation.setEmulatedMedia", &colours);
    }

    /// Presses and releases a key, as somebody without a mouse does: "Tab" or "Enter".
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            _ => (9, ""),
        };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text,
            });
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// Writes a picture of the screen, as PNG.
    pub fn picture(&mut self, file: &Path) {
        let picture = self.call(
            "Page.captureScreenshot",
            &json!({ "format": "png", "optimizeForSpeed": false }),
        );
        let mut decoder = Command::new("base64")
            .arg("-d")
            .stdin(Stdio::piped())
            .stdout(std::fs::File::create(file).unwrap())
            .spawn()
            .unwrap();
        let mut coded = decoder.stdin.take().unwrap();
        coded
            .write_all(picture["data"].as_str().unwrap().as_bytes())
            .unwrap();
        drop(coded);
        assert!(decoder.wait().unwrap().success());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.profile.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to close it ends its own children; killed after that in case it does not listen.
        let asked = write!(
            self.commands,
            "{}\0",
            json!({ "id": 0, "method": "Browser.close" })
        );
        for _ in 0..50 {
            if asked.is_err() || matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
