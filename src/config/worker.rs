//! Section `[worker]`: batches, cores, memory and shutdown. Plain data; never enforces anything.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// Batches, cores, memory and shutdown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerConfig {
    /// Threads that enrich; 0 = one per core, at most 1024.
    #[schemars(range(max = 1_024))]
    pub threads: usize,
    /// Most records in a batch; 1 to 100000. Batches that are ready while another is committed go together.
    #[schemars(range(min = 1, max = 100_000))]
    pub batch_records_max: usize,
    /// Most bytes in a batch (one larger record is a batch of its own); 1024 to 1073741824.
    #[schemars(range(min = 1_024, max = 1_073_741_824))]
    pub batch_bytes_max: usize,
    /// Most milliseconds a batch waits to fill; 1 to 60000.
    #[schemars(range(min = 1, max = 60_000))]
    pub batch_wait_ms: u32,
    /// Bytes of records held at once, the client's queues included; 8388608 to 1099511627776, at least 8 batches.
    #[schemars(range(min = 8_388_608, max = 1_099_511_627_776u64))]
    pub memory_budget_bytes: usize,
    /// Milliseconds a clean shutdown may take before the process exits all the same; 1000 to 3600000.
    #[schemars(range(min = 1_000, max = 3_600_000))]
    pub shutdown_deadline_ms: u32,
    /// Longest wait between two attempts, in milliseconds; 100 to 600000.
    #[schemars(range(min = 100, max = 600_000))]
    pub retry_backoff_ms_max: u32,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            threads: 0,
            batch_records_max: 1_000,
            batch_bytes_max: 4 * 1024 * 1024,
            batch_wait_ms: 200,
            memory_budget_bytes: 256 * 1024 * 1024,
            shutdown_deadline_ms: 25_000,
            retry_backoff_ms_max: 10_000,
        }
    }
}
