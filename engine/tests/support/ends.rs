//! Configurations with throw-away certificates.

use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::pki::{CertifiedKey, ServerVerifier};

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

/// A server with `identity`.
pub fn server_with(
    provider: &'static Provider,
    identity: &Identity,
    change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> Arc<ServerConfig> {
    let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).expect("a key for its leaf");
    change(ServerConfig::builder(provider).certificate(key).pause_for(jobs::paused_for())).build().expect("a server")
}
