use crate::mem::{Digest, Secret};

/// A hash with the MAC and key derivation built on it. Nothing here fails: lengths are the engine's own.
pub trait Hash: Send + Sync {
    /// `SHA-256`, ...
    fn name(&self) -> &'static str;

    /// The length of its output, bytes.
    fn output_len(&self) -> usize;

    /// An empty running hash.
    fn start(&self) -> Box<dyn HashContext>;

    /// The hash of all `parts` in a row.
    fn digest(&self, parts: &[&[u8]]) -> Digest;

    /// HMAC (RFC 2104) over all `parts` in a row.
    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> Digest;

    /// HKDF-Extract (RFC 5869 2.2).
    fn hkdf_extract(&self, salt: &[u8], input: &[u8]) -> Secret;

    /// HKDF-Expand (RFC 5869 2.3) with all `info` parts in a row, which fills `output`: at most 255 times the hash's
    /// length.
    fn hkdf_expand(&self, secret: &[u8], info: &[&[u8]], output: &mut [u8]);
}

/// A running hash.
pub trait HashContext: Send {
    /// Adds bytes.
    fn update(&mut self, bytes: &[u8]);

    /// The hash of all bytes so far; more can follow.
    fn current(&self) -> Digest;
}
