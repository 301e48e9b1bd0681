//! Pages of articles that are only a URL: one bounded request after another, polite to every host, to public
//! addresses alone. Never reads what it fetched, never knows Kafka.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use reqwest::StatusCode;
use reqwest::header;
use texting_robots::Robot;
use tokio::sync::Semaphore;
use url::Url;

use crate::config::FetchConfig;
use crate::decode::unpack;
use crate::http::call::Failure;
use crate::http::call::Watch;
use crate::http::call::Watched;
use crate::http::call::lock;
use crate::http::call::read;
use crate::http::call::successful;
use crate::http::call::text;
use crate::http::call::with_retries;
use crate::http::resolve::Guard;
use crate::http::resolve::Lookup;
use crate::limits::Limits;
use crate::metrics::HttpOutcome;
use crate::metrics::HttpService;
use crate::metrics::Metrics;

/// Hosts that are remembered; beyond them all are forgotten.
const HOSTS_MAX: usize = 10_000;
/// Largest page that is kept.
const KEPT_BYTES_MAX: usize = 256 * 1024;
/// How long a `robots.txt` holds (RFC 9309: at most a day), and how much of one is read (at least 500 KiB).
const ROBOTS_LIFETIME: Duration = Duration::from_secs(3600);
const ROBOTS_BYTES_MAX: usize = 512 * 1024;
/// What gzip opens with (RFC 1952).
const GZIP: &[u8] = b"\x1F\x8B";

/// A page as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The bytes, compressed or not.
    pub body: Vec<u8>,
    /// The `content-type` header.
    pub content_type: Option<String>,
}

/// Fetches pages; shared by all batches.
pub struct PageFetcher {
    client: reqwest::Client,
    guard: Guard,
    config: FetchConfig,
    all: Semaphore,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    kept: Mutex<Kept>,
    watch: Watch,
}

struct Host {
    slots: Semaphore,
    breaker: Watched,
    /// When it may be asked again.
    next: Mutex<Instant>,
    robots: tokio::sync::Mutex<Option<(Instant, Arc<Robots>)>>,
}

enum Robots {
    Rules(Box<Robot>),
    Everything,
    Nothing,
}

/// Pages and their `ETag`s, the oldest first.
#[derive(Default)]
struct Kept {
    pages: HashMap<String, (String, Page)>,
    order: VecDeque<String>,
}

enum Answer {
    Page(Page),
    Redirect(Url),
}

impl PageFetcher {
    /// A fetcher by the configuration.
    ///
    /// # Errors
    /// Where the TLS client cannot be made.
    pub fn new(config: &FetchConfig, metrics: Metrics) -> Result<Self, String> {
        Self::with_lookup(config, metrics, Lookup::System)
    }

