//! Tables of articles and what must, and must not, be found in them.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::article::Entity;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::InputForm;
use crate::config::NamesModel;

pub(super) fn article(headline: &str, text: &str) -> Article {
    Article {
        headline: (!headline.is_empty()).then(|| headline.to_owned()),
        text: text.to_owned(),
        language: "en".to_owned(),
        ..Article::new(InputForm::Json, "t")
    }
}

static ENRICHER: LazyLock<Enricher> = LazyLock::new(|| {
    Enricher::new(
        &EnrichConfig::default(),
        &NamesConfig::default(),
        &TopicsConfig::default(),
    )
    .unwrap()
});

fn enrich(article: Article, limits: &Limits) -> EnrichedArticle {
    ENRICHER.enrich(article, limits, &mut ())
}

fn entities(headline: &str, text: &str) -> Vec<Entity> {
    enrich(article(headline, text), &Limits::default())
        .entities
        .unwrap()
}

/// "TYPE name" of each mention, in order of the text.
fn mentions(text: &str) -> Vec<String> {
    let mut all: Vec<_> = entities("", text)
        .iter()
        .flat_map(|e| {
            e.mentions
                .iter()
                .map(|m| (m.span, format!("{} {}", e.kind.name(), m.span.of(text).unwrap())))
        })
        .collect();
    all.sort();
    all.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn finds_names_and_leaves_traps() {
    for (text, expected) in [
        (
            "He flew from Iran to the U.S. on Friday.",
            &["GPE Iran", "GPE U.S."][..],
        ),
        ("Tell us about it, they told US officials.", &["GPE US"]),
        (
            "The Iranian president met Turkish leaders.",
            &["NORP Iranian", "NORP Turkish"],
        ),
        ("In May the House may vote.", &["ORG House"]),
        ("We saw Michael Jordan play.", &["PERSON Michael Jordan"]),
        ("The drummer was Chad Smith again.", &["PERSON Chad Smith"]),
        (
            "President George W. Bush spoke. Mr. Bush then left.",
            &["PERSON George W. Bush", "PERSON Bush"],
        ),
        (
            "The plan of Prime Minister Tony Blair's aides failed.",
            &["PERSON Tony Blair"],
        ),
        (
            "A spokesman for the Ministry of Health said so.",
            &["ORG Ministry of Health"],
        ),
        (
            "She studied at the University of Baghdad.",
            &["ORG University of Baghdad"],
        ),
        (
            "It was said by spokesman Lomiata Kefu on Monday.",
            &["PERSON Lomiata Kefu"],
        ),
        ("The witness, Zorvan Plit, 34, wept.", &["PERSON Zorvan Plit"]),
        (
            "They met in Kabul, Afghanistan.",
            &["GPE Kabul", "GPE Afghanistan"],
        ),
        (
            "After World War II the United Nations was founded.",
            &["EVENT World War II", "ORG United Nations"],
        ),
        (
            "They left Hurricane Katrina behind.",
            &["EVENT Hurricane Katrina"],
        ),
        ("BEIJING, July 6 -- Rain fell.", &["GPE BEIJING"]),
        (
            "Muslims and Christians prayed.",
            &["NORP Muslims", "NORP Christians"],
        ),
        ("rain fell on the hills for days", &[]),
        ("", &[]),
    ] {
        assert_eq!(mentions(text), expected, "{text}");
    }
}

#[test]
fn joins_what_is_one_thing() {
    let text = "The International Atomic Energy Agency (IAEA) met. The IAEA wants talks with Britain. The UK agreed. \
                Mohamed ElBaradei spoke. ElBaradei left. Iranians cheered the Iranian team.";
    let found = entities("", text);
    let of = |name: &str| {
        found
            .iter()
            .find(|e| e.name == name)
            .unwrap_or_else(|| panic!("{name}: {found:#?}"))
    };
    assert_eq!(of("International Atomic Energy Agency").mentions.len(), 3);
    assert_eq!(
        of("International Atomic Energy Agency").ids.wikidata.as_deref(),
        Some("Q41984")
    );
    let britain = of("Britain");
    assert_eq!(
        (britain.mentions.len(), britain.ids.iso3166.as_deref()),
        (2, Some("GB"))
    );
    assert_eq!(of("Mohamed ElBaradei").mentions.len(), 2);
    let iranians = of("Iranians");
    assert_eq!((iranians.kind, iranians.mentions.len()), (EntityType::Norp, 2));
    assert_eq!(
        (iranians.country.as_deref(), iranians.ids.wikidata.as_deref()),
        (Some("IR"), None)
    );
}

#[test]
fn two_people_of_one_surname_stay_two() {
    let found = entities("", "Bill Clinton met Hillary Clinton. Then Clinton spoke.");
    let people: Vec<_> = found
        .iter()
        .map(|e| (e.name.as_str(), e.mentions.len()))
        .collect();
    assert_eq!(people.len(), 3, "{people:?}");
    assert!(people.iter().all(|(_, mentions)| *mentions == 1));
}

#[test]
fn no_part_of_a_longer_name() {
    for (text, expected) in [
        (
            "The Democrat-controlled Senate voted.",
            &["NORP Democrat", "ORG Senate"][..],
        ),
        ("He met Lance Corporal Roel Ryan there.", &["PERSON Roel Ryan"]),
        (
            "The Committee on Standards of Official Conduct met.",
            &["ORG Committee on Standards of Official Conduct"],
        ),
        ("We saw the Boston Celtics win.", &["ORG Boston Celtics"]),
        (
            "Its chief executive, Stuart Lawley, resigned.",
            &["PERSON Stuart Lawley"],
        ),
        (
            "He spoke to the General Assembly again.",
            &["ORG General Assembly"],
        ),
        ("A lawyer of the Florida Marlins spoke.", &["ORG Florida Marlins"]),
        (
            "Then Florida Governor Jeb Bush spoke.",
            &["GPE Florida", "PERSON Jeb Bush"],
        ),
    ] {
        assert_eq!(mentions(text), expected, "{text}");
    }
}

#[test]
fn ships_and_namesakes_are_no_places() {
    for (text, expected) in [
        (
            "They saw the HMS Belfast in London.",
            &["PRODUCT HMS Belfast", "GPE London"][..],
        ),
        (
            "We saw the St. Louis Cardinals win.",
            &["ORG St. Louis Cardinals"],
        ),
        (
            "We saw Brian May again. In May 2012 he left.",
            &["PERSON Brian May"],
        ),
        (
            "They saw Tropical Storm Isaac form.",
            &["EVENT Tropical Storm Isaac"],
        ),
        (
            "It is the Food and Agriculture Organization.",
            &["ORG Food and Agriculture Organization"],
        ),
        (
            "It is the Organization for Security and Cooperation.",
            &["ORG Organization for Security and Cooperation"],
        ),
    ] {
        assert_eq!(mentions(text), expected, "{text}");
    }
    let found = entities("", "He lives in Lebanon, Pennsylvania. She likes Moscow, Idaho.");
    let sure: Vec<_> = found
        .iter()
        .map(|e| {
            (
                e.name.as_str(),
                e.country.as_deref(),
                e.ids.wikidata.is_some() || e.ids.geonames.is_some(),
            )
        })
        .filter(|(name, ..)| matches!(*name, "Lebanon" | "Moscow"))
        .collect();
    assert_eq!(sure, [("Lebanon", None, false), ("Moscow", None, false)]);
    let assad = entities("", "We saw Bashar al-Assad there. Then Mr. Assad left.");
    assert_eq!(assad.len(), 1, "{assad:?}");
}

#[test]
fn one_thing_is_one_entity_with_its_clean_name() {
    for (text, expected) in [
        (
            "TOKYO, Japan -- Talks go on.",
            &["GPE Tokyo 1", "GPE Japan 1"][..],
        ),
        (
            "ADDIS ABABA, Ethiopia - Talks go on in Addis Ababa.",
            &["GPE Addis Ababa 2", "GPE Ethiopia 1"],
        ),
        (
            "President Hu Jintao spoke. Mr. Hu then left.",
            &["PERSON Hu Jintao 2"],
        ),
        (
            "Omar Bakri Mohammed spoke. Mr. Bakri then left.",
            &["PERSON Omar Bakri Mohammed 2"],
        ),
        (
            "Sharon left the Likud Party. Then Likud split.",
            &["ORG Likud Party 2", "PERSON Sharon 1"],
        ),
        ("A Philippine ship sank.", &["NORP Philippine 1"]),
    ] {
        let found: Vec<_> = entities("", text)
            .iter()
            .map(|e| format!("{} {} {}", e.kind.name(), e.name, e.mentions.len()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn city_of_a_dateline_lies_where_the_dateline_says() {
    let text = "By Mary Smith\nST. PETERSBURG, Russia (AP) -- Talks went on in St. Petersburg.";
    let mut dated = article("", text);
    dated.dateline = crate::text::dateline::parse(text, &Limits::default());
    assert!(dated.dateline.is_some());
    let found = enrich(dated, &Limits::default()).entities.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|e| (e.name.as_str(), e.country.as_deref(), e.ids.geonames.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("St. Petersburg", Some("RU"), Some("498817")),
            ("Russia", Some("RU"), None)
        ]
    );
}

#[test]
fn agency_of_a_dateline_is_no_entity() {
    let text = "PARIS (Reuters) - Talks go on, Reuters says.";
    let mut dated = article("", text);
    dated.dateline = crate::text::dateline::parse(text, &Limits::default());
    assert!(dated.dateline.is_some());
    let found = enrich(dated, &Limits::default()).entities.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|e| (e.name.as_str(), e.mentions.len()))
        .collect();
    assert_eq!(found, [("Paris", 1), ("Reuters", 1)]);
}

#[test]
fn shared_place_names_carry_no_country() {
    let found = entities("", "He was born in Georgia.");
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].kind, &found[0].country, &found[0].ids),
        (EntityType::Gpe, &None, &Default::default())
    );
}

