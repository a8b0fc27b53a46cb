//! Certificates that are compressed (RFC 8879): between two ends of the engine, and with rustls.

mod support;

use std::sync::Arc;

use support::compression::Cutting;
use support::jobs::at_once_and_pausing;
use support::peer::{Peer, pump};
use support::pki::{KeyKind, Pki};
use support::rustls_peer::{self, Offer, Pair};
use support::{client, localhost, providers, server};
use tls_engine::codes::{CertificateCompressionAlgorithm as Algorithm, NamedGroup};
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::pki::compression::{BROTLI, CertificateCompression, ZLIB};
use tls_engine::pki::{CertifiedKey, ClientVerifier, Stapled};
use tls_engine::session::{MemoryTickets, TicketKeys};
use tls_engine::{ClientCertificate, Error};

const KIND: KeyKind = KeyKind::EcdsaP256;

type Algorithms = &'static [&'static dyn CertificateCompression];

/// Lists of both ends, and what comes of them.
const LISTS: [(Algorithms, Algorithms, Option<Algorithm>); 8] = [
    (&[], &[], None),
    (&[], &[ZLIB], None),
    (&[ZLIB, BROTLI], &[], None),
    (&[ZLIB], &[ZLIB], Some(Algorithm::ZLIB)),
    (&[BROTLI], &[BROTLI], Some(Algorithm::BROTLI)),
    (&[ZLIB], &[BROTLI], None),
    // Who compresses chooses.
    (&[ZLIB, BROTLI], &[BROTLI, ZLIB], Some(Algorithm::BROTLI)),
    (&[BROTLI, ZLIB], &[ZLIB, BROTLI], Some(Algorithm::ZLIB)),
];

