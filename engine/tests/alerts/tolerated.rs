//! What looks odd and has to be taken all the same: RFC 8446 tells what must be ignored as exactly as what must not.

use tls_engine::codes::{CipherSuite, ContentType, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::crypto::Provider;
use tls_engine::limits::RECORD_CONTENT_MAX;

use crate::client_hello::pre_shared_key;
use crate::support::providers;
use crate::support::scripted::Script;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{
    ClientHelloDraft, ExtensionList, alpn, certificate_request, message, numbers, share, ticket, vector8, vector16,
};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{
    against_client, against_server, client_certificate, client_extensions, client_ready, client_start, server_finished,
    server_ready, server_retried, server_retried_with_cookie, server_start,
};
use crate::table::Change;

const UNKNOWN: ExtensionType = ExtensionType(0xff77);

/// Data both ways.
#[track_caller]
fn works<P: Script>(peer: &mut P, what: &str) {
    assert_eq!(peer.wire().error, None, "{what}");
    assert!(peer.wire().subject.connection.is_ready(), "{what}: the handshake is not done");
    peer.data(b"to the subject");
    assert_eq!(peer.wire().subject.received, b"to the subject", "{what}");
    peer.wire().subject.received.clear();
    peer.wire().subject.write(b"from the subject").unwrap();
    peer.absorb();
    let last = peer.wire().sent.last().unwrap();
    assert_eq!((last.encrypted, &last.content[..]), (true, &b"from the subject"[..]), "{what}");
}

fn finish(client: &mut ScriptedClient, what: &str) {
    assert_eq!(client.wire.error, None, "{what}");
    let finished = client.finished();
    client.message(&finished);
    works(client, what);
}

#[test]
fn client_hellos() {
    let changes: [(&str, Change<ClientHelloDraft>); 12] = [
        ("as it is", |_| {}),
        ("legacy_version of TLS 1.0", |hello| hello.legacy_version = 0x0301),
        ("legacy_version of the future", |hello| hello.legacy_version = 0x7f7f),
        ("no session id", |hello| hello.session_id.clear()),
        ("a short session id", |hello| hello.session_id.truncate(1)),
        ("unknown versions", |hello| {
            let versions = vector8(&numbers(&[0x0a0a, 0x0305, 0x0304, 0x0303]));
            hello.extensions().set(ExtensionType::SUPPORTED_VERSIONS, versions);
        }),
        ("unknown suites", |hello| hello.cipher_suites.splice(0..0, [0x0a0a, 0x00ff, 0xc02b, 0x1304]).for_each(drop)),
        ("unknown schemes", |hello| {
            let schemes = vector16(&numbers(&[0x0a0a, 0x0808, 0x0201, 0x0403]));
            hello.extensions().set(ExtensionType::SIGNATURE_ALGORITHMS, schemes);
        }),
        ("unknown groups with shares", |hello| {
            let known = hello.extensions().get(ExtensionType::KEY_SHARE)[2..].to_vec();
            let groups = vector16(&numbers(&[0x0a0a, 0x11eb, 29, 23]));
            hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, groups);
            let shares = [share(0x0a0a, &[0]), share(0x11eb, &[1; 1249]), known].concat();
            hello.extensions().set(ExtensionType::KEY_SHARE, vector16(&shares));
        }),
        ("unknown extensions", |hello| {
            hello.extensions().0.insert(0, (ExtensionType(0x0a0a), vec![]));
            hello.extensions().add(UNKNOWN, vec![0; 3000]);
            hello.extensions().add(ExtensionType::PADDING, vec![0; 400]);
            hello.extensions().add(ExtensionType::STATUS_REQUEST, [1, 0, 0, 0, 0]);
        }),
        ("extensions in reverse", |hello| hello.extensions().0.reverse()),
        ("a PSK that nobody knows", |hello| {
            hello.extensions().add(ExtensionType::PSK_KEY_EXCHANGE_MODES, vector8(&[1, 7]));
            hello.extensions().add(ExtensionType::PRE_SHARED_KEY, pre_shared_key());
        }),
    ];
    for provider in providers() {
        for (what, change) in changes {
            let mut client = server_start(provider);
            client.send_hello_with(change);
            let compatible = client.wire.sent.iter().any(|sent| sent.content_type == ContentType::CHANGE_CIPHER_SPEC);
            assert_eq!(compatible, !client.hello.session_id.is_empty(), "{what}: RFC 8446 D.4");
            finish(&mut client, what);
        }
    }
}

