//! What the server's encrypted messages can say wrong, and those of the client.

use tls_engine::codes::{AlertDescription as Alert, ContentType, ExtensionType, HandshakeType, SignatureScheme};
use tls_engine::crypto::Provider;
use tls_engine::internal::msgs::Signer;

use crate::support::scripted::Script;
use crate::support::scripted::certified::Certified;
use crate::support::scripted::draft::{ExtensionList, alpn, certificate_request, message, numbers, vector16};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{
    against_client, client_certificate, client_certificate_verify, client_extensions, client_finished,
    server_certificate_verify, server_finished, server_finished_certified,
};
use crate::table::{Change, Table};

const UNKNOWN: ExtensionType = ExtensionType(0xff77);

#[test]
fn encrypted_extensions_that_are_wrong() {
    let mut table = Table::new();
    table.from(client_extensions);
    for twice in [ExtensionType::SERVER_NAME, ExtensionType::SUPPORTED_GROUPS] {
        let content = if twice == ExtensionType::SERVER_NAME { vec![] } else { vector16(&numbers(&[29])) };
        let list = [(twice, content.clone()), (twice, content)];
        extensions(&mut table, format!("{twice} twice"), Alert::ILLEGAL_PARAMETER, "comes twice", &list);
    }
    for unasked in [
        UNKNOWN,
        ExtensionType::ALPN,
        ExtensionType::MAX_FRAGMENT_LENGTH,
        ExtensionType::EARLY_DATA,
        ExtensionType::STATUS_REQUEST,
        ExtensionType::PRE_SHARED_KEY,
        ExtensionType::COOKIE,
    ] {
        let name = format!("{unasked}, not asked for");
        extensions(&mut table, name, Alert::UNSUPPORTED_EXTENSION, &unasked.to_string(), &[(unasked, vec![])]);
    }
    for misplaced in [
        ExtensionType::KEY_SHARE,
        ExtensionType::SUPPORTED_VERSIONS,
        ExtensionType::SIGNATURE_ALGORITHMS,
        ExtensionType::PSK_KEY_EXCHANGE_MODES,
    ] {
        let name = format!("{misplaced} in EncryptedExtensions");
        extensions(&mut table, name, Alert::ILLEGAL_PARAMETER, "wrong message", &[(misplaced, vec![])]);
    }
    protocols(&mut table);
    limits(&mut table);
    table.check(24);
}

fn extensions(
    table: &mut Table<ScriptedServer>,
    name: String,
    alert: Alert,
    why: &str,
    list: &[(ExtensionType, Vec<u8>)],
) {
    let body = ExtensionList(list.to_vec()).encode();
    table.row("4.2, 4.3.1", name, alert, why, move |server| {
        server.message(&message(HandshakeType::ENCRYPTED_EXTENSIONS, &body));
    });
}

/// RFC 8449 4
fn limits(table: &mut Table<ScriptedServer>) {
    let limit = |content: &[u8]| [(ExtensionType::RECORD_SIZE_LIMIT, content.to_vec())];
    table.from(client_extensions);
    let unasked = "a limit of records, not asked for".to_owned();
    extensions(table, unasked, Alert::UNSUPPORTED_EXTENSION, "was not asked for", &limit(&[64, 1]));
    table.from(|provider| {
        let mut server = against_client(provider, |builder| builder.max_received_fragment(64));
        server.accept(tls_engine::codes::NamedGroup::X25519, usize::MAX);
        server
    });
    for (name, alert, why, content) in [
        ("that is too low", Alert::ILLEGAL_PARAMETER, "record_size_limit", &[0, 63][..]),
        ("of one byte", Alert::DECODE_ERROR, "malformed EncryptedExtensions", &[64]),
        ("of three bytes", Alert::DECODE_ERROR, "malformed EncryptedExtensions", &[64, 0, 0]),
    ] {
        extensions(table, format!("a limit of records {name}"), alert, why, &limit(content));
    }
}

