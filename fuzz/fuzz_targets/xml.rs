//! Fuzzes NewsML-G2, NewsML 1, NITF, feeds and Ritzau's own.
#![no_main]

use dateline_fuzz::*;

libfuzzer_sys::fuzz_target!(|data: &[u8]| form(data, FormChoice::Xml));
