//! Knows every input, and judges what came of it by an independent client: each input has exactly one outcome, equal to
//! what the core makes of the same bytes; nothing is invented, nothing out of order, nothing left to do.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use dateline::config::Config;
use dateline::config::NamesModel;
use dateline::record::Header;
use dateline::record::Origin;
use dateline::record::Outcome;
use dateline::record::Record;
use dateline::worker::process::Processor;
use rayon::prelude::*;
use rdkafka::consumer::BaseConsumer;

use super::cluster::Topics;
use super::cluster::Whole;
use super::cluster::asker;
use super::cluster::committed;
use super::cluster::ends;
use super::cluster::produce_at;
use super::cluster::visit;

/// Longest time without progress of the group before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(180);
/// The header by which an outcome is known for its input's: it is carried into outputs and dead letters alike.
const NUMBER: &str = "n";
/// Records judged at once, over all cores.
const CHUNK: usize = 4_000;

/// True where the long form of the proofs is asked for (`make prove`).
pub fn is_long() -> bool {
    std::env::var_os("DATELINE_PROVE").is_some()
}

/// The size of a proof, by its form.
pub fn scale(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}

/// Repeatable choices.
#[derive(Clone, Copy)]
pub struct Dice(u64);

impl Dice {
    /// Seeded by `DATELINE_SEED`, or else anew; told, so that the proof can be repeated.
    pub fn seeded() -> Self {
        let told = std::env::var("DATELINE_SEED").ok();
        let dice = told
            .and_then(|seed| seed.parse().ok())
            .map_or_else(Self::anew, Self);
        eprintln!("DATELINE_SEED={}", dice.0);
        dice
    }

    /// Choices that need not be repeated.
    pub fn anew() -> Self {
        Self(u64::from(uuid::Uuid::new_v4().as_fields().0))
    }

    /// Choices of their own for the `n`-th of something.
    pub fn nth(self, n: usize) -> Self {
        let mut dice = Self(self.0 ^ (n as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        dice.below(1);
        dice
    }

    /// From 0 to `most - 1`.
    pub fn below(&mut self, most: usize) -> usize {
        // Steele and others, "Fast splittable pseudorandom number generators", 2014.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % most as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub fn wait(&mut self, most_ms: usize) {
        std::thread::sleep(Duration::from_millis(self.below(most_ms) as u64));
    }
}

const CITIES: [&str; 6] = ["PARIS", "BERLIN", "NAIROBI", "LIMA", "SEOUL", "ROME"];
const SENTENCES: [&str; 8] = [
    "The ministers met in Berlin on Thursday and agreed on a plan.",
    "Shares of Siemens and of Nestle fell by 3 percent in early trading.",
    "Angela Merkel said that the talks in Geneva would go on until Friday.",
    "Heavy rain flooded parts of Kenya, and the Red Cross sent help.",
    "Real Madrid won the final against Liverpool by two goals to one.",
    "The United Nations asked for a ceasefire in Sudan.",
    "A court in Milan sentenced the banker to four years in prison.",
    "Researchers at Oxford University published the study in Nature.",
];

/// Every input of a proof, as a function of the seed and its number.
#[derive(Clone, Copy)]
pub struct Inputs {
    pub dice: Dice,
    /// Every so many records one is long, and slow to read; 0: none.
    pub slow_every: usize,
    /// Bytes of a field that nobody reads, in each article that is JSON.
    pub padding: usize,
}

impl Inputs {
    pub fn of(dice: Dice) -> Self {
        Self {
            dice,
            slow_every: 0,
            padding: 0,
        }
    }

    /// Of a hundred: some ninety articles, in JSON or as wire text; broken JSON, tombstones and records without a key.
    pub fn record(self, n: usize) -> Whole {
        let mut dice = self.dice.nth(n);
        let kind = dice.below(100);
        let city = *dice.pick(&CITIES);
        let mut text = format!("{city}, July 6 (Agency) -- Report number {n} of the day.\n\n");
        let is_slow = self.slow_every > 0 && n % self.slow_every == self.slow_every - 1;
        for _ in 0..if is_slow { 1_500 } else { 1 + dice.below(20) } {
            let sentence: &&str = dice.pick(&SENTENCES);
            text.push_str(sentence);
            text.push(' ');
        }
        let value = match kind {
            0..=2 => format!("{{ \"headline\": \"Broken report {n}\", "),
            3..=9 => format!("Report number {n}\n\n{text}"),
            _ => {
                let mut article = serde_json::json!({ "id": format!("urn:report:{n}"), "headline": format!("Report {n}"), "body": text });
                if self.padding > 0 {
                    article["raw"] = "x".repeat(self.padding).into();
                }
                article.to_string()
            }
        };
        // Keys return, so that there is an order of each to keep.
        let mut record = Whole::new(&format!("k{}", n % 311), value);
        match kind {
            10..=11 => record.value = None,
            12..=13 => record.key = None,
            _ => {}
        }
        record.timestamp_ms = Some(1_700_000_000_000 + i64::try_from(n).unwrap());
        record.headers = vec![
            (NUMBER.to_owned(), Some(n.to_string().into_bytes())),
            (
                "odd".to_owned(),
                kind.is_multiple_of(2).then(|| vec![0, 255, kind as u8]),
            ),
        ];
        record
    }

    /// Writes the inputs of these numbers, in order; the bytes of their values.
    pub fn feed(self, topics: &Topics, numbers: Range<usize>) -> usize {
        let records: Vec<Whole> = numbers.map(|n| self.record(n)).collect();
        produce_at(&topics.bootstrap, &topics.input, &records);
        records
            .iter()
            .filter_map(|record| Some(record.value.as_ref()?.len()))
            .sum()
    }
}

/// What became of the inputs.
pub struct Verdict {
    pub outputs: usize,
    pub letters: usize,
    /// Copies beyond the first of each outcome.
    pub doubled: usize,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            outputs,
            letters,
            doubled,
        } = self;
        write!(
            f,
            "0 lost, {doubled} doubled, {outputs} outputs, {letters} dead letters"
        )
    }
}

