//! Hands tokens from `http` to `kafka` as a closure, so that neither room knows the other.

use std::sync::Arc;

use anyhow::Context;

use crate::commands::service::now_ms;
use crate::config::SecurityConfig;
use crate::http::oauth::TokenEndpoint;
use crate::kafka::NoToken;
use crate::kafka::TokenProvider;

/// The provider of tokens, where a token endpoint is configured. Must be called inside a tokio runtime.
///
/// # Errors
/// Where the certificate file or the client is refused.
pub fn token_provider(security: &SecurityConfig) -> anyhow::Result<Option<TokenProvider>> {
    let Some(url) = &security.oauth_token_url else {
        return Ok(None);
    };
    let ca = match &security.oauth_ca_file {
        Some(file) => {
            Some(std::fs::read(file).with_context(|| format!("oauth_ca_file {file} cannot be read"))?)
        }
        None => None,
    };
    let endpoint = TokenEndpoint::new(
        url,
        security.oauth_client_id.as_deref().unwrap_or_default(),
        security.oauth_client_secret.as_ref().map_or("", |s| s.expose()),
        security.oauth_scope.as_deref(),
        ca.as_deref(),
    )?;
    let runtime = tokio::runtime::Handle::current();
    let provider: TokenProvider = Arc::new(move || {
        // Called on a librdkafka polling thread, never on one of tokio's.
        let token = runtime.block_on(endpoint.fetch(now_ms())).map_err(|e| NoToken {
            reason: e.to_string(),
            is_refusal: e.is_refusal(),
        })?;
        Ok((token.value, token.principal, token.expires_at_ms))
    });
    Ok(Some(provider))
}
