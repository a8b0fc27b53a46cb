use std::sync::Arc;

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaEncoding};
use rustls_pki_types::PrivateKeyDer;

use super::{origin, wide_arithmetic};
use crate::codes::SignatureScheme;
use crate::crypto::provider::keys::{KeyProblem, RSA_SCHEMES, WRONG_SCHEME};
use crate::crypto::{Origin, Random, SigningKey};
use crate::error::Error;

/// Makes a signing key from a private key.
pub(in crate::crypto::provider) fn load_key(key: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, Error> {
    match key {
        PrivateKeyDer::Pkcs8(key) => from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Sec1(key) => from_sec1(key.secret_sec1_der()),
        PrivateKeyDer::Pkcs1(key) => from_rsa(rsa::KeyPair::from_der(key.secret_pkcs1_der())),
        _ => Err(KeyProblem::Algorithm.into()),
    }
}

fn from_pkcs8(der: &[u8]) -> Result<Arc<dyn SigningKey>, Error> {
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
        return Ok(Arc::new(Ed25519Key(pair)));
    }
    for (algorithm, scheme) in ECDSA {
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(algorithm, der) {
            return Ok(Arc::new(EcdsaKey { pair, schemes: [scheme] }));
        }
    }
    from_rsa(rsa::KeyPair::from_pkcs8(der))
}

fn from_sec1(der: &[u8]) -> Result<Arc<dyn SigningKey>, Error> {
    for (algorithm, scheme) in ECDSA {
        if let Ok(pair) = EcdsaKeyPair::from_private_key_der(algorithm, der) {
            return Ok(Arc::new(EcdsaKey { pair, schemes: [scheme] }));
        }
    }
    Err(KeyProblem::Algorithm.into())
}

fn from_rsa(pair: Result<rsa::KeyPair, KeyRejected>) -> Result<Arc<dyn SigningKey>, Error> {
    let pair = pair.map_err(|rejected| match rejected.description_() {
        "TooSmall" | "TooLarge" => KeyProblem::RsaSize,
        "WrongAlgorithm" => KeyProblem::Algorithm,
        _ => KeyProblem::Malformed,
    })?;
    Ok(Arc::new(RsaKey(pair)))
}

static ECDSA: [(&signature::EcdsaSigningAlgorithm, SignatureScheme); 2] = [
    (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, SignatureScheme::ECDSA_SECP256R1_SHA256),
    (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, SignatureScheme::ECDSA_SECP384R1_SHA384),
];

struct EcdsaKey {
    pair: EcdsaKeyPair,
    schemes: [SignatureScheme; 1],
}

impl SigningKey for EcdsaKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn origin(&self) -> Origin {
        origin(wide_arithmetic())
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], _random: &dyn Random) -> Result<Vec<u8>, Error> {
        if !self.schemes.contains(&scheme) {
            return Err(WRONG_SCHEME);
        }
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| SIGN_FAILED)?;
        Ok(signature.as_ref().to_vec())
    }
}

struct Ed25519Key(Ed25519KeyPair);

impl SigningKey for Ed25519Key {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ED25519]
    }

    fn origin(&self) -> Origin {
        origin(wide_arithmetic())
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], _random: &dyn Random) -> Result<Vec<u8>, Error> {
        if scheme != SignatureScheme::ED25519 {
            return Err(WRONG_SCHEME);
        }
        let signature = self.0.try_sign(message).map_err(|_| SIGN_FAILED)?;
        Ok(signature.as_ref().to_vec())
    }
}

struct RsaKey(rsa::KeyPair);

impl SigningKey for RsaKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &RSA_SCHEMES
    }

    fn origin(&self) -> Origin {
        origin(rsa_implementation(self.0.public_modulus_len()))
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], _random: &dyn Random) -> Result<Vec<u8>, Error> {
        let padding: &'static dyn RsaEncoding = match scheme {
            SignatureScheme::RSA_PSS_RSAE_SHA256 => &signature::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA384 => &signature::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA512 => &signature::RSA_PSS_SHA512,
            _ => return Err(WRONG_SCHEME),
        };
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(padding, &SystemRandom::new(), message, &mut signature).map_err(|_| SIGN_FAILED)?;
        Ok(signature)
    }
}

const SIGN_FAILED: Error = Error::Crypto("AWS-LC refused to sign");

/// What AWS-LC's dispatch takes on this CPU for private keys of RSA with a modulus of this length, bytes.
fn rsa_implementation(modulus_len: usize) -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        let avx512 = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
        if avx512 && has!("avx512ifma") && matches!(modulus_len * 8, 2048 | 3072 | 4096) {
            return "AVX-512 IFMA";
        }
    }
    let _ = modulus_len;
    wide_arithmetic()
}
