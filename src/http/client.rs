//! Clients for services that the operator names, and their answers within bounds. Pages of strangers have a client of
//! their own (`fetch`).

use std::time::Duration;

/// A client that follows no redirect and gives each request `timeout`; `ca_pem` adds authorities to the system's.
pub(super) fn build(timeout: Duration, ca_pem: Option<&[u8]>) -> Result<reqwest::Client, String> {
    // Installing twice is an error that changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none());
    if let Some(pem) = ca_pem {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|e| e.to_string())?;
        if certificates.is_empty() {
            return Err("the file of authorities has no certificate".to_owned());
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|e| e.to_string())
}

/// The body of an answer; `None` where it has more than `bytes_max`.
pub(super) async fn read(
    mut response: reqwest::Response,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > bytes_max {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
