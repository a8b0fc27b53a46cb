//! The AEADs of BoringSSL. Its AES-GCM has code for VAES on AVX2 and on AVX-512, and like AWS-LC it reads from one place and writes
//! to another.

use aead_boringssl::{Algorithm, Key, NONCE_LEN};

use super::super::Provider;
use super::boringssl_code;
use crate::codes::CipherSuite;
use crate::crypto::provider::lengths::{WRONG_KEY, WRONG_NONCE, WRONG_OUTPUT};
use crate::crypto::{Aead, AeadKey, Copied, TAG_LEN};
use crate::error::Error;
use crate::limits::{AES_GCM_RECORDS_PER_KEY, CHACHA20_POLY1305_RECORDS_PER_KEY};

static AES_128_GCM: BoringAead = BoringAead(Algorithm::Aes128Gcm);
static AES_256_GCM: BoringAead = BoringAead(Algorithm::Aes256Gcm);
static CHACHA20_POLY1305: BoringAead = BoringAead(Algorithm::ChaCha20Poly1305);

/// The whole provider.
pub(in super::super) fn provider() -> Provider {
    super::provider("boringssl", |code, _| match code {
        CipherSuite::AES_128_GCM_SHA256 => Some(&AES_128_GCM),
        CipherSuite::AES_256_GCM_SHA384 => Some(&AES_256_GCM),
        CipherSuite::CHACHA20_POLY1305_SHA256 => Some(&CHACHA20_POLY1305),
        _ => None,
    })
}

struct BoringAead(Algorithm);

impl Aead for BoringAead {
    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn nonce_len(&self) -> usize {
        NONCE_LEN
    }

    fn records_per_key(&self) -> u64 {
        match self.0 {
            Algorithm::Aes128Gcm | Algorithm::Aes256Gcm => AES_GCM_RECORDS_PER_KEY,
            Algorithm::ChaCha20Poly1305 => CHACHA20_POLY1305_RECORDS_PER_KEY,
        }
    }

    fn implementation(&self) -> String {
        let instructions = match self.0 {
            Algorithm::Aes128Gcm | Algorithm::Aes256Gcm => boringssl_code::aes_gcm(true),
            Algorithm::ChaCha20Poly1305 => "by its own choice",
        };
        format!("BoringSSL, {instructions}")
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, Error> {
        Ok(Box::new(BoringKey(Key::new(self.0, key).map_err(|_| WRONG_KEY)?)))
    }
}

struct BoringKey(Key);

impl AeadKey for BoringKey {
    fn seal_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8], tag: &mut [u8; TAG_LEN]) -> Result<(), Error> {
        self.0.seal_in_place(exact(nonce)?, aad, text, tag).map_err(|_| SEAL_FAILED)
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
        self.0.seal_scatter(exact(nonce)?, aad, plaintext, text, trailer, trailer_and_tag).map_err(|_| SEAL_FAILED)?;
        Ok(Copied(0))
    }

    fn open_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Result<(), Error> {
        let (text, tag) = text.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::BadRecordMac)?;
        self.0.open_in_place(exact(nonce)?, aad, text, tag).map_err(|_| Error::BadRecordMac)
    }

    fn open_into(&self, nonce: &[u8], aad: &[u8], text: &[u8], output: &mut [u8]) -> Result<Copied, Error> {
        let (text, tag) = text.split_last_chunk::<TAG_LEN>().ok_or(Error::BadRecordMac)?;
        if output.len() != text.len() {
            return Err(WRONG_OUTPUT);
        }
        self.0.open_gather(exact(nonce)?, aad, text, tag, output).map_err(|_| Error::BadRecordMac)?;
        Ok(Copied(0))
    }
}

const SEAL_FAILED: Error = Error::Crypto("BoringSSL refused to seal");

fn exact(nonce: &[u8]) -> Result<&[u8; NONCE_LEN], Error> {
    nonce.try_into().map_err(|_| WRONG_NONCE)
}
