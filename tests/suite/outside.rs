//! Pages and services as `dateline enrich` asks them, from outside: proxies of the environment are not used. Needs no
//! Kafka.

use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use super::cli::code;
use super::cli::dateline;
use super::cli::file;
use super::cli::stderr;
use super::cli::stdout;

/// Answers one request after another with `body`; gives the address.
fn serve(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            // A request has come when its last byte is the end of a head, or of an object.
            while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"}") {
                let mut more = [0; 4096];
                match stream.read(&mut more).unwrap() {
                    0 => break,
                    read => request.extend_from_slice(&more[..read]),
                }
            }
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.write_all((head + body).as_bytes()).unwrap();
        }
    });
    address
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    let page = serve(include_str!("../forms/page-json-ld.html"));
    let service = serve(
        r#"{"model": "m 1", "results": [{"id": "a", "topics": [{"code": "medtop:17000000", "confidence": 1}]}]}"#,
    );
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy_url = format!("http://{}", proxy.local_addr().unwrap());
    let folder = TempDir::new().unwrap();
    let config = format!(
        "[fetch]\nenabled = true\nrobots = false\nallow_hosts = ['{page}']\n\
         [[enrichers]]\nname = 'desk'\nurl = 'http://{service}/'\ngives = ['topics']\n"
    );
    let (config, article) = (
        file(&folder, "dateline.toml", &config),
        file(
            &folder,
            "a.json",
            &format!(r#"{{"id": "a", "url": "http://{page}/a"}}"#),
        ),
    );
    let mut command = dateline(&["enrich", "--config", &config, &article]);
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env(name, &proxy_url);
    }
    let output = command.output().unwrap();
    assert_eq!((code(&output), stderr(&output)), (0, ""));
    let record: Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(record["headline"], "Copper mine in Chile halts work after tremor");
    assert_eq!(record["flags"], serde_json::json!([]));
    let topics = record["topics"].as_array().unwrap();
    assert!(
        topics.iter().any(|topic| topic["found_by"][0] == "desk"),
        "{record}"
    );
    proxy.set_nonblocking(true).unwrap();
    assert_eq!(
        proxy.accept().unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "the proxy was asked"
    );
}
