//! Extensions that are known, and that nothing is read from: their form is checked all the same, as the RFC of each gives
//! it for the message that it is in. What nobody knows may hold anything.

use tls_engine::codes::{AlertDescription as Alert, ContentType, ExtensionType, HandshakeType};

use crate::support::providers;
use crate::support::scripted::Script;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{ExtensionList, certificate_request, message, numbers, vector8, vector16};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{client_certificate, server_retried, server_start};
use crate::table::Table;

use ExtensionType as E;

/// GREASE (RFC 8701), token_binding, a draft's number, and one for private use.
const UNKNOWN: [ExtensionType; 4] = [E(0x8a8a), E(24), E(0x44cd), E(0xff77)];

fn request(status_type: u8, responders: &[u8], extensions: &[u8]) -> Vec<u8> {
    [&[status_type], &vector16(responders)[..], &vector16(extensions)].concat()
}

fn filter(oid: &[u8], values: &[u8]) -> Vec<u8> {
    [vector8(oid), vector16(values)].concat()
}

fn authorities() -> Vec<(E, Vec<u8>)> {
    let two = [vector16(&[0x30, 0]), vector16(&[7; 300])].concat();
    let long: Vec<u8> = (0..100).flat_map(|_| vector16(&[7; 100])).collect();
    [vector16(&vector16(&[1])), vector16(&two), vector16(&long)].map(|list| (E::CERTIFICATE_AUTHORITIES, list)).into()
}

/// Lists of algorithms for certificates (RFC 8879 3), which are the same in both.
fn algorithms() -> Vec<(E, Vec<u8>)> {
    let all: Vec<u16> = (0..127).collect();
    [&[1][..], &[2, 1, 0x0a0a], &all].map(|list| (E::COMPRESS_CERTIFICATE, vector8(&numbers(list)))).into()
}

/// What a ClientHello may have.
fn right_in_a_client_hello() -> Vec<(E, Vec<u8>)> {
    let mut right = authorities();
    right.extend(algorithms());
    right.extend((1..=4).map(|code| (E::MAX_FRAGMENT_LENGTH, vec![code])));
    right.extend([64, 16_385, 0xffff].map(|limit| (E::RECORD_SIZE_LIMIT, numbers(&[limit]))));
    right.extend([
        (E::STATUS_REQUEST, request(1, &[], &[])),
        (E::STATUS_REQUEST, request(1, &[vector16(b"one"), vector16(b"two")].concat(), b"extensions")),
        (E::SIGNED_CERTIFICATE_TIMESTAMP, vec![]),
        (E::POST_HANDSHAKE_AUTH, vec![]),
        (E::SIGNATURE_ALGORITHMS_CERT, vector16(&numbers(&[0x0a0a, 0x0403]))),
        (E::PSK_KEY_EXCHANGE_MODES, vector8(&[0, 1, 0xba])),
    ]);
    right
}

/// What a CertificateRequest may have.
fn right_in_a_request() -> Vec<(E, Vec<u8>)> {
    let mut right = authorities();
    right.extend(algorithms());
    right.extend([
        (E::OID_FILTERS, vector16(&[])),
        (E::OID_FILTERS, vector16(&[filter(&[6, 1, 7], &[]), filter(&[9], &[4; 300])].concat())),
        (E::STATUS_REQUEST, vec![]),
        (E::SIGNED_CERTIFICATE_TIMESTAMP, vec![]),
        (E::SIGNATURE_ALGORITHMS_CERT, vector16(&numbers(&[0x0403]))),
    ]);
    right
}

/// Too short or odd within lengths that are right.
fn odd_in_both() -> Vec<(&'static str, E, Vec<u8>)> {
    let (one, none) = (vector16(&[7]), vector16(&[]));
    vec![
        ("no authorities", E::CERTIFICATE_AUTHORITIES, vector16(&[])),
        ("an empty authority", E::CERTIFICATE_AUTHORITIES, vector16(&none)),
        ("an empty authority behind one", E::CERTIFICATE_AUTHORITIES, vector16(&[&one[..], &none].concat())),
        ("an empty authority before one", E::CERTIFICATE_AUTHORITIES, vector16(&[&none[..], &one].concat())),
        ("half a length of an authority", E::CERTIFICATE_AUTHORITIES, vector16(&[&one[..], &[0]].concat())),
        ("an authority beyond the list", E::CERTIFICATE_AUTHORITIES, vector16(&[0, 9, 1])),
        ("no algorithms", E::COMPRESS_CERTIFICATE, vector8(&[])),
        ("half an algorithm", E::COMPRESS_CERTIFICATE, vector8(&[0, 1, 0])),
        ("no schemes", E::SIGNATURE_ALGORITHMS_CERT, vector16(&[])),
        ("half a scheme", E::SIGNATURE_ALGORITHMS_CERT, vector16(&[4, 3, 8])),
    ]
}

fn odd_in_a_client_hello() -> Vec<(&'static str, E, Vec<u8>)> {
    let mut odd = odd_in_both();
    odd.extend([
        ("no type of status", E::STATUS_REQUEST, vec![]),
        ("an empty responder", E::STATUS_REQUEST, request(1, &vector16(&[]), &[])),
        ("half a responder", E::STATUS_REQUEST, request(1, &[0, 9, 1], &[])),
        ("no list of extensions", E::STATUS_REQUEST, vec![1, 0, 0]),
    ]);
    odd
}

fn odd_in_a_request() -> Vec<(&'static str, E, Vec<u8>)> {
    let mut odd = odd_in_both();
    odd.extend([
        ("a status request as in a ClientHello", E::STATUS_REQUEST, request(1, &[], &[])),
        ("a filter without a type", E::OID_FILTERS, vector16(&filter(&[], &[1]))),
        ("half a filter", E::OID_FILTERS, vector16(&vector8(&[1]))),
        ("values beyond the filter", E::OID_FILTERS, vector16(&[1, 7, 0, 2, 1])),
    ]);
    odd
}

