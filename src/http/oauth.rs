//! OIDC client-credentials tokens (RFC 6749 section 4.4). The secret and the token never reach a log or an
//! error message.

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::http::client;

/// Longest that one request for a token may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Assumed where the endpoint does not say how long the token lives.
const LIFETIME_DEFAULT_S: u64 = 300;

/// Where and as whom to ask for tokens.
#[derive(Clone)]
pub struct TokenEndpoint {
    client: reqwest::Client,
    url: String,
    client_id: String,
    client_secret: String,
    scope: Option<String>,
}

/// A token for Kafka.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The bearer token.
    pub value: String,
    /// The principal it was asked for.
    pub principal: String,
    /// When it expires, milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// No token was had.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The certificate file or the TLS client.
    #[error("the client for the token endpoint cannot be made: {0}")]
    Client(String),
    /// The endpoint did not answer.
    #[error("the token endpoint did not answer: {0}")]
    Unreachable(String),
    /// The endpoint answered with an error.
    #[error("the token endpoint answered with status {0}")]
    Refused(u16),
    /// The answer is no token.
    #[error("the token endpoint's answer is not a token: {0}")]
    Unreadable(String),
}

impl TokenError {
    /// True where asking again would have the same answer.
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Client(_) | Self::Unreadable(_) => true,
            Self::Unreachable(_) => false,
            Self::Refused(status) => *status < 500,
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: Option<u64>,
}

impl TokenEndpoint {
    /// An endpoint; `ca_pem` adds a certificate authority to the system's.
    ///
    /// # Errors
    /// Where the certificate or the client is refused.
    pub fn new(
        url: &str,
        client_id: &str,
        client_secret: &str,
        scope: Option<&str>,
        ca_pem: Option<&[u8]>,
    ) -> Result<Self, TokenError> {
        let client = client::build(TIMEOUT, ca_pem).map_err(TokenError::Client)?;
        Ok(Self {
            client,
            url: url.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            scope: scope.map(str::to_owned),
        })
    }

    /// Asks for a token. `now_ms` is the wall clock, milliseconds since 1970.
    ///
    /// # Errors
    /// Where the endpoint does not answer, refuses, or answers nonsense.
    pub async fn fetch(&self, now_ms: i64) -> Result<Token, TokenError> {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
        ];
        if let Some(scope) = &self.scope {
            form.push(("scope", scope));
        }
        let response = self
            .client
            .post(&self.url)
            .form(&form)
            .send()
            .await
            .map_err(|e| TokenError::Unreachable(e.without_url().to_string()))?;
        let status = response.status();
        if !status.is_success() {
            return Err(TokenError::Refused(status.as_u16()));
        }
        let body = response
            .bytes()
            .await
            .map_err(|e| TokenError::Unreachable(e.without_url().to_string()))?;
        if body.len() > ANSWER_BYTES_MAX {
            return Err(TokenError::Unreadable(format!("{} bytes", body.len())));
        }
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|e| TokenError::Unreadable(format!("line {} column {}", e.line(), e.column())))?;
        let lifetime_ms = answer
            .expires_in
            .unwrap_or(LIFETIME_DEFAULT_S)
            .saturating_mul(1000);
        Ok(Token {
            value: answer.access_token,
            principal: self.client_id.clone(),
            expires_at_ms: now_ms.saturating_add(i64::try_from(lifetime_ms).unwrap_or(i64::MAX)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::io::Write;

    use super::*;

    /// A token endpoint that gives one answer; hands back the request it read.
    fn endpoint(status: &str, body: &'static str) -> (TokenEndpoint, std::thread::JoinHandle<String>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !String::from_utf8_lossy(&request).contains("grant_type") {
                let read = stream.read(&mut buffer).unwrap();
                assert!(read > 0, "the request ended early");
                request.extend_from_slice(&buffer[..read]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(request).unwrap()
        });
        let endpoint = TokenEndpoint::new(&url, "worker", "s3cret", Some("kafka"), None).unwrap();
        (endpoint, served)
    }

    #[tokio::test]
    async fn a_token_is_asked_for_with_client_credentials() {
        let (endpoint, served) = endpoint(
            "200 OK",
            r#"{"access_token":"abc","expires_in":60,"token_type":"bearer"}"#,
        );
        let token = endpoint.fetch(1_000).await.unwrap();
        assert_eq!(
            (token.value.as_str(), token.principal.as_str()),
            ("abc", "worker")
        );
        assert_eq!(token.expires_at_ms, 61_000);
        let request = served.join().unwrap();
        assert!(
            request
                .ends_with("grant_type=client_credentials&client_id=worker&client_secret=s3cret&scope=kafka")
        );
    }

    #[tokio::test]
    async fn what_is_no_token_is_told_without_secrets() {
        for (status, body, expected) in [
            ("401 Unauthorized", r#"{"error":"bad s3cret"}"#, "status 401"),
            ("302 Found", "", "status 302"),
            ("200 OK", "<html>s3cret</html>", "not a token"),
            ("200 OK", r#"{"expires_in":60}"#, "not a token"),
        ] {
            let (endpoint, served) = endpoint(status, body);
            let error = endpoint.fetch(0).await.err().unwrap();
            assert!(error.is_refusal());
            let error = error.to_string();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
            served.join().unwrap();
        }
    }

    #[tokio::test]
    async fn an_endpoint_in_trouble_may_do_better_later() {
        let (endpoint, served) = endpoint("503 Service Unavailable", "");
        assert!(!endpoint.fetch(0).await.err().unwrap().is_refusal());
        served.join().unwrap();
    }

    #[tokio::test]
    async fn nobody_there_is_told() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        drop(listener);
        let endpoint = TokenEndpoint::new(&url, "worker", "s3cret", None, None).unwrap();
        assert!(matches!(endpoint.fetch(0).await, Err(TokenError::Unreachable(_))));
    }
}
