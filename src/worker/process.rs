//! One record to one outcome: decode, accept, enrich, encode. Pure: no clock, no I/O; a panic becomes a rejection of that record.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use thiserror::Error;

use crate::accept::accept;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::config::Config;
use crate::config::FormChoice as ConfiguredForm;
use crate::config::Tombstones;
use crate::decode::DecodeSettings;
use crate::decode::FormChoice;
use crate::decode::decode;
use crate::encode;
use crate::encode::RunInfo;
use crate::enrich::Enricher;
use crate::enrich::EnricherError;
use crate::enrich::ModelInfo;
use crate::limits::Limits;
use crate::record::Outcome;
use crate::record::Record;
use crate::record::SkipReason;
use crate::record::Step;
use crate::record::StepObserver;

/// The processor cannot be made.
#[derive(Debug, Error)]
#[error("the models cannot be loaded: {0}")]
pub struct ProcessorError(#[from] EnricherError);

/// Everything that turns a record into its outcome.
pub struct Processor {
    enricher: Enricher,
    decode: DecodeSettings,
    tombstones: Tombstones,
    limits: Limits,
    run: RunInfo,
}

impl Processor {
    /// Loads the models and fixes the settings.
    ///
    /// # Errors
    /// Where a model is damaged.
    pub fn new(config: &Config) -> Result<Self, ProcessorError> {
        let enricher = Enricher::new()?;
        let form = match config.input.form {
            ConfiguredForm::Auto => FormChoice::Auto,
            ConfiguredForm::Json => FormChoice::Json,
            ConfiguredForm::Ninjs => FormChoice::Ninjs,
            ConfiguredForm::Wire => FormChoice::Wire,
        };
        let models = enricher
            .models()
            .iter()
            .map(|m| encode::ModelInfo { name: m.name.clone(), version: m.version.clone() })
            .collect();
        let run = RunInfo {
            worker_version: env!("CARGO_PKG_VERSION").to_owned(),
            models,
            vocabulary_version: enricher.vocabulary_version().to_owned(),
            ce_source: format!("/dateline/{}", config.kafka.group_id),
            processed_at_ms: 0,
        };
        Ok(Self {
            enricher,
            decode: DecodeSettings { form, passthrough_fields: config.input.passthrough_fields.clone() },
            tombstones: config.input.tombstones,
            limits: Limits { payload_bytes_max: config.input.payload_bytes_max, ..Limits::default() },
            run,
        })
    }

    /// The models in use.
    pub fn models(&self) -> &[ModelInfo] {
        self.enricher.models()
    }

    /// Version of the topic vocabulary.
    pub fn vocabulary_version(&self) -> &str {
        self.enricher.vocabulary_version()
    }

    /// One record to its one outcome. `now_ms` is written into the record's provenance and nowhere else.
    pub fn process(&self, record: &Record, now_ms: i64, observer: &mut dyn StepObserver) -> Outcome {
        let Some(value) = record.value.as_deref() else { return self.tombstone(record) };
        let result = catch_unwind(AssertUnwindSafe(|| self.enriched(record, value, now_ms, observer)));
        match result {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(rejection)) => Outcome::Rejected(rejection),
            Err(_) => Outcome::Rejected(Rejection::new(
                RejectionCode::Panicked,
                "enriching this record panicked: a defect of dateline, kept for replay",
            )),
        }
    }

    fn enriched(
        &self,
        record: &Record,
        value: &[u8],
        now_ms: i64,
        observer: &mut dyn StepObserver,
    ) -> Result<Outcome, Rejection> {
        let raw = decode(value, record.header_text("content-type"), &self.decode, &self.limits)?;
        observer.finished(Step::Decode);
        let article = accept(raw, &self.limits)?;
        observer.finished(Step::Accept);
        let enriched = self.enricher.enrich(article, &self.limits, observer);
        let run = RunInfo { processed_at_ms: now_ms, ..self.run.clone() };
        let output = encode::encode(&enriched, record, &run);
        observer.finished(Step::Encode);
        Ok(Outcome::Enriched(output))
    }

    fn tombstone(&self, record: &Record) -> Outcome {
        match self.tombstones {
            Tombstones::Pass => Outcome::PassedThrough(encode::pass_through(record)),
            Tombstones::Drop => Outcome::Skipped(SkipReason::Tombstone),
            Tombstones::DeadLetter => {
                Outcome::Rejected(Rejection::new(RejectionCode::Tombstone, "a null value, and tombstones = \"dead_letter\""))
            }
        }
    }
}
