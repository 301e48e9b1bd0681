//! The live page in a real browser: `dateline demo` behind it, Chromium before it, and what a reader sees and clicks.
//! Started by `make page`. Pictures of it are left in `target/page`. Never asserts how fast anything is.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

mod browser;
mod forms;
mod outputs;
mod workers;

use std::path::Path;

use browser::Browser;
use serde_json::json;
use workers::TOKEN;
use workers::Worker;

fn open(worker: &Worker) -> Browser {
    let program = std::env::var("CHROMIUM").unwrap_or_else(|_| String::from("chromium"));
    let mut page = Browser::open(&program, &worker.url);
    page.screen(1280, 1000, false, "light");
    page
}

#[test]
fn live_page() {
    let mut demo = Worker::demo();
    let mut page = open(&demo);

    articles_arrive(&mut page);
    text_is_the_records_own(&mut page);
    figures_add_up(&mut page);
    pause_holds_the_list(&mut page);
    the_list_waits_for_a_reader(&mut page);
    parts_of_an_article_open(&mut page);
    keys_are_enough(&mut page);
    pictures(&mut page, "");
    a_pasted_article_is_enriched(&mut page);
    wire_text_is_enriched(&mut page);
    forms::every_form_is_taken(&mut page);
    hostile_text_stays_text(&mut page);
    assert_eq!(page.problems, Vec::<String>::new(), "errors in the page");

    what_the_worker_refuses_is_refused(&mut page);
    only_our_own_scripts_run(&mut page);
    demo.end();
    page.wait(
        "the page says that the worker is gone",
        "document.getElementById('state').textContent === 'worker not reachable'",
    );
}

/// As `dateline run` has it: no articles unless the configuration says so, and a token where it says so.
#[test]
fn locked_page() {
    let worker = Worker::run();
    let mut page = open(&worker);
    let locked = "document.getElementById('locked').checkVisibility() &&
        !document.getElementById('open').checkVisibility() && document.activeElement.id === 'token'";
    page.wait("the token is asked for", locked);
    is_accessible(&mut page, "locked");
    give(&mut page, "correct-horse-battery-stable");
    page.wait(
        "another token is refused",
        "document.getElementById('wrong-token').checkVisibility()",
    );
    is_accessible(&mut page, "wrong token");
    give(&mut page, TOKEN);
    let open = "document.querySelectorAll('#partition-rows tr').length === 3";
    page.wait("the figures are shown", open);
    page.wait(
        "the option that shows articles is named",
        "(({ hidden, textContent }) => !hidden && textContent.includes('admin.show_articles'))(
            document.getElementById('empty'))",
    );
    let shown = |id: &str| format!("document.getElementById('{id}').checkVisibility()");
    for (id, is_shown) in [
        ("legend", false),
        ("hold", false),
        ("locked", false),
        ("forget", true),
    ] {
        assert_eq!(page.evaluate(&shown(id)), is_shown, "{id}");
    }
    let changes = page.evaluate("document.getElementById('changes').textContent");
    let changes = changes.as_str().unwrap();
    assert!(
        changes.contains("token_file = ") && !changes.contains(TOKEN),
        "{changes}"
    );
    pictures(&mut page, "run-");
    a_pasted_article_is_enriched(&mut page);

    let kept = "[localStorage.length, document.cookie, sessionStorage.getItem('token')]";
    assert_eq!(page.evaluate(kept), json!([0, "", TOKEN]));
    page.evaluate("window.before = true; location.reload()");
    page.wait("the tab keeps its token", &format!("!window.before && {open}"));
    page.evaluate("document.getElementById('forget').click()");
    page.wait("a token that was forgotten is asked for", locked);
    assert_eq!(page.evaluate("sessionStorage.length"), 0);
    let other = page.problems.iter().filter(|problem| !problem.contains("401"));
    assert_eq!(other.count(), 0, "{:?}", page.problems);
}

/// Whatever form the output has, an article is drawn.
#[test]
fn every_output_is_drawn() {
    for (form, event) in [
        ("record-v1", "structured"),
        ("ninjs-3.1", "binary"),
        ("ninjs-3.1", "structured"),
    ] {
        let worker = Worker::publishing(&format!("form = \"{form}\"\nevent = \"{event}\""));
        let mut page = open(&worker);
        outputs::articles_are_drawn(&mut page, form, event);
        outputs::a_pasted_article_is_drawn(&mut page, form, event);
        is_accessible(&mut page, &format!("{form}, {event}"));
        assert_eq!(page.problems, Vec::<String>::new(), "{form}, {event}");
    }
}

/// Types a token and sends it.
fn give(page: &mut Browser, token: &str) {
    page.evaluate(&format!(
        "document.getElementById('token').value = '{token}';
         document.getElementById('unlock').requestSubmit()"
    ));
}

