//! rustls as the peer, in memory: no sockets, no threads, nothing that depends on time.

mod support;

use support::peer::Peer;
use support::pki::{KeyKind, Pki, expired};
use support::rustls_peer::{self, Failure, Offer, Pair};
use support::{asking_server, assert_same_bytes, client, localhost, pattern, providers, server, server_with};
use tls_engine::Error;
use tls_engine::codes::{AlertDescription, CipherSuite, NamedGroup};
use tls_engine::crypto::Provider;
use tls_engine::error::CertificateError;
use tls_engine::pki::{CertifiedKey, ClientVerifier};

const SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];
const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
/// The hybrids that rustls has too.
const HYBRIDS: [NamedGroup; 2] = [NamedGroup::X25519_MLKEM768, NamedGroup::SECP256R1_MLKEM768];
const DATA_BYTES: usize = 1_000_003;

/// Data both ways, compared at both ends.
fn exchange(pair: &mut Pair, salt: usize) {
    let forth = pattern(DATA_BYTES, salt);
    pair.send(&forth).unwrap();
    assert_same_bytes(&std::mem::take(&mut pair.received), &forth, "what rustls got");
    let back = pattern(DATA_BYTES, salt + 1);
    pair.send_back(&back).unwrap();
    assert_same_bytes(&std::mem::take(&mut pair.ours.received), &back, "what came from rustls");
}

/// close_notify from both.
fn close(mut pair: Pair) {
    pair.ours.close();
    pair.theirs.send_close_notify();
    pair.pump().unwrap();
    assert!(pair.ours.closed);
    assert_eq!(pair.ours.connection.end_of_input(), Ok(()));
}

fn our_client(provider: &'static Provider, kind: KeyKind, offer: &Offer<'_>) -> Pair {
    let config = client(provider, kind, |builder| builder);
    Pair::new(Peer::client(&config, localhost()).unwrap(), rustls_peer::server(kind, offer))
}

fn our_server(provider: &'static Provider, kind: KeyKind, offer: &Offer<'_>) -> Pair {
    let config = server(provider, kind, |builder| builder);
    Pair::new(Peer::server(&config), rustls_peer::client(kind, offer))
}

fn check_negotiated(pair: &Pair, suite: CipherSuite, group: NamedGroup, hello_retry: bool) {
    let negotiated = pair.ours.connection.negotiated().expect("a connection that is ready");
    assert_eq!((negotiated.suite, negotiated.group, negotiated.hello_retry), (suite, Some(group), hello_retry));
    assert_eq!(pair.theirs.negotiated_cipher_suite().map(|suite| u16::from(suite.suite())), Some(suite.0));
    assert_eq!(pair.theirs.negotiated_key_exchange_group().map(|each| u16::from(each.name())), Some(group.0));
}

fn every_combination(check: impl Fn(&'static Provider, KeyKind, &Offer<'_>)) {
    for provider in providers() {
        for suite in SUITES {
            for group in GROUPS {
                for kind in KeyKind::ALL {
                    eprintln!("{} {suite} {group} {kind:?}", provider.name);
                    check(provider, kind, &Offer { suites: &[suite], groups: &[group], ..Offer::default() });
                }
            }
        }
    }
}

#[test]
fn our_client_and_its_server_with_every_suite_group_and_certificate() {
    every_combination(|provider, kind, offer| {
        let config = client(provider, kind, |builder| builder.key_share_groups(offer.groups));
        let mut pair = Pair::new(Peer::client(&config, localhost()).unwrap(), rustls_peer::server(kind, offer));
        pair.pump().unwrap();
        check_negotiated(&pair, offer.suites[0], offer.groups[0], false);
        assert!(!pair.ours.connection.tickets().is_empty(), "rustls sends tickets");
        exchange(&mut pair, 1);
        close(pair);
    });
}

#[test]
fn our_server_and_its_client_with_every_suite_group_and_certificate() {
    every_combination(|provider, kind, offer| {
        let mut pair = our_server(provider, kind, offer);
        pair.pump().unwrap();
        check_negotiated(&pair, offer.suites[0], offer.groups[0], false);
        let negotiated = pair.ours.connection.negotiated().unwrap();
        assert_eq!(negotiated.server_name.as_deref(), Some("localhost"));
        exchange(&mut pair, 3);
        close(pair);
    });
}