fn protocols(table: &mut Table<ScriptedServer>) {
    table.from(|provider| {
        let mut server = against_client(provider, |builder| builder.alpn(&[b"h2", b"http/1.1"]));
        server.accept(tls_engine::codes::NamedGroup::X25519, usize::MAX);
        server
    });
    const MALFORMED: &str = "malformed EncryptedExtensions";
    for (name, alert, why, content) in [
        ("a protocol not offered", Alert::ILLEGAL_PARAMETER, "protocol that was not offered", alpn(&[b"spdy/3"])),
        ("two protocols", Alert::DECODE_ERROR, MALFORMED, alpn(&[b"h2", b"http/1.1"])),
        ("no protocol", Alert::DECODE_ERROR, MALFORMED, alpn(&[])),
        ("an empty protocol", Alert::DECODE_ERROR, MALFORMED, alpn(&[b""])),
        ("nothing", Alert::DECODE_ERROR, MALFORMED, vec![]),
        ("bytes after the protocol", Alert::DECODE_ERROR, MALFORMED, [alpn(&[b"h2"]), vec![0]].concat()),
    ] {
        let list = [(ExtensionType::ALPN, content)];
        extensions(table, format!("ALPN with {name}"), alert, why, &list);
    }
    let content = vec![(ExtensionType::SERVER_NAME, vec![0])];
    extensions(table, "server_name with content".into(), Alert::DECODE_ERROR, MALFORMED, &content);
    let content = vec![(ExtensionType::SUPPORTED_GROUPS, vector16(&[]))];
    extensions(table, "supported_groups with none".into(), Alert::DECODE_ERROR, MALFORMED, &content);
}

fn signature_algorithms() -> ExtensionList {
    ExtensionList(vec![(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403])))])
}

#[test]
fn certificate_requests_that_are_wrong() {
    let mut table = Table::new();
    table.from(client_certificate);
    let mut request = |section, name: &str, alert, why: &str, context: &[u8], list: &ExtensionList| {
        let body = certificate_request(context, list);
        table.row(section, name, alert, why, move |server: &mut ScriptedServer| {
            server.message(&message(HandshakeType::CERTIFICATE_REQUEST, &body));
        });
    };
    let right = signature_algorithms();
    let unexpected = "while waiting for";
    request("4.3.2", "a context", Alert::ILLEGAL_PARAMETER, "the context", b"context", &right);
    let none = ExtensionList::default();
    request("4.3.2", "no signature_algorithms", Alert::MISSING_EXTENSION, "signature_algorithms", &[], &none);
    let mut list = right.clone();
    list.add(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403])));
    request("4.2", "signature_algorithms twice", Alert::ILLEGAL_PARAMETER, "comes twice", &[], &list);
    for misplaced in [
        ExtensionType::KEY_SHARE,
        ExtensionType::SERVER_NAME,
        ExtensionType::ALPN,
        ExtensionType::SUPPORTED_VERSIONS,
        ExtensionType::COOKIE,
        ExtensionType::EARLY_DATA,
        ExtensionType::PRE_SHARED_KEY,
    ] {
        let mut list = right.clone();
        list.add(misplaced, []);
        let name = format!("{misplaced} in CertificateRequest");
        request("4.2", &name, Alert::ILLEGAL_PARAMETER, "wrong message", &[], &list);
    }
    let mut list = ExtensionList::default();
    list.add(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&[]));
    request("4.2.3", "an empty list of schemes", Alert::DECODE_ERROR, "malformed CertificateRequest", &[], &list);
    let body = certificate_request(&[], &right);
    table.row("4.3.2", "CertificateRequest twice", Alert::UNEXPECTED_MESSAGE, unexpected, move |server| {
        let request = message(HandshakeType::CERTIFICATE_REQUEST, &body);
        server.message(&request);
        assert_eq!(server.wire.error, None);
        server.message(&request);
    });
    table.check(12);
}

#[test]
fn signatures_of_a_server_that_are_wrong() {
    signatures(client_certificate_verify, Signer::Client);
}

#[test]
fn signatures_of_a_client_that_are_wrong() {
    signatures(server_certificate_verify, Signer::Server);
}

