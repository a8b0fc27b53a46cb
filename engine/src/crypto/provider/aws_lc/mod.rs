//! AWS-LC through `aws-lc-rs`.

mod aead;
mod agreement;
mod hash;
mod ml_kem;
mod sign;
mod verify;

use super::{Provider, Suite};
use crate::codes::CipherSuite;
use crate::crypto::{Group, Hash, Origin, Random};
use crate::error::Error;

pub(super) use sign::load_key;
pub(super) use verify::{certificate_algorithms, schemes};

/// What `--provider` calls it.
pub(super) const NAME: &str = "aws-lc-rs";

/// Its randomness.
pub(super) static RANDOM: AwsLcRandom = AwsLcRandom;

pub(super) struct AwsLcRandom;

impl Random for AwsLcRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| Error::Internal("AWS-LC failed to generate random bytes"))
    }
}

/// The whole provider.
pub(super) fn provider() -> Provider {
    Provider {
        name: NAME,
        suites: suites(),
        groups: groups(),
        schemes: schemes(),
        certificate_algorithms: certificate_algorithms(),
        load_key,
        random: &RANDOM,
    }
}

pub(super) fn suites() -> Vec<Suite> {
    let suite = |code, aead, hash| Suite { code, aead, hash, source: NAME };
    vec![
        suite(CipherSuite::AES_128_GCM_SHA256, &aead::AES_128_GCM, sha256()),
        suite(CipherSuite::AES_256_GCM_SHA384, &aead::AES_256_GCM, sha384()),
        suite(CipherSuite::CHACHA20_POLY1305_SHA256, &aead::CHACHA20_POLY1305, sha256()),
    ]
}

pub(super) fn groups() -> Vec<&'static dyn Group> {
    vec![
        &agreement::X25519,
        &agreement::SECP256R1,
        &agreement::SECP384R1,
        &agreement::SECP521R1,
        &agreement::X25519_MLKEM768,
        &agreement::SECP256R1_MLKEM768,
        &agreement::SECP384R1_MLKEM1024,
    ]
}

pub(super) fn sha256() -> &'static dyn Hash {
    &hash::SHA256
}

pub(super) fn sha384() -> &'static dyn Hash {
    &hash::SHA384
}

/// Only AEGIS-256 asks for it.
#[cfg(feature = "rustcrypto")]
pub(super) fn sha512() -> &'static dyn Hash {
    &hash::SHA512
}

/// Where a part is from that `implementation` describes.
fn origin(implementation: &str) -> Origin {
    Origin { source: NAME, implementation: described(implementation) }
}

/// What runs, in words. A variable of the environment can take features of the CPU away from AWS-LC, and then what its
/// dispatch takes is not what the CPU could do.
fn described(implementation: &str) -> String {
    let variable = if cfg!(target_arch = "aarch64") { "OPENSSL_armcap" } else { "OPENSSL_ia32cap" };
    if std::env::var_os(variable).is_some_and(|value| !value.is_empty()) {
        format!("AWS-LC, restricted by the environment variable {variable}")
    } else {
        format!("AWS-LC, {implementation}")
    }
}

/// What AWS-LC's dispatch takes on this CPU for elliptic curves, and for RSA where it has nothing better: most of it is
/// assembly of s2n-bignum.
fn wide_arithmetic() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        if has!("bmi2") && has!("adx") { "64-bit assembly with BMI2 and ADX" } else { "64-bit assembly" }
    }
    #[cfg(target_arch = "aarch64")]
    {
        "64-bit assembly"
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        "by its own choice"
    }
}
