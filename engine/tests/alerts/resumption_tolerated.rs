//! PSKs that have to be taken, and those that have to be passed over for a full handshake (RFC 8446 4.2.9, 4.2.11).

use tls_engine::codes::{CipherSuite, ExtensionType, NamedGroup};
use tls_engine::limits::PSKS_TRIED_MAX;

use crate::resumption::{
    LAST_TRIED, OTHER_HASH, SUITE, client_with_ticket, server_retried, server_with_ticket, set_suite, ticket_for,
    with_binder,
};
use crate::support::providers;
use crate::support::scripted::Script;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::vector8;
use crate::support::scripted::psk::Offer;
use crate::support::scripted::server::ScriptedServer;
use crate::table::Change;

/// A hello that has to be taken, and which identity is selected, if any.
type Taken = (&'static str, Change<ScriptedClient>, Option<u16>);

const TAKEN: [Taken; 12] = [
    ("the ticket", ScriptedClient::offer_ticket, Some(0)),
    ("an unknown ticket", |client| client.offer_psks(vec![Offer::unknown()]), None),
    (
        "the ticket behind an unknown one",
        |client| {
            let right = with_binder(client, &[]);
            client.offer_psks(vec![Offer::unknown(), right]);
        },
        Some(1),
    ),
    (
        "the ticket in the last place that is looked at",
        |client| {
            let mut offers = vec![Offer::unknown(); LAST_TRIED];
            offers.push(with_binder(client, &[]));
            client.offer_psks(offers);
        },
        Some(LAST_TRIED as u16),
    ),
    (
        "the ticket behind that place",
        |client| {
            let mut offers = vec![Offer::unknown(); PSKS_TRIED_MAX];
            offers.push(with_binder(client, &[]));
            client.offer_psks(offers);
        },
        None,
    ),
    (
        "the ticket behind that place, with a wrong binder",
        |client| {
            let mut offers = vec![Offer::unknown(); PSKS_TRIED_MAX];
            offers.push(with_binder(client, &[0x5a; 32]));
            client.offer_psks(offers);
        },
        None,
    ),
    (
        "a wrong binder behind the right one: only that of the selected PSK is to be verified",
        |client| {
            let (right, wrong) = (with_binder(client, &[]), with_binder(client, &[0x5a; 32]));
            client.offer_psks(vec![right, wrong]);
        },
        Some(0),
    ),
    (
        "without a key exchange alone",
        |client| {
            client.hello.extensions().set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vector8(&[0]));
            client.offer_ticket();
        },
        None,
    ),
    (
        "unknown modes beside",
        |client| {
            client.hello.extensions().set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vector8(&[0xba, 0, 1]));
            client.offer_ticket();
        },
        Some(0),
    ),
    (
        "without signature_algorithms",
        |client| {
            client.hello.extensions().remove(ExtensionType::SIGNATURE_ALGORITHMS);
            client.offer_ticket();
        },
        Some(0),
    ),
    (
        "any age",
        |client| {
            let ticket = client.ticket.as_ref().expect("a ticket");
            let offer = Offer { obfuscated_age: ticket.age_add.wrapping_sub(1), ..Offer::of(ticket) };
            client.offer_psks(vec![offer]);
        },
        Some(0),
    ),
    (
        "with another first suite of the same hash",
        |client| {
            client.hello.cipher_suites = vec![CipherSuite::CHACHA20_POLY1305_SHA256.0];
            client.offer_ticket();
        },
        Some(0),
    ),
];

/// Completes the handshake of the hello, and talks both ways.
#[track_caller]
fn finish(client: &mut ScriptedClient, what: &str, selected: Option<u16>) {
    client.send_hello();
    assert_eq!(client.wire.error, None, "{what}");
    assert_eq!(client.selected_identity, selected, "{what}");
    let finished = client.finished();
    client.message(&finished);
    works(client, what, selected.is_some());
}

#[track_caller]
fn works<P: Script>(peer: &mut P, what: &str, is_resumed: bool) {
    assert_eq!(peer.wire().error, None, "{what}");
    assert_eq!(peer.wire().subject.connection.negotiated().expect(what).is_resumed(), is_resumed, "{what}");
    peer.data(b"to the subject");
    assert_eq!(peer.wire().subject.received, b"to the subject", "{what}");
    peer.wire().subject.write(b"from the subject").unwrap();
    peer.absorb();
    assert_eq!(peer.wire().sent.last().unwrap().content, b"from the subject", "{what}");
}

#[test]
fn hellos_that_are_taken() {
    for provider in providers() {
        for (what, change, selected) in TAKEN {
            let mut client = server_with_ticket(provider);
            change(&mut client);
            finish(&mut client, what, selected);
        }
        let mut client = ticket_for(provider, OTHER_HASH, |builder| builder.suites(&[SUITE, OTHER_HASH]));
        client.offer_ticket();
        finish(&mut client, "a ticket of another hash", None);

        let mut client = server_retried(provider);
        client.offer_ticket();
        finish(&mut client, "after a retry", Some(0));
        let mut client = server_retried(provider);
        client.hello.extensions().remove(ExtensionType::PRE_SHARED_KEY);
        finish(&mut client, "no longer offered after a retry", None);
        // The first hello is answered before a PSK is accepted, so its binder need not be right.
        let mut client = ticket_for(provider, SUITE, |builder| builder.groups(&[NamedGroup::SECP256R1]));
        let wrong = with_binder(&client, &[0x5a; 32]);
        client.offer_psks(vec![wrong]);
        client.send_hello();
        client.prepare_second_hello(NamedGroup::SECP256R1);
        client.offer_ticket();
        finish(&mut client, "a right binder after a retry", Some(0));
    }
}

#[test]
fn servers_that_are_taken() {
    for provider in providers() {
        for suite in [SUITE, CipherSuite::CHACHA20_POLY1305_SHA256] {
            let mut server = client_with_ticket(provider);
            set_suite(&mut server, suite);
            server.accept(NamedGroup::X25519, usize::MAX);
            resume(&mut server, "the ticket, with its hash");
        }
        let mut server = client_with_ticket(provider);
        let retry = server.retry(NamedGroup::SECP256R1);
        server.send_retry(&retry);
        server.accept(NamedGroup::SECP256R1, usize::MAX);
        resume(&mut server, "the ticket after a retry");
        for suite in [SUITE, OTHER_HASH] {
            let mut server = client_with_ticket(provider);
            set_suite(&mut server, suite);
            server.psk = None;
            server.complete();
            works(&mut server, "a server that does not select the ticket", false);
        }
    }
}

#[track_caller]
fn resume(server: &mut ScriptedServer, what: &str) {
    server.send_flight(1);
    let finished = server.finished();
    server.message(&finished);
    works(server, what, true);
}
