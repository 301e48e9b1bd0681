//! Checks that the documents about metrics say what the metrics are. Never writes outside a test run.

use std::fmt::Write as _;
use std::path::Path;

use crate::metrics::Metrics;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn table() -> String {
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

/// `DATELINE_WRITE_DOCS=1 cargo test --lib ops::documents` writes the table anew.
#[test]
fn the_metrics_page_is_current() {
    let page = read("docs/metrics.md");
    let (before, rest) = page.split_once("<!-- table -->\n").unwrap();
    let (current, after) = rest.split_once("<!-- /table -->").unwrap();
    if std::env::var_os("DATELINE_WRITE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
        std::fs::write(
            path,
            format!("{before}<!-- table -->\n{}<!-- /table -->{after}", table()),
        )
        .unwrap();
        return;
    }
    assert_eq!(
        current,
        table(),
        "write it anew with DATELINE_WRITE_DOCS=1 cargo test --lib ops::documents"
    );
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
