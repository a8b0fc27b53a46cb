//! Handshakes with hybrids of ML-KEM, of which one is offered first, and with P-521.

mod support;

use std::sync::Arc;

use support::peer::{Peer, pump};
use support::pki::KeyKind;
use support::scripted::keys::records;
use support::{assert_same_bytes, client, localhost, pattern, providers, server};
use tls_engine::Error;
use tls_engine::codes::{AlertDescription, NamedGroup};
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::internal::msgs::ClientHello;
use tls_engine::switches::Switches;

const GROUPS: [NamedGroup; 4] = [
    NamedGroup::SECP521R1,
    NamedGroup::X25519_MLKEM768,
    NamedGroup::SECP256R1_MLKEM768,
    NamedGroup::SECP384R1_MLKEM1024,
];
const CLASSICAL: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
const KIND: KeyKind = KeyKind::EcdsaP256;

fn ends(client_config: &Arc<ClientConfig>, server_config: &Arc<ServerConfig>) -> (Peer, Peer) {
    (Peer::client(client_config, localhost()).unwrap(), Peer::server(server_config))
}

/// The group and whether the server has asked for another share, the same for both ends, which then exchange data.
fn negotiated(mut client: Peer, mut server: Peer) -> (NamedGroup, bool) {
    pump(&mut client, &mut server).unwrap();
    assert_eq!(client.connection.negotiated(), server.connection.negotiated());
    let negotiated = client.connection.negotiated().expect("a handshake");
    let result = (negotiated.group.expect("a key exchange"), negotiated.hello_retry);
    let data = pattern(20_000, 1);
    assert_eq!(client.write(&data), Ok(data.len()));
    pump(&mut client, &mut server).unwrap();
    assert_same_bytes(&server.received, &data, "what the server got");
    result
}

/// The body of a client's hello.
fn hello(config: &Arc<ClientConfig>) -> Vec<u8> {
    let hello = Peer::client(config, localhost()).unwrap().drain();
    let message: Vec<u8> = records(&hello).into_iter().flat_map(|record| record[5..].to_vec()).collect();
    message[4..].to_vec()
}

/// The groups that a client offers, and those of its shares.
fn offered(config: &Arc<ClientConfig>) -> (Vec<u16>, Vec<NamedGroup>) {
    let hello = hello(config);
    let hello = ClientHello::decode(&hello).unwrap();
    let shares = hello.key_shares.unwrap().iter().map(|share| share.group).collect();
    (hello.supported_groups.unwrap().iter().collect(), shares)
}

#[test]
fn every_provider_and_every_other_agree_at_once_and_after_a_retry() {
    for one in providers() {
        for other in providers() {
            for group in GROUPS {
                let server_config = server(other, KIND, |builder| builder.groups(&[group]));
                let at_once = client(one, KIND, |builder| builder.groups(&[group]));
                let (client_end, server_end) = ends(&at_once, &server_config);
                assert_eq!(negotiated(client_end, server_end), (group, false), "{} {}", one.name, other.name);

                let retried = client(one, KIND, |builder| builder.groups(&[NamedGroup::X25519, group]));
                for cookie in [false, true] {
                    let server_config = server(other, KIND, |builder| builder.groups(&[group]).cookie(cookie));
                    let (client_end, server_end) = ends(&retried, &server_config);
                    assert_eq!(negotiated(client_end, server_end), (group, true), "{} {}", one.name, other.name);
                }
            }
        }
    }
}

#[test]
fn one_hybrid_is_offered_first_and_nothing_else_of_them_is_used_unasked() {
    const DEFAULT: NamedGroup = NamedGroup::X25519_MLKEM768;
    for provider in providers() {
        let default = client(provider, KIND, |builder| builder);
        let expected: Vec<u16> = [&[DEFAULT], &CLASSICAL[..]].concat().iter().map(|group| group.0).collect();
        assert_eq!(offered(&default), (expected, vec![DEFAULT, NamedGroup::X25519]), "{}", provider.name);
        let (client_end, server_end) = ends(&default, &server(provider, KIND, |builder| builder));
        assert_eq!(negotiated(client_end, server_end), (DEFAULT, false));

        // Nor does a server take what it was not told to.
        for group in GROUPS.into_iter().filter(|group| *group != DEFAULT) {
            let asking = client(provider, KIND, |builder| builder.groups(&[group, NamedGroup::X25519]));
            let (client_end, server_end) = ends(&asking, &server(provider, KIND, |builder| builder));
            assert_eq!(negotiated(client_end, server_end), (NamedGroup::X25519, true), "{group}");
            let (mut client_end, mut server_end) = ends(
                &client(provider, KIND, |builder| builder.groups(&[group])),
                &server(provider, KIND, |builder| builder),
            );
            let refused = pump(&mut client_end, &mut server_end);
            assert_eq!(refused, Err(Error::NothingInCommon("group for the key exchange")), "{group}");
        }
    }
}

