//! The article view where the output is IPTC's ninjs or a `CloudEvent` in structured mode: text, names and topics are
//! drawn, and the JSON is what is published. Knows nothing else of the page.

use serde_json::Value;

use crate::browser::Browser;

/// Articles that came from Kafka.
pub fn articles_are_drawn(page: &mut Browser, form: &str, event: &str) {
    page.wait(
        "articles are listed",
        "document.querySelectorAll('#list article').length === 12",
    );
    let without_text = page.evaluate(
        "[...document.querySelectorAll('#list article')].filter((article) =>
            !article.querySelector('.text').textContent && !article.querySelector('h3')).length",
    );
    assert_eq!(without_text, 0);
    is_drawn(
        page,
        "[...document.querySelectorAll('#list article')].find((a) => a.querySelector('.topics'))",
        form,
        event,
    );
}

/// An article from the paste box.
pub fn a_pasted_article_is_drawn(page: &mut Browser, form: &str, event: &str) {
    page.evaluate("document.getElementById('sample').click()");
    page.wait(
        "the sample's record is there",
        "document.querySelector('#result article .text')?.textContent.startsWith('PARIS, July 6')",
    );
    let said = page.evaluate("document.getElementById('answer').textContent");
    assert!(!said.as_str().unwrap().contains(" 0 "), "{said}");
    is_drawn(page, "document.querySelector('#result article')", form, event);
    let place = page.evaluate("document.querySelector('#result .byline').textContent");
    assert!(place.as_str().unwrap().contains("Paris"), "{place}");
    let names = page.evaluate("document.querySelector('#result .names').textContent");
    let names = names.as_str().unwrap();
    assert!(names.contains("European Unionorganisation"), "{names}");
}

/// Opens every part of the article that `found` finds, and compares them with its JSON.
fn is_drawn(page: &mut Browser, found: &str, form: &str, event: &str) {
    page.evaluate(&format!(
        "window.drawn = {found}; drawn.querySelectorAll('.bar button').forEach((button) => button.click())"
    ));
    page.wait(
        "reasons are given",
        "drawn.querySelectorAll('.why li').length > 0",
    );
    let published = page.evaluate("JSON.parse(drawn.querySelector('pre').textContent)");
    assert_eq!(
        published["specversion"].is_string(),
        event == "structured",
        "{published}"
    );
    let record = if event == "structured" {
        &published["data"]
    } else {
        &published
    };
    assert_eq!(
        record["standard"]["name"] == "ninjs",
        form == "ninjs-3.1",
        "{record}"
    );
    let of = |list: &str| record[list].as_array().cloned().unwrap_or_default();
    let (names, topics): (Vec<Value>, Vec<Value>) = if form == "ninjs-3.1" {
        let lists = [
            "people",
            "organisations",
            "places",
            "events",
            "objects",
            "subjects",
        ];
        let all: Vec<Value> = lists.iter().flat_map(|list| of(list)).collect();
        let only = |rel: &str| all.iter().filter(|one| one["rel"] == rel).cloned().collect();
        (only("mentions"), only("about"))
    } else {
        (of("entities"), of("topics"))
    };
    let drawn = page.evaluate(
        "[[...drawn.querySelectorAll('.names b')].map((name) => name.textContent),
            [...drawn.querySelectorAll('.topics li')].map((topic) => topic.firstChild.textContent)]",
    );
    let named = |list: &[Value]| list.iter().map(|one| one["name"].clone()).collect::<Value>();
    assert_eq!(drawn[0], named(&names), "{record}");
    assert_eq!(drawn[1], named(topics.get(..6).unwrap_or(&topics)), "{record}");
    let sure = page
        .evaluate("[...drawn.querySelectorAll('.topics span')].every((s) => /^\\d+%$/.test(s.textContent))");
    assert_eq!(sure, true);
    let marks = page
        .evaluate("drawn.querySelectorAll('mark').length")
        .as_u64()
        .unwrap();
    assert_eq!(
        marks > 0,
        form == "record-v1",
        "ninjs holds no places in the text"
    );
}
