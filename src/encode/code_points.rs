//! Byte offsets of one string as code points, in one pass over the string. The only place where offsets change unit.

/// The code-point offsets of chosen bytes of one string.
pub(super) struct CodePoints {
    /// Byte and code point, ascending; only character boundaries.
    places: Vec<(usize, usize)>,
}

impl CodePoints {
    /// Counts up to each of `bytes`; those that are no character boundary of `text` are left out.
    pub(super) fn new(text: &str, mut bytes: Vec<usize>) -> Self {
        bytes.sort_unstable();
        bytes.dedup();
        let (mut at, mut count) = (0, 0);
        let mut places = Vec::with_capacity(bytes.len());
        for byte in bytes {
            let Some(slice) = text.get(at..byte) else { continue };
            count += slice.chars().count();
            at = byte;
            places.push((byte, count));
        }
        Self { places }
    }

    /// The code point of a byte given to `new`.
    pub(super) fn at(&self, byte: usize) -> Option<usize> {
        let place = self.places.binary_search_by_key(&byte, |(byte, _)| *byte).ok()?;
        self.places.get(place).map(|(_, count)| *count)
    }
}
