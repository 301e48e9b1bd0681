//! How the services over HTTP are, for the status and the live page. Never asks one.

use serde::Serialize;

use crate::metrics::ServiceTotals;
use crate::metrics::Totals;

/// One service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceView {
    /// `fetch`, or `enricher:NAME`.
    name: String,
    /// `ok`, or `left_alone` while it (or a host of pages) failed too often.
    state: &'static str,
    /// Hosts or services that are left alone.
    breakers_open: i64,
    /// Requests that ended.
    requests: u64,
    /// Those that ended without an answer that can be used.
    failures: u64,
    /// Attempts after the first.
    retries: u64,
    /// Answers that had not changed.
    cache_hits: u64,
    /// Articles about which it had no answer.
    missing: u64,
    /// How the last request that failed ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<&'static str>,
    /// Requests a second, over the last seconds.
    requests_per_s: f64,
    /// Seconds that a request took, over the last seconds; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_mean: Option<f64>,
}

/// The services as counted now, and `seconds` ago.
pub fn views(now: &Totals, before: Option<(&Totals, f64)>) -> Vec<ServiceView> {
    let view = |service: &ServiceTotals| {
        let (past, seconds) = before
            .and_then(|(totals, seconds)| {
                let past = totals.services.iter().find(|past| past.name == service.name)?;
                Some(((past.requests, past.seconds), seconds))
            })
            .unwrap_or(((0, 0.0), 0.0));
        let requests = service.requests.saturating_sub(past.0) as f64;
        ServiceView {
            name: service.name.clone(),
            state: if service.breakers_open > 0 {
                "left_alone"
            } else {
                "ok"
            },
            breakers_open: service.breakers_open,
            requests: service.requests,
            failures: service.failures,
            retries: service.retries,
            cache_hits: service.cache_hits,
            missing: service.missing,
            last_failure: service.last_failure,
            requests_per_s: if seconds > 0.0 { requests / seconds } else { 0.0 },
            seconds_mean: (requests > 0.0).then(|| (service.seconds - past.1) / requests),
        }
    };
    now.services.iter().map(view).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::metrics::HttpOutcome;
    use crate::metrics::HttpService;
    use crate::metrics::Metrics;

    #[test]
    fn what_is_shown_is_what_was_counted() {
        let metrics = Metrics::new().unwrap();
        assert_eq!(views(&metrics.totals(), None), []);
        let service = HttpService::Enricher(Arc::from("desk"));
        metrics.http_service(&service);
        metrics.http_request(&service, HttpOutcome::Ok, 0.5);
        let before = metrics.totals();
        metrics.http_request(&service, HttpOutcome::Ok, 1.0);
        metrics.http_request(&service, HttpOutcome::Timeout, 2.0);
        metrics.http_breakers_open(&service, 1);
        metrics.enricher_missing(&service, 7);
        let view = views(&metrics.totals(), Some((&before, 4.0))).remove(0);
        assert_eq!((view.name.as_str(), view.state), ("enricher:desk", "left_alone"));
        assert_eq!((view.requests, view.failures, view.missing), (3, 1, 7));
        assert_eq!((view.requests_per_s, view.seconds_mean), (0.5, Some(1.5)));
        assert_eq!(view.last_failure, Some("timeout"));
    }
}