#[test]
fn headline_in_title_case_takes_names_of_the_body() {
    let headline = "Kharazi Says Nuclear Talks With Europe May End";
    let found = entities(headline, "Foreign minister Kamal Kharazi spoke in Tehran.");
    let in_headline: Vec<_> = found
        .iter()
        .filter(|e| e.mentions.iter().any(|m| m.field == Field::Headline))
        .map(|e| e.name.as_str())
        .collect();
    assert_eq!(in_headline, ["Kamal Kharazi", "Europe"]);
}

#[test]
fn mentions_stop_at_the_limit() {
    let limits = Limits {
        mentions_max: 2,
        ..Limits::default()
    };
    let done = enrich(article("", "France, Spain, Italy and Malta agreed."), &limits);
    assert_eq!(done.counts.mentions, 2);
    assert_eq!(done.article.flags, [Flag::Truncated]);
    let done = enrich(article("", "France and Spain agreed."), &limits);
    assert!(done.article.flags.is_empty());
}

#[test]
fn withheld_and_foreign_articles() {
    let mut withheld = article("", "France and Spain agreed.");
    withheld.given.pub_status = Some("withheld".to_owned());
    let done = enrich(withheld, &Limits::default());
    assert_eq!((done.entities, done.topics, done.keywords), (None, None, None));
    let mut german = article("", "Der Minister reiste nach Portugal und Frankreich.");
    german.language = "de".to_owned();
    let done = enrich(german, &Limits::default());
    let entities = done.entities.unwrap();
    let ids: Vec<_> = entities
        .iter()
        .map(|e| (e.name.as_str(), e.ids.wikidata.as_deref()))
        .collect();
    assert_eq!(ids, [("Portugal", Some("Q45")), ("Frankreich", Some("Q142"))]);
    assert_eq!((done.topics, done.keywords), (None, None));
}

