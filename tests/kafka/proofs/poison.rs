//! A set of records that hurt: every code that a payload can earn, bombs, depths, giants. All are accounted for, and the
//! worker is as well after it as before.

use std::collections::BTreeSet;
use std::io::Write;

use dateline::config::Config;
use dateline::config::NamesModel;
use dateline::config::Tombstones;
use dateline::record::Header;
use dateline::record::Origin;
use dateline::record::Outcome;
use dateline::record::Record;
use dateline::worker::process::Processor;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cluster::Topics;
use crate::cluster::Whole;
use crate::cluster::alter;
use crate::cluster::await_outcomes;
use crate::cluster::produce;
use crate::delivery::articles;
use crate::oracle::Watch;
use crate::worker::Settings;
use crate::worker::Worker;

const MIB: usize = 1024 * 1024;
/// Kafka's own default for the largest record, which the output topic keeps.
const OUTPUT_BYTES_MAX: usize = 1_048_588;

fn gzip(times: usize) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..times {
        packed.write_all(&[b' '; MIB]).unwrap();
    }
    packed.finish().unwrap()
}

fn article(body: &str) -> Vec<u8> {
    serde_json::json!({ "headline": "A large one", "body": body })
        .to_string()
        .into_bytes()
}

/// Payloads, and the code that each must earn; none where it is an article all the same.
fn payloads() -> Vec<(Option<&'static str>, Vec<u8>)> {
    let nested =
        |open: &str, close: &str, depth| [open.repeat(depth), close.repeat(depth)].concat().into_bytes();
    let entities = "<!DOCTYPE a [<!ENTITY b \"bombbombbomb\">\n".to_owned()
        + &(0..30)
            .map(|n| format!("<!ENTITY c{n} \"{}\">\n", "&b;".repeat(100)))
            .collect::<String>()
        + "]>\n<nitf>&c1;&c2;";
    vec![
        (Some("empty"), Vec::new()),
        (Some("empty"), b" \n\t ".to_vec()),
        (Some("too_large"), gzip(300)),
        (
            Some("too_large"),
            zstd::bulk::compress(&vec![b'a'; 200 * MIB], 1).unwrap(),
        ),
        (Some("too_large"), vec![b'a'; 17 * MIB]),
        // Text, by its look, and all of it numbers.
        (
            Some("output_too_large"),
            [b"[", "1,".repeat(7 * MIB).as_bytes(), b"1]"].concat(),
        ),
        (
            Some("not_utf8"),
            b"PARIS, July 6 (Agency) -- \xff\x81\x8d society".to_vec(),
        ),
        (Some("invalid_json"), b"{\"headline\": \"x\", ".to_vec()),
        // Entities are never unfolded: it reads like a page without text.
        (Some("no_content"), entities.into_bytes()),
        (
            Some("invalid_xml"),
            b"<?xml version=\"1.0\"?><nitf><head></nitf>".to_vec(),
        ),
        (Some("invalid_compression"), [&gzip(1)[..500], &[7; 9]].concat()),
        (Some("invalid_wire"), b"\x01abc0001 3 i 1 x\r\n\x02Text".to_vec()),
        (Some("too_deep"), nested("[", "]", 400_000)),
        (Some("too_deep"), nested("{\"a\":", "}", 300_000)),
        (Some("too_deep"), nested("<nitf>", "</nitf>", 100_000)),
        (
            Some("wrong_type"),
            b"{\"headline\": 7, \"body\": \"text\"}".to_vec(),
        ),
        (Some("no_content"), b"{\"id\": \"only-an-id\"}".to_vec()),
        (
            Some("several_articles"),
            br#"[{"headline":"a","body":"b"},{"headline":"c","body":"d"}]"#.to_vec(),
        ),
        (Some("unsupported_form"), b"%PDF-1.7 binary".to_vec()),
        // Every word a name.
        (
            None,
            article(&"Angela Merkel met Barack Obama in Berlin. ".repeat(12_000)),
        ),
        (None, article(&"word ".repeat(3 * MIB / 5))),
        (None, article(&"Zoë Müller — ".repeat(12 * MIB / 16))),
        (
            None,
            article("\u{0}\u{202e}\u{feff}e\u{301}\u{1f469}\u{200d}\u{1f469} \\ud800 &#0; %s {} $(x)"),
        ),
    ]
}

