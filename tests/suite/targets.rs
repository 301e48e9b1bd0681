//! What is checked of hostile bytes, whoever makes them up (`mutated` here, libFuzzer in `fuzz/`): no panic, the same
//! outcome each time, offsets that fit the published strings. The pure core alone; never does I/O.

use std::sync::LazyLock;

use dateline::accept;
use dateline::config::Config;
use dateline::config::EnricherConfig;
use dateline::config::FormChoice;
use dateline::config::NamesModel;
use dateline::config::TopicsConfig;
use dateline::decode;
use dateline::decode::DecodeSettings;
use dateline::enrich::remote;
use dateline::enrich::remote::Question;
use dateline::enrich::topics::Catalogue;
use dateline::limits::Limits;
use dateline::record::Header;
use dateline::record::Origin;
use dateline::record::Outcome;
use dateline::record::Record;
use dateline::worker::process::Processor;
use dateline::worker::process::form_choice;
use serde_json::Value;

/// Every form that a configuration can name.
pub const FORMS: [FormChoice; 7] = [
    FormChoice::Auto,
    FormChoice::Json,
    FormChoice::Ninjs,
    FormChoice::Wire,
    FormChoice::Html,
    FormChoice::Xml,
    FormChoice::Mail,
];
/// Small, so that limits are reached.
const PAYLOAD_BYTES_MAX: usize = 256 * 1024;

static PROCESSOR: LazyLock<Processor> = LazyLock::new(|| {
    let mut config = Config::default();
    config.input.payload_bytes_max = PAYLOAD_BYTES_MAX;
    config.names.model = NamesModel::Fast;
    Processor::new(&config).unwrap()
});

/// Decodes as this form, and accepts what was decoded.
pub fn form(data: &[u8], choice: FormChoice) {
    let limits = Limits {
        payload_bytes_max: PAYLOAD_BYTES_MAX,
        ..Limits::default()
    };
    let settings = DecodeSettings {
        form: form_choice(choice),
        passthrough_fields: vec!["a".to_owned()],
    };
    if let Ok(raw) = decode::decode(data, None, &settings, &limits) {
        let again = decode::decode(data, None, &settings, &limits);
        assert_eq!(again.as_ref(), Ok(&raw));
        drop(accept::accept(raw, &limits));
    }
}

/// Takes a file apart: every part lies in it, in order.
pub fn split(data: &[u8]) {
    let mut last = 0;
    for payload in decode::split_payloads(data) {
        assert!(last <= payload.place.start && payload.place.start <= payload.place.end);
        assert!(payload.place.end <= data.len());
        last = payload.place.start;
    }
}

/// The whole way of one record; the first line may be its content type.
pub fn process(data: &[u8]) {
    let (content_type, value) = match data.strip_prefix(b"content-type: ") {
        Some(rest) => {
            let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            (
                std::str::from_utf8(&rest[..end]).ok(),
                rest.get(end + 1..).unwrap_or_default(),
            )
        }
        None => (None, data),
    };
    let header = content_type.map(|content_type| Header::text("content-type", content_type));
    let record = Record {
        origin: Origin::nowhere(),
        timestamp_ms: None,
        key: None,
        value: Some(value.to_vec()),
        headers: header.into_iter().collect(),
    };
    let outcome = PROCESSOR.process(&record, 0, &mut ());
    assert_eq!(outcome, PROCESSOR.process(&record, 0, &mut ()));
    match &outcome {
        Outcome::Rejected(rejection) => assert_ne!(rejection.code.code(), "panicked"),
        Outcome::Enriched(output) => {
            let value = serde_json::from_slice(output.value.as_deref().unwrap()).unwrap();
            assert_eq!(misfit(&value), None);
        }
        _ => {}
    }
}

/// A span of the record that does not lie in its string, or does not say what it covers; there is none.
pub fn misfit(record: &Value) -> Option<Value> {
    let strings = |field: &str| {
        record[field]
            .as_str()
            .unwrap_or_default()
            .chars()
            .collect::<Vec<_>>()
    };
    let (headline, text) = (strings("headline"), strings("text"));
    let mentions = record["entities"].as_array().into_iter().flatten();
    let mentions = mentions.flat_map(|entity| entity["mentions"].as_array().unwrap());
    let fits = |span: &Value| {
        let string = if span["field"] == "headline" {
            &headline
        } else {
            &text
        };
        let at = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
        let covered = string.get(at("start")..at("end"));
        let covered = covered.map(|covered| covered.iter().collect::<String>());
        covered.as_deref() == span["text"].as_str() && covered.is_some_and(|text| !text.is_empty())
    };
    let mut spans = mentions.chain(record.get("dateline"));
    spans.find(|span| !fits(span)).cloned()
}

/// An answer about two articles: what is used of it fits them.
pub fn answer(data: &[u8]) {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::new(&TopicsConfig::default()).unwrap());
    let question = |id: &str| Question {
        id: id.to_owned(),
        headline: Some("Zo\u{eb} in Z\u{fc}rich".to_owned()),
        text: "\u{1F600} Rain fell on Oslo.".to_owned(),
        language: "en".to_owned(),
    };
    let questions = [question("a"), question("b")];
    let found = remote::read(data, &questions, &EnricherConfig::default(), &CATALOGUE);
    for (found, question) in found.into_iter().flatten().zip(&questions) {
        let entities = found.into_iter().flat_map(|found| found.entities).flatten();
        for mention in entities.flat_map(|entity| entity.mentions) {
            let headline = question.headline.as_deref().unwrap();
            let covered = [headline, &question.text].map(|string| mention.span.of(string));
            assert!(
                covered
                    .iter()
                    .any(|covered| covered.is_some_and(|text| !text.is_empty()))
            );
        }
    }
}
