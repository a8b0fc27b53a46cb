//! Limits that the engine keeps by itself: how much a key seals, how long records are, how far the send buffer grows, and
//! that nothing printed for people shows a secret.

mod support;

use std::sync::{Arc, Mutex};

use support::peer::{Peer, pump};
use support::pki::KeyKind;
use support::scripted::keys::records;
use support::scripted::server::ScriptedServer;
use support::scripted::states::{against_client, against_server, client_ready, server_ready};
use support::scripted::{Script, Sent};
use support::{assert_same_bytes, client, localhost, pattern, providers, server};
use tls_engine::Error;
use tls_engine::codes::ContentType;
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, Progress, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::internal::keys::TrafficSecret;
use tls_engine::limits::{FRAGMENT_MIN, RECORD_CONTENT_MAX, RECORD_HEADER, RECORD_MAX};
use tls_engine::mem::{BufferPool, InBuf, OutBuf, PoolOptions, Secret};
use tls_engine::pki::ServerVerifier;
use tls_engine::switches::{BufferPoolKind, Switches};
use tls_engine::{KeyLog, SecretLabel};

const KIND: KeyKind = KeyKind::EcdsaP256;
const KEY_UPDATE: [u8; 4] = [24, 0, 0, 1];

fn pair(
    provider: &'static Provider,
    change_client: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
    change_server: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> (Peer, Peer) {
    let mut client = Peer::client(&client(provider, KIND, change_client), localhost()).unwrap();
    let mut server = Peer::server(&server(provider, KIND, change_server));
    pump(&mut client, &mut server).unwrap();
    assert!(client.connection.is_ready() && server.connection.is_ready());
    (client, server)
}

/// Writes all of `data`, however little fits at a time.
fn send(from: &mut Peer, to: &mut Peer, mut data: &[u8]) {
    while !data.is_empty() {
        let taken = from.write(data).unwrap();
        assert!(taken > 0, "an empty buffer takes something");
        data = &data[taken..];
        pump(from, to).unwrap();
    }
}

#[test]
fn keys_are_replaced_when_they_have_sealed_enough() {
    for provider in providers() {
        for (client_limit, server_limit) in [(1, 1), (1, 1000), (3, 2), (7, 7)] {
            let limit = |records| move |builder: ClientConfigBuilder| builder.records_per_key(records);
            let (mut client, mut server) =
                pair(provider, limit(client_limit), |builder| builder.records_per_key(server_limit));
            let mut records = [0u64; 2];
            for round in 0..4 {
                let (forth, back) = (pattern(100_003, round), pattern(70_001 * round, round + 9));
                send(&mut client, &mut server, &forth);
                assert_same_bytes(&std::mem::take(&mut server.received), &forth, "what the server got");
                send(&mut server, &mut client, &back);
                assert_same_bytes(&std::mem::take(&mut client.received), &back, "what the client got");
                records[0] += forth.len().div_ceil(RECORD_CONTENT_MAX) as u64;
                records[1] += back.len().div_ceil(RECORD_CONTENT_MAX) as u64;
            }
            let updates = |records: u64, limit: u64| (records - 1) / limit;
            let expected = [updates(records[0], client_limit), updates(records[1], server_limit)];
            let sealed = [client.connection.sealed(), server.connection.sealed()];
            assert_eq!(sealed.map(|counters| counters.key_updates), expected);
            let opened = [server.connection.opened(), client.connection.opened()];
            assert_eq!(opened.map(|counters| counters.key_updates), expected);
        }
    }
}

/// What the subject sends for `data`.
fn sent_by<P: Script>(peer: &mut P, data: &[u8]) -> Vec<Sent> {
    let before = peer.wire().sent.len();
    assert_eq!(peer.wire().subject.write(data), Ok(data.len()));
    peer.absorb();
    peer.wire().sent[before..].to_vec()
}

/// No key seals more than it may: each run of data records is as long as the limit, and a KeyUpdate that asks for nothing
/// follows (RFC 8446 4.6.3, 5.5).
fn runs_between_updates<P: Script>(mut peer: P, limit: usize) {
    let data = pattern(3 * RECORD_CONTENT_MAX + 5, 1);
    let mut sent = sent_by(&mut peer, &data);
    sent.extend(sent_by(&mut peer, &data));
    let received: Vec<u8> = sent
        .iter()
        .filter(|sent| sent.content_type == ContentType::APPLICATION_DATA)
        .flat_map(|sent| sent.content.clone())
        .collect();
    assert_same_bytes(&received, &[&data[..], &data].concat(), "what the script opened with the keys that follow");
    let mut run = 0;
    for sent in sent {
        if sent.content_type == ContentType::HANDSHAKE {
            assert_eq!((run, &sent.content[..]), (limit, &[&KEY_UPDATE[..], &[0]].concat()[..]));
            run = 0;
        } else {
            run += 1;
        }
        assert!(run <= limit);
    }
}

#[test]
fn the_key_update_is_on_the_wire() {
    for provider in providers() {
        for limit in [1, 2, 3] {
            let mut script = against_server(provider, |builder| builder.records_per_key(limit));
            script.complete();
            runs_between_updates(script, limit as usize);
            let mut script = against_client(provider, |builder| builder.records_per_key(limit));
            script.complete();
            runs_between_updates(script, limit as usize);
        }
    }
}

#[test]
fn a_key_that_may_seal_nothing_is_refused() {
    let provider = providers()[0];
    let identity = support::pki::Pki::shared_identity(KIND);
    let key = tls_engine::pki::CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap();
    let built = tls_engine::conn::ServerConfig::builder(provider).certificate(key).records_per_key(0).build();
    assert!(matches!(built.err(), Some(Error::Config(_))));
}

/// Asked for updates while it is silent, the subject answers with one that asks for nothing, before its next data and not before;
/// its own request is answered by the script's keys alone.
fn requested_updates<P: Script>(mut peer: P) {
    let answer =
        || Sent { encrypted: true, content_type: ContentType::HANDSHAKE, content: [&KEY_UPDATE[..], &[0]].concat() };
    for round in 0..3 {
        let before = peer.wire().sent.len();
        for _ in 0..=round {
            peer.key_update(1);
            peer.key_update(0);
        }
        assert_eq!(peer.wire().subject.write(b""), Ok(0));
        peer.absorb();
        assert_eq!(peer.wire().sent.len(), before, "this side has nothing to say");
        let data = pattern(700, round);
        let sent = sent_by(&mut peer, &data);
        assert_eq!((&sent[0], sent.len()), (&answer(), 2), "round {round}");
        assert_eq!(sent[1].content, data);

        peer.wire().subject.update_keys(true).unwrap();
        peer.absorb();
        assert_eq!(peer.wire().sent.last().unwrap().content, [&KEY_UPDATE[..], &[1]].concat());
        let data = pattern(1000, round);
        assert_eq!(sent_by(&mut peer, &data)[0].content, data, "sealed with the next key");
        peer.data(b"opened with the next key");
        assert_eq!(peer.wire().error, None);
    }
    // Both ask at once, and each answers the other: two generations on either side.
    peer.wire().subject.update_keys(true).unwrap();
    peer.key_update(1);
    peer.key_update(0);
    peer.data(b"still here");
    sent_by(&mut peer, b"here too");
    assert_eq!(peer.wire().error, None);
    assert_eq!(peer.wire().subject.connection.sealed().key_updates, 3 * 2 + 2);
    assert_eq!(peer.wire().subject.connection.opened().key_updates, 2 * (1 + 2 + 3) + 2);
    // One of its own answers too, where it does not ask back; where it does, the answer goes first.
    for (asks, kinds) in [(false, &[0][..]), (true, &[0, 1])] {
        peer.key_update(1);
        let before = peer.wire().sent.len();
        peer.wire().subject.update_keys(asks).unwrap();
        sent_by(&mut peer, b"more");
        let sent = &peer.wire().sent[before..];
        let updates: Vec<u8> = sent[..sent.len() - 1].iter().map(|sent| sent.content[4]).collect();
        assert_eq!(updates, kinds, "asks: {asks}");
    }
}

#[test]
fn requested_key_updates_are_answered() {
    for provider in providers() {
        requested_updates(server_ready(provider));
        requested_updates(client_ready(provider));
    }
}

/// The lengths of the data records that the subject makes of `slices`.
fn record_lengths(script: &mut ScriptedServer, slices: &[&[u8]]) -> Vec<usize> {
    let before = script.wire.sent.len();
    let mut output = OutBuf::with_capacity(1 << 20);
    let total: usize = slices.iter().map(|slice| slice.len()).sum();
    assert_eq!(script.wire.subject.connection.write_tls(slices, &mut output), Ok(total));
    let bytes = output.waiting().to_vec();
    script.wire.deliver(&bytes);
    script.absorb();
    let sent = &script.wire.sent[before..];
    let received: Vec<u8> = sent.iter().flat_map(|sent| sent.content.clone()).collect();
    assert_same_bytes(&received, &slices.concat(), "what was sent");
    sent.iter().map(|sent| sent.content.len()).collect()
}

#[test]
fn records_are_as_long_as_they_may_be() {
    const FULL: usize = RECORD_CONTENT_MAX;
    for switches in [Switches::all(), Switches::none()] {
        for provider in providers() {
            let mut script = against_client(provider, |builder| builder.switches(switches));
            script.complete();
            let data = pattern(5 * FULL, 3);
            for (len, expected) in [
                (0, vec![]),
                (1, vec![1]),
                (FULL - 1, vec![FULL - 1]),
                (FULL, vec![FULL]),
                (FULL + 1, vec![FULL, 1]),
                (2 * FULL, vec![FULL, FULL]),
                (5 * FULL - 1, vec![FULL, FULL, FULL, FULL, FULL - 1]),
            ] {
                assert_eq!(record_lengths(&mut script, &[&data[..len]]), expected);
            }
            gathered(&mut script, &data);
        }
    }
}

/// Where the slices end is nothing that a record shows.
fn gathered(script: &mut ScriptedServer, data: &[u8]) {
    const FULL: usize = RECORD_CONTENT_MAX;
    let cut = |places: &[usize]| {
        let starts = [0].into_iter().chain(places.iter().copied());
        let ends = places.iter().copied().chain([data.len()]);
        starts.zip(ends).map(|(start, end)| &data[start..end]).collect::<Vec<&[u8]>>()
    };
    for slices in [
        cut(&[1]),
        cut(&[FULL - 1, FULL, FULL + 1]),
        cut(&[0, 0, 5, 5, 3 * FULL, 3 * FULL]),
        cut(&(0..5 * FULL).step_by(999).collect::<Vec<_>>()),
        cut(&(0..3000).collect::<Vec<_>>()),
    ] {
        assert_eq!(record_lengths(script, &slices), [FULL; 5]);
    }
    let empty: [&[u8]; 3] = [&[], &[], &[]];
    assert_eq!(record_lengths(script, &empty), [0; 0]);
    assert_eq!(record_lengths(script, &[]), [0; 0]);
}

/// Application data stops where the buffer's capacity ends; a caller that does not empty it loses nothing.
#[test]
fn the_send_buffer_takes_no_more_than_its_capacity() {
    for capacity in [0, 20_000, 50_000, 100_000] {
        let (mut client, mut server) = pair(providers()[0], |builder| builder, |builder| builder);
        client.output = OutBuf::with_capacity(capacity);
        let data = pattern(300_000, 4);
        let mut rest = &data[..];
        while !rest.is_empty() {
            loop {
                let taken = client.write(rest).unwrap();
                rest = &rest[taken..];
                assert!(client.output.len() <= capacity.max(RECORD_MAX));
                if taken == 0 || rest.is_empty() {
                    break;
                }
            }
            assert_eq!(client.write(rest), Ok(0), "a full buffer takes nothing");
            let bytes = client.drain();
            assert!(!bytes.is_empty());
            server.feed(&bytes).unwrap();
        }
        assert_same_bytes(&server.received, &data, "what came");
    }
}

/// However often a peer asks for answers that it does not read, they take no memory.
#[test]
fn answers_that_nobody_reads_are_bounded() {
    let mut script = server_ready(providers()[0]);
    script.wire.subject.output = OutBuf::with_capacity(0);
    for _ in 0..10_000 {
        let update = script.protect(ContentType::HANDSHAKE, &[&KEY_UPDATE[..], &[1]].concat());
        script.on_own_message(&[&KEY_UPDATE[..], &[1]].concat());
        let data = script.protect(ContentType::APPLICATION_DATA, b"x");
        script.wire.subject.feed(&[update, data].concat()).expect("as often as it likes, with data between");
        assert!(script.wire.subject.output.is_empty());
    }
}

#[test]
fn the_smallest_receive_buffer_holds_the_largest_record() {
    let mut script = server_ready(providers()[0]);
    let record = script.seal(&[&[1; RECORD_CONTENT_MAX][..], &[23]].concat());
    let Peer { connection, output, .. } = &mut script.wire.subject;
    let mut input = InBuf::with_capacity(0);
    assert_eq!(input.put(&record), record.len());
    assert!(
        matches!(connection.read_tls(&mut input, output), Ok(Progress::Data(data)) if data.len() == RECORD_CONTENT_MAX)
    );
    // Padding is stripped, up to as much as fits.
    for (content, padding) in [(0, 5), (1, RECORD_CONTENT_MAX - 1), (RECORD_CONTENT_MAX - 1, 1)] {
        let record = script.seal(&[&vec![1; content][..], &[23], &vec![0; padding]].concat());
        script.send(&record);
        assert_eq!(std::mem::take(&mut script.wire.subject.received).len(), content);
    }
}

/// A key log that keeps what it is told.
#[derive(Default)]
struct Kept(Mutex<Vec<Secret>>);

impl KeyLog for Kept {
    fn log(&self, _: SecretLabel, _: &[u8; 32], secret: &Secret) {
        self.0.lock().unwrap().push(secret.clone());
    }
}

/// Whether `text` shows some bytes of `secret`, in decimal or in hexadecimal.
fn shows(text: &str, secret: &[u8]) -> bool {
    let front = &secret[..4];
    let texts = [
        front.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        front.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
        front.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(", "),
        front.iter().map(|byte| format!("{byte:#04x}")).collect::<Vec<_>>().join(", "),
    ];
    let text = text.to_lowercase();
    texts.iter().any(|shown| text.contains(shown))
}

#[test]
fn nothing_printed_shows_a_secret() {
    assert!(shows("[1, 2, 3, 4]", &[1, 2, 3, 4]) && shows("01020304", &[1, 2, 3, 4]), "the test sees what is shown");
    for provider in providers() {
        let kept = Arc::new(Kept::default());
        let mut script = against_client(provider, |builder| builder.key_log(kept.clone()));
        script.complete();
        let ticket = support::scripted::draft::ticket(7, &[1], b"a ticket", &Default::default());
        script.record(ContentType::HANDSHAKE, &[&[4, 0, 0, ticket.len() as u8][..], &ticket].concat());
        let tickets = script.wire.subject.connection.tickets();
        assert_eq!(tickets.len(), 1);

        let mut secrets = kept.0.lock().unwrap().clone();
        assert_eq!(secrets.len(), 5, "two of the handshake, two of the data, one to export");
        secrets.push(tickets[0].psk.as_ref().clone());
        let suite = provider.suites[0];
        let keys = TrafficSecret::new(suite.hash, secrets[0].clone()).keys(suite.aead);
        let identity = support::pki::Pki::shared_identity(KIND);
        let certified = tls_engine::pki::CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap();
        let printed = [
            format!("{secrets:?} {secrets:#?}"),
            format!("{tickets:?} {tickets:#?}"),
            format!("{keys:?} {keys:#?}"),
            format!("{certified:?} {certified:#?}"),
            format!("{:?}", script.wire.subject.connection.negotiated()),
        ];
        secrets.push(Secret::copy_of(keys.key()));
        secrets.push(Secret::copy_of(keys.iv()));
        // The private scalar of a P-256 key stands behind the header of its PKCS #8 form (RFC 5915 3).
        let private = identity.key.secret_der();
        assert_eq!(private[34..36], [4, 32]);
        secrets.push(Secret::copy_of(&private[36..68]));
        for (text, secret) in printed.iter().flat_map(|text| secrets.iter().map(move |secret| (text, secret))) {
            assert!(!shows(text, secret.as_bytes()), "{text}");
        }
    }
}

/// Buffers of a pool have held other connections' plaintext.
#[test]
fn a_pool_shows_nothing_of_what_its_buffers_held() {
    for kind in BufferPoolKind::ALL {
        let pool = BufferPool::new(kind, PoolOptions { buffer_bytes: RECORD_MAX, free_max: 2 });
        let mut input = InBuf::pooled(&pool, 0);
        input.put(&[0x5e; 1000]);
        let held = format!("{pool:?}");
        drop(input);
        let returned = format!("{pool:?}");
        assert!(!shows(&held, &[0x5e; 4]) && !shows(&returned, &[0x5e; 4]));
    }
}

#[test]
fn a_server_makes_the_same_records() {
    let mut script = server_ready(providers()[0]);
    let data = pattern(RECORD_CONTENT_MAX + 1, 0);
    let lengths: Vec<usize> = sent_by(&mut script, &data).iter().map(|sent| sent.content.len()).collect();
    assert_eq!(lengths, [RECORD_CONTENT_MAX, 1]);
}

#[test]
fn no_record_holds_more_than_the_configuration_allows() {
    const TYPE_AND_TAG: usize = 17;
    let provider = providers()[0];
    for max in [FRAGMENT_MIN, 1000, RECORD_CONTENT_MAX] {
        let mut client =
            Peer::client(&client(provider, KIND, |builder| builder.max_fragment(max)), localhost()).unwrap();
        let mut server = Peer::server(&server(provider, KIND, |builder| builder.max_fragment(max)));
        let mut longest = [0; 24];
        let mut carry = |from: &mut Peer, to: &mut Peer| {
            let bytes = from.drain();
            for record in records(&bytes) {
                let longest = &mut longest[usize::from(record[0])];
                *longest = record.len().max(*longest);
            }
            to.feed(&bytes).unwrap();
        };
        for _ in 0..2 {
            carry(&mut client, &mut server);
            carry(&mut server, &mut client);
        }
        let data = pattern(max + 1, 3);
        for _ in 0..2 {
            assert_eq!(client.write(&data), Ok(data.len()));
            let mut record = vec![0; client.connection.record_bytes(max + 1)];
            let more = client.connection.seal_into(&data, &mut record, &mut client.output);
            assert!(matches!(more, Err(Error::Usage(_))), "{more:?}");
            carry(&mut client, &mut server);
            assert_eq!(server.received, data);
            // Both ends do the same.
            std::mem::swap(&mut client, &mut server);
        }
        assert_eq!(longest[usize::from(ContentType::APPLICATION_DATA.0)], RECORD_HEADER + max + TYPE_AND_TAG);
        assert!(longest[usize::from(ContentType::HANDSHAKE.0)] <= RECORD_HEADER + max);
    }
    for refused in [0, FRAGMENT_MIN - 1, RECORD_CONTENT_MAX + 1] {
        let config = ClientConfig::builder(provider).verifier(ServerVerifier::insecure()).max_fragment(refused).build();
        assert!(matches!(config, Err(Error::Config(_))));
    }
}
