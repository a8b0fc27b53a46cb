//! Messages out of order: every type of message in every state that does not wait for it.

use tls_engine::codes::{AlertDescription as Alert, ContentType, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::crypto::Provider;

use crate::support::scripted::Script;
use crate::support::scripted::draft::{self, ExtensionList, numbers, vector16};
use crate::support::scripted::keys::plain_record;
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{
    client_certificate, client_certificate_verify, client_extensions, client_finished, client_ready, client_retried,
    client_start, server_certificate, server_certificate_verify, server_finished, server_finished_certified,
    server_ready, server_retried, server_retried_with_cookie, server_start,
};
use crate::table::Table;

/// hello_request of TLS 1.2, hello_retry_request of the drafts, server_key_exchange, client_key_exchange,
/// certificate_status, next_protocol, and one that was never anything.
pub const STRANGERS: [u8; 8] = [0, 6, 12, 16, 22, 67, 99, 255];

/// What is waited for after the handshake.
pub const LATE: &str = "application data or what may follow a handshake";

/// One well-formed body for each type of message.
fn messages() -> Vec<(HandshakeType, Vec<u8>)> {
    let provider = Provider::all()[0];
    let mut client = server_start(provider);
    client.offer_share(NamedGroup::X25519);
    let mut server = client_certificate(provider);
    let hello = server.hello(NamedGroup::X25519).body();
    let body = |message: Vec<u8>| message[4..].to_vec();
    let nothing = ExtensionList::default();
    let mut request = ExtensionList::default();
    request.set(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403])));
    let known = [
        (HandshakeType::CLIENT_HELLO, client.hello.body()),
        (HandshakeType::SERVER_HELLO, hello),
        (HandshakeType::NEW_SESSION_TICKET, draft::ticket(3600, &[1], b"ticket", &nothing)),
        (HandshakeType::END_OF_EARLY_DATA, vec![]),
        (HandshakeType::ENCRYPTED_EXTENSIONS, body(server.encrypted_extensions())),
        (HandshakeType::CERTIFICATE, body(server.certificate())),
        (HandshakeType::CERTIFICATE_REQUEST, draft::certificate_request(&[], &request)),
        (HandshakeType::CERTIFICATE_VERIFY, body(server.certificate_verify())),
        (HandshakeType::FINISHED, body(server.finished())),
        (HandshakeType::KEY_UPDATE, vec![0]),
        (HandshakeType::COMPRESSED_CERTIFICATE, draft::compressed_certificate(1, 2, &[7])),
        (HandshakeType::MESSAGE_HASH, vec![0; 32]),
    ];
    known.into_iter().chain(STRANGERS.map(|stranger| (HandshakeType(stranger), vec![]))).collect()
}

/// Rows for all messages but those that the state, called `state`, waits for.
fn all_but<P: Script + 'static>(
    table: &mut Table<P>,
    state: &str,
    waited_for: &[HandshakeType],
    start: fn(&'static Provider) -> P,
) {
    table.from(start);
    for (handshake_type, body) in messages() {
        if waited_for.contains(&handshake_type) {
            continue;
        }
        let name = format!("{handshake_type} while waiting for {state}");
        let why = format!("unexpected handshake message {handshake_type} while waiting for {state}");
        table.row("4", name, Alert::UNEXPECTED_MESSAGE, why, move |peer| {
            peer.record(ContentType::HANDSHAKE, &draft::message(handshake_type, &body));
        });
    }
}

#[test]
fn to_a_server() {
    let mut table = Table::new();
    let hello = [HandshakeType::CLIENT_HELLO];
    all_but(&mut table, "ClientHello", &hello, server_start);
    all_but(&mut table, "ClientHello", &hello, server_retried);
    all_but(&mut table, "ClientHello", &hello, server_retried_with_cookie);
    all_but(&mut table, "Finished", &[HandshakeType::FINISHED], server_finished);
    all_but(&mut table, "Certificate", &[HandshakeType::CERTIFICATE], server_certificate);
    all_but(&mut table, "CertificateVerify", &[HandshakeType::CERTIFICATE_VERIFY], server_certificate_verify);
    all_but(&mut table, "Finished", &[HandshakeType::FINISHED], server_finished_certified);
    all_but(&mut table, LATE, &[HandshakeType::KEY_UPDATE], server_ready);
    table.check(140);
}

