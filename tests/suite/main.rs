//! The suite that needs no broker: the binary from outside.

mod cli;
