//! Asks the schema registry, at start, for the number that stands before each output record. Never sees a record.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tracing::info;

use crate::config::Config;
use crate::config::SchemaFormat;
use crate::config::SchemaRegistryConfig;
use crate::config::SubjectName;
use crate::encode::Framing;
use crate::encode::avro::Avro;
use crate::encode::schema;
use crate::http::registry::Registry;
use crate::http::registry::RegistryAuth;
use crate::http::registry::RegistryError;
use crate::http::registry::SchemaKind;
use crate::kafka::startup::Cluster;
use crate::kafka::startup::NotReady;

/// The framing of output records, where a registry is configured.
///
/// # Errors
/// A `RegistryError` where the registry refuses or cannot be asked.
pub async fn framing(config: &Config) -> anyhow::Result<Option<Framing>> {
    let settings = &config.output.schema_registry;
    let Some(url) = &settings.url else {
        return Ok(None);
    };
    let ca = match &settings.ca_file {
        Some(file) => Some(std::fs::read(file).with_context(|| format!("ca_file {file} cannot be read"))?),
        None => None,
    };
    let patience = Duration::from_millis(u64::from(settings.timeout_ms));
    let registry = Registry::new(url, auth(settings), ca.as_deref(), patience)?;
    let avro = match settings.format {
        SchemaFormat::Avro => Some(Arc::new(Avro::record()?)),
        SchemaFormat::JsonSchema => None,
    };
    let (schema, kind) = match &avro {
        Some(avro) => (avro.schema(), SchemaKind::Avro),
        None => (schema::record_draft7(), SchemaKind::Json),
    };
    let subject = subject(settings.subject, &config.kafka.output_topic);
    let id = registry
        .schema_id(&subject, &schema, kind, settings.auto_register)
        .await?;
    info!(
        subject,
        schema_id = id,
        "the schema registry knows what is written"
    );
    Ok(Some(Framing::new(id, registry.schema_uri(id), avro)))
}

fn auth(settings: &SchemaRegistryConfig) -> RegistryAuth {
    match (&settings.username, &settings.password, &settings.token) {
        (Some(user), Some(password), _) => RegistryAuth::Basic(user.clone(), password.expose().to_owned()),
        (_, _, Some(token)) => RegistryAuth::Bearer(token.expose().to_owned()),
        _ => RegistryAuth::None,
    }
}

fn subject(named: SubjectName, output_topic: &str) -> String {
    match named {
        SubjectName::Topic => format!("{output_topic}-value"),
        SubjectName::Record => schema::RECORD_NAME.to_owned(),
        SubjectName::TopicRecord => format!("{output_topic}-{}", schema::RECORD_NAME),
    }
}

/// What the cluster and the registry say at start: both answers, or everything that is wrong with either.
///
/// # Errors
/// A `NotReady`, unless something of ours failed.
pub fn both_ready(
    cluster: Result<Cluster, NotReady>,
    framing: anyhow::Result<Option<Framing>>,
) -> anyhow::Result<(Cluster, Option<Framing>)> {
    let framing = match framing {
        Ok(framing) => Ok(framing),
        Err(error) => {
            let told = format!("output.schema_registry: {error:#}");
            Err(match error.downcast()? {
                RegistryError::Refused(_) => NotReady::Problems(vec![told]),
                RegistryError::Unreachable(_) => NotReady::Unreachable(told),
            })
        }
    };
    Err(match (cluster, framing) {
        (Ok(cluster), Ok(framing)) => return Ok((cluster, framing)),
        (Err(NotReady::Problems(mut all)), Err(NotReady::Problems(more))) => {
            all.extend(more);
            NotReady::Problems(all)
        }
        (Err(NotReady::Unreachable(_)), Err(NotReady::Problems(all))) => NotReady::Problems(all),
        (Err(problem), _) | (Ok(_), Err(problem)) => problem,
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_at_start_is_told_at_once() {
        let problems = |what: &str| NotReady::Problems(vec![what.to_owned()]);
        let unreachable = |what: &str| NotReady::Unreachable(what.to_owned());
        let refused = RegistryError::Refused("no".to_owned());
        let absent = || RegistryError::Unreachable("gone".to_owned());
        for (cluster, registry, expected) in [
            (
                problems("topic"),
                Some(refused),
                "topic\n  - output.schema_registry: no",
            ),
            (problems("topic"), Some(absent()), "topic"),
            (problems("topic"), None, "topic"),
            (unreachable("broker"), Some(absent()), "broker"),
        ] {
            let framing = registry.map_or(Ok(None), |error| Err(error.into()));
            let told = both_ready(Err(cluster), framing).unwrap_err();
            assert!(told.to_string().ends_with(expected), "{told}");
            assert!(told.is::<NotReady>());
        }
    }

    #[test]
    fn subjects_are_named_as_by_confluent() {
        for (named, expected) in [
            (SubjectName::Topic, "out-value"),
            (SubjectName::Record, "dateline.RecordV1"),
            (SubjectName::TopicRecord, "out-dateline.RecordV1"),
        ] {
            assert_eq!(subject(named, "out"), expected);
        }
    }
}
