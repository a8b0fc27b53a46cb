//! Two implementations of one algorithm, each for the lengths at which it is the faster one.

use crate::crypto::{Aead, AeadKey, Copied, TAG_LEN};
use crate::error::Error;

/// An algorithm by two libraries.
pub(super) struct BySize {
    short: &'static dyn Aead,
    long: &'static dyn Aead,
    /// The longest text, bytes, that is left to `short`.
    short_max: usize,
}

impl BySize {
    /// Both, for the list of providers, which lives as long as the program.
    pub(super) fn leaked(short: &'static dyn Aead, long: &'static dyn Aead, short_max: usize) -> &'static dyn Aead {
        Box::leak(Box::new(Self { short, long, short_max }))
    }
}

impl Aead for BySize {
    fn key_len(&self) -> usize {
        self.long.key_len()
    }

    fn nonce_len(&self) -> usize {
        self.long.nonce_len()
    }

    fn records_per_key(&self) -> u64 {
        self.long.records_per_key()
    }

    fn implementation(&self) -> String {
        format!("{}; up to {} bytes {}", self.long.implementation(), self.short_max, self.short.implementation())
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, Error> {
        Ok(Box::new(BySizeKey { short: self.short.key(key)?, long: self.long.key(key)?, short_max: self.short_max }))
    }
}

struct BySizeKey {
    short: Box<dyn AeadKey>,
    long: Box<dyn AeadKey>,
    short_max: usize,
}

impl BySizeKey {
    fn of(&self, text_len: usize) -> &dyn AeadKey {
        if text_len <= self.short_max { &*self.short } else { &*self.long }
    }
}

impl AeadKey for BySizeKey {
    fn seal_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8], tag: &mut [u8; TAG_LEN]) -> Result<(), Error> {
        self.of(text.len()).seal_in_place(nonce, aad, text, tag)
    }

    fn seal_into(
        &self,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        trailer: &[u8],
        output: &mut [u8],
    ) -> Result<Copied, Error> {
        self.of(plaintext.len() + trailer.len()).seal_into(nonce, aad, plaintext, trailer, output)
    }

    fn open_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Result<(), Error> {
        self.of(text.len().saturating_sub(TAG_LEN)).open_in_place(nonce, aad, text)
    }

    fn open_into(&self, nonce: &[u8], aad: &[u8], text: &[u8], output: &mut [u8]) -> Result<Copied, Error> {
        self.of(output.len()).open_into(nonce, aad, text, output)
    }
}
