//! OpenSSL's own client and server as peers, over sockets of this host.

mod support;

use std::path::Path;
use std::sync::Arc;

use support::endpoint::{Endpoint, listen};
use support::openssl::{self, Server, exchange};
use support::pki::{KeyKind, Pki};
use support::programs::Program;
use support::skip::find;
use support::{client, localhost, providers, server};
use tempfile::TempDir;
use tls_engine::Error;
use tls_engine::KeyLogFile;
use tls_engine::codes::{AlertDescription, CipherSuite, NamedGroup, SignatureScheme};

const SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];
const GROUPS: [(NamedGroup, &str); 3] =
    [(NamedGroup::X25519, "X25519"), (NamedGroup::SECP256R1, "P-256"), (NamedGroup::SECP384R1, "P-384")];

fn signatures(kind: KeyKind) -> &'static [SignatureScheme] {
    match kind {
        KeyKind::EcdsaP256 => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
        KeyKind::EcdsaP384 => &[SignatureScheme::ECDSA_SECP384R1_SHA384],
        KeyKind::Ed25519 => &[SignatureScheme::ED25519],
        KeyKind::Rsa2048 => &[
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA512,
        ],
    }
}

fn check_negotiated(endpoint: &Endpoint, suite: CipherSuite, group: NamedGroup, kind: KeyKind) {
    let negotiated = endpoint.peer.connection.negotiated().expect("a connection that is ready");
    assert_eq!((negotiated.suite, negotiated.group), (suite, Some(group)));
    assert!(
        negotiated.signature().is_some_and(|scheme| signatures(kind).contains(&scheme)),
        "{kind:?}: {negotiated:?}"
    );
    assert!(!negotiated.hello_retry);
}

fn every_combination(check: impl Fn(&'static tls_engine::crypto::Provider, CipherSuite, (NamedGroup, &str), KeyKind)) {
    for provider in providers() {
        for suite in SUITES {
            for group in GROUPS {
                for kind in KeyKind::ALL {
                    eprintln!("{} {suite} {} {kind:?}", provider.name, group.1);
                    check(provider, suite, group, kind);
                }
            }
        }
    }
}

#[test]
fn our_client_and_its_server_with_every_suite_group_and_certificate() {
    let Some(openssl) = find("openssl") else { return };
    every_combination(|provider, suite, (group, group_name), kind| {
        let arguments = ["-ciphersuites", suite.name().unwrap(), "-groups", group_name];
        let peer = Server::start(&openssl, Pki::shared_identity(kind), &arguments);
        let config = client(provider, kind, |builder| builder.suites(&[suite]).groups(&[group]));
        let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
        check_negotiated(&endpoint, suite, group, kind);
        exchange(&mut endpoint, &peer.program, 1);
        assert!(!endpoint.peer.connection.tickets().is_empty(), "the server sends tickets");
        endpoint.close().unwrap();
    });
}

#[test]
fn our_server_and_its_client_with_every_suite_group_and_certificate() {
    let Some(openssl) = find("openssl") else { return };
    every_combination(|provider, suite, (group, group_name), kind| {
        let (listener, port) = listen();
        let arguments = ["-ciphersuites", suite.name().unwrap(), "-groups", group_name];
        let (mut program, _files) = openssl::client(&openssl, Pki::shared(kind), port, &arguments);
        // What the server can do is left open: the client decides.
        let config = server(provider, kind, |builder| builder);
        let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
        check_negotiated(&endpoint, suite, group, kind);
        assert_eq!(endpoint.peer.connection.negotiated().unwrap().server_name.as_deref(), Some("localhost"));
        exchange(&mut endpoint, &program, 2);
        endpoint.close().unwrap();
        let (status, output, errors) = program.wait_end();
        let output = String::from_utf8_lossy(&output);
        assert!(status.success(), "{status}: {errors}");
        assert!(output.contains(&format!("Cipher is {suite}")), "{output}");
        assert!(output.contains("Verify return code: 0 (ok)"), "{output}");
    });
}

/// Which both ends use only if it is asked for.
#[test]
fn p521_is_the_same_both_ways() {
    let Some(openssl) = find("openssl") else { return };
    const GROUP: NamedGroup = NamedGroup::SECP521R1;
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        for suite in SUITES {
            let arguments = ["-ciphersuites", suite.name().unwrap(), "-groups", "P-521"];
            let peer = Server::start(&openssl, Pki::shared_identity(kind), &arguments);
            let config = client(provider, kind, |builder| builder.suites(&[suite]).groups(&[GROUP]));
            let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
            check_negotiated(&endpoint, suite, GROUP, kind);
            exchange(&mut endpoint, &peer.program, 3);
            endpoint.close().unwrap();

            let (listener, port) = listen();
            let (mut program, _files) = openssl::client(&openssl, Pki::shared(kind), port, &arguments);
            let config = server(provider, kind, |builder| builder.groups(&[GROUP]));
            let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
            check_negotiated(&endpoint, suite, GROUP, kind);
            exchange(&mut endpoint, &program, 5);
            endpoint.close().unwrap();
            assert!(program.wait_end().0.success());
        }
    }
}

