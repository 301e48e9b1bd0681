//! Fuzzes IPTC ninjs.
#![no_main]

use dateline_fuzz::*;

libfuzzer_sys::fuzz_target!(|data: &[u8]| form(data, FormChoice::Ninjs));
