//! Takes the time of each step of a record for the core, which has no clock. Never knows what a step does.

use std::time::Instant;

use prometheus::local::LocalHistogram;

use crate::record::Step;
use crate::record::StepObserver;

/// Measures the steps of one thread's records; what it measured reaches the metrics when it is dropped or flushed.
pub struct StepTimer {
    last: Instant,
    steps: [LocalHistogram; Step::ALL.len()],
}

impl StepTimer {
    pub(super) fn new(steps: [LocalHistogram; Step::ALL.len()]) -> Self {
        Self {
            last: Instant::now(),
            steps,
        }
    }

    /// The next record starts now: time since the last step is nobody's.
    pub fn start(&mut self) {
        self.last = Instant::now();
    }

    /// Hands what was measured to the metrics.
    pub fn flush(&self) {
        for histogram in &self.steps {
            histogram.flush();
        }
    }
}

impl StepObserver for StepTimer {
    fn finished(&mut self, step: Step) {
        let now = Instant::now();
        if let Some(histogram) = self.steps.get(step as usize) {
            histogram.observe(now.duration_since(self.last).as_secs_f64());
        }
        self.last = now;
    }
}