/// Breaks none of axe's rules; `what` is what is on the screen.
fn is_accessible(page: &mut Browser, what: &str) {
    let Ok(file) = std::env::var("AXE") else {
        panic!("AXE names axe.min.js; scripts/page-test.sh fetches it");
    };
    if page.evaluate("typeof axe") == "undefined" {
        page.evaluate(&std::fs::read_to_string(file).unwrap());
    }
    let broken = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
            violations.map((rule) => `${rule.id}: ${rule.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`))",
    );
    assert_eq!(broken, json!([]), "{what}");
}

fn articles_arrive(page: &mut Browser) {
    for (what, expression) in [
        (
            "the worker is said to run",
            "document.querySelector('#state.good')?.textContent === 'running'",
        ),
        (
            "articles are listed",
            "document.querySelectorAll('#list article').length === 12",
        ),
        (
            "names are highlighted",
            "document.querySelectorAll('#list mark').length > 5",
        ),
        (
            "there is throughput",
            "parseFloat(document.getElementById('throughput').textContent) > 0",
        ),
        (
            "there is latency",
            "/\\d (ms|s)$/.test(document.getElementById('latency').textContent)",
        ),
        (
            "published articles are counted",
            "parseInt(document.getElementById('enriched').textContent) > 12",
        ),
        (
            "dead letters are counted",
            "parseInt(document.getElementById('rejected').textContent) > 0",
        ),
        (
            "dead letters are explained",
            "document.querySelector('#codes details li small')?.textContent.includes('articles.raw / ')",
        ),
        (
            "codes are counted",
            "/^\\d+ · \\d/.test(document.querySelector('#codes .number')?.textContent)",
        ),
        (
            "the stages of batches are timed",
            "/^\\d+(\\.\\d)? m?s$/.test(document.querySelector('#stages tr:nth-child(2) td:nth-child(3)')?.textContent)",
        ),
        (
            "models and vocabulary have versions",
            "document.querySelectorAll('#models tr').length > 2",
        ),
        (
            "what is not the default is told",
            "document.getElementById('changes').textContent.includes('show_articles = true')",
        ),
        (
            "curves are drawn",
            "document.querySelectorAll('.curve path.line').length === 4",
        ),
        (
            "all partitions are listed",
            "document.querySelectorAll('#partition-rows tr').length === 4",
        ),
        (
            "the invitation to wait is gone",
            "document.getElementById('empty').hidden",
        ),
    ] {
        page.wait(what, expression);
    }
    let unknown =
        page.evaluate("document.querySelectorAll('#list mark:not([class]), #list mark[class=\"\"]').length");
    assert_eq!(unknown, 0, "marks without a type");
}

/// Every text on the page is the beginning of a record's text, and every highlighted name one that the record has.
fn text_is_the_records_own(page: &mut Browser) {
    let strange = page.evaluate(
        "(async () => {
            const shown = [...document.querySelectorAll('#list article')].map((article) => ({
                text: article.querySelector('.text').textContent.replace(/ …$/, ''),
                marks: [...article.querySelectorAll('.text mark')].map((mark) => mark.textContent),
            }));
            const { articles } = await (await fetch('/recent?since=0')).json();
            return shown.filter(({ text, marks }) => !articles.some(({ record }) => record.text.startsWith(text) &&
                marks.every((name) => record.entities.some((e) => e.mentions.some((m) => m.text === name)))));
        })()",
    );
    assert_eq!(strange, json!([]));
}

const FIRST: &str = "document.querySelector('#list article').textContent";
const PUBLISHED: &str = "parseInt(document.getElementById('enriched').textContent.replaceAll(',', ''))";

/// Published articles and dead letters are all that is done.
fn figures_add_up(page: &mut Browser) {
    let figures = page.evaluate(
        "['enriched', 'rejected', 'done'].map((id) =>
            parseInt(document.getElementById(id).textContent.replace(/[^0-9]/g, '')))",
    );
    let figure = |n: usize| figures[n].as_u64().unwrap();
    assert_eq!(figure(0) + figure(1), figure(2), "{figures}");
}

fn wait_for_more(page: &mut Browser) {
    let now = page.evaluate(PUBLISHED);
    page.wait("more is published", &format!("{PUBLISHED} > {now} + 20"));
}

fn pause_holds_the_list(page: &mut Browser) {
    let hold =
        "(({ textContent, ariaPressed }) => [textContent, ariaPressed])(document.getElementById('hold'))";
    assert_eq!(page.evaluate(hold), json!(["Pause", "false"]));
    page.evaluate("document.getElementById('hold').click()");
    assert_eq!(page.evaluate(hold), json!(["Resume", "true"]));
    // A turn that had begun may still bring its articles; after the next ones nothing may.
    wait_for_more(page);
    let held = page.evaluate(FIRST);
    wait_for_more(page);
    assert_eq!(page.evaluate(FIRST), held, "the list moved while it was paused");
    page.evaluate("document.getElementById('hold').click()");
    assert_eq!(page.evaluate(hold), json!(["Pause", "false"]));
    page.wait("the list goes on", &format!("{FIRST} !== {held}"));
}

