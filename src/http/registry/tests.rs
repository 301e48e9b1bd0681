//! What is asked of a registry and what is made of its answers, with answers as Confluent's and Apicurio's give
//! them. The real Apicurio is asked by `scripts/readers-test.sh`.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;

use super::*;

const NO_SUBJECT: &str = r#"{"error_code":40401,"message":"Subject 'out-value' not found."}"#;
const NO_SCHEMA: &str = r#"{"error_code":40403,"message":"The given schema does not match any schema"}"#;
const PATIENCE: Duration = Duration::from_secs(60);

/// A request as it came.
#[derive(Debug, Clone)]
struct Asked {
    line: String,
    authorization: Option<String>,
    body: String,
}

/// Answers with `answers` in their order, a connection each.
fn registry(answers: Vec<(u16, &str)>) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/apis/ccompat/v7", listener.local_addr().unwrap());
    let all = Arc::new(Mutex::new(Vec::new()));
    let answers: Vec<(u16, String)> = answers.into_iter().map(|(s, b)| (s, b.to_owned())).collect();
    std::thread::spawn({
        let all = Arc::clone(&all);
        move || {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut head = Vec::new();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if line.trim().is_empty() {
                        break;
                    }
                    head.push(line.trim().to_owned());
                }
                let header = |name: &str| {
                    head.iter().find_map(|line| {
                        let (key, value) = line.split_once(": ")?;
                        key.eq_ignore_ascii_case(name).then(|| value.to_owned())
                    })
                };
                let length = header("content-length").map_or(0, |n| n.parse().unwrap());
                let mut asked = vec![0; length];
                reader.read_exact(&mut asked).unwrap();
                all.lock().unwrap().push(Asked {
                    line: head[0].trim_end_matches(" HTTP/1.1").to_owned(),
                    authorization: header("authorization"),
                    body: String::from_utf8(asked).unwrap(),
                });
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    (url, all)
}

async fn ask(
    answers: Vec<(u16, &str)>,
    kind: SchemaKind,
    auto_register: bool,
) -> (Result<u32, RegistryError>, Vec<Asked>) {
    let (url, asked) = registry(answers);
    let registry = Registry::new(&url, RegistryAuth::None, None, PATIENCE).unwrap();
    let schema = json!({"type": "string", "doc": "A name."});
    let id = registry
        .schema_id("out-value", &schema, kind, auto_register)
        .await;
    let asked = asked.lock().unwrap().clone();
    (id, asked)
}

fn lines(asked: &[Asked]) -> Vec<&str> {
    asked.iter().map(|asked| asked.line.as_str()).collect()
}

const LOOKUP: &str = "POST /apis/ccompat/v7/subjects/out-value";
const CHECK: &str = "POST /apis/ccompat/v7/compatibility/subjects/out-value/versions/latest?verbose=true";
const REGISTER: &str = "POST /apis/ccompat/v7/subjects/out-value/versions";
const LATEST: &str = "GET /apis/ccompat/v7/subjects/out-value/versions/latest";

#[tokio::test]
async fn a_schema_that_is_known_is_only_looked_up() {
    for auto_register in [true, false] {
        let known = r#"{"subject":"out-value","version":3,"id":77,"schema":"\"string\""}"#;
        let (id, asked) = ask(vec![(200, known)], SchemaKind::Avro, auto_register).await;
        assert_eq!((id.unwrap(), lines(&asked)), (77, vec![LOOKUP]));
        let body: Json = serde_json::from_str(&asked[0].body).unwrap();
        assert_eq!(body, json!({"schema": r#"{"type":"string","doc":"A name."}"#}));
    }
}

#[tokio::test]
async fn a_new_schema_is_checked_and_registered() {
    for (unknown, judged) in [
        (
            NO_SUBJECT,
            (404, r#"{"error_code":40401,"message":"Subject not found."}"#),
        ),
        (NO_SCHEMA, (200, r#"{"is_compatible":true,"messages":[]}"#)),
    ] {
        let answers = vec![(404, unknown), judged, (200, r#"{"id":5}"#)];
        let (id, asked) = ask(answers, SchemaKind::Json, true).await;
        assert_eq!((id.unwrap(), lines(&asked)), (5, vec![LOOKUP, CHECK, REGISTER]));
        let body: Json = serde_json::from_str(&asked[2].body).unwrap();
        assert_eq!(body["schemaType"], "JSON");
    }
}

#[tokio::test]
async fn what_readers_could_not_live_with_is_refused_and_not_registered() {
    let judged = r#"{"is_compatible":false,"messages":["READER_FIELD_MISSING_DEFAULT_VALUE: b\n"]}"#;
    let (id, asked) = ask(vec![(404, NO_SCHEMA), (200, judged)], SchemaKind::Avro, true).await;
    let error = id.unwrap_err();
    assert!(matches!(error, RegistryError::Refused(_)));
    let told = error.to_string();
    assert!(
        told.ends_with("subject `out-value`: READER_FIELD_MISSING_DEFAULT_VALUE: b "),
        "{told}"
    );
    assert_eq!(lines(&asked), [LOOKUP, CHECK]);
}

#[tokio::test]
async fn without_auto_register_the_latest_may_differ_in_documentation_alone() {
    let latest = |schema: &str, kind: &str| {
        json!({"id": 9, "version": 2, "schema": schema, "schemaType": kind}).to_string()
    };
    for (schema, kind, is_ours) in [
        (r#"{"doc": "Another name.", "type": "string"}"#, "AVRO", true),
        (r#"{"type": "long", "doc": "A name."}"#, "AVRO", false),
        (r#"{"type": "string"}"#, "JSON", false),
        ("syntax = \"proto3\";", "PROTOBUF", false),
    ] {
        let answer = latest(schema, kind);
        let (id, asked) = ask(vec![(404, NO_SCHEMA), (200, &answer)], SchemaKind::Avro, false).await;
        assert_eq!(id.ok(), is_ours.then_some(9), "{schema}");
        assert_eq!(lines(&asked), [LOOKUP, LATEST]);
    }
    // Confluent's leaves out the type of Avro.
    let answer = r#"{"id": 9, "version": 2, "schema": "{\"type\": \"string\"}"}"#;
    let (id, _) = ask(vec![(404, NO_SCHEMA), (200, answer)], SchemaKind::Avro, false).await;
    assert_eq!(id.unwrap(), 9);
    let (id, _) = ask(
        vec![(404, NO_SUBJECT), (404, NO_SUBJECT)],
        SchemaKind::Avro,
        false,
    )
    .await;
    assert!(id.unwrap_err().to_string().contains("auto_register is off"));
}

#[test]
fn a_field_that_is_called_like_documentation_counts() {
    let with =
        |title: &str| json!({"title": "T", "properties": {"title": {"type": title, "description": "x"}}});
    let bare = |schema: &Json| bare(schema, SchemaKind::Json);
    assert_eq!(
        bare(&with("string")),
        json!({"properties": {"title": {"type": "string"}}})
    );
    assert_ne!(bare(&with("string")), bare(&with("integer")));
}

#[tokio::test]
async fn trouble_is_waited_for_and_a_refusal_is_not() {
    let (id, asked) = ask(
        vec![(503, ""), (429, "{}"), (200, r#"{"id":1}"#)],
        SchemaKind::Avro,
        true,
    )
    .await;
    assert_eq!((id.unwrap(), asked.len()), (1, 3));
    for (status, body, expected) in [
        (401, "", "status 401"),
        (
            403,
            r#"{"error_code":40301,"message":"User is denied"}"#,
            "status 403: User is denied",
        ),
        (
            422,
            r#"{"error_code":42201,"message":"Invalid schema"}"#,
            "status 422: Invalid schema",
        ),
        // Another server than a registry, or another path.
        (404, "<html>", "status 404"),
        (302, "", "status 302"),
        (200, "<html>", "not that of a schema registry"),
        (200, r#"{"id":-1}"#, "not that of a schema registry"),
    ] {
        let (id, asked) = ask(vec![(status, body)], SchemaKind::Avro, true).await;
        let error = id.unwrap_err();
        assert!(matches!(error, RegistryError::Refused(_)), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(asked.len(), 1);
    }
}

#[tokio::test]
async fn patience_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = format!("http://{gone}");
    for url in [silent, gone] {
        let patience = Duration::from_millis(300);
        let registry = Registry::new(&url, RegistryAuth::None, None, patience).unwrap();
        let error = registry
            .schema_id("s", &json!("string"), SchemaKind::Avro, true)
            .await
            .unwrap_err();
        assert!(matches!(error, RegistryError::Unreachable(_)), "{error}");
    }
}

#[tokio::test]
async fn signs_on_and_never_tells_how() {
    for (auth, expected) in [
        (
            RegistryAuth::Basic("u".into(), "s3cret".into()),
            "Basic dTpzM2NyZXQ=",
        ),
        (RegistryAuth::Bearer("s3cret".into()), "Bearer s3cret"),
    ] {
        let (url, asked) = registry(vec![(401, r#"{"message":"no"}"#)]);
        let registry = Registry::new(&url, auth, None, PATIENCE).unwrap();
        let refused = registry
            .schema_id("a/b", &json!("string"), SchemaKind::Avro, true)
            .await;
        let told = format!("{0} {0:?}", refused.unwrap_err());
        assert!(!told.contains("s3cret"), "{told}");
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked[0].authorization.as_deref(), Some(expected));
        assert_eq!(lines(&asked), ["POST /apis/ccompat/v7/subjects/a%2Fb"]);
    }
}

#[test]
fn the_uri_of_a_schema_is_that_of_the_api() {
    for url in ["http://r.example:8081", "http://r.example:8081/"] {
        let registry = Registry::new(url, RegistryAuth::None, None, PATIENCE).unwrap();
        assert_eq!(registry.schema_uri(7), "http://r.example:8081/schemas/ids/7");
    }
}

#[test]
fn a_bad_certificate_is_told() {
    for pem in [
        b"nonsense".as_slice(),
        b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        let made = Registry::new("https://r.example", RegistryAuth::None, Some(pem), PATIENCE);
        assert!(matches!(made, Err(RegistryError::Refused(_))));
    }
}