/// A handshake: the client, the server, and how many bytes the server's first flight has.
fn connect(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> (Peer, Peer, usize) {
    let mut client = Peer::client(client, localhost()).unwrap();
    let mut server = Peer::server(server);
    server.feed(&client.drain()).unwrap();
    let flight = server.drain();
    client.feed(&flight).unwrap();
    pump(&mut client, &mut server).unwrap();
    assert!(client.connection.is_ready() && server.connection.is_ready());
    let told = [&client, &server].map(|end| end.connection.negotiated().unwrap().certificate_compression);
    assert_eq!(told[0], told[1]);
    (client, server, flight.len())
}

fn compression_of(peer: &Peer) -> Option<Algorithm> {
    peer.connection.negotiated().unwrap().certificate_compression
}

fn certified(provider: &Provider) -> CertifiedKey {
    let identity = Pki::shared_identity(KIND);
    CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap()
}

/// Asks for certificates, which it may do without.
fn asking(builder: ServerConfigBuilder) -> ServerConfigBuilder {
    builder.client_verifier(ClientVerifier::new(&[Pki::shared(KIND).root()]).unwrap())
}

#[test]
fn servers_choose_the_first_of_theirs_that_the_client_has() {
    at_once_and_pausing(|| {
        for provider in providers() {
            let mut lengths = Vec::new();
            for (theirs, ours, expected) in LISTS {
                let client_config = client(provider, KIND, |builder| builder.certificate_compression(theirs));
                let server_config = server(provider, KIND, |builder| builder.certificate_compression(ours));
                let (client, _, flight_len) = connect(&client_config, &server_config);
                assert_eq!(compression_of(&client), expected);
                lengths.push((expected, flight_len));
            }
            let longest = |is_compressed| {
                lengths.iter().filter(move |(with, _)| with.is_some() == is_compressed).map(|(_, len)| *len)
            };
            let (with, without) = (longest(true).max().unwrap(), longest(false).min().unwrap());
            assert!(with + 100 < without, "{with} bytes, {without} without");
        }
    });
}

#[test]
fn clients_compress_theirs_for_servers_that_offer_it() {
    at_once_and_pausing(|| {
        for provider in providers() {
            for (theirs, ours) in [(true, true), (true, false), (false, true), (false, false)] {
                let [at_client, at_server] = [(), ()].map(|()| Cutting::new().leak());
                let identity = Pki::shared_client(KIND);
                let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap();
                let client_config = client(provider, KIND, |builder| {
                    let builder = builder.certificate(key);
                    if theirs { builder.certificate_compression(&[at_client]) } else { builder }
                });
                let server_config = server(provider, KIND, |builder| {
                    let builder = asking(builder);
                    if ours { builder.certificate_compression(&[at_server]) } else { builder }
                });
                for handshake in 1..4 {
                    let (_, server, _) = connect(&client_config, &server_config);
                    let ClientCertificate::Shown { chain, .. } =
                        server.connection.negotiated().unwrap().client_certificate.clone()
                    else {
                        panic!("no certificate")
                    };
                    assert_eq!(&chain[..], &identity.chain[..]);
                    // Each is compressed once.
                    let expected = if theirs && ours { (1, handshake) } else { (0, 0) };
                    assert_eq!((at_client.uses(), at_server.uses()), (expected, expected));
                }
            }
        }
    });
}

#[test]
fn each_form_of_a_certificate_is_compressed_once() {
    let provider = providers()[0];
    let (cutting, stapled) = (Cutting::new().leak(), |builder: ClientConfigBuilder, asks: [bool; 2]| {
        builder.request_ocsp_response(asks[0]).request_timestamps(asks[1])
    });
    let key = Arc::new(certified(provider));
    let with = |key: CertifiedKey| {
        ServerConfig::builder(provider).certificate(key).certificate_compression(&[cutting]).build().unwrap()
    };
    let plain = with((*key).clone());
    let both = Stapled { ocsp_response: Some(vec![7; 100]), timestamps: Some(vec![0, 3, 0, 1, 7]) };
    let stapling = with((*key).clone().with_stapled(both.clone()).unwrap());
    for round in 1..4 {
        for asks in [[false, false], [true, false], [false, true], [true, true]] {
            let config = client(provider, KIND, |builder| stapled(builder, asks).certificate_compression(&[cutting]));
            for (server, is_stapled) in [(&plain, false), (&stapling, true)] {
                let (client, ..) = connect(&config, server);
                assert_eq!(compression_of(&client), Some(cutting.algorithm()));
                let expected = Stapled {
                    ocsp_response: both.ocsp_response.clone().filter(|_| is_stapled && asks[0]),
                    timestamps: both.timestamps.clone().filter(|_| is_stapled && asks[1]),
                };
                assert_eq!(client.connection.stapled().cloned().unwrap_or_default(), expected);
            }
        }
        // What is not stapled makes no form of its own.
        assert_eq!(cutting.uses(), (1 + 4, 8 * round));
    }
}

/// With a key that is changed, the forms of the old one are not sent.
#[test]
fn a_copy_that_is_stapled_to_has_forms_of_its_own() {
    let provider = providers()[0];
    let client_config =
        client(provider, KIND, |builder| builder.request_ocsp_response(true).certificate_compression(&[ZLIB]));
    let mut key = certified(provider);
    for number in 1..4 {
        let stapled = Stapled { ocsp_response: Some(vec![number; 50]), timestamps: None };
        key = key.with_stapled(stapled.clone()).unwrap();
        let builder = ServerConfig::builder(provider).certificate_compression(&[ZLIB]);
        let server_config = builder.certificate(key.clone()).build().unwrap();
        let (client, ..) = connect(&client_config, &server_config);
        assert_eq!(client.connection.stapled(), Some(&stapled));
        assert_eq!(compression_of(&client), Some(Algorithm::ZLIB));
    }
}

#[test]
fn what_can_not_be_compressed_is_sent_as_it_is() {
    let provider = providers()[0];
    let failing = Cutting { fails: true, ..Cutting::new() }.leak();
    let client_config = client(provider, KIND, |builder| builder.certificate_compression(&[failing]));
    let server_config = server(provider, KIND, |builder| builder.certificate_compression(&[failing]));
    for _ in 0..3 {
        let (client, ..) = connect(&client_config, &server_config);
        assert_eq!(compression_of(&client), None);
        // Nor is it tried again.
        assert_eq!(failing.uses(), (1, 0));
    }
}

#[test]
fn it_is_offered_again_after_a_retry_and_not_used_in_a_session_that_is_resumed() {
    let provider = providers()[0];
    let store = Arc::new(MemoryTickets::default());
    let groups = [NamedGroup::X25519, NamedGroup::SECP256R1];
    let client_config = client(provider, KIND, |builder| {
        builder.groups(&groups).tickets(store.clone()).certificate_compression(&[BROTLI])
    });
    let tickets = Arc::new(TicketKeys::new(provider, 3600).unwrap());
    let server_config = server(provider, KIND, |builder| {
        builder.groups(&groups[1..]).tickets(tickets).certificate_compression(&[BROTLI])
    });
    for is_resumed in [false, true] {
        let (client, ..) = connect(&client_config, &server_config);
        let negotiated = client.connection.negotiated().unwrap();
        assert_eq!((negotiated.hello_retry, negotiated.is_resumed()), (true, is_resumed));
        assert_eq!(negotiated.certificate_compression, (!is_resumed).then_some(Algorithm::BROTLI));
    }
}

#[test]
fn messages_may_come_byte_by_byte() {
    let provider = providers()[0];
    for algorithm in [ZLIB, BROTLI] {
        let client_config = client(provider, KIND, |builder| builder.certificate_compression(&[algorithm]));
        let server_config =
            server(provider, KIND, |builder| builder.certificate_compression(&[algorithm]).max_fragment(64));
        let mut client = Peer::client(&client_config, localhost()).unwrap();
        let mut server = Peer::server(&server_config);
        server.feed(&client.drain()).unwrap();
        server.drain().iter().for_each(|byte| client.feed(&[*byte]).unwrap());
        pump(&mut client, &mut server).unwrap();
        assert_eq!(compression_of(&client), Some(algorithm.algorithm()));
    }
}

#[test]
fn an_algorithm_that_comes_twice_is_refused() {
    for list in [&[ZLIB, ZLIB][..], &[ZLIB, BROTLI, ZLIB]] {
        let builder = ServerConfig::builder(providers()[0]).certificate(certified(providers()[0]));
        let Err(Error::Config(why)) = builder.certificate_compression(list).build() else { panic!("taken") };
        assert!(why.contains("twice"), "{why}");
    }
}

#[test]
fn rustls_compresses_and_decompresses() {
    for provider in providers() {
        for kind in KeyKind::ALL {
            for (ours, theirs, expected) in LISTS {
                let identity = Pki::shared_client(kind);
                let offer = Offer { compression: theirs, requires: Some(kind), shows: Some(kind), ..Offer::default() };
                let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap();
                let config = client(provider, kind, |builder| builder.certificate(key).certificate_compression(ours));
                let mut pair =
                    Pair::new(Peer::client(&config, localhost()).unwrap(), rustls_peer::server(kind, &offer));
                pair.pump().unwrap();
                assert_eq!(compression_of(&pair.ours), expected);
                assert_eq!(pair.theirs.peer_certificates(), Some(&identity.chain[..]));

                let verifier = ClientVerifier::new(&[Pki::shared(kind).root()]).unwrap();
                let config =
                    server(provider, kind, |builder| builder.client_verifier(verifier).certificate_compression(theirs));
                let offer = Offer { compression: ours, ..offer };
                let mut pair = Pair::new(Peer::server(&config), rustls_peer::client(kind, &offer));
                pair.pump().unwrap();
                assert_eq!(compression_of(&pair.ours), expected);
                let negotiated = pair.ours.connection.negotiated().unwrap();
                assert_eq!(negotiated.client_certificate.chain(), &identity.chain[..]);
                assert_eq!(pair.theirs.peer_certificates(), Some(&Pki::shared_identity(kind).chain[..]));
            }
        }
    }
}
