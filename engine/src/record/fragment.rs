use crate::limits::RECORD_CONTENT_MAX;

/// The caller's slices, cut into the contents of records: always full ones but for the last (RFC 8446 5.1).
pub struct Fragments<'a> {
    slices: &'a [&'a [u8]],
    /// Bytes of the first slice that are taken already.
    offset: usize,
    /// Bytes left in all slices.
    left: usize,
}

/// The content of one record.
pub(super) enum Fragment<'a> {
    /// Within one slice, so that it can be sealed from where it is.
    Whole(&'a [u8]),
    /// Spans slices, so that it must be gathered with [`Fragments::gather`]. Its length.
    Spread(usize),
}

impl Fragment<'_> {
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Whole(content) => content.len(),
            Self::Spread(len) => *len,
        }
    }
}

impl<'a> Fragments<'a> {
    /// The contents of records for all of `slices`.
    pub fn new(slices: &'a [&'a [u8]]) -> Self {
        Self { slices, offset: 0, left: slices.iter().map(|slice| slice.len()).sum() }
    }

    /// How many bytes are not in a record yet.
    pub const fn left(&self) -> usize {
        self.left
    }

    /// The length of the next record's content; 0 at the end.
    pub(super) const fn next_len(&self) -> usize {
        if self.left < RECORD_CONTENT_MAX { self.left } else { RECORD_CONTENT_MAX }
    }

    /// The next record's content. One that spans slices must be gathered before the next is asked for.
    pub(super) fn next(&mut self) -> Fragment<'a> {
        let len = self.next_len();
        self.skip_spent();
        match self.slices.first().and_then(|slice| slice.get(self.offset..self.offset + len)) {
            Some(content) => {
                self.offset += len;
                self.left -= len;
                Fragment::Whole(content)
            }
            None => Fragment::Spread(len),
        }
    }

    /// Copies the next bytes of the slices until `content` is full.
    pub(super) fn gather(&mut self, mut content: &mut [u8]) {
        self.left -= content.len();
        while !content.is_empty() {
            self.skip_spent();
            let rest = &self.slices[0][self.offset..];
            let count = rest.len().min(content.len());
            let (front, back) = content.split_at_mut(count);
            front.copy_from_slice(&rest[..count]);
            self.offset += count;
            content = back;
        }
    }

    fn skip_spent(&mut self) {
        while let [first, rest @ ..] = self.slices
            && self.offset == first.len()
            && !rest.is_empty()
        {
            self.slices = rest;
            self.offset = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_full_and_gathered_only_across_slices() {
        let long = vec![7u8; RECORD_CONTENT_MAX + 10];
        let slices: [&[u8]; 4] = [&long, &[], &[1, 2], &[3]];
        let mut fragments = Fragments::new(&slices);
        assert!(matches!(fragments.next(), Fragment::Whole(content) if content.len() == RECORD_CONTENT_MAX));
        assert!(matches!(fragments.next(), Fragment::Spread(13)));
        let mut gathered = [0; 13];
        fragments.gather(&mut gathered);
        assert_eq!(gathered, [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 1, 2, 3]);
        assert_eq!(fragments.next_len(), 0);
    }

    #[test]
    fn empty_slices_in_front_are_passed_over() {
        let slices: [&[u8]; 3] = [&[], &[], &[1, 2]];
        assert!(matches!(Fragments::new(&slices).next(), Fragment::Whole([1, 2])));
    }
}
