//! RustCrypto and dalek, and AEGIS through the `aegis` crate.

mod aead;
mod aegis;
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
pub(super) const NAME: &str = "rustcrypto";

/// Its randomness: the system's.
pub(super) static RANDOM: SystemRandom = SystemRandom;

pub(super) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(bytes).map_err(|_| Error::Internal("the system failed to generate random bytes"))
    }
}

/// The whole provider.
pub(super) fn provider() -> Provider {
    let mut suites = suites();
    suites.extend(aegis_suites(sha256(), sha512()));
    Provider {
        name: NAME,
        suites,
        groups: groups(),
        schemes: schemes(),
        certificate_algorithms: certificate_algorithms(),
        load_key,
        random: &RANDOM,
    }
}

/// The suites of RFC 8446.
pub(super) fn suites() -> Vec<Suite> {
    let suite = |code, aead, hash| Suite { code, aead, hash, source: NAME };
    vec![
        suite(CipherSuite::AES_128_GCM_SHA256, &aead::AES_128_GCM, &hash::SHA256),
        suite(CipherSuite::AES_256_GCM_SHA384, &aead::AES_256_GCM, &hash::SHA384),
        suite(CipherSuite::CHACHA20_POLY1305_SHA256, &aead::CHACHA20_POLY1305, &hash::SHA256),
    ]
}

/// The suites of draft-denis-tls-aegis, with hashes from wherever these are fastest.
pub(super) fn aegis_suites(sha256: &'static dyn Hash, sha512: &'static dyn Hash) -> [Suite; 2] {
    let suite = |code, aead, hash| Suite { code, aead, hash, source: NAME };
    [
        suite(CipherSuite::AEGIS_128L_SHA256, &aegis::AEGIS_128L, sha256),
        suite(CipherSuite::AEGIS_256_SHA512, &aegis::AEGIS_256, sha512),
    ]
}

/// Whether the CPU has instructions for SHA-256, and this build takes them.
pub(super) fn has_instructions_for_sha256() -> bool {
    hash::sha256_implementation() != hash::SOFTWARE
}

pub(super) fn sha256() -> &'static dyn Hash {
    &hash::SHA256
}

pub(super) fn sha512() -> &'static dyn Hash {
    &hash::SHA512
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

/// Where a part is from that `implementation` describes.
fn origin(implementation: &str) -> Origin {
    Origin { source: NAME, implementation: implementation.to_owned() }
}

/// Lends a [`Random`] to code that wants it in the shape of `rand_core`.
struct RandomAdapter<'a>(&'a dyn Random);

impl rand_core::TryRng for RandomAdapter<'_> {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill(bytes)
    }
}

impl rand_core::TryCryptoRng for RandomAdapter<'_> {}
