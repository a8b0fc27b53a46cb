//! What a peer can do wrong with a pre-shared key (RFC 8446 4.2.11).

use std::sync::Arc;

use tls_engine::codes::{AlertDescription as Alert, CipherSuite, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::conn::ServerConfigBuilder;
use tls_engine::crypto::Provider;
use tls_engine::limits::PSKS_TRIED_MAX;
use tls_engine::mem::Secret;
use tls_engine::session::{MemoryTickets, Ticket, TicketKeys, TicketStore};

use crate::support::pki::{KeyKind, Pki};
use crate::support::scripted::Script;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{ExtensionList, certificate_request, message, numbers, vector8, vector16};
use crate::support::scripted::keys::Keys;
use crate::support::scripted::psk::{self, Offer, pre_shared_key, ticket_of};
use crate::support::scripted::server::ScriptedServer;
use crate::support::{client, localhost, providers, server};
use crate::table::{Change, Table};

const KIND: KeyKind = KeyKind::EcdsaP256;
pub const SUITE: CipherSuite = CipherSuite::AES_128_GCM_SHA256;
pub const OTHER_HASH: CipherSuite = CipherSuite::AES_256_GCM_SHA384;
pub const LAST_TRIED: usize = PSKS_TRIED_MAX - 1;

/// A server, and a scripted client that has a ticket of the server's with `suite`. Its hello does not offer it yet.
pub fn ticket_for(
    provider: &'static Provider,
    suite: CipherSuite,
    change: impl Fn(ServerConfigBuilder) -> ServerConfigBuilder,
) -> ScriptedClient {
    let keys = Arc::new(TicketKeys::new(provider, 3600).expect("keys"));
    let server = server(provider, KIND, |builder| change(builder.tickets(keys)));
    let store = Arc::new(MemoryTickets::default());
    let earlier = client(provider, KIND, |builder| builder.suites(&[suite]).tickets(store.clone()));
    let ticket = ticket_of(&earlier, &server, &*store);
    let mut client = ScriptedClient::new(provider, &server, NamedGroup::X25519);
    client.ticket = Some(ticket);
    client
}

pub fn server_with_ticket(provider: &'static Provider) -> ScriptedClient {
    ticket_for(provider, SUITE, |builder| builder)
}

/// The server, which takes P-256 only, has seen the ticket, and waits for a second ClientHello.
pub fn server_retried(provider: &'static Provider) -> ScriptedClient {
    let mut client = ticket_for(provider, SUITE, |builder| builder.groups(&[NamedGroup::SECP256R1]).cookie(true));
    client.offer_ticket();
    client.send_hello();
    client.prepare_second_hello(NamedGroup::SECP256R1);
    client
}

/// The ticket with the binder that it has in the hello.
fn bound(client: &mut ScriptedClient) -> Offer {
    client.offer_ticket();
    let content = client.hello.extensions().get(ExtensionType::PRE_SHARED_KEY);
    let binder = content[content.len() - 32..].to_vec();
    Offer { binder, ..Offer::of(client.ticket.as_ref().expect("a ticket")) }
}

pub fn with_binder(client: &ScriptedClient, binder: &[u8]) -> Offer {
    Offer { binder: binder.to_vec(), ..Offer::of(client.ticket.as_ref().expect("a ticket")) }
}

/// Sends a hello with the ticket after `change` to its right binder. The change is not covered by it.
fn spoil_binder(change: Change<Vec<u8>>) -> impl Fn(&mut ScriptedClient) {
    move |client| {
        let mut offer = bound(client);
        change(&mut offer.binder);
        client.send_hello_with(|hello| hello.extensions().set(ExtensionType::PRE_SHARED_KEY, pre_shared_key(&[offer])));
    }
}

/// Sends a hello with `count` unknown identities before the ticket, whose binder is wrong.
fn spoil_binder_behind(count: usize) -> impl Fn(&mut ScriptedClient) {
    move |client| {
        let mut offers = vec![Offer::unknown(); count];
        offers.push(with_binder(client, &[0x5a; 32]));
        client.offer_psks(offers);
        client.send_hello();
    }
}

#[test]
fn hellos_of_clients() {
    let mut table = Table::new();
    table.from(server_with_ticket);
    binders(&mut table);
    lists(&mut table);
    extensions_beside(&mut table);
    table.from(server_retried);
    second_hellos(&mut table);
    table.check(35);
}

fn binders(table: &mut Table<ScriptedClient>) {
    const WHY: &str = "the binder of a PSK";
    let wrong: [(&str, Change<Vec<u8>>); 8] = [
        ("another first byte", |binder| binder[0] ^= 1),
        ("another last bit", |binder| binder[31] ^= 0x80),
        ("zeros", |binder| binder.fill(0)),
        ("one byte more", |binder| binder.push(0)),
        ("as long as of SHA-384", |binder| binder.resize(48, 0)),
        ("with another before it", |binder| drop(binder.splice(0..0, [0; 32]))),
        ("twice", |binder| binder.extend(binder.clone())),
        ("of 255 bytes", |binder| binder.resize(255, 0)),
    ];
    for (name, change) in wrong {
        table.row("4.2.11.2", format!("a binder: {name}"), Alert::DECRYPT_ERROR, WHY, spoil_binder(change));
    }
    let short: [(&str, Change<Vec<u8>>); 3] = [
        ("of 31 bytes", |binder| binder.truncate(31)),
        ("of 20 bytes", |binder| binder.truncate(20)),
        ("of no bytes", Vec::clear),
    ];
    for (name, change) in short {
        let name = format!("a binder {name}");
        table.row("4.2.11", name, Alert::DECODE_ERROR, "malformed ClientHello", spoil_binder(change));
    }
    for count in 1..=LAST_TRIED {
        let name = format!("a wrong binder of the ticket behind {count} unknown identities");
        table.row("4.2.11.2", name, Alert::DECRYPT_ERROR, WHY, spoil_binder_behind(count));
    }
    table.row("4.2.11.2", "a right binder of the ticket behind a wrong one", Alert::DECRYPT_ERROR, WHY, |client| {
        let wrong = with_binder(client, &[0x5a; 32]);
        let right = with_binder(client, &[]);
        client.offer_psks(vec![wrong, right]);
        client.send_hello();
    });
    table.row("4.2.11", "the binders in another order", Alert::DECRYPT_ERROR, WHY, |client| {
        let (unknown, right) = (Offer { binder: vec![], ..Offer::unknown() }, with_binder(client, &[0x5a; 32]));
        client.offer_psks(vec![unknown, right]);
        client.send_hello();
    });
    table.row("4.2.11.2", "a hello that was changed after it was bound", Alert::DECRYPT_ERROR, WHY, |client| {
        client.offer_ticket();
        client.send_hello_with(|hello| hello.random[0] ^= 1);
    });
    table.row("4.2.11.2", "another age than the one that was bound", Alert::DECRYPT_ERROR, WHY, |client| {
        let mut offer = bound(client);
        offer.obfuscated_age ^= 1;
        client.send_hello_with(|hello| hello.extensions().set(ExtensionType::PRE_SHARED_KEY, pre_shared_key(&[offer])));
    });
    table.row("4.2.11.2", "the binder of another PSK", Alert::DECRYPT_ERROR, WHY, |client| {
        client.ticket.as_mut().expect("a ticket").psk.as_mut_bytes()[31] ^= 1;
        client.offer_ticket();
        client.send_hello();
    });
}

/// How many identities the hello has, and how many binders.
fn lists(table: &mut Table<ScriptedClient>) {
    const UNEVEN: &str = "as many PSKs as binders";
    for (identities, binders) in [(1, 2), (2, 1), (2, 3), (4, 5), (5, 4), (3, 1)] {
        let name = format!("{identities} identities, {binders} binders");
        table.row("4.2.11", name, Alert::ILLEGAL_PARAMETER, UNEVEN, move |client| {
            let offer = bound(client);
            let whole = pre_shared_key(&vec![offer; identities.max(binders)]);
            let (one_identity, one_binder) = (2 + client.ticket.as_ref().expect("a ticket").ticket.len() + 4, 33);
            let (from, len) = (2 + one_identity * identities.max(binders), one_binder * binders);
            let identities = &whole[2..2 + one_identity * identities];
            let content = [
                &(identities.len() as u16).to_be_bytes()[..],
                identities,
                &(len as u16).to_be_bytes(),
                &whole[from + 2..from + 2 + len],
            ];
            client.send_hello_with(|hello| hello.extensions().set(ExtensionType::PRE_SHARED_KEY, content.concat()));
        });
    }
    for empty_first in [true, false] {
        let place = if empty_first { "before" } else { "behind" };
        let name = format!("an empty identity {place} the ticket");
        table.row("4.2.11", name, Alert::DECODE_ERROR, "malformed ClientHello", move |client| {
            let empty = Offer { identity: vec![], ..Offer::unknown() };
            let right = with_binder(client, &[]);
            client.offer_psks(if empty_first { vec![empty, right] } else { vec![right, empty] });
            client.send_hello();
        });
    }
}

fn extensions_beside(table: &mut Table<ScriptedClient>) {
    table.row("4.2.11", "the ticket before another extension", Alert::ILLEGAL_PARAMETER, "not the last", |client| {
        client.offer_ticket();
        client.send_hello_with(|hello| hello.extensions().add(ExtensionType::PADDING, [0; 8]));
    });
    table.row("4.2.9", "the ticket without modes", Alert::MISSING_EXTENSION, "psk_key_exchange_modes", |client| {
        client.offer_ticket();
        client.send_hello_with(|hello| hello.extensions().remove(ExtensionType::PSK_KEY_EXCHANGE_MODES));
    });
    for missing in [ExtensionType::KEY_SHARE, ExtensionType::SUPPORTED_GROUPS] {
        let name = format!("the ticket for a key exchange without {missing}");
        table.row("9.2", name, Alert::MISSING_EXTENSION, missing.to_string(), move |client| {
            client.hello.extensions().remove(missing);
            client.offer_ticket();
            client.send_hello();
        });
    }
    const SCHEMES: &str = "signature_algorithms";
    let without_schemes: [(&str, Change<ScriptedClient>); 3] = [
        ("an unknown ticket", |client| client.offer_psks(vec![Offer::unknown()])),
        ("a ticket that is for another name", |client| {
            client.hello.extensions().remove(ExtensionType::SERVER_NAME);
            client.offer_ticket();
        }),
        ("a ticket without a key exchange", |client| {
            client.hello.extensions().set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vector8(&[0]));
            client.offer_ticket();
        }),
    ];
    for (name, offer) in without_schemes {
        let name = format!("{name}, and no signature_algorithms");
        table.row("4.2.3", name, Alert::MISSING_EXTENSION, SCHEMES, move |client| {
            client.hello.extensions().remove(ExtensionType::SIGNATURE_ALGORITHMS);
            offer(client);
            client.send_hello();
        });
    }
}

