//! The only room that knows reqwest: pages of articles that are only a URL, OAuth tokens for Kafka's
//! SASL/OAUTHBEARER, the schema registry, and traces. Never knows Kafka.

mod address;
mod breaker;
mod client;
pub mod fetch;
pub mod oauth;
pub mod otlp;
pub mod registry;
mod resolve;
