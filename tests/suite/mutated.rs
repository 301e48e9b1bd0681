//! Examples of every form, broken in many small ways, through the whole core: no panic, the same outcome each time, and
//! offsets that fit. The same mutations on every run; `fuzz/` looks further.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use dateline::config::Config;
use dateline::config::NamesModel;
use dateline::decode::split_payloads;
use dateline::record::Outcome;
use dateline::worker::process::Processor;

use super::articles::NOW_MS;
use super::articles::published;
use super::articles::record;
use super::hostile::fits;

/// Mutations of each seed.
const ROUNDS: usize = 24;
/// Seeds are cut to this: what matters is near their beginning.
const SEED_BYTES_MAX: usize = 16 * 1024;
/// What readers trip over: brackets, control characters of the wire, broken UTF-8, large numbers, references.
const TELLING: &[&[u8]] = &[
    b"<",
    b">",
    b"&",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\0",
    b"\x01",
    b"\x02",
    b"\x03",
    b"\x04",
    b"\x16",
    b"\x1f",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f\x98",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\r\n\r\n",
    b"]]>",
    b"<![CDATA[",
    b"&#x0;",
    b"&#1114112;",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>",
    b"99999999999999999999",
    b"-1",
    b"1e999",
    b"\\ud800",
    b" -- ",
    b"=",
];

static PROCESSOR: LazyLock<Processor> = LazyLock::new(|| {
    let mut config = Config::default();
    config.names.model = NamesModel::Fast;
    Processor::new(&config).unwrap()
});

/// Numbers that look random and are the same on every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

fn seeds(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes.truncate(SEED_BYTES_MAX);
        (path.file_name().unwrap().to_string_lossy().into_owned(), bytes)
    };
    files
        .iter()
        .filter(|path| path.is_file())
        .map(|path| read(path))
        .collect()
}

/// One small change, or a part of another seed.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let at = numbers.below(bytes.len() + 1);
    let length = 1 << numbers.below(8);
    let end = (at + length).min(bytes.len());
    match numbers.below(6) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => drop(bytes.splice(at..at, TELLING[numbers.below(TELLING.len())].iter().copied())),
        3 => {
            let part = bytes[at..end].repeat(1 + numbers.below(4));
            drop(bytes.splice(at..at, part));
        }
        4 => {
            let from = numbers.below(other.len());
            let part = other[from..(from + length).min(other.len())].to_vec();
            drop(bytes.splice(at..end, part));
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << numbers.below(8);
            }
        }
    }
}

fn check(name: &str, value: &[u8]) {
    let mut given = record(7, "", None);
    given.value = Some(value.to_vec());
    let outcome = PROCESSOR.process(&given, NOW_MS, &mut ());
    assert_eq!(outcome, PROCESSOR.process(&given, NOW_MS, &mut ()), "{name}");
    match &outcome {
        Outcome::Rejected(rejection) => {
            assert_ne!(
                rejection.code.code(),
                "panicked",
                "{name}: {}",
                value.escape_ascii()
            );
        }
        _ => fits(&published(&outcome).unwrap()).unwrap(),
    }
    for payload in split_payloads(value) {
        assert!(
            payload.place.end <= value.len(),
            "{name}: {}",
            value.escape_ascii()
        );
    }
}

#[test]
fn examples_broken_in_many_small_ways() {
    let seeds: Vec<_> = ["tests/forms", "tests/golden"]
        .iter()
        .flat_map(|folder| seeds(folder))
        .collect();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for (name, seed) in &seeds {
        for _ in 0..ROUNDS {
            let mut bytes = seed.clone();
            for _ in 0..=numbers.below(6) {
                let (_, other) = &seeds[numbers.below(seeds.len())];
                mutate(&mut bytes, other, &mut numbers);
            }
            check(name, &bytes);
        }
    }
}

#[test]
fn what_was_found_before() {
    for (name, bytes) in seeds("tests/hostile") {
        check(&name, &bytes);
    }
}