fn second_hellos(table: &mut Table<ScriptedClient>) {
    const WHY: &str = "the binder of a PSK";
    let wrong: [(&str, Change<Vec<u8>>); 2] =
        [("another first byte", |binder| binder[0] ^= 1), ("another last byte", |binder| binder[31] ^= 1)];
    for (name, change) in wrong {
        table.row("4.2.11.2", format!("a second binder: {name}"), Alert::DECRYPT_ERROR, WHY, spoil_binder(change));
    }
    table.row("4.2.11.2", "a second binder over the second hello alone", Alert::DECRYPT_ERROR, WHY, |client| {
        let provider = client.provider;
        let ticket = client.ticket.clone().expect("a ticket");
        let offers = vec![with_binder(client, &[])];
        psk::offer(provider, &mut client.hello, &[], (&ticket, client.origin), offers);
        client.send_hello();
    });
    table.row("4.2.11.2", "the first binder again", Alert::DECRYPT_ERROR, WHY, |client| {
        let content = client.hello.extensions().get(ExtensionType::PRE_SHARED_KEY).to_vec();
        client.hello.extensions().remove(ExtensionType::PRE_SHARED_KEY);
        client.send_hello_with(|hello| hello.extensions().add(ExtensionType::PRE_SHARED_KEY, content));
    });
    table.row("4.2.11", "a cookie behind the ticket", Alert::ILLEGAL_PARAMETER, "not the last", |client| {
        // As it is left by the preparation of the second hello.
        client.send_hello();
    });
    table.row("4.2.10", "early data with the ticket", Alert::ILLEGAL_PARAMETER, "early_data after", |client| {
        client.hello.extensions().add(ExtensionType::EARLY_DATA, []);
        client.offer_ticket();
        client.send_hello();
    });
}

