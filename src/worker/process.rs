//! One record to exactly one `Outcome`: decode, accept, enrich, encode. Pure: the time comes in, timings go to the
//! observer; never knows Kafka. A panic within is a rejection of that record alone.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use thiserror::Error;

use crate::accept;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::config::Config;
use crate::config::FormChoice;
use crate::config::Tombstones;
use crate::decode;
use crate::decode::DecodeSettings;
use crate::encode;
use crate::encode::RunInfo;
use crate::enrich::Enricher;
use crate::enrich::EnricherError;
use crate::limits::Limits;
use crate::record::Outcome;
use crate::record::Record;
use crate::record::SkipReason;
use crate::record::Step;
use crate::record::StepObserver;

/// Why a `Processor` cannot be made.
#[derive(Debug, Error)]
pub enum ProcessorError {
    /// The models do not load.
    #[error("the models cannot be loaded: {0}")]
    Enricher(#[from] EnricherError),
}

/// Everything that one record's way needs, shared by all threads.
#[derive(Debug)]
pub struct Processor {
    enricher: Enricher,
    settings: DecodeSettings,
    limits: Limits,
    tombstones: Tombstones,
    /// What all records share; models and time are those of each.
    run: RunInfo,
}

impl Processor {
    /// Loads the models and takes the settings.
    pub fn new(config: &Config) -> Result<Self, ProcessorError> {
        let enricher = Enricher::new(&config.enrich, &config.names)?;
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
        };
        Ok(Self {
            enricher,
            settings: DecodeSettings {
                form,
                passthrough_fields: config.input.passthrough_fields.clone(),
            },
            limits: Limits {
                payload_bytes_max: config.input.payload_bytes_max,
                ..Limits::default()
            },
            tombstones: config.input.tombstones,
            run,
        })
    }

    /// The models, ready to read.
    pub fn enricher(&self) -> &Enricher {
        &self.enricher
    }

    /// What becomes of `record` at `now_ms` (milliseconds since 1970), which only `provenance` and `ce_time` show.
    pub fn process(&self, record: &Record, now_ms: i64, observer: &mut dyn StepObserver) -> Outcome {
        let Some(value) = record.value.as_deref() else {
            return self.tombstone(record);
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| self.article(record, value, now_ms, observer)));
        match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(rejection)) => Outcome::Rejected(rejection),
            Err(_) => Outcome::Rejected(Rejection::new(
                RejectionCode::Panicked,
                "enriching this record panicked",
            )),
        }
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

    fn article(
        &self,
        record: &Record,
        value: &[u8],
        now_ms: i64,
        observer: &mut dyn StepObserver,
    ) -> Result<Outcome, Rejection> {
        let content_type = record.header_text("content-type");
        let raw = decode::decode(value, content_type, &self.settings, &self.limits)?;
        observer.finished(Step::Decode);
        let article = accept::accept(raw, &self.limits)?;
        observer.finished(Step::Accept);
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
        let output = encode::encode(&enriched, record, &run);
        observer.finished(Step::Encode);
        Ok(Outcome::Enriched(output))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
            assert!(!value["flags"].to_string().contains("language"), "{value}");
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
