//! External pre-shared keys (RFC 8446 2.2, 4.2.11; RFC 9258), and PSKs without a key exchange (RFC 8446 4.2.9).

mod support;

use std::sync::Arc;

use support::jobs::at_once_and_pausing;
use support::peer::{Peer, pump};
use support::pki::KeyKind;
use support::{client, localhost, providers, server};
use tls_engine::codes::{AlertDescription, CipherSuite, ExtensionType, NamedGroup, SignatureScheme};
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::limits::EXTERNAL_PSKS_OFFERED_MAX;
use tls_engine::session::{MemoryTickets, ReplayRegister, SessionCache, TicketKeys, TicketStore, Tickets};
use tls_engine::{Authentication, Error, ExternalPsk, Negotiated, PskHash};

const KIND: KeyKind = KeyKind::EcdsaP256;
const FULL: Authentication = Authentication::Certificate(SignatureScheme::ECDSA_SECP256R1_SHA256);
const BINDER: Error = Error::DecryptError("the binder of a PSK");
const NO_PSK: Error = Error::NothingInCommon("use of a pre-shared key");

fn psk(identity: &str, byte: u8) -> ExternalPsk {
    ExternalPsk::new(identity.as_bytes(), &[byte; 32]).unwrap()
}

/// A client that takes no certificate.
fn psk_client(
    provider: &'static Provider,
    change: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
) -> Arc<ClientConfig> {
    change(ClientConfig::builder(provider).pause_for(support::jobs::paused_for())).build().expect("a client")
}

