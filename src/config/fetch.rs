//! Section `[fetch]`: how articles that are only a URL are fetched. Plain data; never fetches.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use url::Url;

use crate::config::ConfigProblems;

/// How articles that are only a URL are fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FetchConfig {
    /// Whether they are; else they are published as they are, flagged `url_only`.
    pub enabled: bool,
    /// What becomes of an article that cannot be fetched: `publish` (flagged `url_only`) or `dead_letter`.
    pub on_failure: FetchFailure,
    /// How the worker names itself to sites; the part before `/` is looked for in `robots.txt`.
    #[schemars(length(min = 1, max = 200))]
    pub user_agent: String,
    /// Whether `robots.txt` is respected.
    pub robots: bool,
    /// Hosts (`host` or `host:port`) that may have private addresses. Any other leads to public addresses alone.
    pub allow_hosts: Vec<String>,
    /// Most milliseconds for one request; 100 to 600000.
    #[schemars(range(min = 100, max = 600_000))]
    pub timeout_ms: u32,
    /// Most milliseconds that a batch waits for its pages; 100 to 3600000.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub batch_timeout_ms: u32,
    /// Largest page, in bytes; 1024 to 67108864.
    #[schemars(range(min = 1_024, max = 67_108_864))]
    pub page_bytes_max: usize,
    /// Most redirects of one page; 0 to 20.
    #[schemars(range(min = 0, max = 20))]
    pub redirects_max: u32,
    /// Most attempts after the first, where the site is in trouble or asks to come again; 0 to 10.
    #[schemars(range(min = 0, max = 10))]
    pub retries_max: u32,
    /// Most requests at once; 1 to 1000.
    #[schemars(range(min = 1, max = 1_000))]
    pub concurrency_max: usize,
    /// Most requests at once to one host; 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub host_concurrency_max: usize,
    /// Least milliseconds between two requests to one host; 0 to 600000.
    #[schemars(range(min = 0, max = 600_000))]
    pub host_interval_ms: u32,
    /// Failures in a row after which a host is left alone; 1 to 1000.
    #[schemars(range(min = 1, max = 1_000))]
    pub breaker_failures: u32,
    /// Milliseconds for which it is left alone; 100 to 3600000.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub breaker_rest_ms: u32,
    /// Most pages kept to ask only whether they changed (`ETag`); 0 to 100000.
    #[schemars(range(min = 0, max = 100_000))]
    pub cache_pages_max: usize,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            on_failure: FetchFailure::Publish,
            user_agent: "dateline/0.1".to_owned(),
            robots: true,
            allow_hosts: Vec::new(),
            timeout_ms: 10_000,
            batch_timeout_ms: 20_000,
            page_bytes_max: 4 * 1024 * 1024,
            redirects_max: 5,
            retries_max: 2,
            concurrency_max: 32,
            host_concurrency_max: 2,
            host_interval_ms: 500,
            breaker_failures: 5,
            breaker_rest_ms: 30_000,
            cache_pages_max: 100,
        }
    }
}

/// What becomes of an article that cannot be fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FetchFailure {
    /// Published with the flag `url_only`.
    #[default]
    Publish,
    /// A dead letter.
    DeadLetter,
}

/// Adds everything that is wrong with the section, save what its schema says.
pub(super) fn check(fetch: &FetchConfig, problems: &mut ConfigProblems) {
    for host in fetch.allow_hosts.iter().filter(|host| !is_host(host)) {
        let host = host.escape_debug();
        problems.add(
            "fetch.allow_hosts",
            format!("`{host}`: expected a host, or host:port"),
        );
    }
    if !fetch
        .user_agent
        .bytes()
        .all(|b| b == b' ' || b.is_ascii_graphic())
    {
        problems.add("fetch.user_agent", "holds a character that no header has");
    }
}

/// True for what a URL can have as its host, written as it is compared, and a port or none.
fn is_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    let is_plain = !name.contains(['/', '*', '@', '?', '#', '\\', '%']);
    let url = Url::parse(&format!("http://{name}/")).ok();
    is_plain
        && url.is_some_and(|url| url.host_str() == Some(&*name.to_ascii_lowercase()) && url.port().is_none())
}
