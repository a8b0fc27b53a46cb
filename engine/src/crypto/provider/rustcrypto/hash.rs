use core::marker::PhantomData;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::origin;
use crate::crypto::{Expansion, Hash, HashContext, Origin};
use crate::mem::{Digest, Secret, wipe};

pub(super) static SHA256: RustCryptoHash<Sha256> =
    RustCryptoHash { name: "SHA-256", implementation: sha256_implementation, algorithm: PhantomData };
pub(super) static SHA384: RustCryptoHash<Sha384> =
    RustCryptoHash { name: "SHA-384", implementation: sha512_implementation, algorithm: PhantomData };
pub(super) static SHA512: RustCryptoHash<Sha512> =
    RustCryptoHash { name: "SHA-512", implementation: sha512_implementation, algorithm: PhantomData };

pub(super) struct RustCryptoHash<H> {
    name: &'static str,
    implementation: fn() -> &'static str,
    algorithm: PhantomData<fn() -> H>,
}

/// Written once for each hash: the bounds that HMAC and HKDF need of a hash that is a parameter are longer than this.
macro_rules! hash {
    ($hash:ty) => {
        impl Hash for RustCryptoHash<$hash> {
            fn name(&self) -> &'static str {
                self.name
            }

            fn output_len(&self) -> usize {
                <$hash>::output_size()
            }

            fn origin(&self) -> Origin {
                origin(&format!("RustCrypto, {}", (self.implementation)()))
            }

            fn start(&self) -> Box<dyn HashContext> {
                Box::new(<$hash>::new())
            }

            fn digest(&self, parts: &[&[u8]]) -> Digest {
                let mut hash = <$hash>::new();
                parts.iter().for_each(|part| sha2::Digest::update(&mut hash, part));
                Digest::copy_of(&hash.finalize())
            }

            fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> Digest {
                let mut mac = Hmac::<$hash>::new_from_slice(key).expect("HMAC takes keys of every length");
                parts.iter().for_each(|part| mac.update(part));
                Digest::copy_of(&mac.finalize().into_bytes())
            }

            fn hkdf_extract(&self, salt: &[u8], input: &[u8]) -> Secret {
                let (mut output, _) = Hkdf::<$hash>::extract(Some(salt), input);
                let secret = Secret::copy_of(&output);
                wipe(&mut output);
                secret
            }

            fn hkdf_expand_each(&self, secret: &[u8], expansions: &mut [Expansion<'_>]) {
                let hkdf = Hkdf::<$hash>::from_prk(secret).expect("the secret is as long as the hash");
                for Expansion { info, output } in expansions {
                    hkdf.expand_multi_info(info, output).expect("no more output than HKDF gives");
                }
            }
        }

        impl HashContext for $hash {
            fn update(&mut self, bytes: &[u8]) {
                sha2::Digest::update(self, bytes);
            }

            fn current(&self) -> Digest {
                Digest::copy_of(&self.clone().finalize())
            }

            fn current_with(&self, parts: &[&[u8]]) -> Digest {
                let mut hash = self.clone();
                parts.iter().for_each(|part| sha2::Digest::update(&mut hash, part));
                Digest::copy_of(&hash.finalize())
            }
        }
    };
}

hash!(Sha256);
hash!(Sha384);
hash!(Sha512);

/// What needs no instructions of its own.
pub(super) const SOFTWARE: &str = "in software";

/// What the crate `sha2` takes for SHA-256 on this CPU, in this build.
pub(super) fn sha256_implementation() -> &'static str {
    if cfg!(any(sha2_backend = "soft", sha2_256_backend = "soft")) {
        return SOFTWARE;
    }
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    if std::is_x86_feature_detected!("sha") && std::is_x86_feature_detected!("sse4.1") {
        return "SHA-NI";
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("sha2") {
        return "ARMv8 SHA-2";
    }
    SOFTWARE
}

/// What the crate `sha2` takes for SHA-384 and SHA-512 on this CPU, in this build.
fn sha512_implementation() -> &'static str {
    if cfg!(any(sha2_backend = "soft", sha2_512_backend = "soft")) {
        return SOFTWARE;
    }
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    if std::is_x86_feature_detected!("avx2") {
        return "AVX2";
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("sha3") {
        return "ARMv8.2 SHA-512";
    }
    SOFTWARE
}
