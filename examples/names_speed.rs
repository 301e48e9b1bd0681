//! Tokens per second of the fast recogniser on one core, from article to names: tokens, sentences, features, network,
//! best tags. Reads texts, one article a file or a JSON line with `headline` and `text`; never checks what it finds.
//!
//!     cargo run --release --example names_speed -- articles.jsonl
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::borrow::Cow;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use dateline::article::Field;
use dateline::enrich::tagger::fast::Fast;
use dateline::enrich::tagger::sightings::Passage;

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let model = fs::read("models/names-fast.bin").unwrap();
    let began = Instant::now();
    let fast = Fast::new(Cow::Owned(model)).unwrap();
    println!("loaded in {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    let articles: Vec<(String, String)> = fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| {
            let article: serde_json::Value = serde_json::from_str(line).unwrap();
            let of = |name: &str| article[name].as_str().unwrap_or_default().to_owned();
            (of("headline"), of("text"))
        })
        .collect();
    let mut best = [f64::INFINITY; 3];
    let (mut tokens, mut names) = (0, 0);
    for _ in 0..10 {
        (tokens, names) = (0, 0);
        let mut parts = [0.0; 3];
        for (headline, text) in &articles {
            let start = Instant::now();
            let passages = [
                Passage::new(Field::Headline, headline),
                Passage::new(Field::Text, text),
            ];
            let cut = Instant::now();
            let reading = fast.read(&passages);
            let read = Instant::now();
            for (passage, scores) in passages.iter().zip(&reading.scores) {
                names += black_box(fast.decoder().sightings(passage, scores)).len();
                tokens += scores.len();
            }
            let times = [cut - start, read - cut, read.elapsed()].map(|time| time.as_secs_f64());
            parts.iter_mut().zip(times).for_each(|(sum, time)| *sum += time);
        }
        if parts.iter().sum::<f64>() < best.iter().sum::<f64>() {
            best = parts;
        }
    }
    let total: f64 = best.iter().sum();
    println!("{} articles, {tokens} tokens, {names} names", articles.len());
    println!("best of 10: {:.0} tokens/s", tokens as f64 / total);
    for (part, time) in ["tokens", "scores", "tags"].iter().zip(best) {
        println!("{part}: {:.0} ns/token", time / tokens as f64 * 1e9);
    }
}
