use super::Origin;
use crate::mem::{Digest, Secret};

/// The longest `info` of HKDF-Expand, bytes: an HkdfLabel with label and context at their longest (RFC 8446 7.1).
pub const HKDF_INFO_MAX: usize = 2 + (1 + 255) + (1 + 255);
/// The most blocks, each of the hash's length, that one HKDF-Expand gives (RFC 5869 2.3).
pub const HKDF_BLOCKS_MAX: usize = 255;

/// A hash function, with HMAC and HKDF. Nothing here fails, because all lengths are chosen by the engine.
pub trait Hash: Send + Sync {
    /// `SHA-256`, ...
    fn name(&self) -> &'static str;

    /// The length of its output, bytes.
    fn output_len(&self) -> usize;

    /// Its library and the implementation that runs on this CPU.
    fn origin(&self) -> Origin;

    /// A new hash state.
    fn start(&self) -> Box<dyn HashContext>;

    /// The hash of all `parts` in a row.
    fn digest(&self, parts: &[&[u8]]) -> Digest;

    /// HMAC (RFC 2104) over all `parts` in a row.
    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> Digest;

    /// HKDF-Extract (RFC 5869 2.2).
    fn hkdf_extract(&self, salt: &[u8], input: &[u8]) -> Secret;

    /// HKDF-Expand (RFC 5869 2.3) with all `info` parts in a row, at most [`HKDF_INFO_MAX`] bytes, which fills `output`:
    /// at most [`HKDF_BLOCKS_MAX`] times the hash's length.
    ///
    /// # Panics
    /// If one of them is longer.
    fn hkdf_expand(&self, secret: &[u8], info: &[&[u8]], output: &mut [u8]) {
        self.hkdf_expand_each(secret, &mut [Expansion { info, output }]);
    }

    /// The same several times with one secret, whose HMAC key is set up once: with AWS-LC that takes as long as the rest.
    ///
    /// # Panics
    /// As [`Hash::hkdf_expand`].
    fn hkdf_expand_each(&self, secret: &[u8], expansions: &mut [Expansion<'_>]);
}

/// What one HKDF-Expand is given.
pub struct Expansion<'a> {
    /// The parts of `info`.
    pub info: &'a [&'a [u8]],
    /// What it fills.
    pub output: &'a mut [u8],
}

/// The state of a hash.
pub trait HashContext: Send {
    /// Adds bytes.
    fn update(&mut self, bytes: &[u8]);

    /// The hash of all bytes so far. More may be added.
    fn current(&self) -> Digest;

    /// The hash of all bytes so far, and of `parts` after them, which are not added.
    fn current_with(&self, parts: &[&[u8]]) -> Digest;
}
