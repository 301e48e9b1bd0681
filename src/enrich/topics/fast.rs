//! The fast model: for each concept the sum of what an article's phrases weigh, in `topics-fast.bin`, which
//! `train/topics` writes (format: `modelfile.py` there). The same bits on every machine: no library function but the
//! square root, and every sum in one order.

use serde::Deserialize;

use crate::article::Article;
use crate::config::models::ModelFile;
use crate::enrich::EnricherError;
use crate::enrich::topics::counts::Counts;
use crate::enrich::topics::counts::Places;

const MAGIC: &[u8] = b"DLTOPIC1";
/// Steps of the table of the logistic function for one unit, and the last argument that it holds.
const STEPS: f32 = 8.0;
const FARTHEST: f32 = 8.0;

/// From which probability a concept is said.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thresholds {
    /// The best level-1 concept of an article.
    pub(super) first: f32,
    #[serde(rename = "1")]
    pub(super) level1: f32,
    #[serde(rename = "2")]
    pub(super) level2: f32,
    #[serde(rename = "3")]
    pub(super) deeper: f32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    version: String,
    phrases: usize,
    codes: Vec<String>,
    bias: Vec<f32>,
    slope: Vec<f32>,
    shift: Vec<f32>,
    thresholds: Thresholds,
    places: Places,
    sigmoid: Vec<f32>,
}

/// The model, ready to read.
#[derive(Debug)]
pub(super) struct Fast {
    header: Header,
    /// Ascending.
    hashes: Vec<u64>,
    /// Where in `hashes` those with these top 16 bits start.
    starts: Vec<u32>,
    scales: Vec<f32>,
    /// A row of one byte a concept (an i8) for each phrase.
    weights: &'static [u8],
}

impl Fast {
    /// Reads a language's file.
    pub(super) fn new(file: ModelFile) -> Result<Self, EnricherError> {
        Self::read(file.bytes).ok_or_else(|| EnricherError::Topics(file.path.to_owned()))
    }

    fn read(bytes: &'static [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (header, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let header: Header = serde_json::from_slice(header).ok()?;
        let concepts = header.codes.len();
        let lists = [&header.bias, &header.slope, &header.shift];
        if lists.iter().any(|list| list.len() != concepts) || header.sigmoid.len() != 129 || concepts == 0 {
            return None;
        }
        let (hashes, rest) = rest.split_at_checked(header.phrases.checked_mul(8)?)?;
        let (scales, weights) = rest.split_at_checked(header.phrases.checked_mul(4)?)?;
        if weights.len() != header.phrases.checked_mul(concepts)? {
            return None;
        }
        let hashes: Vec<u64> = hashes
            .as_chunks()
            .0
            .iter()
            .map(|raw| u64::from_le_bytes(*raw))
            .collect();
        let scales: Vec<f32> = scales
            .as_chunks()
            .0
            .iter()
            .map(|raw| f32::from_le_bytes(*raw))
            .collect();
        if !hashes.is_sorted() {
            return None;
        }
        let starts = (0..=u32::from(u16::MAX) + 1)
            .map(|top| hashes.partition_point(|hash| hash >> 48 < u64::from(top)) as u32)
            .collect();
        Some(Self {
            header,
            hashes,
            starts,
            scales,
            weights,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.header.name
    }

    pub(super) fn version(&self) -> &str {
        &self.header.version
    }

    /// The concepts, by number.
    pub(super) fn codes(&self) -> &[String] {
        &self.header.codes
    }

    pub(super) fn thresholds(&self) -> Thresholds {
        self.header.thresholds
    }

    pub(super) fn places(&self) -> Places {
        self.header.places
    }

    /// The number of a phrase.
    fn number(&self, hash: u64) -> Option<usize> {
        let top = (hash >> 48) as usize;
        let (from, to) = (
            *self.starts.get(top)? as usize,
            *self.starts.get(top + 1)? as usize,
        );
        let at = self
            .hashes
            .get(from..to)?
            .iter()
            .position(|known| *known == hash)?;
        Some(from + at)
    }

    /// The known phrases of an article.
    pub(super) fn counts(&self, article: &Article) -> Counts {
        Counts::of(article, self.header.places, |hash| self.number(hash))
    }

    /// What each phrase's row is multiplied by.
    pub(super) fn strengths<'a>(&'a self, counts: &'a Counts) -> impl Iterator<Item = (usize, f32)> + 'a {
        let total: u32 = counts.phrases.iter().map(|counted| counted.weight).sum();
        let norm = (total as f32).sqrt().max(1.0);
        counts.phrases.iter().map(move |counted| {
            let scale = self.scales.get(counted.phrase).copied().unwrap_or_default();
            (counted.phrase, (counted.weight as f32).sqrt() / norm * scale)
        })
    }

    /// The weights of a phrase, one a concept, each an i8.
    pub(super) fn row(&self, phrase: usize) -> &'static [u8] {
        let concepts = self.header.codes.len();
        self.weights
            .get(phrase * concepts..(phrase + 1) * concepts)
            .unwrap_or_default()
    }

    /// The log-odds of each concept, calibrated.
    pub(super) fn logits(&self, counts: &Counts) -> Vec<f32> {
        let mut sums = self.header.bias.clone();
        for (phrase, strength) in self.strengths(counts) {
            for (sum, &weight) in sums.iter_mut().zip(self.row(phrase)) {
                *sum += strength * f32::from(weight as i8);
            }
        }
        let scale = self.header.slope.iter().zip(&self.header.shift);
        sums.iter()
            .zip(scale)
            .map(|(sum, (slope, shift))| sum * slope + shift)
            .collect()
    }

    /// The logistic function, from a table: libraries differ in the last bit.
    pub(super) fn logistic(&self, x: f32) -> f32 {
        let at = (x.clamp(-FARTHEST, FARTHEST) + FARTHEST) * STEPS;
        let below = at.floor();
        let value = |at: f32| self.header.sigmoid.get(at as usize).copied();
        let (Some(low), high) = (value(below), value(below + 1.0)) else {
            return 0.0;
        };
        low + (high.unwrap_or(low) - low) * (at - below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::config::models::TOPICS_FAST;
    use crate::enrich::english;

    #[test]
    fn a_cut_file_is_refused() {
        let bytes = english()[TOPICS_FAST].bytes;
        for length in [0, 7, 12, 100, bytes.len() - 1] {
            assert!(Fast::read(&bytes[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn the_file_is_small() {
        let size = english()[TOPICS_FAST].bytes.len();
        assert!(size <= 16 << 20, "{size}");
    }

    #[test]
    fn the_logistic_function_is_close_and_rises() {
        let fast = Fast::new(english()[TOPICS_FAST]).unwrap();
        let mut last = 0.0;
        for step in -900..=900 {
            let x = step as f32 / 100.0;
            let p = fast.logistic(x);
            assert!((p - 1.0 / (1.0 + (-x).exp())).abs() < 2e-3, "{x} {p}");
            assert!(p >= last);
            last = p;
        }
    }
}
