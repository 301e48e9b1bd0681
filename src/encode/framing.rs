//! Confluent's wire format: a value that begins with the number of its schema in a registry. Never asks a registry.

use std::sync::Arc;

use serde::Serialize;

use crate::encode::avro::Avro;

/// What stands before the value: this byte, then the schema's number, highest byte first.
const MAGIC: u8 = 0;
const PREFIX_BYTES: usize = 5;

/// How values are framed for readers that ask a schema registry.
#[derive(Debug, Clone)]
pub struct Framing {
    schema_id: u32,
    schema_uri: String,
    avro: Option<Arc<Avro>>,
}

impl Framing {
    /// Values as Avro where `avro` is given, else as JSON. `schema_uri` names the schema for readers without a
    /// registry.
    pub const fn new(schema_id: u32, schema_uri: String, avro: Option<Arc<Avro>>) -> Self {
        Self {
            schema_id,
            schema_uri,
            avro,
        }
    }

    /// The content type: no reader may take the value for plain JSON or an Avro file.
    pub const fn content_type(&self) -> &'static str {
        match self.avro {
            Some(_) => "application/vnd.confluent.avro",
            None => "application/vnd.confluent.json",
        }
    }

    /// The URI of the schema.
    pub fn schema_uri(&self) -> &str {
        &self.schema_uri
    }

    /// The framed value; `None` where the record does not fit its schema.
    pub(super) fn frame(&self, record: &impl Serialize) -> Option<Vec<u8>> {
        let mut value = vec![MAGIC];
        value.extend(self.schema_id.to_be_bytes());
        match &self.avro {
            Some(avro) => value.extend(avro.write(&serde_json::to_value(record).ok()?)?),
            None => serde_json::to_writer(&mut value, record).ok()?,
        }
        Some(value)
    }

    /// The record's JSON in a framed value, for people to read; `None` where the value is not one of ours.
    pub fn unframe(&self, value: &[u8]) -> Option<Vec<u8>> {
        let (prefix, record) = value.split_at_checked(PREFIX_BYTES)?;
        if prefix.split_first() != Some((&MAGIC, self.schema_id.to_be_bytes().as_slice())) {
            return None;
        }
        match &self.avro {
            Some(avro) => serde_json::to_vec(&avro.read(record)?).ok(),
            None => Some(record.to_vec()),
        }
    }
}
