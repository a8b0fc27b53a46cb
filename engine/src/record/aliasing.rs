use core::ops::Range;

/// How source and destination of sealing or opening lie to each other in a caller's buffer, which decides what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aliasing {
    /// Aligned: the plaintext lies exactly where the content of the record does. Worked on where it is.
    InPlace,
    /// They have no byte in common. From the one straight to the other.
    Disjoint,
    /// They have bytes in common and are shifted against each other, which no AEAD takes: the text is moved first or
    /// afterwards, and worked on in place. Counted as copied.
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