fn inputs() -> Vec<(Option<&'static str>, Whole)> {
    let mut inputs: Vec<(Option<&str>, Whole)> = payloads()
        .into_iter()
        .enumerate()
        .map(|(n, (code, payload))| {
            let mut record = Whole::new(&format!("p{n}"), payload);
            record.timestamp_ms = Some(1_700_000_000_000);
            record.headers = vec![
                ("x".to_owned(), Some(vec![0, 255, 7])),
                ("x".to_owned(), None),
                ("content-type".to_owned(), None),
                (String::new(), Some(vec![b'y'; 10_000])),
            ];
            (code, record)
        })
        .collect();
    let mut tombstone = Whole::new("tombstone", "");
    tombstone.value = None;
    inputs.push((Some("tombstone"), tombstone));
    inputs.extend(articles(20).into_iter().map(|record| (None, record)));
    inputs
}

/// What the core makes of it: the value without provenance, or the code.
fn expected(processor: &Processor, input: &Whole) -> Result<serde_json::Value, &'static str> {
    let header = |(name, value): &(String, Option<Vec<u8>>)| Header {
        name: name.clone(),
        value: value.clone(),
    };
    let record = Record {
        origin: Origin::nowhere(),
        timestamp_ms: input.timestamp_ms,
        key: input.key.clone(),
        value: input.value.clone(),
        headers: input.headers.iter().map(header).collect(),
    };
    match processor.process(&record, 0, &mut ()) {
        Outcome::Rejected(rejection) => Err(rejection.code.code()),
        Outcome::Enriched(output) if output.bytes() > OUTPUT_BYTES_MAX - 512 => Err("output_too_large"),
        Outcome::Enriched(output) => Ok(without_provenance(&output.value.unwrap())),
        other => panic!("{other:?}"),
    }
}

fn without_provenance(value: &[u8]) -> serde_json::Value {
    let mut value: serde_json::Value = serde_json::from_slice(value).unwrap();
    assert!(value.as_object_mut().unwrap().remove("provenance").is_some());
    value
}

#[test]
fn what_hurts_is_accounted_for_and_the_worker_is_well_after_it() {
    let topics = Topics::create("poison", 1);
    let giants = [("max.message.bytes", "20000000"), ("retention.ms", "-1")];
    alter(&topics.input, &giants);
    alter(&topics.dead, &giants);
    let inputs = inputs();
    let records: Vec<Whole> = inputs.iter().map(|(_, record)| record.clone()).collect();
    produce(&topics.input, &records);
    let settings = Settings {
        rest: "[input]\ntombstones = \"dead_letter\"\n[dead_letters]\nrun_length_max = 0\nshare_max = 1.0\n",
        ..Settings::default()
    };
    let mut worker = Worker::start(&topics, settings);
    // A bomb takes its time: as long as there is progress it is waited for.
    Watch::of(&topics).await_committed(inputs.len(), || {});
    let (output, dead) = await_outcomes(&topics, inputs.len());
    assert_eq!(output.len() + dead.len(), inputs.len());
    let mut config = Config::default();
    config.kafka.group_id.clone_from(&topics.group);
    config.names.model = NamesModel::Fast;
    config.input.tombstones = Tombstones::DeadLetter;
    let processor = Processor::new(&config).unwrap();
    for (code, input) in &inputs {
        let name = String::from_utf8_lossy(input.key.as_ref().unwrap());
        let wanted = expected(&processor, input);
        assert!(
            code.is_none() || wanted.as_ref().err() == code.as_ref(),
            "{name}: {wanted:?}, not {code:?}"
        );
        let of_input = |record: &&Whole| record.key == input.key;
        match wanted {
            Ok(value) => {
                let got = output.iter().find(of_input).expect("an output");
                assert_eq!(without_provenance(got.value.as_ref().unwrap()), value, "{name}");
            }
            Err(code) => {
                let letter = dead.iter().find(of_input).expect("a dead letter");
                assert_eq!(
                    letter.header("dateline.error.code").as_deref(),
                    Some(code),
                    "{name}"
                );
                assert!(letter.value == input.value, "{name}: the value is another");
                assert!(
                    letter.headers.starts_with(&input.headers),
                    "{name}: {:?}",
                    letter.headers
                );
            }
        }
    }
    let codes: BTreeSet<_> = dead
        .iter()
        .filter_map(|letter| letter.header("dateline.error.code"))
        .collect();
    eprintln!(
        "PROOF poison: {} records, {} dead letters of {codes:?}",
        inputs.len(),
        dead.len()
    );
    // As well as before.
    let mut after = articles(320);
    produce(&topics.input, &after.split_off(20));
    await_outcomes(&topics, inputs.len() + 300);
    assert!(worker.is_running() && matches!(worker.get("/readyz"), Some((200, _))));
    assert_eq!(worker.terminate(), 0);
}
