//! The AEADs of ring. Its AES-GCM has code for VAES on AVX2, which AWS-LC's lacks. It does not wipe expanded keys.

use ::ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

use super::super::Provider;
use super::super::clear_stack::on_clear_stack;
use super::super::concat::concat;
use super::boringssl_code;
use crate::codes::CipherSuite;
use crate::crypto::provider::lengths::{WRONG_KEY, WRONG_NONCE, WRONG_OUTPUT};
use crate::crypto::{Aead, AeadKey, Copied, TAG_LEN};
use crate::error::Error;
use crate::limits::{AES_GCM_RECORDS_PER_KEY, CHACHA20_POLY1305_RECORDS_PER_KEY};

static AES_128_GCM: RingAead = RingAead::aes_gcm(&aead::AES_128_GCM);
static AES_256_GCM: RingAead = RingAead::aes_gcm(&aead::AES_256_GCM);
static CHACHA20_POLY1305: RingAead = RingAead {
    algorithm: &aead::CHACHA20_POLY1305,
    records_per_key: CHACHA20_POLY1305_RECORDS_PER_KEY,
    implementation: || "by its own choice",
};

/// The whole provider.
pub(in super::super) fn provider() -> Provider {
    super::provider("ring", |code, _| match code {
        CipherSuite::AES_128_GCM_SHA256 => Some(&AES_128_GCM),
        CipherSuite::AES_256_GCM_SHA384 => Some(&AES_256_GCM),
        CipherSuite::CHACHA20_POLY1305_SHA256 => Some(&CHACHA20_POLY1305),
        _ => None,
    })
}

struct RingAead {
    algorithm: &'static aead::Algorithm,
    records_per_key: u64,
    implementation: fn() -> &'static str,
}

impl RingAead {
    const fn aes_gcm(algorithm: &'static aead::Algorithm) -> Self {
        Self { algorithm, records_per_key: AES_GCM_RECORDS_PER_KEY, implementation: || boringssl_code::aes_gcm(false) }
    }
}

impl Aead for RingAead {
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
        format!("ring, {}", (self.implementation)())
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, Error> {
        on_clear_stack(|| {
            let key = UnboundKey::new(self.algorithm, key).map_err(|_| WRONG_KEY)?;
            Ok(Box::new(RingKey(LessSafeKey::new(key))) as Box<dyn AeadKey>)
        })
    }
}

/// ring works in place only, so what is somewhere else is copied first.
struct RingKey(LessSafeKey);

impl AeadKey for RingKey {
    fn seal_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8], tag: &mut [u8; TAG_LEN]) -> Result<(), Error> {
        let made = self
            .0
            .seal_in_place_separate_tag(unique(nonce)?, Aad::from(aad), text)
            .map_err(|_| Error::Crypto("ring refused to seal"))?;
        tag.copy_from_slice(made.as_ref());
        Ok(())
    }

    fn seal_into(
        &self,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        trailer: &[u8],
        output: &mut [u8],
    ) -> Result<Copied, Error> {
        let (text, tag) = output.split_last_chunk_mut::<TAG_LEN>().ok_or(WRONG_OUTPUT)?;
        if text.len() != plaintext.len() + trailer.len() {
            return Err(WRONG_OUTPUT);
        }
        concat(plaintext, trailer, text);
        self.seal_in_place(nonce, aad, text, tag)?;
        Ok(Copied(plaintext.len()))
    }

    fn open_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Result<(), Error> {
        match self.0.open_in_place(unique(nonce)?, Aad::from(aad), text) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::BadRecordMac),
        }
    }

    fn open_into(&self, nonce: &[u8], aad: &[u8], text: &[u8], output: &mut [u8]) -> Result<Copied, Error> {
        let Some((text, tag)) = text.split_last_chunk::<TAG_LEN>() else { return Err(Error::BadRecordMac) };
        if output.len() != text.len() {
            return Err(WRONG_OUTPUT);
        }
        output.copy_from_slice(text);
        let tag = aead::Tag::from(*tag);
        match self.0.open_in_place_separate_tag(unique(nonce)?, Aad::from(aad), tag, output, 0..) {
            Ok(_) => Ok(Copied(text.len())),
            Err(_) => Err(Error::BadRecordMac),
        }
    }
}

fn unique(nonce: &[u8]) -> Result<Nonce, Error> {
    Nonce::try_assume_unique_for_key(nonce).map_err(|_| WRONG_NONCE)
}
