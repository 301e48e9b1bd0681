//! Tables over whole payloads and the ninjs examples of IPTC.

use std::fmt::Write;
use std::path::Path;

use super::*;
use crate::article::Flag;

pub(super) fn auto(value: &str) -> Result<RawArticle, Rejection> {
    decode(
        value.as_bytes(),
        None,
        &DecodeSettings::default(),
        &Limits::default(),
    )
}

fn text(markup: &Option<Markup>) -> Option<&str> {
    markup.as_ref().map(Markup::as_str)
}

#[test]
fn usual_names_are_read() {
    // The payload, then id, headline, body, published_at, publisher and bylines.
    type Row = (&'static str, [Option<&'static str>; 5], &'static [&'static str]);
    let table: [Row; 8] = [
        (
            r#"{"id":"a1","headline":"H","body":"B","published_at":"2023-07-06","publisher":"P","authors":["X","Y"]}"#,
            [Some("a1"), Some("H"), Some("B"), Some("2023-07-06"), Some("P")],
            &["X", "Y"],
        ),
        (
            r#"{"guid":17,"title":"H","text":"B","pubDate":"Thu, 06 Jul 2023","source":"P","author":"X"}"#,
            [
                Some("17"),
                Some("H"),
                Some("B"),
                Some("Thu, 06 Jul 2023"),
                Some("P"),
            ],
            &["X"],
        ),
        (
            r#"{"ID":"a","Title":"H","content":"B","publishedAt":"d","source":{"id":null,"name":"P"},"byline":"By X"}"#,
            [Some("a"), Some("H"), Some("B"), Some("d"), Some("P")],
            &["By X"],
        ),
        (
            r#"{"headline":"H","articleBody":"B","datePublished":"d","publisher":{"name":"P"},"author":[{"name":"X"}]}"#,
            [None, Some("H"), Some("B"), Some("d"), Some("P")],
            &["X"],
        ),
        (
            r#"{"id":" ","guid":"g","headline":"","title":"T","body":null,"text":"B","unknown":[1]}"#,
            [Some("g"), Some("T"), Some("B"), None, None],
            &[],
        ),
        (
            r#"[{"id":"only","text":"B"}]"#,
            [Some("only"), None, Some("B"), None, None],
            &[],
        ),
        (
            r#"{"specversion":"1.0","type":"t","source":"/s","id":"event","data":{"id":"a","text":"B"}}"#,
            [Some("a"), None, Some("B"), None, None],
            &[],
        ),
        (
            r#"{"id":"","authors":[null,"",{"name":""},{"x":1}]}"#,
            [None; 5],
            &[],
        ),
    ];
    for (payload, expected, bylines) in table {
        let article = auto(payload).unwrap();
        let found = [
            article.id.as_deref(),
            text(&article.headline),
            text(&article.body),
            article.published_at.as_deref(),
            article.publisher.as_deref(),
        ];
        assert_eq!(found, expected, "{payload}");
        assert_eq!(article.bylines, bylines, "{payload}");
        assert_eq!(article.form, InputForm::Json, "{payload}");
    }
}

#[test]
fn forced_form_then_header_then_bytes() {
    let ninjs = r#"{"uri":"u","headlines":[{"value":"H"}],"id":"i"}"#;
    let table = [
        (FormChoice::Auto, None, ninjs, InputForm::Ninjs),
        (
            FormChoice::Auto,
            Some("application/json"),
            ninjs,
            InputForm::Ninjs,
        ),
        (
            FormChoice::Auto,
            None,
            "{\"uri\":\"u\",\"body_html\":\"B\"}",
            InputForm::Json,
        ),
        (FormChoice::Json, None, ninjs, InputForm::Json),
        (FormChoice::Json, Some("application/pdf"), ninjs, InputForm::Json),
        (FormChoice::Wire, Some("application/json"), ninjs, InputForm::Wire),
        (FormChoice::Auto, Some("text/plain"), ninjs, InputForm::Wire),
        (
            FormChoice::Auto,
            Some("application/vnd.iptc.ninjs+json"),
            "{\"uri\":\"u\"}",
            InputForm::Ninjs,
        ),
        (
            FormChoice::Auto,
            None,
            "{\"uri\":\"u\",\"text\":\"B\"}",
            InputForm::Json,
        ),
        (
            FormChoice::Auto,
            None,
            " date 2023-07-06 (Agency) -- Rain.",
            InputForm::Wire,
        ),
        (
            FormChoice::Auto,
            Some("text/html"),
            "<p>Rain.</p>",
            InputForm::Wire,
        ),
        (
            FormChoice::Auto,
            Some("application/octet-stream"),
            "{\"text\":\"B\"}",
            InputForm::Json,
        ),
    ];
    for (form, header, payload, expected) in table {
        let settings = DecodeSettings {
            form,
            ..DecodeSettings::default()
        };
        let article = decode(payload.as_bytes(), header, &settings, &Limits::default()).unwrap();
        assert_eq!(article.form, expected, "{form:?} {header:?} {payload}");
    }
}