/// A client that has offered a ticket, and a scripted server that selects it.
pub fn client_with_ticket(provider: &'static Provider) -> ScriptedServer {
    let earlier = server_with_ticket(provider);
    let ticket = earlier.ticket.expect("a ticket");
    let store = Arc::new(MemoryTickets::default());
    store.put(&localhost(), Ticket::clone(&ticket));
    let config = client(provider, KIND, |builder| builder.tickets(store));
    let mut server = ScriptedServer::new(provider, &config, Pki::shared_identity(KIND));
    server.psk = Some(*ticket.psk);
    server
}

/// The client waits for the Finished of a handshake that is resumed.
fn client_resumed(provider: &'static Provider) -> ScriptedServer {
    let mut server = client_with_ticket(provider);
    server.accept(NamedGroup::X25519, usize::MAX);
    server.send_flight(1);
    server
}

pub fn set_suite(server: &mut ScriptedServer, suite: CipherSuite) {
    server.suite = *server.provider.suite(suite).expect("a suite every provider has");
}

#[test]
fn hellos_and_flights_of_servers() {
    let mut table = Table::new();
    table.from(client_with_ticket);
    selections(&mut table);
    retries(&mut table);
    table.from(client_resumed);
    flights(&mut table);
    table.check(18);
}

fn selections(table: &mut Table<ScriptedServer>) {
    const WHY: &str = "a PSK that was not offered";
    for identity in [1, 2, 0xffff] {
        let name = format!("identity {identity} of one");
        table.row("4.2.11", name, Alert::ILLEGAL_PARAMETER, WHY, move |server| {
            server.send_hello_with(|hello| hello.extensions().set(ExtensionType::PRE_SHARED_KEY, numbers(&[identity])));
        });
    }
    table.row("4.2.11", "the ticket with a suite of another hash", Alert::ILLEGAL_PARAMETER, WHY, |server| {
        set_suite(server, OTHER_HASH);
        server.send_hello_with(|_| {});
    });
    for len in [0, 1, 3] {
        let name = format!("an identity of {len} bytes");
        table.row("6.2", name, Alert::DECODE_ERROR, "malformed ServerHello", move |server| {
            server.send_hello_with(|hello| hello.extensions().set(ExtensionType::PRE_SHARED_KEY, vec![0; len]));
        });
    }
    table.row("4.2", "the ticket twice", Alert::ILLEGAL_PARAMETER, "comes twice", |server| {
        server.send_hello_with(|hello| hello.extensions().add(ExtensionType::PRE_SHARED_KEY, [0, 0]));
    });
    table.row("4.2.9", "the ticket without a key exchange", Alert::ILLEGAL_PARAMETER, "key_share", |server| {
        server.send_hello_with(|hello| hello.extensions().remove(ExtensionType::KEY_SHARE));
    });
    table.row(
        "4.4.2",
        "neither ticket nor certificate",
        Alert::UNEXPECTED_MESSAGE,
        "waiting for Certificate",
        |server| {
            server.psk = None;
            server.accept(NamedGroup::X25519, usize::MAX);
            server.send_flight(1);
            let finished = server.finished();
            server.message(&finished);
        },
    );
}