/// The shares of a client's hello.
fn shares(config: &Arc<ClientConfig>) -> Vec<(NamedGroup, Vec<u8>)> {
    let hello = hello(config);
    let hello = ClientHello::decode(&hello).unwrap();
    hello.key_shares.unwrap().iter().map(|share| (share.group, share.key.to_vec())).collect()
}

#[test]
fn with_two_shares_no_server_has_to_ask() {
    let hybrids =
        [(NamedGroup::X25519_MLKEM768, NamedGroup::X25519), (NamedGroup::SECP256R1_MLKEM768, NamedGroup::SECP256R1)];
    let all = providers().iter().flat_map(|provider| hybrids.map(|pair| (*provider, pair)));
    for (provider, (hybrid, part)) in all {
        for (hybrid_share, both) in
            [true, false].into_iter().flat_map(|on| [[hybrid, part], [part, hybrid]].map(|both| (on, both)))
        {
            let switches = Switches { hybrid_share, ..Switches::all() };
            let client_config =
                client(provider, KIND, |builder| builder.groups(&both).key_share_groups(&both).switches(switches));
            let sent = shares(&client_config);
            assert_eq!([sent[0].0, sent[1].0], both);
            let share_of = |group| &sent.iter().find(|(of, _)| *of == group).unwrap().1;
            let is_same = match hybrid {
                // draft-ietf-tls-ecdhe-mlkem 4.1: ML-KEM comes first in this one alone.
                NamedGroup::X25519_MLKEM768 => share_of(hybrid).ends_with(share_of(part)),
                _ => share_of(hybrid).starts_with(share_of(part)),
            };
            assert_eq!(is_same, hybrid_share, "{} {both:?}", provider.name);
            for (groups, expected) in [(&both[..], both[0]), (&[part], part), (&[hybrid], hybrid)] {
                let server_config = server(provider, KIND, |builder| builder.groups(groups));
                let (client_end, server_end) = ends(&client_config, &server_config);
                assert_eq!(negotiated(client_end, server_end), (expected, false), "{groups:?}");
            }
        }
    }
}

/// A ClientHello and a ServerHello that take several records each.
#[test]
fn hellos_may_be_longer_than_records() {
    for provider in providers() {
        for group in GROUPS {
            for max_fragment in [64, 1000] {
                let client_config =
                    client(provider, KIND, |builder| builder.groups(&[group]).max_fragment(max_fragment));
                let server_config =
                    server(provider, KIND, |builder| builder.groups(&[group]).max_fragment(max_fragment));
                let (mut client_end, mut server_end) = ends(&client_config, &server_config);
                let hello = client_end.drain();
                let least = provider.group(group).unwrap().lengths().start / max_fragment;
                assert!(records(&hello).len() > least, "{group} {max_fragment}");
                server_end.feed(&hello).unwrap();
                assert_eq!(negotiated(client_end, server_end), (group, false), "{group} {max_fragment}");
            }
        }
    }
}

/// FIPS 203 6.3: ML-KEM has no error for a ciphertext that was changed on its way, but keys that are others. The transcript is
/// another as well, so this is no weaker than with a curve.
#[test]
fn a_ciphertext_that_was_changed_ends_the_handshake() {
    for provider in providers() {
        for group in &GROUPS[1..] {
            for place in [0, 500, 1000] {
                let error = after_a_changed_answer(provider, *group, place);
                assert_eq!(error, Error::BadRecordMac, "{} {group} {place}", provider.name);
                assert_eq!(error.alert(), Some(AlertDescription::BAD_RECORD_MAC));
            }
        }
    }
}

/// What the client makes of a ServerHello with a bit of ML-KEM's ciphertext changed, `place` bytes behind its start.
fn after_a_changed_answer(provider: &'static Provider, group: NamedGroup, place: usize) -> Error {
    let client_config = client(provider, KIND, |builder| builder.groups(&[group]));
    let server_config = server(provider, KIND, |builder| builder.groups(&[group]));
    let (mut client_end, mut server_end) = ends(&client_config, &server_config);
    server_end.feed(&client_end.drain()).unwrap();
    let mut flight = server_end.drain();
    // key_share is the last extension of the ServerHello, in the first record.
    let end = records(&flight)[0].len();
    let start = end - provider.group(group).unwrap().lengths().answer;
    let curve = match group {
        NamedGroup::SECP256R1_MLKEM768 => 65,
        NamedGroup::SECP384R1_MLKEM1024 => 97,
        _ => 0,
    };
    assert_eq!(flight[start - 4..start - 2], group.0.to_be_bytes(), "where the share is");
    flight[start + curve + place] ^= 1;
    client_end.feed(&flight).expect_err("other keys")
}
