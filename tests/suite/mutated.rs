//! Examples of every form, broken in many small ways, through the whole core: no panic, the same outcome each time, and
//! offsets that fit. The same mutations on every run; `fuzz/` looks further.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use super::targets;
use super::targets::FORMS;

/// Mutations of each seed, unless `DATELINE_MUTATIONS` says how many; `DATELINE_SEED` begins elsewhere.
const ROUNDS: usize = 24;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
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

fn number(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().unwrap())
}

fn rounds() -> usize {
    number("DATELINE_MUTATIONS").map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap())
}

fn numbers() -> Numbers {
    // Zero would stay zero.
    Numbers(number("DATELINE_SEED").unwrap_or(SEED).max(1))
}

/// Everything that `fuzz/` checks of payloads.
fn check(name: &str, value: &[u8]) {
    let checked = catch_unwind(|| {
        targets::process(value);
        targets::split(value);
        for form in FORMS {
            targets::form(value, form);
        }
    });
    assert!(checked.is_ok(), "{name}: {}", value.escape_ascii());
}

#[test]
fn examples_broken_in_many_small_ways() {
    let seeds: Vec<_> = ["tests/forms", "tests/golden", "samples"]
        .iter()
        .flat_map(|folder| seeds(folder))
        .collect();
    let mut numbers = numbers();
    for (name, seed) in &seeds {
        for _ in 0..rounds() {
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
fn answers_of_services_broken_in_many_small_ways() {
    let answer = br#"{"model": "m 1", "results": [
        {"id": "a", "entities": [{"type": "GPE", "name": "Oslo", "confidence": 0.9, "mentions": [
            {"field": "text", "start": 15, "end": 19, "text": "Oslo"}]}],
         "topics": [{"code": "medtop:17000000", "confidence": 0.8}]},
        {"id": "b", "entities": [], "topics": []}]}"#;
    let mut numbers = numbers();
    for _ in 0..rounds() * 100 {
        let mut bytes = answer.to_vec();
        for _ in 0..=numbers.below(3) {
            mutate(&mut bytes, answer, &mut numbers);
        }
        let checked = catch_unwind(|| targets::answer(&bytes));
        assert!(checked.is_ok(), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_was_found_before() {
    for (name, bytes) in seeds("tests/hostile") {
        check(&name, &bytes);
    }
}
