use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::crypto::provider::concat::concat;
use crate::crypto::provider::lengths::{WRONG_KEY, WRONG_NONCE, WRONG_OUTPUT};
use crate::crypto::{Aead, AeadKey, Copied, TAG_LEN};
use crate::error::Error;
use crate::limits::{AES_GCM_RECORDS_PER_KEY, CHACHA20_POLY1305_RECORDS_PER_KEY};

pub(super) static AES_128_GCM: AwsLcAead = AwsLcAead {
    algorithm: &aead::AES_128_GCM,
    records_per_key: AES_GCM_RECORDS_PER_KEY,
    copy_first_max: None,
    implementation: aes_gcm_implementation,
};

pub(super) static AES_256_GCM: AwsLcAead = AwsLcAead {
    algorithm: &aead::AES_256_GCM,
    records_per_key: AES_GCM_RECORDS_PER_KEY,
    copy_first_max: None,
    implementation: aes_gcm_implementation,
};

pub(super) static CHACHA20_POLY1305: AwsLcAead = AwsLcAead {
    algorithm: &aead::CHACHA20_POLY1305,
    records_per_key: CHACHA20_POLY1305_RECORDS_PER_KEY,
    copy_first_max: Some(3072),
    implementation: chacha20_poly1305_implementation,
};

pub(super) struct AwsLcAead {
    algorithm: &'static aead::Algorithm,
    records_per_key: u64,
    /// The longest plaintext, bytes, that is copied next to its trailer and sealed there, where that pays: a trailer
    /// apart from its plaintext costs ChaCha20-Poly1305 of AWS-LC 110 ns more (Zen 4), a copy of up to this many bytes
    /// less. With AES-GCM a copy saved nothing at any size.
    copy_first_max: Option<usize>,
    implementation: fn() -> &'static str,
}

impl Aead for AwsLcAead {
    fn key_len(&self) -> usize {
        self.algorithm.key_len()
    }

    fn nonce_len(&self) -> usize {
        self.algorithm.nonce_len()
    }

    fn records_per_key(&self) -> u64 {
        self.records_per_key
    }

    fn implementation(&self) -> String {
        super::described((self.implementation)())
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, Error> {
        let key = UnboundKey::new(self.algorithm, key).map_err(|_| WRONG_KEY)?;
        Ok(Box::new(AwsLcKey { key: LessSafeKey::new(key), copy_first_max: self.copy_first_max }))
    }
}

struct AwsLcKey {
    key: LessSafeKey,
    copy_first_max: Option<usize>,
}

impl AeadKey for AwsLcKey {
    fn seal_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8], tag: &mut [u8; TAG_LEN]) -> Result<(), Error> {
        self.key.seal_in_place_scatter(unique(nonce)?, Aad::from(aad), text, &[], tag).map_err(|_| SEAL_FAILED)
    }

    fn seal_into(
        &self,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        trailer: &[u8],
        output: &mut [u8],
    ) -> Result<Copied, Error> {
        if output.len() != plaintext.len() + trailer.len() + TAG_LEN {
            return Err(WRONG_OUTPUT);
        }
        if !trailer.is_empty() && self.copy_first_max.is_some_and(|longest| plaintext.len() <= longest) {
            let (text, tag) = output.split_at_mut(plaintext.len() + trailer.len());
            concat(plaintext, trailer, text);
            self.key.seal_in_place_scatter(unique(nonce)?, Aad::from(aad), text, &[], tag).map_err(|_| SEAL_FAILED)?;
            return Ok(Copied(plaintext.len()));
        }
        let (text, trailer_and_tag) = output.split_at_mut(plaintext.len());
        self.key
            .seal_out_of_place_scatter(unique(nonce)?, Aad::from(aad), plaintext, text, trailer, trailer_and_tag)
            .map_err(|_| SEAL_FAILED)?;
        Ok(Copied(0))
    }

    fn open_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Result<(), Error> {
        match self.key.open_in_place(unique(nonce)?, Aad::from(aad), text) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::BadRecordMac),
        }
    }

    fn open_into(&self, nonce: &[u8], aad: &[u8], text: &[u8], output: &mut [u8]) -> Result<Copied, Error> {
        let Some((text, tag)) = text.split_last_chunk::<TAG_LEN>() else { return Err(Error::BadRecordMac) };
        if output.len() != text.len() {
            return Err(WRONG_OUTPUT);
        }
        self.key
            .open_separate_gather(unique(nonce)?, Aad::from(aad), text, tag, output)
            .map_err(|_| Error::BadRecordMac)?;
        Ok(Copied(0))
    }
}

const SEAL_FAILED: Error = Error::Crypto("AWS-LC refused to seal");

fn unique(nonce: &[u8]) -> Result<Nonce, Error> {
    Nonce::try_assume_unique_for_key(nonce).map_err(|_| WRONG_NONCE)
}

/// What AWS-LC's dispatch takes for AES-GCM on this CPU.
fn aes_gcm_implementation() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        let avx512 = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
        if !cfg!(windows) && avx512 && has!("vaes") && has!("vpclmulqdq") {
            return "VAES and VPCLMULQDQ on AVX-512";
        }
        match (has!("aes"), has!("pclmulqdq")) {
            (true, true) if has!("avx") && has!("movbe") => "AES-NI and PCLMULQDQ, interleaved on AVX",
            (true, true) => "AES-NI and PCLMULQDQ",
            (true, false) => "AES-NI, GHASH without carry-less multiplication",
            (false, _) => "without AES instructions",
        }
    }
    #[cfg(target_arch = "aarch64")]
    match (std::arch::is_aarch64_feature_detected!("aes"), std::arch::is_aarch64_feature_detected!("pmull")) {
        (true, true) => "ARMv8 AES and PMULL",
        (true, false) => "ARMv8 AES, GHASH on Neon",
        (false, _) => "without AES instructions",
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    "by its own choice"
}

/// What AWS-LC's dispatch takes for ChaCha20-Poly1305 on this CPU.
fn chacha20_poly1305_implementation() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        match has!("sse4.1") {
            true if has!("avx2") && has!("bmi2") => "AVX2",
            true => "SSE 4.1",
            false => "without SSE 4.1",
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        "Neon"
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    "by its own choice"
}
