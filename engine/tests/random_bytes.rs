//! Bytes that mean nothing, and messages that are nearly right, in every state of both roles: no panic, no output beyond
//! what was asked for, and an end that is an end.

mod support;

use proptest::prelude::*;
use support::change::{Change, settle_length};
use support::peer::{Peer, is_over};
use support::scripted::Script;
use support::scripted::client::ScriptedClient;
use support::scripted::keys::plain_record;
use support::scripted::server::ScriptedServer;
use support::scripted::states;
use support::seeded::{self, CLIENT, SCRIPT, SERVER, stopped_clock};
use tls_engine::Error;
use tls_engine::codes::{ContentType, HandshakeType, NamedGroup};
use tls_engine::crypto::Provider;

const SERVER_STATES: [fn(&'static Provider) -> ScriptedClient; 5] = [
    states::server_start,
    states::server_retried,
    states::server_retried_with_cookie,
    states::server_finished,
    states::server_ready,
];

const CLIENT_STATES: [fn(&'static Provider) -> ScriptedServer; 7] = [
    states::client_start,
    states::client_retried,
    states::client_extensions,
    states::client_certificate,
    states::client_certificate_verify,
    states::client_finished,
    states::client_ready,
];

/// What the longest flight takes, bytes: a server's, with two certificates.
const FLIGHT_BYTES: usize = 8192;
/// What a record can be answered with besides: a KeyUpdate, encrypted.
const ANSWER_BYTES: usize = 32;

/// Something sent.
#[derive(Clone, Debug)]
enum Step {
    /// As it is.
    Raw(Vec<u8>),
    /// In a record in the clear.
    Plain(u8, Vec<u8>),
    /// In a record as the state has them, encrypted where there are keys.
    Record(u8, Vec<u8>),
    /// Encrypted, without a type added.
    Inner(Vec<u8>),
    /// As the body of a handshake message.
    Message(u8, Vec<u8>),
    /// The message that the state waits for, changed.
    Changed(Vec<Change>),
}

fn change() -> impl Strategy<Value = Change> {
    // Most of what decides stands at the front.
    let place = prop_oneof![0usize..64, 0usize..2000];
    let count = 1usize..40;
    prop_oneof![
        (place.clone(), any::<u8>()).prop_map(|(place, byte)| Change::Set(place, byte)),
        (place.clone(), any::<u8>()).prop_map(|(place, bit)| Change::Flip(place, bit)),
        (place.clone(), bytes(20)).prop_map(|(place, more)| Change::Insert(place, more)),
        (place.clone(), count.clone()).prop_map(|(place, count)| Change::Remove(place, count)),
        (place.clone(), count).prop_map(|(place, count)| Change::Repeat(place, count)),
        place.prop_map(Change::Cut),
    ]
}

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..max)
}

fn step() -> impl Strategy<Value = Step> {
    let content_type = prop_oneof![4 => 20u8..=23, 1 => any::<u8>()];
    let message_type =
        prop_oneof![8 => prop::sample::select(vec![1u8, 2, 4, 5, 8, 11, 13, 15, 20, 24]), 1 => any::<u8>()];
    prop_oneof![
        1 => bytes(300).prop_map(Step::Raw),
        1 => (content_type.clone(), bytes(300)).prop_map(|(kind, content)| Step::Plain(kind, content)),
        3 => (content_type, bytes(300)).prop_map(|(kind, content)| Step::Record(kind, content)),
        1 => bytes(300).prop_map(Step::Inner),
        3 => (message_type, bytes(300)).prop_map(|(kind, body)| Step::Message(kind, body)),
        6 => prop::collection::vec(change(), 0..4).prop_map(Step::Changed),
    ]
}

