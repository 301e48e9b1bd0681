//! Fuzzes files of several articles, taken apart.
#![no_main]

use dateline_fuzz::*;

libfuzzer_sys::fuzz_target!(|data: &[u8]| split(data));
