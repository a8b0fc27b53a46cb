//! Cuts that a transport makes.

use proptest::prelude::*;
use tls_engine::switches::Switches;

use crate::recording::{Cut, Play, Recording};
use crate::support::jobs::{at_once_and_pausing, pausing};
use crate::support::scripted::keys::records;

fn both(recording: &Recording, cut: Cut<'_>) {
    recording.replay_client(cut);
    recording.replay_server(cut);
}

fn at(places: &[usize], bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for place in places {
        let place = (*place).clamp(start, bytes.len());
        parts.push(bytes[start..place].to_vec());
        start = place;
    }
    parts.push(bytes[start..].to_vec());
    parts
}

fn plays() -> impl Iterator<Item = Play> {
    [Play::short, Play::long, Play::certified].into_iter().flat_map(|play| [false, true].map(play))
}

#[test]
fn in_one_piece() {
    at_once_and_pausing(|| {
        for play in plays() {
            both(&play.record(), &|bytes| vec![bytes.to_vec()]);
        }
    });
}

#[test]
fn one_byte_at_a_time() {
    at_once_and_pausing(|| {
        for play in plays() {
            both(&play.record(), &|bytes| bytes.iter().map(|byte| vec![*byte]).collect());
        }
    });
}

#[test]
fn record_by_record() {
    for play in plays() {
        both(&play.record(), &|bytes| records(bytes).into_iter().map(<[u8]>::to_vec).collect());
    }
}

#[test]
fn at_every_byte() {
    at_once_and_pausing(|| {
        for play in [Play::short(false), Play::short(true), Play::certified(false)] {
            let recording = play.record();
            for place in 0..=recording.server.sent.len() {
                recording.replay_client(&|bytes| at(&[place], bytes));
            }
            for place in 0..=recording.client.sent.len() {
                recording.replay_server(&|bytes| at(&[place], bytes));
            }
        }
    });
}

/// A client that pauses in the middle of the server's flight sends the same bytes as one that does not. A server that does sends the
/// same messages in more records.
#[test]
fn where_jobs_are_done_elsewhere() {
    for retry in [false, true] {
        let at_once = Play::short(retry).record();
        pausing(|| {
            for place in 0..=at_once.server.sent.len() {
                at_once.replay_client(&|bytes| at(&[place], bytes));
            }
        });
        let paused = pausing(|| Play::short(retry).record());
        assert!(paused.client.sent == at_once.client.sent && paused.server.received == at_once.server.received);
        assert_eq!(paused.server.negotiated, at_once.server.negotiated);
        let record_count = |recording: &Recording| records(&recording.server.sent).len();
        assert_eq!(record_count(&paused), record_count(&at_once) + 1, "what goes before the signature has its own");
    }
}

/// Hellos with shares of a hybrid, in several records each.
#[test]
fn at_every_byte_of_long_hellos() {
    for retry in [false, true] {
        let recording = Play::hybrid(retry).record();
        let hello_records = |bytes: &[u8]| records(bytes).iter().take_while(|record| record[0] == 22).count();
        let counts = [&recording.client, &recording.server].map(|end| hello_records(&end.sent));
        // A client that is asked for another share sends a short hello first, and ChangeCipherSpec.
        assert!(counts[0] >= if retry { 1 } else { 3 } && counts[1] >= if retry { 1 } else { 3 }, "{counts:?}");
        for place in 0..=recording.server.sent.len() {
            recording.replay_client(&|bytes| at(&[place], bytes));
        }
        for place in 0..=recording.client.sent.len() {
            recording.replay_server(&|bytes| at(&[place], bytes));
        }
    }
}

/// Where the records are long, only the cuts near their borders, and some amid them, tell something new.
#[test]
fn around_the_borders_of_long_records() {
    let recording = Play::long(true).record();
    let places = |bytes: &[u8]| {
        let mut border = 0;
        let mut places = Vec::new();
        for record in records(bytes) {
            places.extend((border..border + 8).chain([border + record.len() / 2]));
            border += record.len();
            places.extend(border.saturating_sub(3)..border);
        }
        places.retain(|place| *place < bytes.len());
        places
    };
    for place in places(&recording.server.sent) {
        recording.replay_client(&|bytes| at(&[place], bytes));
    }
    for place in places(&recording.client.sent) {
        recording.replay_server(&|bytes| at(&[place], bytes));
    }
}

/// The switches change how it is done, and nothing of what is done but the copies.
#[test]
fn with_every_switch() {
    for retry in [false, true] {
        let with = |switches| Play { switches, ..Play::long(retry) }.record();
        let (all, none) = (with(Switches::all()), with(Switches::none()));
        for (fast, plain) in [(&all.client, &none.client), (&all.server, &none.server)] {
            assert!(fast.sent == plain.sent && fast.received == plain.received);
            assert_eq!(fast.negotiated, plain.negotiated);
            assert!(fast.opened.copied_bytes == 0 && plain.opened.copied_bytes == plain.opened.bytes);
        }
        both(&none, &|bytes| bytes.chunks(1000).map(<[u8]>::to_vec).collect());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_random_places(
        retry in any::<bool>(),
        long in any::<bool>(),
        asks in any::<bool>(),
        plain in any::<bool>(),
        mut places in prop::collection::vec(0usize..200_000, 0..60),
        near in prop::collection::vec(0usize..3_000, 0..40),
    ) {
        let mut play = if long { Play::long(retry) } else { Play::short(retry) };
        play.asks = asks;
        if plain {
            play.switches = Switches::none();
        }
        places.extend(near);
        places.sort_unstable();
        both(&play.record(), &|bytes| at(&places, bytes));
    }
}
