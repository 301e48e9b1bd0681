//! A progress line on a terminal once work takes long: a bar by bytes for files, a spinner for what has no size.
//! Never writes to standard output.

use std::io;
use std::io::IsTerminal;
use std::time::Duration;
use std::time::Instant;

use indicatif::ProgressBar;
use indicatif::ProgressStyle;

/// How long work may take before progress is shown.
const QUIET: Duration = Duration::from_secs(2);

/// How files of known size are shown; the message holds the records.
const BAR: &str = "{bar:30} {bytes}/{total_bytes}, {msg}";

/// Counts records, and shows them once `QUIET` is over.
pub(super) struct Progress {
    started: Instant,
    records: u64,
    bytes_total: Option<u64>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar where the size of all input is known, else a spinner.
    pub(super) fn new(bytes_total: Option<u64>) -> Self {
        Self {
            started: Instant::now(),
            records: 0,
            bytes_total,
            bar: None,
        }
    }

    /// Counts `records` more, which end at byte `end` of the input.
    pub(super) fn add(&mut self, records: usize, end: Option<u64>) {
        self.records = self.records.saturating_add(records as u64);
        if self.bar.is_none() && self.started.elapsed() > QUIET && io::stderr().is_terminal() {
            self.bar = Some(self.start());
        }
        if let Some(bar) = &self.bar {
            let seconds = self.started.elapsed().as_secs_f64();
            bar.set_message(format!(
                "{} records, {:.0} a second",
                self.records,
                self.records as f64 / seconds
            ));
            match (self.bytes_total, end) {
                (Some(_), Some(end)) => bar.set_position(end),
                _ => bar.tick(),
            }
        }
    }

    fn start(&self) -> ProgressBar {
        // The template is tested: no other style is ever seen.
        match (self.bytes_total, ProgressStyle::with_template(BAR)) {
            (Some(bytes), Ok(style)) => ProgressBar::new(bytes).with_style(style),
            _ => ProgressBar::new_spinner(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_known_size_have_a_bar() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
        assert_eq!(Progress::new(Some(10)).start().length(), Some(10));
        assert_eq!(Progress::new(None).start().length(), None);
    }
}
