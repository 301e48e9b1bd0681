//! The file of the fast recogniser: which tensors it holds, and that they fit each other. Written by
//! `train/fast_export.py`.

use std::borrow::Cow;

use serde::Deserialize;

use crate::enrich::tagger::calibration::Calibration;
use crate::enrich::tagger::fast::form::TABLE_ROWS;
use crate::enrich::tagger::fast::hash::Index;
use crate::enrich::tagger::fast::network::Weights;
use crate::enrich::tagger::file::ModelError;
use crate::enrich::tagger::file::ModelFile;
use crate::enrich::tagger::sightings::Decoder;
use crate::enrich::tagger::tags::TAGS;
use crate::enrich::tagger::viterbi::Transitions;

const MAGIC: &[u8; 8] = b"dlfastnm";
/// Widths are multiples of this.
const BLOCK: usize = 64;
/// Larger networks are no fast ones; also bounds what a damaged header can ask for.
const WIDTH_MAX: usize = 1024;
const LAYERS_MAX: usize = 16;

/// What the header says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    version: String,
    /// Numbers of a token.
    embed: usize,
    /// Numbers of a token after each layer.
    width: usize,
    layers: usize,
    /// Which layer also sees the same word elsewhere.
    pool_at: usize,
    words: usize,
    phrases: usize,
    vectors: usize,
    calibration: Vec<(f32, f32)>,
    transitions: Option<Vec<f32>>,
}

/// All that the fast recogniser is made of.
#[derive(Debug)]
pub(super) struct Model {
    /// For provenance.
    pub(super) name: String,
    /// For provenance.
    pub(super) version: String,
    /// Words to rows of vectors.
    pub(super) vectors: Index,
    /// Phrases to lists of names.
    pub(super) phrases: Index,
    /// The network.
    pub(super) weights: Weights,
    /// From scores to names.
    pub(super) decoder: Decoder,
}

impl Model {
    /// Reads and checks a file.
    pub(super) fn new(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let file = ModelFile::<Header>::new(bytes, MAGIC)?;
        let header = &file.model;
        let fits = |width: usize| width.is_multiple_of(BLOCK) && (1..=WIDTH_MAX).contains(&width);
        if !fits(header.embed) || !fits(header.width) || !(1..=LAYERS_MAX).contains(&header.layers) {
            return Err(ModelError::Header(
                "sizes are beyond what this program runs".to_owned(),
            ));
        }
        let transitions = match &header.transitions {
            Some(scores) => Transitions::learned(scores),
            None => Some(Transitions::bio()),
        };
        let transitions = transitions.ok_or_else(|| wrong("transitions"))?;
        let calibration = Calibration::new(&header.calibration).ok_or_else(|| wrong("calibration"))?;
        let vectors = index(&file, "words", header.words)?;
        let phrases = index(&file, "phrases", header.phrases)?;
        Ok(Self {
            weights: weights(&file)?,
            name: header.name.clone(),
            version: header.version.clone(),
            vectors,
            phrases,
            decoder: Decoder {
                transitions,
                calibration,
            },
        })
    }
}

fn wrong(what: &str) -> ModelError {
    ModelError::Header(format!("{what} cannot be used"))
}

fn index(file: &ModelFile<Header>, name: &str, entries: usize) -> Result<Index, ModelError> {
    let keys = numbers(file, &format!("{name}.keys"), entries, u32::from_le_bytes)?;
    let values = numbers(file, &format!("{name}.values"), entries, u16::from_le_bytes)?;
    Index::new(&keys, values).ok_or_else(|| wrong(name))
}

fn weights(file: &ModelFile<Header>) -> Result<Weights, ModelError> {
    let header = &file.model;
    let (embed, width) = (header.embed, header.width);
    let mut layers = Vec::with_capacity(header.layers + 1);
    for layer in 0..header.layers {
        let own = if layer == 0 { embed } else { width };
        let inputs = 3 * own + if layer == header.pool_at { own } else { 0 };
        layers.push((
            signed(file, &format!("layer.{layer}.weight"), width * inputs)?,
            numbers(file, &format!("layer.{layer}.bias"), width, i32::from_le_bytes)?,
        ));
    }
    layers.push((
        signed(file, "out.weight", TAGS * width)?,
        numbers(file, "out.bias", TAGS, i32::from_le_bytes)?,
    ));
    Ok(Weights {
        embed,
        table: signed(file, "table", TABLE_ROWS * embed)?,
        vectors: signed(file, "vectors", header.vectors.saturating_mul(embed))?,
        bias: signed(file, "bias", embed)?,
        layers,
        pool_at: header.pool_at,
    })
}

fn signed(file: &ModelFile<Header>, name: &str, length: usize) -> Result<Vec<i8>, ModelError> {
    numbers(file, name, length, i8::from_le_bytes)
}

/// A tensor of little-endian numbers of `N` bytes.
fn numbers<T, const N: usize>(
    file: &ModelFile<Header>,
    name: &str,
    length: usize,
    read: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, ModelError> {
    let place = file.bytes(name, length.saturating_mul(N))?;
    Ok(file
        .bytes_at(&place)
        .as_chunks()
        .0
        .iter()
        .map(|bytes| read(*bytes))
        .collect())
}
