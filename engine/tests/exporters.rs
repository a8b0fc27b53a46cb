//! Keying material that is exported (RFC 8446 7.5): the same at both ends and with OpenSSL, and as the RFC derives it.

mod support;

use std::sync::{Arc, Mutex};

use support::endpoint::{Endpoint, listen};
use support::openssl::{self, Server, exchange};
use support::peer::{Peer, pump};
use support::pki::{KeyKind, Pki};
use support::programs::Program;
use support::skip::find;
use support::{client, localhost, providers, server};
use tls_engine::codes::CipherSuite;
use tls_engine::crypto::{Hash, Provider};
use tls_engine::mem::Secret;
use tls_engine::session::{MemoryTickets, TicketKeys};
use tls_engine::signal::NullSignal;
use tls_engine::{Connection, Error, KeyLog, SecretLabel};

const KIND: KeyKind = KeyKind::EcdsaP256;
const LABEL: &[u8] = b"EXPERIMENTAL tls-engine";

/// Keeps the exporter's secret of each connection.
#[derive(Default)]
struct ExporterSecrets(Mutex<Vec<Secret>>);

impl KeyLog for ExporterSecrets {
    fn log(&self, label: SecretLabel, _: &[u8; 32], secret: &Secret) {
        if label == SecretLabel::Exporter {
            self.0.lock().unwrap().push(secret.clone());
        }
    }
}

fn export(connection: &Connection, label: &[u8], context: &[u8], len: usize) -> Vec<u8> {
    let mut output = vec![0; len];
    connection.export_keying_material(label, context, &mut output).unwrap();
    output
}

/// HKDF-Expand-Label (RFC 8446 7.1), written out.
fn expand_label(hash: &dyn Hash, secret: &[u8], label: &[u8], context: &[u8], len: usize) -> Vec<u8> {
    let length = u16::try_from(len).unwrap().to_be_bytes();
    let label = [b"tls13 ", label].concat();
    let lengths = [&label, context].map(|part| [u8::try_from(part.len()).unwrap()]);
    let mut output = vec![0; len];
    hash.hkdf_expand(secret, &[&length, &lengths[0], &label, &lengths[1], context], &mut output);
    output
}

/// TLS-Exporter (RFC 8446 7.5), written out.
fn derived(hash: &dyn Hash, secret: &Secret, label: &[u8], context: &[u8], len: usize) -> Vec<u8> {
    let derived = expand_label(hash, secret.as_bytes(), label, hash.digest(&[]).as_bytes(), hash.output_len());
    expand_label(hash, &derived, b"exporter", hash.digest(&[context]).as_bytes(), len)
}

fn connect(provider: &'static Provider, suite: CipherSuite, at_client: bool, at_server: bool) -> [Peer; 2] {
    let client = client(provider, KIND, |builder| builder.suites(&[suite]).exporter(at_client));
    let mut client = Peer::client(&client, localhost()).unwrap();
    let mut server = Peer::server(&server(provider, KIND, |builder| builder.exporter(at_server)));
    pump(&mut client, &mut server).unwrap();
    [client, server]
}

#[test]
fn both_ends_export_what_the_rfc_derives() {
    for provider in providers() {
        for suite in &provider.suites {
            let secrets = Arc::new(ExporterSecrets::default());
            let store = Arc::new(MemoryTickets::default());
            let keys = Arc::new(TicketKeys::new(provider, 3600).unwrap());
            let client = client(provider, KIND, |builder| {
                builder.suites(&[suite.code]).tickets(store).key_log(secrets.clone()).exporter(true)
            });
            let server = server(provider, KIND, |builder| builder.tickets(keys).exporter(true));
            let mut before = Vec::new();
            for is_resumed in [false, true] {
                let mut client = Peer::client(&client, localhost()).unwrap();
                let mut server = Peer::server(&server);
                pump(&mut client, &mut server).unwrap();
                assert_eq!(client.connection.negotiated().unwrap().is_resumed(), is_resumed);
                let secret = secrets.0.lock().unwrap().pop().unwrap();
                let most = 255 * suite.hash.output_len();
                for (label, context, len) in [
                    (LABEL, &b"context"[..], 32),
                    (LABEL, b"context", 33),
                    (LABEL, b"another", 32),
                    (LABEL, b"", 32),
                    (b"", b"context", 32),
                    (&[b'x'; 249], &[7; 70_000], most),
                    (LABEL, b"context", 0),
                ] {
                    let ours = export(&client.connection, label, context, len);
                    assert_eq!(ours, export(&server.connection, label, context, len));
                    assert_eq!(ours, derived(suite.hash, &secret, label, context, len), "{}", suite.code);
                    // No part of one is found in another, though they differ only in their lengths.
                    assert!(len < 32 || !before.contains(&ours[..32].to_vec()));
                    before.extend(ours.get(..32).map(<[u8]>::to_vec));
                }
            }
        }
    }
}