fn retries(table: &mut Table<ScriptedServer>) {
    table.row("4.2", "the ticket in HelloRetryRequest", Alert::ILLEGAL_PARAMETER, "wrong message", |server| {
        let mut retry = server.retry(NamedGroup::SECP256R1);
        retry.extensions().add(ExtensionType::PRE_SHARED_KEY, [0, 0]);
        server.send_retry(&retry);
    });
    let name = "the ticket, which the second hello has left out for the hash";
    table.row("4.1.4, 4.2", name, Alert::UNSUPPORTED_EXTENSION, "pre_shared_key", |server| {
        set_suite(server, OTHER_HASH);
        let retry = server.retry(NamedGroup::SECP256R1);
        server.send_retry(&retry);
        let hello = server.hello(NamedGroup::SECP256R1);
        server.send_hello(&hello);
    });
    table.row("4.2.11", "identity 1 of one after a retry", Alert::ILLEGAL_PARAMETER, "not offered", |server| {
        let retry = server.retry(NamedGroup::SECP256R1);
        server.send_retry(&retry);
        let mut hello = server.hello(NamedGroup::SECP256R1);
        hello.extensions().set(ExtensionType::PRE_SHARED_KEY, numbers(&[1]));
        server.send_hello(&hello);
    });
}

/// How a message is made.
type Make = fn(&ScriptedServer) -> Vec<u8>;