/// The bytes of `step`. `right` is what the state waits for.
fn encode<P: Script>(peer: &mut P, step: &Step, right: &[u8]) -> Vec<u8> {
    match step {
        Step::Raw(bytes) => bytes.clone(),
        Step::Plain(kind, content) => plain_record(ContentType(*kind), content),
        Step::Record(kind, content) => peer.protect(ContentType(*kind), content),
        Step::Inner(inner) if peer.wire().write.is_some() => peer.seal(inner),
        Step::Inner(inner) => plain_record(ContentType::APPLICATION_DATA, inner),
        Step::Message(kind, body) => {
            let message = support::scripted::draft::message(HandshakeType(*kind), body);
            peer.protect(ContentType::HANDSHAKE, &message)
        }
        Step::Changed(changes) => {
            let mut message = right.to_vec();
            changes.iter().for_each(|change| change.apply(&mut message));
            // Half of the time with a length that is right again.
            if changes.len() % 2 == 1 {
                settle_length(&mut message);
            }
            message.truncate(1 << 14);
            peer.protect(ContentType::HANDSHAKE, &message)
        }
    }
}

/// Sends all steps to the subject of `peer`, whose answers nobody reads.
fn run<P: Script>(mut peer: P, steps: &[Step], right: &[u8]) -> Result<(), TestCaseError> {
    let mut error = None;
    for (number, step) in steps.iter().enumerate() {
        let bytes = encode(&mut peer, step, right);
        let subject = &mut peer.wire().subject;
        let result = subject.feed(&bytes);
        // At most 300 bytes are at most 60 records.
        let bound = FLIGHT_BYTES + (number + 1) * 60 * ANSWER_BYTES;
        prop_assert!(subject.output.len() <= bound, "{} bytes of output", subject.output.len());
        match (&error, result) {
            (None, Err(first)) => error = Some(first),
            (None, Ok(())) => {}
            (Some(first), result) => prop_assert_eq!(result.as_ref().err(), Some(first)),
        }
    }
    let subject = &mut peer.wire().subject;
    let Some(error) = error else { return Ok(()) };
    ends_with_one_alert(subject, &error)?;
    is_over(subject, &error).map_err(TestCaseError::fail)
}

/// The last record sent is an alert where one is owed: 2 bytes in the clear, or 19 encrypted.
fn ends_with_one_alert(subject: &mut Peer, error: &Error) -> Result<(), TestCaseError> {
    let output = subject.drain();
    let Some(alert) = error.alert() else { return Ok(()) };
    let records = support::scripted::keys::records(&output);
    let last = records.last().copied().unwrap_or_default();
    let clear = last == [&[21, 3, 3, 0, 2, 2][..], &[alert.0]].concat();
    let encrypted = last.len() == 5 + 2 + 1 + 16 && last[0] == 23;
    prop_assert!(clear || encrypted, "{:?} without an alert: {:02x?}", error, last);
    let clear_alerts = records.iter().filter(|record| record[0] == 21).count();
    prop_assert_eq!(clear_alerts, usize::from(clear));
    Ok(())
}

/// What a server in one of its states waits for.
fn right_for_server(client: &mut ScriptedClient, state: usize) -> Vec<u8> {
    match state {
        0 => client.hello.encode(),
        1 | 2 => {
            client.prepare_second_hello(NamedGroup::SECP256R1);
            client.hello.encode()
        }
        3 => client.finished(),
        _ => vec![24, 0, 0, 1, 1],
    }
}

/// What a client in one of its states waits for.
fn right_for_client(server: &mut ScriptedServer, state: usize) -> Vec<u8> {
    match state {
        0 => server.hello(NamedGroup::X25519).encode(),
        1 => server.hello(NamedGroup::SECP256R1).encode(),
        2 => server.encrypted_extensions(),
        3 => server.certificate(),
        4 => server.certificate_verify(),
        5 => server.finished(),
        _ => {
            let body = support::scripted::draft::ticket(7, &[1], b"a ticket", &Default::default());
            support::scripted::draft::message(HandshakeType::NEW_SESSION_TICKET, &body)
        }
    }
}

