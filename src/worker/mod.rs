//! Room `worker`: being built.

pub mod process;
