//! Pages of articles that are only a URL: one bounded request after another, polite to every host, to public
//! addresses alone. Never reads what it fetched, never knows Kafka.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use reqwest::StatusCode;
use reqwest::header;
use texting_robots::Robot;
use tokio::sync::Semaphore;
use url::Url;

use crate::config::FetchConfig;
use crate::http::breaker::Breaker;
use crate::http::breaker::backoff;
use crate::http::resolve::Guard;
use crate::http::resolve::Lookup;
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
/// Least and longest wait before another attempt.
const BACKOFF_MIN: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(10);

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
    metrics: Metrics,
}

struct Host {
    slots: Semaphore,
    state: Mutex<HostState>,
    robots: tokio::sync::Mutex<Option<(Instant, Arc<Robots>)>>,
}

struct HostState {
    breaker: Breaker,
    next: Instant,
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

/// Why an attempt failed, and how long the host asks to be left alone.
struct Failure {
    outcome: HttpOutcome,
    retry_after: Option<Duration>,
}

impl From<HttpOutcome> for Failure {
    fn from(outcome: HttpOutcome) -> Self {
        Self {
            outcome,
            retry_after: None,
        }
    }
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
            metrics,
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
        self.metrics
            .http_request(HttpService::Fetch, outcome, started.elapsed().as_secs_f64());
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
        let rest = Duration::from_millis(u64::from(self.config.breaker_rest_ms));
        let made = || {
            Arc::new(Host {
                slots: Semaphore::new(self.config.host_concurrency_max),
                state: Mutex::new(HostState {
                    breaker: Breaker::new(self.config.breaker_failures, rest),
                    next: Instant::now(),
                }),
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
                    let agent = self.config.user_agent.split('/').next().unwrap_or_default();
                    robots = Robot::new(agent, &page.body)
                        .map_or(Robots::Everything, |rules| Robots::Rules(Box::new(rules)));
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

    /// One page, with attempts as the configuration has them.
    async fn attempts(&self, host: &Host, url: &Url, bytes_max: usize) -> Result<Answer, HttpOutcome> {
        let mut attempt = 0;
        loop {
            let failure = match self.attempt(host, url, bytes_max).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            attempt += 1;
            let longest = Duration::from_millis(u64::from(self.config.batch_timeout_ms));
            let asked = failure.retry_after.unwrap_or_default();
            if attempt > self.config.retries_max || !failure.outcome.may_pass() || asked > longest {
                return Err(failure.outcome);
            }
            self.metrics.http_retry(HttpService::Fetch);
            let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
            tokio::time::sleep(backoff(attempt, random, BACKOFF_MIN, BACKOFF_MAX).max(asked)).await;
        }
    }

    async fn attempt(&self, host: &Host, url: &Url, bytes_max: usize) -> Result<Answer, Failure> {
        let _slot = host.slots.acquire().await.map_err(|_| HttpOutcome::Timeout)?;
        if !lock(&host.state).breaker.admits(Instant::now()) {
            return Err(HttpOutcome::BreakerOpen.into());
        }
        let wait = {
            let mut state = lock(&host.state);
            let at = state.next.max(Instant::now());
            state.next = at + Duration::from_millis(u64::from(self.config.host_interval_ms));
            at.saturating_duration_since(Instant::now())
        };
        tokio::time::sleep(wait).await;
        let result = self.request(url, bytes_max).await;
        let mut state = lock(&host.state);
        let was_open = state.breaker.is_open();
        match &result {
            Err(failure) if failure.outcome.may_pass() => state.breaker.failed(Instant::now()),
            _ => state.breaker.succeeded(),
        }
        let change = i64::from(state.breaker.is_open()) - i64::from(was_open);
        self.metrics.http_breakers_open(HttpService::Fetch, change);
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
        let response = request.send().await.map_err(|error| of_error(&error))?;
        let status = response.status();
        let text = |name: header::HeaderName| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        if status == StatusCode::NOT_MODIFIED
            && let Some((_, page)) = known
        {
            self.metrics.http_cache_hit(HttpService::Fetch);
            return Ok(Answer::Page(page));
        }
        if status.is_redirection() {
            let next = text(header::LOCATION).and_then(|location| url.join(&location).ok());
            return next
                .map(Answer::Redirect)
                .ok_or_else(|| HttpOutcome::Redirects.into());
        }
        if !status.is_success() {
            let is_trouble = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            return Err(Failure {
                outcome: if is_trouble {
                    HttpOutcome::ServerError
                } else {
                    HttpOutcome::ClientError
                },
                retry_after: text(header::RETRY_AFTER).and_then(|after| retry_after(&after)),
            });
        }
        let (tag, content_type) = (text(header::ETAG), text(header::CONTENT_TYPE));
        let encoding = text(header::CONTENT_ENCODING).unwrap_or_default();
        if !matches!(
            encoding.to_ascii_lowercase().as_str(),
            "" | "identity" | "gzip" | "x-gzip"
        ) {
            return Err(HttpOutcome::Broken.into());
        }
        let body = read(response, bytes_max).await?;
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

async fn read(mut response: reqwest::Response, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let too_large = |bytes: usize| bytes > bytes_max;
    if response
        .content_length()
        .is_some_and(|length| usize::try_from(length).map_or(true, too_large))
    {
        return Err(HttpOutcome::TooLarge.into());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| of_error(&error))? {
        if too_large(body.len() + chunk.len()) {
            return Err(HttpOutcome::TooLarge.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn of_error(error: &reqwest::Error) -> Failure {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = source {
        if cause.is::<crate::http::resolve::Refused>() {
            return HttpOutcome::Refused.into();
        }
        source = cause.source();
    }
    match error {
        _ if error.is_timeout() => HttpOutcome::Timeout,
        _ if error.is_connect() => HttpOutcome::Unreachable,
        _ => HttpOutcome::Broken,
    }
    .into()
}

/// Seconds; a date is not read, since it would need the clock of the host.
fn retry_after(written: &str) -> Option<Duration> {
    written.trim().parse().ok().map(Duration::from_secs)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