/// What somebody reads further down stays where it is; the way back to the top is shown.
fn the_list_waits_for_a_reader(page: &mut Browser) {
    let read = "document.querySelectorAll('#list article')[4].getBoundingClientRect().top | 0";
    page.evaluate("document.querySelectorAll('#list article')[4].scrollIntoView()");
    wait_for_more(page);
    let (first, place) = (page.evaluate(FIRST), page.evaluate(read));
    wait_for_more(page);
    assert_eq!(
        (page.evaluate(FIRST), page.evaluate(read)),
        (first.clone(), place),
        "the list moved under its reader"
    );
    page.evaluate("document.getElementById('newer').click()");
    page.wait("the list goes on", &format!("{FIRST} !== {first}"));
    page.wait(
        "nothing newer is spoken of",
        "document.getElementById('newer').hidden",
    );
    page.evaluate("scrollTo(0, 0)");
}

fn parts_of_an_article_open(page: &mut Browser) {
    let article = "[...document.querySelectorAll('#list article')].find((a) => a.querySelector('.topics'))";
    let open = format!("{article}.querySelectorAll('.bar button').forEach((button) => button.click())");
    page.evaluate(&open);
    let opened = "[...document.querySelectorAll('#list article')].find((a) => a.querySelector('.part'))";
    page.wait(
        "reasons are given",
        &format!("{opened}.querySelectorAll('.why li').length > 0"),
    );
    let record = page.evaluate(&format!("JSON.parse({opened}.querySelector('pre').textContent)"));
    assert!(record["id"].is_string(), "{record}");
    let names = page.evaluate(&format!("{opened}.querySelectorAll('.names li').length"));
    assert_eq!(
        names.as_u64(),
        record["entities"].as_array().map(|all| all.len() as u64)
    );
    is_accessible(page, "an article's parts");
    let first = page.evaluate(FIRST);
    wait_for_more(page);
    assert_eq!(
        page.evaluate(FIRST),
        first,
        "the list moved while a part was open"
    );
    page.evaluate("document.getElementById('newer').click()");
    page.wait("the list goes on", &format!("{FIRST} !== {first}"));
    page.evaluate("scrollTo(0, 0)");
}

/// Everything that can be clicked has the focus in turn, shows it, and does its work at a key.
fn keys_are_enough(page: &mut Browser) {
    page.evaluate(
        "document.getElementById('hold').click(); document.body.tabIndex = -1; document.body.focus()",
    );
    let focused = "(({ id, tagName, dataset, textContent }) =>
        id || dataset.sort || `${tagName} ${textContent.slice(0, 20)}`)(document.activeElement)";
    let outlined = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
    let mut met = Vec::new();
    for _ in 0..150 {
        page.press("Tab");
        let here = page.evaluate(focused).as_str().unwrap().to_owned();
        if here.starts_with("BODY") {
            break;
        }
        assert_eq!(page.evaluate(outlined), true, "{here} does not show its focus");
        if here == "lag" {
            page.press("Enter");
            let sorted = "document.activeElement.closest('th').getAttribute('aria-sort')";
            assert_eq!(page.evaluate(sorted), "descending");
        }
        met.push(here);
    }
    for wanted in [
        "A Partitions",
        "partition",
        "lag",
        "hold",
        "paste",
        "sample",
        "changes",
    ] {
        assert!(
            met.iter().any(|name| name == wanted),
            "{wanted} is not reached: {met:?}"
        );
    }
    assert!(met.iter().any(|name| name.starts_with("SUMMARY")), "{met:?}");
    page.evaluate("document.getElementById('hold').click(); document.body.removeAttribute('tabindex')");
}

/// Inline scripts, handlers and evaluated text are refused by the page's policy.
fn only_our_own_scripts_run(page: &mut Browser) {
    let ran = page.evaluate(
        "(() => {
            const script = document.createElement('script');
            script.textContent = 'window.hurt = 1';
            const button = document.createElement('button');
            button.setAttribute('onclick', 'window.hurt = 1');
            document.body.append(script, button);
            button.click();
            button.remove();
            return window.hurt === 1;
        })()",
    );
    assert_eq!(ran, false);
    // The debugger's own script may evaluate text; one that the page runs later may not.
    let evaluated = "new Promise((told) => setTimeout(() => {
        try { told(new Function('return 1')()); } catch { told('refused'); } }))";
    assert_eq!(page.evaluate(evaluated), "refused");
}

