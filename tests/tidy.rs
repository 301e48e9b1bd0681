//! The house rules that the compiler does not know, each as a test. Reads sources only; never builds or runs anything.
//!
//! Every rule is a function from one source to complaints (`file:line: what`), tested on the tree and on a bad example.

#![allow(clippy::unwrap_used, clippy::too_many_lines)]

use std::fs;
use std::path::Path;

/// Crates that only some rooms may know.
const EDGES: [(&str, &[&str]); 3] = [
    ("rdkafka", &["kafka"]),
    ("reqwest", &["http"]),
    ("prometheus", &["metrics", "ops"]),
];

/// Rooms (or single files) that are functions of their arguments, and what would make them something else.
const PURE: [&str; 9] = [
    "limits",
    "article",
    "record",
    "decode",
    "text",
    "accept",
    "enrich",
    "encode",
    "worker/process.rs",
];
const IMPURE: [&str; 12] = [
    "std::env",
    "env::var",
    "std::fs",
    "std::net",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "Uuid::new_v4",
    "rand::",
    "fastrand::",
    "tokio::",
];

const UNFINISHED: [&str; 5] = ["todo!", "unimplemented!", "dbg!", "#[ignore", "allow(dead_code"];
/// The files that may say `unsafe`: one calls C, one has vector instructions.
const UNSAFE: [&str; 2] = ["src/kafka/describe.rs", "src/enrich/tagger/kernels.rs"];
const LINES_MAX: usize = 500;
const COLUMNS_MAX: usize = 120;

/// One source: its path from the repository's root, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The room of a file under `src/`; `main` and `lib` are rooms of their own, which only wire.
    fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or("");
        inside.split('/').next().unwrap_or("").trim_end_matches(".rs")
    }

    /// Numbered lines without comments. Text in quotes stays, so a rule may see a word there.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, line)| {
            let comment = if line.trim_start().starts_with("//") {
                Some(0)
            } else {
                line.find(" // ")
            };
            (i + 1, &line[..comment.unwrap_or(line.len())])
        })
    }

    /// The same, up to the module of tests at the end.
    fn code_before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<_> = self.text.lines().collect();
        let tests = lines
            .windows(2)
            .position(|w| w[0] == "#[cfg(test)]" && w[1].starts_with("mod "));
        self.code().take(tests.unwrap_or(usize::MAX))
    }

    fn complaint(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// Every path segment that follows `crate::` in a line.
fn crate_paths(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").map(|(at, found)| {
        let rest = &line[at + found.len()..];
        &rest[..rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len())]
    })
}

/// Is `word` in the line, and not the end of a longer identifier?
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn room_order(lib: &str) -> Vec<String> {
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

fn imports_look_up(source: &Source, order: &[String]) -> Vec<String> {
    let place = |room: &str| order.iter().position(|r| r == room);
    let Some(own) = place(source.room()) else {
        return match source.room() {
            "main" | "lib" | "" => Vec::new(),
            room => vec![source.complaint(1, &format!("`{room}` is no `pub mod` of src/lib.rs"))],
        };
    };
    let mut complaints = Vec::new();
    for (line, code) in source.code() {
        for room in crate_paths(code).filter(|room| !room.is_empty()) {
            match place(room) {
                Some(other) if other <= own => {}
                Some(_) => complaints.push(source.complaint(
                    line,
                    &format!("room `{}` may not know `{room}`, below it", source.room()),
                )),
                None => complaints.push(source.complaint(line, &format!("`crate::{room}` is no room"))),
            }
        }
    }
    complaints
}

fn one_import_a_line(source: &Source) -> Vec<String> {
    let import = |code: &str| {
        let code = code.trim_start();
        let code = code.strip_prefix("pub ").unwrap_or(code);
        code.starts_with("use crate::")
    };
    source
        .code()
        .filter(|(_, code)| import(code) && (code.contains('{') || !code.trim_end().ends_with(';')))
        .map(|(line, _)| source.complaint(line, "one `use crate::room::Item;` a line, without braces"))
        .collect()
}

fn edges_stay_in_their_rooms(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, rooms) in EDGES {
        if rooms.contains(&source.room()) {
            continue;
        }
        let (path, import) = (format!("{name}::"), format!("use {name}"));
        for (line, code) in source.code() {
            if has_word(code, &path) || has_word(code, &import) {
                complaints.push(source.complaint(line, &format!("`{name}` is known in {rooms:?} only")));
            }
        }
    }
    complaints
}

fn core_is_pure(source: &Source) -> Vec<String> {
    let pure = PURE
        .iter()
        .any(|p| *p == source.room() || source.path == format!("src/{p}"));
    if !pure {
        return Vec::new();
    }
    source
        .code_before_tests()
        .flat_map(|(line, code)| {
            let found = IMPURE.iter().filter(move |word| has_word(code, word));
            found.map(move |word| source.complaint(line, &format!("`{word}` in the pure core")))
        })
        .collect()
}