/// Each message that may have unknown extensions, with as many as it has bytes for (RFC 8446 9.3).
#[test]
fn any_number_of_unknown_extensions() {
    let unknown = |count: u16| (0..count).map(|number| (ExtensionType(0x1000 + number), vec![]));
    for count in [58, 59, 60, 64, 65, 1000, 16_000] {
        let mut client = server_start(providers()[0]);
        client.hello.extensions().0.extend(unknown(count));
        client.send_hello_in_pieces(1 << 14);
        finish(&mut client, "a ClientHello with many extensions");

        let mut server = client_certificate(providers()[0]);
        let mut list = ExtensionList(unknown(count).collect());
        list.add(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403])));
        let request = message(HandshakeType::CERTIFICATE_REQUEST, &certificate_request(&[], &list));
        server.message_in_pieces(&request, 1 << 14);
        for make in [ScriptedServer::certificate, ScriptedServer::certificate_verify, ScriptedServer::finished] {
            let message = make(&server);
            server.message(&message);
        }
        works(&mut server, "a CertificateRequest with many extensions");

        let body = ticket(1, &[1], b"ticket", &ExtensionList(unknown(count).collect()));
        server.message_in_pieces(&message(HandshakeType::NEW_SESSION_TICKET, &body), 1 << 14);
        works(&mut server, "a ticket with many extensions");
        assert_eq!(server.wire.subject.connection.tickets().len(), 1);
    }
}

#[test]
fn protocols() {
    let provider = providers()[0];
    let mut client = against_server(provider, |builder| builder.alpn(&[b"h2", b"http/1.1"]));
    client.send_hello_with(|hello| {
        hello.extensions().set(ExtensionType::ALPN, alpn(&[b"\x0a\x0a", b"http/1.1", b"h2"]));
    });
    finish(&mut client, "the server's favourite");
    assert_eq!(client.wire.subject.connection.negotiated().unwrap().alpn.as_deref(), Some(&b"h2"[..]));
    for (names, offered) in [(&[&b"h2"[..]][..], None), (&[], Some(alpn(&[b"h2"])))] {
        let mut client = against_server(provider, |builder| builder.alpn(names));
        if let Some(offered) = offered {
            client.hello.extensions().set(ExtensionType::ALPN, offered);
        }
        client.send_hello();
        finish(&mut client, "no protocol");
        assert_eq!(client.wire.subject.connection.negotiated().unwrap().alpn, None);
    }
}

#[test]
fn versions_of_records() {
    for provider in providers() {
        for version in [0x0300u16, 0x0301, 0x0303, 0x0304, 0x0000, 0x0505, 0xffff] {
            let mut client = server_start(provider);
            client.send_hello_in_record_version(version);
            finish(&mut client, &format!("the record version {version:04x}"));
        }
    }
}

#[test]
fn hellos_in_pieces() {
    for provider in providers() {
        for piece_len in [1, 2, 3, 4, 5, 100] {
            let mut client = server_start(provider);
            client.send_hello_in_pieces(piece_len);
            finish(&mut client, "a ClientHello in pieces");
            let mut server = client_start(provider);
            server.accept(NamedGroup::X25519, piece_len);
            server.send_flight(4);
            works(&mut server, "a ServerHello in pieces");
        }
    }
}

#[test]
fn flights_in_any_records() {
    for provider in providers() {
        for piece_len in [1, 3, 50, 1000, usize::MAX] {
            let mut server = client_start(provider);
            server.accept(NamedGroup::X25519, usize::MAX);
            server.send_flight_in_pieces(piece_len);
            works(&mut server, "a flight in pieces, or in one record");
        }
    }
}

