//! The promise that no bytes and no JSON make decoding panic, and that it is deterministic.

use proptest::prelude::*;

use super::*;
use crate::article::RejectionCode::*;

/// Arbitrary JSON whose keys are mostly those we read.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::String),
    ];
    let key = prop_oneof![
        prop::sample::select(vec![
            "id",
            "guid",
            "url",
            "title",
            "text",
            "body",
            "authors",
            "source",
            "uri",
            "headlines",
            "bodies",
            "value",
            "role",
            "contentType",
            "body_text",
            "descriptions",
            "infoSources",
            "subjects",
            "name",
            "specversion",
            "type",
            "data",
            "urgency",
            "by",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::vec((key.clone(), inner), 0..10)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), header in ".{0,20}") {
        let limits = Limits::default();
        for form in [FormChoice::Auto, FormChoice::Json, FormChoice::Ninjs, FormChoice::Wire] {
            let settings = DecodeSettings { form, ..DecodeSettings::default() };
            let first = decode(&bytes, Some(&header), &settings, &limits);
            prop_assert_eq!(first, decode(&bytes, Some(&header), &settings, &limits));
            let _ = decode(&bytes, None, &settings, &limits);
        }
        let split: usize = split_payloads(&bytes).map(|payload| payload.place.len()).sum();
        prop_assert!(split <= bytes.len());
    }

    #[test]
    fn no_json_makes_it_panic(value in any_json()) {
        let settings = DecodeSettings { passthrough_fields: vec!["data".into()], ..DecodeSettings::default() };
        let payload = value.to_string();
        let found = decode(payload.as_bytes(), Some("application/json"), &settings, &Limits::default());
        if let Err(rejection) = found {
            prop_assert!(
                matches!(rejection.code, WrongType | NoContent | SeveralArticles | UnsupportedForm),
                "{}", rejection
            );
        }
    }
}