/// The files that this source declares as `#[cfg(test)] mod name;`: where they may lie.
fn test_files(source: &Source) -> Vec<String> {
    let folder = source.path.strip_suffix("mod.rs").map(str::to_owned);
    let folder = folder.unwrap_or_else(|| format!("{}/", source.path.trim_end_matches(".rs")));
    let lines: Vec<_> = source.text.lines().collect();
    lines
        .windows(2)
        .filter(|w| w[0] == "#[cfg(test)]")
        .filter_map(|w| w[1].strip_prefix("mod ")?.strip_suffix(';'))
        .flat_map(|name| [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")])
        .collect()
}

fn opens_with_its_purpose(source: &Source) -> Vec<String> {
    let opens = source.text.starts_with("//! ");
    if opens {
        Vec::new()
    } else {
        vec![source.complaint(1, "opens without `//!`: what is it, what does it never do?")]
    }
}

fn is_short(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines <= LINES_MAX {
        return Vec::new();
    }
    vec![source.complaint(
        lines,
        &format!("{lines} lines, {LINES_MAX} are the most: split it"),
    )]
}

fn is_finished(source: &Source) -> Vec<String> {
    source
        .code()
        .flat_map(|(line, code)| {
            let found = UNFINISHED.iter().filter(move |word| has_word(code, word));
            found.map(move |word| source.complaint(line, &format!("`{word}`: finish it or leave it out")))
        })
        .collect()
}

fn is_safe(source: &Source) -> Vec<String> {
    if UNSAFE.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let lines = source.code().filter(|(_, code)| has_word(code, "unsafe"));
    lines
        .map(|(line, _)| source.complaint(line, &format!("`unsafe` is for {} alone", UNSAFE.join(", "))))
        .collect()
}

fn lines_are_clean(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (i, line) in source.text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            complaints.push(source.complaint(i + 1, "white space at the end of the line"));
        }
        let columns = line.chars().count();
        // One case of a table is one line, and a string is not broken for its length.
        let is_table = line.contains('"') && !line.trim_start().starts_with("//");
        if columns > COLUMNS_MAX && !is_table && source.path.starts_with("src/") {
            complaints
                .push(source.complaint(i + 1, &format!("{columns} columns, {COLUMNS_MAX} are the most")));
        }
    }
    complaints
}

fn collect(dir: &Path, root: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, root, sources);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let inside = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            sources.push(Source {
                path: inside,
                text: fs::read_to_string(&path).unwrap(),
            });
        }
    }
}

/// All Rust sources under a folder of the repository, in the order of their paths. This file names what it forbids,
/// so it is left out.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    collect(&root.join(folder), root, &mut sources);
    sources.retain(|s| s.path != "tests/tidy.rs");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(
        !sources.is_empty(),
        "no sources under {folder}: the rules would hold for nothing"
    );
    sources
}

fn order() -> Vec<String> {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let order = room_order(&lib);
    assert!(
        order.len() > 5,
        "src/lib.rs no longer lists the rooms as `pub mod name;`"
    );
    order
}

