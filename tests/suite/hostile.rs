//! Whatever a stranger writes, through the whole core in every form: no panic, the same outcome each time, and
//! offsets that fit the published strings.

use dateline::config::Config;
use dateline::record::Outcome;
use dateline::worker::process::Processor;
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

use super::articles::NOW_MS;
use super::articles::published;
use super::articles::record;
use super::targets::FORMS;
use super::targets::misfit;

static PROCESSORS: LazyLock<Vec<Processor>> = LazyLock::new(|| {
    let processor = |form| {
        let mut config = Config::default();
        config.input.form = form;
        Processor::new(&config).unwrap()
    };
    FORMS.into_iter().map(processor).collect()
});

/// Text in which every reader finds something to trip over.
const TEXT: &str = "(PARIS|LONDON/NEW YORK|Rio de Janeiro|, July 6|, Feb\\. 30| \\(AP\\)| /TASS/\\.|By Jane Doe\n| -- | - |— |: \
    |date 2023-07-06 |Mr\\. |al-Assad |the ferry |St\\. |U\\.S\\. |\\(UN\\) |<p>|</p>|<b |<script>|&amp;amp;|&#x1F600;|&#0;\
    |[ \n\r\t\u{A0}\u{200B}\u{FEFF}\u{2028}]|e\u{301}|\u{202E}|😀|👩‍👩‍👧|İ|ß|ﬁ|[a-z]{1,9} |[A-Z][a-z]{1,8} |\\PC){0,60}";

fn check(value: &[u8], content_type: Option<&str>) -> Result<(), TestCaseError> {
    let mut given = record(7, "", content_type);
    given.value = Some(value.to_vec());
    for processor in PROCESSORS.iter() {
        let outcome = processor.process(&given, NOW_MS, &mut ());
        prop_assert_eq!(&outcome, &processor.process(&given, NOW_MS, &mut ()));
        match &outcome {
            Outcome::Rejected(rejection) => prop_assert_ne!(rejection.code.code(), "panicked"),
            _ => prop_assert_eq!(misfit(&published(&outcome).unwrap()), None),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes(
        value in prop::collection::vec(any::<u8>(), 0..200),
        content_type in prop::option::of("(application/json|text/plain|text/html|application/ninjs|\\PC{0,12})"),
    ) {
        check(&value, content_type.as_deref())?;
    }

    #[test]
    fn any_wire_text(text in TEXT) {
        check(text.as_bytes(), None)?;
        check(text.as_bytes(), Some("text/html"))?;
    }

    #[test]
    fn any_article_as_json_and_ninjs(headline in TEXT, body in TEXT, other in "\\PC{0,20}") {
        let envelope = json!({
            "id": other, "url": other, "headline": headline, "body": body, "summary": body, "author": [headline, other],
            "published_at": other, "language": other, "publisher": {"name": other}, "places": [other],
        });
        check(envelope.to_string().as_bytes(), None)?;
        let ninjs = json!({
            "uri": other, "headlines": [{"role": "main", "value": headline}], "versioncreated": other, "located": other,
            "bodies": [{"role": "text", "contenttype": "text/html", "value": body}, {"value": headline}], "by": other,
        });
        check(ninjs.to_string().as_bytes(), None)?;
    }

    #[test]
    fn any_broken_json(text in TEXT, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut value = json!({"headline": text, "body": [text, {"a": null}], "id": 7}).to_string().into_bytes();
        let at = at.index(value.len());
        value[at] = byte;
        check(&value, None)?;
        check(&value[..at], None)?;
    }
}
