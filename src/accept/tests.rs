//! What is accepted, as what, and what is not.

use proptest::prelude::*;

use super::*;
use crate::article::InputForm;

fn raw(headline: &str, body: &str) -> RawArticle {
    RawArticle {
        headline: Some(Markup::Unknown(headline.to_owned())).filter(|markup| !markup.as_str().is_empty()),
        body: Some(Markup::Unknown(body.to_owned())).filter(|markup| !markup.as_str().is_empty()),
        ..RawArticle::new(InputForm::Json)
    }
}

fn accepted(raw: RawArticle) -> Article {
    accept(raw, &Limits::default()).unwrap()
}

#[test]
fn takes_wire_text_apart() {
    let article = accepted(raw(
        "",
        " date 2023-07-06 (Agency) -- The minister resigned.\r\n\r\nShe gave no reason.",
    ));
    assert_eq!(
        article.text,
        "date 2023-07-06 (Agency) -- The minister resigned.\n\nShe gave no reason."
    );
    assert_eq!(article.headline, None);
    assert_eq!(article.published_at.as_deref(), Some("2023-07-06"));
    assert_eq!(article.agency.as_deref(), Some("Agency"));
    assert_eq!(
        article.dateline.unwrap().span.of(&article.text),
        Some("date 2023-07-06 (Agency) --")
    );
}

#[test]
fn what_is_withdrawn_may_be_told_by_its_id_alone() {
    for (id, status, is_accepted) in [
        (Some("urn:1"), Some("canceled"), true),
        (Some("urn:1"), Some("withheld"), true),
        (Some("urn:1"), Some("usable"), false),
        (Some(" "), Some("canceled"), false),
        (None, Some("canceled"), false),
    ] {
        let mut given = raw("", "");
        given.id = id.map(str::to_owned);
        given.given.pub_status = status.map(str::to_owned);
        let found = accept(given, &Limits::default());
        assert_eq!(found.is_ok(), is_accepted, "{id:?} {status:?}");
        if let Ok(notice) = found {
            assert_eq!(notice.flags, [], "{id:?} {status:?}");
        }
    }
}

#[test]
fn a_short_first_line_is_no_headline() {
    let article = accepted(raw(
        "",
        "Minister resigns\n\nPARIS, July 6 (AFP) - The minister resigned.",
    ));
    assert_eq!(article.headline, None);
    assert!(article.text.starts_with("Minister resigns\n\n"));
}

#[test]
fn the_given_time_wins_over_the_dateline() {
    let body = "KIGALI, Jun 15 2022 (IPS) - The minister resigned.";
    let mut given = raw("", body);
    given.published_at = Some("2022-06-16T08:00:00+02:00".into());
    assert_eq!(
        accepted(given).published_at.as_deref(),
        Some("2022-06-16T06:00:00Z")
    );
    assert_eq!(
        accepted(raw("", body)).published_at.as_deref(),
        Some("2022-06-15")
    );
    assert_eq!(
        accepted(raw("", "KIGALI, Jun 15 (IPS) - The minister resigned.")).published_at,
        None
    );
}

#[test]
fn times_carry_flags() {
    for (written, published, flag) in [
        (
            "2013-07-31 12:00:00",
            Some("2013-07-31"),
            Some(Flag::TimeZoneMissing),
        ),
        ("2013-02-31", None, Some(Flag::TimeUnreadable)),
        ("2013-07-31", Some("2013-07-31"), None),
        (" ", None, None),
    ] {
        let mut given = raw("A headline", "");
        given.published_at = Some(written.into());
        let article = accepted(given);
        assert_eq!(article.published_at.as_deref(), published, "{written}");
        let timed: Vec<_> = article
            .flags
            .into_iter()
            .filter(|f| *f != Flag::LanguageUndetermined)
            .collect();
        assert_eq!(timed, Vec::from_iter(flag), "{written}");
    }
}

#[test]
fn ids_are_given_or_hashed() {
    let mut given = raw("A", "B");
    given.id = Some(" tag:1 ".into());
    assert_eq!(accepted(given).id, " tag:1 ");
    // printf 'A\nB' | sha256sum
    assert_eq!(
        accepted(raw("A", "B")).id,
        "urn:sha256:23519a43c66b4c342f25b32e09797ec5f3fc0be388cd8243fb3449afbdce4013"
    );
    assert_eq!(
        accepted(raw("Cafe\u{301}", "B")).id,
        accepted(raw("Café", "B")).id
    );
    assert_ne!(accepted(raw("A", "B")).id, accepted(raw("A", "B ")).id);
}

#[test]
fn an_url_is_enough_and_nothing_is_not() {
    let mut given = RawArticle::new(InputForm::Json);
    given.url = Some("https://example.com/a?utm_source=x".into());
    let article = accepted(given);
    assert_eq!(article.canonical_url.as_deref(), Some("https://example.com/a"));
    assert_eq!(article.flags, [Flag::UrlOnly, Flag::LanguageUndetermined]);
    for (headline, body) in [
        ("", ""),
        (" ", "\n"),
        ("<p></p>", "&nbsp;"),
        ("\u{200B}", "\u{0}"),
    ] {
        assert_eq!(
            accept(raw(headline, body), &Limits::default()).unwrap_err().code,
            RejectionCode::NoContent
        );
    }
}

