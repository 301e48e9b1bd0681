//! A progress line on a terminal once work takes long. Never writes to standard output.

use std::io;
use std::io::IsTerminal;
use std::time::Duration;
use std::time::Instant;

use indicatif::ProgressBar;

/// How long work may take before progress is shown.
const QUIET: Duration = Duration::from_secs(2);

/// Counts records, and shows them once `QUIET` is over.
pub(super) struct Progress {
    started: Instant,
    records: u64,
    bar: Option<ProgressBar>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            records: 0,
            bar: None,
        }
    }
}

impl Progress {
    /// Counts `records` more.
    pub(super) fn add(&mut self, records: usize) {
        self.records = self.records.saturating_add(records as u64);
        if self.bar.is_none() && self.started.elapsed() > QUIET && io::stderr().is_terminal() {
            self.bar = Some(ProgressBar::new_spinner());
        }
        if let Some(bar) = &self.bar {
            let seconds = self.started.elapsed().as_secs_f64();
            bar.set_message(format!(
                "{} records, {:.0} a second",
                self.records,
                self.records as f64 / seconds
            ));
            bar.tick();
        }
    }

    /// One line on standard error, above the progress.
    pub(super) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Takes the progress off the screen.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
