use std::sync::Arc;

use ed25519_dalek::Signer;
use p256::ecdsa::signature::RandomizedSigner;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, ObjectIdentifier, PrivateKeyInfoRef};
use rsa::traits::PublicKeyParts;
use rustls_pki_types::PrivateKeyDer;
use sha2::{Sha256, Sha384, Sha512};

use super::{RandomAdapter, origin};
use crate::codes::SignatureScheme;
use crate::crypto::provider::clear_stack::on_clear_stack;
use crate::crypto::provider::keys::{KeyProblem, RSA_BITS, RSA_SCHEMES, WRONG_SCHEME};
use crate::crypto::{Origin, Random, SigningKey};
use crate::error::Error;

/// Makes a signing key from a private key.
pub(in crate::crypto::provider) fn load_key(key: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, Error> {
    let key = match key {
        PrivateKeyDer::Pkcs8(key) => from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Sec1(key) => from_sec1(key.secret_sec1_der()),
        PrivateKeyDer::Pkcs1(key) => {
            let key = rsa::PrivateKey::from_pkcs1_der(key.secret_pkcs1_der());
            from_rsa(key.map_err(|_| KeyProblem::Malformed)?)
        }
        _ => Err(KeyProblem::Algorithm),
    };
    Ok(key?)
}

// RFC 8410 3, RFC 5480 2.1.1 and 2.1.1.1, RFC 8017 A.1.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

fn from_pkcs8(der: &[u8]) -> Result<Arc<dyn SigningKey>, KeyProblem> {
    let malformed = |_| KeyProblem::Malformed;
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| KeyProblem::Malformed)?;
    let curve = info.algorithm.parameters_oid().ok();
    Ok(match (info.algorithm.oid, curve) {
        (ED25519, _) => Arc::new(ed25519_dalek::SigningKey::from_pkcs8_der(der).map_err(malformed)?),
        (ELLIPTIC_CURVE, Some(P256)) => Arc::new(p256::ecdsa::SigningKey::from_pkcs8_der(der).map_err(malformed)?),
        (ELLIPTIC_CURVE, Some(P384)) => Arc::new(p384::ecdsa::SigningKey::from_pkcs8_der(der).map_err(malformed)?),
        (RSA, _) => return from_rsa(rsa::PrivateKey::from_pkcs8_der(der).map_err(malformed)?),
        _ => return Err(KeyProblem::Algorithm),
    })
}

fn from_sec1(der: &[u8]) -> Result<Arc<dyn SigningKey>, KeyProblem> {
    if let Ok(key) = p256::SecretKey::from_sec1_der(der) {
        return Ok(Arc::new(p256::ecdsa::SigningKey::from(key)));
    }
    match p384::SecretKey::from_sec1_der(der) {
        Ok(key) => Ok(Arc::new(p384::ecdsa::SigningKey::from(key))),
        Err(_) => Err(KeyProblem::Algorithm),
    }
}

fn from_rsa(key: rsa::PrivateKey) -> Result<Arc<dyn SigningKey>, KeyProblem> {
    if !RSA_BITS.contains(&key.n().bit_width_vartime()) {
        return Err(KeyProblem::RsaSize);
    }
    Ok(Arc::new(key))
}

impl SigningKey for p256::ecdsa::SigningKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ECDSA_SECP256R1_SHA256]
    }

    fn origin(&self) -> Origin {
        origin("RustCrypto, 64-bit arithmetic in Rust")
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
        if scheme != SignatureScheme::ECDSA_SECP256R1_SHA256 {
            return Err(WRONG_SCHEME);
        }
        let sign = || self.try_sign_with_rng(&mut RandomAdapter(random), message);
        let signature: p256::ecdsa::DerSignature = on_clear_stack(sign).map_err(|_| SIGN_FAILED)?;
        Ok(signature.as_bytes().to_vec())
    }
}

impl SigningKey for p384::ecdsa::SigningKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ECDSA_SECP384R1_SHA384]
    }

    fn origin(&self) -> Origin {
        origin("RustCrypto, 64-bit arithmetic in Rust")
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
        if scheme != SignatureScheme::ECDSA_SECP384R1_SHA384 {
            return Err(WRONG_SCHEME);
        }
        let sign = || self.try_sign_with_rng(&mut RandomAdapter(random), message);
        let signature: p384::ecdsa::DerSignature = on_clear_stack(sign).map_err(|_| SIGN_FAILED)?;
        Ok(signature.as_bytes().to_vec())
    }
}

impl SigningKey for ed25519_dalek::SigningKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ED25519]
    }

    fn origin(&self) -> Origin {
        origin("dalek, 64-bit arithmetic in Rust")
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], _random: &dyn Random) -> Result<Vec<u8>, Error> {
        if scheme != SignatureScheme::ED25519 {
            return Err(WRONG_SCHEME);
        }
        Ok(self.try_sign(message).map_err(|_| SIGN_FAILED)?.to_bytes().to_vec())
    }
}

impl SigningKey for rsa::PrivateKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &RSA_SCHEMES
    }

    fn origin(&self) -> Origin {
        origin("RustCrypto, 64-bit arithmetic in Rust")
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
        let random = &mut RandomAdapter(random);
        let signature = match scheme {
            SignatureScheme::RSA_PSS_RSAE_SHA256 => self.pss_sign_with_rng::<Sha256, _>(random, message),
            SignatureScheme::RSA_PSS_RSAE_SHA384 => self.pss_sign_with_rng::<Sha384, _>(random, message),
            SignatureScheme::RSA_PSS_RSAE_SHA512 => self.pss_sign_with_rng::<Sha512, _>(random, message),
            _ => return Err(WRONG_SCHEME),
        };
        signature.map_err(|_| SIGN_FAILED)
    }
}

const SIGN_FAILED: Error = Error::Crypto("signing failed: no random bytes, or an inconsistent key");
