//! The suite that needs no broker: the core and the flow as a library, the binary from outside.

// In tests a broken expectation is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod articles;
mod cli;
mod contract;
mod deploy;
mod flow;
mod forms;
mod golden;
mod hostile;
mod languages;
mod mock_broker;
mod mutated;
mod names;
mod outputs;
mod outside;
mod readme;
#[allow(unreachable_pub, reason = "fuzz/ exports them")]
mod targets;
