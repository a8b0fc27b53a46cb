use zeroize::Zeroize;

use crate::crypto::NONCE_MAX;
use crate::error::Error;

/// The nonces of one key: its IV with the record's sequence number XORed into the last 8 bytes (RFC 8446 5.3).
pub(super) struct Nonces {
    iv: [u8; NONCE_MAX],
    len: usize,
    sequence: u64,
}

impl Nonces {
    pub(super) fn new(iv: &[u8]) -> Self {
        let mut nonces = Self { iv: [0; NONCE_MAX], len: iv.len(), sequence: 0 };
        nonces.iv[..iv.len()].copy_from_slice(iv);
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
        let mut nonce = self.iv;
        if let Some(counter) = nonce[..self.len].last_chunk_mut::<8>() {
            *counter = (u64::from_be_bytes(*counter) ^ self.sequence).to_be_bytes();
        }
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

    /// Takes the next nonce.
    #[inline]
    pub(super) fn next(&mut self) -> Result<[u8; NONCE_MAX], Error> {
        let nonce = self.peek();
        self.advance()?;
        Ok(nonce)
    }
}

impl Drop for Nonces {
    fn drop(&mut self) {
        self.iv.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_number_is_xored_into_the_end() {
        let mut nonces = Nonces::new(&[0xff; 12]);
        assert_eq!(nonces.next().unwrap()[..12], [0xff; 12]);
        assert_eq!(nonces.next().unwrap()[..12], [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 254]);
        assert_eq!(nonces.taken(), 2);
    }

    #[test]
    fn no_sequence_number_comes_twice() {
        let mut nonces = Nonces::new(&[0; 12]);
        nonces.sequence = u64::MAX;
        assert!(nonces.next().is_err());
    }
}