#[test]
fn html_becomes_text() {
    let article = accepted(raw(
        "A &amp;amp; B",
        "<p>PARIS, July 6 (AFP) &amp;#8212; One.</p><script>x</script><p>Two.</p>",
    ));
    assert_eq!(article.headline.as_deref(), Some("A & B"));
    assert_eq!(article.text, "PARIS, July 6 (AFP) — One.\n\nTwo.");
    assert_eq!(article.dateline.unwrap().places[0].name, "Paris");
}

#[test]
fn bylines_come_from_fields_else_from_a_clear_line() {
    let mut given = raw("A", "By Max Mustermann\n\nThe minister resigned.");
    assert_eq!(accepted(given.clone()).bylines, ["Max Mustermann"]);
    given.bylines = vec!["By John Smith and Jane Doe, Reuters".into()];
    let article = accepted(given);
    assert_eq!(article.bylines, ["John Smith", "Jane Doe"]);
    assert_eq!(article.agency.as_deref(), Some("Reuters"));
    assert!(article.text.starts_with("By Max Mustermann"));
    let below = raw(
        "",
        "Minister resigns\nBy Jane Doe\n\nPARIS, July 6 (AFP) - The minister resigned.",
    );
    assert_eq!(accepted(below).bylines, ["Jane Doe"]);
}

#[test]
fn given_authors_are_kept_and_houses_are_none() {
    let mut given = raw("A headline", "");
    given.publisher = Some("Sportbladet".into());
    given.bylines = ["Cher", "A B", "Sportbladet", "News desk"]
        .map(str::to_owned)
        .into();
    assert_eq!(accepted(given).bylines, ["Cher", "A B"]);
}

#[test]
fn the_place_of_writing_is_carried() {
    let mut given = raw("A headline", "");
    given.located = Some("Paris".into());
    given.given.places = vec!["Lyon".into()];
    assert_eq!(accepted(given.clone()).given.places, ["Lyon", "Paris"]);
    given.given.places = vec!["Paris".into()];
    assert_eq!(accepted(given).given.places, ["Paris"]);
}

#[test]
fn limits_cut_and_say_so() {
    let limits = Limits {
        text_bytes_max: 20,
        headline_bytes_max: 5,
        given_items_max: 1,
        ..Limits::default()
    };
    let article = accept(raw("Überlänge", "One two three.\n\nFour five six."), &limits).unwrap();
    assert_eq!(article.headline.as_deref(), Some("Über"));
    assert_eq!(article.text, "One two three.");
    assert!(article.flags.contains(&Flag::Truncated));
    let mut given = raw("Short", "");
    given.given.subjects = vec!["a".into(), "b".into()];
    let article = accept(given, &limits).unwrap();
    assert_eq!(article.given.subjects, ["a"]);
    assert!(article.flags.contains(&Flag::Truncated));
    let limits = Limits {
        given_field_bytes_max: 4,
        ..Limits::default()
    };
    let mut given = raw("Short", "");
    given.publisher = Some("Herald".into());
    let article = accept(given, &limits).unwrap();
    assert_eq!(article.publisher.as_deref(), Some("Hera"));
    assert!(article.flags.contains(&Flag::Truncated));
}

#[test]
fn no_given_field_is_longer_than_the_limit() {
    let limits = Limits {
        given_field_bytes_max: 12,
        ..Limits::default()
    };
    let long = || Some("0123456789 abc".to_owned());
    let list = || vec!["0123456789 abc".to_owned()];
    let mut given = raw("Short", "");
    given.url = Some("https://example.com/a".into());
    (given.version, given.agency, given.publisher, given.located) = (long(), long(), long(), long());
    given.bylines = list();
    given.given.subjects = list();
    given.given.people = list();
    given.given.organisations = list();
    given.given.pub_status = long();
    given.given.embargoed_until = long();
    given.given.usage_terms = long();
    given.given.slugline = long();
    let article = accept(given, &limits).unwrap();
    let carried = article.given;
    let fields = [
        article.url,
        article.canonical_url,
        article.version,
        article.agency,
        article.publisher,
        carried.pub_status,
        carried.embargoed_until,
        carried.usage_terms,
        carried.slugline,
    ];
    let lists = [
        carried.subjects,
        carried.people,
        carried.places,
        carried.organisations,
    ];
    for field in fields.into_iter().map(Option::unwrap).chain(lists.concat()) {
        assert!(field.len() <= 12, "{field}");
    }
    assert_eq!(article.bylines, [""; 0]);
    assert!(article.flags.contains(&Flag::Truncated));

    let mut given = raw("Short", "");
    given.id = Some("0123456789ab".into());
    assert_eq!(accept(given.clone(), &limits).unwrap().id, "0123456789ab");
    given.id = Some("0123456789abc".into());
    let rejection = accept(given, &limits).unwrap_err();
    assert_eq!(rejection.code, RejectionCode::TooLarge);
    assert!(rejection.message.contains("an id of 13 bytes"), "{rejection}");
}

proptest! {
    #[test]
    fn never_panics_and_the_dateline_fits(
        headline in "\\PC{0,20}",
        body in "(PARIS, July 6|\\(AP\\)|<p>|&amp;|[ \n\r\t,/-]|\\PC){0,40}",
        byline in "\\PC{0,30}",
        most in 1_usize..200,
    ) {
        let mut given = raw(&headline, &body);
        given.bylines = vec![byline];
        let limits = Limits { text_bytes_max: most, headline_bytes_max: most, ..Limits::default() };
        if let Ok(article) = accept(given, &limits) {
            prop_assert!(article.text.len() <= most);
            prop_assert!(article.dateline.is_none_or(|found| found.span.of(&article.text).is_some()));
        }
    }
}
