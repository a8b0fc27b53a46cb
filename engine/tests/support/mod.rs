//! What the integration tests share. Each of them takes a part of it.
#![allow(dead_code, missing_docs, unreachable_pub, unused_imports)]

pub mod change;
pub mod compression;
pub mod endpoint;
pub mod ends;
pub mod jobs;
pub mod loop_server;
pub mod openssl;
#[cfg(target_os = "linux")]
pub mod own_memory;
pub mod peer;
pub mod pki;
pub mod programs;
pub mod rustls_peer;
pub mod scripted;
pub mod seeded;
pub mod skip;

use tls_engine::crypto::Provider;

pub use self::ends::{asking_server, client, client_with, localhost, server, server_with};

/// All providers of this build: a test that goes through none of them would prove nothing.
pub fn providers() -> &'static [&'static Provider] {
    let all = Provider::all();
    assert!(!all.is_empty(), "a build without a provider can't do TLS");
    all
}

/// `length` bytes that differ by place and by `salt`, none of them an ASCII letter: the OpenSSL programs take letters for
/// commands, and write words of their own between the data.
pub fn pattern(length: usize, salt: usize) -> Vec<u8> {
    let alphabet: Vec<u8> = (0..=255u8).filter(|byte| !byte.is_ascii_alphabetic()).collect();
    (0..length).map(|index| alphabet[(index * 31 + index / 251 + salt * 7) % alphabet.len()]).collect()
}

/// Fails with the first place where they differ, instead of all bytes.
#[track_caller]
pub fn assert_same_bytes(got: &[u8], expected: &[u8], what: &str) {
    if let Some(place) = got.iter().zip(expected).position(|(a, b)| a != b) {
        panic!("{what}: byte {place} is {:#04x}, not {:#04x}", got[place], expected[place]);
    }
    assert_eq!(got.len(), expected.len(), "{what}: number of bytes");
}
