use std::fmt;
use std::sync::Arc;

use super::schedule::{PskSecret, extract_early, hkdf_expand_label};
use crate::codes::ProtocolVersion;
use crate::crypto::{Hash, Provider};
use crate::error::Error;
use crate::limits::EXTERNAL_PSK_IDENTITY_MAX;
use crate::mem::{SECRET_MAX, Secret};

/// Where a PSK comes from. Each kind has binders of its own, so that none is taken for another (RFC 8446 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PskOrigin {
    /// A ticket.
    Ticket,
    /// Both ends were given it.
    External,
    /// It was derived from what both ends were given (RFC 9258).
    Imported,
}

impl PskOrigin {
    /// The label of the key of its binders (RFC 8446 7.1, RFC 9258 5.2).
    pub(super) const fn binder_label(self) -> &'static [u8] {
        match self {
            Self::Ticket => b"res binder",
            Self::External => b"ext binder",
            Self::Imported => b"imp binder",
        }
    }
}

/// A hash that an external PSK is used with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PskHash {
    /// That of TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256 and TLS_AEGIS_128L_SHA256.
    #[default]
    Sha256,
    /// That of TLS_AES_256_GCM_SHA384.
    Sha384,
    /// That of TLS_AEGIS_256_SHA512.
    Sha512,
}

impl PskHash {
    /// As [`Hash::name`] has it.
    const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Its number as `target_kdf` (RFC 9258 10), which SHA-512 does not have.
    const fn target_kdf(self) -> Option<u16> {
        match self {
            Self::Sha256 => Some(1),
            Self::Sha384 => Some(2),
            Self::Sha512 => None,
        }
    }

    /// That of a cipher suite; `None` for one that no PSK can have.
    pub fn of(hash: &dyn Hash) -> Option<Self> {
        [Self::Sha256, Self::Sha384, Self::Sha512].into_iter().find(|known| known.is(hash))
    }

    pub(crate) fn is(self, hash: &dyn Hash) -> bool {
        self.name() == hash.name()
    }

    fn find(self, provider: &Provider) -> Result<&'static dyn Hash, Error> {
        let found = provider.suites.iter().map(|suite| suite.hash).find(|hash| self.is(*hash));
        found.ok_or_else(|| Error::Config(format!("the provider {} lacks {self}", provider.name)))
    }
}

impl fmt::Display for PskHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A pre-shared key that both ends were given in advance, with its identity (RFC 8446 2.2). It stands for certificate and
/// signature.
///
/// Each is for one client and one server, neither of which may be the other one, too (RFC 9257 4.1). Whoever sees the handshake
/// sees the identity. Neither early data nor, where a key exchange is left out, forward secrecy comes with it.
#[derive(Clone)]
pub struct ExternalPsk {
    identity: Arc<[u8]>,
    /// In a place of its own, which is wiped wherever the rest has been moved from.
    key: Box<Secret>,
    hash: PskHash,
    origin: PskOrigin,
}

impl ExternalPsk {
    /// The shortest key, bytes (RFC 9257 6).
    pub const KEY_MIN: usize = 16;
    /// The longest key, bytes.
    pub const KEY_MAX: usize = SECRET_MAX;

    /// A PSK of 16 to 64 bytes, which must be random: one that is chosen by a person is found by trial (RFC 9257 4.2). The
    /// `identity` has 1 to 1024 bytes. It is used with SHA-256, unless [`ExternalPsk::with_hash`] says otherwise.
    ///
    /// # Errors
    /// [`Error::Config`] where one of them is too short or too long.
    pub fn new(identity: &[u8], key: &[u8]) -> Result<Self, Error> {
        if !(Self::KEY_MIN..=Self::KEY_MAX).contains(&key.len()) {
            let (min, max) = (Self::KEY_MIN, Self::KEY_MAX);
            return Err(Error::Config(format!("an external PSK has {min} to {max} bytes")));
        }
        let mut secret = Box::new(Secret::zeroed(key.len()));
        secret.as_mut_bytes().copy_from_slice(key);
        Self::build(identity, secret, PskHash::default(), PskOrigin::External)
    }

    fn build(identity: &[u8], key: Box<Secret>, hash: PskHash, origin: PskOrigin) -> Result<Self, Error> {
        if !(1..=EXTERNAL_PSK_IDENTITY_MAX).contains(&identity.len()) {
            let max = EXTERNAL_PSK_IDENTITY_MAX;
            return Err(Error::Config(format!("the identity of an external PSK has 1 to {max} bytes")));
        }
        Ok(Self { identity: identity.into(), key, hash, origin })
    }

    /// The same PSK, but for cipher suites with `hash`. Both ends have to agree on it (RFC 8446 4.2.11). One that was imported keeps its
    /// own, which is a part of its identity.
    pub const fn with_hash(mut self, hash: PskHash) -> Self {
        if matches!(self.origin, PskOrigin::External) {
            self.hash = hash;
        }
        self
    }

