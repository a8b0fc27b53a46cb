use core::fmt;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::origin;
use crate::codes::SignatureScheme;
use crate::crypto::provider::keys::{RSA_BITS, RSA_PSS_KEY};
use crate::crypto::{Origin, VerificationScheme};

/// What TLS 1.3 allows in a CertificateVerify (RFC 8446 4.2.3): an ECDSA scheme fixes the curve, and PKCS #1 v1.5 is out.
pub(in crate::crypto::provider) fn schemes() -> Vec<VerificationScheme> {
    let entry = |scheme, algorithm: &'static RustCryptoVerifier| {
        let origin: fn() -> Origin = match scheme {
            SignatureScheme::ED25519 => || origin(ed25519_implementation()),
            _ => || origin("RustCrypto, 64-bit arithmetic in Rust"),
        };
        VerificationScheme { scheme, algorithm, restricted: None, origin }
    };
    let pss = |scheme, algorithm, restricted: &'static RustCryptoVerifier| VerificationScheme {
        restricted: Some(restricted),
        ..entry(scheme, algorithm)
    };
    vec![
        entry(SignatureScheme::ECDSA_SECP256R1_SHA256, &ECDSA_P256_SHA256),
        entry(SignatureScheme::ECDSA_SECP384R1_SHA384, &ECDSA_P384_SHA384),
        entry(SignatureScheme::ED25519, &ED25519),
        entry(SignatureScheme::RSA_PSS_RSAE_SHA256, &RSA_PSS_SHA256),
        entry(SignatureScheme::RSA_PSS_RSAE_SHA384, &RSA_PSS_SHA384),
        entry(SignatureScheme::RSA_PSS_RSAE_SHA512, &RSA_PSS_SHA512),
        pss(SignatureScheme::RSA_PSS_PSS_SHA256, &PSS_PSS_SHA256, &PSS_SHA256_ONLY),
        pss(SignatureScheme::RSA_PSS_PSS_SHA384, &PSS_PSS_SHA384, &PSS_SHA384_ONLY),
        pss(SignatureScheme::RSA_PSS_PSS_SHA512, &PSS_PSS_SHA512, &PSS_SHA512_ONLY),
    ]
}

pub(in crate::crypto::provider) fn certificate_algorithms() -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    vec![
        &ECDSA_P256_SHA256,
        &ECDSA_P256_SHA384,
        &ECDSA_P384_SHA256,
        &ECDSA_P384_SHA384,
        &ED25519,
        &RSA_PKCS1_SHA256,
        &RSA_PKCS1_SHA384,
        &RSA_PKCS1_SHA512,
        &RSA_PSS_SHA256,
        &RSA_PSS_SHA384,
        &RSA_PSS_SHA512,
        &PSS_PSS_SHA256,
        &PSS_PSS_SHA384,
        &PSS_PSS_SHA512,
        &PSS_SHA256_ONLY,
        &PSS_SHA384_ONLY,
        &PSS_SHA512_ONLY,
    ]
}

/// Whether a key signed a message: `None` where not, or where one of them does not parse.
type Verify = fn(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()>;

struct RustCryptoVerifier {
    name: &'static str,
    verify: Verify,
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
}

impl fmt::Debug for RustCryptoVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RustCrypto {}", self.name)
    }
}

impl SignatureVerificationAlgorithm for RustCryptoVerifier {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        (self.verify)(public_key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

macro_rules! verifiers {
    ($($name:ident = $verify:expr, $public_key:expr, $signature:expr;)*) => {
        $(static $name: RustCryptoVerifier = RustCryptoVerifier {
            name: stringify!($name),
            verify: $verify,
            public_key: $public_key,
            signature: $signature,
        };)*
    };
}

verifiers! {
    ECDSA_P256_SHA256 = p256_verify::<Sha256>, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256;
    ECDSA_P256_SHA384 = p256_verify::<Sha384>, alg_id::ECDSA_P256, alg_id::ECDSA_SHA384;
    ECDSA_P384_SHA256 = p384_verify::<Sha256>, alg_id::ECDSA_P384, alg_id::ECDSA_SHA256;
    ECDSA_P384_SHA384 = p384_verify::<Sha384>, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384;
    ED25519 = ed25519_verify, alg_id::ED25519, alg_id::ED25519;
    RSA_PKCS1_SHA256 = |key, message, signature| rsa_key(key)?.pkcs1v15_verify::<Sha256>(message, signature).ok(),
        alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA256;
    RSA_PKCS1_SHA384 = |key, message, signature| rsa_key(key)?.pkcs1v15_verify::<Sha384>(message, signature).ok(),
        alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA384;
    RSA_PKCS1_SHA512 = |key, message, signature| rsa_key(key)?.pkcs1v15_verify::<Sha512>(message, signature).ok(),
        alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA512;
    RSA_PSS_SHA256 = pss_verify_sha256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256;
    RSA_PSS_SHA384 = pss_verify_sha384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384;
    RSA_PSS_SHA512 = pss_verify_sha512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512;
    PSS_PSS_SHA256 = pss_verify_sha256, RSA_PSS_KEY, alg_id::RSA_PSS_SHA256;
    PSS_PSS_SHA384 = pss_verify_sha384, RSA_PSS_KEY, alg_id::RSA_PSS_SHA384;
    PSS_PSS_SHA512 = pss_verify_sha512, RSA_PSS_KEY, alg_id::RSA_PSS_SHA512;
    PSS_SHA256_ONLY = pss_verify_sha256, alg_id::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA256;
    PSS_SHA384_ONLY = pss_verify_sha384, alg_id::RSA_PSS_SHA384, alg_id::RSA_PSS_SHA384;
    PSS_SHA512_ONLY = pss_verify_sha512, alg_id::RSA_PSS_SHA512, alg_id::RSA_PSS_SHA512;
}

fn p256_verify<H: Digest>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(&H::digest(message), &signature).ok()
}

fn p384_verify<H: Digest>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = p384::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(&H::digest(message), &signature).ok()
}

fn ed25519_verify(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify_strict(message, &signature).ok()
}

fn pss_verify_sha256(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    rsa_key(key)?.pss_verify::<Sha256>(message, signature).ok()
}

fn pss_verify_sha384(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    rsa_key(key)?.pss_verify::<Sha384>(message, signature).ok()
}

fn pss_verify_sha512(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    rsa_key(key)?.pss_verify::<Sha512>(message, signature).ok()
}

fn rsa_key(key: &[u8]) -> Option<rsa::PublicKey> {
    let key = rsa::PublicKey::from_pkcs1_der(key).ok()?;
    RSA_BITS.contains(&key.n().bit_width_vartime()).then_some(key)
}

/// What the crate `curve25519-dalek` takes on this CPU, in this build, to verify. (It signs without SIMD.)
fn ed25519_implementation() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        let ifma = cfg!(all(target_feature = "avx512ifma", target_feature = "avx512vl"));
        return if ifma { "dalek, AVX-512 IFMA" } else { "dalek, AVX2" };
    }
    "dalek, 64-bit arithmetic in Rust"
}
