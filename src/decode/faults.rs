//! Every payload that is none or not one article, and the code that says so.

use super::tests::auto;
use super::*;
use crate::article::RejectionCode::*;

#[test]
fn every_fault_has_its_code() {
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    assert_rejected(&[
        ("", Empty, "no bytes"),
        (" \r\n\t ", Empty, "white space"),
        ("{\"id\": }", InvalidJson, "line 1 column 8"),
        ("{\"id\": \"secret", InvalidJson, "line 1 column 14"),
        ("{} {}", InvalidJson, "trailing characters"),
        ("[]", NoContent, "empty array"),
        ("[{},{}]", SeveralArticles, "array of 2"),
        ("{\"id\":1}\n{\"id\":2}\n", SeveralArticles, "2 lines"),
        (
            "{\"title\":\"Feed\",\"items\":[{\"id\":1}]}",
            SeveralArticles,
            "a feed of 1",
        ),
        ("[[{}]]", WrongType, "expected an object, found an array"),
        ("42", WrongType, "found a number"),
        ("null", WrongType, "found null"),
        (&deep, TooDeep, "nested deeper than 64 at byte 64"),
        (
            "{\"specversion\":\"1.0\",\"type\":\"t\",\"source\":\"/s\"}",
            NoContent,
            "without data",
        ),
        (
            "{\"specversion\":\"1.0\",\"type\":\"t\",\"source\":\"/s\",\"data\":[{},{}]}",
            SeveralArticles,
            "data",
        ),
    ]);
    let not_utf8 = decode(
        b"It isn\xD5t true",
        None,
        &DecodeSettings::default(),
        &Limits::default(),
    );
    assert_eq!(not_utf8.unwrap_err().code, NotUtf8);
}

#[test]
fn markup_wire_and_mail_that_is_no_one_article() {
    assert_rejected(&[
        ("<rss version=\"2.0\"/>", UnsupportedForm, "a feed"),
        ("<?xml version=\"1.0\"?><invoice/>", UnsupportedForm, "<invoice>"),
        ("<?xml version=\"1.0\"?><nitf><head>", InvalidXml, "ends before"),
        ("<feed><entry/><entry/></feed>", SeveralArticles, "2 items"),
        (
            "<NewsML><NewsItem/><NewsItem/></NewsML>",
            SeveralArticles,
            "2 news items",
        ),
        ("\u{1}abc0001 3 i 1 x\r\n\u{2}Text", InvalidWire, "ETX"),
        (
            "<newsMessage><newsItem/><newsItem/></newsMessage>",
            SeveralArticles,
            "2 news items",
        ),
        (
            "<ListOfRBNews><RBNews/><RBNews/></ListOfRBNews>",
            SeveralArticles,
            "2 news items",
        ),
        (
            "<rss version=\"2.0\"><channel><title>T</title></channel></rss>",
            NoContent,
            "without items",
        ),
        ("<packageItem/>", UnsupportedForm, "without a newsItem"),
        ("<conceptItem/>", UnsupportedForm, "without a newsItem"),
        ("<planningItem/>", UnsupportedForm, "without a newsItem"),
        (
            "<newsMessage><packageItem/></newsMessage>",
            UnsupportedForm,
            "without a newsItem",
        ),
        ("<NewsML/>", UnsupportedForm, "without a NewsItem"),
        ("<ListOfRBNews/>", UnsupportedForm, "without RBNews"),
        ("\u{1}abc0001 3 i 1 x\r\nText\u{3}", InvalidWire, "STX"),
        ("\u{16}\u{1}a0001\u{1f}r-i\r\n\u{2}Text", InvalidWire, "ETX"),
        (
            "\u{1}abc0001 3 i 1 x\u{2}A\u{3}\u{1}abc0002 3 i 1 x\u{2}B\u{3}",
            SeveralArticles,
            "2 stories",
        ),
        (
            "From: a@x\nTo: b@x\nSubject: d\nContent-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: c@x\n\nA\n\
             --b\n\nFrom: d@x\n\nB\n--b--\n",
            SeveralArticles,
            "2 messages",
        ),
        ("<html><p>x</p></html>", NoContent, "without an article"),
        ("<head><title>x</title></head>", NoContent, "without an article"),
    ]);
}

#[test]
fn wrong_types_name_the_field_and_show_no_text() {
    assert_rejected(&[
        (
            "{\"headline\": 7}",
            WrongType,
            "\"headline\": expected a string, found a number",
        ),
        (
            "{\"title\": [\"secret\"]}",
            WrongType,
            "\"title\": expected a string, found an array",
        ),
        (
            "{\"id\": 1.5}",
            WrongType,
            "\"id\": expected a string or a whole number, found a number",
        ),
        (
            "{\"publishedAt\": 1688601600}",
            WrongType,
            "\"published_at\": expected a string, found a number",
        ),
        (
            "{\"authors\": [true]}",
            WrongType,
            "\"authors\": expected a string, an object",
        ),
        (
            "{\"uri\":\"u\",\"headlines\":\"secret\"}",
            WrongType,
            "\"headlines\": expected a list",
        ),
        (
            "{\"uri\":\"u\",\"bodies\":[{\"value\":1}]}",
            WrongType,
            "\"bodies[].value\": expected a string",
        ),
    ]);
}

fn assert_rejected(table: &[(&str, RejectionCode, &str)]) {
    for (payload, code, message) in table {
        let rejection = auto(payload).unwrap_err();
        assert_eq!(rejection.code, *code, "{payload}");
        assert!(
            rejection.message.contains(message),
            "{} / {message}",
            rejection.message
        );
        assert!(!rejection.message.contains("secret"), "{}", rejection.message);
    }
}
