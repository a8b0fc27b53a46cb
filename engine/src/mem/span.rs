use core::ops::Range;

/// A range of bytes in a buffer, without a borrow of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// How many bytes it covers.
    pub(crate) const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it covers none.
    pub(crate) const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// As a range, to index with.
    pub(crate) const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}
