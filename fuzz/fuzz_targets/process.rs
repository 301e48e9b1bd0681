//! Fuzzes one record to its outcome, everything between included.
#![no_main]

use dateline_fuzz::*;

libfuzzer_sys::fuzz_target!(|data: &[u8]| process(data));
