//! Byte spans inside our own strings. Never slices unchecked: every access is an `Option`.

/// A half-open range of bytes that starts and ends on character boundaries of the string it was made for.
/// Code points, which records promise, are counted in `encode` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSpan {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl ByteSpan {
    /// A span from `start` to `end`; an inverted pair becomes empty at `start`.
    pub const fn new(start: usize, end: usize) -> Self {
        if end < start {
            Self { start, end: start }
        } else {
            Self { start, end }
        }
    }

    /// The slice of `text`, or `None` where the span does not fit it.
    pub fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.get(self.start..self.end)
    }

    /// Length in bytes.
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// True for a span of no bytes.
    pub const fn is_empty(&self) -> bool {
        self.end == self.start
    }

    /// True where the two share at least one byte.
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}
