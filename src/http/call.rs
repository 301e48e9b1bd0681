//! One call over HTTP, as every service of ours is called: what its failure means, how much of an answer is read, when
//! it is called again and when left alone. Never knows what is asked.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header;
use tokio::sync::Notify;
use tracing::info;
use tracing::warn;

use crate::http::breaker::Breaker;
use crate::http::breaker::backoff;
use crate::http::resolve::Refused;
use crate::metrics::HttpOutcome;
use crate::metrics::HttpService;
use crate::metrics::Metrics;
use crate::text::time;
use crate::text::time::Time;

/// Least and longest wait before another attempt.
pub(super) const BACKOFF_MIN: Duration = Duration::from_millis(250);
pub(super) const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Why an attempt failed, and how long the other side asks to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) outcome: HttpOutcome,
    pub(super) retry_after: Option<Duration>,
    pub(super) status: Option<StatusCode>,
}

impl From<HttpOutcome> for Failure {
    fn from(outcome: HttpOutcome) -> Self {
        Self {
            outcome,
            retry_after: None,
            status: None,
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(cause) = source {
            if cause.is::<Refused>() {
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
}

/// The answer, unless its status says that there is none.
pub(super) fn successful(response: reqwest::Response) -> Result<reqwest::Response, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let outcome = match status {
        StatusCode::TOO_MANY_REQUESTS => HttpOutcome::ServerError,
        _ if status.is_server_error() => HttpOutcome::ServerError,
        _ if status.is_redirection() => HttpOutcome::Redirects,
        _ => HttpOutcome::ClientError,
    };
    Err(Failure {
        outcome,
        retry_after: asked_to_wait(&response),
        status: Some(status),
    })
}

/// A header's value, where it is text.
pub(super) fn text(response: &reqwest::Response, name: &header::HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// The whole body, where it is no larger than allowed.
pub(super) async fn read(mut response: reqwest::Response, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let too_large = |bytes: usize| bytes > bytes_max;
    if response
        .content_length()
        .is_some_and(|length| usize::try_from(length).map_or(true, too_large))
    {
        return Err(HttpOutcome::TooLarge.into());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if too_large(body.len() + chunk.len()) {
            return Err(HttpOutcome::TooLarge.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What an answer's `Retry-After` asks for. A date is counted from the answer's own `Date`, so that it does not matter
/// whose clock is wrong.
fn asked_to_wait(response: &reqwest::Response) -> Option<Duration> {
    let written = text(response, &header::RETRY_AFTER)?;
    let sent = text(response, &header::DATE).and_then(|date| instant(&date));
    retry_after(&written, sent.unwrap_or_else(Timestamp::now))
}

/// Seconds, or a date of HTTP (RFC 9110; not in asctime's form, which none may send); one that has passed is no wait.
fn retry_after(written: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = written.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = instant(written)?.duration_since(now);
    Some(wait.try_into().unwrap_or(Duration::ZERO))
}

fn instant(date: &str) -> Option<Timestamp> {
    match time::read(date)? {
        Time::Utc(written) => written.parse().ok(),
        Time::Day(_) | Time::DayZoneMissing(_) => None,
    }
}

/// How long to wait before attempt `attempt` (from 1), at most `most`.
pub(super) fn pause(attempt: u32, most: Duration) -> Duration {
    let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
    backoff(attempt, random, BACKOFF_MIN, most.max(BACKOFF_MIN))
}

/// Attempts again, `retries_max` times, what failed and may pass; not where the other side asks for more than
/// `longest`.
pub(super) async fn with_retries<T, F: Future<Output = Result<T, Failure>>>(
    watch: &Watch,
    retries_max: u32,
    longest: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Failure> {
    let mut failed = 0;
    loop {
        let failure = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        failed += 1;
        let asked = failure.retry_after.unwrap_or_default();
        if failed > retries_max || !failure.outcome.may_pass() || asked > longest {
            return Err(failure);
        }
        watch.metrics.http_retry(&watch.service);
        tokio::time::sleep(pause(failed, BACKOFF_MAX).max(asked)).await;
    }
}

/// What is counted, and under which name.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) service: HttpService,
    pub(super) metrics: Metrics,
}

/// A breaker whose state is counted, and told where a service has but one.
pub(super) struct Watched {
    watch: Watch,
    is_told: bool,
    breaker: Mutex<Breaker>,
    back: Notify,
}

impl Watched {
    /// A closed one.
    pub(super) fn new(watch: &Watch, is_told: bool, failures_max: u32, rest_ms: u32) -> Self {
        let rest = Duration::from_millis(u64::from(rest_ms));
        Self {
            watch: watch.clone(),
            is_told,
            breaker: Mutex::new(Breaker::new(failures_max, rest)),
            back: Notify::new(),
        }
    }

    /// Waits until the other side, which was left alone, has answered somebody.
    pub(super) async fn is_back(&self) {
        self.back.notified().await;
    }

    /// True where the other side may be asked now.
    pub(super) fn admits(&self) -> bool {
        lock(&self.breaker).admits(Instant::now())
    }

    /// The other side was asked, and failed or not.
    pub(super) fn judge(&self, failure: Option<&Failure>) {
        let mut breaker = lock(&self.breaker);
        let was_open = breaker.is_open();
        match failure {
            Some(_) => breaker.failed(Instant::now()),
            None => breaker.succeeded(),
        }
        let change = i64::from(breaker.is_open()) - i64::from(was_open);
        self.watch.metrics.http_breakers_open(&self.watch.service, change);
        if change < 0 {
            self.back.notify_waiters();
        }
        let service = self.watch.service.name();
        match failure {
            Some(failure) if self.is_told && change > 0 => {
                warn!(
                    service = &*service,
                    reason = failure.outcome.name(),
                    "the service keeps failing and is left alone for a while"
                );
            }
            None if self.is_told && change < 0 => info!(service = &*service, "the service answers again"),
            _ => {}
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if lock(&self.breaker).is_open() {
            self.watch.metrics.http_breakers_open(&self.watch.service, -1);
        }
    }
}

/// The lock, also after a panic of another holder.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn those_who_wait_are_told_when_a_service_is_back() {
        let watch = Watch {
            service: HttpService::Fetch,
            metrics: Metrics::new().unwrap(),
        };
        let watched = Watched::new(&watch, false, 1, 3_600_000);
        watched.judge(Some(&HttpOutcome::Timeout.into()));
        let mut back = pin!(watched.is_back());
        tokio::select! {
            biased;
            () = &mut back => panic!("told before it is back"),
            () = ready(()) => {}
        }
        watched.judge(None);
        tokio::time::timeout(Duration::from_secs(60), back).await.unwrap();
    }

    #[test]
    fn services_ask_to_come_again_in_seconds_or_by_date() {
        let now = "2023-11-14T22:13:20Z".parse().unwrap();
        for (written, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Tue, 14 Nov 2023 22:14:20 GMT", Some(60)),
            ("Tuesday, 14-Nov-23 22:14:20 GMT", Some(60)),
            ("Wed, 15 Nov 2023 22:13:20 GMT", Some(86_400)),
            ("Mon, 13 Nov 2023 22:13:20 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Tue, 14 Nov 2023", None),
            ("Tue, 32 Nov 2023 22:14:20 GMT", None),
            ("", None),
        ] {
            let read = retry_after(written, now);
            assert_eq!(read, expected.map(Duration::from_secs), "{written}");
        }
    }
}
