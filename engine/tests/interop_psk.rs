//! External pre-shared keys with OpenSSL's and GnuTLS' client and server, over sockets of this host.

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use support::endpoint::{Endpoint, listen};
use support::openssl::{self, Server, exchange};
use support::pki::{KeyKind, Pki};
use support::programs::Program;
use support::skip::find;
use support::{localhost, providers, server};
use tempfile::TempDir;
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::{Authentication, Error, ExternalPsk};

const KIND: KeyKind = KeyKind::EcdsaP256;
const IDENTITY: &str = "client-1";
const KEY: &str = "6dd32b4b7ac8f0c49e1fd1c4c7a9d0e1a3b5c7d9e1f30517293b4d5f60718293";
const OPENSSL: [&str; 4] = ["-psk", KEY, "-psk_identity", IDENTITY];

fn psk() -> ExternalPsk {
    let byte = |place: usize| u8::from_str_radix(&KEY[place..place + 2], 16).expect("digits");
    let key: Vec<u8> = (0..KEY.len()).step_by(2).map(byte).collect();
    ExternalPsk::new(IDENTITY.as_bytes(), &key).expect("a PSK")
}

fn psk_client(
    provider: &'static Provider,
    change: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
) -> Arc<ClientConfig> {
    change(ClientConfig::builder(provider).external_psk(psk())).build().expect("a client")
}

