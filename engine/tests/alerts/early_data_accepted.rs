//! What a peer can do wrong with early data that the server accepts (RFC 8446 4.2.10, 4.5).

use std::sync::Arc;

use tls_engine::codes::{
    AlertDescription as Alert, CipherSuite, ContentType, ExtensionType, HandshakeType, NamedGroup,
};
use tls_engine::conn::Clock as _;
use tls_engine::conn::{ClientConfigBuilder, SystemClock};
use tls_engine::crypto::Provider;
use tls_engine::limits::EMPTY_RECORDS_MAX;
use tls_engine::session::{MemoryTickets, ReplayRegister, TicketStore};

use crate::resumption::{set_suite, ticket_for};
use crate::support::pki::{KeyKind, Pki};
use crate::support::scripted::Script;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{ExtensionList, message, vector8, vector16};
use crate::support::scripted::server::ScriptedServer;
use crate::support::{client, localhost};
use crate::table::Table;

const KIND: KeyKind = KeyKind::EcdsaP256;
const SUITE: CipherSuite = CipherSuite::AES_128_GCM_SHA256;
const EARLY_MAX: u32 = 1000;

/// The server has accepted early data, and waits for it.
fn accepted(provider: &'static Provider) -> ScriptedClient {
    let register = Arc::new(ReplayRegister::new(100, SystemClock.now()));
    let mut client = ticket_for(provider, SUITE, |builder| builder.early_data(EARLY_MAX, register.clone()));
    client.offer_early_data();
    client.send_hello();
    client.set_early_keys();
    client.data(b"early");
    assert_eq!(client.wire.subject.connection.take_early_data(), b"early");
    client
}

/// Early data has ended.
fn ended(provider: &'static Provider) -> ScriptedClient {
    let mut client = accepted(provider);
    client.message(&end_of_early_data());
    client
}

/// The server has resumed, and rejected early data.
fn rejected(provider: &'static Provider) -> ScriptedClient {
    let mut client = ticket_for(provider, SUITE, |builder| builder);
    client.offer_early_data();
    client.send_hello();
    client
}

fn end_of_early_data() -> Vec<u8> {
    message(HandshakeType::END_OF_EARLY_DATA, &[])
}

#[test]
fn of_clients() {
    let mut table = Table::new();
    table.from(accepted);
    table.row("4.2.10", "a byte more than the server takes", Alert::UNEXPECTED_MESSAGE, "more early data", |client| {
        client.data(&[7; EARLY_MAX as usize - 4]);
    });
    table.row("4.2.10", "more early data, in many records", Alert::UNEXPECTED_MESSAGE, "more early data", |client| {
        (0..100).for_each(|_| client.data(&[7; 10]));
    });
    table.row("5.1", "many empty records of early data", Alert::UNEXPECTED_MESSAGE, "empty records", |client| {
        (0..=EMPTY_RECORDS_MAX).for_each(|_| client.data(&[]));
    });
    const WAITING: &str = "waiting for EndOfEarlyData";
    table.row("4.5", "Finished in place of EndOfEarlyData", Alert::UNEXPECTED_MESSAGE, WAITING, |client| {
        let finished = client.finished();
        client.sealed(ContentType::HANDSHAKE, &finished);
    });
    table.row("4.6.3", "KeyUpdate under the keys of early data", Alert::UNEXPECTED_MESSAGE, WAITING, |client| {
        client.sealed(ContentType::HANDSHAKE, &message(HandshakeType::KEY_UPDATE, &[0]));
    });
    table.row("4.5", "an EndOfEarlyData with a body", Alert::DECODE_ERROR, "EndOfEarlyData", |client| {
        client.sealed(ContentType::HANDSHAKE, &message(HandshakeType::END_OF_EARLY_DATA, &[0]));
    });
    table.row("5.1", "more behind EndOfEarlyData in its record", Alert::UNEXPECTED_MESSAGE, "keys change", |client| {
        let finished = client.finished();
        client.sealed(ContentType::HANDSHAKE, &[end_of_early_data(), finished].concat());
    });
    table.row("5.1", "early data amid EndOfEarlyData", Alert::UNEXPECTED_MESSAGE, "", |client| {
        client.sealed(ContentType::HANDSHAKE, &end_of_early_data()[..2]);
        client.data(b"early");
    });
    table.row("4.5", "Finished, and no EndOfEarlyData", Alert::BAD_RECORD_MAC, "decrypted", |client| {
        client.set_handshake_write_keys();
        let finished = client.finished();
        client.message(&finished);
    });
    table.row("4.2.10", "early data that does not open", Alert::BAD_RECORD_MAC, "decrypted", |client| {
        client.send(&[&[23, 3, 3, 0, 40][..], &[0xe5; 40]].concat());
    });
    table.row("4.2.10", "early data in the clear", Alert::BAD_RECORD_MAC, "decrypted", |client| {
        client.send(&[&[23, 3, 3, 0, 20][..], &[0xe5; 20]].concat());
    });
    table.from(ended);
    table.row(
        "4.5",
        "data after EndOfEarlyData",
        Alert::UNEXPECTED_MESSAGE,
        "before the handshake is done",
        |client| {
            client.data(b"too late");
        },
    );
    table.row("4.5", "EndOfEarlyData twice", Alert::UNEXPECTED_MESSAGE, "waiting for Finished", |client| {
        client.sealed(ContentType::HANDSHAKE, &end_of_early_data());
    });
    table.row("4.5", "early data after its end", Alert::BAD_RECORD_MAC, "decrypted", |client| {
        client.set_early_keys();
        client.wire.write.as_mut().expect("keys").sequence = 2;
        client.data(b"more");
    });
    table.row("4.4.4", "a Finished without EndOfEarlyData in it", Alert::DECRYPT_ERROR, "Finished", |client| {
        let mut finished = client.finished();
        finished[4] ^= 1;
        client.message(&finished);
    });
    table.from(rejected);
    table.row("4.5", "EndOfEarlyData of what was rejected", Alert::UNEXPECTED_MESSAGE, "for Finished", |client| {
        client.sealed(ContentType::HANDSHAKE, &end_of_early_data());
    });
    table.check(16);
}

