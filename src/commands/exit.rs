//! The one table of exit codes. Never exits itself.

use std::process::ExitCode;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All done.
    Ok,
    /// Something failed.
    Error,
    /// `enrich`: some records were rejected. `dead-letters replay`: some letters cannot be sent.
    SomeRejected,
    /// The command line is wrong.
    Usage,
    /// `health`: the worker is not live or not ready.
    Unhealthy,
    /// The Kafka client failed for good; start again.
    FatalClient,
    /// The shutdown deadline passed, or a second signal came.
    Forced,
    /// The dead-letter limit was reached; look before starting again.
    DeadLetterLimit,
    /// The configuration is wrong, or the cluster lacks what it names or refuses us at start.
    Configuration,
}

impl Exit {
    /// Every way to end, by code.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Error,
        Self::SomeRejected,
        Self::Usage,
        Self::Unhealthy,
        Self::FatalClient,
        Self::Forced,
        Self::DeadLetterLimit,
        Self::Configuration,
    ];

    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::SomeRejected => 2,
            Self::Usage => 64,
            Self::Unhealthy => 69,
            Self::FatalClient => 70,
            Self::Forced => 74,
            Self::DeadLetterLimit => 76,
            Self::Configuration => 78,
        }
    }

    /// What the code says.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done",
            Self::Error => "failed; the message says why",
            Self::SomeRejected => {
                "enrich: some records were rejected; dead-letters replay: some letters cannot be sent"
            }
            Self::Usage => "wrong command line",
            Self::Unhealthy => "health: the worker is not live or not ready",
            Self::FatalClient => {
                "the Kafka client failed for good, or another one took its place; start again"
            }
            Self::Forced => "run: shutdown took longer than its deadline, or a second signal came",
            Self::DeadLetterLimit => "run: the dead-letter limit was reached; look before starting again",
            Self::Configuration => {
                "wrong configuration; run: also what the cluster lacks or refuses at start"
            }
        }
    }

    /// The table, for `--help`.
    pub fn table() -> String {
        let rows = Self::ALL
            .iter()
            .map(|exit| format!("\n  {:>2}  {}", exit.code(), exit.meaning()));
        format!("Exit codes:{}", rows.collect::<String>())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
