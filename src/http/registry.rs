//! A schema registry with Confluent's REST API: which number a schema has, asked once at start. A schema that
//! readers of older records could not live with is refused here, before the first record. Secrets never reach an
//! error message.

use std::time::Duration;
use std::time::Instant;

use reqwest::Method;
use reqwest::RequestBuilder;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::json;
use thiserror::Error;
use url::Url;

use crate::http::breaker::backoff;
use crate::http::client;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most characters of what the registry says that an error repeats.
const SAID_MAX: usize = 1_000;
/// Longest that one request may take, and the waits between attempts.
const REQUEST: Duration = Duration::from_secs(10);
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// The media type of the API.
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// What the registry is told to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaKind {
    /// An Avro schema.
    Avro,
    /// A JSON Schema.
    Json,
}

/// How we sign on.
#[derive(Clone)]
pub enum RegistryAuth {
    /// Not at all.
    None,
    /// User name and password.
    Basic(String, String),
    /// A bearer token.
    Bearer(String),
}

/// The registry gave no number.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// It refuses, or keeps what we may not write: asking again changes nothing.
    #[error("{0}")]
    Refused(String),
    /// It does not answer, or is in trouble: it may be there later.
    #[error("{0}")]
    Unreachable(String),
}

/// A registry.
pub struct Registry {
    client: reqwest::Client,
    url: Url,
    auth: RegistryAuth,
    patience: Duration,
}

/// A schema on its way to the registry.
struct Offer<'a> {
    subject: &'a str,
    schema: &'a Json,
    kind: SchemaKind,
}

#[derive(Deserialize)]
struct Registered {
    id: u32,
}

#[derive(Deserialize)]
struct Latest {
    id: u32,
    version: u32,
    schema: String,
    #[serde(rename = "schemaType")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Compatibility {
    is_compatible: bool,
    #[serde(default)]
    messages: Vec<String>,
}

impl Registry {
    /// A registry at `url`, asked for at most `patience`; `ca_pem` adds authorities to the system's.
    ///
    /// # Errors
    /// Where the URL, the certificate or the client is refused.
    pub fn new(
        url: &str,
        auth: RegistryAuth,
        ca_pem: Option<&[u8]>,
        patience: Duration,
    ) -> Result<Self, RegistryError> {
        let refused = |error: String| RegistryError::Refused(format!("its client cannot be made: {error}"));
        Ok(Self {
            client: client::build(REQUEST.min(patience), ca_pem).map_err(refused)?,
            url: Url::parse(url).map_err(|error| refused(error.to_string()))?,
            auth,
            patience,
        })
    }

    /// The URI of a schema by its number.
    pub fn schema_uri(&self, id: u32) -> String {
        self.at(&["schemas", "ids", &id.to_string()]).into()
    }

    /// The number of `schema` in `subject`. Where it is missing there it is registered, if it is compatible by the
    /// subject's rule; with `auto_register` off the latest of the subject does as well, if it differs in
    /// documentation alone.
    ///
    /// # Errors
    /// Where the registry cannot be asked, or no number may stand before our records.
    pub async fn schema_id(
        &self,
        subject: &str,
        schema: &Json,
        kind: SchemaKind,
        auto_register: bool,
    ) -> Result<u32, RegistryError> {
        let offer = Offer {
            subject,
            schema,
            kind,
        };
        let asked = async {
            let path = ["subjects", subject];
            if let Some(known) = self.ask::<Registered>(&path, Some(&offer)).await? {
                Ok(known.id)
            } else if auto_register {
                self.register(&offer).await
            } else {
                self.latest(&offer).await
            }
        };
        let late = |_| RegistryError::Unreachable("it does not answer in time".to_owned());
        tokio::time::timeout(self.patience, asked).await.map_err(late)?
    }

    async fn register(&self, offer: &Offer<'_>) -> Result<u32, RegistryError> {
        let subject = offer.subject;
        let check = ["compatibility", "subjects", subject, "versions", "latest"];
        // No such subject or version: nothing to be compatible with.
        let judged = self.ask::<Compatibility>(&check, Some(offer)).await?;
        if let Some(judged) = judged.filter(|judged| !judged.is_compatible) {
            let said = judged.messages.join("; ");
            let why = format!(
                "what this version writes is not compatible with the latest version of subject `{subject}`{}{}",
                if said.is_empty() { "" } else { ": " },
                shortened(&said),
            );
            return Err(RegistryError::Refused(why));
        }
        let versions = ["subjects", subject, "versions"];
        let registered = self.ask::<Registered>(&versions, Some(offer)).await?;
        registered.map(|registered| registered.id).ok_or_else(|| {
            RegistryError::Refused(format!(
                "subject `{subject}` cannot be registered: not found (status 404)"
            ))
        })
    }

