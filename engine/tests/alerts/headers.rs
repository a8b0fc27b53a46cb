//! A message is judged by its header: in every state, one of a type that can't come and one that is longer than its type
//! can be end the connection with these four bytes, however they come.

use tls_engine::codes::{AlertDescription as Alert, ContentType, HandshakeType};
use tls_engine::crypto::Provider;
use tls_engine::limits::{
    CERTIFICATE_VERIFY_MAX, ENCRYPTED_EXTENSIONS_MAX, FINISHED_BODY_MAX, HANDSHAKE_HEADER, HANDSHAKE_MESSAGE_MAX,
    KEY_UPDATE_BODY, SERVER_HELLO_MAX,
};

use crate::order::{LATE, STRANGERS, client_asked};
use crate::support::scripted::Script;
use crate::support::scripted::states::{
    client_certificate, client_certificate_verify, client_extensions, client_finished, client_ready, client_retried,
    client_start, server_certificate, server_certificate_verify, server_finished, server_ready, server_retried,
    server_retried_with_cookie, server_start,
};
use crate::table::Table;

/// The longest body of a message that holds others of any length.
const LONG: usize = HANDSHAKE_MESSAGE_MAX - HANDSHAKE_HEADER;
/// The longest that a body can be called.
const LONGEST: usize = (1 << 24) - 1;

const KNOWN: [HandshakeType; 11] = [
    HandshakeType::CLIENT_HELLO,
    HandshakeType::SERVER_HELLO,
    HandshakeType::NEW_SESSION_TICKET,
    HandshakeType::END_OF_EARLY_DATA,
    HandshakeType::ENCRYPTED_EXTENSIONS,
    HandshakeType::CERTIFICATE,
    HandshakeType::CERTIFICATE_REQUEST,
    HandshakeType::CERTIFICATE_VERIFY,
    HandshakeType::FINISHED,
    HandshakeType::KEY_UPDATE,
    HandshakeType::MESSAGE_HASH,
];

fn header(handshake_type: HandshakeType, body_len: usize) -> [u8; 4] {
    let [_, a, b, c] = u32::try_from(body_len).expect("a length of 24 bits").to_be_bytes();
    [handshake_type.0, a, b, c]
}

/// A way to send a header, and what it is called.
type Way<P> = (&'static str, fn(&mut P, [u8; 4]));

/// How a header can come: alone, byte by byte, with the front of a body, and with one that is cut off from it.
fn ways<P: Script>() -> [Way<P>; 4] {
    [
        ("alone", |peer, header| peer.record(ContentType::HANDSHAKE, &header)),
        ("byte by byte", |peer, header| {
            for byte in header {
                assert_eq!(peer.wire().error, None, "before the header is whole");
                peer.record(ContentType::HANDSHAKE, &[byte]);
            }
        }),
        ("before a part of the body", |peer, header| {
            peer.record(ContentType::HANDSHAKE, &[&header[..], &[0; 1000]].concat());
        }),
        ("in two parts, with a part of the body", |peer, header| {
            peer.record(ContentType::HANDSHAKE, &header[..2]);
            assert_eq!(peer.wire().error, None, "before the header is whole");
            peer.record(ContentType::HANDSHAKE, &[&header[2..], &[0; 1000]].concat());
        }),
    ]
}

fn refused<P: Script + 'static>(
    table: &mut Table<P>,
    name: &str,
    (alert, why): (Alert, &str),
    handshake_type: HandshakeType,
    body_len: usize,
) {
    for (how, send) in ways::<P>() {
        table.row("4", format!("{name} {how}"), alert, why, move |peer| send(peer, header(handshake_type, body_len)));
    }
}

