//! Proofs on a real Apache Kafka: exactly-once and at-least-once with kills, rebalances, dead letters,
//! fidelity, clean shutdown.
//! What belongs here needs transactions or a real group; everything else is in `tests/suite`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod brokers;
mod budget;
mod cluster;
mod delivery;
mod fleet;
mod letters;
mod operation;
mod oracle;
mod outside;
mod proofs;
mod refused;
mod replay;
mod secured;
mod security;
mod trouble;
mod worker;
