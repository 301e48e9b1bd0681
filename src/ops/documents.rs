//! Checks that the documents say what metrics and rejection codes are. Never writes outside a test run.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::encode;
use crate::encode::DeadLetterContext;
use crate::encode::REFUSED_TIMESTAMP_HEADER;
use crate::metrics::Metrics;
use crate::record::Header;
use crate::record::Origin;
use crate::record::Record;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn metrics() -> String {
    let mut table = String::from("| name | type | labels | meaning |\n|---|---|---|---|\n");
    for row in Metrics::catalogue() {
        let labels: Vec<String> = row.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} |",
            row.name,
            row.kind,
            labels.join(", "),
            row.help()
        );
    }
    table
}

/// What the enum's own documentation says of each code.
fn rejections() -> String {
    let source = read("src/article/rejection.rs");
    let (_, variants) = source.split_once("pub enum RejectionCode {\n").unwrap();
    let (variants, _) = variants.split_once("\n}").unwrap();
    let mut table = String::from("| code | meaning |\n|---|---|\n");
    let mut meaning: Vec<&str> = Vec::new();
    let mut codes = RejectionCode::ALL.iter();
    for line in variants.lines().map(str::trim) {
        if let Some(part) = line.strip_prefix("/// ") {
            meaning.push(part);
            continue;
        }
        let code = codes.next().unwrap();
        assert_eq!(line, format!("{code:?},"), "the enum and its list differ");
        let _ = writeln!(table, "| `{}` | {} |", code.code(), meaning.join(" "));
        meaning.clear();
    }
    assert_eq!(codes.next(), None);
    table
}

/// `DATELINE_WRITE_DOCS=1 cargo test --lib ops::documents` writes the table anew.
fn check_table(path: &str, name: &str, table: &str) {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let page = read(path);
    let (before, rest) = page.split_once(&open).unwrap();
    let (current, after) = rest.split_once(&close).unwrap();
    if std::env::var_os("DATELINE_WRITE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::write(path, format!("{before}{open}{table}{close}{after}")).unwrap();
        return;
    }
    assert_eq!(
        current, table,
        "write it anew with DATELINE_WRITE_DOCS=1 cargo test --lib ops::documents"
    );
}

#[test]
fn the_metrics_page_is_current() {
    check_table("docs/metrics.md", "table", &metrics());
}

#[test]
fn the_list_of_rejection_codes_is_current() {
    check_table("docs/output.md", "rejections", &rejections());
}

#[test]
fn every_header_of_a_dead_letter_is_documented() {
    let record = Record {
        origin: Origin {
            kafka_topic: "articles.raw".into(),
            partition: 0,
            offset: 0,
        },
        timestamp_ms: None,
        key: Some(vec![b'k'; 5_000]),
        value: Some(vec![b'v'; 5_000]),
        headers: vec![Header::text("theirs", "h".repeat(5_000))],
    };
    let context = DeadLetterContext {
        group_id: "desk".to_owned(),
        worker_version: "0.1.0".to_owned(),
        bytes_max: 4_000,
    };
    let rejection = Rejection::new(RejectionCode::InvalidJson, "no JSON");
    let letter = encode::dead_letter(&record, &rejection, &context);
    let names = letter.headers.iter().map(|header| header.name.as_str());
    let mut ours: BTreeSet<&str> = names.collect();
    ours.insert(REFUSED_TIMESTAMP_HEADER);
    let page = read("docs/output.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented = rows.filter(|name| name.starts_with("__connect.") || name.starts_with("dateline."));
    assert_eq!(documented.collect::<BTreeSet<_>>(), ours);
}

/// Every metric of ours that a query asks for; a histogram's parts have names of their own.
fn asserted_metrics(query: &str) -> usize {
    let names = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = names.filter(|name| name.starts_with("dateline_"));
    ours.inspect(|name| {
        let exists = Metrics::catalogue().iter().any(|row| {
            let suffix = name.strip_prefix(row.name);
            suffix == Some("")
                || row.kind == "histogram" && matches!(suffix, Some("_bucket" | "_sum" | "_count"))
        });
        assert!(exists, "{name} in {query}");
    })
    .count()
}

#[test]
fn every_panel_of_the_dashboard_says_what_it_shows() {
    let dashboard: serde_json::Value = serde_json::from_str(&read("deploy/grafana/dateline.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let description = panel["description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.') && description.len() > 20, "{panel}");
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{panel}");
    }
}

/// What follows `key` on each line that has it first.
fn values<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    let lines = text.lines().map(|line| line.trim().trim_start_matches("- "));
    lines
        .filter_map(|line| line.strip_prefix(key))
        .map(str::trim)
        .collect()
}

#[test]
fn every_alert_asks_for_metrics_that_exist_and_has_its_entry_in_the_runbook() {
    let rules = read("deploy/prometheus/alerts.yaml");
    let tests = read("deploy/prometheus/alerts.test.yaml");
    let operations = read("docs/operations.md");
    let (_, runbook) = operations.split_once("\n## Runbook\n").unwrap();
    let rows: String = rules
        .lines()
        .filter(|line| !line.trim().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n");
    assert!(asserted_metrics(&rows) > 15);
    let alerts = values(&rules, "alert:");
    let links: Vec<String> = alerts
        .iter()
        .map(|a| format!("docs/operations.md#{}", a.to_lowercase()))
        .collect();
    assert_eq!(values(&rules, "runbook_url:"), links);
    assert_eq!(values(&rules, "description:").len(), alerts.len());
    assert_eq!(values(runbook, "###"), alerts);
    for alert in alerts {
        assert!(
            tests.contains(&format!("alertname=\"{alert}\"")),
            "{alert} has no test"
        );
    }
}

#[test]
fn every_link_in_the_operations_page_leads_somewhere() {
    let page = read("docs/operations.md");
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title.replace(' ', "-")
    };
    let anchors: BTreeSet<String> = headings.map(anchor).collect();
    let links = page
        .split("](#")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap());
    let missing: Vec<&str> = links.filter(|link| !anchors.contains(*link)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_dashboard_asks_only_for_metrics_that_exist() {
    let text = read("deploy/grafana/dateline.json");
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            asked += asserted_metrics(query);
        }
    }
    assert!(asked > 15, "only {asked} metrics are asked for");
}
