use core::fmt;

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use super::{origin, wide_arithmetic};
use crate::codes::SignatureScheme;
use crate::crypto::VerificationScheme;

/// What TLS 1.3 allows in a CertificateVerify (RFC 8446 4.2.3): an ECDSA scheme fixes the curve, and PKCS #1 v1.5 is out.
pub(in crate::crypto::provider) fn schemes() -> Vec<VerificationScheme> {
    let origin = || origin(wide_arithmetic());
    let entry = |scheme, algorithm: &'static AwsLcVerifier| VerificationScheme { scheme, algorithm, origin };
    vec![
        entry(SignatureScheme::ECDSA_SECP256R1_SHA256, &ECDSA_P256_SHA256),
        entry(SignatureScheme::ECDSA_SECP384R1_SHA384, &ECDSA_P384_SHA384),
        entry(SignatureScheme::ED25519, &ED25519),
        entry(SignatureScheme::RSA_PSS_RSAE_SHA256, &RSA_PSS_SHA256),
        entry(SignatureScheme::RSA_PSS_RSAE_SHA384, &RSA_PSS_SHA384),
        entry(SignatureScheme::RSA_PSS_RSAE_SHA512, &RSA_PSS_SHA512),
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
    ]
}

struct AwsLcVerifier {
    name: &'static str,
    algorithm: &'static dyn VerificationAlgorithm,
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
}

impl fmt::Debug for AwsLcVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AWS-LC {}", self.name)
    }
}

impl SignatureVerificationAlgorithm for AwsLcVerifier {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = UnparsedPublicKey::new(self.algorithm, public_key);
        key.verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

macro_rules! verifiers {
    ($($name:ident = $algorithm:ident, $public_key:ident, $signature:ident;)*) => {
        $(static $name: AwsLcVerifier = AwsLcVerifier {
            name: stringify!($name),
            algorithm: &signature::$algorithm,
            public_key: alg_id::$public_key,
            signature: alg_id::$signature,
        };)*
    };
}

verifiers! {
    ECDSA_P256_SHA256 = ECDSA_P256_SHA256_ASN1, ECDSA_P256, ECDSA_SHA256;
    ECDSA_P256_SHA384 = ECDSA_P256_SHA384_ASN1, ECDSA_P256, ECDSA_SHA384;
    ECDSA_P384_SHA256 = ECDSA_P384_SHA256_ASN1, ECDSA_P384, ECDSA_SHA256;
    ECDSA_P384_SHA384 = ECDSA_P384_SHA384_ASN1, ECDSA_P384, ECDSA_SHA384;
    ED25519 = ED25519, ED25519, ED25519;
    RSA_PKCS1_SHA256 = RSA_PKCS1_2048_8192_SHA256, RSA_ENCRYPTION, RSA_PKCS1_SHA256;
    RSA_PKCS1_SHA384 = RSA_PKCS1_2048_8192_SHA384, RSA_ENCRYPTION, RSA_PKCS1_SHA384;
    RSA_PKCS1_SHA512 = RSA_PKCS1_2048_8192_SHA512, RSA_ENCRYPTION, RSA_PKCS1_SHA512;
    RSA_PSS_SHA256 = RSA_PSS_2048_8192_SHA256, RSA_ENCRYPTION, RSA_PSS_SHA256;
    RSA_PSS_SHA384 = RSA_PSS_2048_8192_SHA384, RSA_ENCRYPTION, RSA_PSS_SHA384;
    RSA_PSS_SHA512 = RSA_PSS_2048_8192_SHA512, RSA_ENCRYPTION, RSA_PSS_SHA512;
}
