//! What a peer can do wrong with an external PSK, and with a PSK without a key exchange (RFC 8446 4.2.9, 4.2.11; RFC 9258).

use tls_engine::codes::{AlertDescription as Alert, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::internal::keys::PskOrigin;
use tls_engine::mem::Secret;
use tls_engine::{Authentication, ExternalPsk};

use crate::resumption::server_with_ticket;
use crate::support::pki::{KeyKind, Pki};
use crate::support::scripted::Script;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{ExtensionList, certificate_request, message, numbers, vector8, vector16};
use crate::support::scripted::psk::Offer;
use crate::support::scripted::server::ScriptedServer;
use crate::support::{client, jobs, providers, server};
use crate::table::Table;

const KIND: KeyKind = KeyKind::EcdsaP256;
const IDENTITY: &[u8] = b"one";
const KEY: [u8; 32] = [7; 32];
const MODES: ExtensionType = ExtensionType::PSK_KEY_EXCHANGE_MODES;
const BINDER: &str = "the binder of a PSK";

fn psk() -> ExternalPsk {
    ExternalPsk::new(IDENTITY, &KEY).expect("a PSK")
}

/// A scripted client that has the PSK, for a server with the configuration. Its hello does not offer it yet.
fn client_of(provider: &'static Provider, config: &std::sync::Arc<ServerConfig>) -> ScriptedClient {
    let mut ticket = server_with_ticket(provider).ticket.expect("a ticket");
    ticket.ticket = IDENTITY.to_vec();
    ticket.psk.as_mut_bytes().copy_from_slice(&KEY);
    ticket.age_add = 0;
    let mut client = ScriptedClient::new(provider, config, NamedGroup::X25519);
    client.ticket = Some(ticket);
    client.origin = PskOrigin::External;
    client
}

fn with_psk(builder: ServerConfigBuilder) -> ServerConfigBuilder {
    builder.external_psks([psk()])
}

fn without_certificate(provider: &'static Provider, is_ke_allowed: bool) -> ScriptedClient {
    let builder = with_psk(ServerConfig::builder(provider)).psk_ke(is_ke_allowed).pause_for(jobs::paused_for());
    client_of(provider, &builder.build().expect("a server"))
}

fn with_certificate(provider: &'static Provider) -> ScriptedClient {
    client_of(provider, &server(provider, KIND, with_psk))
}

fn allowing_ke(provider: &'static Provider) -> ScriptedClient {
    client_of(provider, &server(provider, KIND, |builder| with_psk(builder).psk_ke(true)))
}

fn psk_alone(client: &mut ScriptedClient) {
    client.hello.extensions().set(MODES, vector8(&[0]));
}

fn remove_all(client: &mut ScriptedClient, removed: &[ExtensionType]) {
    removed.iter().for_each(|removed| client.hello.extensions().remove(*removed));
}

#[test]
fn hellos_of_clients() {
    let mut table = Table::new();
    for start in [with_certificate, |provider| without_certificate(provider, false), allowing_ke] {
        table.from(start);
        binders(&mut table);
    }
    table.from(|provider| without_certificate(provider, false));
    unknown(&mut table);
    table.from(allowing_ke);
    alone(&mut table);
    for is_known in [false, true] {
        table.from(|provider| without_certificate(provider, true));
        hidden(&mut table, is_known);
    }
    table.check(26);
}

fn binders(table: &mut Table<ScriptedClient>) {
    for origin in [PskOrigin::Ticket, PskOrigin::Imported] {
        let name = format!("the binder as of {origin:?}");
        table.row("7.1", name, Alert::DECRYPT_ERROR, BINDER, move |client| {
            client.origin = origin;
            client.offer_ticket();
            client.send_hello();
        });
    }
    table.row("4.2.11.2", "the binder of another key", Alert::DECRYPT_ERROR, BINDER, |client| {
        client.ticket.as_mut().expect("a PSK").psk.as_mut_bytes()[31] ^= 1;
        client.offer_ticket();
        client.send_hello();
    });
    table.row("4.2.11.2", "a hello that was changed after it was bound", Alert::DECRYPT_ERROR, BINDER, |client| {
        client.offer_ticket();
        client.send_hello_with(|hello| hello.random[0] ^= 1);
    });
}

fn unknown(table: &mut Table<ScriptedClient>) {
    const WHY: &str = "no pre-shared key that can be used here";
    table.row("6.2, E.6", "an identity that nobody knows", Alert::DECRYPT_ERROR, "pre-shared key that", |client| {
        client.offer_psks(vec![Offer::unknown(), Offer::unknown()]);
        client.send_hello();
    });
    for (name, identity) in [("a longer identity", &b"one1"[..]), ("a shorter one", b"on"), ("upper case", b"One")] {
        table.row("6.2, E.6", name, Alert::DECRYPT_ERROR, &WHY[3..], move |client| {
            client.ticket.as_mut().expect("a PSK").ticket = identity.to_vec();
            client.offer_ticket();
            client.send_hello();
        });
    }
    const NONE: &str = "no use of a pre-shared key in common";
    table.row("4.1.1", "no PSK", Alert::HANDSHAKE_FAILURE, NONE, ScriptedClient::send_hello);
    for modes in [&[0][..], &[2, 0xff]] {
        let name = format!("the PSK in the modes {modes:?}");
        table.row("4.2.9", name, Alert::HANDSHAKE_FAILURE, NONE, move |client| {
            client.hello.extensions().set(MODES, vector8(modes));
            client.offer_ticket();
            client.send_hello();
        });
    }
}

/// Without the key it can't be told which identities exist, by the alert, nor by what comes before it.
fn hidden(table: &mut Table<ScriptedClient>, is_known: bool) {
    let what = if is_known { BINDER } else { "pre-shared key that" };
    let offer = move |client: &mut ScriptedClient| {
        let ticket = client.ticket.as_mut().expect("a PSK");
        ticket.psk.as_mut_bytes()[31] ^= 1;
        if !is_known {
            ticket.ticket.push(0);
        }
        client.offer_ticket();
        client.send_hello();
    };
    let name = |hello: &str| format!("{hello}, and the key is not known, the identity {is_known}");
    table.row("E.6", name("neither groups nor shares"), Alert::DECRYPT_ERROR, what, move |client| {
        psk_alone(client);
        remove_all(client, &[ExtensionType::KEY_SHARE, ExtensionType::SUPPORTED_GROUPS]);
        offer(client);
    });
    table.row("E.6", name("groups of which none is here"), Alert::DECRYPT_ERROR, what, move |client| {
        psk_alone(client);
        client.hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, vector16(&numbers(&[0x0102])));
        client.hello.extensions().set(ExtensionType::KEY_SHARE, vector16(&[]));
        offer(client);
    });
    table.row("E.6", name("a share that has to be asked for"), Alert::DECRYPT_ERROR, what, move |client| {
        client.hello.extensions().set(ExtensionType::KEY_SHARE, vector16(&[]));
        offer(client);
    });
}

