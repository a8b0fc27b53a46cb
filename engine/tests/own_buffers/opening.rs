use tls_engine::Error;
use tls_engine::codes::AlertDescription;
use tls_engine::conn::{Aliasing, OpenedRecord};

use crate::endpoints::{
    HEADER, LENGTHS, OVERHEAD, UNTOUCHED, buffer_with, ends, every_suite, expected, holds_some_of, is_right_copy,
    noise, shifts,
};
use crate::support::peer::{Peer, is_over};

const BUFFER: usize = 56_000;
const RECORD_START: usize = 20_000;
/// Behind the content of a record: its type.
const TYPE: usize = 1;

#[test]
fn wherever_the_destination_lies_it_gets_the_data() {
    every_suite(|provider, suite| {
        let (mut client, mut server) = ends(provider, suite);
        let mut seen = [0; 3];
        for len in LENGTHS {
            for shift in shifts(len) {
                let what = format!("{} {suite} {len} {shift}", provider.name);
                let data = noise(len, shift as u64);
                let mut buffer = sealed_at(&mut client, &data);
                let start = RECORD_START.strict_add_signed(shift + HEADER as isize);
                let received = RECORD_START..RECORD_START + len + OVERHEAD;
                let body = received.start + HEADER..received.end;
                let destination = start..start + len + TYPE;
                assert_eq!(server.connection.opening_bytes(&buffer[received.clone()]), destination.len());
                let original = buffer.clone();
                let before = server.connection.opened();
                let opened = server.connection.open_within(
                    &mut buffer,
                    received.clone(),
                    destination.clone(),
                    &mut server.output,
                );
                let Ok(OpenedRecord::Data { record_bytes, data_bytes, aliasing, copied_bytes }) = opened else {
                    panic!("{what}: {opened:?}");
                };
                assert_eq!((record_bytes, data_bytes), (received.len(), len), "{what}");
                assert_eq!(aliasing, expected(&body, start, &destination), "{what}");
                assert!(
                    is_right_copy(aliasing, copied_bytes, len + TYPE) || copied_bytes == len,
                    "{what}: {copied_bytes}"
                );
                seen[aliasing as usize] += 1;
                let counted = server.connection.opened().since(before);
                assert_eq!((counted.records, counted.bytes), (1, len as u64), "{what}");
                assert_eq!([counted.in_place_records, counted.copied_records].iter().sum::<u64>(), 1, "{what}");
                assert_eq!(counted.copied_bytes, copied_bytes as u64, "{what}");
                assert!(buffer[start..start + len] == data, "{what}");
                for position in (0..BUFFER).filter(|position| !(start..start + len).contains(position)) {
                    match aliasing {
                        // Nothing of the data is left where the record was.
                        Aliasing::Overlapping if body.contains(&position) => assert_eq!(buffer[position], 0, "{what}"),
                        _ if destination.contains(&position) => {}
                        Aliasing::InPlace if body.contains(&position) => {}
                        _ => assert_eq!(buffer[position], original[position], "{what}: {position}"),
                    }
                }
            }
        }
        assert!(seen.iter().all(|count| *count >= LENGTHS.len()), "{seen:?}");
    });
}

#[test]
fn two_slices_do_the_same() {
    every_suite(|provider, suite| {
        let (mut client, mut server) = ends(provider, suite);
        for len in LENGTHS {
            let data = noise(len, 2);
            assert_eq!(client.write(&data), Ok(len));
            let record = client.drain();
            let mut room = vec![UNTOUCHED; len + TYPE + 3];
            let opened = server.connection.open_into(&record, &mut room, &mut server.output);
            let Ok(OpenedRecord::Data { record_bytes, data_bytes, aliasing: Aliasing::Disjoint, .. }) = opened else {
                panic!("{} {suite} {len}: {opened:?}", provider.name);
            };
            assert_eq!((record_bytes, data_bytes), (record.len(), len));
            assert!(room[..len] == data && room[len + TYPE..] == [UNTOUCHED; 3]);
        }
    });
}

/// The record is in the buffer, changed in one place; nothing of the plaintext may be anywhere in it afterwards.
#[test]
fn a_record_that_was_tampered_with_leaves_no_plaintext() {
    every_suite(|provider, suite| {
        for len in [17, 5000] {
            for shift in [0, 1, -16, 7000] {
                // The first byte of the ciphertext, that of the type, and the last of the tag.
                for place in [0, len, len + 16] {
                    let what = format!("{} {suite} {len} {shift} {place}", provider.name);
                    let (mut client, mut server) = ends(provider, suite);
                    let data = noise(len, 3);
                    let mut buffer = sealed_at(&mut client, &data);
                    buffer[RECORD_START + HEADER + place] ^= 0x10;
                    let before = buffer.clone();
                    let start = RECORD_START.strict_add_signed(shift + HEADER as isize);
                    let opened = server.connection.open_within(
                        &mut buffer,
                        RECORD_START..RECORD_START + len + OVERHEAD,
                        start..start + len + TYPE,
                        &mut server.output,
                    );
                    assert_eq!(opened, Err(Error::BadRecordMac), "{what}");
                    assert!(!holds_some_of(&buffer, &data), "{what}");
                    // Where it overlaps, the data would have been moved only after it was authenticated.
                    let is_moved_last = shift != 0 && shift < 5000;
                    let is_left = |at: usize| buffer[at] == 0 || (is_moved_last && buffer[at] == before[at]);
                    assert!((start..start + len + TYPE).all(is_left), "{what}");
                    check_over(client, server, &what);
                }
            }
        }
    });
}

#[test]
fn a_slice_gets_nothing_of_a_record_that_was_tampered_with() {
    every_suite(|provider, suite| {
        for len in [17, 5000] {
            let (mut client, mut server) = ends(provider, suite);
            let data = noise(len, 4);
            assert_eq!(client.write(&data), Ok(len));
            let mut record = client.drain();
            *record.last_mut().expect("a tag") ^= 1;
            let mut room = vec![UNTOUCHED; len + TYPE];
            let opened = server.connection.open_into(&record, &mut room, &mut server.output);
            assert_eq!(opened, Err(Error::BadRecordMac));
            assert!(room.iter().all(|byte| *byte == 0));
            check_over(client, server, "two slices");
        }
    });
}

/// The alert reaches the peer, and nothing else happens.
fn check_over(mut client: Peer, mut server: Peer, what: &str) {
    let alert = client.feed(&server.drain());
    assert_eq!(alert, Err(Error::PeerAlert(AlertDescription::BAD_RECORD_MAC)), "{what}");
    is_over(&mut server, &Error::BadRecordMac).unwrap_or_else(|reason| panic!("{what}: {reason}"));
    let mut buffer = [0; 100];
    let again = server.connection.open_within(&mut buffer, 0..50, 50..100, &mut server.output);
    assert_eq!(again, Err(Error::BadRecordMac), "{what}");
}

/// A buffer with a record of `data` in its middle.
fn sealed_at(client: &mut Peer, data: &[u8]) -> Vec<u8> {
    assert_eq!(client.write(data), Ok(data.len()));
    buffer_with(BUFFER, &client.drain(), RECORD_START)
}
