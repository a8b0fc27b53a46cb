//! Host names in server_name (RFC 6066 3): which of them a server takes, as what, and what it passes over.

use rustls_pki_types::ServerName;
use tls_engine::codes::{ExtensionType, HandshakeType, NamedGroup};
use tls_engine::crypto::Provider;

use crate::support::peer::{Peer, pump};
use crate::support::pki::KeyKind;
use crate::support::scripted::Script;
use crate::support::scripted::draft::{server_name, vector16};
use crate::support::scripted::states::against_server;
use crate::support::{client, providers, server};

/// Whether a server acknowledges `content` of server_name, and the name that it has from it, at once and after a retry.
fn taken(provider: &'static Provider, content: &[u8]) -> (bool, Option<String>) {
    let results = [NamedGroup::X25519, NamedGroup::SECP256R1].map(|group| {
        let mut client = against_server(provider, |builder| builder.groups(&[group]));
        client.hello.extensions().set(ExtensionType::SERVER_NAME, content);
        client.send_hello();
        if group != NamedGroup::X25519 {
            client.prepare_second_hello(group);
            client.send_hello();
        }
        assert_eq!(client.wire.error, None, "{content:02x?}");
        let flight = client.wire.sent.iter().find(|sent| sent.encrypted).expect("a flight");
        assert_eq!(flight.content[0], HandshakeType::ENCRYPTED_EXTENSIONS.0);
        // The body of EncryptedExtensions begins with the length of its list.
        let acknowledged = flight.content[4..].starts_with(&[0, 4, 0, 0, 0, 0]);
        assert!(acknowledged || flight.content[4..].starts_with(&[0, 0]), "{content:02x?}");
        let finished = client.finished();
        client.message(&finished);
        let negotiated = client.wire.subject.connection.negotiated().expect("an end of the handshake");
        (acknowledged, negotiated.server_name.as_ref().map(ToString::to_string))
    });
    let [first, retried] = results;
    assert_eq!(first, retried, "{content:02x?}");
    first
}

#[test]
fn host_names_are_taken_in_lower_case_and_without_a_dot_at_the_end() {
    let longest = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
    for (sent, expected) in [
        ("localhost", "localhost"),
        ("LocalHost", "localhost"),
        ("localhost.", "localhost"),
        ("WWW.Example.COM.", "www.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("_service.a_b.example", "_service.a_b.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
        (&longest, &longest),
    ] {
        assert_eq!(taken(providers()[0], &server_name(sent.as_bytes())), (true, Some(expected.into())), "{sent}");
    }
}

#[test]
fn what_is_no_host_name_is_passed_over() {
    let long_label = "a".repeat(64);
    let long_name = ["a"; 128].join(".");
    let names: [&[u8]; 30] = [
        b"local host",
        b" localhost",
        b"localhost ",
        b"local_host!",
        b"a\0b",
        b"localhost\0",
        b"\0",
        b"\xff\xfe",
        b"b\xc3\xbccher.example",
        b".",
        b"..",
        b".example",
        b"a..example",
        b"example..",
        b"-a.example",
        b"a-.example",
        b"a.-",
        b"127.0.0.1",
        b"127.0.0.256",
        b"1.2.3",
        b"0x7f.1",
        b"::1",
        b"[::1]",
        b"2001:db8::1",
        b"fe80::1%eth0",
        b"a.example:443",
        b"https://a.example/",
        b"*.example",
        long_label.as_bytes(),
        long_name.as_bytes(),
    ];
    for name in names {
        assert_eq!(taken(providers()[0], &server_name(name)), (false, None), "{}", name.escape_ascii());
    }
    assert_eq!(taken(providers()[0], &server_name(&[b'a'; 5000])), (false, None));
    // A name of another kind than a host's, of which there has never been one.
    assert_eq!(taken(providers()[0], &vector16(&[9, 0, 2, 1, 1])), (false, None));
}

/// What a client is told to connect to may end in a dot; its hello does not, and neither end reports it.
#[test]
fn a_dot_at_the_end_is_not_sent() {
    for provider in providers() {
        for name in ["localhost", "localhost.", "LOCALHOST."] {
            let config = client(provider, KeyKind::EcdsaP256, |builder| builder);
            let mut client = Peer::client(&config, ServerName::try_from(name).expect("a name")).expect("a hello");
            let mut server = Peer::server(&server(provider, KeyKind::EcdsaP256, |builder| builder));
            pump(&mut client, &mut server).expect("a handshake");
            let reported = [&client, &server].map(|side| {
                let negotiated = side.connection.negotiated().expect("an end of the handshake");
                negotiated.server_name.as_ref().map(|name| name.to_string().to_lowercase())
            });
            assert_eq!(reported, [Some("localhost".to_owned()), Some("localhost".to_owned())], "{name}");
        }
    }
}
