//! Fetching from a server of this machine that misbehaves in every way that is known. Nothing waits for a fixed time.

use std::io::Write;
use std::net::IpAddr;
use std::net::TcpListener;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::*;
use crate::http::misbehaving;
use crate::http::misbehaving::Connection;
use crate::http::misbehaving::Request;
use crate::http::misbehaving::Server;
use crate::http::misbehaving::answer;

fn config(port: u16) -> FetchConfig {
    FetchConfig {
        enabled: true,
        allow_hosts: vec![format!("127.0.0.1:{port}")],
        robots: false,
        timeout_ms: 500,
        retries_max: 1,
        host_interval_ms: 0,
        page_bytes_max: 10_000,
        redirects_max: 3,
        breaker_failures: 100,
        ..FetchConfig::default()
    }
}

fn fetcher(config: &FetchConfig) -> PageFetcher {
    PageFetcher::new(config, Metrics::new().unwrap()).unwrap()
}

fn misbehave(stream: &mut dyn Connection, request: &Request) {
    match request.path.as_str() {
        "/good" => answer(stream, "200 OK", "Content-Type: text/html\r\n", b"<html>Rain"),
        "/moved" => answer(stream, "301 Moved", "Location: good\r\n", b""),
        "/inside" => answer(
            stream,
            "302 Found",
            "Location: http://169.254.169.254/latest\r\n",
            b"",
        ),
        "/later" if request.number.is_multiple_of(2) => {
            answer(stream, "429 Too Many Requests", "Retry-After: 0\r\n", b"");
        }
        "/later" => answer(stream, "200 OK", "", b"later"),
        _ => misbehaving::misbehave(stream, request),
    }
}

#[tokio::test]
async fn every_misbehaviour_has_its_outcome() {
    let server = Server::start(misbehave);
    let fetcher = fetcher(&config(server.port));
    for (path, expected) in [
        ("/good", Ok("<html>Rain")),
        ("/moved", Ok("<html>Rain")),
        ("/loop", Err(HttpOutcome::Redirects)),
        ("/inside", Err(HttpOutcome::Refused)),
        ("/nowhere", Err(HttpOutcome::Redirects)),
        ("/missing", Err(HttpOutcome::ClientError)),
        ("/trouble", Err(HttpOutcome::ServerError)),
        ("/much-later", Err(HttpOutcome::ServerError)),
        ("/large", Err(HttpOutcome::TooLarge)),
        ("/endless", Err(HttpOutcome::TooLarge)),
        ("/brotli", Err(HttpOutcome::Broken)),
        ("/no-gzip", Err(HttpOutcome::Broken)),
        ("/short", Err(HttpOutcome::Broken)),
        ("/nonsense", Err(HttpOutcome::Broken)),
        ("/headers", Err(HttpOutcome::Broken)),
        ("/slow", Err(HttpOutcome::Timeout)),
        ("/closed", Err(HttpOutcome::Broken)),
        ("/reset", Err(HttpOutcome::Broken)),
        ("/half-closed", Err(HttpOutcome::Broken)),
        ("/bad-chunk", Err(HttpOutcome::Broken)),
        ("/two-lengths", Err(HttpOutcome::Broken)),
        ("/dribble", Err(HttpOutcome::Timeout)),
        ("/busy", Err(HttpOutcome::ServerError)),
        ("/later-by-date", Err(HttpOutcome::ServerError)),
    ] {
        let found = fetcher.fetch(&server.url(path)).await;
        let found = found.map(|page| String::from_utf8(page.body).unwrap());
        assert_eq!(found, expected.map(str::to_owned), "{path}");
    }
    let asked = server.paths();
    let times = |path: &str| asked.iter().filter(|asked| *asked == path).count();
    assert_eq!(times("/trouble"), 2, "trouble that may pass is tried again");
    for path in ["/missing", "/large", "/much-later", "/later-by-date"] {
        assert_eq!(times(path), 1, "{path}");
    }
    assert_eq!(times("/loop"), 4);
}

