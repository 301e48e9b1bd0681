//! Section `[dead_letters]`: when too many of them stop the worker. Plain data; never counts.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// When too many dead letters stop the worker, before it commits the batch that trips a limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeadLetterConfig {
    /// Largest share of the last `window_records` that may be dead letters; 0 to 1, 1 = off.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share_max: f64,
    /// Records that the share is taken over; 10 to 1000000.
    #[schemars(range(min = 10, max = 1_000_000))]
    pub window_records: u32,
    /// Most dead letters in a row; 0 = off, at most 1000000.
    #[schemars(range(max = 1_000_000))]
    pub run_length_max: u32,
}

impl Default for DeadLetterConfig {
    fn default() -> Self {
        Self {
            share_max: 0.5,
            window_records: 1_000,
            run_length_max: 500,
        }
    }
}
