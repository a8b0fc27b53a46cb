//! Records and their cuts: what a server makes of bytes depends neither on how they come nor on what is switched on, and the data
//! that it takes is what was sealed, in order.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tls_engine::Error;
use tls_engine::codes::ContentType;
use tls_engine::limits::RECORD_CONTENT_MAX;

use crate::Input;
use crate::configs::{Settings, server_config};
use crate::input::{cut, data};
use crate::player::{Client, Player};
use crate::step::decode_change;
use crate::support::peer::Peer;
use crate::support::scripted::Script;
use crate::support::scripted::keys::{Keys, plain_record};
use crate::support::seeded;

/// The input: the settings, whether the records follow a handshake, the lengths of the pieces, and records.
pub fn run(bytes: &[u8]) -> Outcome {
    let mut input = Input::new(bytes);
    let settings = Settings(input.byte());
    let handshake = handshake(settings);
    let mut stream = if input.byte() % 2 == 1 { handshake.bytes.clone() } else { Vec::new() };
    let lens = input.bytes();
    let sealed = append_records(&mut stream, handshake.keys.restarted(), &mut input);
    let whole = received(settings, &[&stream]);
    let pieces = received(settings.switched(), &cut(&stream, lens));
    assert_eq!(whole, pieces);
    assert!(sealed.starts_with(&whole.received), "{} bytes of data, not as they were sealed", whole.received.len());
    whole
}

/// What can be seen of a server.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The data.
    pub received: Vec<u8>,
    /// What was sent.
    pub sent: Vec<u8>,
    /// Whether close_notify has come.
    pub closed: bool,
    /// The error that has ended it.
    pub error: Option<Error>,
}

fn received(settings: Settings, pieces: &[&[u8]]) -> Outcome {
    seeded::rewind();
    let mut server = Peer::server(&server_config(settings));
    let mut sent = Vec::new();
    let mut error = None;
    for piece in pieces {
        error = server.feed(piece).err();
        sent.extend(server.drain());
        if error.is_some() {
            break;
        }
    }
    Outcome { received: server.received, sent, closed: server.closed, error }
}

/// A handshake that can be had again: what the client sends, and its keys behind it.
struct Handshake {
    bytes: Vec<u8>,
    keys: Keys,
}

fn handshake(settings: Settings) -> Rc<Handshake> {
    thread_local! {
        static MADE: RefCell<HashMap<Settings, Rc<Handshake>>> = RefCell::default();
    }
    MADE.with_borrow_mut(|made| {
        let make = || {
            let mut client = Client::start(settings);
            while client.wire().subject.connection.is_handshaking() {
                client.send_right(1 << 14);
                assert_eq!(client.wire().error, None);
            }
            let wire = client.wire();
            Rc::new(Handshake { bytes: wire.bytes_to_subject.clone(), keys: wire.write.take().expect("keys") })
        };
        made.entry(settings).or_insert_with(make).clone()
    })
}

/// Appends the records of a program: right ones, wrong ones, and bytes that are none. Returns the data that was rightly sealed.
fn append_records(stream: &mut Vec<u8>, mut keys: Keys, input: &mut Input<'_>) -> Vec<u8> {
    let mut sealed = Vec::new();
    let mut seal = |keys: &mut Keys, inner: &[u8]| {
        sealed.extend_from_slice(data_of(inner));
        keys.seal(inner)
    };
    let mut last = stream.len();
    while !input.is_empty() && stream.len() < 1 << 17 {
        let begin = stream.len();
        match input.byte() % 9 {
            0 => stream.extend(seal(&mut keys, &[&data(begin, input.number() % 0x4001), &[23][..]].concat())),
            1 => stream.extend(seal(&mut keys, &[input.long_bytes(), &[input.byte()]].concat())),
            2 => stream.extend(seal(&mut keys, input.long_bytes())),
            // As much padding as is wanted, which may be too much (RFC 8446 5.4).
            3 => {
                let inner = [&[input.byte(), 23], &vec![0; input.number() % 0x4200][..]].concat();
                stream.extend(seal(&mut keys, &inner));
            }
            4 => stream.extend(plain_record(ContentType(input.byte()), input.long_bytes())),
            5 => stream.extend_from_slice(input.long_bytes()),
            6 => {
                stream.extend(keys.seal(&[24, 0, 0, 1, input.byte() % 2, 22]));
                keys.update();
            }
            7 => (0..input.byte() % 64).for_each(|_| stream.extend(keys.seal(&[23]))),
            _ => {
                let mut record = stream.split_off(last);
                decode_change(input).apply(&mut record);
                stream.extend(record);
                continue;
            }
        }
        last = begin;
    }
    sealed
}

/// The data that the content, type and padding of a record hold, unless they are too long (RFC 8446 5.4).
fn data_of(inner: &[u8]) -> &[u8] {
    match inner.iter().rposition(|byte| *byte != 0) {
        Some(end) if inner[end] == ContentType::APPLICATION_DATA.0 && inner.len() <= RECORD_CONTENT_MAX + 1 => {
            &inner[..end]
        }
        _ => &[],
    }
}
