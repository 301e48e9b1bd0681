//! What the targets check, as `make test` does.

#[path = "../../tests/suite/targets.rs"]
mod targets;

pub use dateline::config::FormChoice;
pub use targets::*;