    async fn latest(&self, offer: &Offer<'_>) -> Result<u32, RegistryError> {
        let subject = offer.subject;
        let path = ["subjects", subject, "versions", "latest"];
        let Some(latest) = self.ask::<Latest>(&path, None).await? else {
            let why = format!("subject `{subject}` has no schema, and auto_register is off");
            return Err(RegistryError::Refused(why));
        };
        let kind = latest.kind.as_deref().unwrap_or(SchemaKind::Avro.name());
        let same = kind == offer.kind.name()
            && serde_json::from_str(&latest.schema)
                .is_ok_and(|schema: Json| bare(&schema, offer.kind) == bare(offer.schema, offer.kind));
        if same {
            return Ok(latest.id);
        }
        Err(RegistryError::Refused(format!(
            "no version of subject `{subject}` is what this version writes, its latest ({}, {kind}) is not either, \
             and auto_register is off",
            latest.version
        )))
    }

    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        // An http URL always has segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Asks, again while the registry is in trouble and there is time; `None` where it does not know what was named.
    async fn ask<A: for<'de> Deserialize<'de>>(
        &self,
        path: &[&str],
        offer: Option<&Offer<'_>>,
    ) -> Result<Option<A>, RegistryError> {
        let deadline = Instant::now() + self.patience;
        let mut attempt = 1;
        loop {
            let asked = self.attempt(path, offer).await;
            let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
            let wait = backoff(attempt, random, BACKOFF_MIN, BACKOFF_MAX);
            if !matches!(asked, Err(RegistryError::Unreachable(_))) || Instant::now() + wait >= deadline {
                return asked;
            }
            attempt += 1;
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt<A: for<'de> Deserialize<'de>>(
        &self,
        path: &[&str],
        offer: Option<&Offer<'_>>,
    ) -> Result<Option<A>, RegistryError> {
        let unreachable = |error: reqwest::Error| {
            RegistryError::Unreachable(format!("it does not answer: {}", error.without_url()))
        };
        let response = self
            .request(self.at(path), offer)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        let body = client::read(response, ANSWER_BYTES_MAX)
            .await
            .map_err(unreachable)?;
        let body = body.ok_or_else(|| RegistryError::Refused("its answer is too large".to_owned()))?;
        if status.is_success() {
            let nonsense =
                |_| RegistryError::Refused("its answer is not that of a schema registry".to_owned());
            return serde_json::from_slice(&body).map(Some).map_err(nonsense);
        }
        let told = format!("it answers with status {}{}", status.as_u16(), said(&body));
        match status {
            StatusCode::NOT_FOUND if is_of_api(&body) => Ok(None),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Err(RegistryError::Unreachable(told))
            }
            status if status.is_server_error() => Err(RegistryError::Unreachable(told)),
            _ => Err(RegistryError::Refused(told)),
        }
    }

    fn request(&self, mut url: Url, offer: Option<&Offer<'_>>) -> RequestBuilder {
        let method = if offer.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        if url.path().contains("/compatibility/") {
            url.set_query(Some("verbose=true"));
        }
        let request = self
            .client
            .request(method, url)
            .header("accept", format!("{MEDIA_TYPE}, application/json"));
        let request = match &self.auth {
            RegistryAuth::None => request,
            RegistryAuth::Basic(user, password) => request.basic_auth(user, Some(password)),
            RegistryAuth::Bearer(token) => request.bearer_auth(token),
        };
        match offer {
            None => request,
            Some(offer) => {
                let mut body = json!({"schema": offer.schema.to_string()});
                // Registries from before there was JSON Schema know no `schemaType`.
                if offer.kind != SchemaKind::Avro {
                    body["schemaType"] = offer.kind.name().into();
                }
                request.header("content-type", MEDIA_TYPE).body(body.to_string())
            }
        }
    }
}

impl SchemaKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Json => "JSON",
        }
    }
}

/// What the registry says of its refusal, shortened.
fn said(body: &[u8]) -> String {
    let message = serde_json::from_slice::<Json>(body)
        .ok()
        .and_then(|answer| Some(answer.get("message")?.as_str()?.to_owned()));
    message.map_or_else(String::new, |message| format!(": {}", shortened(&message)))
}

fn shortened(text: &str) -> String {
    text.chars()
        .take(SAID_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The API says what was not found (`40401` a subject, `40402` a version, `40403` a schema); another server just
/// says no.
fn is_of_api(body: &[u8]) -> bool {
    let code = serde_json::from_slice::<Json>(body).ok();
    let code = code.and_then(|answer| answer.get("error_code")?.as_u64());
    matches!(code, Some(404 | 40_400..=40_499))
}

/// A schema without what only people read.
fn bare(schema: &Json, kind: SchemaKind) -> Json {
    let documentation: &[&str] = match kind {
        SchemaKind::Avro => &["doc"],
        SchemaKind::Json => &["description", "title", "$comment", "examples", "$id"],
    };
    match schema {
        Json::Array(items) => items.iter().map(|item| bare(item, kind)).collect(),
        Json::Object(object) => {
            let kept = object.iter().filter(|(name, value)| {
                // A property may be called `title`: then it is a schema, and no text.
                !(documentation.contains(&name.as_str()) && (value.is_string() || value.is_array()))
            });
            Json::Object(
                kept.map(|(name, value)| (name.clone(), bare(value, kind)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
