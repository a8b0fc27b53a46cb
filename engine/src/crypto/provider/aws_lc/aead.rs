use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::crypto::{Aead, AeadKey, Copied, TAG_LEN};
use crate::error::Error;
use crate::limits::{AES_GCM_RECORDS_PER_KEY, CHACHA20_POLY1305_RECORDS_PER_KEY};

pub(super) static AES_128_GCM: AwsLcAead = AwsLcAead {
    algorithm: &aead::AES_128_GCM,
    records_per_key: AES_GCM_RECORDS_PER_KEY,
    implementation: aes_gcm_implementation,
};

pub(super) static AES_256_GCM: AwsLcAead = AwsLcAead {
    algorithm: &aead::AES_256_GCM,
    records_per_key: AES_GCM_RECORDS_PER_KEY,
    implementation: aes_gcm_implementation,
};

pub(super) static CHACHA20_POLY1305: AwsLcAead = AwsLcAead {
    algorithm: &aead::CHACHA20_POLY1305,
    records_per_key: CHACHA20_POLY1305_RECORDS_PER_KEY,
    implementation: chacha20_poly1305_implementation,
};

pub(super) struct AwsLcAead {
    algorithm: &'static aead::Algorithm,
    records_per_key: u64,
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
        format!("AWS-LC, {}", (self.implementation)())
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, Error> {
        let key = UnboundKey::new(self.algorithm, key).map_err(|_| Error::Crypto("wrong length of an AEAD key"))?;
        Ok(Box::new(AwsLcKey(LessSafeKey::new(key))))
    }
}

struct AwsLcKey(LessSafeKey);

impl AeadKey for AwsLcKey {
    fn seal_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8], tag: &mut [u8; TAG_LEN]) -> Result<(), Error> {
        self.0.seal_in_place_scatter(unique(nonce)?, Aad::from(aad), text, &[], tag).map_err(|_| SEAL_FAILED)
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
        let (text, trailer_and_tag) = output.split_at_mut(plaintext.len());
        self.0
            .seal_out_of_place_scatter(unique(nonce)?, Aad::from(aad), plaintext, text, trailer, trailer_and_tag)
            .map_err(|_| SEAL_FAILED)?;
        Ok(Copied(0))
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
        self.0
            .open_separate_gather(unique(nonce)?, Aad::from(aad), text, tag, output)
            .map_err(|_| Error::BadRecordMac)?;
        Ok(Copied(0))
    }
}

const WRONG_OUTPUT: Error = Error::Crypto("the output of an AEAD operation has the wrong length");
const SEAL_FAILED: Error = Error::Crypto("AWS-LC refused to seal");

fn unique(nonce: &[u8]) -> Result<Nonce, Error> {
    Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Crypto("wrong length of an AEAD nonce"))
}

fn aes_gcm_implementation() -> &'static str {
    "own choice by CPU"
}

fn chacha20_poly1305_implementation() -> &'static str {
    "own choice by CPU"
}
