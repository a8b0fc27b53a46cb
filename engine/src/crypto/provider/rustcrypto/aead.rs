use core::marker::PhantomData;

use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::U16;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadCore, AeadInOut, KeyInit, KeySizeUser, Nonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;

use crate::crypto::provider::clear_stack::on_clear_stack;
use crate::crypto::provider::concat::concat;
use crate::crypto::provider::lengths::{WRONG_KEY, WRONG_NONCE, WRONG_OUTPUT};
use crate::crypto::{Aead, AeadKey, Copied, TAG_LEN};
use crate::error::Error;
use crate::limits::{AES_GCM_RECORDS_PER_KEY, CHACHA20_POLY1305_RECORDS_PER_KEY};

pub(super) static AES_128_GCM: RustCryptoAead<Aes128Gcm> =
    RustCryptoAead::new(AES_GCM_RECORDS_PER_KEY, aes_gcm_implementation);
pub(super) static AES_256_GCM: RustCryptoAead<Aes256Gcm> =
    RustCryptoAead::new(AES_GCM_RECORDS_PER_KEY, aes_gcm_implementation);
pub(super) static CHACHA20_POLY1305: RustCryptoAead<ChaCha20Poly1305> =
    RustCryptoAead::new(CHACHA20_POLY1305_RECORDS_PER_KEY, chacha20_poly1305_implementation);

pub(super) struct RustCryptoAead<A> {
    records_per_key: u64,
    implementation: fn() -> String,
    algorithm: PhantomData<fn() -> A>,
}

impl<A> RustCryptoAead<A> {
    const fn new(records_per_key: u64, implementation: fn() -> String) -> Self {
        Self { records_per_key, implementation, algorithm: PhantomData }
    }
}

impl<A> Aead for RustCryptoAead<A>
where
    A: AeadInOut + AeadCore<TagSize = U16> + KeyInit + Send + Sync + 'static,
{
    fn key_len(&self) -> usize {
        <A as KeySizeUser>::key_size()
    }

    fn nonce_len(&self) -> usize {
        Nonce::<A>::default().len()
    }

    fn records_per_key(&self) -> u64 {
        self.records_per_key
    }

    fn implementation(&self) -> String {
        (self.implementation)()
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, Error> {
        on_clear_stack(|| {
            let cipher = A::new_from_slice(key).map_err(|_| WRONG_KEY)?;
            Ok(Box::new(RustCryptoKey(cipher)) as Box<dyn AeadKey>)
        })
    }
}

struct RustCryptoKey<A>(A);

impl<A> AeadKey for RustCryptoKey<A>
where
    A: AeadInOut + AeadCore<TagSize = U16> + Send + Sync,
{
    fn seal_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8], tag: &mut [u8; TAG_LEN]) -> Result<(), Error> {
        *tag = self.seal(nonce, aad, text.into())?;
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
        if trailer.is_empty() {
            *tag = self.seal(nonce, aad, InOutBuf::new(plaintext, text).map_err(|_| WRONG_OUTPUT)?)?;
            return Ok(Copied(0));
        }
        // The input has to be in one piece, so the plaintext joins its trailer in the output first.
        concat(plaintext, trailer, text);
        *tag = self.seal(nonce, aad, text.into())?;
        Ok(Copied(plaintext.len()))
    }

    fn open_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Result<(), Error> {
        let nonce = sized::<A>(nonce)?;
        let (text, tag) = text.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::BadRecordMac)?;
        self.0.decrypt_inout_detached(nonce, aad, text.into(), &Tag::<A>::from(*tag)).map_err(|_| Error::BadRecordMac)
    }

    fn open_into(&self, nonce: &[u8], aad: &[u8], text: &[u8], output: &mut [u8]) -> Result<Copied, Error> {
        let nonce = sized::<A>(nonce)?;
        let (text, tag) = text.split_last_chunk::<TAG_LEN>().ok_or(Error::BadRecordMac)?;
        let buffer = InOutBuf::new(text, output).map_err(|_| WRONG_OUTPUT)?;
        self.0.decrypt_inout_detached(nonce, aad, buffer, &Tag::<A>::from(*tag)).map_err(|_| Error::BadRecordMac)?;
        Ok(Copied(0))
    }
}

impl<A: AeadInOut + AeadCore<TagSize = U16>> RustCryptoKey<A> {
    fn seal(&self, nonce: &[u8], aad: &[u8], text: InOutBuf<'_, '_, u8>) -> Result<[u8; TAG_LEN], Error> {
        let tag = self.0.encrypt_inout_detached(sized::<A>(nonce)?, aad, text);
        Ok(tag.map_err(|_| Error::Crypto("a text is too long for its AEAD"))?.into())
    }
}

fn sized<A: AeadCore>(nonce: &[u8]) -> Result<&Nonce<A>, Error> {
    <&Array<u8, A::NonceSize>>::try_from(nonce).map_err(|_| WRONG_NONCE)
}

/// What the crates `aes` and `polyval` take on this CPU, in this build.
fn aes_gcm_implementation() -> String {
    format!("RustCrypto, {} and {}", aes_implementation(), ghash_implementation())
}

fn aes_implementation() -> &'static str {
    if cfg!(aes_backend = "soft") {
        return "software AES";
    }
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    {
        use std::is_x86_feature_detected as has;
        if cfg!(aes_backend = "avx512") && has!("avx512f") && has!("vaes") {
            return "VAES on AVX-512";
        }
        if cfg!(any(aes_backend = "avx256", aes_backend = "avx512")) && has!("vaes") {
            return "VAES on AVX2";
        }
        if has!("aes") {
            return "AES-NI";
        }
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("aes") {
        return "ARMv8 AES";
    }
    "software AES"
}

fn ghash_implementation() -> &'static str {
    if cfg!(polyval_backend = "soft") {
        return "software GHASH";
    }
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    if std::is_x86_feature_detected!("pclmulqdq") && std::is_x86_feature_detected!("avx") {
        return "PCLMULQDQ";
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("aes") {
        return "PMULL";
    }
    "software GHASH"
}

/// What the crates `chacha20` and `poly1305` take on this CPU, in this build.
fn chacha20_poly1305_implementation() -> String {
    format!("RustCrypto, ChaCha20 {} and Poly1305 {}", chacha20_implementation(), poly1305_implementation())
}

fn chacha20_implementation() -> &'static str {
    if cfg!(chacha20_backend = "soft") {
        return "in software";
    }
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    {
        use std::is_x86_feature_detected as has;
        let fixed = cfg!(any(chacha20_backend = "avx2", chacha20_backend = "sse2"));
        if cfg!(chacha20_avx512) && !fixed && has!("avx512f") && has!("avx512vl") {
            return "on AVX-512";
        }
        if has!("avx2") && !cfg!(chacha20_backend = "sse2") {
            return "on AVX2";
        }
        if has!("sse2") {
            return "on SSE2";
        }
    }
    if cfg!(all(target_arch = "aarch64", target_feature = "neon")) { "on Neon" } else { "in software" }
}

fn poly1305_implementation() -> &'static str {
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    if !cfg!(poly1305_backend = "soft") && std::is_x86_feature_detected!("avx2") {
        return "on AVX2";
    }
    "in software"
}
