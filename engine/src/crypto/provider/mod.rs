//! The providers. The only place with `cfg`s on features.

#[cfg(any(feature = "boringssl", feature = "openssl", feature = "ring"))]
mod aead_parts;
mod auto;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod clear_stack;
mod concat;
mod keys;
mod lengths;

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;

use std::sync::{Arc, LazyLock};

use rustls_pki_types::{PrivateKeyDer, SignatureVerificationAlgorithm};

pub(crate) use keys::{RSA_BITS, RSA_PSS_KEY, WRONG_SCHEME};

use super::{Aead, Group, Hash, Random, SigningKey, VerificationScheme};
use crate::codes::{CipherSuite, NamedGroup, SignatureScheme};
use crate::error::Error;

#[cfg(not(any(feature = "aws-lc-rs", feature = "rustcrypto")))]
compile_error!("at least one of the features aws-lc-rs and rustcrypto is needed");

/// A set of cryptographic primitives. Its fields are unstable.
pub struct Provider {
    /// Its name.
    pub name: &'static str,
    /// Its cipher suites, in order of preference.
    pub suites: Vec<Suite>,
    /// All its groups. What is used unless others are asked for, and in which order: [`Provider::default_groups`].
    pub groups: Vec<&'static dyn Group>,
    /// The schemes it verifies handshakes with, in order of preference.
    pub schemes: Vec<VerificationScheme>,
    /// The algorithms it verifies certificates with.
    pub certificate_algorithms: Vec<&'static dyn SignatureVerificationAlgorithm>,
    /// Makes a signing key from a private key: PKCS #8, SEC 1 or PKCS #1.
    pub load_key: fn(&PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, Error>,
    /// Its randomness.
    pub random: &'static dyn Random,
}

/// A cipher suite with its primitives.
#[derive(Clone, Copy)]
pub struct Suite {
    /// Its number on the wire.
    pub code: CipherSuite,
    /// The AEAD of its records.
    pub aead: &'static dyn Aead,
    /// The hash of transcript and key schedule.
    pub hash: &'static dyn Hash,
    /// The provider that the AEAD is from, where a provider is composed of others.
    pub source: &'static str,
}

/// All providers of this build, `auto` first.
fn all() -> &'static [&'static Provider] {
    static LIST: LazyLock<Vec<&'static Provider>> = LazyLock::new(|| {
        let providers: Vec<fn() -> Provider> = vec![
            auto::provider,
            #[cfg(feature = "aws-lc-rs")]
            aws_lc::provider,
            #[cfg(feature = "rustcrypto")]
            rustcrypto::provider,
            #[cfg(feature = "ring")]
            aead_parts::ring::provider,
            #[cfg(feature = "boringssl")]
            aead_parts::boringssl::provider,
            #[cfg(feature = "openssl")]
            aead_parts::openssl::provider,
        ];
        // They live as long as the program, because connections refer to them.
        providers.into_iter().map(|provider| &*Box::leak(Box::new(provider()))).collect()
    });
    &LIST
}

impl Provider {
    /// The usual provider: AWS-LC, with what it lacks from elsewhere. Its name is `auto`.
    pub fn auto() -> &'static Self {
        all()[0]
    }

    /// The provider called `name`: `auto`, or one of those compiled in.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::all().iter().copied().find(|provider| provider.name == name)
    }

    /// All providers of this build, `auto` first.
    pub fn all() -> &'static [&'static Self] {
        all()
    }

    /// Its primitives for the cipher suite `code`.
    pub fn suite(&self, code: CipherSuite) -> Option<&Suite> {
        self.suites.iter().find(|suite| suite.code == code)
    }

    /// The groups of configurations that ask for no others, in order of preference: X25519MLKEM768, as browsers have it, and behind it
    /// X25519, P-256 and P-384.
    pub fn default_groups(&self) -> impl Iterator<Item = &'static dyn Group> {
        const DEFAULT: [NamedGroup; 4] =
            [NamedGroup::X25519_MLKEM768, NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
        DEFAULT.into_iter().filter_map(|name| self.group(name))
    }

    /// Its key exchange for the group `name`.
    pub fn group(&self, name: NamedGroup) -> Option<&'static dyn Group> {
        self.groups.iter().copied().find(|group| group.name() == name)
    }

    /// Its verification of signatures of `scheme`.
    pub fn verification(&self, scheme: SignatureScheme) -> Option<&'static dyn SignatureVerificationAlgorithm> {
        self.schemes.iter().find(|entry| entry.scheme == scheme).map(|entry| entry.algorithm)
    }
}
