//! An `EnrichedArticle` as record v1. Borrows all text; changes nothing but units.

use jiff::Timestamp;

use crate::article::ByteSpan;
use crate::article::Dateline;
use crate::article::DatelineDate;
use crate::article::EnrichedArticle;
use crate::article::Entity;
use crate::article::EntityType;
use crate::article::Field;
use crate::article::Flag;
use crate::article::Given;
use crate::article::InputForm;
use crate::article::TopicTag;
use crate::encode::RunInfo;
use crate::encode::code_points::CodePoints;
use crate::encode::record_v1::*;
use crate::encode::sha256;
use crate::record::Record;

/// Prefix of a Media Topic's code, and of its URI.
const CODE_PREFIX: &str = "medtop:";
const URI_PREFIX: &str = "http://cv.iptc.org/newscodes/mediatopic/";

pub(super) fn record<'a>(
    enriched: &'a EnrichedArticle,
    record: &'a Record,
    run: &'a RunInfo,
    content_sha256: &'a str,
) -> RecordV1<'a> {
    let article = &enriched.article;
    let offsets = Offsets::new(enriched);
    let topic = |tag: &'a TopicTag| TopicV1 {
        code: &tag.code,
        uri: topic_uri(&tag.code),
        name: &tag.name,
        level: tag.level,
        confidence: tag.confidence.as_f64(),
        ancestors: &tag.ancestors,
        found_by: &tag.found_by,
    };
    RecordV1 {
        schema_version: SchemaVersion::V1,
        id: &article.id,
        url: article.url.as_deref(),
        canonical_url: article.canonical_url.as_deref(),
        version: article.version.as_deref(),
        headline: article.headline.as_deref(),
        text: &article.text,
        summary: article.summary.as_deref(),
        text_sha256: sha256(article.text.as_bytes()),
        content_sha256,
        language: &article.language,
        published_at: article.published_at.as_deref(),
        updated_at: article.updated_at.as_deref(),
        publisher: article.publisher.as_deref(),
        agency: article.agency.as_deref(),
        bylines: &article.bylines,
        dateline: article
            .dateline
            .as_ref()
            .and_then(|dateline| offsets.dateline(dateline)),
        entities: enriched
            .entities
            .as_ref()
            .map(|all| all.iter().map(|one| offsets.entity(one)).collect()),
        topics: enriched
            .topics
            .as_ref()
            .map(|all| all.iter().map(topic).collect()),
        keywords: enriched.keywords.as_ref().map(|all| {
            all.iter()
                .map(|word| KeywordV1 {
                    text: &word.text,
                    score: word.score.as_f64(),
                })
                .collect()
        }),
        given: given(&article.given),
        counts: CountsV1 {
            characters: enriched.counts.characters,
            words: enriched.counts.words,
            sentences: enriched.counts.sentences,
            mentions: enriched.counts.mentions,
        },
        flags: article.flags.iter().copied().map(flag).collect(),
        provenance: provenance(enriched, record, run),
    }
}

/// The URI of a Media Topic's code.
pub(super) fn topic_uri(code: &str) -> Option<String> {
    code.strip_prefix(CODE_PREFIX)
        .map(|number| format!("{URI_PREFIX}{number}"))
}

/// A time in milliseconds since 1970 as RFC 3339 in UTC; `None` outside the years -9999 to 9999.
pub(super) fn time(ms: i64) -> Option<String> {
    Timestamp::from_millisecond(ms)
        .ok()
        .map(|time| format!("{time:.3}"))
}

