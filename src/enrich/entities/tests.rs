//! A table of articles with their names marked, and the things that they are.

use proptest::prelude::*;

use super::*;
use crate::article::ByteSpan;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::InputForm;
use crate::article::Score;
use crate::text::dateline;

thread_local! {
    static RESOLVER: Resolver = Resolver::new().unwrap();
}

/// An article and its names from "[Tony Blair|PERSON] met ...".
pub(super) fn marked(headline: &str, text: &str) -> (Article, Vec<Sighting>) {
    let mut sightings = Vec::new();
    let [headline, text] = [(Field::Headline, headline), (Field::Text, text)].map(|(field, marked)| {
        let mut string = String::new();
        for part in marked.split('[') {
            let Some((name, rest)) = part.split_once(']') else {
                string.push_str(part);
                continue;
            };
            let (name, kind) = name.split_once('|').unwrap();
            sightings.push(Sighting {
                field,
                span: ByteSpan::new(string.len(), string.len() + name.len()),
                kind: *EntityType::ALL.iter().find(|known| known.name() == kind).unwrap(),
                confidence: Score::from_thousandths(900),
            });
            string.push_str(name);
            string.push_str(rest);
        }
        string
    });
    let article = Article {
        headline: (!headline.is_empty()).then_some(headline),
        dateline: dateline::parse(&text, &Limits::default()),
        text,
        language: "en".to_owned(),
        ..Article::new(InputForm::Json, "t")
    };
    (article, sightings)
}

fn entities(headline: &str, text: &str) -> Vec<Entity> {
    let (article, sightings) = marked(headline, text);
    RESOLVER.with(|resolver| {
        resolver
            .entities(&article, sightings, &Limits::default())
            .entities
    })
}

/// "TYPE name mentions" of each entity, sorted.
fn shown(headline: &str, text: &str) -> Vec<String> {
    let mut all: Vec<_> = entities(headline, text)
        .iter()
        .map(|entity| format!("{} {} {}", entity.kind.name(), entity.name, entity.mentions.len()))
        .collect();
    all.sort();
    all
}

#[test]
fn people() {
    for (text, expected) in [
        (
            "President [George W. Bush|PERSON] spoke. Mr. [Bush|PERSON] left. [George Bush|PERSON]'s aides stayed.",
            &["PERSON George W. Bush 3"][..],
        ),
        (
            "[Bill Clinton|PERSON] met [Hillary Clinton|PERSON]. Then [Clinton|PERSON] spoke.",
            &[
                "PERSON Bill Clinton 1",
                "PERSON Clinton 1",
                "PERSON Hillary Clinton 1",
            ],
        ),
        (
            "[George Bush|PERSON] spoke. Mr. [Bush|PERSON] and his wife, [Laura Bush|PERSON], left. [Bush|PERSON] won.",
            &["PERSON George Bush 3", "PERSON Laura Bush 1"],
        ),
        (
            "[George H. W. Bush|PERSON] met [George W. Bush|PERSON].",
            &["PERSON George H. W. Bush 1", "PERSON George W. Bush 1"],
        ),
        (
            "[Hu Jintao|PERSON] spoke. Mr. [Hu|PERSON] left.",
            &["PERSON Hu Jintao 2"],
        ),
        (
            "[Bashar al-Assad|PERSON] spoke. Mr. [Assad|PERSON] left.",
            &["PERSON Bashar al-Assad 2"],
        ),
        (
            "[Carla del Ponte|PERSON] spoke. Ms. [del Ponte|PERSON] left.",
            &["PERSON Carla del Ponte 2"],
        ),
        (
            "[Omar Bakri Mohammed|PERSON] spoke. Mr. [Bakri|PERSON] left.",
            &["PERSON Omar Bakri Mohammed 2"],
        ),
        (
            "[Timothy D. Cook|PERSON] leads. \"[Tim Cook|PERSON] is good\", he said. \"[Tim|PERSON] works.\"",
            &["PERSON Timothy D. Cook 3"],
        ),
        (
            "[Recep Tayyip Erdo\u{11f}an|PERSON] spoke. Mr. [Erdogan|PERSON] left.",
            &["PERSON Recep Tayyip Erdo\u{11f}an 2"],
        ),
        (
            "[J. K. Rowling|PERSON] wrote it. [Rowling|PERSON] slept.",
            &["PERSON J. K. Rowling 2"],
        ),
        (
            "[Martin Luther King Jr|PERSON]. marched. [King|PERSON] spoke.",
            &["PERSON Martin Luther King Jr. 2"],
        ),
    ] {
        assert_eq!(shown("", text), expected, "{text}");
    }
}

