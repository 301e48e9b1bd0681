//! One record to exactly one `Outcome`: decode, accept, enrich, encode. Pure: the time comes in, timings go to the
//! observer; never knows Kafka. A panic within is a rejection of that record alone.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

use thiserror::Error;

use crate::accept;
use crate::article::Article;
use crate::article::EnrichedArticle;
use crate::article::Flag;
use crate::article::Given;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::config::Config;
use crate::config::EnricherConfig;
use crate::config::EnricherFailure;
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
use crate::enrich::remote;
use crate::enrich::remote::Question;
use crate::enrich::topics::Catalogue;
use crate::enrich::topics::Explanation;
use crate::limits::Limits;
use crate::record::Outcome;
use crate::record::Record;
use crate::record::SkipReason;
use crate::record::Step;
use crate::record::StepObserver;
use crate::worker::seams::Answered;
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

/// An article with all that dateline itself finds in it, before services outside are asked.
#[derive(Debug, Clone)]
pub struct Draft {
    enriched: EnrichedArticle,
    models: Vec<encode::ModelInfo>,
}

impl Draft {
    /// What this service is asked about it, if anything.
    pub fn question(&self, service: &EnricherConfig) -> Option<Question> {
        Question::about(&self.enriched, service)
    }
}

/// What a service was asked for, and what it said.
pub type Reply = (Arc<EnricherConfig>, Answered);

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
    catalogue: Arc<Catalogue>,
    settings: DecodeSettings,
    limits: Limits,
    tombstones: Tombstones,
    output: Wanted,
    fetch_failure: FetchFailure,
    /// What all records share; models and time are those of each.
    run: RunInfo,
    /// Records are decoded, and go on as they are.
    decodes_alone: bool,
}

impl Processor {
    /// Loads the models and takes the settings.
    pub fn new(config: &Config) -> Result<Self, ProcessorError> {
        let enricher = Enricher::new(&config.enrich, &config.names, &config.topics)?;
        let catalogue = Arc::new(Catalogue::new(&config.topics)?);
        let run = RunInfo {
            worker_version: env!("CARGO_PKG_VERSION").to_owned(),
            models: Vec::new(),
            vocabulary_version: catalogue.version().to_owned(),
            ce_source: format!("/dateline/{}", config.kafka.group_id),
            processed_at_ms: 0,
        };
        Ok(Self {
            enricher: Arc::new(enricher),
            catalogue,
            settings: DecodeSettings {
                form: form_choice(config.input.form),
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
            decodes_alone: false,
        })
    }

    /// The same, its records framed for readers that ask a schema registry.
    pub fn framed(&self, framing: Option<Framing>) -> Self {
        let mut framed = self.clone();
        framed.output.framing = framing;
        framed
    }

    /// The same, which decodes what can be decoded and hands it on unchanged: what is left is the cost of the flow.
    pub fn decoding_alone(&self) -> Self {
        let mut alone = self.clone();
        alone.decodes_alone = true;
        alone
    }

    /// The same, where a record's form is the one that it declares or shows.
    pub fn unforced(&self) -> Self {
        let mut unforced = self.clone();
        unforced.settings.form = decode::FormChoice::Auto;
        unforced
    }

    /// The models, ready to read.
    pub fn enricher(&self) -> &Enricher {
        &self.enricher
    }

    /// Every topic that may be said.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
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
        raw.url.filter(|_| is_blank && !raw.given.is_withdrawn())
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
        if self.decodes_alone {
            return self.decoded(record, observer);
        }
        match self.draft(record, fetched, observer) {
            Ok(draft) => self.finish(*draft, Vec::new(), record, (now_ms, observer)),
            Err(outcome) => outcome,
        }
    }

