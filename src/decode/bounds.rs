//! Every limit of decoding, reached from both sides.

use super::*;
use crate::article::Flag;
use crate::article::RejectionCode::*;

#[test]
fn bounds_hold() {
    let limits = Limits {
        payload_bytes_max: 40,
        given_items_max: 2,
        depth_max: 1000,
        ..Limits::default()
    };
    let settings = DecodeSettings::default();
    assert!(decode(&[b'x'; 40], None, &settings, &limits).is_ok());
    assert_eq!(
        decode(&[b'x'; 41], None, &settings, &limits).unwrap_err().code,
        TooLarge
    );
    let article = decode(br#"{"authors":["a","b","c"]}"#, None, &settings, &limits).unwrap();
    assert_eq!(article.bylines, ["a", "b"]);
    assert_eq!(article.flags, [Flag::Truncated]);
    let limits = Limits {
        depth_max: 1000,
        ..Limits::default()
    };
    for (depth, code) in [(127, WrongType), (128, TooDeep), (500, TooDeep)] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth)).replace("[]", "[1]");
        assert_eq!(
            decode(deep.as_bytes(), None, &settings, &limits)
                .unwrap_err()
                .code,
            code,
            "{depth}"
        );
    }
    assert!(
        decode(
            format!("{{\"text\":\"{}\"}}", "[".repeat(1000)).as_bytes(),
            None,
            &settings,
            &limits
        )
        .is_ok(),
        "brackets in strings are no depth"
    );
}

#[test]
fn values_are_counted_before_they_are_parsed() {
    let limits = Limits {
        values_max: 6,
        ..Limits::default()
    };
    let settings = DecodeSettings::default();
    for (payload, expected) in [
        (r#"{"text":"a","authors":["b","c"],"id":1}"#, None),
        (r#"{"text":"a","authors":["b","c","d"],"id":1}"#, Some(TooLarge)),
        (r#"{"text":"a, b, c, [d], {e}, f, g, h"}"#, None),
        ("[1,2,3,4,5,6,7,8", Some(TooLarge)),
        ("[{},{},{},{},{},{},{}]", Some(TooLarge)),
    ] {
        let found = decode(payload.as_bytes(), Some("application/json"), &settings, &limits);
        assert_eq!(found.err().map(|rejection| rejection.code), expected, "{payload}");
    }
}

/// The payloads that would take most memory per byte once parsed.
#[test]
fn hostile_json_is_rejected_before_it_is_parsed() {
    let limits = Limits::default();
    let times = limits.payload_bytes_max / 4;
    let table = [
        (format!("[{}", "1,".repeat(times)), TooLarge),
        (format!("[{}", "{},".repeat(times)), TooLarge),
        (format!("{{\"a\":[{}", "[],".repeat(times)), TooLarge),
        (
            format!("{{{}", "\"\":0,".repeat(limits.payload_bytes_max / 6)),
            TooLarge,
        ),
        ("[".repeat(limits.payload_bytes_max), TooDeep),
        ("{\"a\":".repeat(limits.payload_bytes_max / 6), TooDeep),
    ];
    for (payload, code) in table {
        let payload = payload
            .as_bytes()
            .get(..limits.payload_bytes_max)
            .unwrap_or(payload.as_bytes());
        let found = decode(
            payload,
            Some("application/json"),
            &DecodeSettings::default(),
            &limits,
        );
        assert_eq!(found.unwrap_err().code, code);
    }
}