#[test]
fn application_protocols_are_agreed_on_with_its_server() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    let start = || Server::start(&openssl, Pki::shared_identity(kind), &["-alpn", "h2,http/1.1"]);
    for provider in providers() {
        let peer = start();
        let config = client(provider, kind, |builder| builder.alpn(&[b"unheard-of", b"http/1.1"]));
        let endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
        assert_eq!(endpoint.peer.connection.negotiated().unwrap().alpn.as_deref(), Some(&b"http/1.1"[..]));
        endpoint.close().unwrap();

        let peer = start();
        let config = client(provider, kind, |builder| builder.alpn(&[b"unheard-of"]));
        let error = Endpoint::connect(peer.port, &config, localhost()).err().expect("nothing in common").tls();
        assert_eq!(error, Error::PeerAlert(AlertDescription::NO_APPLICATION_PROTOCOL));
    }
}

#[test]
fn application_protocols_are_agreed_on_with_its_client() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        let config = server(provider, kind, |builder| builder.alpn(&[b"h2", b"http/1.1"]));
        let (listener, port) = listen();
        let (mut program, _files) = openssl::client(&openssl, Pki::shared(kind), port, &["-alpn", "xx,http/1.1"]);
        let endpoint = Endpoint::accept(&listener, &config).unwrap();
        assert_eq!(endpoint.peer.connection.negotiated().unwrap().alpn.as_deref(), Some(&b"http/1.1"[..]));
        program.wait_text("ALPN protocol: http/1.1");
        endpoint.close().unwrap();
        program.wait_end();

        let (mut program, _files) = openssl::client(&openssl, Pki::shared(kind), port, &["-alpn", "xx"]);
        let error = Endpoint::accept(&listener, &config).err().expect("nothing in common").tls();
        assert_eq!(error, Error::NoApplicationProtocol);
        let (status, _, errors) = program.wait_end();
        assert!(!status.success() && errors.contains("alert no application protocol"), "{errors}");
    }
}

#[test]
fn keys_are_updated_both_ways_with_its_server() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        for suite in SUITES {
            let peer = Server::start(&openssl, Pki::shared_identity(kind), &[] as &[&str]);
            let config = client(provider, kind, |builder| builder.suites(&[suite]));
            let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
            update_keys_in_all_ways(&mut endpoint, &peer.program);
            endpoint.close().unwrap();
        }
    }
}

#[test]
fn keys_are_updated_both_ways_with_its_client() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        for suite in SUITES {
            let (listener, port) = listen();
            let (mut program, _files) = openssl::client(&openssl, Pki::shared(kind), port, &[] as &[&str]);
            let config = server(provider, kind, |builder| builder.suites(&[suite]));
            let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
            // It takes commands once it is done with its own part.
            program.wait_text("Verify return code: 0 (ok)");
            update_keys_in_all_ways(&mut endpoint, &program);
            endpoint.close().unwrap();
            assert!(program.wait_end().0.success());
        }
    }
}

fn update_keys_in_all_ways(endpoint: &mut Endpoint, program: &Program) {
    let updates = |endpoint: &Endpoint| {
        let connection = &endpoint.peer.connection;
        (connection.sealed().key_updates, connection.opened().key_updates)
    };
    exchange(endpoint, program, 3);
    assert_eq!(updates(endpoint), (0, 0));
    // Ours alone; then ours with one asked for in return.
    endpoint.update_keys(false).unwrap();
    exchange(endpoint, program, 5);
    assert_eq!(updates(endpoint), (1, 0));
    endpoint.update_keys(true).unwrap();
    exchange(endpoint, program, 7);
    assert_eq!(updates(endpoint), (2, 1));
    // Theirs alone; then theirs with one asked for in return.
    program.send(b"k\n");
    endpoint.run_until(|peer| peer.connection.opened().key_updates == 2).unwrap();
    exchange(endpoint, program, 9);
    assert_eq!(updates(endpoint), (2, 2));
    program.send(b"K\n");
    endpoint.run_until(|peer| peer.connection.opened().key_updates == 3).unwrap();
    exchange(endpoint, program, 11);
    assert_eq!(updates(endpoint), (3, 3));
}

