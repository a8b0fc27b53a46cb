use core::ops::Range;

/// How source and destination of a record overlap in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aliasing {
    /// The plaintext is where the content of the record is: it is sealed or opened in place.
    InPlace,
    /// They have no byte in common: it is sealed or opened from one to the other.
    Disjoint,
    /// They overlap in another way, which no AEAD supports: it is sealed or opened in place, and the text is moved before or
    /// afterwards, which counts as a copy.
    Overlapping,
}

impl Aliasing {
    /// Of a text at `source` whose result begins at `result`, where bytes in `written` are overwritten.
    pub(crate) const fn of(source: &Range<usize>, result: usize, written: &Range<usize>) -> Self {
        if source.start == result {
            Self::InPlace
        } else if source.end <= written.start || written.end <= source.start {
            Self::Disjoint
        } else {
            Self::Overlapping
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_by_less_than_the_length_overlaps() {
        let aliasing = |source, destination: Range<usize>| Aliasing::of(&source, destination.start, &destination);
        assert_eq!(aliasing(10..20, 10..19), Aliasing::InPlace);
        assert_eq!(aliasing(10..20, 20..29), Aliasing::Disjoint);
        assert_eq!(aliasing(10..20, 1..10), Aliasing::Disjoint);
        for destination in [19..28, 11..20, 9..18, 2..11] {
            assert_eq!(aliasing(10..20, destination), Aliasing::Overlapping);
        }
    }
}
