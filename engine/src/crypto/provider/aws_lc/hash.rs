use aws_lc_rs::{digest, hmac};

use super::origin;
use crate::crypto::{Expansion, HKDF_BLOCKS_MAX, HKDF_INFO_MAX, Hash, HashContext, Origin};
use crate::mem::{Digest, SECRET_MAX, Secret, wipe};

pub(super) static SHA256: AwsLcHash = AwsLcHash {
    name: "SHA-256",
    digest: &digest::SHA256,
    hmac: hmac::HMAC_SHA256,
    implementation: sha256_implementation,
};
pub(super) static SHA384: AwsLcHash = AwsLcHash {
    name: "SHA-384",
    digest: &digest::SHA384,
    hmac: hmac::HMAC_SHA384,
    implementation: sha512_implementation,
};
#[cfg(feature = "rustcrypto")]
pub(super) static SHA512: AwsLcHash = AwsLcHash {
    name: "SHA-512",
    digest: &digest::SHA512,
    hmac: hmac::HMAC_SHA512,
    implementation: sha512_implementation,
};

pub(super) struct AwsLcHash {
    name: &'static str,
    digest: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
    implementation: fn() -> &'static str,
}

impl Hash for AwsLcHash {
    fn name(&self) -> &'static str {
        self.name
    }

    fn output_len(&self) -> usize {
        self.digest.output_len()
    }

    fn origin(&self) -> Origin {
        origin((self.implementation)())
    }

    fn start(&self) -> Box<dyn HashContext> {
        Box::new(AwsLcContext(digest::Context::new(self.digest)))
    }

    fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut context = digest::Context::new(self.digest);
        parts.iter().for_each(|part| context.update(part));
        Digest::copy_of(context.finish().as_ref())
    }

    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&hmac::Key::new(self.hmac, key));
        parts.iter().for_each(|part| context.update(part));
        Digest::copy_of(context.sign().as_ref())
    }

    fn hkdf_extract(&self, salt: &[u8], input: &[u8]) -> Secret {
        let mut secret = Secret::zeroed(self.output_len());
        mac_into(&hmac::Key::new(self.hmac, salt), input, secret.as_mut_bytes());
        secret
    }

    fn hkdf_expand_each(&self, secret: &[u8], expansions: &mut [Expansion<'_>]) {
        let key = hmac::Key::new(self.hmac, secret);
        for Expansion { info, output } in expansions {
            self.expand(&key, info, output);
        }
    }
}

/// The longest `info` of the key schedule of TLS 1.3, bytes: an HkdfLabel (RFC 8446 7.1) with a label of 12 and a hash of 64.
const SCHEDULE_INFO_MAX: usize = 2 + (1 + 6 + 12) + (1 + 64);

impl AwsLcHash {
    fn expand(&self, key: &hmac::Key, info: &[&[u8]], output: &mut [u8]) {
        assert!(output.len() <= HKDF_BLOCKS_MAX * self.output_len(), "more output than HKDF gives");
        // To have a large buffer takes longer than to have a small one.
        if info.iter().map(|part| part.len()).sum::<usize>() <= SCHEDULE_INFO_MAX {
            self.expand_in::<{ SECRET_MAX + SCHEDULE_INFO_MAX + 1 }>(key, info, output);
        } else {
            self.expand_in::<{ SECRET_MAX + HKDF_INFO_MAX + 1 }>(key, info, output);
        }
    }

    /// T(n) = HMAC(secret, T(n - 1) | info | n), with a buffer of this length for the message. The MAC is written to where it is
    /// wanted, because the incremental API leaves its result in memory that nobody wipes.
    fn expand_in<const BUFFER: usize>(&self, key: &hmac::Key, info: &[&[u8]], output: &mut [u8]) {
        let mut message = [0; BUFFER];
        let hash_len = self.output_len();
        let (mut previous_len, mut used) = (0, 0);
        for (chunk, number) in output.chunks_mut(hash_len).zip(1..=u8::MAX) {
            let mut end = previous_len;
            for part in info {
                message[end..end + part.len()].copy_from_slice(part);
                end += part.len();
            }
            message[end] = number;
            used = end + 1;
            if chunk.len() < hash_len {
                let mut block = Secret::zeroed(hash_len);
                mac_into(key, &message[..used], block.as_mut_bytes());
                chunk.copy_from_slice(&block.as_bytes()[..chunk.len()]);
            } else {
                mac_into(key, &message[..used], chunk);
                message[..hash_len].copy_from_slice(chunk);
            }
            previous_len = hash_len;
        }
        wipe(&mut message[..used.max(previous_len)]);
    }
}

struct AwsLcContext(digest::Context);

impl HashContext for AwsLcContext {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn current(&self) -> Digest {
        Digest::copy_of(self.0.clone().finish().as_ref())
    }

    fn current_with(&self, parts: &[&[u8]]) -> Digest {
        let mut context = self.0.clone();
        parts.iter().for_each(|part| context.update(part));
        Digest::copy_of(context.finish().as_ref())
    }
}

fn mac_into(key: &hmac::Key, message: &[u8], output: &mut [u8]) {
    // The only way to fail is an output that is too short, and every caller's has the hash's length.
    let written = hmac::sign_to_buffer(key, message, output).map_or(0, |tag| tag.len());
    assert_eq!(written, output.len(), "the output has the hash's length");
}

/// What AWS-LC's dispatch takes for SHA-256 on this CPU.
fn sha256_implementation() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        if has!("sha") {
            return "SHA-NI";
        }
        if has!("ssse3") { "SSSE3, or AVX on CPUs of Intel" } else { "64-bit assembly" }
    }
    #[cfg(target_arch = "aarch64")]
    {
        if std::arch::is_aarch64_feature_detected!("sha2") { "ARMv8 SHA-2" } else { "Neon" }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        "by its own choice"
    }
}

/// What AWS-LC's dispatch takes for SHA-384 and SHA-512 on this CPU.
fn sha512_implementation() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        // It asks for the maker, because CPUs of AMD before Zen were slow at it.
        if has!("avx") && has!("ssse3") { "64-bit assembly, or AVX on CPUs of Intel" } else { "64-bit assembly" }
    }
    #[cfg(target_arch = "aarch64")]
    {
        // Rust's name for both SHA-512 and SHA-3.
        if std::arch::is_aarch64_feature_detected!("sha3") { "ARMv8.2 SHA-512" } else { "Neon" }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        "by its own choice"
    }
}
