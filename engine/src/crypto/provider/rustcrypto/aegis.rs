use zeroize::Zeroizing;

use crate::crypto::provider::concat::concat;
use crate::crypto::provider::lengths::{WRONG_KEY, WRONG_NONCE, WRONG_OUTPUT};
use crate::crypto::{Aead, AeadKey, Copied, Defect, TAG_LEN};
use crate::error::Error;
use crate::limits::AEGIS_RECORDS_PER_KEY;

pub(super) static AEGIS_128L: Aegis128L = Aegis128L;
pub(super) static AEGIS_256: Aegis256 = Aegis256;

macro_rules! aegis {
    ($algorithm:ident, $key:ident, $cipher:ty, $key_len:literal, $nonce_len:literal) => {
        pub(super) struct $algorithm;

        impl Aead for $algorithm {
            fn key_len(&self) -> usize {
                $key_len
            }

            fn nonce_len(&self) -> usize {
                $nonce_len
            }

            fn records_per_key(&self) -> u64 {
                AEGIS_RECORDS_PER_KEY
            }

            fn implementation(&self) -> String {
                implementation()
            }

            fn defect(&self) -> Option<Defect> {
                (!IS_NATIVE).then_some(PURE_RUST)
            }

            fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, Error> {
                let key = key.try_into().map_err(|_| WRONG_KEY)?;
                Ok(Box::new($key(Zeroizing::new(key))))
            }
        }

        struct $key(Zeroizing<[u8; $key_len]>);

        impl $key {
            fn with(&self, nonce: &[u8]) -> Result<$cipher, Error> {
                let nonce = nonce.try_into().map_err(|_| WRONG_NONCE)?;
                Ok(<$cipher>::new(&self.0, nonce))
            }
        }

        impl AeadKey for $key {
            fn seal_in_place(
                &self,
                nonce: &[u8],
                aad: &[u8],
                text: &mut [u8],
                tag: &mut [u8; TAG_LEN],
            ) -> Result<(), Error> {
                *tag = self.with(nonce)?.encrypt_in_place(text, aad);
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
                let cipher = self.with(nonce)?;
                let (text, tag) = output.split_last_chunk_mut::<TAG_LEN>().ok_or(WRONG_OUTPUT)?;
                if text.len() != plaintext.len() + trailer.len() {
                    return Err(WRONG_OUTPUT);
                }
                if plaintext.len() <= COPY_FIRST_MAX {
                    concat(plaintext, trailer, text);
                    *tag = cipher.encrypt_in_place(text, aad);
                    return Ok(Copied(plaintext.len()));
                }
                let (head, tail) = text.split_at_mut(plaintext.len());
                let mut encryptor = cipher.encryptor(aad);
                encryptor.update(plaintext, head);
                encryptor.update(trailer, tail);
                *tag = encryptor.finalize();
                Ok(Copied(0))
            }

            fn open_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Result<(), Error> {
                let cipher = self.with(nonce)?;
                let (text, tag) = text.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::BadRecordMac)?;
                cipher.decrypt_in_place(text, tag, aad).map_err(|_| Error::BadRecordMac)
            }

            fn open_into(&self, nonce: &[u8], aad: &[u8], text: &[u8], output: &mut [u8]) -> Result<Copied, Error> {
                let cipher = self.with(nonce)?;
                let (text, tag) = text.split_last_chunk::<TAG_LEN>().ok_or(Error::BadRecordMac)?;
                if output.len() != text.len() {
                    return Err(WRONG_OUTPUT);
                }
                if text.len() <= COPY_FIRST_MAX {
                    output.copy_from_slice(text);
                    cipher.decrypt_in_place(output, tag, aad).map_err(|_| Error::BadRecordMac)?;
                    return Ok(Copied(text.len()));
                }
                let mut decryptor = cipher.decryptor(aad, output);
                decryptor.update(text).map_err(|_| WRONG_OUTPUT)?;
                decryptor.finalize(tag).map_err(|_| Error::BadRecordMac)?;
                Ok(Copied(0))
            }
        }
    };
}

aegis!(Aegis128L, Aegis128LKey, ::aegis::aegis128l::Aegis128L<TAG_LEN>, 16, 16);
aegis!(Aegis256, Aegis256Key, ::aegis::aegis256::Aegis256<TAG_LEN>, 32, 32);

/// The longest text, bytes, that is copied and worked on in place. Only the crate's incremental interface reads from one
/// place and writes to another, and it wipes its state byte by byte after each record: 70 ns (Zen 4), which a copy of
/// up to this many bytes costs less than.
const COPY_FIRST_MAX: usize = 3072;

/// Whether the crate was built around its C library. Its feature `pure-rust`, which any crate of a build can switch on for
/// all, silently replaces that by Rust code of a fiftieth of the speed. The crate does not tell, but its types do: to
/// the C library they are no more than key and nonce, while the Rust code keeps the expanded state, four times as long.
const IS_NATIVE: bool = size_of::<::aegis::aegis128l::Aegis128L<TAG_LEN>>() == 16 + 16;

/// What the crate `aegis` takes on this CPU, in this build.
fn implementation() -> String {
    format!("{}, {}", if IS_NATIVE { "libaegis in C" } else { "pure Rust" }, aes_implementation())
}

const PURE_RUST: Defect = Defect {
    problem: "AEGIS is built in its slow pure-Rust form instead of libaegis: a fiftieth of the speed",
    remedy: "build without the feature pure-rust of the crate aegis (`cargo tree -e features -i aegis` tells who asks for it)",
};

fn aes_implementation() -> &'static str {
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    {
        let runtime = std::is_x86_feature_detected!("aes") && std::is_x86_feature_detected!("avx");
        if (IS_NATIVE && runtime) || cfg!(target_feature = "aes") {
            return "AES-NI";
        }
    }
    #[cfg(target_arch = "aarch64")]
    if (IS_NATIVE && std::arch::is_aarch64_feature_detected!("aes")) || cfg!(target_feature = "aes") {
        return "ARMv8 AES";
    }
    "software AES"
}
