//! The three settings on the models that are shipped.

use std::sync::LazyLock;

use super::*;
use crate::article::Field;
use crate::enrich::english;

fn tagger(model: NamesModel, cascade_margin: f64) -> Tagger {
    opening_tagger(model, cascade_margin, false)
}

fn opening_tagger(model: NamesModel, cascade_margin: f64, openings: bool) -> Tagger {
    let config = NamesConfig {
        model,
        cascade_margin,
    };
    Tagger::new(&english(), &config, openings).unwrap()
}

static FAST_ONE: LazyLock<Tagger> = LazyLock::new(|| tagger(NamesModel::Fast, 1.0));
static ACCURATE: LazyLock<Tagger> = LazyLock::new(|| tagger(NamesModel::Accurate, 1.0));

const HEADLINE: &str = "U.S.-China Talks Resume in Geneva";
const TEXT: &str = "ST. LOUIS (AP) - J. K. Rowling met Gen. Prayut Chan-ocha of Thailand.\n\nThe al-Qaida men fled. It rained.";

fn passages<'t>(headline: &'t str, text: &'t str) -> [Passage<'t>; 2] {
    [
        Passage::new(Field::Headline, headline),
        Passage::new(Field::Text, text),
    ]
}

#[test]
fn hard_names_have_exact_bounds() {
    let both = passages(HEADLINE, TEXT);
    let found = ACCURATE.tag(&both);
    let name = |sighting: &Sighting| {
        let text = if sighting.field == Field::Headline {
            HEADLINE
        } else {
            TEXT
        };
        (sighting.span.of(text).unwrap().to_owned(), sighting.kind.name())
    };
    let names: Vec<_> = found.sightings.iter().map(name).collect();
    for (expected, kind) in [
        ("U.S.", "GPE"),
        ("China", "GPE"),
        ("Geneva", "GPE"),
        ("ST. LOUIS", "GPE"),
        ("J. K. Rowling", "PERSON"),
        ("Prayut Chan-ocha", "PERSON"),
        ("Thailand", "GPE"),
        ("al-Qaida", "ORG"),
    ] {
        assert!(
            names.contains(&(expected.to_owned(), kind)),
            "{expected} {kind}: {names:?}"
        );
    }
    assert_eq!(found.tokens, found.encoded);
}

#[test]
fn the_cascade_lies_between_its_models() {
    let both = passages(HEADLINE, TEXT);
    let fast = FAST_ONE.tag(&both);
    assert_eq!(tagger(NamesModel::Cascade, 0.0).tag(&both), fast);
    assert_eq!(
        (fast.encoded, fast.tokens),
        (0, both[0].words.len() + both[1].words.len())
    );
    assert_eq!(tagger(NamesModel::Cascade, 20.0).tag(&both), ACCURATE.tag(&both));
    let mut encoded = 0;
    for margin in [0.5, 3.0, 7.0] {
        let tagged = tagger(NamesModel::Cascade, margin).tag(&both);
        assert!(tagged.encoded >= encoded, "{margin}");
        encoded = tagged.encoded;
        let ascend = |pair: &[Sighting]| {
            pair[0].field < pair[1].field
                || (pair[0].field == pair[1].field && pair[0].span.end <= pair[1].span.start)
        };
        assert!(tagged.sightings.windows(2).all(ascend), "{margin}");
    }
    assert!(encoded > 0);
    let nothing = passages("", "");
    assert_eq!(tagger(NamesModel::Cascade, 20.0).tag(&nothing).sightings, []);
}

#[test]
fn each_setting_names_its_models() {
    let names = |tagger: &Tagger| {
        tagger
            .models()
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&FAST_ONE), ["names-fast"]);
    let all = ["names-fast", "names-encoder", "names-accurate"];
    assert_eq!(names(&ACCURATE), all);
    assert_eq!(names(&tagger(NamesModel::Cascade, 1.0)), all);
    let with_openings = names(&opening_tagger(NamesModel::Fast, 1.0, true));
    assert_eq!(with_openings, all[..2]);
}

#[test]
fn where_both_have_read_both_count() {
    let both = passages(HEADLINE, TEXT);
    let tagger = &*ACCURATE;
    let (fast, encoder) = (tagger.fast.as_ref().unwrap(), tagger.encoder.as_ref().unwrap());
    let model = tagger.both.as_ref().unwrap();
    let (quick, slow) = (fast.read(&both).scores, encoder.read(&both, |_, _| true).scores);
    let rows = [0, 1].map(|side: usize| {
        let rows = quick[side].iter().zip(&slow[side]);
        rows.map(|(quick, slow)| model.together(quick, slow)).collect()
    });
    let expected = model.decoder.all(&both, &rows);
    assert_eq!(tagger.tag(&both).sightings, expected);
    assert_ne!(model.decoder.all(&both, &slow), expected);
}

#[test]
fn an_encoder_reads_alone_where_a_language_has_no_other() {
    let both = passages(HEADLINE, TEXT);
    let of = |left_out: &[&str]| {
        let mut files = english();
        files.retain(|name, _| !left_out.contains(name));
        let config = NamesConfig {
            model: NamesModel::Accurate,
            ..NamesConfig::default()
        };
        Tagger::new(&files, &config, false).unwrap().tag(&both)
    };
    let alone = of(&[models::NAMES_ACCURATE]);
    assert_eq!(alone, of(&[models::NAMES_FAST]));
    assert_eq!(alone.encoded, alone.tokens);
    let together = ACCURATE.tag(&both);
    assert!(together != alone && together.encoded == together.tokens);
}

#[test]
fn openings_are_read_for_topics_and_only_once() {
    let both = passages(HEADLINE, TEXT);
    let accurate = ACCURATE.tag(&both);
    assert!(accurate.topics.len() > 100 && accurate.topics.len() == ACCURATE.topics().len());
    assert_eq!(FAST_ONE.tag(&both).topics, Vec::<f32>::new());
    // A short article is all opening; names stay those of the setting that was asked for.
    let fast = opening_tagger(NamesModel::Fast, 1.0, true).tag(&both);
    assert_eq!(
        (&fast.topics, &fast.sightings),
        (&accurate.topics, &FAST_ONE.tag(&both).sightings)
    );
    assert_eq!(
        opening_tagger(NamesModel::Cascade, 0.5, true).tag(&both),
        accurate
    );
    assert_eq!(
        opening_tagger(NamesModel::Accurate, 1.0, true).tag(&both),
        accurate
    );
    // Of a long one, the rest is left to the margin.
    let long = format!("{TEXT} {}", "The men went home to sleep. ".repeat(100));
    let long = passages(HEADLINE, &long);
    let tagged = opening_tagger(NamesModel::Fast, 1.0, true).tag(&long);
    assert!(tagged.encoded < 200 && tagged.tokens > 600, "{tagged:?}");
}
