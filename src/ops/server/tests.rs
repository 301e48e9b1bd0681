//! The server over real connections: every route, its limits and its headers.

use super::*;

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;

use crate::ops::shutdown::Shutdown;
use crate::ops::status::Readiness;
use crate::ops::status::tests::about;

struct Running {
    address: SocketAddr,
    state: AdminState,
    shutdown: Shutdown,
    server: tokio::task::JoinHandle<io::Result<()>>,
}

async fn start(enrich: Enrich) -> Running {
    start_with(enrich, None).await
}

async fn start_with(enrich: Enrich, token: Option<Token>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let state = AdminState {
        metrics: Metrics::new().unwrap(),
        status: Arc::new(Status::new(about(true))),
        enrich,
        host_names: Arc::from(["pages.example".to_owned()]),
        token,
    };
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let served = state.clone();
    let server = tokio::spawn(async move { serve(listener, served, stop.requested()).await });
    Running {
        address,
        state,
        shutdown,
        server,
    }
}

fn echo() -> Enrich {
    Arc::new(|body, kind| match String::from_utf8(body) {
        Ok(text) if text == "panic" => panic!("asked for"),
        Ok(text) => Ok(json!({ "text": text, "kind": kind }).to_string()),
        Err(_) => Err(String::from("not_utf8: at byte 0")),
    })
}