#[test]
fn certificates_of_clients_both_ways() {
    let own = KeyKind::EcdsaP256;
    for provider in providers() {
        for kind in KeyKind::ALL {
            eprintln!("{} {kind:?}", provider.name);
            let identity = Pki::shared_client(kind);
            let offer = Offer { requires: Some(kind), ..Offer::default() };
            let certificate = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap();
            let config = client(provider, own, |builder| builder.certificate(certificate));
            let mut pair = Pair::new(Peer::client(&config, localhost()).unwrap(), rustls_peer::server(own, &offer));
            pair.pump().unwrap();
            assert_eq!(pair.theirs.peer_certificates(), Some(&identity.chain[..]));
            exchange(&mut pair, 7);
            close(pair);

            let offer = Offer { shows: Some(kind), ..Offer::default() };
            let verifier = ClientVerifier::new(&[Pki::shared(kind).root()]).unwrap();
            let config = server(provider, own, |builder| builder.client_verifier(verifier));
            let mut pair = Pair::new(Peer::server(&config), rustls_peer::client(own, &offer));
            pair.pump().unwrap();
            let negotiated = pair.ours.connection.negotiated().unwrap();
            assert_eq!(negotiated.client_certificate.chain(), &identity.chain[..]);
            exchange(&mut pair, 9);
            close(pair);
        }
    }
}

#[test]
fn a_client_without_a_certificate_is_refused_both_ways() {
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        let config = client(provider, kind, |builder| builder);
        let peer = rustls_peer::server(kind, &Offer { requires: Some(kind), ..Offer::default() });
        let mut pair = Pair::new(Peer::client(&config, localhost()).unwrap(), peer);
        let Err(Failure::Theirs(rustls::Error::NoCertificatesPresented)) = pair.pump() else {
            panic!("rustls does without")
        };

        let config = asking_server(provider, kind, |verifier| verifier);
        let mut pair = Pair::new(Peer::server(&config), rustls_peer::client(kind, &Offer::default()));
        let Err(Failure::Ours(error)) = pair.pump() else { panic!("ours does without") };
        assert_eq!(error, CertificateError::Required.into());
        let Err(Failure::Theirs(rustls::Error::AlertReceived(alert))) = pair.pump() else { panic!("no alert") };
        assert_eq!(u8::from(alert), AlertDescription::CERTIFICATE_REQUIRED.0);
    }
}

#[test]
fn hybrids_are_the_same_both_ways() {
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        for (group, suite) in HYBRIDS.into_iter().zip(SUITES) {
            let offer = Offer { suites: &[suite], groups: &[group], ..Offer::default() };
            let config = client(provider, kind, |builder| builder.groups(&[group]));
            let mut pair = Pair::new(Peer::client(&config, localhost()).unwrap(), rustls_peer::server(kind, &offer));
            pair.pump().unwrap();
            check_negotiated(&pair, suite, group, false);
            exchange(&mut pair, 1);
            close(pair);

            let config = server(provider, kind, |builder| builder.groups(&[group]));
            let mut pair = Pair::new(Peer::server(&config), rustls_peer::client(kind, &offer));
            pair.pump().unwrap();
            check_negotiated(&pair, suite, group, false);
            exchange(&mut pair, 3);
            close(pair);
        }
    }
}

#[test]
fn another_key_share_is_asked_for_both_ways() {
    for provider in providers() {
        for suite in SUITES {
            let asked = [
                (NamedGroup::X25519, NamedGroup::SECP256R1),
                (NamedGroup::SECP256R1, NamedGroup::SECP384R1),
                (NamedGroup::X25519, HYBRIDS[0]),
                (HYBRIDS[0], HYBRIDS[1]),
            ];
            for (first, second) in asked {
                let config = client(provider, KeyKind::EcdsaP256, |builder| builder.groups(&[first, second]));
                let offer = Offer { suites: &[suite], groups: &[second], ..Offer::default() };
                let peer = rustls_peer::server(KeyKind::EcdsaP256, &offer);
                let mut pair = Pair::new(Peer::client(&config, localhost()).unwrap(), peer);
                pair.pump().unwrap();
                check_negotiated(&pair, suite, second, true);
                exchange(&mut pair, 5);
                close(pair);

                for cookie in [false, true] {
                    let config =
                        server(provider, KeyKind::EcdsaP256, |builder| builder.groups(&[second]).cookie(cookie));
                    let offer = Offer { suites: &[suite], groups: &[first, second], ..Offer::default() };
                    let peer = rustls_peer::client(KeyKind::EcdsaP256, &offer);
                    let mut pair = Pair::new(Peer::server(&config), peer);
                    pair.pump().unwrap();
                    check_negotiated(&pair, suite, second, true);
                    exchange(&mut pair, 7);
                    close(pair);
                }
            }
        }
    }
}

#[test]
fn keys_are_updated_both_ways() {
    for provider in providers() {
        for suite in SUITES {
            let offer = Offer { suites: &[suite], ..Offer::default() };
            for mut pair in
                [our_client(provider, KeyKind::EcdsaP256, &offer), our_server(provider, KeyKind::EcdsaP256, &offer)]
            {
                pair.pump().unwrap();
                exchange(&mut pair, 9);
                pair.ours.update_keys(false).unwrap();
                exchange(&mut pair, 11);
                assert_eq!(key_updates(&pair), (1, 0));
                pair.ours.update_keys(true).unwrap();
                exchange(&mut pair, 13);
                assert_eq!(key_updates(&pair), (2, 1));
                pair.theirs.refresh_traffic_keys().unwrap();
                exchange(&mut pair, 15);
                assert_eq!(key_updates(&pair).1, 2);
                close(pair);
            }
        }
    }
}

