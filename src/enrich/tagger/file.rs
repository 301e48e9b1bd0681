//! The file of a trained model: whether it is whole, what it says of itself, and its tensors. Written by `train/`;
//! never knows what the tensors are for.
//!
//! Layout, little endian: eight bytes for the kind of model; a 32 bit number, the version of this layout; a 32 bit
//! number, the length of the header; the header, JSON: `model` and `tensors`; tensors at the places that it names,
//! counted from its end; the SHA-256 of all before.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Digest;
use sha2::Sha256;
use thiserror::Error;

/// The layout that this program reads.
const LAYOUT: u32 = 1;
const CHECKSUM_BYTES: usize = 32;

/// A model file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    /// Other bytes altogether.
    #[error("is not such a model of dateline")]
    Magic,
    /// Another version of the layout.
    #[error(
        "has layout {found}, this program reads {LAYOUT}: export it again, or use the program it was made for"
    )]
    Layout {
        /// The version in the file.
        found: u32,
    },
    /// Bytes are lost or changed.
    #[error("is damaged: its checksum does not fit its content")]
    Checksum,
    /// The header cannot be read.
    #[error("header: {0}")]
    Header(String),
    /// A tensor lacks or does not fit.
    #[error("tensor {name}: {problem}")]
    Tensor {
        /// Which.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<M> {
    model: M,
    tensors: BTreeMap<String, Place>,
}

/// Where a tensor lies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    /// How many bytes.
    length: usize,
    /// First byte, from the end of the header.
    start: usize,
}

/// A file that is whole; `M` is what it says of its model.
#[derive(Debug)]
pub(super) struct ModelFile<M> {
    bytes: Cow<'static, [u8]>,
    /// Name, version, sizes.
    pub(super) model: M,
    tensors: BTreeMap<String, Place>,
    /// First byte after the header.
    body: usize,
}

impl<M: DeserializeOwned> ModelFile<M> {
    /// Checks a file of the kind `magic` and reads its header.
    pub(super) fn new(bytes: Cow<'static, [u8]>, magic: &[u8; 8]) -> Result<Self, ModelError> {
        let rest = bytes.strip_prefix(magic).ok_or(ModelError::Magic)?;
        let (layout, rest) = rest.split_first_chunk().ok_or(ModelError::Checksum)?;
        let found = u32::from_le_bytes(*layout);
        if found != LAYOUT {
            return Err(ModelError::Layout { found });
        }
        let (content, checksum) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or(ModelError::Checksum)?;
        if Sha256::digest(content).as_slice() != checksum {
            return Err(ModelError::Checksum);
        }
        let header = |problem: &str| ModelError::Header(problem.to_owned());
        let (length, rest) = rest.split_first_chunk().ok_or_else(|| header("is missing"))?;
        let length = u32::from_le_bytes(*length) as usize;
        let json = rest.get(..length).ok_or_else(|| header("is cut off"))?;
        let Header { model, tensors } =
            serde_json::from_slice(json).map_err(|error| header(&error.to_string()))?;
        Ok(Self {
            model,
            tensors,
            body: magic.len() + 8 + length,
            bytes,
        })
    }

    /// A tensor of so many floats, all finite.
    pub(super) fn floats(&self, name: &str, count: usize) -> Result<Vec<f32>, ModelError> {
        let place = self.bytes(name, count.saturating_mul(size_of::<f32>()))?;
        let (fours, _) = self.bytes_at(&place).as_chunks();
        let floats: Vec<f32> = fours.iter().map(|four| f32::from_le_bytes(*four)).collect();
        if floats.iter().all(|float| float.is_finite()) {
            Ok(floats)
        } else {
            Err(tensor(name, "holds what is no finite number"))
        }
    }

    /// A tensor that is text, of any length.
    pub(super) fn text(&self, name: &str) -> Result<&str, ModelError> {
        let place = self.place(name)?;
        std::str::from_utf8(self.bytes_at(&place)).map_err(|_| tensor(name, "is not UTF-8"))
    }

    /// Where a tensor of so many bytes lies, for `bytes_at`.
    pub(super) fn bytes(&self, name: &str, length: usize) -> Result<Range<usize>, ModelError> {
        let place = self.place(name)?;
        if place.len() == length {
            Ok(place)
        } else {
            Err(tensor(name, "has another length than the header's sizes ask for"))
        }
    }

    /// The bytes at a place that `bytes` gave.
    pub(super) fn bytes_at(&self, place: &Range<usize>) -> &[u8] {
        self.bytes.get(place.clone()).unwrap_or_default()
    }

    fn place(&self, name: &str) -> Result<Range<usize>, ModelError> {
        let place = self.tensors.get(name).ok_or_else(|| tensor(name, "is missing"))?;
        let start = self.body.checked_add(place.start);
        let end = start.and_then(|start| start.checked_add(place.length));
        let within = start
            .zip(end)
            .filter(|(_, end)| *end <= self.bytes.len() - CHECKSUM_BYTES);
        within
            .map(|(start, end)| start..end)
            .ok_or_else(|| tensor(name, "lies beyond the end"))
    }
}

fn tensor(name: &str, problem: &'static str) -> ModelError {
    ModelError::Tensor {
        name: name.to_owned(),
        problem,
    }
}