impl Running {
    /// Sends `head` and `body` on a fresh connection; returns status, head and body of the answer.
    async fn ask(&self, head: &str, body: &[u8]) -> (u16, String, String) {
        let request = format!(
            "{head}\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let answer = self.exchange(&[request.as_bytes(), body].concat()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), head.to_lowercase(), body.to_owned())
    }

    /// Sends `request` as it is; returns all that comes back.
    async fn exchange(&self, request: &[u8]) -> String {
        let (address, request) = (self.address, request.to_vec());
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            // A refused body may close the connection early.
            let _ = stream.write_all(&request);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8(answer).unwrap()
        });
        answer.await.unwrap()
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        self.ask(&format!("GET {path} HTTP/1.1"), b"").await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_has_its_type_and_the_security_headers() {
    let running = start(echo()).await;
    for (path, kind, holds) in [
        ("/", "text/html; charset=utf-8", "<main"),
        ("/style.css", "text/css; charset=utf-8", "prefers-color-scheme"),
        ("/app.js", SCRIPT, "from \"/worker.js\""),
        ("/articles.js", SCRIPT, "Array.from"),
        ("/common.js", SCRIPT, "export"),
        ("/published.js", SCRIPT, "export"),
        ("/worker.js", SCRIPT, "export"),
        ("/icon.svg", "image/svg+xml", "<svg"),
        ("/metrics", METRICS, "dateline_records_received_total 0"),
        ("/status", JSON, "\"group_id\":\"dateline\""),
        ("/recent", JSON, "\"articles\":[]"),
    ] {
        let (code, head, body) = running.get(path).await;
        assert_eq!(code, 200, "{path}");
        assert!(head.contains(&format!("content-type: {kind}")), "{path}: {head}");
        assert!(
            head.contains("content-security-policy: default-src 'none'; script-src 'self';"),
            "{path}: {head}"
        );
        assert!(head.contains("x-content-type-options: nosniff"), "{path}: {head}");
        assert!(head.contains("referrer-policy: no-referrer"), "{path}: {head}");
        assert!(body.contains(holds), "{path}");
    }
    assert_eq!(running.get("/nowhere").await.0, 404);
    assert_eq!(running.get("/recent?since=x").await.0, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_says_what_is_missing() {
    let running = start(echo()).await;
    assert_eq!(running.get("/livez").await.0, 200);
    let (code, _, body) = running.get("/readyz").await;
    assert_eq!((code, body.contains("\"in_group\":false")), (503, true), "{body}");
    running.state.status.set_ready(Readiness {
        in_group: true,
        output_reachable: false,
    });
    let (code, _, body) = running.get("/readyz").await;
    assert_eq!(
        (code, body.as_str()),
        (503, r#"{"ready":false,"in_group":true,"output_reachable":false}"#)
    );
    running.state.status.set_ready(Readiness {
        in_group: true,
        output_reachable: true,
    });
    assert_eq!(running.get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pasted_article_comes_back_as_its_record_or_its_reason() {
    let running = start(echo()).await;
    let post = "POST /enrich HTTP/1.1\r\ncontent-type: text/plain";
    let (code, _, body) = running.ask(post, b"hello").await;
    assert_eq!(
        (code, body.as_str()),
        (200, r#"{"text":"hello","kind":"text/plain"}"#)
    );
    let (code, _, body) = running.ask(post, b"\xff").await;
    assert_eq!((code, body.as_str()), (422, r#"{"error":"not_utf8: at byte 0"}"#));
    assert_eq!(running.ask(post, b"panic").await.0, 500);
    assert_eq!(running.ask(post, &vec![b'a'; PASTE_BYTES_MAX]).await.0, 200);
    assert_eq!(running.ask(post, &vec![b'a'; PASTE_BYTES_MAX + 1]).await.0, 413);
    let elsewhere = format!("{post}\r\nsec-fetch-site: cross-site");
    assert_eq!(running.ask(&elsewhere, b"hello").await.0, 403);
    assert_eq!(running.get("/enrich").await.0, 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn articles_are_for_our_own_page_alone() {
    let running = start(echo()).await;
    for (head, code) in [
        ("GET /recent HTTP/1.1\r\norigin: http://evil.example", 403),
        ("POST /enrich HTTP/1.1\r\norigin: http://evil.example", 403),
        ("GET /metrics HTTP/1.1\r\norigin: http://evil.example", 200),
        ("GET /livez HTTP/1.1\r\norigin: http://evil.example", 200),
        ("POST /enrich HTTP/1.1\r\norigin: http://127.0.0.1", 200),
    ] {
        assert_eq!(running.ask(head, b"").await.0, code, "{head}");
    }
    // The name that a browser was made to look up as this address.
    let rebound = running.exchange(
        b"POST /enrich HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx",
    );
    assert!(rebound.await.starts_with("HTTP/1.1 403"));
    let named = running.exchange(
        b"POST /enrich HTTP/1.1\r\nhost: Pages.example:80\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx",
    );
    assert!(named.await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_token_only_probes_and_the_bare_page_are_open() {
    let running = start_with(echo(), Some(Token::new("correct-horse-battery"))).await;
    for path in ["/metrics", "/status", "/recent"] {
        let get = format!("GET {path} HTTP/1.1");
        let (code, head, body) = running.ask(&get, b"").await;
        assert_eq!(code, 401, "{path}");
        assert!(head.contains("www-authenticate: bearer"), "{head}");
        assert!(body.contains("admin.token_file"), "{body}");
        let wrong = format!("{get}\r\nauthorization: Bearer correct-horse-batterz");
        assert_eq!(running.ask(&wrong, b"").await.0, 401, "{path}");
        let right = format!("{get}\r\nauthorization: Bearer correct-horse-battery");
        assert_eq!(running.ask(&right, b"").await.0, 200, "{path}");
    }
    assert_eq!(running.ask("POST /enrich HTTP/1.1", b"x").await.0, 401);
    let post = "POST /enrich HTTP/1.1\r\nauthorization: Bearer correct-horse-battery";
    assert_eq!(running.ask(post, b"x").await.0, 200);
    for (path, code) in [
        ("/livez", 200),
        ("/readyz", 503),
        ("/", 200),
        ("/app.js", 200),
        ("/style.css", 200),
        ("/icon.svg", 200),
        ("/nowhere", 404),
    ] {
        assert_eq!(running.get(path).await.0, code, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn articles_pasted_too_often_are_told_to_wait() {
    let running = start(echo()).await;
    let mut codes = Vec::new();
    // More than are taken at once, and more than time can give back meanwhile.
    while codes.len() < 100 * PASTES_AT_ONCE as usize && codes.last() != Some(&429) {
        codes.push(running.ask("POST /enrich HTTP/1.1", b"x").await.0);
    }
    assert_eq!(codes.pop(), Some(429));
    assert!(codes.len() >= PASTES_AT_ONCE as usize, "{}", codes.len());
    assert!(codes.iter().all(|code| *code == 200), "{codes:?}");
}

/// A server with limits that a test can wait for.
async fn limited(
    limits: ConnectionLimits,
) -> (SocketAddr, Shutdown, tokio::task::JoinHandle<io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let router = Router::new().route("/", post(async |body: Bytes| body.len().to_string()));
    let server =
        tokio::spawn(async move { connections::serve(listener, router, limits, stop.requested()).await });
    (address, shutdown, server)
}

/// What the server says to `request` until it closes the connection, which it must.
async fn said(address: SocketAddr, request: &'static [u8]) -> String {
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    });
    read.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_and_idle_clients_are_sent_away() {
    let short = Duration::from_millis(50);
    let head = ConnectionLimits {
        head: short,
        ..ConnectionLimits::default()
    };
    let (address, ..) = limited(head).await;
    assert_eq!(
        said(address, b"POST / HTTP/1.1\r\nhost: x\r\n").await,
        "",
        "half a head"
    );
    let answered = said(
        address,
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nok",
    )
    .await;
    assert!(
        answered.starts_with("HTTP/1.1 200"),
        "idle after a request: {answered}"
    );

    let request = ConnectionLimits {
        request: short,
        ..ConnectionLimits::default()
    };
    let (address, ..) = limited(request).await;
    let late = said(
        address,
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf",
    )
    .await;
    assert!(late.starts_with("HTTP/1.1 408"), "half a body: {late}");

    let age = ConnectionLimits {
        age: short,
        goodbye: short,
        ..ConnectionLimits::default()
    };
    let (address, ..) = limited(age).await;
    assert_eq!(said(address, b"").await, "", "silent");
    assert_eq!(
        said(
            address,
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf"
        )
        .await,
        "",
        "old"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_more_waits_for_its_turn() {
    let one = ConnectionLimits {
        connections_max: 1,
        ..ConnectionLimits::default()
    };
    let (address, shutdown, server) = limited(one).await;
    let request = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let first = TcpStream::connect(address).unwrap();
    let mut second = TcpStream::connect(address).unwrap();
    second.write_all(request).unwrap();
    second.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut byte = [0];
    assert!(second.read(&mut byte).is_err(), "answered out of turn");
    drop(first);
    second.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    assert_eq!(second.read(&mut byte).unwrap(), 1);
    shutdown.trigger();
    server.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_third_pasted_article_is_told_to_wait() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (entered, enters) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let running = Arc::new(
        start(Arc::new(move |_, _| {
            entered.send(()).unwrap();
            held.lock().unwrap().recv().unwrap();
            Ok(String::from("{}"))
        }))
        .await,
    );
    let post = "POST /enrich HTTP/1.1";
    let waiting: Vec<_> = (0..PASTES_MAX)
        .map(|_| {
            let running = running.clone();
            tokio::spawn(async move { running.ask(post, b"x").await.0 })
        })
        .collect();
    tokio::task::spawn_blocking(move || (0..PASTES_MAX).for_each(|_| enters.recv().unwrap()))
        .await
        .unwrap();
    assert_eq!(running.ask(post, b"x").await.0, 503);
    (0..PASTES_MAX).for_each(|_| release.send(()).unwrap());
    for task in waiting {
        assert_eq!(task.await.unwrap(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stops_when_asked_even_with_an_idle_connection() {
    let running = start(echo()).await;
    let idle = TcpStream::connect(running.address).unwrap();
    running.shutdown.trigger();
    running.server.await.unwrap().unwrap();
    drop(idle);
}
