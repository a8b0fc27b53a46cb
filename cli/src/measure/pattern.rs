use super::Order;

/// The possible periods of the pattern, bytes. As numbers of cache lines they are prime, so that writes of any usual
/// size start at every line before the first start repeats.
const PERIODS: [usize; 2] = [64 * 1021, 64 * 1019];

/// The bytes that are sent: pseudo-random, known at every position of the stream, and different from one record to the
/// next, so that a swapped, repeated or lost record is noticed.
///
/// Small enough for the processor's second-level cache, together with the buffers.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// One period, followed by its beginning, so that each piece is one slice.
    bytes: Box<[u8]>,
    period: usize,
}

impl Pattern {
    /// The pattern for `seed`, to be read in pieces of up to `piece_bytes`.
    pub fn new(seed: u64, piece_bytes: usize) -> Self {
        // If the length of pieces were a multiple of the period, each would start at the same byte.
        let period = if piece_bytes.is_multiple_of(PERIODS[0]) { PERIODS[1] } else { PERIODS[0] };
        let mut order = Order::new(seed);
        let mut bytes: Vec<u8> = (0..period / 8).flat_map(|_| order.next().to_le_bytes()).collect();
        for position in 0..piece_bytes {
            bytes.push(bytes[position]);
        }
        Self { bytes: bytes.into_boxed_slice(), period }
    }

    /// The `len` bytes at `position` of the stream.
    ///
    /// # Panics
    /// If `len` exceeds the `piece_bytes` that the pattern was made for.
    #[inline]
    pub fn at(&self, position: u64, len: usize) -> &[u8] {
        let start = (position % self.period as u64) as usize;
        &self.bytes[start..start + len]
    }

    /// The index of the first byte of `bytes` that differs from the stream at `position`.
    pub fn first_difference(&self, position: u64, bytes: &[u8]) -> Option<usize> {
        let mut done = 0;
        while done < bytes.len() {
            let start = ((position + done as u64) % self.period as u64) as usize;
            let count = (self.bytes.len() - start).min(bytes.len() - done);
            let (expected, got) = (&self.bytes[start..start + count], &bytes[done..done + count]);
            if expected != got {
                return expected.iter().zip(got).position(|(expected, got)| expected != got).map(|at| done + at);
            }
            done += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_however_it_is_cut() {
        let (whole, cut) = (Pattern::new(3, 200_000), Pattern::new(3, 1));
        let stream: Vec<u8> = (0..200_000).map(|position| cut.at(position, 1)[0]).collect();
        assert_eq!(whole.at(0, 200_000), stream);
        assert_eq!(cut.first_difference(0, &stream), None);
        assert_eq!(whole.first_difference(5, &stream[5..]), None);
        assert_ne!(Pattern::new(4, 64).at(0, 64), &stream[..64]);
    }

    #[test]
    fn a_flipped_bit_is_found_where_it_is() {
        let pattern = Pattern::new(3, 100_000);
        let mut bytes = pattern.at(77, 100_000).to_vec();
        bytes[99_999] ^= 1;
        assert_eq!(pattern.first_difference(77, &bytes), Some(99_999));
        bytes[65_400] ^= 128;
        assert_eq!(pattern.first_difference(77, &bytes), Some(65_400));
    }

    #[test]
    fn neighbouring_records_differ_at_every_usual_size() {
        for size in [1 << 10, 1350, 1 << 14, 1 << 16, 64 * 1021, 1 << 20] {
            let pattern = Pattern::new(0, size);
            for record in 1..8u64 {
                let position = record * size as u64;
                assert!(pattern.first_difference(0, pattern.at(position, size)).is_some(), "{size} at {record}");
            }
        }
    }
}