#[tokio::test]
async fn a_host_that_asks_to_come_again_is_asked_again() {
    let server = Server::start(misbehave);
    let fetcher = fetcher(&config(server.port));
    for (path, body) in [("/later", "later"), ("/again-by-date", "again")] {
        let page = fetcher.fetch(&server.url(path)).await.unwrap();
        assert_eq!(page.body, body.as_bytes());
    }
}

#[tokio::test]
async fn nobody_and_wrong_tls_are_unreachable() {
    let server = Server::start(misbehave);
    let config = config(server.port);
    let tls = server.url("/good").replace("http:", "https:");
    assert_eq!(fetcher(&config).fetch(&tls).await, Err(HttpOutcome::Unreachable));
    let (stranger, _) = Server::start_tls("127.0.0.1", misbehave);
    let trusting = FetchConfig {
        allow_hosts: vec![format!("127.0.0.1:{}", stranger.port)],
        ..config.clone()
    };
    let untrusted = fetcher(&trusting).fetch(&stranger.url("/good")).await;
    assert_eq!(untrusted, Err(HttpOutcome::Unreachable));
    assert_eq!(stranger.paths(), [""; 0]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let nobody = FetchConfig {
        allow_hosts: vec![format!("127.0.0.1:{port}")],
        ..config
    };
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(fetcher(&nobody).fetch(&url).await, Err(HttpOutcome::Unreachable));
}

/// URLs that lead to this machine, or inside, by every trick that is known.
fn tricks(port: u16) -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "017700000001",
        "0x7f.0.0.1",
        "0x7f000001",
        "0.0.0.0",
        "0",
        "\u{2460}\u{2461}\u{2466}.\u{24ea}.\u{24ea}.\u{2460}",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "[::1]",
        "[::]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "metadata.google.internal",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "127.0.0.1.name.example",
        "user@example.com",
        "user:pw@example.com",
        "example.com@127.0.0.1",
    ];
    let others = [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
    ];
    let named = hosts.iter().map(|host| format!("http://{host}:{port}/inside"));
    named.chain(others.map(str::to_owned)).collect()
}

/// Every name leads to this machine.
fn all_inside() -> Lookup {
    Lookup::Fixed(Arc::new(|_| vec![IpAddr::from([127, 0, 0, 1])]))
}

#[tokio::test]
async fn no_trick_leads_inside() {
    let inside = Server::start(misbehave);
    for trick in tricks(inside.port) {
        let target = trick.clone();
        let outside = Server::start(move |stream, _| {
            answer(stream, "302 Found", &format!("Location: {target}\r\n"), b"");
        });
        for robots in [false, true] {
            let config = FetchConfig {
                robots,
                ..config(outside.port)
            };
            // Asked for at once, after a page's redirect, after that of `robots.txt`.
            for url in [trick.clone(), outside.url("/a")] {
                let fetcher =
                    PageFetcher::with_lookup(&config, Metrics::new().unwrap(), all_inside()).unwrap();
                // A header that is not ASCII leads nowhere.
                let expected = match url == trick || trick.is_ascii() {
                    true => HttpOutcome::Refused,
                    false => HttpOutcome::Redirects,
                };
                let found = fetcher.fetch(&url).await;
                assert_eq!(found, Err(expected), "{trick}, robots {robots}, by {url}");
            }
            let last = outside.paths().pop().unwrap();
            assert_eq!(last, if robots { "/robots.txt" } else { "/a" });
        }
    }
    assert_eq!(inside.paths(), [""; 0]);
    assert_eq!(
        fetcher(&config(1)).fetch("nonsense").await,
        Err(HttpOutcome::Refused)
    );
}