fn alone(table: &mut Table<ScriptedClient>) {
    const BOTH: [ExtensionType; 2] = [ExtensionType::KEY_SHARE, ExtensionType::SUPPORTED_GROUPS];
    for removed in BOTH {
        let name = format!("a PSK alone, and no {removed} beside the other");
        table.row("9.2", name, Alert::MISSING_EXTENSION, removed.to_string(), move |client| {
            psk_alone(client);
            client.hello.extensions().remove(removed);
            client.offer_ticket();
            client.send_hello();
        });
    }
    table.row("9.2", "both modes, and no groups", Alert::MISSING_EXTENSION, "supported_groups", |client| {
        remove_all(client, &BOTH);
        client.hello.extensions().set(MODES, vector8(&[0, 1]));
        client.offer_ticket();
        client.send_hello();
    });
    table.row("4.2.11.2", "a PSK alone with a wrong binder", Alert::DECRYPT_ERROR, BINDER, |client| {
        psk_alone(client);
        client.origin = PskOrigin::Ticket;
        client.offer_ticket();
        client.send_hello();
    });
    table.row("4.1.1", "an unknown PSK alone, and no groups", Alert::HANDSHAKE_FAILURE, "no group", |client| {
        psk_alone(client);
        remove_all(client, &BOTH);
        client.offer_psks(vec![Offer::unknown()]);
        client.send_hello();
    });
}

