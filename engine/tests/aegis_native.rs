//! AEGIS has to come from the C library of the `aegis` crate. The crate's feature `pure-rust`, switched on by any crate
//! of the build, replaces it for all of them and says nothing: a fiftieth of the speed is the only sign.
#![cfg(feature = "rustcrypto")]

#[path = "support/skip.rs"]
mod skip;

use std::hint::black_box;
use std::time::{Duration, Instant};

use tls_engine::codes::CipherSuite;
use tls_engine::crypto::Provider;
use tls_engine::crypto::TAG_LEN;

#[test]
fn aegis_says_that_it_is_the_c_library() {
    for code in [CipherSuite::AEGIS_128L_SHA256, CipherSuite::AEGIS_256_SHA512] {
        for provider in ["auto", "rustcrypto"] {
            let implementation = Provider::by_name(provider).unwrap().suite(code).unwrap().aead.implementation();
            assert!(implementation.starts_with("libaegis in C"), "{code} of {provider} runs as {implementation}");
        }
    }
}

/// Told apart by speed too, in case the crate's types, by which the engine tells them apart, change. With AES
/// instructions the C library is some ten times as fast as ChaCha20-Poly1305 of RustCrypto, the Rust code a fifth of it.
#[test]
fn aegis_has_the_speed_of_the_c_library() {
    if !has_aes_instructions() {
        skip::unable("without AES instructions the C library is slow as well");
        return;
    }
    let aegis = fastest(CipherSuite::AEGIS_128L_SHA256);
    let chacha = fastest(CipherSuite::CHACHA20_POLY1305_SHA256);
    assert!(aegis * 2 < chacha, "16 KiB take AEGIS-128L {aegis:?}, ChaCha20-Poly1305 {chacha:?}");
}

/// The least time that sealing 16 KiB took in many tries: other work on the machine only makes it longer.
fn fastest(code: CipherSuite) -> Duration {
    let aead = Provider::by_name("rustcrypto").unwrap().suite(code).unwrap().aead;
    let key = aead.key(&vec![1; aead.key_len()]).unwrap();
    let nonce = vec![2; aead.nonce_len()];
    let mut text = vec![3; 16 << 10];
    let mut tag = [0; TAG_LEN];
    let one = |_| {
        let start = Instant::now();
        key.seal_in_place(&nonce, &[4; 5], black_box(&mut text), &mut tag).unwrap();
        start.elapsed()
    };
    (0..200).map(one).min().unwrap()
}

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
fn has_aes_instructions() -> bool {
    std::is_x86_feature_detected!("aes") && std::is_x86_feature_detected!("avx")
}

#[cfg(target_arch = "aarch64")]
fn has_aes_instructions() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64")))]
fn has_aes_instructions() -> bool {
    false
}
