//! ML-KEM (FIPS 203), a part of hybrids. AWS-LC takes its randomness from its own source.

use aws_lc_rs::kem::{self, Ciphertext, DecapsulationKey, EncapsulationKey, EncapsulationKeyBytes};

use super::origin;
use crate::codes::NamedGroup;
use crate::crypto::{Completed, Exchange, Group, GroupLengths, Origin, Random};
use crate::error::Error;
use crate::mem::SharedSecret;

pub(super) static ML_KEM_768: MlKem = MlKem {
    name: NamedGroup::MLKEM768,
    algorithm: &kem::ML_KEM_768,
    lengths: GroupLengths { private: 2400, start: 1184, answer: 1088 },
};
pub(super) static ML_KEM_1024: MlKem = MlKem {
    name: NamedGroup::MLKEM1024,
    algorithm: &kem::ML_KEM_1024,
    lengths: GroupLengths { private: 3168, start: 1568, answer: 1568 },
};

const REFUSED: Error = Error::IllegalParameter("key share");
/// What an expanded decapsulation key has behind its encapsulation key, bytes: the hash of that, and the secret of implicit
/// rejection (FIPS 203 7.1).
const HASH_AND_SECRET: usize = 32 + 32;

pub(super) struct MlKem {
    name: NamedGroup,
    algorithm: &'static kem::Algorithm,
    lengths: GroupLengths,
}

impl Group for MlKem {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn lengths(&self) -> GroupLengths {
        self.lengths
    }

    fn origin(&self) -> Origin {
        origin(implementation())
    }

    fn start(&self, _random: &dyn Random) -> Result<Box<dyn Exchange>, Error> {
        const FAILED: Error = Error::Crypto("AWS-LC failed to generate a decapsulation key");
        let key = DecapsulationKey::generate(self.algorithm).map_err(|_| FAILED)?;
        let share = key.encapsulation_key().and_then(|key| key.key_bytes()).map_err(|_| FAILED)?;
        Ok(Box::new(MlKemExchange { key, share, answer_len: self.lengths.answer }))
    }

    fn start_and_complete(&self, peer: &[u8], _random: &dyn Random) -> Result<Completed, Error> {
        let key = EncapsulationKey::new(self.algorithm, peer).map_err(|_| REFUSED)?;
        // The check of the key's coefficients (FIPS 203 7.2) is in here.
        let (ciphertext, secret) = key.encapsulate().map_err(|_| REFUSED)?;
        Ok(Completed { share: ciphertext.as_ref().to_vec(), secret: SharedSecret::copy_of(secret.as_ref()) })
    }

    fn from_private(&self, private: &[u8]) -> Result<Box<dyn Exchange>, Error> {
        const NO_PRIVATE_KEY: Error = Error::Crypto("no private key of this group");
        let key = DecapsulationKey::new(self.algorithm, private).map_err(|_| NO_PRIVATE_KEY)?;
        let end = private.len() - HASH_AND_SECRET;
        let public = &private[end - self.lengths.start..end];
        let share = EncapsulationKey::new(self.algorithm, public).map_err(|_| NO_PRIVATE_KEY)?.key_bytes();
        let share = share.map_err(|_| NO_PRIVATE_KEY)?;
        Ok(Box::new(MlKemExchange { key, share, answer_len: self.lengths.answer }))
    }
}

struct MlKemExchange {
    key: DecapsulationKey,
    share: EncapsulationKeyBytes<'static>,
    answer_len: usize,
}

impl Exchange for MlKemExchange {
    fn share(&self) -> &[u8] {
        self.share.as_ref()
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        if peer.len() != self.answer_len {
            return Err(REFUSED);
        }
        // No other ciphertext is refused (FIPS 203 6.3), so the fault would be this end's.
        let secret = self.key.decapsulate(Ciphertext::from(peer));
        let secret = secret.map_err(|_| Error::Crypto("AWS-LC failed to decapsulate a shared secret"))?;
        Ok(SharedSecret::copy_of(secret.as_ref()))
    }
}

/// What AWS-LC's dispatch takes on this CPU, of mlkem-native.
fn implementation() -> &'static str {
    #[cfg(all(target_arch = "x86_64", any(target_os = "linux", target_vendor = "apple")))]
    {
        use std::is_x86_feature_detected as has;
        if has!("avx2") && has!("bmi2") { "assembly with AVX2" } else { "C" }
    }
    #[cfg(all(target_arch = "aarch64", any(target_os = "linux", target_vendor = "apple")))]
    {
        "assembly with NEON"
    }
    #[cfg(not(all(
        any(target_arch = "x86_64", target_arch = "aarch64"),
        any(target_os = "linux", target_vendor = "apple")
    )))]
    {
        "C"
    }
}
