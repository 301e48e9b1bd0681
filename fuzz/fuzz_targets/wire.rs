//! Fuzzes plain text, IPTC 7901 and ANPA 1312.
#![no_main]

use dateline_fuzz::*;

libfuzzer_sys::fuzz_target!(|data: &[u8]| form(data, FormChoice::Wire));