fn key_updates(pair: &Pair) -> (u64, u64) {
    (pair.ours.connection.sealed().key_updates, pair.ours.connection.opened().key_updates)
}

#[test]
fn the_limit_on_records_per_key_updates_keys_by_itself() {
    for provider in providers() {
        let config = client(provider, KeyKind::EcdsaP256, |builder| builder.records_per_key(4));
        let peer = rustls_peer::server(KeyKind::EcdsaP256, &Offer::default());
        let mut pair = Pair::new(Peer::client(&config, localhost()).unwrap(), peer);
        pair.pump().unwrap();
        exchange(&mut pair, 17);
        let full_records = DATA_BYTES as u64 / (1 << 14);
        assert!(key_updates(&pair).0 >= full_records / 4, "{:?}", key_updates(&pair));
        close(pair);
    }
}

#[test]
fn small_fragments_are_joined() {
    for provider in providers() {
        let offer = Offer { max_fragment_size: Some(128), ..Offer::default() };
        for mut pair in [our_client(provider, KeyKind::Rsa2048, &offer), our_server(provider, KeyKind::Rsa2048, &offer)]
        {
            pair.pump().unwrap();
            exchange(&mut pair, 19);
            close(pair);
        }
    }
}

#[test]
fn application_protocols_are_agreed_on() {
    let offer = Offer { alpn: &[b"h2", b"http/1.1"], ..Offer::default() };
    let kind = KeyKind::EcdsaP256;
    for provider in providers() {
        let config = client(provider, kind, |builder| builder.alpn(&[b"unheard-of", b"http/1.1"]));
        let mut pair = Pair::new(Peer::client(&config, localhost()).unwrap(), rustls_peer::server(kind, &offer));
        pair.pump().unwrap();
        assert_eq!(pair.ours.connection.negotiated().unwrap().alpn.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!(pair.theirs.alpn_protocol(), Some(&b"http/1.1"[..]));

        let config = server(provider, kind, |builder| builder.alpn(&[b"http/1.1", b"h2"]));
        let mut pair = Pair::new(Peer::server(&config), rustls_peer::client(kind, &offer));
        pair.pump().unwrap();
        assert_eq!(pair.ours.connection.negotiated().unwrap().alpn.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!(pair.theirs.alpn_protocol(), Some(&b"http/1.1"[..]));

        let config = server(provider, kind, |builder| builder.alpn(&[b"unheard-of"]));
        let mut pair = Pair::new(Peer::server(&config), rustls_peer::client(kind, &offer));
        assert!(matches!(pair.pump(), Err(Failure::Ours(Error::NoApplicationProtocol))));
        assert_eq!(alert_to_theirs(&mut pair), rustls::AlertDescription::NoApplicationProtocol);
    }
}

#[test]
fn bad_certificates_are_refused_with_the_right_alert() {
    let kind = KeyKind::EcdsaP256;
    let start = |provider, name: &'static str, peer| {
        let config = client(provider, kind, |builder| builder);
        Pair::new(Peer::client(&config, name.try_into().unwrap()).unwrap(), peer)
    };
    for provider in providers() {
        let mut pair = start(provider, "example.com", rustls_peer::server(kind, &Offer::default()));
        let Err(Failure::Ours(Error::Certificate(error))) = pair.pump() else { panic!("it was taken") };
        assert!(matches!(error, CertificateError::WrongName { .. }), "{error}");
        assert_eq!(alert_to_theirs(&mut pair), rustls::AlertDescription::BadCertificate);

        let mut pair = start(provider, "localhost", rustls_peer::server(KeyKind::Ed25519, &Offer::default()));
        let Err(Failure::Ours(error)) = pair.pump() else { panic!("it was taken") };
        assert_eq!(error, Error::Certificate(CertificateError::UnknownIssuer));
        assert_eq!(alert_to_theirs(&mut pair), rustls::AlertDescription::UnknownCA);

        let old = Pki::shared(kind).issue(kind, expired);
        let config = server_with(provider, &old, |builder| builder);
        let mut pair = Pair::new(Peer::server(&config), rustls_peer::client(kind, &Offer::default()));
        let Err(Failure::Theirs(rustls::Error::InvalidCertificate(_))) = pair.pump() else { panic!("it was taken") };
        let mut alert = Vec::new();
        pair.theirs.write_tls(&mut alert).unwrap();
        let error = pair.ours.feed(&alert).expect_err("an alert");
        assert_eq!(error, Error::PeerAlert(AlertDescription::CERTIFICATE_EXPIRED));
    }
}

/// The alert that our end left in its output.
fn alert_to_theirs(pair: &mut Pair) -> rustls::AlertDescription {
    match pair.pump() {
        Err(Failure::Theirs(rustls::Error::AlertReceived(alert))) => alert,
        other => panic!("no alert: {other:?}"),
    }
}