fn flights(table: &mut Table<ScriptedServer>) {
    const WHY: &str = "waiting for Finished";
    let messages: [(&str, Make); 3] = [
        ("Certificate", ScriptedServer::certificate),
        ("CertificateVerify", ScriptedServer::certificate_verify),
        ("CertificateRequest", |_| {
            let list = ExtensionList(vec![(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403])))]);
            message(HandshakeType::CERTIFICATE_REQUEST, &certificate_request(&[], &list))
        }),
    ];
    for (name, make) in messages {
        let name = format!("{name} of a server with the PSK");
        table.row("4.3.2, 4.4.2", name, Alert::UNEXPECTED_MESSAGE, WHY, move |server| {
            let message = make(server);
            server.message(&message);
        });
    }
    table.row("4.4.4", "a Finished of another secret", Alert::DECRYPT_ERROR, "Finished", |server| {
        let mut finished = server.finished();
        finished[4] ^= 1;
        server.message(&finished);
    });
    table.row("5.2", "a Finished under keys of another secret", Alert::BAD_RECORD_MAC, "", |server| {
        server.wire.write = Some(Keys::new(server.suite, &Secret::zeroed(32)));
        let finished = server.finished();
        server.message(&finished);
    });
}

/// Who selects the ticket without its PSK has other keys, and the client opens nothing of it.
#[test]
fn a_server_that_does_not_know_the_psk() {
    for provider in providers() {
        let mut server = client_with_ticket(provider);
        server.psk = Some(Secret::copy_of(&[7; 32]));
        let hello = server.hello(NamedGroup::X25519);
        server.send_hello(&hello);
        assert_eq!(server.wire.error, None);
        server.set_handshake_keys(NamedGroup::X25519, &[]);
        let record = server.seal(&[&server.encrypted_extensions()[..], &[22]].concat());
        let error = server.wire.subject.feed(&record).expect_err("a record of another key");
        assert_eq!(error.alert(), Some(Alert::BAD_RECORD_MAC));
        assert!(!server.wire.subject.connection.is_ready());
    }
}
