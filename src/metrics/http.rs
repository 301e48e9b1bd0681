//! What is counted of services over HTTP. Their names come from an enum and from the configuration, never from a URL.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::metrics::HttpOutcome;
use crate::metrics::Metrics;
use crate::metrics::table::Table;

/// What the worker asks over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpService {
    /// Pages of articles that are only a URL.
    Fetch,
    /// A service that finds names or topics, by its configured name.
    Enricher(Arc<str>),
}

impl HttpService {
    /// The stable word, used as a metric label: `fetch`, or `enricher:NAME`.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Fetch => Cow::Borrowed("fetch"),
            Self::Enricher(name) => Cow::Owned(format!("enricher:{name}")),
        }
    }
}

/// The services in use, and how each failed last.
#[derive(Default)]
pub(super) struct Services(Mutex<BTreeMap<HttpService, Option<HttpOutcome>>>);

impl Services {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<HttpService, Option<HttpOutcome>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is counted of one service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceTotals {
    /// Its label.
    pub name: String,
    /// Requests that ended.
    pub requests: u64,
    /// Those that ended without an answer that can be used.
    pub failures: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Answers that had not changed.
    pub cache_hits: u64,
    /// Seconds that all requests took.
    pub seconds: f64,
    /// Articles about which it had no answer.
    pub missing: u64,
    /// Breakers that are open now: a service has one, pages have one a host.
    pub breakers_open: i64,
    /// How the last request that failed ended.
    pub last_failure: Option<&'static str>,
}

/// Starts every series of a service at 0.
pub(super) fn start(table: &Table, service: &HttpService) {
    let name = service.name();
    for outcome in HttpOutcome::ALL {
        table.http_requests.with_label_values(&[&*name, outcome.name()]);
    }
    table.http_seconds.with_label_values(&[&*name]);
    table.http_retries.with_label_values(&[&*name]);
    table.http_cache_hits.with_label_values(&[&*name]);
    table.http_breakers_open.with_label_values(&[&*name]);
    if matches!(service, HttpService::Enricher(_)) {
        table.enricher_missing.with_label_values(&[&*name]);
    }
}

impl Metrics {
    /// A service is in use: its series start at 0, and the live page shows it.
    pub fn http_service(&self, service: &HttpService) {
        start(&self.0.table, service);
        self.0.services.lock().entry(service.clone()).or_insert(None);
    }

    /// One request over HTTP ended after `seconds`.
    pub fn http_request(&self, service: &HttpService, outcome: HttpOutcome, seconds: f64) {
        let (table, name) = (&self.0.table, service.name());
        table
            .http_requests
            .with_label_values(&[&*name, outcome.name()])
            .inc();
        table.http_seconds.with_label_values(&[&*name]).observe(seconds);
        if outcome != HttpOutcome::Ok
            && let Some(last) = self.0.services.lock().get_mut(service)
        {
            *last = Some(outcome);
        }
    }

    /// A request is made again.
    pub fn http_retry(&self, service: &HttpService) {
        let table = &self.0.table;
        table.http_retries.with_label_values(&[&*service.name()]).inc();
    }

    /// A page had not changed.
    pub fn http_cache_hit(&self, service: &HttpService) {
        let table = &self.0.table;
        table.http_cache_hits.with_label_values(&[&*service.name()]).inc();
    }

    /// So many more hosts are left alone.
    pub fn http_breakers_open(&self, service: &HttpService, change: i64) {
        let table = &self.0.table;
        table
            .http_breakers_open
            .with_label_values(&[&*service.name()])
            .add(change);
    }

    /// A service had no answer about so many articles.
    pub fn enricher_missing(&self, service: &HttpService, articles: u64) {
        let table = &self.0.table;
        table
            .enricher_missing
            .with_label_values(&[&*service.name()])
            .inc_by(articles);
    }

    /// What was counted of the services in use.
    pub(super) fn services(&self) -> Vec<ServiceTotals> {
        let table = &self.0.table;
        let of = |(service, last): (&HttpService, &Option<HttpOutcome>)| {
            let name = service.name();
            let count = |outcome: &HttpOutcome| {
                table
                    .http_requests
                    .with_label_values(&[&*name, outcome.name()])
                    .get()
            };
            let requests: u64 = HttpOutcome::ALL.iter().map(count).sum();
            let missing = match service {
                HttpService::Fetch => 0,
                HttpService::Enricher(_) => table.enricher_missing.with_label_values(&[&*name]).get(),
            };
            ServiceTotals {
                requests,
                failures: requests - count(&HttpOutcome::Ok),
                retries: table.http_retries.with_label_values(&[&*name]).get(),
                cache_hits: table.http_cache_hits.with_label_values(&[&*name]).get(),
                seconds: table.http_seconds.with_label_values(&[&*name]).get_sample_sum(),
                missing,
                breakers_open: table.http_breakers_open.with_label_values(&[&*name]).get(),
                last_failure: last.map(HttpOutcome::name),
                name: name.into_owned(),
            }
        };
        self.0.services.lock().iter().map(of).collect()
    }
}
