//! Speed of the encoder on one core, for every set of instructions that this machine has: words, tokens and pieces a
//! second. `make bench`, or `cargo bench --bench encoder -- MODEL TEXT` for another model file or text.

use std::borrow::Cow;
use std::error::Error;
use std::fs;
use std::time::Duration;
use std::time::Instant;

use dateline::article::Field;
use dateline::enrich::tagger::encoder::Encoder;
use dateline::enrich::tagger::encoder::Instructions;
use dateline::enrich::tagger::sightings::Passage;
use dateline::text::tokens::count_words;

/// How much time of the core each set of instructions is measured at least.
const MEASURED: Duration = Duration::from_secs(2);

/// Time that this thread has had on a core (Linux tells), so that a busy machine counts for less; elsewhere, since `start`.
fn core_time(start: Instant) -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told
        .as_deref()
        .and_then(|told| told.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// The text of a line: the string `value` of a JSON object, or the line itself.
fn article(line: &str) -> String {
    let object: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let value = object.as_ref().and_then(|object| object.get("value")?.as_str());
    value.unwrap_or(line).to_owned()
}

/// The first sentence as the headline, the rest as the text.
fn passages(article: &str) -> [Passage<'_>; 2] {
    let (headline, text) = article.split_once(". ").unwrap_or(("", article));
    [
        Passage::new(Field::Headline, headline),
        Passage::new(Field::Text, text),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let model = arguments
        .next()
        .unwrap_or_else(|| "models/encoder.bin".to_owned());
    let text = arguments
        .next()
        .unwrap_or_else(|| "samples/articles.jsonl".to_owned());
    let (model, text) = (fs::read(model)?, fs::read_to_string(text)?);
    let articles: Vec<String> = text.lines().map(article).collect();
    let passages: Vec<_> = articles.iter().map(|article| passages(article)).collect();
    let began = Instant::now();
    for instructions in Instructions::here() {
        let start = core_time(began);
        let encoder = Encoder::on(instructions, Cow::Owned(model.clone()))?;
        let loaded = core_time(began) - start;
        let start = core_time(began);
        let (mut words, mut tokens, mut pieces) = (0, 0, 0);
        for both in passages.iter().cycle() {
            pieces += encoder.read(both, |_, _| true).pieces;
            tokens += both.iter().map(|passage| passage.words.len()).sum::<usize>();
            words += both
                .iter()
                .map(|passage| count_words(passage.text))
                .sum::<usize>();
            if core_time(began) - start > MEASURED {
                break;
            }
        }
        let seconds = (core_time(began) - start).as_secs_f64();
        let rate = |count: usize| count as f64 / seconds;
        println!(
            "{instructions:?}: {:.0} words/s, {:.0} tokens/s, {:.0} pieces/s; loaded in {} ms",
            rate(words),
            rate(tokens),
            rate(pieces),
            loaded.as_millis()
        );
    }
    Ok(())
}