#[test]
fn retries() {
    for provider in providers() {
        for start in [server_retried, server_retried_with_cookie] {
            let mut client = start(provider);
            client.plain(ContentType::CHANGE_CIPHER_SPEC, &[1]);
            client.prepare_second_hello(NamedGroup::SECP256R1);
            client.send_hello();
            finish(&mut client, "a retry");
            assert!(client.wire.subject.connection.negotiated().unwrap().hello_retry);
        }
        let mut client = server_start(provider);
        client.send_hello_with(|hello| hello.extensions().set(ExtensionType::KEY_SHARE, vector16(&[])));
        client.prepare_second_hello(NamedGroup::X25519);
        client.send_hello();
        finish(&mut client, "a client that asks to be asked");
        retried_clients(provider);
    }
}

fn retried_clients(provider: &'static Provider) {
    for (group, cookie) in [(None, true), (Some(NamedGroup::SECP384R1), false), (Some(NamedGroup::SECP256R1), true)] {
        let mut server = client_start(provider);
        let mut retry = server.retry(group.unwrap_or(NamedGroup::X25519));
        if group.is_none() {
            retry.extensions().remove(ExtensionType::KEY_SHARE);
        }
        if cookie {
            retry.extensions().add(ExtensionType::COOKIE, vector16(&[0xc0; 4096]));
        }
        server.send_retry(&retry);
        assert_eq!(server.brought_cookie().is_some(), cookie);
        server.accept(group.unwrap_or(NamedGroup::X25519), usize::MAX);
        server.send_flight(4);
        works(&mut server, "a retried client");
    }
}

#[test]
fn change_cipher_specs_in_a_handshake() {
    for provider in providers() {
        let mut client = server_finished(provider);
        client.plain(ContentType::CHANGE_CIPHER_SPEC, &[1]);
        client.plain(ContentType::CHANGE_CIPHER_SPEC, &[1]);
        finish(&mut client, "ChangeCipherSpec before Finished");
        for before in 0..=4 {
            let mut server = client_start(provider);
            let spec = |server: &mut ScriptedServer, now: usize| {
                if now == before {
                    server.plain(ContentType::CHANGE_CIPHER_SPEC, &[1]);
                }
            };
            spec(&mut server, 0);
            server.accept(NamedGroup::X25519, usize::MAX);
            let messages: [fn(&ScriptedServer) -> Vec<u8>; 4] = [
                ScriptedServer::encrypted_extensions,
                ScriptedServer::certificate,
                ScriptedServer::certificate_verify,
                ScriptedServer::finished,
            ];
            for (place, make) in messages.iter().enumerate() {
                spec(&mut server, place + 1);
                let message = make(&server);
                server.message(&message);
            }
            works(&mut server, "ChangeCipherSpec in the server's flight");
        }
    }
}

#[test]
fn server_hellos() {
    // RFC 8446 4.2.1: where supported_versions is there, legacy_version is ignored.
    for version in [0x0301, 0x0302, 0x0304, 0x7f7f] {
        let mut server = client_start(providers()[0]);
        server.accept_with(NamedGroup::X25519, |hello| hello.legacy_version = version);
        server.send_flight(4);
        works(&mut server, "another legacy_version");
    }
    let mut server = against_client(providers()[0], |builder| builder.middlebox_compatibility(false));
    assert!(server.session_id().is_empty());
    server.complete();
    works(&mut server, "no compatibility mode");
    let specs = server.wire.sent.iter().filter(|sent| sent.content_type == ContentType::CHANGE_CIPHER_SPEC).count();
    assert_eq!(specs, 0);
    let mut server = client_start(providers()[0]);
    server.accept_with(NamedGroup::X25519, |hello| hello.extensions().0.reverse());
    server.send_flight(4);
    works(&mut server, "extensions in reverse");
}

#[test]
fn encrypted_extensions() {
    let mut server = client_extensions(providers()[0]);
    let mut list = ExtensionList::default();
    list.add(ExtensionType::SUPPORTED_GROUPS, vector16(&numbers(&[0x0a0a, 29])));
    list.add(ExtensionType::SERVER_NAME, []);
    server.message(&message(HandshakeType::ENCRYPTED_EXTENSIONS, &list.encode()));
    for make in [ScriptedServer::certificate, ScriptedServer::certificate_verify, ScriptedServer::finished] {
        let message = make(&server);
        server.message(&message);
    }
    works(&mut server, "EncryptedExtensions with all that may be there");
}