    fn with_lookup(config: &FetchConfig, metrics: Metrics, lookup: Lookup) -> Result<Self, String> {
        // Installing twice is an error that changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let watch = Watch {
            service: HttpService::Fetch,
            metrics,
        };
        watch.metrics.http_service(&watch.service);
        let guard = Guard::new(&config.allow_hosts, lookup);
        let timeout = Duration::from_millis(u64::from(config.timeout_ms));
        let client = reqwest::Client::builder()
            .user_agent(&config.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(guard.clone()))
            // A proxy from the environment would resolve names itself.
            .no_proxy()
            .connect_timeout(timeout)
            .timeout(timeout)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            guard,
            all: Semaphore::new(config.concurrency_max),
            config: config.clone(),
            hosts: Mutex::default(),
            kept: Mutex::default(),
            watch,
        })
    }

    /// The page at `url`, or why there is none. Takes at most `batch_timeout_ms`.
    ///
    /// # Errors
    /// One of a closed list of reasons.
    pub async fn fetch(&self, url: &str) -> Result<Page, HttpOutcome> {
        let started = Instant::now();
        let most = Duration::from_millis(u64::from(self.config.batch_timeout_ms));
        let found = tokio::time::timeout(most, self.page(url))
            .await
            .unwrap_or(Err(HttpOutcome::Timeout));
        let outcome = found.as_ref().err().copied().unwrap_or(HttpOutcome::Ok);
        self.watch
            .metrics
            .http_request(&self.watch.service, outcome, started.elapsed().as_secs_f64());
        found
    }

    async fn page(&self, url: &str) -> Result<Page, HttpOutcome> {
        let _permit = self.all.acquire().await.map_err(|_| HttpOutcome::Timeout)?;
        let mut url = Url::parse(url.trim()).map_err(|_| HttpOutcome::Refused)?;
        for _ in 0..=self.config.redirects_max {
            url.set_fragment(None);
            self.guard.check(&url).map_err(|_| HttpOutcome::Refused)?;
            let host = self.host(&url);
            if self.config.robots && !self.robots(&host, &url).await?.allow(&url) {
                return Err(HttpOutcome::Robots);
            }
            match self.attempts(&host, &url, self.config.page_bytes_max).await? {
                Answer::Page(page) => return Ok(page),
                Answer::Redirect(next) => url = next,
            }
        }
        Err(HttpOutcome::Redirects)
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let mut hosts = lock(&self.hosts);
        if hosts.len() >= HOSTS_MAX {
            hosts.clear();
        }
        let (failures_max, rest_ms) = (self.config.breaker_failures, self.config.breaker_rest_ms);
        let made = || {
            Arc::new(Host {
                slots: Semaphore::new(self.config.host_concurrency_max),
                breaker: Watched::new(&self.watch, false, failures_max, rest_ms),
                next: Mutex::new(Instant::now()),
                robots: tokio::sync::Mutex::default(),
            })
        };
        Arc::clone(
            hosts
                .entry(url.origin().ascii_serialization())
                .or_insert_with(made),
        )
    }

    /// What the host's `robots.txt` says; asked for once an hour. By RFC 9309 a host without one allows
    /// everything, and one that cannot be asked nothing.
    async fn robots(&self, host: &Host, url: &Url) -> Result<Arc<Robots>, HttpOutcome> {
        let mut known = host.robots.lock().await;
        if let Some((read_at, robots)) = known.as_ref()
            && read_at.elapsed() < ROBOTS_LIFETIME
        {
            return Ok(Arc::clone(robots));
        }
        let mut at = url.join("/robots.txt").map_err(|_| HttpOutcome::Refused)?;
        let mut robots = Robots::Everything;
        for _ in 0..=self.config.redirects_max {
            self.guard.check(&at).map_err(|_| HttpOutcome::Refused)?;
            match self.attempts(host, &at, ROBOTS_BYTES_MAX).await {
                Ok(Answer::Redirect(next)) => at = next,
                Ok(Answer::Page(page)) => {
                    robots = self.rules(&page.body)?;
                    break;
                }
                Err(HttpOutcome::ClientError) => break,
                // Not kept: the host is asked again, once its breaker admits it.
                Err(HttpOutcome::ServerError) => return Ok(Arc::new(Robots::Nothing)),
                Err(other) => return Err(other),
            }
        }
        let robots = Arc::new(robots);
        *known = Some((Instant::now(), Arc::clone(&robots)));
        Ok(robots)
    }

    /// The rules of a `robots.txt`, packed or not.
    fn rules(&self, body: &[u8]) -> Result<Robots, HttpOutcome> {
        let limits = Limits {
            payload_bytes_max: ROBOTS_BYTES_MAX,
            ..Limits::default()
        };
        let body = unpack(body, &limits).map_err(|_| HttpOutcome::Broken)?;
        let agent = self.config.user_agent.split('/').next().unwrap_or_default();
        Ok(Robot::new(agent, &body).map_or(Robots::Everything, |rules| Robots::Rules(Box::new(rules))))
    }

    /// One page, with attempts as the configuration has them.
    async fn attempts(&self, host: &Host, url: &Url, bytes_max: usize) -> Result<Answer, HttpOutcome> {
        let longest = Duration::from_millis(u64::from(self.config.batch_timeout_ms));
        with_retries(&self.watch, self.config.retries_max, longest, || {
            self.attempt(host, url, bytes_max)
        })
        .await
        .map_err(|failure| failure.outcome)
    }

    async fn attempt(&self, host: &Host, url: &Url, bytes_max: usize) -> Result<Answer, Failure> {
        let _slot = host.slots.acquire().await.map_err(|_| HttpOutcome::Timeout)?;
        if !host.breaker.admits() {
            return Err(HttpOutcome::BreakerOpen.into());
        }
        let wait = {
            let mut next = lock(&host.next);
            let at = (*next).max(Instant::now());
            *next = at + Duration::from_millis(u64::from(self.config.host_interval_ms));
            at.saturating_duration_since(Instant::now())
        };
        tokio::time::sleep(wait).await;
        let result = self.request(url, bytes_max).await;
        let failure = result.as_ref().err();
        host.breaker
            .judge(failure.filter(|failure| failure.outcome.may_pass()));
        result
    }

    async fn request(&self, url: &Url, bytes_max: usize) -> Result<Answer, Failure> {
        let known = lock(&self.kept).pages.get(url.as_str()).cloned();
        let mut request = self
            .client
            .get(url.clone())
            .header(header::ACCEPT_ENCODING, "gzip");
        if let Some((tag, _)) = &known {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let response = request.send().await?;
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED
            && let Some((_, page)) = known
        {
            self.watch.metrics.http_cache_hit(&self.watch.service);
            return Ok(Answer::Page(page));
        }
        if status.is_redirection() {
            let next = text(&response, &header::LOCATION).and_then(|location| url.join(&location).ok());
            return next
                .map(Answer::Redirect)
                .ok_or_else(|| HttpOutcome::Redirects.into());
        }
        let response = successful(response)?;
        let (tag, content_type) = (
            text(&response, &header::ETAG),
            text(&response, &header::CONTENT_TYPE),
        );
        let encoding = text(&response, &header::CONTENT_ENCODING).unwrap_or_default();
        let is_packed = match encoding.to_ascii_lowercase().as_str() {
            "" | "identity" => false,
            "gzip" | "x-gzip" => true,
            _ => return Err(HttpOutcome::Broken.into()),
        };
        let body = read(response, bytes_max).await?;
        if is_packed && !body.starts_with(GZIP) {
            return Err(HttpOutcome::Broken.into());
        }
        let page = Page { body, content_type };
        if let Some(tag) = tag {
            lock(&self.kept).keep(url.as_str(), tag, &page, self.config.cache_pages_max);
        }
        Ok(Answer::Page(page))
    }
}

impl Robots {
    fn allow(&self, url: &Url) -> bool {
        match self {
            Self::Rules(rules) => rules.allowed(url.as_str()),
            Self::Everything => true,
            Self::Nothing => false,
        }
    }
}

impl Kept {
    fn keep(&mut self, url: &str, tag: String, page: &Page, most: usize) {
        if page.body.len() > KEPT_BYTES_MAX || most == 0 {
            return;
        }
        if self.pages.insert(url.to_owned(), (tag, page.clone())).is_none() {
            self.order.push_back(url.to_owned());
        }
        if self.order.len() > most
            && let Some(oldest) = self.order.pop_front()
        {
            self.pages.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
