//! Configurations with throw-away certificates.

use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::pki::{CertifiedKey, ClientVerifier, ServerVerifier};

use super::jobs;
use super::pki::{Identity, KeyKind, Pki};

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
    change(ClientConfig::builder(provider).verifier(verifier).pause_for(jobs::paused_for())).build().expect("a client")
}

/// A server with the throw-away leaf of `kind`.
pub fn server(
    provider: &'static Provider,
    kind: KeyKind,
    change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> Arc<ServerConfig> {
    server_with(provider, Pki::shared_identity(kind), change)
}

/// A server that asks for certificates from the throw-away authorities of `kind`, which its own is from as well.
pub fn asking_server(
    provider: &'static Provider,
    kind: KeyKind,
    change: impl FnOnce(ClientVerifier) -> ClientVerifier,
) -> Arc<ServerConfig> {
    let verifier = ClientVerifier::new(&[Pki::shared(kind).root()]).expect("a root that parses");
    server(provider, kind, |builder| builder.client_verifier(change(verifier)))
}

/// A client with `identity`, which trusts the throw-away root of `kind`.
pub fn client_with(provider: &'static Provider, kind: KeyKind, identity: &Identity) -> Arc<ClientConfig> {
    let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).expect("a key for its leaf");
    client(provider, kind, |builder| builder.certificate(key))
}

/// A server with `identity`.
pub fn server_with(
    provider: &'static Provider,
    identity: &Identity,
    change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> Arc<ServerConfig> {
    let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).expect("a key for its leaf");
    change(ServerConfig::builder(provider).certificate(key).pause_for(jobs::paused_for())).build().expect("a server")
}