fn psk_server(
    provider: &'static Provider,
    change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> Arc<ServerConfig> {
    change(ServerConfig::builder(provider).external_psks([psk()])).build().expect("a server")
}

#[track_caller]
fn check(endpoint: &Endpoint, is_retry: bool, group: Option<NamedGroup>) {
    let negotiated = endpoint.peer.connection.negotiated().expect("a connection that is ready");
    assert_eq!(negotiated.authentication, Authentication::ExternalPsk);
    assert_eq!(negotiated.psk_identity.as_deref(), Some(IDENTITY.as_bytes()));
    assert_eq!((negotiated.hello_retry, negotiated.group), (is_retry, group));
}

#[test]
fn our_client_and_the_server_of_openssl() {
    let Some(openssl) = find("openssl") else { return };
    for provider in providers() {
        for suite in [CipherSuite::AES_128_GCM_SHA256, CipherSuite::CHACHA20_POLY1305_SHA256] {
            for (groups, is_retry) in [("X25519:P-256", false), ("P-256", true)] {
                let options = ["-ciphersuites", suite.name().unwrap(), "-groups", groups];
                for has_certificate in [false, true] {
                    let arguments = [&OPENSSL[..], &options].concat();
                    let peer = if has_certificate {
                        Server::start(&openssl, Pki::shared_identity(KIND), &arguments)
                    } else {
                        Server::without_certificate(&openssl, &arguments)
                    };
                    let ours = [NamedGroup::X25519, NamedGroup::SECP256R1];
                    let config = psk_client(provider, |builder| builder.groups(&ours));
                    let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
                    check(&endpoint, is_retry, Some(ours[usize::from(is_retry)]));
                    exchange(&mut endpoint, &peer.program, 1);
                    endpoint.close().unwrap();
                }
            }
        }
    }
}

#[test]
fn our_server_and_the_client_of_openssl() {
    let Some(openssl) = find("openssl") else { return };
    for provider in providers() {
        for (groups, is_retry) in [("X25519:P-256", false), ("P-384:P-256", true)] {
            for has_certificate in [false, true] {
                let (listener, port) = listen();
                let arguments = [&OPENSSL[..], &["-groups", groups]].concat();
                let (mut program, _files) = openssl::client(&openssl, Pki::shared(KIND), port, &arguments);
                let ours = [NamedGroup::X25519, NamedGroup::SECP256R1];
                let config = if has_certificate {
                    server(provider, KIND, |builder| builder.groups(&ours).external_psks([psk()]))
                } else {
                    psk_server(provider, |builder| builder.groups(&ours))
                };
                let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
                check(&endpoint, is_retry, Some(ours[usize::from(is_retry)]));
                exchange(&mut endpoint, &program, 2);
                endpoint.close().unwrap();
                let (status, _, errors) = program.wait_end();
                assert!(status.success(), "{status}: {errors}");
            }
        }
    }
}

/// Its server leaves the key exchange out where it has no group of the client's, and the client is one that takes that.
#[test]
fn without_a_key_exchange_the_server_of_openssl_takes_a_psk_alone() {
    let Some(openssl) = find("openssl") else { return };
    for provider in providers() {
        for is_allowed in [true, false] {
            let arguments = [&OPENSSL[..], &["-groups", "P-384", "-allow_no_dhe_kex"]].concat();
            let peer = Server::without_certificate(&openssl, &arguments);
            let config = psk_client(provider, |builder| builder.groups(&[NamedGroup::X25519]).psk_ke(is_allowed));
            match Endpoint::connect(peer.port, &config, localhost()) {
                Ok(mut endpoint) if is_allowed => {
                    check(&endpoint, false, None);
                    exchange(&mut endpoint, &peer.program, 3);
                    endpoint.close().unwrap();
                }
                Err(failure) if !is_allowed => assert!(matches!(failure.tls(), Error::PeerAlert(_))),
                Ok(_) => panic!("allowed by nobody"),
                Err(failure) => panic!("{failure:?}"),
            }
        }
    }
}

/// What is wrong is refused by both ends.
#[test]
fn other_keys_are_refused() {
    let Some(openssl) = find("openssl") else { return };
    let other = KEY.replace('6', "7");
    let wrong_key = ["-psk", &other, "-psk_identity", IDENTITY];
    for provider in providers() {
        let peer = Server::without_certificate(&openssl, &wrong_key);
        let failure = Endpoint::connect(peer.port, &psk_client(provider, |builder| builder), localhost()).err();
        assert!(matches!(failure.expect("a refusal").tls(), Error::PeerAlert(_)));
        for (arguments, expected) in [
            (wrong_key, Error::DecryptError("the binder of a PSK")),
            (["-psk", KEY, "-psk_identity", "client-2"], Error::UnknownPsk),
        ] {
            let (listener, port) = listen();
            let (mut program, _files) = openssl::client(&openssl, Pki::shared(KIND), port, &arguments);
            let failure = Endpoint::accept(&listener, &psk_server(provider, |builder| builder)).err();
            assert_eq!(failure.expect("a refusal").tls(), expected);
            assert!(!program.wait_end().0.success());
        }
    }
}

/// GnuTLS: with a key exchange, and alone. Its programs name that in their priorities.
const GNUTLS: [(&str, bool); 2] = [
    ("NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:+ECDHE-PSK:+PSK", true),
    ("NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:+PSK", false),
];

#[test]
fn our_server_and_the_client_of_gnutls() {
    let Some(gnutls) = find("gnutls-cli") else { return };
    for provider in providers() {
        for (priority, has_exchange) in GNUTLS {
            let (listener, port) = listen();
            let mut command = Command::new(&gnutls);
            command.args(["--pskusername", IDENTITY, "--pskkey", KEY, "--priority", priority, "-p", &port.to_string()]);
            let mut program = Program::start(command.arg("localhost"));
            let config = psk_server(provider, |builder| builder.psk_ke(true));
            let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
            let negotiated = endpoint.peer.connection.negotiated().unwrap().clone();
            assert_eq!(negotiated.authentication, Authentication::ExternalPsk, "{priority}");
            assert_eq!(negotiated.group.is_some(), has_exchange, "{priority}");
            program.wait_text("Handshake was completed");
            talk_lines(&mut endpoint, &program);
            program.close_input();
            drop(endpoint);
            let _ = program.wait_end();
        }
    }
}

#[test]
fn our_client_and_the_server_of_gnutls() {
    let Some(gnutls) = find("gnutls-serv") else { return };
    let directory = TempDir::new().expect("a temporary directory");
    let keys = directory.path().join("psk");
    std::fs::write(&keys, format!("{IDENTITY}:{KEY}\n")).expect("a file of the test's own");
    for provider in providers() {
        for (priority, has_exchange) in GNUTLS {
            let (program, port) = gnutls_server(&gnutls, &keys, priority);
            let config = psk_client(provider, |builder| builder.psk_ke(true));
            let mut endpoint = Endpoint::connect(port, &config, localhost()).unwrap();
            let negotiated = endpoint.peer.connection.negotiated().unwrap().clone();
            assert_eq!(negotiated.authentication, Authentication::ExternalPsk, "{priority}");
            assert_eq!(negotiated.group.is_some(), has_exchange, "{priority}");
            endpoint.send(b"there and back\n").unwrap();
            assert_eq!(endpoint.receive(15).unwrap(), b"there and back\n");
            drop((endpoint, program));
        }
    }
}

/// A server that sends back what it gets. A free port is asked for and given to it.
fn gnutls_server(gnutls: &Path, keys: &Path, priority: &str) -> (Program, u16) {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port").port();
    let mut command = Command::new(gnutls);
    command.args(["--echo", "--priority", priority, "--port", &port.to_string(), "--pskpasswd"]).arg(keys);
    let program = Program::start(&mut command);
    program.wait_error(&format!("IPv4 0.0.0.0 port {port}...done"));
    (program, port)
}

/// A line each way.
fn talk_lines(endpoint: &mut Endpoint, program: &Program) {
    program.send(b"from the program\n");
    assert_eq!(endpoint.receive(17).unwrap(), b"from the program\n");
    endpoint.send(b"from the engine\n").unwrap();
    endpoint.run_until(|_| true).unwrap();
    program.wait_text("from the engine");
}

/// What the tests above lean on: a client without the PSK is one with certificates.
#[test]
fn a_client_of_openssl_without_a_psk_gets_the_certificate() {
    let Some(openssl) = find("openssl") else { return };
    let provider = Provider::auto();
    let (listener, port) = listen();
    let (program, _files) = openssl::client(&openssl, Pki::shared(KIND), port, &["-ign_eof"]);
    let config = server(provider, KIND, |builder| builder.external_psks([psk()]).psk_ke(true));
    let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
    assert!(endpoint.peer.connection.negotiated().unwrap().signature().is_some());
    exchange(&mut endpoint, &program, 5);
}
