//! Names by trained models: tokens in, a probability of each tag out, one decoder for all of them. Pure; never joins
//! names to things, which is `entities`' work.

pub mod calibration;
pub mod sightings;
pub mod tags;
pub mod viterbi;

pub use sightings::Sighting;
