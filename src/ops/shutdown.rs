//! The wish to stop, from a signal or from the worker itself. Never stops anything: it only says so, save that a
//! second signal ends the process at once.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::watch;

/// Whether the worker was asked to stop; clones share the answer.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// One that listens to no signal.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// One that is triggered by the first SIGTERM or SIGINT; the second exits at once with `forced_code`. Needs tokio's
    /// runtime.
    pub fn install(forced_code: u8) -> io::Result<Self> {
        let shutdown = Self::new();
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terminations = signal(SignalKind::terminate())?;
        let trigger = shutdown.clone();
        tokio::spawn(async move {
            let name = next(&mut interrupts, &mut terminations).await;
            tracing::info!(signal = name, "stopping; a second signal exits at once");
            trigger.trigger();
            let name = next(&mut interrupts, &mut terminations).await;
            tracing::warn!(signal = name, "second signal: exiting at once");
            std::process::exit(i32::from(forced_code));
        });
        Ok(shutdown)
    }

    /// Asks to stop.
    pub fn trigger(&self) {
        self.0.send_replace(true);
    }

    /// Returns when it was asked to stop; at once if it already was.
    pub async fn requested(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }

    /// True once it was asked to stop.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }
}

async fn next(interrupts: &mut Signal, terminations: &mut Signal) -> &'static str {
    tokio::select! {
        _ = interrupts.recv() => "SIGINT",
        _ = terminations.recv() => "SIGTERM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn clones_hear_of_it_before_and_after() {
        let shutdown = Shutdown::new();
        let waiting = shutdown.clone();
        let waiter = tokio::spawn(async move { waiting.requested().await });
        assert!(!shutdown.is_requested());
        shutdown.trigger();
        waiter.await.unwrap();
        shutdown.clone().requested().await;
        assert!(shutdown.is_requested());
    }
}
