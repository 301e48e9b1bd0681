//! Services that find names and topics: articles in bounded requests, each asked again as the configuration has it, and
//! left alone while it keeps failing. Their URLs are the operator's and trusted; redirects are not followed. Never
//! knows Kafka.

use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use reqwest::StatusCode;
use reqwest::header;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::warn;

use crate::config::EnricherConfig;
use crate::config::EnricherFailure;
use crate::enrich::remote;
use crate::enrich::remote::Findings;
use crate::enrich::remote::Question;
use crate::enrich::topics::Catalogue;
use crate::http::call::BACKOFF_MAX;
use crate::http::call::Failure;
use crate::http::call::Watch;
use crate::http::call::Watched;
use crate::http::call::lock;
use crate::http::call::pause;
use crate::http::call::read;
use crate::http::call::successful;
use crate::http::call::text;
use crate::http::call::with_retries;
use crate::metrics::HttpOutcome;
use crate::metrics::HttpService;
use crate::metrics::Metrics;

/// Least time between two complaints of one service's answers.
const COMPLAINTS: Duration = Duration::from_secs(10);

/// What a service found in one article, or a word or phrase of a closed list for why there is nothing.
pub type Answered = Result<Findings, &'static str>;

/// A service, ready to be asked; clones share it.
#[derive(Clone)]
pub struct RemoteEnricher(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    config: EnricherConfig,
    catalogue: Arc<Catalogue>,
    slots: Semaphore,
    breaker: Watched,
    watch: Watch,
    /// When an answer was last complained of.
    complained: Mutex<Option<Instant>>,
}

impl RemoteEnricher {
    /// A service by its configuration; its answers may say the topics of the catalogue.
    ///
    /// # Errors
    /// Where its authorities or its token are refused, or the TLS client cannot be made.
    pub fn new(
        config: &EnricherConfig,
        catalogue: &Arc<Catalogue>,
        metrics: &Metrics,
    ) -> Result<Self, String> {
        // Installing twice is an error that changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let timeout = Duration::from_millis(u64::from(config.timeout_ms));
        let mut headers = header::HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        );
        if let Some(token) = &config.token {
            let value = header::HeaderValue::try_from(format!("Bearer {}", token.expose()));
            let mut value = value.map_err(|_| "the token is no header".to_owned())?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("dateline/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(timeout)
            .timeout(timeout);
        if let Some(file) = &config.ca_file {
            let pem = std::fs::read(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
            let certificates =
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| error.to_string())?;
            builder = builder.tls_certs_merge(certificates);
        }
        let watch = Watch {
            service: HttpService::Enricher(Arc::from(config.name.as_str())),
            metrics: metrics.clone(),
        };
        watch.metrics.http_service(&watch.service);
        Ok(Self(Arc::new(Inner {
            client: builder.build().map_err(|error| error.to_string())?,
            catalogue: Arc::clone(catalogue),
            slots: Semaphore::new(config.concurrency_max),
            breaker: Watched::new(&watch, true, config.breaker_failures, config.breaker_rest_ms),
            watch,
            complained: Mutex::default(),
            config: config.clone(),
        })))
    }

    /// Asks about articles, in as many requests as it takes: one answer for each, in order. Takes at most
    /// `batch_timeout_ms`, or with `wait` until the service answers. What is on the way ends with the future.
    pub async fn ask(&self, questions: Vec<Question>) -> Vec<Answered> {
        let count = questions.len();
        let mut answers: Vec<Answered> = vec![Err(HttpOutcome::Timeout.name()); count];
        let questions: Arc<[Question]> = Arc::from(questions);
        let mut asked = JoinSet::new();
        for part in parts(&questions, &self.0.config) {
            let (inner, questions) = (Arc::clone(&self.0), Arc::clone(&questions));
            asked.spawn(async move { (part.clone(), inner.part(&questions, part).await) });
        }
        let most = Duration::from_millis(u64::from(self.0.config.batch_timeout_ms));
        let deadline = tokio::time::Instant::now() + most;
        let is_bounded = self.0.config.on_failure != EnricherFailure::Wait;
        loop {
            let next = tokio::select! {
                next = asked.join_next() => next,
                () = tokio::time::sleep_until(deadline), if is_bounded => None,
            };
            match next {
                None => break,
                Some(Ok((part, found))) => {
                    for (place, answer) in part.zip(found) {
                        if let Some(here) = answers.get_mut(place) {
                            *here = answer;
                        }
                    }
                }
                // A task that panicked leaves its articles without an answer.
                Some(Err(_)) => {}
            }
        }
        let missing = answers.iter().filter(|answer| answer.is_err()).count();
        self.0
            .watch
            .metrics
            .enricher_missing(&self.0.watch.service, missing as u64);
        answers
    }
}

/// The requests that questions are sent in.
fn parts(questions: &[Question], config: &EnricherConfig) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (place, question) in questions.iter().enumerate() {
        bytes += question.bytes();
        match parts.last_mut() {
            Some(part) if part.len() < config.request_articles_max && bytes <= config.request_bytes_max => {
                part.end += 1;
            }
            _ => {
                parts.push(place..place + 1);
                bytes = question.bytes();
            }
        }
    }
    parts
}

