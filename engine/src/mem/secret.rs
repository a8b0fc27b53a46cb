use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::ZeroizeOnDrop;

use super::wipe;

/// The longest secret of the key schedule, or hash, bytes: the output of SHA-512.
pub const SECRET_MAX: usize = 64;
/// The longest secret that a group agrees on, bytes: that of SecP384r1MLKEM1024 (draft-ietf-tls-ecdhe-mlkem 4.3). A longer group
/// raises it here, and nowhere else.
pub const SHARED_SECRET_MAX: usize = 80;

/// A secret of the key schedule.
pub type Secret = SecretBytes<SECRET_MAX>;
/// What a key exchange agrees on.
pub type SharedSecret = SecretBytes<SHARED_SECRET_MAX>;

/// A secret of up to `MAX` bytes, without a heap allocation. Wiped on drop, hidden from `Debug`, compared in constant time.
#[derive(Clone)]
pub struct SecretBytes<const MAX: usize> {
    bytes: [u8; MAX],
    len: usize,
}

impl<const MAX: usize> SecretBytes<MAX> {
    /// A secret of `len` zero bytes, to be filled.
    ///
    /// # Panics
    /// If `len` is over `MAX`, which no algorithm of the engine asks for.
    pub const fn zeroed(len: usize) -> Self {
        assert!(len <= MAX);
        Self { bytes: [0; MAX], len }
    }

    /// A copy of `bytes`.
    ///
    /// # Panics
    /// If there are more than `MAX`.
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut secret = Self::zeroed(bytes.len());
        secret.as_mut_bytes().copy_from_slice(bytes);
        secret
    }

    /// A copy of `bytes`, unless there are more than `MAX`.
    pub fn try_copy_of(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= MAX).then(|| Self::copy_of(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The bytes, to be filled.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }
}

impl<const MAX: usize> Drop for SecretBytes<MAX> {
    #[inline]
    fn drop(&mut self) {
        wipe(&mut self.bytes);
    }
}

impl<const MAX: usize> ZeroizeOnDrop for SecretBytes<MAX> {}

impl<const MAX: usize> PartialEq for SecretBytes<MAX> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl<const MAX: usize> Eq for SecretBytes<MAX> {}

impl<const MAX: usize> fmt::Debug for SecretBytes<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.len)
    }
}

/// The output of a hash or MAC, of up to [`SECRET_MAX`] bytes: public on the wire, so neither hidden nor wiped.
#[derive(Clone, Copy)]
pub struct Digest {
    bytes: [u8; SECRET_MAX],
    len: usize,
}

impl Digest {
    /// A copy of `bytes`.
    ///
    /// # Panics
    /// If there are more than [`SECRET_MAX`].
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut digest = Self { bytes: [0; SECRET_MAX], len: bytes.len() };
        digest.bytes[..bytes.len()].copy_from_slice(bytes);
        digest
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Whether it equals `other`, in time that depends on the lengths alone.
    pub fn equals(&self, other: &[u8]) -> bool {
        self.as_bytes().ct_eq(other).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself_and_compares_by_value() {
        let secret = Secret::copy_of(&[0x5a; 32]);
        assert_eq!(format!("{secret:?}"), "Secret(32 bytes)");
        assert_eq!(secret, Secret::copy_of(&[0x5a; 32]));
        assert_ne!(secret, Secret::copy_of(&[0x5a; 31]));
    }
}
