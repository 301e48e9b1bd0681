//! The only room that knows reqwest: pages of articles that are only a URL, services that find names and topics, OAuth
//! tokens for Kafka's SASL/OAUTHBEARER, the schema registry, and traces. Never knows Kafka.

mod address;
mod breaker;
mod call;
mod client;
pub mod enricher;
pub mod fetch;
#[cfg(test)]
mod misbehaving;
pub mod oauth;
pub mod otlp;
pub mod registry;
mod resolve;