/// Rows for a state that is called `state` and takes `types`, each with its longest body.
fn state<P: Script + 'static>(
    table: &mut Table<P>,
    state: &str,
    types: &[(HandshakeType, usize)],
    start: fn(&'static Provider) -> P,
) {
    table.from(start);
    let strangers = STRANGERS.map(HandshakeType);
    for handshake_type in KNOWN.into_iter().chain(strangers) {
        let Some((_, body_max)) = types.iter().find(|(taken, _)| *taken == handshake_type) else {
            let why = format!("unexpected handshake message {handshake_type} while waiting for {state}");
            for body_len in [0, 1, LONGEST] {
                let name = format!("the header of {handshake_type} of {body_len} bytes while waiting for {state},");
                refused(table, &name, (Alert::UNEXPECTED_MESSAGE, &why), handshake_type, body_len);
            }
            continue;
        };
        let is_fixed = [HandshakeType::FINISHED, HandshakeType::KEY_UPDATE].contains(&handshake_type);
        let expected = if is_fixed {
            (Alert::DECODE_ERROR, "malformed")
        } else {
            (Alert::ILLEGAL_PARAMETER, "a handshake message is larger than")
        };
        for body_len in [body_max + 1, LONG + 1, LONGEST] {
            let name = format!("the header of {handshake_type} of {body_len} bytes, which is too long,");
            refused(table, &name, expected, handshake_type, body_len);
        }
        for provider in crate::support::providers() {
            let mut peer = start(provider);
            peer.record(ContentType::HANDSHAKE, &header(handshake_type, *body_max));
            assert_eq!(peer.wire().error, None, "{handshake_type} of {body_max} bytes may come");
        }
    }
}

#[test]
fn to_a_server() {
    use HandshakeType as T;
    let mut table = Table::new();
    let hello = [(T::CLIENT_HELLO, LONG)];
    state(&mut table, "ClientHello", &hello, server_start);
    state(&mut table, "ClientHello", &hello, server_retried);
    state(&mut table, "ClientHello", &hello, server_retried_with_cookie);
    state(&mut table, "Finished", &[(T::FINISHED, FINISHED_BODY_MAX)], server_finished);
    state(&mut table, "Certificate", &[(T::CERTIFICATE, LONG)], server_certificate);
    let verify = [(T::CERTIFICATE_VERIFY, CERTIFICATE_VERIFY_MAX - HANDSHAKE_HEADER)];
    state(&mut table, "CertificateVerify", &verify, server_certificate_verify);
    state(&mut table, LATE, &[(T::KEY_UPDATE, KEY_UPDATE_BODY)], server_ready);
    table.check(1400);
}

#[test]
fn to_a_client() {
    use HandshakeType as T;
    let mut table = Table::new();
    let hello = [(T::SERVER_HELLO, SERVER_HELLO_MAX - HANDSHAKE_HEADER)];
    state(&mut table, "ServerHello", &hello, client_start);
    state(&mut table, "ServerHello", &hello, client_retried);
    let extensions = [(T::ENCRYPTED_EXTENSIONS, ENCRYPTED_EXTENSIONS_MAX - HANDSHAKE_HEADER)];
    state(&mut table, "EncryptedExtensions", &extensions, client_extensions);
    state(&mut table, "Certificate", &[(T::CERTIFICATE, LONG), (T::CERTIFICATE_REQUEST, LONG)], client_certificate);
    state(&mut table, "Certificate", &[(T::CERTIFICATE, LONG)], client_asked);
    let verify = [(T::CERTIFICATE_VERIFY, CERTIFICATE_VERIFY_MAX - HANDSHAKE_HEADER)];
    state(&mut table, "CertificateVerify", &verify, client_certificate_verify);
    state(&mut table, "Finished", &[(T::FINISHED, FINISHED_BODY_MAX)], client_finished);
    let late = [(T::NEW_SESSION_TICKET, LONG), (T::KEY_UPDATE, KEY_UPDATE_BODY)];
    state(&mut table, LATE, &late, client_ready);
    table.check(1600);
}

/// A KeyUpdate is of one byte: a shorter one is known by its header too.
#[test]
fn a_key_update_without_its_byte() {
    fn rows<P: Script + 'static>(start: fn(&'static Provider) -> P) {
        let mut table = Table::new();
        table.from(start);
        let expected = (Alert::DECODE_ERROR, "malformed KeyUpdate");
        refused(&mut table, "a KeyUpdate of no bytes", expected, HandshakeType::KEY_UPDATE, 0);
        table.check(4);
    }
    rows(server_ready);
    rows(client_ready);
}
