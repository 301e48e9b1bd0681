//! temp
use crate::record::*;
/// t
pub struct Processor;
impl Processor {
    /// t
    pub fn process(&self, _r: &Record, _now: i64, _o: &mut dyn StepObserver) -> Outcome { Outcome::Skipped(SkipReason::Tombstone) }
}
