//! A client and a server of the engine, and somebody without keys on the wire between them, who changes, drops, repeats and
//! reorders records. Neither takes any data but what the other has sent, each byte once and in order, nor the end of it before
//! the other has closed; and if both come through the handshake they agree about it.

use std::collections::VecDeque;

use tls_engine::Error;

use crate::Input;
use crate::configs::{Settings, client_config, server_config};
use crate::input::data;
use crate::step::decode_change;
use crate::support::localhost;
use crate::support::peer::{Peer, is_over};
use crate::support::scripted::keys::records;
use crate::support::seeded;

/// The longest program, in steps.
const STEPS_MAX: usize = 60;

/// The input: the settings, and steps. Returns how many bytes of data have come through.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let settings = Settings(input.byte());
    seeded::rewind();
    let client = Peer::client(&client_config(settings), localhost()).expect("a ClientHello");
    let server = Peer::server(&server_config(settings));
    // A direction each: what the client sends, and what the server sends.
    let mut ends = [End::new(client), End::new(server)];
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        step(&mut ends, &mut input);
        check(&ends);
    }
    for end in &mut ends {
        if let Some(error) = end.error.clone() {
            is_over(&mut end.peer, &error).expect("an end");
        }
    }
    ends.iter().map(|end| end.peer.received.len()).sum()
}

struct End {
    peer: Peer,
    error: Option<Error>,
    /// The data that it has sent.
    written: Vec<u8>,
    /// Records that it has sent, and that have not arrived.
    in_flight: VecDeque<Vec<u8>>,
    /// A record that has arrived, or was lost.
    past: Vec<u8>,
}

impl End {
    fn new(peer: Peer) -> Self {
        let mut end = Self { peer, error: None, written: Vec::new(), in_flight: VecDeque::new(), past: Vec::new() };
        end.collect();
        end
    }

    fn collect(&mut self) {
        let bytes = self.peer.drain();
        self.in_flight.extend(records(&bytes).into_iter().map(<[u8]>::to_vec));
    }

    fn take(&mut self, bytes: &[u8]) {
        let result = self.peer.feed(bytes);
        assert!(self.error.is_none() || self.error.as_ref() == result.as_ref().err(), "an error is final");
        self.error = result.err();
        self.collect();
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        let record = self.in_flight.pop_front()?;
        self.past.clone_from(&record);
        Some(record)
    }
}

/// A step of somebody on the wire, or of one of the ends.
fn step(ends: &mut [End; 2], input: &mut Input<'_>) {
    let what = input.byte();
    let (mut from, mut to) = ends.split_at_mut(1);
    if what & 0x80 != 0 {
        (from, to) = (to, from);
    }
    let (from, to) = (&mut from[0], &mut to[0]);
    match (what & 0x7f) % 11 {
        0 => {
            for record in std::iter::from_fn(|| from.next()) {
                to.take(&record);
            }
        }
        1 => from.next().iter().for_each(|record| to.take(record)),
        2 => {
            let len = usize::from(input.byte()).max(1);
            from.next().iter().flat_map(|record| record.chunks(len)).for_each(|piece| to.take(piece));
        }
        3 => drop(from.next()),
        4 => to.take(&from.past.clone()),
        5 if from.in_flight.len() > 1 => from.in_flight.swap(0, 1),
        5 => {}
        6 => {
            if let Some(record) = from.in_flight.front_mut() {
                decode_change(input).apply(record);
            }
        }
        7 => to.take(input.long_bytes()),
        8 => {
            let data = data(from.written.len(), input.number() % 0x5000);
            if let Ok(count) = from.peer.write(&data) {
                from.written.extend_from_slice(&data[..count]);
            }
            from.collect();
        }
        // Refused before the handshake is done.
        9 => {
            drop(from.peer.update_keys(input.byte() % 2 == 1));
            from.collect();
        }
        _ => {
            from.peer.close();
            from.error = from.peer.feed(&[]).err();
            from.collect();
        }
    }
}

fn check(ends: &[End; 2]) {
    for (end, other) in [(&ends[0], &ends[1]), (&ends[1], &ends[0])] {
        assert!(other.written.starts_with(&end.peer.received), "data that the other end has not sent");
        assert!(!end.peer.closed || end.peer.received == other.written, "an end before the end of the data");
        assert!(!end.peer.closed || other.peer.connection.has_sent_close(), "an end that nobody has sent");
        assert!(end.error.is_none() || !end.peer.connection.is_ready());
    }
    let negotiated = ends.each_ref().map(|end| end.peer.connection.negotiated());
    if let [Some(client), Some(server)] = negotiated {
        assert_eq!(client, server);
    }
}
