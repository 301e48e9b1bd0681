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

#[test]
fn the_dashboard_asks_only_for_metrics_that_exist() {
    let text = read("deploy/grafana/dateline.json");
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            let names = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for name in names.filter(|name| name.starts_with("dateline_")) {
                let exists = Metrics::catalogue().iter().any(|row| {
                    let suffix = name.strip_prefix(row.name);
                    suffix == Some("")
                        || row.kind == "histogram" && matches!(suffix, Some("_bucket" | "_sum" | "_count"))
                });
                assert!(exists, "{name} in {query}");
                asked += 1;
            }
        }
    }
    assert!(asked > 15, "only {asked} metrics are asked for");
}