/// Completes the handshake of the hello, and talks both ways.
#[track_caller]
fn works<P: Script>(peer: &mut P, what: &str, authentication: Option<Authentication>, has_group: bool) {
    assert_eq!(peer.wire().error, None, "{what}");
    let negotiated = peer.wire().subject.connection.negotiated().expect(what);
    assert_eq!((negotiated.group.is_some(), negotiated.version.0), (has_group, 0x0304), "{what}");
    match authentication {
        Some(authentication) => assert_eq!(negotiated.authentication, authentication, "{what}"),
        None => assert!(negotiated.signature().is_some(), "{what}"),
    }
    let is_external = authentication == Some(Authentication::ExternalPsk);
    assert_eq!(negotiated.psk_identity.as_deref(), is_external.then_some(IDENTITY), "{what}");
    peer.data(b"to the subject");
    assert_eq!(peer.wire().subject.received, b"to the subject", "{what}");
    peer.wire().subject.write(b"from the subject").unwrap();
    peer.absorb();
    assert_eq!(peer.wire().sent.last().unwrap().content, b"from the subject", "{what}");
}

/// What a hello offers, and whether the server uses the PSK and a key exchange.
type Taken = (&'static str, fn(&mut ScriptedClient), Option<Authentication>, bool);

#[test]
fn hellos_that_are_taken() {
    const EXTERNAL: Option<Authentication> = Some(Authentication::ExternalPsk);
    let taken: [Taken; 7] = [
        ("a PSK with a key exchange", ScriptedClient::offer_ticket, EXTERNAL, true),
        (
            "both modes",
            |client| {
                client.hello.extensions().set(MODES, vector8(&[0, 1]));
                client.offer_ticket();
            },
            EXTERNAL,
            true,
        ),
        (
            "any age",
            |client| {
                let offer = Offer { obfuscated_age: 77, ..Offer::of(client.ticket.as_ref().expect("a PSK")) };
                client.offer_psks(vec![offer]);
            },
            EXTERNAL,
            true,
        ),
        (
            "a PSK alone",
            |client| {
                psk_alone(client);
                client.offer_ticket();
            },
            EXTERNAL,
            false,
        ),
        (
            "a PSK alone, and no groups",
            |client| {
                psk_alone(client);
                remove_all(client, &[ExtensionType::KEY_SHARE, ExtensionType::SUPPORTED_GROUPS]);
                remove_all(client, &[ExtensionType::SIGNATURE_ALGORITHMS]);
                client.offer_ticket();
            },
            EXTERNAL,
            false,
        ),
        (
            "an unknown PSK alone",
            |client| {
                psk_alone(client);
                client.offer_psks(vec![Offer::unknown()]);
            },
            None,
            true,
        ),
        ("no PSK", |_| {}, None, true),
    ];
    for provider in providers() {
        for (what, change, authentication, has_group) in taken {
            let mut client = allowing_ke(provider);
            change(&mut client);
            client.complete();
            works(&mut client, what, authentication, has_group);
        }
        // Where it is not allowed, the client is one without a PSK.
        let mut client = with_certificate(provider);
        psk_alone(&mut client);
        client.offer_ticket();
        client.complete();
        works(&mut client, "a PSK alone, which is not allowed", None, true);
        // A ticket alone is the same.
        for is_allowed in [false, true] {
            let mut client =
                crate::resumption::ticket_for(provider, crate::resumption::SUITE, |builder| builder.psk_ke(is_allowed));
            psk_alone(&mut client);
            client.offer_ticket();
            client.complete();
            works(&mut client, "a ticket alone", is_allowed.then_some(Authentication::Resumption), !is_allowed);
        }
        // An unknown PSK alone, and a certificate whose key exchange has to be asked for.
        let config = server(provider, KIND, |builder| with_psk(builder).psk_ke(true).groups(&[NamedGroup::SECP256R1]));
        let mut client = client_of(provider, &config);
        psk_alone(&mut client);
        client.offer_psks(vec![Offer::unknown()]);
        client.send_hello();
        client.prepare_second_hello(NamedGroup::SECP256R1);
        client.offer_ticket();
        client.complete();
        works(&mut client, "no PSK alone after a retry", None, true);
    }
}

/// A client with the PSK, which takes no certificate, and a scripted server that selects it.
fn server_of(provider: &'static Provider, config: &std::sync::Arc<ClientConfig>) -> ScriptedServer {
    let mut server = ScriptedServer::new(provider, config, Pki::shared_identity(KIND));
    server.psk = Some(Secret::copy_of(&KEY));
    server
}

fn requiring(provider: &'static Provider) -> ScriptedServer {
    let builder = ClientConfig::builder(provider).external_psk(psk()).psk_ke(true).pause_for(jobs::paused_for());
    server_of(provider, &builder.build().expect("a client"))
}

fn taking_both(provider: &'static Provider, change: fn(ClientConfigBuilder) -> ClientConfigBuilder) -> ScriptedServer {
    server_of(provider, &client(provider, KIND, |builder| change(builder.external_psk(psk()))))
}

#[test]
fn hellos_and_flights_of_servers() {
    let mut table = Table::new();
    table.from(requiring);
    table.row("4.2.11", "no PSK", Alert::MISSING_EXTENSION, "pre_shared_key", |server| {
        server.send_hello_with(|hello| hello.extensions().remove(ExtensionType::PRE_SHARED_KEY));
    });
    table.row("4.2.9", "neither PSK nor key exchange", Alert::MISSING_EXTENSION, "key_share", |server| {
        let mut hello = server.hello_without_share();
        hello.extensions().remove(ExtensionType::PRE_SHARED_KEY);
        server.send_hello(&hello);
    });
    for identity in [1, 0xffff] {
        let name = format!("identity {identity} of one");
        table.row("4.2.11", name, Alert::ILLEGAL_PARAMETER, "a PSK that was not offered", move |server| {
            server.send_hello_with(|hello| hello.extensions().set(ExtensionType::PRE_SHARED_KEY, numbers(&[identity])));
        });
    }
    table.row("4.2.11", "the PSK with a suite of another hash", Alert::ILLEGAL_PARAMETER, "not offered", |server| {
        crate::resumption::set_suite(server, crate::resumption::OTHER_HASH);
        server.send_hello_with(|_| {});
    });
    table.row("4.1.4", "a retry with a suite of another hash", Alert::ILLEGAL_PARAMETER, "no PSK of", |server| {
        crate::resumption::set_suite(server, crate::resumption::OTHER_HASH);
        let retry = server.retry(NamedGroup::SECP256R1);
        server.send_retry(&retry);
    });
    table.from(|provider| taking_both(provider, |builder| builder));
    table.row("4.2.9", "the PSK alone, which is not allowed", Alert::ILLEGAL_PARAMETER, "key_share", |server| {
        let hello = server.hello_without_share();
        server.send_hello(&hello);
    });
    table.from(|provider| {
        let mut server = taking_both(provider, |builder| builder);
        server.accept(NamedGroup::X25519, usize::MAX);
        server.send_flight(1);
        server
    });
    table.row("4.4.2", "a certificate beside the PSK", Alert::UNEXPECTED_MESSAGE, "waiting for Finished", |server| {
        let certificate = server.certificate();
        server.message(&certificate);
    });
    table.row("4.3.2", "a request beside the PSK", Alert::UNEXPECTED_MESSAGE, "waiting for Finished", |server| {
        let list = ExtensionList(vec![(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403])))]);
        let request = message(HandshakeType::CERTIFICATE_REQUEST, &certificate_request(&[], &list));
        server.message(&request);
    });
    table.check(9);
}

#[test]
fn servers_that_are_taken() {
    let external = Some(Authentication::ExternalPsk);
    for provider in providers() {
        let finish = |server: &mut ScriptedServer| {
            server.send_flight(1);
            let finished = server.finished();
            server.message(&finished);
        };
        for new in [requiring, |provider| taking_both(provider, |builder| builder.psk_ke(true))] {
            let mut server = new(provider);
            server.accept_without_share();
            finish(&mut server);
            works(&mut server, "a PSK alone", external, false);

            let mut server = new(provider);
            server.accept(NamedGroup::X25519, usize::MAX);
            finish(&mut server);
            works(&mut server, "a PSK with a key exchange", external, true);

            let mut server = new(provider);
            let retry = server.retry(NamedGroup::SECP256R1);
            server.send_retry(&retry);
            server.accept(NamedGroup::SECP256R1, usize::MAX);
            finish(&mut server);
            works(&mut server, "a PSK after a retry", external, true);
        }
        let mut server = taking_both(provider, |builder| builder);
        server.psk = None;
        server.complete();
        works(&mut server, "a certificate", None, true);
    }
}
