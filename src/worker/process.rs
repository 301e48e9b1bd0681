//! One record to exactly one `Outcome`: decode, accept, enrich, encode. Pure: the time comes in, timings go to the
//! observer; never knows Kafka. A panic within is a rejection of that record alone.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

use thiserror::Error;

use crate::accept;
use crate::article::Article;
use crate::article::Flag;
use crate::article::Given;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::config::Config;
use crate::config::FetchFailure;
use crate::config::FormChoice;
use crate::config::Tombstones;
use crate::decode;
use crate::decode::DecodeSettings;
use crate::encode;
use crate::encode::Framing;
use crate::encode::RunInfo;
use crate::encode::Wanted;
use crate::enrich::Enricher;
use crate::enrich::EnricherError;
use crate::enrich::topics::Explanation;
use crate::limits::Limits;
use crate::record::Outcome;
use crate::record::Record;
use crate::record::SkipReason;
use crate::record::Step;
use crate::record::StepObserver;
use crate::worker::seams::FetchedPage;
use crate::worker::seams::PageAnswer;

/// Largest payload that may be no more than a URL.
const URL_ONLY_BYTES_MAX: usize = 64 * 1024;

/// What became of the page of an article that is only a URL.
#[derive(Debug, Clone, PartialEq)]
pub enum Fetched {
    /// The article that it shows.
    Article(Box<RawArticle>),
    /// None, and a word of a closed list for why.
    Failed(&'static str),
}

/// Why a `Processor` cannot be made.
#[derive(Debug, Error)]
pub enum ProcessorError {
    /// The models do not load.
    #[error("the models cannot be loaded: {0}")]
    Enricher(#[from] EnricherError),
}

/// Everything that one record's way needs, shared by all threads.
#[derive(Debug, Clone)]
pub struct Processor {
    enricher: Arc<Enricher>,
    settings: DecodeSettings,
    limits: Limits,
    tombstones: Tombstones,
    output: Wanted,
    fetch_failure: FetchFailure,
    /// What all records share; models and time are those of each.
    run: RunInfo,
}

impl Processor {
    /// Loads the models and takes the settings.
    pub fn new(config: &Config) -> Result<Self, ProcessorError> {
        let enricher = Enricher::new(&config.enrich, &config.names, &config.topics)?;
        let run = RunInfo {
            worker_version: env!("CARGO_PKG_VERSION").to_owned(),
            models: Vec::new(),
            vocabulary_version: enricher.vocabulary_version().to_owned(),
            ce_source: format!("/dateline/{}", config.kafka.group_id),
            processed_at_ms: 0,
        };
        let form = match config.input.form {
            FormChoice::Auto => decode::FormChoice::Auto,
            FormChoice::Json => decode::FormChoice::Json,
            FormChoice::Ninjs => decode::FormChoice::Ninjs,
            FormChoice::Wire => decode::FormChoice::Wire,
            FormChoice::Html => decode::FormChoice::Html,
            FormChoice::Xml => decode::FormChoice::Xml,
            FormChoice::Mail => decode::FormChoice::Mail,
        };
        Ok(Self {
            enricher: Arc::new(enricher),
            settings: DecodeSettings {
                form,
                passthrough_fields: config.input.passthrough_fields.clone(),
            },
            limits: Limits {
                payload_bytes_max: config.input.payload_bytes_max,
                ..Limits::default()
            },
            tombstones: config.input.tombstones,
            output: Wanted {
                form: config.output.form,
                event: config.output.event,
                framing: None,
            },
            fetch_failure: config.fetch.on_failure,
            run,
        })
    }

    /// The same, its records framed for readers that ask a schema registry.
    pub fn framed(&self, framing: Option<Framing>) -> Self {
        let mut framed = self.clone();
        framed.output.framing = framing;
        framed
    }

    /// The models, ready to read.
    pub fn enricher(&self) -> &Enricher {
        &self.enricher
    }

    /// What becomes of `record` at `now_ms` (milliseconds since 1970), which only `provenance` and `ce_time` show.
    pub fn process(&self, record: &Record, now_ms: i64, observer: &mut dyn StepObserver) -> Outcome {
        self.process_fetched(record, None, now_ms, observer)
    }