/// A name that is public when it is first asked for and leads inside afterwards is looked up for each connection, and
/// what was checked is what is connected to.
#[tokio::test]
async fn a_name_that_changes_its_answer_gains_nothing() {
    let server = Server::start(misbehave);
    let asked = Arc::new(AtomicUsize::new(0));
    let times = Arc::clone(&asked);
    // Public, and an address that nobody has: IANA keeps 2d00::/8 free.
    let public: IpAddr = "2d00::1".parse().unwrap();
    let lookup = Lookup::Fixed(Arc::new(move |_| {
        let is_first = times.fetch_add(1, Ordering::Relaxed) == 0;
        vec![if is_first {
            public
        } else {
            IpAddr::from([127, 0, 0, 1])
        }]
    }));
    let fetcher = PageFetcher::with_lookup(&config(server.port), Metrics::new().unwrap(), lookup).unwrap();
    let url = format!("http://rebind.example:{}/good", server.port);
    assert_eq!(fetcher.fetch(&url).await, Err(HttpOutcome::Refused));
    assert_eq!(
        asked.load(Ordering::Relaxed),
        2,
        "one look-up for each connection"
    );
    assert_eq!(server.paths(), [""; 0]);
}

fn with_robots(stream: &mut dyn Connection, request: &Request) {
    match request.path.as_str() {
        "/robots.txt" => answer(
            stream,
            "200 OK",
            "",
            b"User-agent: dateline\nDisallow: /private\n",
        ),
        _ => answer(stream, "200 OK", "", b"page"),
    }
}

#[tokio::test]
async fn robots_are_respected_where_wanted() {
    let server = Server::start(with_robots);
    let polite = FetchConfig {
        robots: true,
        ..config(server.port)
    };
    let polite = fetcher(&polite);
    assert_eq!(
        polite.fetch(&server.url("/private/a")).await,
        Err(HttpOutcome::Robots)
    );
    assert!(polite.fetch(&server.url("/public")).await.is_ok());
    assert_eq!(server.paths(), ["/robots.txt", "/public"]);
    assert!(
        fetcher(&config(server.port))
            .fetch(&server.url("/private/a"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn robots_that_come_packed_are_read() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"User-agent: *\nDisallow: /\n").unwrap();
    let whole = packed.finish().unwrap();
    let cut = whole[..whole.len() - 9].to_vec();
    for (packed, expected) in [(whole, HttpOutcome::Robots), (cut, HttpOutcome::Broken)] {
        let server = Server::start(move |stream, _| {
            answer(stream, "200 OK", "Content-Encoding: gzip\r\n", &packed);
        });
        let polite = FetchConfig {
            robots: true,
            ..config(server.port)
        };
        assert_eq!(fetcher(&polite).fetch(&server.url("/a")).await, Err(expected));
        assert_eq!(server.paths(), ["/robots.txt"]);
    }
}

fn with_tag(stream: &mut dyn Connection, request: &Request) {
    if request.head.contains("if-none-match: \"v1\"") {
        answer(stream, "304 Not Modified", "", b"");
    } else {
        answer(stream, "200 OK", "ETag: \"v1\"\r\n", b"page");
    }
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let server = Server::start(with_tag);
    let fetcher = fetcher(&config(server.port));
    let first = fetcher.fetch(&server.url("/a")).await;
    assert_eq!(first, fetcher.fetch(&server.url("/a")).await);
    assert!(
        fetcher
            .watch
            .metrics
            .render()
            .contains("dateline_http_cache_hits_total{service=\"fetch\"} 1")
    );
}

#[tokio::test]
async fn a_host_that_keeps_failing_is_left_alone() {
    let server = Server::start(misbehave);
    let weary = FetchConfig {
        breaker_failures: 2,
        retries_max: 0,
        breaker_rest_ms: 3_600_000,
        ..config(server.port)
    };
    let fetcher = fetcher(&weary);
    for expected in [
        HttpOutcome::ServerError,
        HttpOutcome::ServerError,
        HttpOutcome::BreakerOpen,
        HttpOutcome::BreakerOpen,
    ] {
        assert_eq!(fetcher.fetch(&server.url("/trouble")).await, Err(expected));
    }
    assert_eq!(server.asked().len(), 2);
    let metrics = fetcher.watch.metrics.render();
    assert!(
        metrics.contains("dateline_http_breakers_open{service=\"fetch\"} 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("dateline_http_requests_total{outcome=\"breaker_open\",service=\"fetch\"} 2"),
        "{metrics}"
    );
}