/// The two strings that offsets refer to, and the code points of every offset in use.
struct Offsets<'a> {
    headline: (&'a str, CodePoints),
    text: (&'a str, CodePoints),
}

impl<'a> Offsets<'a> {
    fn new(enriched: &'a EnrichedArticle) -> Self {
        let (mut in_headline, mut in_text) = (Vec::new(), Vec::new());
        in_text.extend(
            enriched
                .article
                .dateline
                .iter()
                .flat_map(|dateline| [dateline.span.start, dateline.span.end]),
        );
        for mention in enriched
            .entities
            .iter()
            .flatten()
            .flat_map(|entity| &entity.mentions)
        {
            let list = match mention.field {
                Field::Headline => &mut in_headline,
                Field::Text => &mut in_text,
            };
            list.extend([mention.span.start, mention.span.end]);
        }
        let headline = enriched.article.headline.as_deref().unwrap_or_default();
        let text = enriched.article.text.as_str();
        Self {
            headline: (headline, CodePoints::new(headline, in_headline)),
            text: (text, CodePoints::new(text, in_text)),
        }
    }

    /// Start, end and slice; `None` for a span that does not fit its string.
    fn locate(&self, field: Field, span: ByteSpan) -> Option<(usize, usize, &'a str)> {
        let (text, code_points) = match field {
            Field::Headline => &self.headline,
            Field::Text => &self.text,
        };
        Some((
            code_points.at(span.start)?,
            code_points.at(span.end)?,
            span.of(text)?,
        ))
    }

    fn dateline(&self, dateline: &'a Dateline) -> Option<DatelineV1<'a>> {
        let (start, end, text) = self.locate(Field::Text, dateline.span)?;
        let places = dateline.places.iter();
        Some(DatelineV1 {
            text,
            places: places
                .map(|p| PlaceV1 {
                    name: &p.name,
                    country: p.country.as_deref(),
                })
                .collect(),
            date: dateline.date.map(date),
            agency: dateline.agency.as_deref(),
            start,
            end,
        })
    }

    fn entity(&self, entity: &'a Entity) -> EntityV1<'a> {
        let ids = &entity.ids;
        let any = [&ids.wikidata, &ids.iso3166, &ids.geonames, &ids.ticker]
            .iter()
            .any(|id| id.is_some());
        let mut mentions: Vec<MentionV1<'a>> = entity
            .mentions
            .iter()
            .filter_map(|mention| {
                let (start, end, text) = self.locate(mention.field, mention.span)?;
                let field = match mention.field {
                    Field::Headline => FieldV1::Headline,
                    Field::Text => FieldV1::Text,
                };
                Some(MentionV1 {
                    field,
                    start,
                    end,
                    text,
                })
            })
            .collect();
        mentions.sort_by_key(|mention| (mention.field, mention.start, mention.end));
        EntityV1 {
            kind: entity_type(entity.kind),
            name: &entity.name,
            ids: any.then_some(IdsV1 {
                wikidata: ids.wikidata.as_deref(),
                iso3166: ids.iso3166.as_deref(),
                geonames: ids.geonames.as_deref(),
                ticker: ids.ticker.as_deref(),
            }),
            country: entity.country.as_deref(),
            salience: entity.salience.as_f64(),
            confidence: entity.confidence.as_f64(),
            mentions,
            found_by: &entity.found_by,
        }
    }
}

fn date(date: DatelineDate) -> String {
    match date.year {
        Some(year) => format!("{year:04}-{:02}-{:02}", date.month, date.day),
        None => format!("--{:02}-{:02}", date.month, date.day),
    }
}

fn given(given: &Given) -> Option<GivenV1<'_>> {
    (*given != Given::default()).then(|| GivenV1 {
        subjects: &given.subjects,
        people: &given.people,
        places: &given.places,
        organisations: &given.organisations,
        pub_status: given.pub_status.as_deref(),
        embargoed_until: given.embargoed_until.as_deref(),
        usage_terms: given.usage_terms.as_deref(),
        urgency: given.urgency,
        slugline: given.slugline.as_deref(),
        passthrough: Passthrough(&given.passthrough),
    })
}

fn provenance<'a>(enriched: &EnrichedArticle, record: &'a Record, run: &'a RunInfo) -> ProvenanceV1<'a> {
    let origin = &record.origin;
    ProvenanceV1 {
        worker_version: &run.worker_version,
        models: run
            .models
            .iter()
            .map(|m| ModelV1 {
                name: &m.name,
                version: &m.version,
            })
            .collect(),
        vocabulary_version: enriched
            .topics
            .is_some()
            .then_some(run.vocabulary_version.as_str()),
        input_form: input_form(enriched.article.form),
        source: (!origin.kafka_topic.is_empty()).then_some(SourceV1 {
            kafka_topic: &origin.kafka_topic,
            partition: origin.partition,
            offset: origin.offset,
        }),
        received_at: record.timestamp_ms.and_then(time),
        processed_at: time(run.processed_at_ms),
    }
}

const fn input_form(form: InputForm) -> InputFormV1 {
    match form {
        InputForm::Json => InputFormV1::Json,
        InputForm::Ninjs => InputFormV1::Ninjs,
        InputForm::Wire => InputFormV1::Wire,
        InputForm::Html => InputFormV1::Html,
        InputForm::Feed => InputFormV1::Feed,
        InputForm::NewsmlG2 => InputFormV1::NewsmlG2,
        InputForm::Newsml1 => InputFormV1::Newsml1,
        InputForm::Nitf => InputFormV1::Nitf,
        InputForm::Ritzau => InputFormV1::Ritzau,
        InputForm::Iptc7901 => InputFormV1::Iptc7901,
        InputForm::Anpa1312 => InputFormV1::Anpa1312,
        InputForm::Mail => InputFormV1::Mail,
    }
}

const fn entity_type(kind: EntityType) -> EntityTypeV1 {
    match kind {
        EntityType::Person => EntityTypeV1::Person,
        EntityType::Org => EntityTypeV1::Org,
        EntityType::Gpe => EntityTypeV1::Gpe,
        EntityType::Loc => EntityTypeV1::Loc,
        EntityType::Fac => EntityTypeV1::Fac,
        EntityType::Norp => EntityTypeV1::Norp,
        EntityType::Event => EntityTypeV1::Event,
        EntityType::Work => EntityTypeV1::Work,
        EntityType::Product => EntityTypeV1::Product,
    }
}

const fn flag(flag: Flag) -> FlagV1 {
    match flag {
        Flag::Truncated => FlagV1::Truncated,
        Flag::UrlOnly => FlagV1::UrlOnly,
        Flag::PartialText => FlagV1::PartialText,
        Flag::LanguageUndetermined => FlagV1::LanguageUndetermined,
        Flag::LanguageWithoutModels => FlagV1::LanguageWithoutModels,
        Flag::CharsetDetected => FlagV1::CharsetDetected,
        Flag::TimeZoneMissing => FlagV1::TimeZoneMissing,
        Flag::TimeUnreadable => FlagV1::TimeUnreadable,
        Flag::Utf8Repaired => FlagV1::Utf8Repaired,
        Flag::EnricherMissing => FlagV1::EnricherMissing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_names_are_those_of_the_nouns() {
        for kind in EntityType::ALL {
            assert_eq!(serde_json::to_value(entity_type(kind)).unwrap(), kind.name());
        }
        for form in InputForm::ALL {
            assert_eq!(serde_json::to_value(input_form(form)).unwrap(), form.name());
        }
        for one in Flag::ALL {
            assert_eq!(serde_json::to_value(flag(one)).unwrap(), one.name());
        }
    }

    #[test]
    fn times_are_utc_with_milliseconds() {
        for (ms, text) in [
            (0, Some("1970-01-01T00:00:00.000Z")),
            (1_688_601_600_123, Some("2023-07-06T00:00:00.123Z")),
            (-1, Some("1969-12-31T23:59:59.999Z")),
            (i64::MAX, None),
        ] {
            assert_eq!(time(ms).as_deref(), text, "{ms}");
        }
    }
}