    /// The URL of a record that is no more than that.
    pub fn url_only(&self, record: &Record) -> Option<String> {
        let value = record
            .value
            .as_deref()
            .filter(|value| value.len() <= URL_ONLY_BYTES_MAX)?;
        let read = || {
            decode::decode(
                value,
                record.header_text("content-type"),
                &self.settings,
                &self.limits,
            )
            .ok()
        };
        let raw = catch_unwind(AssertUnwindSafe(read)).ok()??;
        let texts = [&raw.headline, &raw.summary, &raw.body];
        let is_blank = texts
            .into_iter()
            .flatten()
            .all(|text| text.as_str().trim().is_empty());
        raw.url.filter(|_| is_blank)
    }

    /// Reads a page that was asked for.
    pub fn read_page(&self, answer: PageAnswer) -> Fetched {
        let read = |page: FetchedPage| {
            let page = decode::decode(
                &page.body,
                page.content_type.as_deref(),
                &DecodeSettings::default(),
                &self.limits,
            );
            page.map_or(Fetched::Failed("unreadable"), |article| {
                Fetched::Article(Box::new(article))
            })
        };
        match answer {
            Ok(page) => catch_unwind(AssertUnwindSafe(|| read(page))).unwrap_or(Fetched::Failed("panicked")),
            Err(reason) => Fetched::Failed(reason),
        }
    }

