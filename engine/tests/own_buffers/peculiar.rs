//! Records that are not simply data: what comes of each is the same as on the usual path, for every aliasing.

use tls_engine::Error;
use tls_engine::conn::OpenedRecord;
use tls_engine::crypto::Provider;

use crate::endpoints::{HEADER, noise};
use crate::support::providers;
use crate::support::scripted::Script;
use crate::support::scripted::states;

/// What came of a record.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    result: Result<(), Error>,
    data: Vec<u8>,
    closed: bool,
    /// Bytes to send because of it, by their number: no two connections have the same keys.
    answer_bytes: usize,
}

/// A record by what is in it, sealed or not.
enum Made {
    /// Content, type and padding.
    Inner(Vec<u8>),
    /// As it is on the wire.
    Raw(Vec<u8>),
}

fn cases() -> Vec<(&'static str, Made)> {
    let data = noise(500, 1);
    let inner = |parts: &[&[u8]]| Made::Inner(parts.concat());
    let raw = |content_type: u8, len: u16, body: &[u8]| {
        let [high, low] = len.to_be_bytes();
        Made::Raw([&[content_type, 3, 3, high, low], body].concat())
    };
    vec![
        ("data", inner(&[&data, &[23]])),
        ("data with padding", inner(&[&data, &[23], &[0; 300]])),
        ("data with all padding that fits", inner(&[&data, &[23], &vec![0; 16_384 - 500]])),
        ("no data", inner(&[&[23]])),
        ("no data with padding", inner(&[&[23], &[0; 50]])),
        ("nothing but padding", inner(&[&[0; 50]])),
        ("nothing at all", inner(&[])),
        ("too long by one", inner(&[&vec![1; 16_385], &[23]])),
        ("of an unknown type", inner(&[&data, &[99]])),
        ("ChangeCipherSpec, encrypted", inner(&[&[1, 20]])),
        ("close_notify", inner(&[&[1, 0, 21], &[0; 20]])),
        ("user_canceled", inner(&[&[1, 90, 21]])),
        ("a fatal alert", inner(&[&[2, 40, 21]])),
        ("an alert without content", inner(&[&[21]])),
        ("KeyUpdate with a request", inner(&[&[24, 0, 0, 1, 1, 22]])),
        ("KeyUpdate and something behind it", inner(&[&[24, 0, 0, 1, 1, 24, 22]])),
        ("the front of a message", inner(&[&[24, 0, 0, 22]])),
        ("a ClientHello", inner(&[&[1, 0, 0, 2, 3, 3, 22]])),
        ("too short for a tag", raw(23, 15, &[7; 15])),
        ("empty", raw(23, 0, &[])),
        ("a handshake message in the clear", raw(22, 5, &[24, 0, 0, 1, 0])),
        ("an alert in the clear", raw(21, 2, &[1, 0])),
        ("ChangeCipherSpec", raw(20, 1, &[1])),
        ("longer than allowed", raw(23, 0x4101, &[])),
        ("no record", raw(80, 20, &[7; 20])),
        ("not whole", raw(23, 100, &[7; 99])),
    ]
}

fn made(peer: &mut impl Script, made: &Made) -> Vec<u8> {
    match made {
        Made::Inner(inner) => peer.seal(inner),
        Made::Raw(bytes) => bytes.clone(),
    }
}

fn usual(provider: &'static Provider, record: &Made) -> Outcome {
    let mut peer = states::server_ready(provider);
    let bytes = made(&mut peer, record);
    let subject = &mut peer.wire().subject;
    subject.drain();
    let result = subject.feed(&bytes);
    let answer_bytes = subject.drain().len();
    Outcome { result, data: std::mem::take(&mut subject.received), closed: subject.closed, answer_bytes }
}

/// `shift` is that of the destination against where it would be in place; without one it is another slice.
fn own(provider: &'static Provider, record: &Made, shift: Option<usize>) -> Outcome {
    let mut peer = states::server_ready(provider);
    let bytes = made(&mut peer, record);
    let subject = &mut peer.wire().subject;
    subject.drain();
    let room = subject.connection.opening_bytes(&bytes);
    let (data_at, mut buffer, opened);
    if let Some(shift) = shift {
        data_at = HEADER + shift;
        buffer = bytes.clone();
        buffer.resize(bytes.len().max(data_at + room), 0);
        let destination = data_at..data_at + room;
        opened = subject.connection.open_within(&mut buffer, 0..bytes.len(), destination, &mut subject.output);
    } else {
        data_at = 0;
        buffer = vec![0; room];
        opened = subject.connection.open_into(&bytes, &mut buffer, &mut subject.output);
    }
    let (mut data, mut closed) = (Vec::new(), false);
    match &opened {
        Ok(OpenedRecord::Data { record_bytes, data_bytes, .. }) => {
            assert_eq!(*record_bytes, bytes.len());
            data = buffer[data_at..data_at + data_bytes].to_vec();
        }
        Ok(OpenedRecord::Closed { record_bytes }) => {
            assert_eq!(*record_bytes, bytes.len());
            closed = true;
        }
        Ok(OpenedRecord::Advanced { record_bytes }) => assert_eq!(*record_bytes, bytes.len()),
        Ok(OpenedRecord::NeedInput | OpenedRecord::Paused) | Err(_) => {}
    }
    Outcome { result: opened.map(|_| ()), data, closed, answer_bytes: subject.drain().len() }
}

#[test]
fn every_peculiar_record_ends_as_it_does_on_the_usual_path() {
    let mut errors = 0;
    for provider in providers() {
        for (name, record) in cases() {
            let expected = usual(provider, &record);
            errors += usize::from(expected.result.is_err());
            for shift in [Some(0), Some(3), Some(20_000), None] {
                assert_eq!(own(provider, &record, shift), expected, "{}: {name}, {shift:?}", provider.name);
            }
        }
    }
    assert!(errors >= 10 * providers().len(), "only {errors} of them are errors");
}
