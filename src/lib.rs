//! dateline: raw news articles in from Kafka, structured records out, exactly once.
//!
//! The rooms below are in reading order; a room imports only rooms above it (`tests/tidy.rs`).
//! `ARCHITECTURE.md` has the picture and the invariants.

pub mod limits;
pub mod article;
pub mod record;
pub mod config;
pub mod text;
pub mod decode;
pub mod accept;
pub mod enrich;
pub mod encode;
pub mod metrics;
pub mod worker;
pub mod kafka;
pub mod http;
pub mod ops;
pub mod commands;
