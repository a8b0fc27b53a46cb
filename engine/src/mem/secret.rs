use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The longest secret or hash, bytes: the output of SHA-512, and a P-384 shared secret is shorter.
pub const SECRET_MAX: usize = 64;

/// A secret of up to [`SECRET_MAX`] bytes, without a heap allocation. Wiped on drop, hidden from `Debug`, compared in
/// constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret {
    bytes: [u8; SECRET_MAX],
    len: usize,
}

impl Secret {
    /// A secret of `len` zero bytes, to be filled.
    ///
    /// # Panics
    /// If `len` is over [`SECRET_MAX`], which no algorithm of the engine asks for.
    pub const fn zeroed(len: usize) -> Self {
        assert!(len <= SECRET_MAX);
        Self { bytes: [0; SECRET_MAX], len }
    }

    /// A copy of `bytes`.
    ///
    /// # Panics
    /// If there are more than [`SECRET_MAX`].
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut secret = Self::zeroed(bytes.len());
        secret.as_mut_bytes().copy_from_slice(bytes);
        secret
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

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
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
