//! What is refused between the engine and OpenSSL's programs, and what each of them hears of it.

mod support;

use std::path::Path;

use support::endpoint::{Endpoint, Failure, listen};
use support::openssl::{self, Server, exchange};
use support::pki::{Identity, KeyKind, Pki, expired};
use support::programs::Program;
use support::skip::find;
use support::{client, localhost, providers, server, server_with};
use tls_engine::Error;
use tls_engine::codes::AlertDescription;
use tls_engine::error::CertificateError;

#[test]
fn no_group_in_common_is_a_handshake_failure() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        let (listener, port) = listen();
        let (mut program, _files) = openssl::client(&openssl, Pki::shared(kind), port, &["-groups", "X448"]);
        let error = Endpoint::accept(&listener, &server(provider, kind, |builder| builder)).err().unwrap().tls();
        assert_eq!(error.alert(), Some(AlertDescription::HANDSHAKE_FAILURE), "{error}");
        assert!(program.wait_end().2.contains("alert handshake failure"));

        let peer = Server::start(&openssl, Pki::shared_identity(kind), &["-groups", "X448"]);
        let error = Endpoint::connect(peer.port, &client(provider, kind, |builder| builder), localhost()).err();
        assert_eq!(error.unwrap().tls(), Error::PeerAlert(AlertDescription::HANDSHAKE_FAILURE));
    }
}

#[test]
fn our_client_refuses_bad_certificates_with_the_right_alert() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    let pki = Pki::shared(kind);
    for provider in providers() {
        let refuse = |identity: &Identity, name: &'static str| {
            let peer = Server::start(&openssl, identity, &[] as &[&str]);
            let name = name.try_into().unwrap();
            let result = Endpoint::connect(peer.port, &client(provider, kind, |builder| builder), name);
            (result.err().expect("a refusal").tls(), peer)
        };
        let (error, peer) = refuse(&pki.issue(kind, expired), "localhost");
        assert_eq!(error, Error::Certificate(CertificateError::Expired));
        peer.program.wait_error("alert certificate expired");

        let (error, peer) = refuse(Pki::shared_identity(kind), "example.com");
        assert!(matches!(&error, Error::Certificate(CertificateError::WrongName { .. })), "{error}");
        peer.program.wait_error("alert bad certificate");

        let (error, peer) = refuse(Pki::shared_identity(KeyKind::EcdsaP384), "localhost");
        assert_eq!(error, Error::Certificate(CertificateError::UnknownIssuer));
        peer.program.wait_error("alert unknown ca");
    }
}

#[test]
fn its_client_refuses_our_bad_certificates_and_we_hear_of_it() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    let pki = Pki::shared(kind);
    for provider in providers() {
        let refused = |identity: &Identity, trusted: &Pki| {
            let (listener, port) = listen();
            let (_program, _files) = openssl::client(&openssl, trusted, port, &[] as &[&str]);
            let config = server_with(provider, identity, |builder| builder);
            // The server may be done before the client judges; then the alert comes to the first read after.
            match Endpoint::accept(&listener, &config) {
                Ok(mut endpoint) => endpoint.run_until(|_| false).unwrap_err().tls(),
                Err(failure) => failure.tls(),
            }
        };
        let alert = refused(&pki.issue(kind, expired), pki);
        assert_eq!(alert, Error::PeerAlert(AlertDescription::CERTIFICATE_EXPIRED));
        let alert = refused(Pki::shared_identity(kind), Pki::shared(KeyKind::EcdsaP384));
        assert_eq!(alert, Error::PeerAlert(AlertDescription::UNKNOWN_CA));
        let other_name = pki.issue(kind, |params| {
            params.subject_alt_names = vec![rcgen::SanType::DnsName("example.com".try_into().unwrap())];
        });
        assert_eq!(refused(&other_name, pki), Error::PeerAlert(AlertDescription::BAD_CERTIFICATE));
    }
}

#[test]
fn an_old_version_is_refused() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        let (listener, port) = listen();
        let mut program = start_tls12_client(&openssl, port);
        let error = Endpoint::accept(&listener, &server(provider, kind, |builder| builder)).err().unwrap().tls();
        assert_eq!(error, Error::ProtocolVersion);
        let errors = program.wait_end().2;
        assert!(errors.contains("alert protocol version"), "{errors}");
    }
}

#[test]
fn a_peer_that_is_killed_is_a_truncation() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        let peer = Server::start(&openssl, Pki::shared_identity(kind), &[] as &[&str]);
        let config = client(provider, kind, |builder| builder);
        let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
        exchange(&mut endpoint, &peer.program, 23);
        drop(peer);
        let failure = endpoint.run_until(|_| false).unwrap_err();
        assert!(matches!(failure, Failure::Ended), "{failure:?}");
        assert_eq!(endpoint.peer.connection.end_of_input(), Err(Error::Truncated));
    }
}

fn start_tls12_client(openssl: &Path, port: u16) -> Program {
    let mut command = std::process::Command::new(openssl);
    Program::start(command.args(["s_client", "-tls1_2", "-connect", &format!("127.0.0.1:{port}")]))
}
