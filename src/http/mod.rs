//! The only room that knows reqwest: OAuth tokens for Kafka's SASL/OAUTHBEARER. Never knows Kafka.

pub mod oauth;