#[test]
fn bodies_and_other_things() {
    for (text, expected) in [
        (
            "The [International Atomic Energy Agency|ORG] ([IAEA|ORG]) met. The [IAEA|ORG] wants talks.",
            &["ORG International Atomic Energy Agency 3"][..],
        ),
        (
            "The [African Union Mission to Somalia|ORG] ([AMISOM|ORG]) is there. [AMISOM|ORG] stays, the [AU|ORG] said.",
            &["ORG AU 1", "ORG African Union Mission to Somalia 3"],
        ),
        (
            "The [University of East Anglia|ORG] found it, the [UEA|ORG] said.",
            &["ORG University of East Anglia 2"],
        ),
        (
            "The [U.N. Security Council|ORG] met. The [Security Council|ORG] voted. The [U.N.|ORG] is glad.",
            &["ORG U.N. 1", "ORG U.N. Security Council 2"],
        ),
        (
            "The [Senate|ORG] voted. The [Senate Foreign Relations Committee|ORG] had met.",
            &["ORG Senate 1", "ORG Senate Foreign Relations Committee 1"],
        ),
        (
            "The [Pakistani Supreme Court|ORG] and the [U.S. Supreme Court|ORG] met. The [Supreme Court|ORG] spoke.",
            &[
                "ORG Pakistani Supreme Court 1",
                "ORG Supreme Court 1",
                "ORG U.S. Supreme Court 1",
            ],
        ),
        (
            "The [Likud Party|ORG] split. Then [Likud|ORG] won.",
            &["ORG Likud Party 2"],
        ),
        (
            "[Korvel Robotics|ORG] grew. [Korvel|ORG] lost money.",
            &["ORG Korvel Robotics 2"],
        ),
        (
            "[Bank of Japan|ORG] spoke. [Bank of England|ORG] spoke.",
            &["ORG Bank of England 1", "ORG Bank of Japan 1"],
        ),
        (
            "[Soyuz TMA-12M|PRODUCT] flew to the [International Space Station|PRODUCT]. The [ISS|PRODUCT] saw [TMA-12M|PRODUCT].",
            &["PRODUCT International Space Station 2", "PRODUCT Soyuz TMA-12M 2"],
        ),
        (
            "[Fatah al-Islam|ORG] fought. [Fatah al Islam|ORG] lost.",
            &["ORG Fatah al-Islam 2"],
        ),
    ] {
        assert_eq!(shown("", text), expected, "{text}");
    }
}

#[test]
fn places_and_peoples() {
    for (text, expected) in [
        (
            "[U.S.|GPE] aid. The [United States|GPE] pays. [US|GPE] troops.",
            &["GPE United States 3"][..],
        ),
        ("[Britain|GPE] agreed. The [UK|GPE] paid.", &["GPE Britain 2"]),
        (
            "[Iranians|NORP] cheered the [Iranian|NORP] team of [Iran|GPE].",
            &["GPE Iran 1", "NORP Iranians 2"],
        ),
        (
            "[Scottish|NORP] and [Welsh|NORP] fans.",
            &["NORP Scottish 1", "NORP Welsh 1"],
        ),
        (
            "A [Democratic|NORP] plan that [Democrats|NORP] like.",
            &["NORP Democratic 2"],
        ),
        (
            "[anti-Japanese|NORP] protests of [Japanese|NORP] wine",
            &["NORP anti-Japanese 2"],
        ),
        ("In [Gaza|LOC] and [Gaza|GPE] and [Gaza|GPE].", &["GPE Gaza 3"]),
    ] {
        assert_eq!(shown("", text), expected, "{text}");
    }
}

#[test]
fn names_missed_elsewhere_are_found_with_care() {
    for (headline, text, expected) in [
        (
            "Kharazi Says Nuclear Talks May End",
            "Minister [Kamal Kharazi|PERSON] spoke. Kharazi's aides left with Mr. Kharazi.",
            &["PERSON Kamal Kharazi 4"][..],
        ),
        // A longer name that nobody saw is not cut up, and a word of the language is no surname.
        (
            "",
            "[Gordon Brown|PERSON] spoke. David Brown wrote of a brown fox.",
            &["PERSON Gordon Brown 1"],
        ),
        (
            "",
            "[Mary Hope|PERSON] spoke. Hope is all they hope for.",
            &["PERSON Mary Hope 1"],
        ),
        (
            "",
            "[Kerry|PERSON] spoke; the Kerry-Lugar bill passed.",
            &["PERSON Kerry 1"],
        ),
        ("", "[Hamas|ORG] spoke. Then Hamas left.", &["ORG Hamas 2"]),
    ] {
        assert_eq!(shown(headline, text), expected, "{text}");
    }
}

