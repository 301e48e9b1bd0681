//! Section `[kafka.security]`: encryption and sign-on. Never reads a file itself; `config::load` reads each `*_file`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::config::Secret;

/// Encryption and sign-on to the cluster. Each secret may come from a file instead; its last line break is dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SecurityConfig {
    /// `plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`.
    pub protocol: SecurityProtocol,
    /// PEM file of the authorities that sign brokers; absent = the system's.
    pub ca_file: Option<String>,
    /// PEM file of our certificate, for mutual TLS.
    pub certificate_file: Option<String>,
    /// PEM file of our private key, for mutual TLS.
    pub key_file: Option<String>,
    /// Password of the private key.
    pub key_password: Option<Secret>,
    /// File that holds the password of the private key.
    pub key_password_file: Option<String>,
    /// Whether a broker's certificate must name its host.
    pub verify_hostname: bool,
    /// `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`; required by the `sasl_*` protocols.
    pub sasl_mechanism: Option<SaslMechanism>,
    /// User name for `PLAIN` and `SCRAM-*`.
    pub username: Option<String>,
    /// Password for `PLAIN` and `SCRAM-*`.
    pub password: Option<Secret>,
    /// File that holds the password.
    pub password_file: Option<String>,
    /// Token end point of the identity provider, for `OAUTHBEARER`.
    pub oauth_token_url: Option<String>,
    /// Client id at the provider.
    pub oauth_client_id: Option<String>,
    /// Client secret at the provider.
    pub oauth_client_secret: Option<Secret>,
    /// File that holds the client secret.
    pub oauth_client_secret_file: Option<String>,
    /// Scope to ask for.
    pub oauth_scope: Option<String>,
    /// PEM file of the authorities that sign the provider; absent = the system's.
    pub oauth_ca_file: Option<String>,
}

impl Default for SecurityConfig {
    fn default() -> Self {
        Self {
            protocol: SecurityProtocol::Plaintext,
            ca_file: None,
            certificate_file: None,
            key_file: None,
            key_password: None,
            key_password_file: None,
            verify_hostname: true,
            sasl_mechanism: None,
            username: None,
            password: None,
            password_file: None,
            oauth_token_url: None,
            oauth_client_id: None,
            oauth_client_secret: None,
            oauth_client_secret_file: None,
            oauth_scope: None,
            oauth_ca_file: None,
        }
    }
}

/// What stands on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// No encryption, no sign-on.
    #[default]
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL without encryption.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    /// Its name in TOML and in librdkafka.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    /// True where TLS is used.
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    /// True where SASL is used.
    pub const fn is_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// How we sign on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SaslMechanism {
    /// User name and password, in clear.
    #[serde(rename = "PLAIN")]
    Plain,
    /// Salted challenge, SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// Salted challenge, SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// A token from an identity provider.
    #[serde(rename = "OAUTHBEARER")]
    OauthBearer,
}

impl SaslMechanism {
    /// Its name in TOML and in librdkafka.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }
}
