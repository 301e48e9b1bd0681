//! The only room that knows reqwest: pages of articles that are only a URL, and OAuth tokens for Kafka's
//! SASL/OAUTHBEARER. Never knows Kafka.

mod address;
mod breaker;
pub mod fetch;
pub mod oauth;
mod resolve;