/// A client without a certificate answers a request with an empty one (RFC 8446 4.4.2).
#[test]
fn certificate_requests() {
    for provider in providers() {
        let mut server = client_certificate(provider);
        let mut list = ExtensionList::default();
        list.add(UNKNOWN, [1, 2, 3]);
        list.add(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0a0a])));
        list.add(ExtensionType::SIGNATURE_ALGORITHMS_CERT, vector16(&numbers(&[0x0403])));
        list.add(ExtensionType::CERTIFICATE_AUTHORITIES, vector16(&vector16(b"authority")));
        list.add(ExtensionType::OID_FILTERS, vector16(&[]));
        list.add(ExtensionType::STATUS_REQUEST, []);
        server.message(&message(HandshakeType::CERTIFICATE_REQUEST, &certificate_request(&[], &list)));
        for make in [ScriptedServer::certificate, ScriptedServer::certificate_verify, ScriptedServer::finished] {
            let message = make(&server);
            server.message(&message);
        }
        works(&mut server, "a CertificateRequest");
        let flight: Vec<&[u8]> = server
            .wire
            .sent
            .iter()
            .filter(|sent| sent.encrypted && sent.content_type == ContentType::HANDSHAKE)
            .map(|sent| &sent.content[..])
            .collect();
        let flight = flight.concat();
        assert_eq!(flight[..8], [11, 0, 0, 4, 0, 0, 0, 0], "an empty Certificate");
        assert_eq!(flight[8..12], [20, 0, 0, 32], "and no CertificateVerify before Finished");
    }
}

#[test]
fn tickets() {
    let mut server = client_ready(providers()[0]);
    let mut list = ExtensionList::default();
    list.add(UNKNOWN, [1, 2, 3]);
    list.add(ExtensionType::EARLY_DATA, 0xffff_ffffu32.to_be_bytes());
    let bodies = [
        ticket(0, &[], b"a", &ExtensionList::default()),
        ticket(604_800, &[7; 255], &[1; 9000], &list),
        ticket(1, &[1], b"b", &ExtensionList::default()),
    ];
    // Two in one record, and one in pieces.
    let messages = bodies.map(|body| message(HandshakeType::NEW_SESSION_TICKET, &body));
    server.sealed(ContentType::HANDSHAKE, &messages[..2].concat());
    server.message_in_pieces(&messages[2], 3);
    works(&mut server, "tickets");
    let tickets = server.wire.subject.connection.tickets();
    // One without a lifetime is to be dropped at once (RFC 8446 4.6.1).
    assert_eq!(tickets.len(), 2);
    assert_eq!((tickets[0].lifetime_s, tickets[0].max_early_data_bytes), (604_800, Some(u32::MAX)));
    assert_eq!(tickets[0].suite, CipherSuite::AES_128_GCM_SHA256);
    assert_ne!(tickets[0].psk, tickets[1].psk, "another nonce is another key");
}

fn odd_data<P: Script>(start: fn(&'static Provider) -> P) {
    for provider in providers() {
        let mut peer = start(provider);
        let mut expected = Vec::new();
        for (len, padding) in [
            (0, 0),
            (0, 1),
            (0, RECORD_CONTENT_MAX),
            (1, 0),
            (1, RECORD_CONTENT_MAX - 1),
            (100, 7),
            (RECORD_CONTENT_MAX, 0),
        ] {
            // Content may end in zeros, and look like padding.
            let content = vec![0; len];
            let record = peer.seal(&[&content[..], &[23], &vec![0; padding]].concat());
            peer.send(&record);
            expected.extend(content);
        }
        assert!(peer.wire().subject.received == expected, "padding is stripped, content is not");
        peer.wire().subject.received.clear();
        let update = message(HandshakeType::KEY_UPDATE, &[1]);
        peer.message_in_pieces(&update, 1);
        works(&mut peer, "a KeyUpdate in pieces");
    }
}

#[test]
fn records_of_data() {
    odd_data(server_ready);
    odd_data(client_ready);
}