    /// What becomes of `record`, whose page was asked for.
    pub fn process_fetched(
        &self,
        record: &Record,
        fetched: Option<&Fetched>,
        now_ms: i64,
        observer: &mut dyn StepObserver,
    ) -> Outcome {
        let Some(value) = record.value.as_deref() else {
            return self.tombstone(record);
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let article = self.accepted(record, value, fetched, observer)?;
            Ok(self.published(article, record, now_ms, observer))
        }));
        match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok::<Result<_, Rejection>, _>(Err(rejection)) => Outcome::Rejected(rejection),
            Err(_) => Outcome::Rejected(Rejection::new(
                RejectionCode::Panicked,
                "enriching this record panicked",
            )),
        }
    }

    /// Why topics are said of the article in `record`; empty where it is none.
    pub fn explain(&self, record: &Record) -> Vec<Explanation> {
        let value = record.value.as_deref().unwrap_or_default();
        let content_type = record.header_text("content-type");
        let explained = catch_unwind(AssertUnwindSafe(|| {
            let raw = decode::decode(value, content_type, &self.settings, &self.limits)?;
            let article = accept::accept(raw, &self.limits)?;
            Ok::<_, Rejection>(self.enricher.explain(&article, &self.limits))
        }));
        explained.ok().and_then(Result::ok).unwrap_or_default()
    }

    fn tombstone(&self, record: &Record) -> Outcome {
        match self.tombstones {
            Tombstones::Pass => Outcome::PassedThrough(encode::pass_through(record)),
            Tombstones::Drop => Outcome::Skipped(SkipReason::Tombstone),
            Tombstones::DeadLetter => {
                Outcome::Rejected(Rejection::new(RejectionCode::Tombstone, "the value is null"))
            }
        }
    }

    fn accepted(
        &self,
        record: &Record,
        value: &[u8],
        fetched: Option<&Fetched>,
        observer: &mut dyn StepObserver,
    ) -> Result<Article, Rejection> {
        let content_type = record.header_text("content-type");
        let raw = decode::decode(value, content_type, &self.settings, &self.limits)?;
        observer.finished(Step::Decode);
        let article = accept::accept(raw, &self.limits)?;
        let article = match fetched.filter(|_| article.flags.contains(&Flag::UrlOnly)) {
            Some(fetched) => self.with_page(article, fetched)?,
            None => article,
        };
        observer.finished(Step::Accept);
        Ok(article)
    }

    /// An article that was only a URL, with what its page says. What the record itself says goes before, and
    /// its id is the same whether the page was had or not.
    fn with_page(&self, article: Article, fetched: &Fetched) -> Result<Article, Rejection> {
        let reason = match fetched {
            Fetched::Article(page) => {
                let mut page = (**page).clone();
                page.id = Some(article.id.clone());
                page.url = article.url.clone().or(page.url);
                page.version = article.version.clone().or(page.version);
                page.published_at = article.published_at.clone().or(page.published_at);
                page.updated_at = article.updated_at.clone().or(page.updated_at);
                page.publisher = article.publisher.clone().or(page.publisher);
                if !article.bylines.is_empty() {
                    page.bylines.clone_from(&article.bylines);
                }
                if article.given != Given::default() {
                    page.given = article.given.clone();
                }
                match accept::accept(page, &self.limits) {
                    Ok(whole) if !whole.text.is_empty() => return Ok(whole),
                    _ => "unreadable",
                }
            }
            Fetched::Failed(reason) => reason,
        };
        match self.fetch_failure {
            FetchFailure::Publish => Ok(article),
            FetchFailure::DeadLetter => {
                let message = format!("the page cannot be had: {reason}");
                Err(Rejection::new(RejectionCode::FetchFailed, message))
            }
        }
    }

    fn published(
        &self,
        article: Article,
        record: &Record,
        now_ms: i64,
        observer: &mut dyn StepObserver,
    ) -> Outcome {
        let enriched = self.enricher.enrich(article, &self.limits, observer);
        let took_part = self.enricher.models().iter().filter(|m| m.took_part(&enriched));
        let models = took_part.map(|m| encode::ModelInfo {
            name: m.name.clone(),
            version: m.version.clone(),
        });
        let run = RunInfo {
            models: models.collect(),
            processed_at_ms: now_ms,
            ..self.run.clone()
        };
        let output = encode::encode(&enriched, record, &run, &self.output);
        observer.finished(Step::Encode);
        output.map_or_else(
            || {
                Outcome::Rejected(Rejection::new(
                    RejectionCode::Panicked,
                    "the record does not fit its schema",
                ))
            },
            Outcome::Enriched,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EnrichConfig;
    use crate::record::Origin;

    fn record(value: Option<&str>) -> Record {
        Record {
            origin: Origin {
                kafka_topic: Arc::from("articles.raw"),
                partition: 0,
                offset: 7,
            },
            timestamp_ms: None,
            key: Some(b"k".to_vec()),
            value: value.map(|v| v.as_bytes().to_vec()),
            headers: Vec::new(),
        }
    }

    fn processor(change: impl FnOnce(&mut Config)) -> Processor {
        let mut config = Config::default();
        change(&mut config);
        Processor::new(&config).unwrap()
    }

    fn code(outcome: &Outcome) -> &'static str {
        match outcome {
            Outcome::Rejected(rejection) => rejection.code.code(),
            Outcome::Skipped(reason) => reason.code(),
            Outcome::PassedThrough(_) => "passed",
            Outcome::Enriched(_) => "enriched",
        }
    }

    #[test]
    fn tombstones_go_as_configured() {
        for (tombstones, expected) in [
            (Tombstones::Pass, "passed"),
            (Tombstones::Drop, "tombstone"),
            (Tombstones::DeadLetter, "tombstone"),
        ] {
            let processor = processor(|config| config.input.tombstones = tombstones);
            let outcome = processor.process(&record(None), 0, &mut ());
            assert_eq!(code(&outcome), expected);
            assert_eq!(
                matches!(outcome, Outcome::Rejected(_)),
                tombstones == Tombstones::DeadLetter
            );
        }
    }

    #[test]
    fn every_record_has_one_outcome() {
        let processor = processor(|config| config.input.payload_bytes_max = 1_024);
        let long = "x".repeat(2_000);
        for (value, expected) in [
            (
                r#"{"title": "Rain in Paris", "body": "It rained in Paris."}"#,
                "enriched",
            ),
            ("", "empty"),
            ("{", "invalid_json"),
            (r#"{"title": 1.5, "body": []}"#, "wrong_type"),
            ("{}", "no_content"),
            (&long, "too_large"),
        ] {
            assert_eq!(
                code(&processor.process(&record(Some(value)), 0, &mut ())),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_not_wanted_is_absent() {
        let article = record(Some(
            r#"{"title": "Rain in Paris", "body": "It rained in Paris on Monday, officials said."}"#,
        ));
        for wanted in [true, false] {
            let processor = processor(|config| {
                config.enrich = EnrichConfig {
                    topics: wanted,
                    keywords: wanted,
                }
            });
            let Outcome::Enriched(output) = processor.process(&article, 0, &mut ()) else {
                panic!("not enriched")
            };
            let value: serde_json::Value = serde_json::from_slice(&output.value.unwrap()).unwrap();
            assert_eq!(
                (value.get("topics").is_some(), value.get("keywords").is_some()),
                (wanted, wanted)
            );
        }
    }

    #[test]
    fn models_are_those_that_took_part() {
        let body =
            "Il a plu lundi \u{e0} Paris, ont dit les autorit\u{e9}s de la ville, et la pluie va durer.";
        let english = "It rained in Paris on Monday, officials of the city said, and the rain will go on.";
        for (status, body, expected) in [
            ("usable", english, 4),
            ("usable", body, 0),
            ("withheld", english, 0),
            ("canceled", ".", 0),
        ] {
            let payload =
                serde_json::json!({ "uri": "urn:1", "pubstatus": status, "type": "text", "body_text": body });
            let record = record(Some(&payload.to_string()));
            let Outcome::Enriched(output) = processor(|_| ()).process(&record, 0, &mut ()) else {
                panic!("not enriched")
            };
            let value: serde_json::Value = serde_json::from_slice(&output.value.unwrap()).unwrap();
            assert_eq!(
                value["provenance"]["models"].as_array().unwrap().len(),
                expected,
                "{value}"
            );
            assert!(!value["flags"].to_string().contains("undetermined"), "{value}");
        }
    }

    #[test]
    fn an_article_that_is_only_a_url_becomes_what_its_page_says() {
        let given = record(Some(
            r#"{"url": "https://andes.example/a?utm_source=x", "published_at": "2024-01-22"}"#,
        ));
        let publish = processor(|_| ());
        assert_eq!(
            publish.url_only(&given).as_deref(),
            Some("https://andes.example/a?utm_source=x")
        );
        assert_eq!(
            publish.url_only(&record(Some(
                r#"{"url": "https://andes.example/a", "title": "T"}"#
            ))),
            None
        );
        let read = |body: &[u8]| {
            publish.read_page(Ok(FetchedPage {
                body: body.to_vec(),
                content_type: Some("text/html".to_owned()),
            }))
        };
        let value = |outcome: &Outcome| match outcome {
            Outcome::Enriched(output) => serde_json::from_slice(output.value.as_deref().unwrap()).unwrap(),
            other => panic!("{other:?}"),
        };
        let alone: serde_json::Value = value(&publish.process(&given, 0, &mut ()));
        let page = read(include_bytes!("../../tests/forms/page-json-ld.html"));
        let whole: serde_json::Value = value(&publish.process_fetched(&given, Some(&page), 0, &mut ()));
        assert_eq!((&whole["id"], &whole["url"]), (&alone["id"], &alone["url"]));
        assert_eq!(
            (&whole["published_at"], &whole["publisher"]),
            (&"2024-01-22".into(), &"Andes Daily".into())
        );
        assert_eq!(whole["headline"], "Copper mine in Chile halts work after tremor");
        assert!(
            whole["entities"].is_array() && whole["flags"] == serde_json::json!([]),
            "{whole}"
        );
        let strict = processor(|config| config.fetch.on_failure = FetchFailure::DeadLetter);
        for failed in [read(b"<html>no"), publish.read_page(Err("timeout"))] {
            assert_eq!(
                value(&publish.process_fetched(&given, Some(&failed), 0, &mut ())),
                alone
            );
            assert_eq!(
                code(&strict.process_fetched(&given, Some(&failed), 0, &mut ())),
                "fetch_failed"
            );
        }
    }

    #[test]
    fn a_panic_rejects_its_record_alone() {
        struct Panics;
        impl StepObserver for Panics {
            fn finished(&mut self, _step: Step) {
                panic!("on purpose");
            }
        }
        let outcome = processor(|_| ()).process(&record(Some(r#"{"title": "x"}"#)), 0, &mut Panics);
        assert_eq!(code(&outcome), "panicked");
    }
}
