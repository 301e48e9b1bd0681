//! The proofs of delivery, each in a short form and, with `make prove`, in a long one. Each tells its seed, and repeats
//! its choices with `DATELINE_SEED`; what runs beside them on the machine it cannot repeat.

mod backlog;
mod cluster;
mod kills;
mod members;
mod network;
mod outputs;
#[cfg(feature = "fail-points")]
mod points;
mod poison;
mod upgrade;
mod zombies;

/// How to deliver, for the settings of `[kafka]`; the shortest time-outs, so that what is dead is soon known to be.
pub const EXACTLY_ONCE: &str = "transaction_timeout_ms = 5000\nsession_timeout_ms = 6000\n";
pub const AT_LEAST_ONCE: &str = "delivery = \"at-least-once\"\nsession_timeout_ms = 6000\n";
