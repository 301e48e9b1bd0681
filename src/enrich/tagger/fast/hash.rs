//! Hashes of words and phrases, and the index of those that the model knows. Bit for bit what `train/fast_features.py`
//! computes.

use std::ops::Range;

/// 64-bit prime of FNV.
const PRIME: u64 = 0x0100_0000_01B3;
/// 64-bit start of FNV.
const START: u64 = 0xCBF2_9CE4_8422_2325;

/// FNV-1a (Fowler, Noll, Vo) with 64 bits; each `slot` starts elsewhere.
pub(super) fn fnv(bytes: &[u8], slot: usize) -> u64 {
    let start = START.wrapping_add(slot as u64);
    bytes
        .iter()
        .fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// Spreads a hash over all bits: the multiplier is 2^64 over the golden ratio (Knuth's multiplicative hashing).
pub(super) const fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ (hash >> 29)
}

/// Hash of a phrase from that of its beginning and that of its next word.
pub(super) const fn chain(hash: u64, next: u64) -> u64 {
    hash.wrapping_mul(PRIME) ^ next
}

/// A number for each of many hashes, by 32 bits of the mixed hash: the upper 16 choose a bucket, the lower are looked
/// for in it. A word that is none of them is taken for one about once in 2^32 / entries.
#[derive(Debug)]
pub(super) struct Index {
    /// Where each bucket starts, and the end.
    starts: Vec<u32>,
    lows: Vec<u16>,
    values: Vec<u16>,
}

impl Index {
    /// From keys in rising order and their values. `None` where the order or a length is wrong.
    pub(super) fn new(keys: &[u32], values: Vec<u16>) -> Option<Self> {
        if keys.len() != values.len() || !keys.windows(2).all(|pair| pair[0] < pair[1]) {
            return None;
        }
        let mut starts = Vec::with_capacity((1 << 16) + 1);
        let mut at = 0;
        for bucket in 0..=u32::from(u16::MAX) {
            starts.push(at);
            while keys.get(at as usize).is_some_and(|key| key >> 16 == bucket) {
                at += 1;
            }
        }
        starts.push(at);
        let lows = keys.iter().map(|key| (key & 0xFFFF) as u16).collect();
        Some(Self { starts, lows, values })
    }

    /// The number of a hash that is not mixed yet; 0 for one that is not there.
    pub(super) fn get(&self, hash: u64) -> u16 {
        let key = (mix(hash) >> 32) as u32;
        let bucket = (key >> 16) as usize;
        let low = (key & 0xFFFF) as u16;
        let range = self.bucket(bucket);
        let lows = self.lows.get(range.clone()).unwrap_or_default();
        let found = lows.iter().position(|&other| other == low);
        found
            .and_then(|place| self.values.get(range.start + place))
            .copied()
            .unwrap_or_default()
    }

    fn bucket(&self, bucket: usize) -> Range<usize> {
        let start = self.starts.get(bucket).copied().unwrap_or_default();
        let end = self.starts.get(bucket + 1).copied().unwrap_or_default();
        start as usize..end as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_is_the_published_one() {
        // Test vectors of the FNV reference: "", "a", "foobar".
        assert_eq!(fnv(b"", 0), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"a", 0), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv(b"foobar", 0), 0x8594_4171_f739_67e8);
        assert_ne!(fnv(b"a", 0), fnv(b"a", 1));
    }

    #[test]
    fn an_index_finds_what_is_in_it() {
        let words: Vec<u64> = (0..5_000_u32).map(|n| fnv(n.to_string().as_bytes(), 0)).collect();
        let mut pairs: Vec<(u32, u16)> = (0_u16..)
            .zip(&words)
            .map(|(n, hash)| ((mix(*hash) >> 32) as u32, n + 1))
            .collect();
        pairs.sort_unstable();
        let (keys, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let index = Index::new(&keys, values.clone()).unwrap();
        for (n, hash) in (0_u16..).zip(&words) {
            assert_eq!(index.get(*hash), n + 1);
        }
        assert_eq!(index.get(fnv(b"nowhere", 0)), 0);
        assert!(Index::new(&keys[1..], values).is_none());
        assert!(Index::new(&[2, 1], vec![0, 0]).is_none());
    }
}