#[test]
fn to_a_client() {
    use HandshakeType as T;
    let mut table = Table::new();
    all_but(&mut table, "ServerHello", &[T::SERVER_HELLO], client_start);
    all_but(&mut table, "ServerHello", &[T::SERVER_HELLO], client_retried);
    all_but(&mut table, "EncryptedExtensions", &[T::ENCRYPTED_EXTENSIONS], client_extensions);
    all_but(&mut table, "Certificate", &[T::CERTIFICATE, T::CERTIFICATE_REQUEST], client_certificate);
    all_but(&mut table, "Certificate", &[T::CERTIFICATE], client_asked);
    all_but(&mut table, "CertificateVerify", &[T::CERTIFICATE_VERIFY], client_certificate_verify);
    all_but(&mut table, "Finished", &[T::FINISHED], client_finished);
    let waited_for = [T::NEW_SESSION_TICKET, T::KEY_UPDATE];
    all_but(&mut table, LATE, &waited_for, client_ready);
    table.check(140);
}

/// The client waits for Certificate, after a CertificateRequest.
pub fn client_asked(provider: &'static Provider) -> ScriptedServer {
    let mut server = client_certificate(provider);
    let mut extensions = ExtensionList::default();
    extensions.set(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403])));
    let body = draft::certificate_request(&[], &extensions);
    server.message(&draft::message(HandshakeType::CERTIFICATE_REQUEST, &body));
    server
}

/// Application data before the handshake is done (RFC 8446 4.4.4: after both Finished, and there is no early data).
#[test]
fn application_data_before_its_time() {
    let mut servers = Table::new();
    for start in [server_start, server_retried] {
        early(&mut servers, start, "encrypted, before keys were established");
    }
    for start in [server_finished, server_certificate, server_certificate_verify, server_finished_certified] {
        early(&mut servers, start, "before the handshake is done");
    }
    servers.check(6);
    let mut clients = Table::new();
    for start in [client_start, client_retried] {
        early(&mut clients, start, "encrypted, before keys were established");
    }
    for start in [client_extensions, client_certificate, client_asked, client_certificate_verify, client_finished] {
        early(&mut clients, start, "before the handshake is done");
    }
    clients.check(7);
}

fn early<P: Script + 'static>(table: &mut Table<P>, start: fn(&'static Provider) -> P, why: &'static str) {
    table.from(start);
    table.row("6.2", format!("application data {why}"), Alert::UNEXPECTED_MESSAGE, why, |peer| {
        peer.record(ContentType::APPLICATION_DATA, b"early bird catches the alert");
    });
}

/// Each is taken where it belongs, or the rows above might be refused for another reason than their order.
#[test]
fn the_samples_are_well_formed() {
    let provider = Provider::all()[0];
    for (handshake_type, body) in messages() {
        let message = draft::message(handshake_type, &body);
        match handshake_type {
            HandshakeType::CLIENT_HELLO => {
                // The keys for its share are in other hands: the answer is not read.
                let mut client = server_start(provider);
                let record = plain_record(ContentType::HANDSHAKE, &message);
                assert_eq!(client.wire.subject.feed(&record), Ok(()));
            }
            HandshakeType::ENCRYPTED_EXTENSIONS => taken(client_extensions(provider), &message),
            HandshakeType::CERTIFICATE | HandshakeType::CERTIFICATE_REQUEST => {
                taken(client_certificate(provider), &message);
            }
            HandshakeType::NEW_SESSION_TICKET | HandshakeType::KEY_UPDATE => taken(client_ready(provider), &message),
            _ => {}
        }
    }
}

fn taken(mut server: ScriptedServer, message: &[u8]) {
    server.record(ContentType::HANDSHAKE, message);
    assert_eq!(server.wire.error, None);
}
