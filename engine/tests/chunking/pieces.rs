//! What a peer may cut itself: handshake messages over records, several in one record, and padding.

use proptest::prelude::*;
use tls_engine::codes::{ContentType, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::conn::Negotiated;

use crate::recording::{KIND, exact_provider};
use crate::support::jobs::{at_once_and_pausing, set_pausing};
use crate::support::pki::Pki;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{ExtensionList, message, ticket, vector16};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::{Script, states};
use crate::support::seeded::{self, CLIENT, SCRIPT, SERVER, stopped_clock};
use crate::support::{client, pattern, server};

/// How a script puts its messages into records.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// The most bytes of handshake messages in a record.
    piece: usize,
    /// The bytes of data in a record, and of padding behind.
    data: usize,
    padding: usize,
}

const SHAPES: [Shape; 6] = [
    Shape { piece: usize::MAX, data: 16_384, padding: 0 },
    Shape { piece: usize::MAX, data: 5_000, padding: 11_384 },
    Shape { piece: 1000, data: 1000, padding: 1 },
    Shape { piece: 50, data: 777, padding: 300 },
    Shape { piece: 5, data: 100, padding: 0 },
    Shape { piece: 1, data: 16_000, padding: 0 },
];

/// What must not depend on the shape.
#[derive(Debug, PartialEq)]
struct Seen {
    received: Vec<u8>,
    sent: Vec<u8>,
    negotiated: Option<Negotiated>,
    tickets: Vec<(Vec<u8>, u32)>,
}

fn seen<P: Script>(peer: &mut P) -> Seen {
    let wire = peer.wire();
    assert_eq!(wire.error, None);
    let connection = &wire.subject.connection;
    Seen {
        received: wire.subject.received.clone(),
        sent: wire.bytes_from_subject.clone(),
        negotiated: connection.negotiated().cloned(),
        tickets: connection.tickets().iter().map(|ticket| (ticket.ticket.clone(), ticket.lifetime_s)).collect(),
    }
}

/// Data around key updates of which one asks for an answer, then close_notify.
fn talk<P: Script>(peer: &mut P, shape: Shape) {
    for request in [0, 1] {
        for part in pattern(40_000, usize::from(request)).chunks(shape.data) {
            let record = peer.seal(&[part, &[ContentType::APPLICATION_DATA.0], &vec![0; shape.padding]].concat());
            peer.send(&record);
        }
        peer.message_in_pieces(&message(HandshakeType::KEY_UPDATE, &[request]), shape.piece);
    }
    peer.record(ContentType::ALERT, &[1, 0]);
}

fn retry_server(script: &mut ScriptedServer) {
    let mut retry = script.retry(NamedGroup::SECP256R1);
    retry.extensions().add(ExtensionType::COOKIE, vector16(b"a biscuit"));
    script.send_retry(&retry);
}

fn against_client(shape: Shape, retry: bool) -> (Seen, Vec<u8>) {
    seeded::rewind();
    let config = client(exact_provider(), KIND, |builder| builder.random(&CLIENT).clock(stopped_clock()));
    let mut script = ScriptedServer::new(exact_provider(), &config, Pki::shared_identity(KIND));
    script.random = &SCRIPT;
    if retry {
        retry_server(&mut script);
    }
    let group = if retry { NamedGroup::SECP256R1 } else { NamedGroup::X25519 };
    script.accept(group, shape.piece);
    script.send_flight_in_pieces(shape.piece);
    let tickets: Vec<u8> = (1..=3u8)
        .flat_map(|number| {
            let body = ticket(number.into(), &[number], &[number; 90], &ExtensionList::default());
            message(HandshakeType::NEW_SESSION_TICKET, &body)
        })
        .collect();
    let pieces = tickets.chunks(shape.piece.min(1 << 14));
    let records: Vec<u8> = pieces.flat_map(|piece| script.protect(ContentType::HANDSHAKE, piece)).collect();
    script.send(&records);
    talk(&mut script, shape);
    let seen = seen(&mut script);
    assert_eq!((seen.tickets.len(), seen.received.len()), (3, 80_000));
    (seen, script.wire.bytes_to_subject)
}