#[test]
fn ids_only_where_sure() {
    let of = |text: &str| {
        let found = entities("", text);
        let ids = |entity: &Entity| {
            let ids = &entity.ids;
            let all = [
                &ids.wikidata,
                &ids.iso3166,
                &ids.geonames,
                &ids.ticker,
                &entity.country,
            ];
            all.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
        };
        found
            .iter()
            .map(|entity| format!("{}: {}", entity.name, ids(entity)))
            .collect::<Vec<_>>()
    };
    for (text, expected) in [
        ("[France|GPE] won.", &["France: Q142 FR FR"][..]),
        (
            "[Britain|GPE], [France|GPE] paid.",
            &["Britain: Q145 GB GB", "France: Q142 FR FR"],
        ),
        ("The [Iranian|NORP] team.", &["Iranian: IR"]),
        (
            "The [International Atomic Energy Agency|ORG] met.",
            &["International Atomic Energy Agency: Q41984"],
        ),
        ("He was born in [Georgia|GPE].", &["Georgia: "]),
        ("[Jordan|PERSON] scored.", &["Jordan: "]),
        (
            "She lives in [Lebanon|GPE], [Pennsylvania|GPE].",
            &["Lebanon: ", "Pennsylvania: Q1400 US-PA US"],
        ),
        ("She likes [Moscow|GPE], Idaho.", &["Moscow: "]),
        ("She likes [Paris|GPE].", &["Paris: Q90 2988507 FR"]),
        ("She likes [Paris|GPE], Texas.", &["Paris: "]),
        ("She likes [London|GPE], Ont.", &["London: "]),
        ("[Kiev|GPE] fell silent.", &["Kiev: Q1899 703448 UA"]),
        ("[Barack Obama|PERSON] spoke.", &["Barack Obama: Q76"]),
        ("[Birmingham|GPE] voted.", &["Birmingham: "]),
        // Of another type than the table's.
        ("The [Eiffel Tower|EVENT] opened.", &["Eiffel Tower: "]),
    ] {
        let found = of(text);
        let found: Vec<_> = found.iter().map(|ids| ids.trim_start()).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn datelines_settle_places_and_their_names() {
    for (text, expected) in [
        (
            "TOKYO, [Japan|GPE] (AP) -- Talks go on.",
            &["GPE Japan 1", "GPE Tokyo 1"][..],
        ),
        (
            "ADDIS ABABA, [Ethiopia|GPE] - Talks go on in [Addis Ababa|GPE].",
            &["GPE Addis Ababa 2", "GPE Ethiopia 1"],
        ),
        (
            "PARIS ([Reuters|ORG]) - Talks go on, [Reuters|ORG] says.",
            &["GPE Paris 1", "ORG Reuters 1"],
        ),
    ] {
        assert_eq!(shown("", text), expected, "{text}");
    }
    let text = "[ST. PETERSBURG|GPE], [Russia|GPE] (AP) -- Talks went on in [St. Petersburg|GPE].";
    let found = entities("", text);
    let place = found
        .iter()
        .find(|entity| entity.name == "St. Petersburg")
        .unwrap();
    assert_eq!(
        (place.country.as_deref(), place.ids.geonames.as_deref()),
        (Some("RU"), Some("498817"))
    );
}

#[test]
fn salience_goes_by_headline_place_and_number() {
    let found = entities(
        "[Iran|GPE] says no",
        "[Iran|GPE] will not talk. [Iran|GPE] told [Vienna|GPE] so. It rained for a day and a night in [Oslo|GPE].",
    );
    let names: Vec<_> = found.iter().map(|entity| &*entity.name).collect();
    assert_eq!(names, ["Iran", "Vienna", "Oslo"]);
    assert!(found[0].salience > Score::from_thousandths(900));
}

#[test]
fn mentions_stop_at_the_limit() {
    let (article, sightings) = marked("", "[France|GPE], [Spain|GPE] and [Italy|GPE]");
    let limits = Limits {
        mentions_max: 2,
        ..Limits::default()
    };
    let findings = RESOLVER.with(|resolver| resolver.entities(&article, sightings, &limits));
    assert_eq!((findings.entities.len(), findings.truncated), (2, true));
}

proptest! {
    /// Any text and any spans: every mention fits, none overlaps, each belongs to one entity.
    #[test]
    fn hostile_sightings_make_sound_entities(
        text in "(\\PC|[A-Z][a-z]{1,6} | al-|Mr\\. |Jr\\.|U\\.S\\. |\\(|\n|’s|\"){0,40}",
        cuts in prop::collection::vec((0_usize..300, 0_usize..12, 0_usize..9), 0..20),
    ) {
        let mut article = Article::new(InputForm::Json, "t");
        article.dateline = dateline::parse(&text, &Limits::default());
        article.headline = Some(text.clone());
        article.text = text;
        let mut sightings: Vec<Sighting> = Vec::new();
        for (start, length, kind) in cuts {
            let span = ByteSpan::new(start, start + length);
            let clear = sightings.iter().all(|other| !other.span.overlaps(&span));
            if clear && span.of(&article.text).is_some_and(|name| !name.is_empty()) {
                sightings.push(Sighting {
                    field: Field::Text,
                    span,
                    kind: EntityType::ALL[kind],
                    confidence: Score::from_thousandths(900),
                });
            }
        }
        sightings.sort_by_key(|sighting| sighting.span);
        let found = RESOLVER.with(|resolver| resolver.entities(&article, sightings, &Limits::default()).entities);
        let mut spans = Vec::new();
        for entity in found {
            prop_assert!(!entity.name.is_empty());
            for mention in &entity.mentions {
                prop_assert!(mention.span.of(&article.text).is_some_and(|name| !name.is_empty()));
                spans.push((mention.field, mention.span));
            }
        }
        spans.sort();
        prop_assert!(spans.windows(2).all(|pair| pair[0].0 != pair[1].0 || !pair[0].1.overlaps(&pair[1].1)));
    }
}
