//! A server of this machine that misbehaves in every way that is known, for the tests of this room. Never answers two
//! requests on one connection.

use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;
use rustls::pki_types::PrivateKeyDer;

/// What a server has been asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// How many came before it.
    pub(super) number: usize,
}

/// Both ends of a connection, with TLS or without.
pub(super) trait Connection: Read + Write {}

impl<T: Read + Write> Connection for T {}

pub(super) struct Server {
    pub(super) port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
    scheme: &'static str,
}

impl Server {
    /// Answers every connection with `handler`, each on a thread of its own; all end with the test.
    pub(super) fn start(handler: impl Fn(&mut dyn Connection, &Request) + Send + Sync + 'static) -> Self {
        Self::serve(None, handler)
    }

    /// The same with TLS, by a certificate for `name` that nobody knows but the caller.
    pub(super) fn start_tls(
        name: &str,
        handler: impl Fn(&mut dyn Connection, &Request) + Send + Sync + 'static,
    ) -> (Self, String) {
        drop(rustls::crypto::ring::default_provider().install_default());
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        (Self::serve(Some(Arc::new(config)), handler), made.cert.pem())
    }

    fn serve(
        tls: Option<Arc<ServerConfig>>,
        handler: impl Fn(&mut dyn Connection, &Request) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (list, handler) = (Arc::clone(&asked), Arc::new(handler));
        let scheme = if tls.is_some() { "https" } else { "http" };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (list, handler, tls) = (Arc::clone(&list), Arc::clone(&handler), tls.clone());
                std::thread::spawn(move || converse(stream.unwrap(), tls, &list, &*handler));
            }
        });
        Self { port, asked, scheme }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    pub(super) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    /// The paths it was asked for, in order.
    pub(super) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|request| request.path).collect()
    }
}

fn converse(
    mut stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    list: &Mutex<Vec<Request>>,
    handler: &dyn Fn(&mut dyn Connection, &Request),
) {
    let mut first = [0; 64];
    let peeked = stream.peek(&mut first).unwrap_or(0);
    let first = String::from_utf8_lossy(&first[..peeked]).into_owned();
    if first.contains("/reset") {
        note("/reset", list);
        // Closed with a request that nobody has read, which resets the connection.
        return;
    }
    if first.contains("/half-closed") {
        note("/half-closed", list);
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
        stream.shutdown(Shutdown::Write).unwrap();
        // It still listens, until the other side has closed.
        while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
        return;
    }
    match tls {
        Some(config) => {
            let connection = ServerConnection::new(config).unwrap();
            exchange(&mut StreamOwned::new(connection, stream), list, handler);
        }
        None => exchange(&mut stream, list, handler),
    }
}

fn note(path: &str, list: &Mutex<Vec<Request>>) {
    let mut list = list.lock().unwrap();
    let number = list.len();
    list.push(Request {
        path: path.to_owned(),
        number,
        ..Request::default()
    });
}

fn exchange(
    stream: &mut dyn Connection,
    list: &Mutex<Vec<Request>>,
    handler: &dyn Fn(&mut dyn Connection, &Request),
) {
    let Some(mut request) = request(stream) else {
        return;
    };
    {
        let mut list = list.lock().unwrap();
        request.number = list.len();
        list.push(request.clone());
    }
    handler(stream, &request);
    drop(stream.flush());
}

/// Reads a request; `None` where there is none, as after a TLS hello to a server without TLS.
fn request(stream: &mut dyn Connection) -> Option<Request> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    let head_end = loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            break end + 4;
        }
        if bytes.first() == Some(&0x16) {
            return None;
        }
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = bytes.split_off(head_end);
    while body.len() < length.unwrap_or(0) {
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => body.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
    let path = String::from_utf8_lossy(&bytes).split(' ').nth(1)?.to_owned();
    Some(Request {
        path,
        head,
        body,
        number: 0,
    })
}

pub(super) fn answer(stream: &mut dyn Connection, status: &str, headers: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    );
    drop(
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body)),
    );
}

/// Answers by the path: each is a way to misbehave.
pub(super) fn misbehave(stream: &mut dyn Connection, request: &Request) {
    let mut send = |bytes: &[u8]| stream.write_all(bytes).is_ok();
    match request.path.as_str() {
        "/missing" => answer(stream, "404 Not Found", "", b"no"),
        "/trouble" => answer(stream, "503 Service Unavailable", "", b""),
        "/busy" => answer(stream, "429 Too Many Requests", "Retry-After: 0\r\n", b""),
        "/much-later" => answer(stream, "503 Busy", "Retry-After: 86400\r\n", b""),
        "/later-by-date" => answer(
            stream,
            "503 Busy",
            "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n",
            b"",
        ),
        // By its own clock it may be asked at once.
        "/again-by-date" if request.number.is_multiple_of(2) => answer(
            stream,
            "503 Busy",
            "Date: Fri, 31 Dec 2100 23:59:59 GMT\r\nRetry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n",
            b"",
        ),
        "/again-by-date" => answer(stream, "200 OK", "", b"again"),
        "/large" => answer(stream, "200 OK", "", &[b'x'; 10_001]),
        "/no-gzip" => answer(
            stream,
            "200 OK",
            "Content-Encoding: gzip\r\n",
            b"not packed at all",
        ),
        "/brotli" => answer(stream, "200 OK", "Content-Encoding: br\r\n", b"x"),
        "/loop" => answer(stream, "302 Found", "Location: /loop\r\n", b""),
        "/nowhere" => answer(stream, "302 Found", "", b""),
        "/endless" => {
            let _ = send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while send(b"400\r\n") && send(&[b'x'; 0x400]) && send(b"\r\n") {}
        }
        "/bad-chunk" => {
            let _ = send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf");
        }
        "/short" => {
            let _ = send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        }
        "/two-lengths" => {
            let _ = send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\nhalf");
        }
        "/nonsense" => {
            let _ = send(b"\x00\x01\x02 not http\r\n\r\n");
        }
        "/headers" => {
            let _ = send(b"HTTP/1.1 200 OK\r\n");
            while send(b"X-More: y\r\n") {}
        }
        "/dribble" => {
            let _ = send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n");
            while send(b"x") {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        "/slow" => {
            // Sends nothing until the other side has given up.
            drop(stream.read(&mut [0]));
        }
        _ => {} // closed without a word
    }
}
