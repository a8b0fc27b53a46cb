use core::fmt;

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use super::{origin, wide_arithmetic};
use crate::codes::SignatureScheme;
use crate::crypto::VerificationScheme;
use crate::crypto::provider::keys::RSA_PSS_KEY;

/// What TLS 1.3 allows in a CertificateVerify (RFC 8446 4.2.3): an ECDSA scheme fixes the curve, and PKCS #1 v1.5 is out.
pub(in crate::crypto::provider) fn schemes() -> Vec<VerificationScheme> {
    let origin = || origin(wide_arithmetic());
    let entry =
        |scheme, algorithm: &'static AwsLcVerifier| VerificationScheme { scheme, algorithm, restricted: None, origin };
    let pss = |scheme, algorithm, restricted: &'static AwsLcVerifier| VerificationScheme {
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
    ($($name:ident = $algorithm:ident, $public_key:expr, $signature:expr;)*) => {
        $(static $name: AwsLcVerifier = AwsLcVerifier {
            name: stringify!($name),
            algorithm: &signature::$algorithm,
            public_key: $public_key,
            signature: $signature,
        };)*
    };
}

verifiers! {
    ECDSA_P256_SHA256 = ECDSA_P256_SHA256_ASN1, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256;
    ECDSA_P256_SHA384 = ECDSA_P256_SHA384_ASN1, alg_id::ECDSA_P256, alg_id::ECDSA_SHA384;
    ECDSA_P384_SHA256 = ECDSA_P384_SHA256_ASN1, alg_id::ECDSA_P384, alg_id::ECDSA_SHA256;
    ECDSA_P384_SHA384 = ECDSA_P384_SHA384_ASN1, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384;
    ED25519 = ED25519, alg_id::ED25519, alg_id::ED25519;
    RSA_PKCS1_SHA256 = RSA_PKCS1_2048_8192_SHA256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA256;
    RSA_PKCS1_SHA384 = RSA_PKCS1_2048_8192_SHA384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA384;
    RSA_PKCS1_SHA512 = RSA_PKCS1_2048_8192_SHA512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA512;
    RSA_PSS_SHA256 = RSA_PSS_2048_8192_SHA256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256;
    RSA_PSS_SHA384 = RSA_PSS_2048_8192_SHA384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384;
    RSA_PSS_SHA512 = RSA_PSS_2048_8192_SHA512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512;
    PSS_PSS_SHA256 = RSA_PSS_2048_8192_SHA256, RSA_PSS_KEY, alg_id::RSA_PSS_SHA256;
    PSS_PSS_SHA384 = RSA_PSS_2048_8192_SHA384, RSA_PSS_KEY, alg_id::RSA_PSS_SHA384;
    PSS_PSS_SHA512 = RSA_PSS_2048_8192_SHA512, RSA_PSS_KEY, alg_id::RSA_PSS_SHA512;
    PSS_SHA256_ONLY = RSA_PSS_2048_8192_SHA256, alg_id::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA256;
    PSS_SHA384_ONLY = RSA_PSS_2048_8192_SHA384, alg_id::RSA_PSS_SHA384, alg_id::RSA_PSS_SHA384;
    PSS_SHA512_ONLY = RSA_PSS_2048_8192_SHA512, alg_id::RSA_PSS_SHA512, alg_id::RSA_PSS_SHA512;
}