fn against_server(shape: Shape, retry: bool) -> (Seen, Vec<u8>) {
    seeded::rewind();
    let groups = if retry { [NamedGroup::SECP256R1] } else { [NamedGroup::X25519] };
    let config = server(exact_provider(), KIND, |builder| {
        builder.random(&SERVER).clock(stopped_clock()).groups(&groups).cookie(retry)
    });
    let mut script = ScriptedClient::new(exact_provider(), &config, NamedGroup::X25519);
    script.random = &SCRIPT;
    script.offer_share(NamedGroup::X25519);
    script.send_hello_in_pieces(shape.piece);
    if retry {
        script.prepare_second_hello(NamedGroup::SECP256R1);
        script.send_hello_in_pieces(shape.piece);
    }
    let finished = script.finished();
    script.message_in_pieces(&finished, shape.piece);
    talk(&mut script, shape);
    let seen = seen(&mut script);
    assert_eq!(seen.received.len(), 80_000);
    (seen, script.wire.bytes_to_subject)
}

#[test]
fn messages_in_records_of_any_size() {
    at_once_and_pausing(|| {
        for retry in [false, true] {
            let (client, _) = against_client(SHAPES[0], retry);
            let (server, _) = against_server(SHAPES[0], retry);
            for shape in &SHAPES[1..] {
                assert!(against_client(*shape, retry).0 == client, "{shape:?} seen by a client");
                assert!(against_server(*shape, retry).0 == server, "{shape:?} seen by a server");
            }
        }
    });
}

fn cut<'a>(bytes: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % bytes.len()).chain([0, bytes.len()]).collect();
    places.sort_unstable();
    // No record of handshake messages is empty, or longer than it may be.
    let cuts = places.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).filter(|piece| !piece.is_empty());
    cuts.flat_map(|piece| piece.chunks(1 << 14)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Ends of messages fall on any place of a record, with any number of whole messages before and behind.
    #[test]
    fn messages_in_records_of_random_size(
        flight in prop::collection::vec(any::<usize>(), 0..12),
        late in prop::collection::vec(any::<usize>(), 0..30),
        tickets in prop::collection::vec(0usize..1500, 1..9),
        pauses in any::<bool>(),
    ) {
        set_pausing(pauses);
        let mut script = states::client_start(exact_provider());
        script.accept(NamedGroup::X25519, usize::MAX);
        script.send_flight_cut(|bytes| cut(bytes, &flight));
        prop_assert_eq!(&script.wire.error, &None);
        let sent: Vec<Vec<u8>> = tickets.iter().map(|len| pattern(len + 1, *len)).collect();
        let messages = sent.iter().flat_map(|sent| {
            message(HandshakeType::NEW_SESSION_TICKET, &ticket(7, &[1], sent, &ExtensionList::default()))
        });
        let messages: Vec<u8> = messages.collect();
        for piece in cut(&messages, &late) {
            script.record(ContentType::HANDSHAKE, piece);
        }
        prop_assert_eq!(&script.wire.error, &None);
        let kept: Vec<Vec<u8>> =
            script.wire.subject.connection.tickets().iter().map(|ticket| ticket.ticket.clone()).collect();
        prop_assert!(kept == sent);
    }
}

/// The records of every shape, cut once more on their way.
#[test]
fn records_of_any_size_in_chunks() {
    for shape in SHAPES {
        let (expected, bytes) = against_client(shape, true);
        for chunk in [1, 7, 1000] {
            seeded::rewind();
            let config = client(exact_provider(), KIND, |builder| builder.random(&CLIENT).clock(stopped_clock()));
            let subject = crate::support::peer::Peer::client(&config, crate::support::localhost()).unwrap();
            assert!(fed(subject, &bytes, chunk) == expected, "{shape:?} in chunks of {chunk}");
        }
    }
}

fn fed(mut subject: crate::support::peer::Peer, bytes: &[u8], chunk: usize) -> Seen {
    let mut sent = subject.drain();
    for chunk in bytes.chunks(chunk) {
        subject.feed(chunk).expect("bytes that were taken before");
        sent.extend(subject.drain());
    }
    let tickets =
        subject.connection.tickets().iter().map(|ticket| (ticket.ticket.clone(), ticket.lifetime_s)).collect();
    Seen { received: subject.received, sent, negotiated: subject.connection.negotiated().cloned(), tickets }
}
