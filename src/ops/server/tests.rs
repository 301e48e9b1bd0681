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
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let state = AdminState {
        metrics: Metrics::new().unwrap(),
        status: Arc::new(Status::new(about(true))),
        enrich,
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
            "{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let (address, body) = (self.address, body.to_vec());
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            // A refused body may close the connection early.
            let _ = stream.write_all(&body);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8(answer).unwrap()
        });
        let answer = answer.await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), head.to_lowercase(), body.to_owned())
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
        ("/app.js", "text/javascript; charset=utf-8", "Array.from"),
        ("/icon.svg", "image/svg+xml", "<svg"),
        ("/metrics", METRICS, "dateline_records_received_total 0"),
        ("/status", JSON, "\"group_id\":\"dateline\""),
        ("/recent", JSON, "\"articles\":[]"),
    ] {
        let (code, head, body) = running.get(path).await;
        assert_eq!(code, 200, "{path}");
        assert!(head.contains(&format!("content-type: {kind}")), "{path}: {head}");
        assert!(
            head.contains("content-security-policy: default-src 'self'"),
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