/// Every right content cut short anywhere, with a byte more, and what is odd.
fn wrong(right: &[(E, Vec<u8>)], odd: Vec<(&'static str, E, Vec<u8>)>) -> Vec<(String, E, Vec<u8>)> {
    let mut wrong: Vec<_> = odd
        .into_iter()
        .map(|(what, extension, content)| (format!("{extension}: {what}"), extension, content))
        .collect();
    for (extension, content) in right.iter().filter(|(_, content)| content.len() < 1000) {
        let lens = 0..content.len();
        wrong.extend(lens.map(|len| (format!("{extension} cut to {len}"), *extension, content[..len].to_vec())));
        let longer = [&content[..], &[0]].concat();
        wrong.push((format!("{extension} and a byte more"), *extension, longer));
    }
    wrong
}

fn hello_row(table: &mut Table<ScriptedClient>, name: String, expected: (Alert, &'static str), with: (E, Vec<u8>)) {
    let (alert, why) = expected;
    table.row("6.2", name, alert, why, move |client| {
        client.send_hello_with(|hello| hello.extensions().set(with.0, with.1.clone()));
    });
}

#[test]
fn in_a_client_hello_they_have_their_form() {
    const MALFORMED: (Alert, &str) = (Alert::DECODE_ERROR, "malformed ClientHello");
    let mut table = Table::new();
    for start in [server_start, server_retried] {
        table.from(start);
        for (name, extension, content) in wrong(&right_in_a_client_hello(), odd_in_a_client_hello()) {
            hello_row(&mut table, name, MALFORMED, (extension, content));
        }
    }
    let illegal = Alert::ILLEGAL_PARAMETER;
    for code in [0, 5, 255] {
        let with = (E::MAX_FRAGMENT_LENGTH, vec![code]);
        hello_row(&mut table, format!("max_fragment_length {code}"), (illegal, "max_fragment_length"), with);
    }
    for limit in [0, 1, 63] {
        let with = (E::RECORD_SIZE_LIMIT, numbers(&[limit]));
        hello_row(&mut table, format!("record_size_limit {limit}"), (illegal, "record_size_limit"), with);
    }
    table.check(700);
}

#[test]
fn in_a_certificate_request_they_have_their_form() {
    let mut table = Table::new();
    table.from(client_certificate);
    for (name, extension, content) in wrong(&right_in_a_request(), odd_in_a_request()) {
        table.row("6.2", name, Alert::DECODE_ERROR, "malformed CertificateRequest", move |server| {
            send_request(server, extension, &content);
        });
    }
    table.check(300);
}

fn send_request(server: &mut ScriptedServer, extension: ExtensionType, content: &[u8]) {
    let mut list = ExtensionList::default();
    list.add(E::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403])));
    list.add(extension, content);
    server.message(&message(HandshakeType::CERTIFICATE_REQUEST, &certificate_request(&[], &list)));
}

/// What nobody knows has no form.
fn anything() -> impl Iterator<Item = (E, Vec<u8>)> {
    let contents = [vec![], vec![0], vec![0xff; 3], vec![0, 9, 1], vec![7; 500]];
    contents.into_iter().flat_map(|content| UNKNOWN.map(|unknown| (unknown, content.clone())))
}

#[test]
fn the_right_form_is_taken_and_what_nobody_knows_may_hold_anything() {
    let mut hellos = right_in_a_client_hello();
    hellos.extend(anything());
    hellos.extend([vec![], vec![1], vec![0; 512]].map(|padding| (E::PADDING, padding)));
    // A type of status that is not OCSP's has a form of its own.
    hellos.push((E::STATUS_REQUEST, vec![2, 0xff, 0xff, 0]));
    for (extension, content) in hellos {
        let mut client = server_start(providers()[0]);
        client.send_hello_with(|hello| hello.extensions().add(extension, content.clone()));
        assert_eq!(client.wire.error, None, "{extension} of {} bytes", content.len());
        let finished = client.finished();
        client.message(&finished);
        assert!(client.wire.subject.connection.is_ready(), "{extension} of {} bytes", content.len());
    }
    for (extension, content) in right_in_a_request().into_iter().chain(anything()) {
        let mut server = client_certificate(providers()[0]);
        send_request(&mut server, extension, &content);
        assert_eq!(server.wire.error, None, "{extension} of {} bytes", content.len());
    }
}

/// RFC 8446 4.2.11: each identity has its binder.
#[test]
fn every_psk_has_a_binder() {
    let identity = [vector16(b"a ticket"), vec![0; 4]].concat();
    let binder = vector8(&[0x5a; 32]);
    for (identities, binders) in [(2, 1), (1, 2), (3, 5), (2, 2), (1, 1)] {
        let content = [vector16(&identity.repeat(identities)), vector16(&binder.repeat(binders))].concat();
        let mut client = server_start(providers()[0]);
        client.hello.extensions().add(E::PSK_KEY_EXCHANGE_MODES, vector8(&[1]));
        client.hello.extensions().add(E::PRE_SHARED_KEY, content);
        let hello = client.hello.encode();
        let result =
            client.wire.subject.feed(&crate::support::scripted::keys::plain_record(ContentType::HANDSHAKE, &hello));
        let alert = result.err().and_then(|error| error.alert());
        let expected = (identities != binders).then_some(Alert::ILLEGAL_PARAMETER);
        assert_eq!(alert, expected, "{identities} identities, {binders} binders");
    }
}
