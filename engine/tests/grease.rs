//! GREASE (RFC 8701): what a client offers to be ignored, on the wire, and the peers that ignore it.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use support::endpoint::Endpoint;
use support::openssl::{Server, exchange};
use support::peer::{Peer, pump};
use support::pki::{KeyKind, Pki};
use support::rustls_peer::{self, Offer, Pair};
use support::skip::find;
use support::{client, localhost, providers, server};
use tls_engine::codes::{ExtensionType, NamedGroup};
use tls_engine::conn::ClientConfig;
use tls_engine::internal::msgs::{ClientHello, Extensions};
use tls_engine::internal::wire::Reader;
use tls_engine::session::{MemoryTickets, TicketKeys};

const KIND: KeyKind = KeyKind::EcdsaP256;

/// Whether a number is reserved for GREASE (RFC 8701 2).
fn is_grease(number: u16) -> bool {
    let [first, second] = number.to_be_bytes();
    first == second && first & 0xf == 0xa
}

/// The values of GREASE in a ClientHello, which is in one record: where each is, among how many, and which it is.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    suites: Vec<(usize, u16)>,
    groups: Vec<(usize, u16)>,
    shares: Vec<(usize, u16, Vec<u8>)>,
    schemes: Vec<(usize, u16)>,
    versions: Vec<(usize, u16)>,
    protocols: Vec<(usize, u16)>,
    psk_modes: Vec<u8>,
    /// From the end, where pre_shared_key does not count.
    extensions: Vec<(usize, usize, u16, usize)>,
}

impl Found {
    fn of(record: &[u8]) -> Self {
        let body = &record[5 + 4..];
        let hello = ClientHello::decode(body).unwrap();
        let numbers = |list: &mut dyn Iterator<Item = u16>| -> Vec<(usize, u16)> {
            list.enumerate().filter(|(_, number)| is_grease(*number)).collect()
        };
        let shares = hello.key_shares.unwrap().iter().enumerate();
        let names = hello.alpn.into_iter().flat_map(|names| names.iter());
        let names: Vec<u16> = names.map(|name| name.try_into().map_or(0, u16::from_be_bytes)).collect();
        Self {
            suites: numbers(&mut hello.cipher_suites.iter()),
            groups: numbers(&mut hello.supported_groups.unwrap().iter()),
            shares: shares
                .filter(|(_, share)| is_grease(share.group.0))
                .map(|(at, share)| (at, share.group.0, share.key.to_vec()))
                .collect(),
            schemes: numbers(&mut hello.signature_algorithms.unwrap().iter()),
            versions: numbers(&mut hello.supported_versions.unwrap().iter()),
            protocols: numbers(&mut names.into_iter()),
            psk_modes: hello.psk_key_exchange_modes.unwrap().iter().copied().filter(|mode| *mode > 1).collect(),
            extensions: extensions_of(body),
        }
    }
}

fn extensions_of(body: &[u8]) -> Vec<(usize, usize, u16, usize)> {
    let mut reader = Reader::new(body, "ClientHello");
    reader.take(2 + 32).unwrap();
    reader.vector8().unwrap();
    reader.vector16().unwrap();
    reader.vector8().unwrap();
    let mut all = Vec::new();
    let mut extensions = Extensions::new(&mut reader, "ClientHello").unwrap();
    while let Some(extension) = extensions.next_extension().unwrap() {
        if extension.extension_type != ExtensionType::PRE_SHARED_KEY {
            all.push((extension.extension_type.0, extension.reader.len()));
        }
    }
    let count = all.len();
    let found = all.into_iter().enumerate().filter(|(_, (number, _))| is_grease(*number));
    found.map(|(at, (number, len))| (at, count - 1 - at, number, len)).collect()
}

fn greasy(groups: &[NamedGroup]) -> Arc<ClientConfig> {
    client(providers()[0], KIND, |builder| builder.groups(groups).alpn(&[b"h2", b"http/1.1"]).grease(true))
}

fn hello_of(config: &Arc<ClientConfig>) -> Vec<u8> {
    Peer::client(config, localhost()).unwrap().drain()
}

#[test]
fn every_list_has_a_value_and_all_values_come_up() {
    let config = greasy(&[NamedGroup::X25519]);
    let mut seen: [BTreeSet<u16>; 8] = Default::default();
    for _ in 0..1000 {
        let found = Found::of(&hello_of(&config));
        let [(0, suite)] = found.suites[..] else { panic!("{found:?}") };
        let [(0, group)] = found.groups[..] else { panic!("{found:?}") };
        let [(0, share, ref key)] = found.shares[..] else { panic!("{found:?}") };
        assert_eq!((share, key.len()), (group, 1));
        let [(0, scheme)] = found.schemes[..] else { panic!("{found:?}") };
        let [(0, version)] = found.versions[..] else { panic!("{found:?}") };
        let [(0, protocol)] = found.protocols[..] else { panic!("{found:?}") };
        let [mode] = found.psk_modes[..] else { panic!("{found:?}") };
        assert!((0..8).map(|number| 0x0b + 0x1f * number).any(|reserved| reserved == mode), "{mode:#x}");
        let [(0, _, first, 0), (_, 0, last, 1)] = found.extensions[..] else { panic!("{found:?}") };
        let all = [suite, group, scheme, version, protocol, mode.into(), first, last];
        seen.iter_mut().zip(all).for_each(|(seen, value)| seen.extend([value]));
    }
    assert_eq!(seen.map(|seen| seen.len()), [16, 16, 16, 16, 16, 8, 16, 16]);
}

