//! What the providers say alike about private keys.

use core::ops::RangeInclusive;

use rustls_pki_types::AlgorithmIdentifier;

use crate::codes::SignatureScheme;
use crate::error::Error;

/// The schemes of an RSA key, best first: the shorter hashes cost less and are no weaker than the key.
pub(super) const RSA_SCHEMES: [SignatureScheme; 3] =
    [SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA384, SignatureScheme::RSA_PSS_RSAE_SHA512];

/// The sizes of RSA keys taken, bits of the modulus. Shorter ones are broken, longer ones only cost time.
pub(crate) const RSA_BITS: RangeInclusive<u32> = 2048..=8192;

/// A public key for RSA-PSS only, with any of the hashes (RFC 4055 1.2): id-RSASSA-PSS without parameters.
pub(crate) const RSA_PSS_KEY: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10]);

/// A key was asked for a scheme that it did not list.
pub(crate) const WRONG_SCHEME: Error = Error::Crypto("the key can't sign with this scheme");

/// Why a private key can't be used.
#[derive(Clone, Copy)]
pub(super) enum KeyProblem {
    /// It is for something else.
    Algorithm,
    /// It is an RSA key that is too short or too long.
    RsaSize,
    /// It does not parse, or its parts contradict each other.
    Malformed,
}

impl From<KeyProblem> for Error {
    fn from(problem: KeyProblem) -> Self {
        let problem = match problem {
            KeyProblem::Algorithm => "is of an algorithm, curve or format that is not supported",
            KeyProblem::RsaSize => "is an RSA key of an unsupported size",
            KeyProblem::Malformed => "is malformed",
        };
        let (least, most) = (RSA_BITS.start(), RSA_BITS.end());
        Self::Config(format!(
            "the private key {problem}; accepted are ECDSA keys on P-256 or P-384 (PKCS #8 or SEC 1), Ed25519 keys \
             (PKCS #8) and RSA keys of {least} to {most} bits (PKCS #8 or PKCS #1)"
        ))
    }
}
