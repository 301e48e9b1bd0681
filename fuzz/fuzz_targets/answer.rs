//! Fuzzes answers of services that find names and topics.
#![no_main]

use dateline_fuzz::*;

libfuzzer_sys::fuzz_target!(|data: &[u8]| answer(data));
