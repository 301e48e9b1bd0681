//! The suite that needs no broker: the binary from outside.

// In tests a broken expectation is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli;