#[test]
fn what_is_not_wanted_is_not_computed() {
    struct Seen(Vec<&'static str>);
    impl StepObserver for Seen {
        fn finished(&mut self, step: Step) {
            self.0.push(step.name());
        }
    }
    for (entities, topics, keywords) in [
        (true, false, true),
        (true, true, false),
        (false, true, true),
        (false, false, false),
    ] {
        let names = NamesConfig {
            model: NamesModel::Fast,
            ..NamesConfig::default()
        };
        let enricher = Enricher::new(
            &EnrichConfig {
                entities,
                topics,
                keywords,
                ..EnrichConfig::default()
            },
            &names,
            &TopicsConfig::default(),
        )
        .unwrap();
        let models: Vec<_> = enricher.models().map(|model| model.name.as_str()).collect();
        assert_eq!(
            (
                models.contains(&"names-fast"),
                models.contains(&"topics-fast"),
                models.contains(&"keywords")
            ),
            (entities, topics, keywords)
        );
        let article = article(
            "Troops clash with rebels",
            "Rebels and troops clash. Troops and rebels fight.",
        );
        let mut seen = Seen(Vec::new());
        let done = enricher.enrich(article, &Limits::default(), &mut seen);
        assert_eq!(
            (
                done.entities.is_some(),
                done.topics.is_some(),
                done.keywords.is_some()
            ),
            (entities, topics, keywords)
        );
        assert_eq!(
            (
                seen.0.contains(&"entities"),
                seen.0.contains(&"topics"),
                seen.0.contains(&"keywords")
            ),
            (entities, topics, keywords)
        );
    }
}

#[test]
fn keywords_are_phrases_once_each() {
    let text = "The nuclear reactor was closed. Engineers at the nuclear reactor found 30 pipes. The pipes were \
                small, and the nuclear reactor will open in March.";
    let limits = Limits {
        keywords_max: 2,
        ..Limits::default()
    };
    let done = enrich(article("Nuclear reactor closed", text), &limits);
    let found: Vec<_> = done
        .keywords
        .unwrap()
        .into_iter()
        .map(|k| k.text.to_lowercase())
        .collect();
    assert_eq!(found, ["nuclear reactor", "pipes"]);
}

#[test]
fn keywords_hold_names_whole_and_nothing_general() {
    let headline = "Peru president visits Barack Obama";
    let text = "The president of Peru met Barack Obama. Officials say Mr. Obama and the president spoke of trade \
                talks. \
                Talks have begun; the trade talks in Peru go on, officials say. Talks have begun.";
    let found: Vec<_> = enrich(article(headline, text), &Limits::default())
        .keywords
        .unwrap()
        .into_iter()
        .map(|k| k.text)
        .collect();
    assert_eq!(found, ["Peru", "Barack Obama", "trade talks"]);
    assert!(keywords::GENERIC.is_sorted());
}

#[test]
fn keywords_of_a_short_item_are_its_noun_phrases() {
    let headline = "Thai car plants slow output as pickup demand stalls";
    let text = "Mr. Chai, of a small-car factory, said the assembly lines turned out a fifth fewer vehicles, as banks \
                turned down buyers. Ms. Chai pursued a longer drought, and Mr. Chai recovered.";
    let found: Vec<_> = enrich(article(headline, text), &Limits::default())
        .keywords
        .unwrap()
        .into_iter()
        .map(|k| k.text)
        .collect();
    for phrase in ["small-car factory", "assembly lines"] {
        assert!(found.iter().any(|one| one == phrase), "{phrase}: {found:?}");
    }
    for word in ["Mr.", "Ms.", "pursued", "recovered", "said", "turned"] {
        assert!(found.iter().all(|one| !one.contains(word)), "{word}: {found:?}");
    }
}

proptest! {
    // Each case reads a text four times with both models, unoptimised.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_text_gives_spans_that_fit(
        text in "(\\PC|[A-Z][a-z]{1,6} | al-|Mr\\. |University of |U\\.S\\. |\\(|\n|’s){0,60}",
    ) {
        let limits = Limits::default();
        let done = enrich(article(&text, &text), &limits);
        let again = enrich(article(&text, &text), &limits);
        prop_assert_eq!(&done, &again);
        let mut spans = Vec::new();
        for entity in done.entities.unwrap() {
            for mention in &entity.mentions {
                prop_assert!(mention.span.of(&text).is_some_and(|name| !name.is_empty()));
                spans.push((mention.field, mention.span));
            }
        }
        spans.sort();
        prop_assert!(spans.windows(2).all(|pair| pair[0].0 != pair[1].0 || !pair[0].1.overlaps(&pair[1].1)));
    }
}