fn hold(folders: &[&str], rule: impl Fn(&Source) -> Vec<String>) {
    let complaints: Vec<_> = folders
        .iter()
        .flat_map(|f| sources(f))
        .flat_map(|s| rule(&s))
        .collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn rooms_import_only_rooms_above_them() {
    let order = order();
    hold(&["src"], |s| imports_look_up(s, &order));
}

#[test]
fn imports_stand_one_a_line() {
    hold(&["src"], one_import_a_line);
}

#[test]
fn edge_crates_stay_in_their_rooms() {
    hold(&["src"], edges_stay_in_their_rooms);
}

#[test]
fn the_core_knows_no_clock_environment_chance_or_disk() {
    let only_tests: Vec<String> = sources("src").iter().flat_map(test_files).collect();
    hold(&["src"], |s| {
        if only_tests.contains(&s.path) {
            Vec::new()
        } else {
            core_is_pure(s)
        }
    });
}

#[test]
fn every_file_opens_with_its_purpose() {
    hold(&["src", "tests"], opens_with_its_purpose);
}

#[test]
fn no_file_is_too_long() {
    hold(&["src", "tests"], is_short);
}

#[test]
fn nothing_is_left_unfinished() {
    hold(&["src", "tests"], is_finished);
}

#[test]
fn unsafe_stays_in_its_file() {
    hold(&["src", "tests"], is_safe);
}

#[test]
fn lines_are_short_and_end_clean() {
    hold(&["src", "tests"], lines_are_clean);
}

#[test]
fn test_files_are_found_by_their_declaration() {
    let source = |path: &str| Source {
        path: path.to_owned(),
        text: "mod code;\n#[cfg(test)]\nmod tests;\n".to_owned(),
    };
    assert_eq!(
        test_files(&source("src/text/mod.rs")),
        ["src/text/tests.rs", "src/text/tests/mod.rs"]
    );
    assert_eq!(test_files(&source("src/a/b.rs"))[0], "src/a/b/tests.rs");
}

/// Each rule on text that breaks it (one complaint) and on text that keeps it (none).
#[test]
fn each_rule_catches_a_bad_example() {
    let order =
        room_order("//! x\npub mod limits;\npub mod article;\npub mod kafka;\npub mod metrics;\nmod no;\n");
    assert_eq!(order, ["limits", "article", "kafka", "metrics"]);
    let above = |s: &Source| imports_look_up(s, &order);
    let long_file = "//! x\n".repeat(LINES_MAX + 1);
    let long_line = "x".repeat(COLUMNS_MAX + 1);
    type Rule<'a> = &'a dyn Fn(&Source) -> Vec<String>;
    let cases: [(Rule, &str, &str, usize); 30] = [
        (&above, "src/article/mod.rs", "use crate::kafka::Source;", 1),
        (
            &above,
            "src/article/mod.rs",
            "let x = crate::kafka::start(crate::metrics::new());",
            2,
        ),
        (
            &above,
            "src/article/mod.rs",
            "use crate::limits::Limits;\nuse crate::article::Span; // crate::kafka::x",
            0,
        ),
        (&above, "src/article/mod.rs", "use crate::Hidden;", 1),
        (&above, "src/unlisted/mod.rs", "", 1),
        (&above, "src/main.rs", "use crate::metrics::Metrics;", 0),
        (
            &one_import_a_line,
            "src/kafka/a.rs",
            "use crate::{article::Span, limits::Limits};",
            1,
        ),
        (
            &one_import_a_line,
            "src/kafka/a.rs",
            "    pub use crate::article::{\n",
            1,
        ),
        (
            &one_import_a_line,
            "src/kafka/a.rs",
            "use crate::article::Span;",
            0,
        ),
        (
            &edges_stay_in_their_rooms,
            "src/worker/mod.rs",
            "use rdkafka::Message;",
            1,
        ),
        (
            &edges_stay_in_their_rooms,
            "src/worker/mod.rs",
            "fn f(e: rdkafka::error::KafkaError) {}",
            1,
        ),
        (
            &edges_stay_in_their_rooms,
            "src/kafka/mod.rs",
            "use rdkafka::Message;\nuse reqwest::Client;",
            1,
        ),
        (
            &edges_stay_in_their_rooms,
            "src/config/mod.rs",
            "librdkafka::x",
            0,
        ),
        (
            &edges_stay_in_their_rooms,
            "src/metrics.rs",
            "use prometheus::Registry;",
            0,
        ),
        (
            &core_is_pure,
            "src/text/clean.rs",
            "let now = std::time::Instant::now();",
            1,
        ),
        (&core_is_pure, "src/worker/process.rs", "std::env::args()", 1),
        (&core_is_pure, "src/worker/run.rs", "Instant::now()", 0),
        (
            &core_is_pure,
            "src/text/clean.rs",
            "#[cfg(test)]\nmod tests {\nstd::fs::read(x)",
            0,
        ),
        (&core_is_pure, "src/text/clean.rs", "let x = operand::y();", 0),
        (&opens_with_its_purpose, "src/a.rs", "fn f() {}", 1),
        (&is_short, "src/a.rs", &long_file, 1),
        (&is_finished, "src/a.rs", "todo!()", 1),
        (
            &is_finished,
            "src/a.rs",
            "#[ignore = \"slow\"]\n#[allow(dead_code)]",
            2,
        ),
        (
            &is_safe,
            "src/kafka/sink.rs",
            "unsafe { f() }\n#[allow(unsafe_code)]",
            2,
        ),
        (&is_safe, UNSAFE[0], "unsafe { f() }", 0),
        (&is_safe, "tests/a.rs", "// unsafe", 0),
        (&lines_are_clean, "src/a.rs", "a \nb\t\n", 2),
        (&lines_are_clean, "src/a.rs", &long_line, 1),
        (&lines_are_clean, "tests/a.rs", &long_line, 0),
        (&lines_are_clean, "src/a.rs", "//! a\n\nb\n", 0),
    ];
    for (number, (rule, path, text, expected)) in cases.into_iter().enumerate() {
        let complaints = rule(&Source {
            path: path.to_owned(),
            text: text.to_owned(),
        });
        assert_eq!(
            complaints.len(),
            expected,
            "case {number}, {path}: {complaints:?}"
        );
        assert!(
            complaints.iter().all(|c| c.starts_with(&format!("{path}:"))),
            "{complaints:?}"
        );
    }
}
