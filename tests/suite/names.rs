//! The hard cases of news, whole: headlines in title case, lines in capitals, datelines, bylines, lists of teams and of
//! victims, quotations, initials, titles, people of one surname. What a librarian would insist on is asserted; the rest is
//! seen in review as a snapshot.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use dateline::record::Outcome;
use serde_json::Value;

use super::articles::NOW_MS;
use super::articles::PROCESSOR;
use super::articles::record;

/// What must be found, as "TYPE name mentions" with the least number of mentions, and what must not be an entity's name.
const INSISTED: &[(&str, &[&str], &[&str])] = &[
    (
        "title-case-headline",
        &[
            "PERSON Kamal Kharazi 3",
            "GPE Washington 2",
            "GPE Iran 1",
            "GPE Tehran 1",
            "ORG International Atomic Energy Agency 3",
            "PERSON Mohamed ElBaradei 1",
            "LOC Europe 1",
        ],
        &["Nuclear Talks", "Agency", "Kharazi Says", "Blames Washington"],
    ),
    (
        "all-caps-lines",
        &[
            "GPE Iran 4",
            "ORG United Nations 2",
            "GPE Isfahan 2",
            "GPE Russia 2",
            "GPE China 2",
            "PERSON Grigory Berdennikov 2",
            "GPE Vienna 2",
        ],
        &["UPDATE", "INSPECTORS", "OBJECT", "RUSSIA AND CHINA", "Agency"],
    ),
    (
        "byline-and-two-datelines",
        &[
            "GPE Madrid 2",
            "GPE London 1",
            "PERSON Alfredo Saenz 1",
            "ORG Bank of England 1",
            "NORP British 1",
        ],
        &[
            "Maria Lopez",
            "John Carter",
            "Reuters",
            "Chief Executive Alfredo Saenz",
        ],
    ),
    (
        "city-is-a-person",
        &[
            "PERSON Paris Hilton 4",
            "GPE Paris 4",
            "GPE New York 1",
            "PERSON Anne Hidalgo 1",
            "ORG Le Monde 1",
        ],
        &["Hilton"],
    ),
    (
        "team-lists",
        &[
            "ORG Celtic 3",
            "ORG Aberdeen 2",
            "ORG Arsenal 1",
            "ORG Chelsea 1",
            "ORG Liverpool 1",
            "ORG Everton 1",
            "ORG Manchester United 1",
            "PERSON Gary Hooper 2",
            "GPE Scotland 2",
            "GPE Northern Ireland 1",
        ],
        &["Results", "Hooper"],
    ),
    (
        "list-of-victims",
        &[
            "PERSON Ann Maguire 1",
            "PERSON Peter O'Neill 2",
            "PERSON Mohammed Iqbal 1",
            "PERSON Mary-Jane Watson 1",
            "PERSON Sean O'Neill 1",
            "GPE Leeds 2",
        ],
        &["Four", "Police"],
    ),
    (
        "quoted-speech",
        &[
            "PERSON Aung San Suu Kyi 3",
            "PERSON Than Shwe 2",
            "ORG National League for Democracy 3",
            "PERSON Gordon Brown 2",
            "GPE China 1",
            "GPE Yangon 2",
        ],
        &["General Than Shwe", "Suu Kyi", "Brown"],
    ),
    (
        "initials",
        &[
            "PERSON J. K. Rowling 3",
            "GPE St. Louis 3",
            "GPE U.S. 4",
            "GPE China 2",
            "PERSON C. Fred Bergsten 1",
            "ORG al-Qaida 2",
            "GPE Yemen 2",
        ],
        &["U.S", "U.S.-China", "Author J. K. Rowling", "Qaida", "Rowling"],
    ),
    (
        "titles-and-possessives",
        &[
            "PERSON Prayut Chan-o-cha 4",
            "PERSON Michael Bloomberg 2",
            "PERSON Ban Ki-moon 2",
            "ORG U.N. General Assembly 1",
            "GPE U.S. 1",
            "GPE Thailand 1",
        ],
        &[
            "Gen Prayut",
            "Mayor Michael Bloomberg",
            "U.S",
            "Prayut",
            "Secretary-General Ban Ki-moon",
        ],
    ),
    (
        "two-of-one-surname",
        &[
            "PERSON Hillary Clinton 1",
            "PERSON Bill Clinton 1",
            "PERSON Barack Obama 4",
            "PERSON John McCain 2",
            "NORP Democrats 1",
            "GPE Denver 3",
        ],
        &["Senator Obama", "Obama", "Republican John McCain"],
    ),
];

/// The entities of an article of `tests/names`, as its record has them.
fn entities(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/names")
        .join(format!("{name}.json"));
    let input = fs::read_to_string(path).unwrap();
    let outcome = PROCESSOR.process(&record(7, &input, Some("application/json")), NOW_MS, &mut ());
    let Outcome::Enriched(output) = outcome else {
        panic!("{name}: {outcome:?}")
    };
    let value: Value = serde_json::from_slice(output.value.as_ref().unwrap()).unwrap();
    value["entities"].as_array().unwrap().clone()
}

fn mentions(entity: &Value) -> &[Value] {
    entity["mentions"].as_array().unwrap()
}

#[test]
fn what_a_librarian_insists_on() {
    let mut complaints = Vec::new();
    for (article, wanted, unwanted) in INSISTED {
        let found = entities(article);
        for wanted in *wanted {
            let (kind, rest) = wanted.split_once(' ').unwrap();
            let (name, least) = rest.rsplit_once(' ').unwrap();
            let least: usize = least.parse().unwrap();
            let there = found.iter().any(|entity| {
                entity["type"] == kind && entity["name"] == name && mentions(entity).len() >= least
            });
            if !there {
                complaints.push(format!("{article}: no {wanted}"));
            }
        }
        for unwanted in *unwanted {
            if found.iter().any(|entity| entity["name"] == *unwanted) {
                complaints.push(format!("{article}: {unwanted}"));
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn entities_of_hard_articles_are_seen_in_review() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (article, ..) in INSISTED {
        let mut shown = String::new();
        for entity in entities(article) {
            let places: Vec<String> = mentions(&entity)
                .iter()
                .map(|mention| {
                    let field = mention["field"].as_str().unwrap();
                    format!(
                        "{} at {field} {}",
                        mention["text"].as_str().unwrap(),
                        mention["start"]
                    )
                })
                .collect();
            let (kind, name) = (entity["type"].as_str().unwrap(), entity["name"].as_str().unwrap());
            writeln!(shown, "{kind} {name} {}: {}", entity["ids"], places.join(", ")).unwrap();
        }
        settings.bind(|| insta::assert_snapshot!(format!("names-{article}"), shown));
    }
}