#[test]
fn who_does_not_ask_for_it_offers_none() {
    let config = client(providers()[0], KIND, |builder| builder.alpn(&[b"h2"]));
    let none = Found {
        suites: vec![],
        groups: vec![],
        shares: vec![],
        schemes: vec![],
        versions: vec![],
        protocols: vec![],
        psk_modes: vec![],
        extensions: vec![],
    };
    for _ in 0..100 {
        assert_eq!(Found::of(&hello_of(&config)), none);
    }
    // A list that is not there has no value either.
    let without_alpn = client(providers()[0], KIND, |builder| builder.grease(true));
    assert!(ClientHello::decode(&hello_of(&without_alpn)[9..]).unwrap().alpn.is_none());
}

/// RFC 8446 4.1.2: nothing changes in the second ClientHello but what was asked for.
#[test]
fn the_second_hello_has_the_same_values() {
    let groups = [NamedGroup::X25519, NamedGroup::SECP256R1];
    let config = greasy(&groups);
    let server_config = server(providers()[0], KIND, |builder| builder.groups(&groups[1..]).alpn(&[b"h2"]));
    for _ in 0..20 {
        let mut client = Peer::client(&config, localhost()).unwrap();
        let mut server = Peer::server(&server_config);
        let first = client.drain();
        server.feed(&first).unwrap();
        client.feed(&server.drain()).unwrap();
        let second = client.drain();
        server.feed(&second).unwrap();
        // Behind a ChangeCipherSpec.
        let (first, second) = (Found::of(&first), Found::of(&second[6..]));
        assert_eq!(second.shares, []);
        assert_eq!(Found { shares: first.shares.clone(), ..second }, first);
        pump(&mut client, &mut server).unwrap();
        let negotiated = client.connection.negotiated().unwrap();
        assert_eq!((negotiated.group, negotiated.hello_retry), (Some(NamedGroup::SECP256R1), true));
    }
}

/// RFC 8446 4.2.11: the PSK stays the last one.
#[test]
fn sessions_are_resumed() {
    let provider = providers()[0];
    let store = Arc::new(MemoryTickets::default());
    let config = client(provider, KIND, |builder| builder.tickets(store.clone()).grease(true));
    let tickets = Arc::new(TicketKeys::new(provider, 3600).unwrap());
    let server_config = server(provider, KIND, |builder| builder.tickets(tickets));
    for is_resumed in [false, true, true] {
        let mut client = Peer::client(&config, localhost()).unwrap();
        let mut server = Peer::server(&server_config);
        let hello = client.drain();
        assert_eq!(ClientHello::decode(&hello[9..]).unwrap().pre_shared_key.is_some(), is_resumed);
        assert_eq!(Found::of(&hello).extensions.len(), 2);
        server.feed(&hello).unwrap();
        pump(&mut client, &mut server).unwrap();
        assert_eq!(client.connection.negotiated().unwrap().is_resumed(), is_resumed);
    }
}

#[test]
fn rustls_and_openssl_ignore_it() {
    let openssl = find("openssl");
    for provider in providers() {
        for _ in 0..20 {
            let config = client(provider, KIND, |builder| builder.alpn(&[b"h2"]).grease(true));
            let offer = Offer { alpn: &[b"h2"], ..Offer::default() };
            let mut pair = Pair::new(Peer::client(&config, localhost()).unwrap(), rustls_peer::server(KIND, &offer));
            pair.pump().unwrap();
            let negotiated = pair.ours.connection.negotiated().unwrap();
            assert_eq!(negotiated.alpn.as_deref(), Some(&b"h2"[..]));
        }
        let Some(openssl) = &openssl else { continue };
        // The second server asks for another key share.
        for groups in ["X25519:P-256", "P-256"] {
            let arguments = ["-alpn", "h2", "-groups", groups];
            let peer = Server::start(openssl, Pki::shared_identity(KIND), &arguments);
            let config = client(provider, KIND, |builder| {
                builder.groups(&[NamedGroup::X25519, NamedGroup::SECP256R1]).alpn(&[b"h2"]).grease(true)
            });
            let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
            let negotiated = endpoint.peer.connection.negotiated().unwrap();
            assert_eq!(negotiated.hello_retry, groups == "P-256");
            assert_eq!(negotiated.alpn.as_deref(), Some(&b"h2"[..]));
            exchange(&mut endpoint, &peer.program, 1);
            endpoint.close().unwrap();
        }
    }
}
