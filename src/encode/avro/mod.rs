//! Record v1 in Avro: its schema and its binary form, both derived from the record's JSON Schema, so that they cannot
//! say another thing than the JSON does. Knows no registry and no Kafka.

mod binary;
mod shape;

#[cfg(test)]
mod tests;

use serde_json::Value as Json;

use crate::encode::schema;

pub use shape::Unknown;

/// The Avro form of record v1.
#[derive(Debug, Clone, PartialEq)]
pub struct Avro {
    shape: shape::Shape,
}

impl Avro {
    /// Derives the form from the JSON Schema of record v1.
    ///
    /// # Errors
    /// Where the schema says something that has no form in Avro here.
    pub fn record() -> Result<Self, Unknown> {
        Self::of(&schema::record(), schema::RECORD_NAME)
    }

    fn of(schema: &Json, name: &str) -> Result<Self, Unknown> {
        Ok(Self {
            shape: shape::derive(schema, name)?,
        })
    }

    /// The Avro schema.
    pub fn schema(&self) -> Json {
        self.shape.schema()
    }

    /// A record's JSON in Avro's binary form; `None` where it does not fit the schema.
    pub fn write(&self, record: &Json) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        binary::write(&self.shape, record, &mut bytes)?;
        Some(bytes)
    }

    /// The record's JSON again; `None` where the bytes do not fit the schema.
    pub fn read(&self, mut bytes: &[u8]) -> Option<Json> {
        let record = binary::read(&self.shape, &mut bytes)?;
        bytes.is_empty().then_some(record)
    }
}