fn signatures<P: Certified + 'static>(start: fn(&'static Provider) -> P, other_end: Signer) {
    let mut table = Table::new();
    table.from(start);
    let other = SignatureScheme(0x0808);
    for (scheme, why) in [
        (other, "not offered"),
        (SignatureScheme(0x0203), "not offered"),
        (SignatureScheme(0x0201), "not offered"),
        (SignatureScheme::RSA_PKCS1_SHA256, "not offered"),
        (SignatureScheme::RSA_PKCS1_SHA512, "not offered"),
        (SignatureScheme::ECDSA_SECP384R1_SHA384, "does not fit"),
        (SignatureScheme::RSA_PSS_RSAE_SHA256, "does not fit"),
        (SignatureScheme::ED25519, "does not fit"),
    ] {
        let name = format!("a signature of a P-256 key called {scheme}");
        table.row("4.4.3", name, Alert::ILLEGAL_PARAMETER, why, move |peer| {
            let verify = peer.certificate_verify_as(scheme, P::SIGNER);
            peer.message(&verify);
        });
    }
    const WHY: &str = "signature does not verify";
    table.row("4.4.3", "a signature of the other end", Alert::DECRYPT_ERROR, WHY, move |peer| {
        let verify = peer.certificate_verify_as(SignatureScheme::ECDSA_SECP256R1_SHA256, other_end);
        peer.message(&verify);
    });
    let changes: [(&str, Change<Vec<u8>>); 3] = [
        ("a changed signature", |message| *message.last_mut().expect("a signature") ^= 1),
        ("no signature", |message| *message = bare_signature(&[])),
        ("a signature that is no DER", |message| *message = bare_signature(&[0xff; 70])),
    ];
    for (name, change) in changes {
        table.row("4.4.3", name, Alert::DECRYPT_ERROR, WHY, move |peer| {
            let mut verify = peer.certificate_verify_as(SignatureScheme::ECDSA_SECP256R1_SHA256, P::SIGNER);
            change(&mut verify);
            peer.message(&verify);
        });
    }
    table.check(12);
}

fn bare_signature(signature: &[u8]) -> Vec<u8> {
    let scheme = numbers(&[SignatureScheme::ECDSA_SECP256R1_SHA256.0]);
    message(HandshakeType::CERTIFICATE_VERIFY, &[scheme, vector16(signature)].concat())
}

#[test]
fn the_servers_finished() {
    let mut table = Table::new();
    table.from(client_finished);
    finished(&mut table, ScriptedServer::finished);
    table.check(12);
}

#[test]
fn the_clients_finished() {
    let mut table = Table::new();
    for start in [server_finished, server_finished_certified] {
        table.from(start);
        finished(&mut table, |client| client.finished());
    }
    table.check(24);
}

fn finished<P: Script + 'static>(table: &mut Table<P>, right: fn(&P) -> Vec<u8>) {
    let changes: [(&str, Change<Vec<u8>>); 4] = [
        ("its first bit changed", |body| body[0] ^= 0x80),
        ("its last bit changed", |body| *body.last_mut().expect("a MAC") ^= 1),
        ("zeros", |body| body.fill(0)),
        ("its bytes in reverse", |body| body.reverse()),
    ];
    for (name, change) in changes {
        let name = format!("a Finished with {name}");
        table.row("4.4.4", name, Alert::DECRYPT_ERROR, "Finished does not verify", move |peer| {
            let mut body = right(peer)[4..].to_vec();
            change(&mut body);
            peer.record(ContentType::HANDSHAKE, &message(HandshakeType::FINISHED, &body));
        });
    }
    for len in [0, 12, 31, 33, 48, 64] {
        let name = format!("a Finished of {len} bytes");
        table.row("4.4.4", name, Alert::DECODE_ERROR, "malformed Finished", move |peer| {
            let mut body = right(peer)[4..].to_vec();
            body.resize(len, 0);
            peer.record(ContentType::HANDSHAKE, &message(HandshakeType::FINISHED, &body));
        });
    }
    for tail in [&[HandshakeType::KEY_UPDATE.0][..], &[HandshakeType::KEY_UPDATE.0, 0, 0, 1, 0]] {
        let name = format!("{} bytes after Finished in its record", tail.len());
        table.row("5.1", name, Alert::UNEXPECTED_MESSAGE, "end of a record", move |peer| {
            let record = [&right(peer), tail].concat();
            peer.record(ContentType::HANDSHAKE, &record);
        });
    }
}