impl Inner {
    /// One answer for each article of one request.
    async fn part(&self, questions: &Arc<[Question]>, part: Range<usize>) -> Vec<Answered> {
        let failure = match self.until_it_stands(questions, part.clone()).await {
            Ok(answers) => return answers,
            Err(failure) => failure,
        };
        if part.len() == 1 || !is_about_the_articles(&failure) {
            return vec![Err(failure.outcome.name()); part.len()];
        }
        // One of them is the reason: each is asked about alone.
        let mut answers = Vec::with_capacity(part.len());
        for place in part {
            let answer = self.until_it_stands(questions, place..place + 1).await;
            match answer {
                Ok(found) => answers.extend(found),
                Err(failure) => answers.push(Err(failure.outcome.name())),
            }
        }
        answers
    }

    /// Asks until there is an answer, or a failure that stands: with `wait`, one that is about the articles.
    async fn until_it_stands(
        &self,
        questions: &Arc<[Question]>,
        part: Range<usize>,
    ) -> Result<Vec<Answered>, Failure> {
        let mut failed = 0;
        loop {
            let failure = match self.answers(questions, part.clone()).await {
                Ok(answers) => return Ok(answers),
                Err(failure) => failure,
            };
            if self.config.on_failure != EnricherFailure::Wait || is_about_the_articles(&failure) {
                return Err(failure);
            }
            failed += 1;
            let rest = Duration::from_millis(u64::from(self.config.breaker_rest_ms));
            let asked = failure.retry_after.unwrap_or_default().min(rest);
            tokio::select! {
                () = tokio::time::sleep(pause(failed, BACKOFF_MAX.min(rest)).max(asked)) => {}
                () = self.breaker.is_back() => {}
            }
        }
    }

    /// One request, with attempts as the configuration has them.
    async fn answers(
        &self,
        questions: &Arc<[Question]>,
        part: Range<usize>,
    ) -> Result<Vec<Answered>, Failure> {
        let started = Instant::now();
        let longest = Duration::from_millis(u64::from(self.config.batch_timeout_ms));
        let result = with_retries(&self.watch, self.config.retries_max, longest, || {
            self.attempt(questions, part.clone())
        })
        .await;
        let outcome = match &result {
            Ok(answers) if answers.iter().any(Result::is_err) => HttpOutcome::Invalid,
            Ok(_) => HttpOutcome::Ok,
            Err(failure) => failure.outcome,
        };
        let seconds = started.elapsed().as_secs_f64();
        self.watch
            .metrics
            .http_request(&self.watch.service, outcome, seconds);
        result
    }

    async fn attempt(
        &self,
        questions: &Arc<[Question]>,
        part: Range<usize>,
    ) -> Result<Vec<Answered>, Failure> {
        let _slot = self.slots.acquire().await.map_err(|_| HttpOutcome::Timeout)?;
        if !self.breaker.admits() {
            return Err(HttpOutcome::BreakerOpen.into());
        }
        let result = self.request(questions, part).await;
        let failure = result.as_ref().err();
        self.breaker
            .judge(failure.filter(|failure| !is_about_the_articles(failure)));
        result
    }

    async fn request(
        &self,
        questions: &Arc<[Question]>,
        part: Range<usize>,
    ) -> Result<Vec<Answered>, Failure> {
        let body = remote::request(questions.get(part.clone()).unwrap_or_default());
        let response = self.client.post(&self.config.url).body(body).send().await?;
        let response = successful(response)?;
        let encoding = text(&response, &header::CONTENT_ENCODING).unwrap_or_default();
        if !matches!(encoding.as_str(), "" | "identity") {
            return Err(HttpOutcome::Broken.into());
        }
        let body = read(response, self.config.answer_bytes_max).await?;
        let (config, catalogue) = (self.config.clone(), Arc::clone(&self.catalogue));
        let questions = Arc::clone(questions);
        // A large answer takes a while to check: not on a thread that others wait on.
        let checked = tokio::task::spawn_blocking(move || {
            let asked = questions.get(part).unwrap_or_default();
            remote::read(&body, asked, &config, &catalogue)
        });
        let checked = checked.await.map_err(|_| HttpOutcome::Invalid)?;
        let unusable = match &checked {
            Ok(answers) => answers.iter().find_map(|answer| answer.as_ref().err()),
            Err(unusable) => Some(unusable),
        };
        if let Some(unusable) = unusable {
            self.complain(unusable.0);
        }
        let answers = checked.map_err(|_| HttpOutcome::Invalid)?;
        Ok(answers
            .into_iter()
            .map(|answer| answer.map_err(|reason| reason.0))
            .collect())
    }
}

impl Inner {
    /// Tells of an answer that cannot be used, not often.
    fn complain(&self, reason: &str) {
        let mut complained = lock(&self.complained);
        if complained.is_some_and(|at| at.elapsed() < COMPLAINTS) {
            self.watch.metrics.log_suppressed();
            return;
        }
        *complained = Some(Instant::now());
        warn!(service = self.config.name, reason, "an answer cannot be used");
    }
}

/// True for a failure that other articles may not have: the service cannot read these, or says too much of them.
fn is_about_the_articles(failure: &Failure) -> bool {
    let refusals = [
        StatusCode::BAD_REQUEST,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    failure.status.is_some_and(|status| refusals.contains(&status))
        || failure.outcome == HttpOutcome::TooLarge
}

#[cfg(test)]
mod tests;