/// A server that has no certificate.
fn psk_server(
    provider: &'static Provider,
    change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> Arc<ServerConfig> {
    change(ServerConfig::builder(provider).pause_for(support::jobs::paused_for())).build().expect("a server")
}

/// Completes a handshake, sends data both ways, and returns what both ends have negotiated. An error comes with the end that has
/// found it.
fn handshake(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Result<Negotiated, (&'static str, Error)> {
    let mut client = Peer::client(client, localhost()).expect("a ClientHello");
    let mut server = Peer::server(server);
    while !(client.connection.is_ready() && server.connection.is_ready()) {
        if let Err(error) = server.feed(&client.drain()) {
            let alert = error.alert().expect("an alert");
            assert_eq!(client.feed(&server.drain()), Err(Error::PeerAlert(alert)), "{error}");
            return Err(("server", error));
        }
        if let Err(error) = client.feed(&server.drain()) {
            let alert = error.alert().expect("an alert");
            assert_eq!(server.feed(&client.drain()), Err(Error::PeerAlert(alert)), "{error}");
            return Err(("client", error));
        }
    }
    client.write(b"ping").unwrap();
    server.write(b"pong").unwrap();
    pump(&mut client, &mut server).unwrap();
    assert_eq!((&client.received[..], &server.received[..]), (&b"pong"[..], &b"ping"[..]));
    assert_eq!(client.connection.negotiated(), server.connection.negotiated());
    Ok(client.connection.negotiated().expect("a handshake that is done").clone())
}

fn is_external(negotiated: &Negotiated, identity: &str) -> bool {
    (negotiated.authentication, negotiated.psk_identity.as_deref())
        == (Authentication::ExternalPsk, Some(identity.as_bytes()))
        && !negotiated.is_resumed()
        && negotiated.signature().is_none()
}

#[test]
fn with_every_suite_with_and_without_certificates_and_after_a_retry() {
    at_once_and_pausing(check_every_suite);
}

fn check_every_suite() {
    for provider in providers() {
        for suite in &provider.suites {
            let key = psk("one", 7).with_hash(PskHash::of(suite.hash).expect("a hash that PSKs have"));
            let of_client = |builder: ClientConfigBuilder| builder.suites(&[suite.code]).external_psk(key.clone());
            let of_server = |builder: ServerConfigBuilder| builder.external_psks([key.clone()]);
            let retrying = |builder| of_server(builder).groups(&[NamedGroup::SECP384R1]).cookie(true);
            for client in [client(provider, KIND, of_client), psk_client(provider, of_client)] {
                for (server, is_retry) in [
                    (server(provider, KIND, of_server), false),
                    (psk_server(provider, of_server), false),
                    (server(provider, KIND, retrying), true),
                    (psk_server(provider, retrying), true),
                ] {
                    let negotiated = handshake(&client, &server).unwrap();
                    assert!(is_external(&negotiated, "one"), "{} {}", provider.name, suite.code);
                    assert_eq!((negotiated.suite, negotiated.hello_retry), (suite.code, is_retry));
                    assert!(negotiated.group.is_some());
                }
            }
        }
    }
    // What pauses, pauses for certificates.
    let provider = Provider::auto();
    handshake(&client(provider, KIND, |builder| builder), &server(provider, KIND, |builder| builder)).unwrap();
}

#[test]
fn a_wrong_key_and_an_unknown_identity_look_the_same_without_a_certificate() {
    for provider in providers() {
        let client = psk_client(provider, |builder| builder.external_psk(psk("one", 7)));
        for (known, error) in [
            (vec![psk("one", 8)], BINDER),
            (vec![psk("two", 7)], Error::UnknownPsk),
            (vec![psk("on", 7), psk("one ", 7)], Error::UnknownPsk),
            (vec![psk("one", 7).with_hash(PskHash::Sha384)], BINDER),
            (vec![psk("one", 7).imported(provider, b"", PskHash::Sha256).unwrap()], Error::UnknownPsk),
        ] {
            let sha256 = &[CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384];
            let server = psk_server(provider, |builder| builder.suites(sha256).external_psks(known));
            assert_eq!(error.alert(), Some(AlertDescription::DECRYPT_ERROR));
            assert_eq!(handshake(&client, &server), Err(("server", error)));
        }
        // A client without any is not one that guesses.
        let server = psk_server(provider, |builder| builder.external_psks([psk("one", 7)]));
        let without = support::client(provider, KIND, |builder| builder);
        assert_eq!(handshake(&without, &server), Err(("server", NO_PSK)));
        assert_eq!(NO_PSK.alert(), Some(AlertDescription::HANDSHAKE_FAILURE));
    }
}

#[test]
fn a_server_falls_back_to_its_certificate_unless_the_key_is_wrong() {
    for provider in providers() {
        let both = client(provider, KIND, |builder| builder.external_psk(psk("one", 7)));
        let required = psk_client(provider, |builder| builder.external_psk(psk("one", 7)));
        for (known, fits) in [(psk("two", 7), true), (psk("one", 7).with_hash(PskHash::Sha384), false)] {
            // The suite has to be another for the second one.
            let suites = if fits { CipherSuite::AES_256_GCM_SHA384 } else { CipherSuite::AES_128_GCM_SHA256 };
            let suites = [suites, CipherSuite::AES_256_GCM_SHA384, CipherSuite::AES_128_GCM_SHA256];
            let client = client(provider, KIND, |builder| builder.suites(&suites[..1]));
            let server = server(provider, KIND, |builder| builder.suites(&suites).external_psks([known]));
            assert_eq!(handshake(&client, &server).unwrap().authentication, FULL);
            assert_eq!(handshake(&client, &server).unwrap().suite, suites[0]);
        }
        for server in [
            server(provider, KIND, |builder| builder.external_psks([psk("two", 7)])),
            server(provider, KIND, |builder| builder),
        ] {
            assert_eq!(handshake(&both, &server).unwrap().authentication, FULL);
            // It has left out signature_algorithms (RFC 8446 4.2.3).
            let missing = Error::MissingExtension(ExtensionType::SIGNATURE_ALGORITHMS);
            assert_eq!(handshake(&required, &server), Err(("server", missing)));
        }
        let server = server(provider, KIND, |builder| builder.external_psks([psk("one", 8)]));
        for client in [&both, &required] {
            assert_eq!(handshake(client, &server), Err(("server", BINDER)));
        }
    }
}

#[test]
fn of_several_the_first_that_the_server_knows_is_used() {
    let provider = Provider::auto();
    let all = ["a", "b", "c", "d", "e", "f", "g", "h"];
    assert_eq!(all.len(), EXTERNAL_PSKS_OFFERED_MAX);
    let offering = |builder: ClientConfigBuilder| {
        all.iter().zip(1..).fold(builder, |builder, (identity, byte)| builder.external_psk(psk(identity, byte)))
    };
    let client = psk_client(provider, offering);
    for (place, identity) in all.iter().enumerate() {
        let known = (place..all.len()).rev().map(|place| psk(all[place], place as u8 + 1));
        let server = psk_server(provider, |builder| builder.external_psks(known));
        assert!(is_external(&handshake(&client, &server).unwrap(), identity));
    }
    let builder = offering(ClientConfig::builder(provider)).external_psk(psk("i", 9));
    assert!(matches!(builder.build(), Err(Error::Config(_))), "more than fit");
}

/// The suite and the PSK have to have the same hash (RFC 8446 4.2.11), also where the server prefers another suite.
#[test]
fn the_suite_is_one_that_a_psk_is_for() {
    for provider in providers() {
        let [short, long] = [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384];
        let [of_short, of_long] = [psk("short", 1), psk("long", 2).with_hash(PskHash::Sha384)];
        let both = |builder: ClientConfigBuilder| {
            builder.suites(&[short, long]).external_psk(of_short.clone()).external_psk(of_long.clone())
        };
        for (known, preferred, chosen, identity) in [
            (vec![&of_short, &of_long], [short, long], short, "short"),
            (vec![&of_short, &of_long], [long, short], long, "long"),
            (vec![&of_short], [long, short], short, "short"),
            (vec![&of_long], [short, long], long, "long"),
        ] {
            for groups in [&[NamedGroup::X25519], &[NamedGroup::SECP256R1]] {
                let server = psk_server(provider, |builder| {
                    builder.suites(&preferred).groups(groups).external_psks(known.iter().copied().cloned())
                });
                // After a HelloRetryRequest only those for its suite are offered, so that the second one is the first.
                let client =
                    psk_client(provider, |builder| both(builder).groups(&[NamedGroup::X25519, NamedGroup::SECP256R1]));
                let negotiated = handshake(&client, &server).unwrap();
                assert!(is_external(&negotiated, identity));
                assert_eq!(negotiated.suite, chosen);
                assert_eq!(negotiated.hello_retry, groups == &[NamedGroup::SECP256R1]);
            }
        }
        // A HelloRetryRequest whose suite none is for.
        let server = server(provider, KIND, |builder| builder.suites(&[long]).groups(&[NamedGroup::SECP256R1]));
        let groups = [NamedGroup::X25519, NamedGroup::SECP256R1];
        let client = psk_client(provider, |builder| {
            builder.suites(&[short, long]).groups(&groups).external_psk(of_short.clone())
        });
        let refused = Error::IllegalParameter("a suite that no PSK of the client's is for");
        assert_eq!(handshake(&client, &server), Err(("client", refused)));
    }
}

#[test]
fn configurations_that_do_not_fit() {
    let provider = Provider::auto();
    let verifier = tls_engine::ClientVerifier::new(&[support::pki::Pki::shared(KIND).root()]).unwrap();
    let refused = [
        ClientConfig::builder(provider).build().err(),
        ClientConfig::builder(provider)
            .suites(&[CipherSuite::AES_256_GCM_SHA384])
            .external_psk(psk("one", 7))
            .build()
            .err(),
        ServerConfig::builder(provider).build().err(),
        ServerConfig::builder(provider).external_psks([psk("one", 7), psk("one", 8)]).build().err(),
        ServerConfig::builder(provider)
            .suites(&[CipherSuite::AES_128_GCM_SHA256])
            .external_psks([psk("one", 7).with_hash(PskHash::Sha384)])
            .build()
            .err(),
        ServerConfig::builder(provider).external_psks([psk("one", 7)]).client_verifier(verifier).build().err(),
    ];
    for error in refused {
        assert!(matches!(error, Some(Error::Config(_))), "{error:?}");
    }
}

#[test]
fn imported_ones_are_bound_to_hash_and_context() {
    for provider in providers() {
        let external = psk("one", 7);
        let imported = |context: &str, hash| external.imported(provider, context.as_bytes(), hash).unwrap();
        let both = [imported("x", PskHash::Sha256), imported("x", PskHash::Sha384)];
        for suite in [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384] {
            let client = psk_client(provider, |builder| {
                both.iter().cloned().fold(builder.suites(&[suite]), |builder, psk| {
                    let is_usable = (psk.hash() == PskHash::Sha256) == (suite == CipherSuite::AES_128_GCM_SHA256);
                    if is_usable { builder.external_psk(psk) } else { builder }
                })
            });
            let server = |context| {
                let known = [imported(context, PskHash::Sha256), imported(context, PskHash::Sha384)];
                psk_server(provider, |builder| builder.external_psks(known))
            };
            let negotiated = handshake(&client, &server("x")).unwrap();
            assert_eq!((negotiated.authentication, negotiated.suite), (Authentication::ExternalPsk, suite));
            assert_eq!(handshake(&client, &server("y")), Err(("server", Error::UnknownPsk)));
        }
        // The same identity and key, but given to both as they are: their binders differ (RFC 9258 5.2).
        let client = psk_client(provider, |builder| builder.external_psk(both[0].clone()));
        let same = ExternalPsk::new(both[0].identity(), &[7; 32]).unwrap();
        let server = psk_server(provider, |builder| builder.external_psks([same]));
        assert_eq!(handshake(&client, &server), Err(("server", BINDER)));
    }
}

/// Both kinds of tickets.
fn kinds(provider: &'static Provider) -> [Arc<dyn Tickets>; 2] {
    [Arc::new(TicketKeys::new(provider, 3600).unwrap()), Arc::new(SessionCache::new(64, 3600))]
}

#[test]
fn a_ticket_goes_before_an_external_psk_and_an_external_psk_before_a_certificate() {
    at_once_and_pausing(check_tickets);
}

fn check_tickets() {
    for provider in providers() {
        for (tickets, keeps_used) in kinds(provider).into_iter().zip([true, false]) {
            let store = Arc::new(MemoryTickets::default());
            let of_client = |builder: ClientConfigBuilder| builder.tickets(store.clone()).external_psk(psk("one", 7));
            let of_server = |builder: ServerConfigBuilder| {
                let register = ReplayRegister::new(10, rustls_pki_types::UnixTime::now());
                builder.tickets(tickets.clone()).early_data(100, Arc::new(register)).external_psks([psk("one", 7)])
            };
            let client = client(provider, KIND, |builder| of_client(builder).early_data(true));
            let retrying = |builder| of_server(builder).groups(&[NamedGroup::SECP384R1]);
            for (server, resumes) in [
                (server(provider, KIND, of_server), true),
                (psk_server(provider, of_server), true),
                (server(provider, KIND, retrying), true),
                // Before it asks for another hello it looks for the PSK, and a cache has each session once.
                (psk_server(provider, retrying), keeps_used),
            ] {
                while store.take(&localhost()).is_some() {}
                assert!(is_external(&handshake(&client, &server).unwrap(), "one"));
                for _ in 0..2 {
                    let negotiated = handshake(&client, &server).unwrap();
                    assert_eq!(
                        (negotiated.is_resumed(), negotiated.psk_identity.as_deref()),
                        (resumes, Some(&b"one"[..]))
                    );
                }
                // A ticket that is no longer good.
                let mut ticket = store.take(&localhost()).unwrap();
                ticket.ticket[0] ^= 1;
                ticket.ticket[20] ^= 1;
                store.put(&localhost(), ticket);
                let negotiated = handshake(&client, &server).unwrap();
                assert!(is_external(&negotiated, "one") && !negotiated.early_data);
            }
        }
    }
}

/// A ticket opens at every server with the same keys, and longer than a PSK may be known there.
#[test]
fn a_session_is_resumed_only_where_the_psk_it_began_with_is_known() {
    for provider in providers() {
        let keys = Arc::new(TicketKeys::new(provider, 3600).unwrap());
        let with_tickets = |builder: ServerConfigBuilder| builder.tickets(keys.clone());
        let of = |known: &'static str| move |builder: ServerConfigBuilder| builder.external_psks([psk(known, 7)]);
        let public = server(provider, KIND, with_tickets);
        let [one, two] = ["one", "two"].map(|known| psk_server(provider, |builder| of(known)(with_tickets(builder))));
        let connect = |first: &Arc<ServerConfig>, second: &Arc<ServerConfig>, has_psk: bool| {
            let client = client(provider, KIND, |builder| {
                let builder = builder.tickets(Arc::new(MemoryTickets::default()));
                if has_psk { builder.external_psk(psk("one", 7)) } else { builder }
            });
            handshake(&client, first).unwrap();
            handshake(&client, second).map(|negotiated| negotiated.is_resumed())
        };
        assert_eq!(connect(&one, &one, true), Ok(true));
        // Withdrawn, or never had.
        assert_eq!(connect(&one, &public, true), Ok(false));
        assert!(connect(&one, &two, true).is_err());
        assert!(connect(&public, &one, false).is_err());
        assert_eq!(connect(&public, &public, false), Ok(true));
        // An identity that no ticket has room for.
        for (len, is_resumed) in [(255, true), (256, false)] {
            let long = psk(&"i".repeat(len), 7);
            let server = psk_server(provider, |builder| with_tickets(builder).external_psks([long.clone()]));
            let store = Arc::new(MemoryTickets::default());
            let client = client(provider, KIND, |builder| builder.tickets(store.clone()).external_psk(long.clone()));
            let resumed = [(); 2].map(|()| handshake(&client, &server).unwrap().is_resumed());
            assert_eq!(resumed, [false, is_resumed], "{len}");
        }
    }
}

/// Whoever allows it, it is used only where the client offers nothing else (RFC 8446 4.2.9).
#[test]
fn there_is_a_key_exchange_where_the_client_offers_one() {
    for provider in providers() {
        for is_client_willing in [false, true] {
            for is_server_willing in [false, true] {
                let client =
                    psk_client(provider, |builder| builder.psk_ke(is_client_willing).external_psk(psk("one", 7)));
                let server =
                    psk_server(provider, |builder| builder.psk_ke(is_server_willing).external_psks([psk("one", 7)]));
                // This client always offers both.
                assert!(handshake(&client, &server).unwrap().group.is_some());
            }
        }
    }
}

#[test]
fn a_server_with_external_psks_asks_only_others_for_certificates() {
    let provider = Provider::auto();
    let verifier = tls_engine::ClientVerifier::new(&[support::pki::Pki::shared(KIND).root()]).unwrap();
    let server = server(provider, KIND, |builder| builder.client_verifier(verifier).external_psks([psk("one", 7)]));
    let with_psk = client(provider, KIND, |builder| builder.external_psk(psk("one", 7)));
    assert!(is_external(&handshake(&with_psk, &server).unwrap(), "one"));
    let mut without = Peer::client(&client(provider, KIND, |builder| builder), localhost()).unwrap();
    let mut ours = Peer::server(&server);
    assert!(matches!(pump(&mut without, &mut ours), Err(Error::Certificate(_))), "one is required");
}
