//! The live page in a real browser: `dateline demo` behind it, Chromium before it, and what a reader sees and clicks.
//! Started by `make page`. Pictures of it are left in `target/page`. Never asserts how fast anything is.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

mod browser;

use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use browser::Browser;
use serde_json::json;

/// A running demo; killed at the end of the test, and by its own `--for` if that should fail.
struct Demo {
    child: Child,
    url: String,
}

impl Demo {
    fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_dateline"))
            .args([
                "demo",
                "--rate",
                "20",
                "--for",
                "10m",
                "--listen",
                &free.to_string(),
            ])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("http://{free}/");
        let mut demo = Self { child, url };
        demo.wait(&free.to_string());
        demo
    }

    fn wait(&mut self, address: &str) {
        for _ in 0..600 {
            if std::net::TcpStream::connect(address).is_ok() {
                return;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "the demo ended");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the demo does not listen at {address}");
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.end();
    }
}

#[test]
fn live_page() {
    let program = std::env::var("CHROMIUM").unwrap_or_else(|_| String::from("chromium"));
    let mut demo = Demo::start();
    let mut page = Browser::open(&program, &demo.url);
    page.screen(1280, 1000, false, "light");

    articles_arrive(&mut page);
    text_is_the_records_own(&mut page);
    everything_has_a_name(&mut page);
    figures_add_up(&mut page);
    pause_holds_the_list(&mut page);
    the_list_waits_for_a_reader(&mut page);
    articles_may_be_hidden(&mut page);
    pictures(&mut page);
    a_pasted_article_is_enriched(&mut page);
    wire_text_is_enriched(&mut page);
    hostile_text_stays_text(&mut page);
    assert_eq!(page.problems, Vec::<String>::new(), "errors in the page");

    what_the_worker_refuses_is_refused(&mut page);
    demo.end();
    page.wait(
        "the page says that the worker is gone",
        "document.getElementById('state').textContent === 'worker not reachable'",
    );
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
            "topics are shown",
            "document.querySelectorAll('#list .topics li').length > 0",
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
            "document.querySelectorAll('#rejections li code').length > 0",
        ),
        (
            "codes are counted",
            "document.querySelectorAll('#codes li').length > 0",
        ),
        (
            "curves are drawn",
            "document.querySelectorAll('.spark path.line').length === 3",
        ),
        (
            "all partitions are listed",
            "document.querySelectorAll('#partitions tr').length === 4",
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

fn everything_has_a_name(page: &mut Browser) {
    let nameless = page.evaluate(
        "[...document.querySelectorAll('button, a, textarea, img, svg, th, [role=region]')].filter((node) => {
            const name = node.textContent.trim() || node.getAttribute('aria-label') || node.labels?.[0]?.textContent;
            return !name && !(node.tagName === 'IMG' && node.hasAttribute('alt'));
        }).map((node) => node.outerHTML)",
    );
    assert_eq!(nameless, json!([]));
    let twice = page.evaluate(
        "(() => { const ids = [...document.querySelectorAll('[id]')].map((n) => n.id);
            return ids.filter((id, i) => ids.indexOf(id) !== i); })()",
    );
    assert_eq!(twice, json!([]));
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

/// As `dateline run` has it, unless the configuration says otherwise.
fn articles_may_be_hidden(page: &mut Browser) {
    page.evaluate(
        "window.asked = fetch;
         window.fetch = async (url, ...more) => url.startsWith('/recent')
            ? new Response('{\"shown\": false, \"articles\": []}') : asked(url, ...more);
         document.getElementById('list').replaceChildren()",
    );
    page.wait(
        "the option is named",
        "(({ hidden, textContent }) => !hidden && textContent.includes('admin.show_articles'))(
            document.getElementById('empty'))",
    );
    let idle = "['legend', 'hold'].map((id) => document.getElementById(id).checkVisibility())";
    assert_eq!(page.evaluate(idle), json!([false, false]));
    page.evaluate("window.fetch = asked");
    page.wait(
        "articles are listed again",
        "document.querySelectorAll('#list article').length === 12",
    );
    assert_eq!(page.evaluate(idle), json!([true, true]));
}

/// Nothing sticks out sideways and all text can be read, on a desk and in a hand, by day and by night.
fn pictures(page: &mut Browser) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("page");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, width, height, mobile, scheme) in [
        ("phone", 390, 844, true, "light"),
        ("phone-dark", 390, 844, true, "dark"),
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
            "{name}: that it is a demonstration is said"
        );
        assert_eq!(page.evaluate(FAINT), json!([]), "{name}: contrast below 4.5 to 1");
        page.picture(&folder.join(format!("{name}.png")));
    }
}

/// Texts whose contrast with what is behind them is below 4.5 to 1 (WCAG AA).
const FAINT: &str = "(() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => numbers(colour).slice(0, 3).map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
        const colour = getComputedStyle(node).backgroundColor;
        return numbers(colour)[3] === 0 && node.parentElement ? behind(node.parentElement) : colour;
    };
    const faint = [];
    for (const node of document.querySelectorAll('body *')) {
        if (![...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !node.checkVisibility()) continue;
        const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(`${node.className}: ${node.textContent.slice(0, 40)}`);
    }
    return faint;
})()";

fn a_pasted_article_is_enriched(page: &mut Browser) {
    page.evaluate("document.getElementById('sample').click()");
    page.wait(
        "the sample's record is there",
        "document.querySelectorAll('#result article mark').length > 3",
    );
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
        "document.querySelector('#result pre')?.textContent.includes('Oslo')",
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
        (&long, "too_large: 262,145 bytes, and 262,144 "),
    ] {
        let expression = format!(
            "document.querySelector('#result .error')?.textContent.startsWith({})",
            json!(reason)
        );
        paste(page, text, &format!("{reason} is shown"), &expression);
    }
}