#[test]
fn its_server_asks_our_client_for_another_key_share() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        for (suite, (group, group_name)) in SUITES.into_iter().zip([GROUPS[1], GROUPS[2], GROUPS[1]]) {
            let peer = Server::start(&openssl, Pki::shared_identity(kind), &["-groups", group_name]);
            let config = client(provider, kind, |builder| {
                let builder = builder.suites(&[suite]).groups(&[NamedGroup::X25519, group]);
                builder.key_share_groups(&[NamedGroup::X25519])
            });
            let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
            let negotiated = endpoint.peer.connection.negotiated().unwrap();
            assert_eq!((negotiated.suite, negotiated.group, negotiated.hello_retry), (suite, Some(group), true));
            exchange(&mut endpoint, &peer.program, 13);
            endpoint.close().unwrap();
        }
    }
}

#[test]
fn our_server_asks_its_client_for_another_key_share() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        // It sends a share for the first of its groups alone: one we refuse, or one we do not know.
        for (groups, expected) in [
            ("X25519:P-256", NamedGroup::SECP256R1),
            ("X448:P-384", NamedGroup::SECP384R1),
            ("P-521:X25519", NamedGroup::X25519),
        ] {
            for cookie in [false, true] {
                let (listener, port) = listen();
                let (mut program, _files) = openssl::client(&openssl, Pki::shared(kind), port, &["-groups", groups]);
                let config = server(provider, kind, |builder| builder.groups(&[expected]).cookie(cookie));
                let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
                let negotiated = endpoint.peer.connection.negotiated().unwrap();
                assert_eq!((negotiated.group, negotiated.hello_retry), (Some(expected), true));
                exchange(&mut endpoint, &program, 15);
                endpoint.close().unwrap();
                assert!(program.wait_end().0.success());
            }
        }
    }
}

#[test]
fn small_fragments_and_padding_are_taken_from_both() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::Rsa2048;
    for provider in providers() {
        for extra in [&["-max_send_frag", "512"][..], &["-record_padding", "1000"], &["-no_middlebox"]] {
            let peer = Server::start(&openssl, Pki::shared_identity(kind), extra);
            let config = client(provider, kind, |builder| builder);
            let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
            exchange(&mut endpoint, &peer.program, 17);
            endpoint.close().unwrap();

            let (listener, port) = listen();
            let (mut program, _files) = openssl::client(&openssl, Pki::shared(kind), port, extra);
            let mut endpoint = Endpoint::accept(&listener, &server(provider, kind, |builder| builder)).unwrap();
            exchange(&mut endpoint, &program, 19);
            endpoint.close().unwrap();
            assert!(program.wait_end().0.success());
        }
        // The other way round: ours without the compatibility mode.
        let peer = Server::start(&openssl, Pki::shared_identity(kind), &[] as &[&str]);
        let config = client(provider, kind, |builder| builder.middlebox_compatibility(false));
        let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
        exchange(&mut endpoint, &peer.program, 21);
        endpoint.close().unwrap();
    }
}

#[test]
fn both_ends_log_the_same_secrets() {
    let Some(openssl) = find("openssl") else { return };
    let kind = KeyKind::EcdsaP256;
    let directory = TempDir::new().unwrap();
    for provider in providers() {
        for (index, suite) in SUITES.into_iter().enumerate() {
            let path = |name: &str| directory.path().join(format!("{}-{index}-{name}", provider.name));
            let key_log = |name: &str| Arc::new(KeyLogFile::open(&path(name)).unwrap());

            let arguments = ["-keylogfile".into(), path("its-server").into_os_string()];
            let peer = Server::start(&openssl, Pki::shared_identity(kind), &arguments);
            let config = client(provider, kind, |builder| builder.suites(&[suite]).key_log(key_log("our-client")));
            let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
            exchange(&mut endpoint, &peer.program, 25);
            assert_same_secrets(&path("our-client"), &path("its-server"));
            endpoint.close().unwrap();

            let (listener, port) = listen();
            let arguments = ["-keylogfile".into(), path("its-client").into_os_string()];
            let (program, _files) = openssl::client(&openssl, Pki::shared(kind), port, &arguments);
            let config = server(provider, kind, |builder| builder.suites(&[suite]).key_log(key_log("our-server")));
            let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
            exchange(&mut endpoint, &program, 27);
            assert_same_secrets(&path("our-server"), &path("its-client"));
            endpoint.close().unwrap();
        }
    }
}

fn assert_same_secrets(ours: &Path, theirs: &Path) {
    let lines = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let (ours, theirs) = (lines(ours), lines(theirs));
    // Two for the handshake, two for application data, the exporter's.
    assert_eq!(ours.len(), 5, "{ours:?}");
    assert_eq!(ours, theirs);
}