#[test]
fn wire_text_is_all_body_and_markup_is_declared_where_known() {
    let head = " date 2023-07-06 (Agency) -- Rain fell.\n\nMore rain.";
    assert_eq!(auto(head).unwrap().body, Some(Markup::Unknown(head.into())));
    let html = decode(
        b"<p>Rain</p>",
        Some("text/html"),
        &DecodeSettings::default(),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(html.body, Some(Markup::Html("<p>Rain</p>".into())));
    assert_eq!(
        auto(r#"{"contentHtml":"<p>"}"#).unwrap().body,
        Some(Markup::Html("<p>".into()))
    );
    assert_eq!(
        auto(r#"{"content_text":"<p>"}"#).unwrap().body,
        Some(Markup::Plain("<p>".into()))
    );
}

#[test]
fn repaired_text_is_flagged() {
    let value = b"{\"text\":\"a\xED\xA0\xBD\xED\xB8\x80b\"}";
    let article = decode(value, None, &DecodeSettings::default(), &Limits::default()).unwrap();
    assert_eq!(
        (text(&article.body), article.flags.as_slice()),
        (Some("a😀b"), [Flag::Utf8Repaired].as_slice())
    );
}

#[test]
fn named_fields_are_carried() {
    let settings = DecodeSettings {
        passthrough_fields: vec!["desk".into(), "none".into(), "null".into(), "n".into()],
        ..DecodeSettings::default()
    };
    let payload = br#"{"text":"B","n":12.50,"null":null,"desk":{"a":[true,null,"x"]},"other":1}"#;
    let article = decode(payload, None, &settings, &Limits::default()).unwrap();
    let list = Value::List(vec![Value::Bool(true), Value::Null, Value::Text("x".into())]);
    let expected = [
        ("desk".into(), Value::Map(vec![("a".into(), list)])),
        ("n".into(), Value::Number("12.5".into())),
    ];
    assert_eq!(article.given.passthrough, expected);
}

#[test]
fn ninjs_chooses_the_whole_article_in_a_form_it_can_read() {
    // The bodies, then what is chosen.
    let table = [
        (
            r#"[{"value":"a"},{"role":"main","value":"b"}]"#,
            Some(Markup::Unknown("b".into())),
        ),
        (
            r#"[{"role":"html5","contentType":"text/html","value":"<p>a"},{"role":"text","contentType":"text/plain","value":"b"}]"#,
            Some(Markup::Plain("b".into())),
        ),
        (r#"[{"contenttype":"text/vnd.IPTC.NITF","value":"<nitf>"}]"#, None),
        (
            r#"[{"contenttype":"text/html; charset=utf-8","value":"<p>a"}]"#,
            Some(Markup::Html("<p>a".into())),
        ),
        (
            r#"[{"role":"main","value":" "},{"role":"box","value":"b"},null]"#,
            Some(Markup::Unknown("b".into())),
        ),
        ("[]", None),
    ];
    for (bodies, expected) in table {
        let article = auto(&format!(r#"{{"uri":"u","bodies":{bodies}}}"#)).unwrap();
        assert_eq!(article.body, expected, "{bodies}");
    }
    let old = auto(r#"{"uri":"u","body_xhtml":"<p>a","body_text":"b","headline":"H","byline":"X"}"#).unwrap();
    assert_eq!(old.body, Some(Markup::Plain("b".into())));
    assert_eq!(
        (text(&old.headline), old.bylines.as_slice()),
        (Some("H"), ["X".to_owned()].as_slice())
    );
}

#[test]
fn ninjs_status_times_and_sources() {
    let article = auto(
        r#"{"uri":"urn:x:1","version":"3","firstCreated":"2023-07-06T08:00:00Z","versionCreated":"2023-07-06T09:00:00Z",
        "pubStatus":"withheld","embargoedUntil":"2023-07-07","urgency":3,"usageTerms":"no web","slugline":"rain",
        "representationType":"partial","infoSources":[{"name":"Wire","role":"agency"},{"name":"Desk","role":"provider"}],
        "copyrightHolder":"Holder","located":"Oslo","subjects":[{"name":"Weather"},{"uri":"http://cv/1"}],
        "people":[{"name":"X"}],"places":[{"name":"Oslo"}],"organisations":[{"literal":"o1"}]}"#,
    )
    .unwrap();
    assert_eq!(article.id.as_deref(), Some("urn:x:1"));
    assert_eq!(article.version.as_deref(), Some("3"));
    assert_eq!(article.published_at.as_deref(), Some("2023-07-06T08:00:00Z"));
    assert_eq!(article.updated_at.as_deref(), Some("2023-07-06T09:00:00Z"));
    assert_eq!(article.publisher.as_deref(), Some("Desk"));
    assert_eq!(article.agency.as_deref(), Some("Wire"));
    assert_eq!(article.located.as_deref(), Some("Oslo"));
    assert_eq!(article.flags, [Flag::PartialText]);
    let given = article.given;
    assert_eq!(given.subjects, ["Weather", "http://cv/1"]);
    assert_eq!(
        (given.people, given.places, given.organisations),
        (vec!["X".into()], vec!["Oslo".into()], vec!["o1".into()])
    );
    assert_eq!(given.pub_status.as_deref(), Some("withheld"));
    assert_eq!(given.embargoed_until.as_deref(), Some("2023-07-07"));
    assert_eq!(
        (
            given.urgency,
            given.usage_terms.as_deref(),
            given.slugline.as_deref()
        ),
        (Some(3), Some("no web"), Some("rain"))
    );
}

/// Every example of IPTC, one line each under a golden test.
#[test]
fn ninjs_examples_of_iptc() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ninjs");
    let mut shown = String::new();
    for version in ["1.4", "2.1", "3.0"] {
        let mut files: Vec<_> = std::fs::read_dir(root.join(version))
            .unwrap()
            .map(|f| f.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&file).unwrap();
            let decoded = decode(&bytes, None, &DecodeSettings::default(), &Limits::default());
            writeln!(shown, "{version}/{name}").unwrap();
            match decoded {
                Ok(article) => describe(&article, &mut shown),
                Err(rejection) => writeln!(shown, "  {rejection}").unwrap(),
            }
        }
    }
    insta::assert_snapshot!(shown);
}

fn describe(article: &RawArticle, shown: &mut String) {
    let start = |text: &str| text.chars().take(70).collect::<String>().replace('\n', "⏎");
    let body = article.body.as_ref().map(|body| match body {
        Markup::Plain(text) => format!("plain {}: {}", text.len(), start(text)),
        Markup::Html(text) => format!("html {}: {}", text.len(), start(text)),
        Markup::Unknown(text) => format!("unknown {}: {}", text.len(), start(text)),
    });
    let lines = [
        ("form", Some(article.form.name().to_owned())),
        ("id", article.id.clone()),
        ("version", article.version.clone()),
        ("headline", text(&article.headline).map(start)),
        ("summary", text(&article.summary).map(start)),
        ("body", body),
        ("published_at", article.published_at.clone()),
        ("updated_at", article.updated_at.clone()),
        ("language", article.language.clone()),
        ("publisher", article.publisher.clone()),
        ("agency", article.agency.clone()),
        ("located", article.located.clone()),
        (
            "bylines",
            (!article.bylines.is_empty()).then(|| article.bylines.join(" | ")),
        ),
        ("subjects", Some(article.given.subjects.len().to_string())),
        (
            "people",
            (!article.given.people.is_empty()).then(|| article.given.people.join(" | ")),
        ),
        (
            "places",
            (!article.given.places.is_empty()).then(|| article.given.places.join(" | ")),
        ),
        ("status", article.given.pub_status.clone()),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            writeln!(shown, "  {name}: {value}").unwrap();
        }
    }
}

#[test]
fn published_schema_is_generated_and_takes_what_decoding_takes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/schema/input.schema.json");
    let generated = schema::input();
    if std::env::var_os("DATELINE_UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&generated).unwrap() + "\n").unwrap();
    }
    let written: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        written, generated,
        "DATELINE_UPDATE_SCHEMAS=1 cargo test schema writes it anew"
    );
    let validator = jsonschema::validator_for(&generated).unwrap();
    for (payload, is_valid) in [
        (
            r#"{"id":1,"title":"H","text":"B","authors":["X",{"name":"Y"},null],"source":{"name":"P"}}"#,
            true,
        ),
        (r#"{"byline":"X","urgency":3,"places":null,"unknown":[1]}"#, true),
        (r#"{"title":7}"#, false),
        (r#"{"id":1.5}"#, false),
        (r#"{"authors":[7]}"#, false),
        (r#"{"date":1688601600}"#, false),
        ("[]", false),
    ] {
        let instance: Json = serde_json::from_str(payload).unwrap();
        assert_eq!(validator.is_valid(&instance), is_valid, "{payload}");
        assert_eq!(auto(payload).is_ok(), is_valid, "{payload}");
    }
}
