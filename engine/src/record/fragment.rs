/// The caller's slices, cut into the contents of records: always full ones but for the last (RFC 8446 5.1).
pub(super) struct Fragments<'a> {
    /// What is left of the first slice.
    first: &'a [u8],
    /// The slices after it.
    rest: &'a [&'a [u8]],
    /// Bytes left in all slices.
    left: usize,
}

impl<'a> Fragments<'a> {
    /// The contents of records for `slices`, without their first `taken` bytes.
    #[inline]
    pub(super) fn new(slices: &'a [&'a [u8]], taken: usize) -> Self {
        let Some((first, rest)) = slices.split_first() else { return Self { first: &[], rest: &[], left: 0 } };
        let left = first.len() + rest.iter().map(|slice| slice.len()).sum::<usize>();
        let fragments = Self { first, rest, left };
        if taken > 0 { fragments.without(taken) } else { fragments }
    }

    /// How many bytes are not in a record yet.
    #[inline]
    pub(super) const fn left(&self) -> usize {
        self.left
    }

    /// The length of the next record's content, at most `max`; 0 at the end.
    #[inline]
    pub(super) fn next_len(&self, max: u16) -> usize {
        self.left.min(usize::from(max))
    }

    /// The next record's content, `len` bytes, if it lies within one slice.
    #[inline]
    pub(super) fn next_whole(&mut self, len: usize) -> Option<&'a [u8]> {
        self.skip_spent();
        let (content, after) = self.first.split_at_checked(len)?;
        self.first = after;
        self.left -= len;
        Some(content)
    }

    /// Copies the next bytes of the slices until `content` is full.
    pub(super) fn gather(&mut self, mut content: &mut [u8]) {
        while !content.is_empty() {
            let piece = self.next_piece(content.len());
            let (front, back) = content.split_at_mut(piece.len());
            front.copy_from_slice(piece);
            content = back;
        }
    }

    /// The same without the first `count` bytes.
    #[cold]
    fn without(mut self, count: usize) -> Self {
        let mut count = count.min(self.left);
        while count > 0 {
            count -= self.next_piece(count).len();
        }
        self
    }

    /// At most `longest` bytes, as many as lie within one slice.
    fn next_piece(&mut self, longest: usize) -> &'a [u8] {
        self.skip_spent();
        let (piece, after) = self.first.split_at(self.first.len().min(longest));
        self.first = after;
        self.left -= piece.len();
        piece
    }

    #[inline]
    fn skip_spent(&mut self) {
        while self.first.is_empty()
            && let [first, rest @ ..] = self.rest
        {
            (self.first, self.rest) = (first, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_full_and_gathered_only_across_slices() {
        const MAX: u16 = 100;
        let long = [7u8; 110];
        let slices: [&[u8]; 4] = [&long, &[], &[1, 2], &[3]];
        let mut fragments = Fragments::new(&slices, 0);
        assert_eq!(fragments.next_len(MAX), 100);
        assert_eq!(fragments.next_whole(100), Some(&long[..100]));
        assert_eq!((fragments.next_len(MAX), fragments.next_whole(13)), (13, None));
        let mut gathered = [0; 13];
        fragments.gather(&mut gathered);
        assert_eq!(gathered, [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 1, 2, 3]);
        assert_eq!((fragments.next_len(MAX), fragments.left()), (0, 0));
    }

    #[test]
    fn empty_slices_in_front_are_passed_over() {
        let slices: [&[u8]; 3] = [&[], &[], &[1, 2]];
        assert_eq!(Fragments::new(&slices, 0).next_whole(2), Some(&[1, 2][..]));
        assert_eq!(Fragments::new(&[], 0).left(), 0);
    }

    #[test]
    fn what_is_taken_already_is_passed_over() {
        let slices: [&[u8]; 3] = [&[1, 2], &[], &[3, 4]];
        for taken in 0..=4 {
            let mut fragments = Fragments::new(&slices, taken);
            let mut gathered = vec![0; fragments.left()];
            fragments.gather(&mut gathered);
            assert_eq!(gathered, [1, 2, 3, 4][taken..]);
        }
    }
}