    /// A PSK for cipher suites with the hash `target` and TLS 1.3, derived from this one (RFC 9258): a key that is also used
    /// elsewhere, such as in TLS 1.2, is used here for this alone. One with SHA-256 gives PSKs for several hashes. The `context` is
    /// what both ends know of each other, and may be empty.
    ///
    /// # Errors
    /// [`Error::Config`] where this PSK was itself derived, its identity with the context is too long, the provider lacks a hash,
    /// or RFC 9258 has no number for `target`, as for SHA-512.
    pub fn imported(&self, provider: &Provider, context: &[u8], target: PskHash) -> Result<Self, Error> {
        if self.origin != PskOrigin::External {
            return Err(Error::Config("a PSK that was imported can't be imported again".into()));
        }
        let (Some(target_kdf), Ok(context_len)) = (target.target_kdf(), u16::try_from(context.len())) else {
            return Err(Error::Config(format!("a PSK can't be imported for {target}, or with this context")));
        };
        // ImportedIdentity (RFC 9258 5.1). The identity has no more than 1024 bytes.
        let identity = [
            &(self.identity.len() as u16).to_be_bytes()[..],
            &self.identity,
            &context_len.to_be_bytes(),
            context,
            &ProtocolVersion::TLS13.0.to_be_bytes(),
            &target_kdf.to_be_bytes(),
        ]
        .concat();
        let hash = self.hash.find(provider)?;
        let extracted = extract_early(hash, &self.key);
        let mut key = Box::new(Secret::zeroed(target.find(provider)?.output_len()));
        let digest = hash.digest(&[&identity]);
        hkdf_expand_label(hash, extracted.as_bytes(), b"derived psk", digest.as_bytes(), key.as_mut_bytes());
        Self::build(&identity, key, target, PskOrigin::Imported)
    }

    /// Its identity, as it is sent: that of a PSK which was imported has the one of the other in it.
    pub fn identity(&self) -> &[u8] {
        &self.identity
    }

    /// The hash of the cipher suites that it is for.
    pub const fn hash(&self) -> PskHash {
        self.hash
    }

    pub(crate) const fn origin(&self) -> PskOrigin {
        self.origin
    }

    /// The identity, for those who keep it.
    pub(crate) fn shared_identity(&self) -> Arc<[u8]> {
        self.identity.clone()
    }

    /// The first stage of the key schedule with it, and its binder. `hash` is that of the PSK.
    pub(crate) fn secret(&self, hash: &'static dyn Hash) -> PskSecret {
        PskSecret::new(hash, &self.key, self.origin)
    }
}

/// Not the key.
impl fmt::Debug for ExternalPsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalPsk")
            .field("identity", &String::from_utf8_lossy(&self.identity))
            .field("hash", &self.hash)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn psk(identity_len: usize, key_len: usize) -> Result<ExternalPsk, Error> {
        ExternalPsk::new(&vec![b'i'; identity_len], &vec![0xa5; key_len])
    }

    #[test]
    fn identities_and_keys_have_bounds() {
        for (identity, key) in [(1, 16), (1024, 64)] {
            assert!(psk(identity, key).is_ok());
        }
        for (identity, key) in [(0, 32), (1025, 32), (1, 15), (1, 65), (1, 0)] {
            assert!(matches!(psk(identity, key), Err(Error::Config(_))), "{identity} {key}");
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        let shown = format!("{:?}", psk(3, 32).unwrap());
        assert_eq!(shown, r#"ExternalPsk { identity: "iii", hash: Sha256, origin: External, .. }"#);
    }

    #[test]
    fn an_imported_one_has_the_hash_the_context_and_the_version_in_its_identity() {
        for provider in Provider::all() {
            let external = ExternalPsk::new(b"id", &[7; 32]).unwrap();
            let [short, long] = [PskHash::Sha256, PskHash::Sha384]
                .map(|target| external.imported(provider, b"ctx", target).expect("a PSK"));
            assert_eq!(short.identity(), b"\x00\x02id\x00\x03ctx\x03\x04\x00\x01");
            assert_eq!(long.identity(), b"\x00\x02id\x00\x03ctx\x03\x04\x00\x02");
            assert_eq!([short.key.as_bytes().len(), long.key.as_bytes().len()], [32, 48]);
            assert_eq!([short.hash(), long.hash()], [PskHash::Sha256, PskHash::Sha384]);
            assert_eq!(long.clone().with_hash(PskHash::Sha256).hash(), PskHash::Sha384);
            for refused in [
                external.imported(provider, b"ctx", PskHash::Sha512),
                short.imported(provider, b"ctx", PskHash::Sha256),
                external.imported(provider, &[0; 1020], PskHash::Sha256),
                external.imported(provider, &[0; 1 << 16], PskHash::Sha256),
            ] {
                assert!(matches!(refused, Err(Error::Config(_))));
            }
        }
    }
}
