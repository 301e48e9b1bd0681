//! Heap allocations of an article by step, counted on one thread of the pure core: `allocations FILE`, one article a
//! line; settings come as variables. Never part of the product.
#![allow(unsafe_code)]

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::alloc::System;
use std::error::Error;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use dateline::config::Config;
use dateline::record::Origin;
use dateline::record::Outcome;
use dateline::record::Record;
use dateline::record::Step;
use dateline::record::StepObserver;
use dateline::worker::process::Processor;

/// The system's allocator, which counts.
struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted(bytes: usize) {
    CALLS.fetch_add(1, Ordering::Relaxed);
    BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        counted(layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        counted(size);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Allocations and bytes of each step, and when the last one ended.
#[derive(Default)]
struct Account {
    steps: [(u64, u64); Step::ALL.len()],
    last: (u64, u64),
}

fn now() -> (u64, u64) {
    (CALLS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed))
}

impl StepObserver for Account {
    fn finished(&mut self, step: Step) {
        let (calls, bytes) = now();
        let (calls_of_step, bytes_of_step) = &mut self.steps[step as usize];
        *calls_of_step += calls - self.last.0;
        *bytes_of_step += bytes - self.last.1;
        self.last = (calls, bytes);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let articles = std::fs::read_to_string(arguments.next().ok_or("which file of articles?")?)?;
    let config = Config::load(None, std::env::vars(), |_| Vec::new())?;
    let processor = Processor::new(&config)?;
    let records: Vec<Record> = articles
        .lines()
        .map(|line| Record {
            origin: Origin::nowhere(),
            timestamp_ms: None,
            key: None,
            value: Some(line.as_bytes().to_vec()),
            headers: Vec::new(),
        })
        .collect();
    let mut account = Account::default();
    for record in &records {
        account.last = now();
        let outcome = processor.process(record, 0, &mut account);
        if !matches!(outcome, Outcome::Enriched(_)) {
            return Err("an article that is none".into());
        }
    }
    let each = |(calls, bytes): (u64, u64)| {
        let per = |sum: u64| sum / records.len() as u64;
        serde_json::json!({"calls": per(calls), "bytes": per(bytes)})
    };
    let steps = Step::ALL
        .iter()
        .map(|step| (step.name().to_owned(), each(account.steps[*step as usize])));
    println!("{}", serde_json::Value::Object(steps.collect()));
    Ok(())
}