/// More cases than usual, as each is short.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: 4 * usual.cases, failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn to_a_server(state in 0..SERVER_STATES.len(), steps in prop::collection::vec(step(), 1..8)) {
        let mut client = SERVER_STATES[state](Provider::all()[0]);
        let right = right_for_server(&mut client, state);
        run(client, &steps, &right)?;
    }

    #[test]
    fn to_a_client(state in 0..CLIENT_STATES.len(), steps in prop::collection::vec(step(), 1..8)) {
        let mut server = CLIENT_STATES[state](Provider::all()[0]);
        let right = right_for_client(&mut server, state);
        run(server, &steps, &right)?;
    }

    /// A message that the state waits for, with one change: what is near to right goes deepest.
    #[test]
    fn nearly_right(state in 0..SERVER_STATES.len() + CLIENT_STATES.len(), change in change()) {
        let steps = [Step::Changed(vec![change])];
        if let Some(state) = state.checked_sub(SERVER_STATES.len()) {
            let mut server = CLIENT_STATES[state](Provider::all()[0]);
            let right = right_for_client(&mut server, state);
            run(server, &steps, &right)?;
        } else {
            let mut client = SERVER_STATES[state](Provider::all()[0]);
            let right = right_for_server(&mut client, state);
            run(client, &steps, &right)?;
        }
    }

    /// A whole conversation, which can be had again, with changes anywhere on the wire.
    #[test]
    fn a_conversation_that_is_tampered_with(
        to_client in any::<bool>(),
        changes in prop::collection::vec(change(), 1..5),
        chunk in 1usize..400,
    ) {
        let (mut subject, mut bytes) = if to_client { client_conversation() } else { server_conversation() };
        changes.iter().for_each(|change| change.apply(&mut bytes));
        let mut error = None;
        for chunk in bytes.chunks(chunk) {
            if let Err(first) = subject.feed(chunk) {
                error = Some(first);
                break;
            }
        }
        prop_assert!(subject.output.len() <= 2 * FLIGHT_BYTES);
        if let Some(error) = error {
            ends_with_one_alert(&mut subject, &error)?;
            is_over(&mut subject, &error).map_err(TestCaseError::fail)?;
        }
    }
}

const KIND: support::pki::KeyKind = support::pki::KeyKind::Ed25519;

fn exact_provider() -> &'static Provider {
    Provider::by_name("rustcrypto").expect("the provider of the tests")
}

/// A fresh client, and the bytes that it takes in a whole conversation.
fn client_conversation() -> (Peer, Vec<u8>) {
    let config = support::client(exact_provider(), KIND, |builder| builder.random(&CLIENT).clock(stopped_clock()));
    seeded::rewind();
    let mut script = ScriptedServer::new(exact_provider(), &config, support::pki::Pki::shared_identity(KIND));
    script.random = &SCRIPT;
    script.complete();
    finish(&mut script);
    seeded::rewind();
    (Peer::client(&config, support::localhost()).expect("a client"), script.wire.bytes_to_subject)
}

/// A fresh server, and the bytes that it takes in a whole conversation.
fn server_conversation() -> (Peer, Vec<u8>) {
    let config = support::server(exact_provider(), KIND, |builder| builder.random(&SERVER).clock(stopped_clock()));
    seeded::rewind();
    let mut script = ScriptedClient::new(exact_provider(), &config, NamedGroup::X25519);
    script.complete();
    finish(&mut script);
    seeded::rewind();
    (Peer::server(&config), script.wire.bytes_to_subject)
}

fn finish<P: Script>(script: &mut P) {
    script.data(&[7; 500]);
    script.key_update(1);
    script.data(&[8; 300]);
    script.record(ContentType::ALERT, &[1, 0]);
    assert_eq!(script.wire().error, None);
}

/// The conversations are taken as they are, or changes to them would prove little.
#[test]
fn the_conversations_are_right() {
    for (mut subject, bytes) in [client_conversation(), server_conversation()] {
        subject.feed(&bytes).unwrap();
        assert!(subject.closed && subject.received.len() == 800);
    }
}