/// Nothing sticks out sideways and all text can be read, on a desk and in a hand, by day and by night.
fn pictures(page: &mut Browser, prefix: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("page");
    std::fs::create_dir_all(&folder).unwrap();
    page.evaluate("scrollTo(0, 0)");
    for (name, width, height, mobile, scheme) in [
        ("phone", 360, 780, true, "light"),
        ("phone-dark", 360, 780, true, "dark"),
        ("tablet", 820, 1100, true, "light"),
        ("dark", 1280, 1000, false, "dark"),
        ("light", 1280, 1000, false, "light"),
    ] {
        page.screen(width, height, mobile, scheme);
        page.wait(
            "the screen is as asked",
            &format!("innerWidth === {width} && matchMedia('(prefers-color-scheme: {scheme})').matches"),
        );
        let wide = page.evaluate("document.documentElement.scrollWidth");
        assert!(wide.as_u64().unwrap() <= u64::from(width), "{name}: {wide} wide");
        assert_eq!(
            page.evaluate("document.getElementById('about').checkVisibility()"),
            true,
            "{name}: what is looked at is said"
        );
        is_accessible(page, name);
        page.picture(&folder.join(format!("{prefix}{name}.png")));
    }
}

fn a_pasted_article_is_enriched(page: &mut Browser) {
    page.evaluate("document.getElementById('sample').click()");
    page.wait(
        "the sample's record is there",
        "document.querySelectorAll('#result article mark').length > 3",
    );
    page.evaluate("[...document.querySelectorAll('#result .bar button')].at(-1).click()");
    let record = page.evaluate("JSON.parse(document.querySelector('#result pre').textContent)");
    assert_eq!(record["dateline"]["places"][0]["name"], "Paris");
    let paris = page.evaluate("document.querySelector('#result mark').title");
    assert!(
        paris.as_str().unwrap().starts_with("Paris: country or city"),
        "{paris}"
    );
}

/// Puts text into the paste box and sends it; waits until the answer shows that `expression` is true.
fn paste(page: &mut Browser, text: &str, what: &str, expression: &str) {
    page.evaluate(&format!(
        "document.getElementById('paste').value = {}; document.getElementById('result').replaceChildren();
         document.querySelector('#form .primary').click()",
        json!(text)
    ));
    page.wait(what, expression);
}

fn hostile_text_stays_text(page: &mut Browser) {
    let hostile = concat!(
        r#"{"headline": "<img src=x onerror=\"window.hurt=1\"> Oslo", "#,
        r#""text": "Oslo &lt;script&gt;window.hurt=1&lt;/script&gt; in Norway. <b onclick='window.hurt=1'>Bold</b>", "#,
        r#""author": "Kari Nordmann"}"#,
    );
    paste(
        page,
        hostile,
        "its record is there",
        "document.querySelector('#result .text')?.textContent.includes('Oslo')",
    );
    assert_eq!(
        page.evaluate("document.querySelectorAll('#result img, #result script, #result b').length"),
        0
    );
    assert_eq!(page.evaluate("window.hurt === undefined"), true);
    let by = page.evaluate("document.querySelector('#result .byline').textContent");
    assert!(by.as_str().unwrap().starts_with("Kari Nordmann"), "{by}");
}

/// Most bytes that can be pasted.
const PASTE_BYTES_MAX: usize = 256 * 1024;

/// Whatever opens like this is wire text, as it is for the worker; and all that may be pasted is taken.
fn wire_text_is_enriched(page: &mut Browser) {
    let bracket = "[Correction] PARIS, July 6 (Agency) -- Germany and France agreed.";
    let long = format!("Oslo is in Norway.{}", " ".repeat(PASTE_BYTES_MAX - 18));
    for text in [bracket, &long] {
        paste(
            page,
            text,
            "its record is there",
            "document.querySelectorAll('#result article mark').length > 0",
        );
    }
}

fn what_the_worker_refuses_is_refused(page: &mut Browser) {
    let long = "x".repeat(PASTE_BYTES_MAX + 1);
    for (text, reason) in [
        ("{\"headline\": 7", "invalid_json: "),
        (
            "[{\"headline\": \"One\"}, {\"headline\": \"Two\"}]",
            "several_articles: ",
        ),
        (
            "<!DOCTYPE html><html><p>Oslo is in Norway.</p></html>",
            "no_content: ",
        ),
        ("<?xml version=\"1.0\"?><svg>Oslo</svg>", "unsupported_form: "),
        (&long, "too_large: more than 262,144 bytes, "),
    ] {
        let expression = format!(
            "document.querySelector('#result .error')?.textContent.startsWith({})",
            json!(reason)
        );
        paste(page, text, &format!("{reason} is shown"), &expression);
    }
}