#[test]
fn what_is_exported_does_not_depend_on_what_follows() {
    let provider = providers()[0];
    let [mut client, mut server] = connect(provider, provider.suites[0].code, true, true);
    let first = export(&client.connection, LABEL, b"", 48);
    client.update_keys(true).unwrap();
    client.write(b"data").unwrap();
    pump(&mut client, &mut server).unwrap();
    server.write(b"data").unwrap();
    pump(&mut client, &mut server).unwrap();
    client.close();
    pump(&mut client, &mut server).unwrap();
    assert!(server.closed);
    assert_eq!(export(&client.connection, LABEL, b"", 48), first);
    assert_eq!(export(&server.connection, LABEL, b"", 48), first);
    let (_, half) = server.connection.split(NullSignal).unwrap();
    let mut ours = [0; 48];
    half.export_keying_material(LABEL, b"", &mut ours).unwrap();
    assert_eq!(ours[..], first);
}

#[test]
fn what_can_not_be_exported_is_an_error_of_the_call() {
    let refused = |connection: &Connection, label: &[u8], len: usize| {
        let mut output = vec![7; len];
        let Err(Error::Usage(why)) = connection.export_keying_material(label, b"", &mut output) else {
            panic!("{} bytes are exported with a label of {}", len, label.len());
        };
        assert!(output.iter().all(|byte| *byte == 7), "{why}");
        why
    };
    let provider = providers()[0];
    for suite in &provider.suites {
        let [client, server] = connect(provider, suite.code, true, true);
        let most = 255 * suite.hash.output_len();
        for end in [&client.connection, &server.connection] {
            assert_eq!(export(end, &[b'x'; 249], b"", most).len(), most);
            assert!(refused(end, &[b'x'; 250], 32).contains("label"));
            assert!(refused(end, LABEL, most + 1).contains("255 times"));
        }
    }
    let [client, server] = connect(provider, provider.suites[0].code, false, true);
    assert!(refused(&client.connection, LABEL, 32).contains("exporter(true)"));
    assert_eq!(export(&server.connection, LABEL, b"", 32).len(), 32);

    let client_config = support::client(provider, KIND, |builder| builder.exporter(true));
    let mut client = Peer::client(&client_config, localhost()).unwrap();
    let mut server = Peer::server(&support::server(provider, KIND, |builder| builder.exporter(true)));
    assert!(refused(&client.connection, LABEL, 32).contains("before the handshake"));
    server.feed(&client.drain()).unwrap();
    // It has the secret by now, but does not know the client yet.
    assert!(refused(&server.connection, LABEL, 32).contains("before the handshake"));
    client.feed(&server.drain()).unwrap();
    assert_eq!(export(&client.connection, LABEL, b"", 32).len(), 32);
}

#[test]
fn openssl_exports_the_same() {
    let Some(openssl) = find("openssl") else { return };
    let label = std::str::from_utf8(LABEL).unwrap();
    for provider in providers() {
        for suite in [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384] {
            for len in ["20", "1000"] {
                let arguments = ["-keymatexport", label, "-keymatexportlen", len];
                let peer = Server::start(&openssl, Pki::shared_identity(KIND), &arguments);
                let config = client(provider, KIND, |builder| builder.suites(&[suite]).exporter(true));
                let endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
                check(endpoint, &peer.program, len);

                let (listener, port) = listen();
                let (program, _files) = openssl::client(&openssl, Pki::shared(KIND), port, &arguments);
                let config = server(provider, KIND, |builder| builder.suites(&[suite]).exporter(true));
                let endpoint = Endpoint::accept(&listener, &config).unwrap();
                check(endpoint, &program, len);
            }
        }
    }
}

/// What the program prints of its own is what we export.
fn check(mut endpoint: Endpoint, program: &Program, len: &str) {
    let ours = export(&endpoint.peer.connection, LABEL, b"", len.parse().unwrap());
    let digits: String = ours.iter().map(|byte| format!("{byte:02X}")).collect();
    program.wait_text(&format!("Length: {len} bytes"));
    program.wait_text(&format!("Keying material: {digits}\n"));
    exchange(&mut endpoint, program, 1);
    endpoint.close().unwrap();
}
