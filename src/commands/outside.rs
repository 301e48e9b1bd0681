//! Hands the flow what asks services outside, where they are wanted: pages of articles that are only a URL, and names
//! and topics. Holds no logic of its own.

use std::sync::Arc;

use anyhow::Context;

use crate::config::Config;
use crate::enrich::topics::Catalogue;
use crate::http::enricher::RemoteEnricher;
use crate::http::fetch::PageFetcher;
use crate::metrics::HttpOutcome;
use crate::metrics::Metrics;
use crate::worker::seams::Fetch;
use crate::worker::seams::FetchedPage;
use crate::worker::seams::RemoteService;

/// What asks for pages.
///
/// # Errors
/// Where the client cannot be made.
pub fn fetch(config: &Config, metrics: &Metrics) -> anyhow::Result<Option<Fetch>> {
    if !config.fetch.enabled {
        return Ok(None);
    }
    let fetcher = PageFetcher::new(&config.fetch, metrics.clone()).map_err(anyhow::Error::msg)?;
    let fetcher = Arc::new(fetcher);
    Ok(Some(Arc::new(move |url: String| {
        let fetcher = Arc::clone(&fetcher);
        Box::pin(async move {
            let page = fetcher.fetch(&url).await.map_err(HttpOutcome::name)?;
            Ok(FetchedPage {
                body: page.body,
                content_type: page.content_type,
            })
        })
    })))
}

/// What asks for names and topics.
///
/// # Errors
/// Where a client cannot be made.
pub fn services(
    config: &Config,
    catalogue: &Arc<Catalogue>,
    metrics: &Metrics,
) -> anyhow::Result<Vec<RemoteService>> {
    let services = config.enrichers.iter().map(|config| {
        let enricher = RemoteEnricher::new(config, catalogue, metrics)
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("the service {}", config.name))?;
        Ok(RemoteService {
            config: Arc::new(config.clone()),
            ask: Arc::new(move |questions| {
                let enricher = enricher.clone();
                Box::pin(async move { enricher.ask(questions).await })
            }),
        })
    });
    services.collect()
}