/// A client with a ticket that allows early data, and a scripted server.
fn client_with(
    provider: &'static Provider,
    change: impl Fn(ClientConfigBuilder) -> ClientConfigBuilder,
) -> ScriptedServer {
    let mut ticket = ticket_for(provider, SUITE, |builder| builder).ticket.expect("a ticket");
    ticket.max_early_data_bytes = Some(EARLY_MAX);
    let psk = (*ticket.psk).clone();
    let store = Arc::new(MemoryTickets::default());
    store.put(&localhost(), ticket);
    let config = client(provider, KIND, |builder| change(builder.tickets(store)));
    let mut server = ScriptedServer::new(provider, &config, Pki::shared_identity(KIND));
    server.psk = Some(psk);
    server
}

fn offers_early_data(provider: &'static Provider) -> ScriptedServer {
    let server = client_with(provider, |builder| builder.early_data(true).alpn(&[b"one"]));
    assert_eq!(server.wire.subject.connection.early_data_room(), EARLY_MAX as usize);
    server
}

fn offers_none(provider: &'static Provider) -> ScriptedServer {
    let server = client_with(provider, |builder| builder);
    assert_eq!(server.wire.subject.connection.early_data_room(), 0);
    server
}

/// EncryptedExtensions that accept early data, with this content of the extension.
fn accepting(content: &[u8]) -> ExtensionList {
    let mut list = ExtensionList::default();
    list.set(ExtensionType::EARLY_DATA, content);
    list
}

fn send(server: &mut ScriptedServer, list: &ExtensionList) {
    server.message(&message(HandshakeType::ENCRYPTED_EXTENSIONS, &list.encode()));
}

#[test]
fn of_servers() {
    let mut table = Table::new();
    const NOT_SO: &str = "not as it was sent";
    table.from(offers_early_data);
    table.row("4.2.10", "accepted with another protocol", Alert::ILLEGAL_PARAMETER, NOT_SO, |server| {
        server.accept(NamedGroup::X25519, usize::MAX);
        server.set_early_keys();
        let mut list = accepting(&[]);
        list.set(ExtensionType::ALPN, vector16(&vector8(b"one")));
        send(server, &list);
    });
    table.row("4.2.10", "accepted with another suite of the same hash", Alert::ILLEGAL_PARAMETER, NOT_SO, |server| {
        let announced = server.suite;
        set_suite(server, CipherSuite::CHACHA20_POLY1305_SHA256);
        server.accept(NamedGroup::X25519, usize::MAX);
        server.set_early_keys_of(announced);
        send(server, &accepting(&[]));
    });
    table.row("4.2.10", "accepted without the PSK", Alert::ILLEGAL_PARAMETER, NOT_SO, |server| {
        let psk = server.psk.take();
        server.accept(NamedGroup::X25519, usize::MAX);
        server.psk = psk;
        server.set_early_keys();
        send(server, &accepting(&[]));
    });
    table.row("4.2.10", "accepted with something in the extension", Alert::DECODE_ERROR, "malformed", |server| {
        server.accept(NamedGroup::X25519, usize::MAX);
        server.set_early_keys();
        send(server, &accepting(&[0, 0, 0, 9]));
    });
    table.row("4.2.10", "accepted after a retry", Alert::UNSUPPORTED_EXTENSION, "early_data", |server| {
        let retry = server.retry(NamedGroup::SECP256R1);
        server.send_retry(&retry);
        server.accept(NamedGroup::SECP256R1, usize::MAX);
        send(server, &accepting(&[]));
    });
    table.row("4.2", "early_data in ServerHello", Alert::ILLEGAL_PARAMETER, "wrong message", |server| {
        server.set_early_keys();
        server.send_hello_with(|hello| hello.extensions().set(ExtensionType::EARLY_DATA, []));
    });
    table.row(
        "4.4.2",
        "a Certificate after early data was accepted",
        Alert::UNEXPECTED_MESSAGE,
        "Finished",
        |server| {
            server.accept(NamedGroup::X25519, usize::MAX);
            server.set_early_keys();
            send(server, &accepting(&[]));
            let certificate = server.certificate();
            server.message(&certificate);
        },
    );
    table.from(offers_none);
    table.row("4.2", "accepted what was not announced", Alert::UNSUPPORTED_EXTENSION, "early_data", |server| {
        server.accept(NamedGroup::X25519, usize::MAX);
        send(server, &accepting(&[]));
    });
    table.check(8);
}