/// Looks at how far the group has come, without joining it.
pub struct Watch<'t> {
    consumer: BaseConsumer,
    topics: &'t Topics,
}

impl<'t> Watch<'t> {
    pub fn of(topics: &'t Topics) -> Self {
        Self {
            consumer: asker(&topics.bootstrap, &topics.group),
            topics,
        }
    }

    /// Records that the group has committed; `None` while nobody says.
    pub fn committed(&self) -> Option<usize> {
        let offsets = committed(&self.consumer, &self.topics.input).ok()?;
        Some(usize::try_from(offsets.into_iter().sum::<i64>()).unwrap())
    }

    /// Waits until the group has committed so many records; `turn` is called again and again meanwhile.
    pub fn await_committed(&self, count: usize, mut turn: impl FnMut()) {
        let (mut best, mut since) = (None, Instant::now());
        loop {
            turn();
            let now = self.committed();
            if now >= Some(count) {
                return;
            }
            if now > best {
                (best, since) = (now, Instant::now());
            }
            assert!(since.elapsed() < PATIENCE, "stuck at {best:?} of {count} records");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Judges the outcomes of the inputs of these numbers, those before aside; the value of every `every`-th is compared with what the core
/// says of it.
pub fn judge(topics: &Topics, inputs: Inputs, numbers: Range<usize>, every: usize) -> Verdict {
    judge_by(&Core::new(topics, inputs, every), topics, numbers)
}

/// Judges the outcomes of two versions: each must be, whole, what this core or what the other version makes of the input.
pub fn judge_mixed(topics: &Topics, inputs: Inputs, numbers: Range<usize>, other: Other) -> Verdict {
    let core = Core {
        other,
        ..Core::new(topics, inputs, 1)
    };
    judge_by(&core, topics, numbers)
}

fn judge_by(core: &Core, topics: &Topics, numbers: Range<usize>) -> Verdict {
    let (mut outputs, mut letters) = (Seen::new(&numbers), Seen::new(&numbers));
    for (topic, seen, is_letter) in [
        (&topics.output, &mut outputs, false),
        (&topics.dead, &mut letters, true),
    ] {
        let mut waiting = Vec::with_capacity(CHUNK);
        let mut look = |records: &mut Vec<Whole>| {
            records
                .par_iter()
                .for_each(|record| core.compare(record, is_letter));
            records.drain(..).for_each(|record| seen.add(&record));
        };
        visit(&topics.bootstrap, topic, |record| {
            waiting.push(record);
            if waiting.len() == CHUNK {
                look(&mut waiting);
            }
        });
        look(&mut waiting);
    }
    for n in numbers.clone() {
        let place = n - numbers.start;
        match (outputs.times[place], letters.times[place]) {
            (0, 0) => panic!("input {n} is lost"),
            (1.., 1..) => panic!("input {n} has an output and a dead letter"),
            _ => {}
        }
    }
    let consumer = asker(&topics.bootstrap, &topics.group);
    assert_eq!(
        committed(&consumer, &topics.input).unwrap(),
        ends(&consumer, &topics.input),
        "the lag does not end at 0"
    );
    let all = |seen: &Seen| seen.times.iter().map(|times| usize::from(*times)).sum::<usize>();
    Verdict {
        outputs: all(&outputs),
        letters: all(&letters),
        doubled: all(&outputs) + all(&letters) - numbers.len(),
    }
}

/// How often each input's outcome was seen, and the last new one of each partition.
struct Seen {
    first: usize,
    times: Vec<u16>,
    last: BTreeMap<i32, usize>,
}

impl Seen {
    fn new(numbers: &Range<usize>) -> Self {
        Self {
            first: numbers.start,
            times: vec![0; numbers.len()],
            last: BTreeMap::new(),
        }
    }

    /// First copies stand in the order of the inputs: input and output have the same keys and partitions.
    fn add(&mut self, record: &Whole) {
        let n = number(record);
        let Some(place) = n.checked_sub(self.first) else {
            return;
        };
        let times = self.times.get_mut(place);
        let times = times.unwrap_or_else(|| panic!("outcome {n} is invented"));
        *times += 1;
        let is_new = *times == 1;
        // Where the key was null it is the id now, and stands elsewhere.
        let keyed = record.key.as_ref().is_some_and(|key| key.starts_with(b"k"));
        if keyed && is_new {
            let last = self.last.insert(record.partition, n);
            assert!(
                last < Some(n),
                "{n} comes after {last:?} in partition {}",
                record.partition
            );
        }
    }
}

fn number(record: &Whole) -> usize {
    let number = record.header(NUMBER);
    number.expect("an outcome of no input").parse().unwrap()
}

/// What another version made of the inputs, by their numbers, where it worked on them alone.
#[derive(Default)]
pub struct Other {
    outputs: BTreeMap<usize, Whole>,
    codes: BTreeMap<usize, Option<String>>,
}

impl Other {
    pub fn read(topics: &Topics) -> Self {
        let mut other = Self::default();
        visit(&topics.bootstrap, &topics.output, |record| {
            other.outputs.insert(number(&record), record);
        });
        visit(&topics.bootstrap, &topics.dead, |letter| {
            other.codes.insert(number(&letter), code(&letter));
        });
        other
    }

    /// Whether it made the same of this input.
    fn agrees(&self, got: &Whole, is_letter: bool) -> bool {
        let n = number(got);
        if is_letter {
            return self.codes.get(&n) == Some(&code(got));
        }
        self.outputs.get(&n).is_some_and(|made| {
            made.key == got.key
                && content(&made.value) == content(&got.value)
                && timeless(headers(made)) == timeless(headers(got))
        })
    }
}

fn code(letter: &Whole) -> Option<String> {
    letter.header("dateline.error.code")
}

/// The same core as the worker's, asked directly.
struct Core {
    processor: Processor,
    inputs: Inputs,
    every: usize,
    other: Other,
}

impl Core {
    fn new(topics: &Topics, inputs: Inputs, every: usize) -> Self {
        let mut config = Config::default();
        config.kafka.group_id.clone_from(&topics.group);
        config.names.model = NamesModel::Fast;
        Self {
            processor: Processor::new(&config).unwrap(),
            inputs,
            every,
            other: Other::default(),
        }
    }

    fn compare(&self, got: &Whole, is_letter: bool) {
        let n = number(got);
        if !n.is_multiple_of(self.every) {
            return;
        }
        let input = self.inputs.record(n);
        let record = Record {
            origin: Origin {
                kafka_topic: Arc::from(""),
                partition: got.partition,
                offset: 0,
            },
            timestamp_ms: input.timestamp_ms,
            key: input.key.clone(),
            value: input.value.clone(),
            headers: headers(&input),
        };
        assert_eq!(got.timestamp_ms, input.timestamp_ms, "timestamp of {n}");
        if is_letter {
            let is_untouched = (&got.key, &got.value) == (&input.key, &input.value);
            assert!(is_untouched, "letter of {n}");
            assert!(got.headers.starts_with(&input.headers), "headers of letter {n}");
        }
        if self.other.agrees(got, is_letter) {
            return;
        }
        match self.processor.process(&record, 0, &mut ()) {
            Outcome::Enriched(expected) | Outcome::PassedThrough(expected) => {
                assert!(!is_letter, "input {n} is no dead letter");
                assert_eq!(got.key, expected.key, "key of {n}");
                assert_eq!(content(&got.value), content(&expected.value), "value of {n}");
                let expected = timeless(expected.headers);
                assert_eq!(timeless(headers(got)), expected, "headers of {n}");
            }
            Outcome::Rejected(rejection) => {
                assert!(is_letter, "input {n} can only be a dead letter");
                let expected = Some(rejection.code.code());
                assert_eq!(code(got).as_deref(), expected, "code of {n}");
            }
            Outcome::Skipped(reason) => panic!("input {n} has no outcome: {reason:?}"),
        }
    }
}

fn headers(record: &Whole) -> Vec<Header> {
    let of = |(name, value): &(String, Option<Vec<u8>>)| Header {
        name: name.clone(),
        value: value.clone(),
    };
    record.headers.iter().map(of).collect()
}

/// All but when it was made.
fn timeless(headers: Vec<Header>) -> Vec<Header> {
    headers
        .into_iter()
        .filter(|header| header.name != "ce_time")
        .collect()
}

/// A record's value without what says where it came from and when it was made; the versions of what made it stay.
fn content(value: &Option<Vec<u8>>) -> Option<serde_json::Value> {
    let mut value: serde_json::Value = serde_json::from_slice(value.as_deref()?).unwrap();
    let provenance = value["provenance"].as_object_mut().unwrap();
    assert!(provenance.remove("processed_at").is_some());
    provenance.remove("source");
    Some(value)
}
