//! What `deploy/` repeats of the project is what the project says: versions, targets, settings, topics.

use std::path::Path;

use serde_json::Value;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn manifest() -> toml::Table {
    read("Cargo.toml").parse().unwrap()
}

fn version() -> String {
    manifest()["package"]["version"].as_str().unwrap().to_owned()
}

/// Every target of the manifest that cargo must find, or it builds nothing.
fn targets() -> Vec<String> {
    let manifest = manifest();
    let mut paths = vec!["src/lib.rs".to_owned()];
    for (kind, folder) in [("bin", "src"), ("test", "tests"), ("bench", "benches")] {
        for target in manifest[kind].as_array().unwrap() {
            let named = |name: &str| format!("{folder}/{name}.rs");
            let path = target.get("path").map(|path| path.as_str().unwrap().to_owned());
            paths.push(path.unwrap_or_else(|| named(target["name"].as_str().unwrap())));
        }
    }
    paths
}

#[test]
fn the_image_makes_an_empty_file_for_each_target_before_it_builds_the_dependencies() {
    let dockerfile = read("deploy/Dockerfile");
    let (before, _) = dockerfile.split_once("COPY models").unwrap();
    for path in targets() {
        assert!(before.contains(&path), "{path}");
    }
}

#[test]
fn the_image_is_built_with_the_pinned_toolchain() {
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    let first = format!("ARG BUILD_IMAGE=rust:{channel}-bookworm");
    assert!(read("deploy/Dockerfile").contains(&first), "{first}");
}

#[test]
fn chart_and_compose_install_this_version() {
    let version = version();
    for (path, line) in [
        ("deploy/helm/dateline/Chart.yaml", format!("version: {version}\n")),
        (
            "deploy/helm/dateline/Chart.yaml",
            format!("appVersion: \"{version}\"\n"),
        ),
        ("deploy/compose.yaml", format!(":-dateline:{version}}}\n")),
    ] {
        assert!(read(path).contains(&line), "{path}: {line}");
    }
}

#[test]
fn the_settings_of_compose_exist() {
    let schema: Value = serde_json::from_str(&read("config/schema/config.schema.json")).unwrap();
    let compose = read("deploy/compose.yaml");
    let names = compose
        .lines()
        .filter_map(|line| line.trim().strip_prefix("DATELINE__")?.split(':').next());
    let mut found = 0;
    for name in names {
        let (section, key) = name.split_once("__").unwrap();
        let (section, key) = (section.to_lowercase(), key.to_lowercase());
        let defined = &schema["properties"][&section];
        let reference = defined["$ref"]
            .as_str()
            .or_else(|| defined["allOf"][0]["$ref"].as_str());
        let table = reference.map_or(defined, |r| schema.pointer(r.trim_start_matches('#')).unwrap());
        assert!(!table["properties"][&key].is_null(), "{section}.{key}");
        found += 1;
    }
    assert_eq!(found, 3);
}
