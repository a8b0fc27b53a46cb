//! Scripts that have brought the connection under test to a state.

use tls_engine::codes::NamedGroup;
use tls_engine::conn::{ClientConfigBuilder, ServerConfigBuilder};
use tls_engine::crypto::Provider;

use super::Script;
use super::client::ScriptedClient;
use super::server::ScriptedServer;
use crate::support::pki::{KeyKind, Pki};
use crate::support::{asking_server, client, server};

const KIND: KeyKind = KeyKind::EcdsaP256;

/// A scripted client, and a server that waits for its ClientHello.
pub fn against_server(
    provider: &'static Provider,
    change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> ScriptedClient {
    ScriptedClient::new(provider, &server(provider, KIND, change), NamedGroup::X25519)
}

/// The server waits for a ClientHello.
pub fn server_start(provider: &'static Provider) -> ScriptedClient {
    against_server(provider, |builder| builder)
}

/// The server, which takes P-256 only, waits for a second ClientHello.
pub fn server_retried(provider: &'static Provider) -> ScriptedClient {
    let mut client = against_server(provider, |builder| builder.groups(&[NamedGroup::SECP256R1]));
    client.send_hello();
    client
}

/// The same with a cookie.
pub fn server_retried_with_cookie(provider: &'static Provider) -> ScriptedClient {
    let mut client = against_server(provider, |builder| builder.groups(&[NamedGroup::SECP256R1]).cookie(true));
    client.send_hello();
    assert!(client.cookie.is_some());
    client
}

/// The server waits for Finished.
pub fn server_finished(provider: &'static Provider) -> ScriptedClient {
    let mut client = server_start(provider);
    client.send_hello();
    client
}

/// The server has asked for a certificate, and waits for it.
pub fn server_certificate(provider: &'static Provider) -> ScriptedClient {
    let mut client = ScriptedClient::new(provider, &asking_server(provider, KIND, |it| it), NamedGroup::X25519);
    client.identity = Some(Pki::shared_client(KIND));
    client.send_hello();
    client
}

/// The server waits for the client's CertificateVerify.
pub fn server_certificate_verify(provider: &'static Provider) -> ScriptedClient {
    let mut client = server_certificate(provider);
    let certificate = client.certificate();
    client.message(&certificate);
    client
}

/// The server has verified the client's certificate, and waits for Finished.
pub fn server_finished_certified(provider: &'static Provider) -> ScriptedClient {
    let mut client = server_certificate_verify(provider);
    let verify = client.certificate_verify();
    client.message(&verify);
    client
}

/// The server's handshake is done.
pub fn server_ready(provider: &'static Provider) -> ScriptedClient {
    let mut client = server_start(provider);
    client.complete();
    client
}

/// A scripted server, and a client that waits for its ServerHello.
pub fn against_client(
    provider: &'static Provider,
    change: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
) -> ScriptedServer {
    ScriptedServer::new(provider, &client(provider, KIND, change), Pki::shared_identity(KIND))
}

/// The client waits for ServerHello.
pub fn client_start(provider: &'static Provider) -> ScriptedServer {
    against_client(provider, |builder| builder)
}

/// The client waits for ServerHello after a HelloRetryRequest for P-256.
pub fn client_retried(provider: &'static Provider) -> ScriptedServer {
    let mut server = client_start(provider);
    let retry = server.retry(NamedGroup::SECP256R1);
    server.send_retry(&retry);
    server
}

fn client_after(provider: &'static Provider, messages: usize) -> ScriptedServer {
    let mut server = client_start(provider);
    server.accept(NamedGroup::X25519, usize::MAX);
    server.send_flight(messages);
    server
}

/// The client waits for EncryptedExtensions.
pub fn client_extensions(provider: &'static Provider) -> ScriptedServer {
    client_after(provider, 0)
}

/// The client waits for Certificate or CertificateRequest.
pub fn client_certificate(provider: &'static Provider) -> ScriptedServer {
    client_after(provider, 1)
}

/// The client waits for CertificateVerify.
pub fn client_certificate_verify(provider: &'static Provider) -> ScriptedServer {
    client_after(provider, 2)
}

/// The client waits for Finished.
pub fn client_finished(provider: &'static Provider) -> ScriptedServer {
    client_after(provider, 3)
}

/// The client's handshake is done.
pub fn client_ready(provider: &'static Provider) -> ScriptedServer {
    let mut server = client_start(provider);
    server.complete();
    server
}
