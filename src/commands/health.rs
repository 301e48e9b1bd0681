//! `dateline health`: asks a running worker, for container checks. One plain HTTP request; never follows or retries.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use crate::commands::duration;
use crate::commands::exit::Exit;
use crate::commands::load_config;

/// Most bytes read of an answer.
const ANSWER_BYTES_MAX: u64 = 4 * 1024;

/// Arguments of `health`.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// Configuration file of the worker, whose `admin.listen` is asked.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ask here instead, such as <http://localhost:9464>.
    #[arg(long, conflicts_with = "config")]
    url: Option<String>,
    /// Ask whether it is live, not whether it is ready.
    #[arg(long)]
    live: bool,
    /// Longest wait for each of connecting, asking and reading.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    timeout: Duration,
}

/// Exit 0 where the worker answers 200.
pub fn health(args: &HealthArgs) -> anyhow::Result<Exit> {
    let address = match &args.url {
        Some(url) => url.trim_start_matches("http://").trim_end_matches('/').to_owned(),
        None => reachable(&load_config(args.config.as_deref())?.admin.listen),
    };
    let path = if args.live { "/livez" } else { "/readyz" };
    match ask(&address, path, args.timeout) {
        Ok(answer) if is_ok(&answer) => Ok(Exit::Ok),
        Ok(answer) => {
            let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim();
            eprintln!(
                "dateline: {address}{path}: {} {body}",
                answer.lines().next().unwrap_or("no answer")
            );
            Ok(Exit::Unhealthy)
        }
        Err(error) => {
            eprintln!("dateline: {address}{path}: {error:#}");
            Ok(Exit::Unhealthy)
        }
    }
}

/// Where a server that listens on `listen` is found from its own machine.
fn reachable(listen: &str) -> String {
    match listen.parse::<SocketAddr>() {
        Ok(SocketAddr::V4(v4)) if v4.ip().is_unspecified() => format!("127.0.0.1:{}", v4.port()),
        Ok(SocketAddr::V6(v6)) if v6.ip().is_unspecified() => format!("[::1]:{}", v6.port()),
        _ => listen.to_owned(),
    }
}

fn ask(address: &str, path: &str, timeout: Duration) -> anyhow::Result<String> {
    let mut addresses = address
        .to_socket_addrs()
        .context("no such address, expected HOST:PORT")?;
    let first = addresses.next().context("the name has no address")?;
    let connected = TcpStream::connect_timeout(&first, timeout);
    // A name may have several addresses, of which the server listens on one.
    let mut stream = addresses.fold(connected, |earlier, next| {
        earlier.or_else(|_| TcpStream::connect_timeout(&next, timeout))
    })?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn is_ok(answer: &str) -> bool {
    answer.starts_with("HTTP/1.") && answer.split(' ').nth(1) == Some("200")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_is_asked_at_home() {
        for (listen, address) in [
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("[::]:9464", "[::1]:9464"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("10.0.0.7:1", "10.0.0.7:1"),
        ] {
            assert_eq!(reachable(listen), address);
        }
    }

    #[test]
    fn only_a_200_is_well() {
        for (answer, well) in [
            ("HTTP/1.0 200 OK\r\n\r\nready", true),
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n200", false),
            ("SSH-2.0 200 x", false),
            ("", false),
        ] {
            assert_eq!(is_ok(answer), well, "{answer}");
        }
    }
}
