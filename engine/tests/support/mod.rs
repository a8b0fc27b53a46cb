//! What the integration tests share. Each of them takes a part of it.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod endpoint;
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

use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::pki::{CertifiedKey, ServerVerifier};

use self::pki::{Identity, KeyKind, Pki};

/// All providers of this build: a test that goes through none of them would prove nothing.
pub fn providers() -> &'static [&'static Provider] {
    let all = Provider::all();
    assert!(!all.is_empty(), "a build without a provider can't do TLS");
    all
}

pub fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// A client that trusts the throw-away root of `kind`.
pub fn client(
    provider: &'static Provider,
    kind: KeyKind,
    change: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
) -> Arc<ClientConfig> {
    let verifier = ServerVerifier::new(&[Pki::shared(kind).root()]).expect("a root that parses");
    change(ClientConfig::builder(provider).verifier(verifier)).build().expect("a client")
}

/// A server with the throw-away leaf of `kind`.
pub fn server(
    provider: &'static Provider,
    kind: KeyKind,
    change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> Arc<ServerConfig> {
    server_with(provider, Pki::shared_identity(kind), change)
}

/// A server with `identity`.
pub fn server_with(
    provider: &'static Provider,
    identity: &Identity,
    change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> Arc<ServerConfig> {
    let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).expect("a key for its leaf");
    change(ServerConfig::builder(provider).certificate(key)).build().expect("a server")
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