    /// The article in `record`, whose page was asked for, with all that dateline itself finds; else what becomes of the
    /// record.
    pub fn draft(
        &self,
        record: &Record,
        fetched: Option<&Fetched>,
        observer: &mut dyn StepObserver,
    ) -> Result<Box<Draft>, Outcome> {
        let Some(value) = record.value.as_deref() else {
            return Err(self.tombstone(record));
        };
        let drafted = caught(|| {
            let article = self.accepted(record, value, fetched, observer)?;
            Ok(Box::new(self.enriched(article, observer)))
        });
        drafted.map_err(Outcome::Rejected)
    }

    /// What becomes of an article, given what the services said that were asked, and the time with its observer.
    pub fn finish(
        &self,
        mut draft: Draft,
        replies: Vec<Reply>,
        record: &Record,
        (now_ms, observer): (i64, &mut dyn StepObserver),
    ) -> Outcome {
        let finished = caught(|| {
            for (service, answer) in replies {
                self.join(&mut draft, &service, answer)?;
            }
            Ok(self.published(draft, record, now_ms, observer))
        });
        finished.unwrap_or_else(Outcome::Rejected)
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

    fn decoded(&self, record: &Record, observer: &mut dyn StepObserver) -> Outcome {
        let Some(value) = record.value.as_deref() else {
            return self.tombstone(record);
        };
        let content_type = record.header_text("content-type");
        let decoded = caught(|| decode::decode(value, content_type, &self.settings, &self.limits));
        observer.finished(Step::Decode);
        match decoded {
            Ok(_) => Outcome::PassedThrough(encode::pass_through(record)),
            Err(rejection) => Outcome::Rejected(rejection),
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

    fn enriched(&self, article: Article, observer: &mut dyn StepObserver) -> Draft {
        let enriched = self.enricher.enrich(article, &self.limits, observer);
        let took_part = self.enricher.took_part(&enriched, &self.limits);
        let models = took_part.map(|m| encode::ModelInfo {
            name: m.name.clone(),
            version: m.version.clone(),
        });
        Draft {
            models: models.collect(),
            enriched,
        }
    }

    /// Adds what a service found, or does what is wanted where it has no answer. With `wait` there is one, unless the
    /// service cannot answer about this article.
    fn join(&self, draft: &mut Draft, service: &EnricherConfig, answer: Answered) -> Result<(), Rejection> {
        match (answer, service.on_failure) {
            (Ok(findings), _) => {
                draft.models.push(encode::ModelInfo {
                    name: service.name.clone(),
                    version: findings.model.clone(),
                });
                remote::merge(&mut draft.enriched, findings, service, &self.limits);
            }
            (Err(_), EnricherFailure::Publish) => draft.enriched.article.flag(Flag::EnricherMissing),
            (Err(reason), EnricherFailure::Wait | EnricherFailure::DeadLetter) => {
                let message = format!("{} has no answer: {reason}", service.name);
                return Err(Rejection::new(RejectionCode::EnricherFailed, message));
            }
        }
        Ok(())
    }

    fn published(
        &self,
        draft: Draft,
        record: &Record,
        now_ms: i64,
        observer: &mut dyn StepObserver,
    ) -> Outcome {
        let run = RunInfo {
            models: draft.models,
            processed_at_ms: now_ms,
            ..self.run.clone()
        };
        let output = encode::encode(&draft.enriched, record, &run, &self.output);
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

/// The form to decode as, for the configured one.
pub const fn form_choice(configured: FormChoice) -> decode::FormChoice {
    match configured {
        FormChoice::Auto => decode::FormChoice::Auto,
        FormChoice::Json => decode::FormChoice::Json,
        FormChoice::Ninjs => decode::FormChoice::Ninjs,
        FormChoice::Wire => decode::FormChoice::Wire,
        FormChoice::Html => decode::FormChoice::Html,
        FormChoice::Xml => decode::FormChoice::Xml,
        FormChoice::Mail => decode::FormChoice::Mail,
    }
}

/// A panic within is a rejection.
fn caught<T>(work: impl FnOnce() -> Result<T, Rejection>) -> Result<T, Rejection> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Rejection::new(
            RejectionCode::Panicked,
            "enriching this record panicked",
        ))
    })
}

#[cfg(test)]
mod tests;
