//! Tables `[[enrichers]]`: services over HTTP that find names and topics too. Plain data; never asks one.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use url::Url;

use crate::config::ConfigProblems;
use crate::config::Secret;

/// Most services.
const ENRICHERS_MAX: usize = 16;

/// A service that finds names or topics, asked about every article (`docs/enrichers.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnricherConfig {
    /// Its name in records, metrics and logs: 1 to 40 small letters, digits, `-` and `_`; not `dateline`.
    pub name: String,
    /// Where it is asked, by POST. The address may be private; redirects and proxies are not followed.
    pub url: String,
    /// What it finds: `entities`, `topics` or both.
    #[schemars(length(min = 1))]
    pub gives: Vec<Gives>,
    /// `add` to what dateline itself finds, or `replace` that.
    pub merge: Merge,
    /// Languages whose articles it is asked about, as `en`; empty = all.
    pub languages: Vec<String>,
    /// Without its answer: `publish` (flagged `enricher_missing`), `wait` until it answers, or `dead_letter`.
    pub on_failure: EnricherFailure,
    /// Token to sign on with (`Authorization: Bearer`).
    pub token: Option<Secret>,
    /// File that holds the token; its last line break is dropped.
    pub token_file: Option<String>,
    /// PEM file of the authorities that sign the service; absent = the system's.
    pub ca_file: Option<String>,
    /// Most articles in one request; 1 to 1000.
    #[schemars(range(min = 1, max = 1_000))]
    pub request_articles_max: usize,
    /// Most bytes of headlines and texts in one request (one longer article is asked alone); 1024 to 67108864.
    #[schemars(range(min = 1_024, max = 67_108_864))]
    pub request_bytes_max: usize,
    /// Largest answer, in bytes; 1024 to 268435456.
    #[schemars(range(min = 1_024, max = 268_435_456))]
    pub answer_bytes_max: usize,
    /// Most requests at once; 1 to 1000.
    #[schemars(range(min = 1, max = 1_000))]
    pub concurrency_max: usize,
    /// Most milliseconds for one request; 100 to 600000.
    #[schemars(range(min = 100, max = 600_000))]
    pub timeout_ms: u32,
    /// Most milliseconds that a batch waits for it, save with `wait`; 100 to 3600000.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub batch_timeout_ms: u32,
    /// Most attempts after the first, where the service is in trouble or asks to come again; 0 to 10.
    #[schemars(range(min = 0, max = 10))]
    pub retries_max: u32,
    /// Failures in a row after which it is left alone; 1 to 1000.
    #[schemars(range(min = 1, max = 1_000))]
    pub breaker_failures: u32,
    /// Milliseconds for which it is left alone; 100 to 3600000.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub breaker_rest_ms: u32,
}

impl Default for EnricherConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            gives: vec![Gives::Entities, Gives::Topics],
            merge: Merge::Add,
            languages: Vec::new(),
            on_failure: EnricherFailure::Publish,
            token: None,
            token_file: None,
            ca_file: None,
            request_articles_max: 16,
            request_bytes_max: 1024 * 1024,
            answer_bytes_max: 8 * 1024 * 1024,
            concurrency_max: 4,
            timeout_ms: 5_000,
            batch_timeout_ms: 20_000,
            retries_max: 2,
            breaker_failures: 5,
            breaker_rest_ms: 10_000,
        }
    }
}

impl EnricherConfig {
    /// True where it finds this.
    pub fn gives(&self, what: Gives) -> bool {
        self.gives.contains(&what)
    }
}

/// What a service finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// Named entities.
    Entities,
    /// Topics.
    Topics,
}

/// What becomes of dateline's own findings beside a service's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// Both are published.
    #[default]
    Add,
    /// Those of a kind that the service finds are left out.
    Replace,
}

/// What becomes of an article about which a service does not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnricherFailure {
    /// Published with the flag `enricher_missing`.
    #[default]
    Publish,
    /// Waits, and with it all after it.
    Wait,
    /// A dead letter.
    DeadLetter,
}

/// Adds everything that is wrong with the services.
pub(super) fn check(enrichers: &[EnricherConfig], problems: &mut ConfigProblems) {
    if enrichers.len() > ENRICHERS_MAX {
        problems.add("enrichers", format!("there are more than {ENRICHERS_MAX}"));
    }
    for (number, enricher) in enrichers.iter().enumerate() {
        let key = |name: &str| format!("enrichers.{}.{name}", number + 1);
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let name = &enricher.name;
        if !(1..=40).contains(&name.len()) || !name.bytes().all(is_plain) || name == "dateline" {
            problems.add(
                key("name"),
                "expected 1 to 40 small letters, digits, `-` and `_`; not `dateline`",
            );
        } else if enrichers.iter().take(number).any(|earlier| earlier.name == *name) {
            problems.add(key("name"), format!("`{name}` is the name of another"));
        }
        match Url::parse(&enricher.url) {
            Ok(url) if !url.username().is_empty() || url.password().is_some() => problems.add(
                key("url"),
                "holds a user name or password: give a token or token_file",
            ),
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.fragment().is_none() => {}
            _ => problems.add(key("url"), "expected an http or https URL"),
        }
        let is_language =
            |tag: &String| (2..=3).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_lowercase());
        if !enricher.languages.iter().all(is_language) {
            problems.add(
                key("languages"),
                "expected languages of two or three small letters, as `en`",
            );
        }
        if let Some(file) = &enricher.ca_file
            && let Err(error) = std::fs::File::open(file)
        {
            problems.add(key("ca_file"), format!("{file} cannot be read: {error}"));
        }
        let is_header = |token: &Secret| token.expose().bytes().all(|b| b.is_ascii_graphic());
        if !enricher.token.as_ref().is_none_or(is_header) {
            problems.add(key("token"), "holds a character that no token has");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_number() {
        let good = EnricherConfig {
            name: "spacy".to_owned(),
            url: "http://10.0.0.7:8000/enrich".to_owned(),
            ..EnricherConfig::default()
        };
        let told = |change: &dyn Fn(&mut EnricherConfig)| {
            let mut changed = good.clone();
            changed.name = "other".to_owned();
            change(&mut changed);
            let mut problems = ConfigProblems::default();
            check(&[good.clone(), changed], &mut problems);
            problems.list().iter().map(|p| p.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(told(&|_| ()), [""; 0]);
        type Change = fn(&mut EnricherConfig);
        let changes: [(Change, &str); 9] = [
            (|e| e.name = "spacy".to_owned(), "name"),
            (|e| e.name = "Spa Cy".to_owned(), "name"),
            (|e| e.name = "dateline".to_owned(), "name"),
            (|e| e.url = "ftp://x/".to_owned(), "url"),
            (|e| e.url = "http://u:p@x/".to_owned(), "url"),
            (|e| e.url = String::new(), "url"),
            (|e| e.languages = vec!["en-US".to_owned()], "languages"),
            (|e| e.ca_file = Some("/nowhere/ca.pem".to_owned()), "ca_file"),
            (|e| e.token = Some(Secret::new("a\nb")), "token"),
        ];
        for (change, name) in changes {
            assert_eq!(told(&change), [format!("enrichers.2.{name}")]);
        }
    }
}
