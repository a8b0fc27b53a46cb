use crate::crypto::NONCE_MAX;
use crate::error::Error;
use crate::mem::wipe;

/// The nonces of one key: its IV with the record's sequence number XORed into the last 8 bytes (RFC 8446 5.3).
pub(super) struct Nonces {
    /// Padded with zeros at its end. In halves, which are XORed as integers: if 8 bytes of a nonce were changed in memory, the AEAD
    /// would stall when it reads bytes that only overlap them.
    iv: [[u8; 16]; 2],
    len: usize,
    sequence: u64,
}

impl Nonces {
    pub(super) fn new(iv: &[u8]) -> Self {
        let mut nonces = Self { iv: [[0; 16]; 2], len: iv.len(), sequence: 0 };
        nonces.iv.as_flattened_mut()[..iv.len()].copy_from_slice(iv);
        nonces
    }

    /// How many nonces have been taken.
    pub(super) const fn taken(&self) -> u64 {
        self.sequence
    }

    /// How long a nonce is.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The next nonce, in the first [`Nonces::len`] bytes. It is used up by [`Nonces::advance`].
    #[inline]
    pub(super) fn peek(&self) -> [u8; NONCE_MAX] {
        let sequence = u128::from(self.sequence);
        // On its own, as a shift by a constant takes a tenth of the instructions.
        if self.len == 12 {
            self.xored(0, sequence << 32)
        } else if self.len <= 16 {
            self.xored(0, sequence << (8 * (16 - self.len)))
        } else {
            self.xored(1, sequence << (8 * (32 - self.len)))
        }
    }

    /// The IV with `sequence` XORed into one of its halves.
    #[inline(always)]
    fn xored(&self, half: usize, sequence: u128) -> [u8; NONCE_MAX] {
        let mut halves = self.iv;
        halves[half] = (u128::from_ne_bytes(halves[half]) ^ sequence.to_be()).to_ne_bytes();
        let mut nonce = [0; NONCE_MAX];
        nonce.copy_from_slice(halves.as_flattened());
        nonce
    }

    /// Uses up a nonce. No sequence number is used twice: the last one ends the connection (RFC 8446 5.3).
    #[inline]
    pub(super) fn advance(&mut self) -> Result<(), Error> {
        // Not by `ok_or`, which makes an error for every record, and drops it.
        let Some(next) = self.sequence.checked_add(1) else {
            return Err(Error::Internal("the sequence numbers of a key ran out"));
        };
        self.sequence = next;
        Ok(())
    }
}

impl Drop for Nonces {
    fn drop(&mut self) {
        wipe(&mut self.iv);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_number_is_xored_into_the_last_eight_bytes() {
        for len in [8, 12, 16, 24, 32] {
            let mut nonces = Nonces::new(&[0xff; NONCE_MAX][..len]);
            for sequence in [0, 1, 0x0102_0304_0506_0708, u64::MAX] {
                nonces.sequence = sequence;
                let mut expected = [0xff; NONCE_MAX];
                for (byte, of_sequence) in expected[len - 8..len].iter_mut().zip(sequence.to_be_bytes()) {
                    *byte ^= of_sequence;
                }
                assert_eq!(nonces.peek()[..nonces.len()], expected[..len], "{len} bytes, {sequence}");
            }
        }
    }

    #[test]
    fn no_sequence_number_comes_twice() {
        let mut nonces = Nonces::new(&[0; 12]);
        assert_eq!((nonces.advance(), nonces.taken()), (Ok(()), 1));
        nonces.sequence = u64::MAX;
        assert!(nonces.advance().is_err());
    }
}
