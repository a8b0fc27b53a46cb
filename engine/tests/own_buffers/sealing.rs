use tls_engine::conn::{Aliasing, SealedRecord};

use crate::endpoints::{
    HEADER, LENGTHS, OVERHEAD, UNTOUCHED, buffer_with, ends, every_suite, expected, is_right_copy, noise, share_a_byte,
    shifts,
};

const BUFFER: usize = 56_000;
const RECORD_START: usize = 20_000;

#[test]
fn wherever_the_plaintext_lies_the_peer_gets_it() {
    every_suite(|provider, suite| {
        let (mut client, mut server) = ends(provider, suite);
        let mut seen = [0; 3];
        for len in LENGTHS {
            for shift in shifts(len) {
                let what = format!("{} {suite} {len} {shift}", provider.name);
                let data = noise(len, shift as u64);
                let start = RECORD_START.strict_add_signed(shift + HEADER as isize);
                let mut buffer = buffer_with(BUFFER, &data, start);
                let before = client.connection.sealed();
                let (plaintext, room) = (start..start + len, RECORD_START..RECORD_START + len + OVERHEAD);
                let sealed =
                    client.connection.seal_within(&mut buffer, plaintext.clone(), room.clone(), &mut client.output);
                let SealedRecord { record_bytes, aliasing, copied_bytes } = sealed.expect("a record");
                assert_eq!(record_bytes, client.connection.record_bytes(len), "{what}");
                assert_eq!(aliasing, expected(&plaintext, RECORD_START + HEADER, &room), "{what}");
                assert!(is_right_copy(aliasing, copied_bytes, len), "{what}: {copied_bytes} copied");
                seen[aliasing as usize] += 1;
                let counted = client.connection.sealed().since(before);
                assert_eq!((counted.records, counted.bytes), (1, len as u64), "{what}");
                assert_eq!(counted.in_place_records, u64::from(copied_bytes == 0), "{what}");
                assert_eq!(counted.copied_records, u64::from(copied_bytes > 0), "{what}");
                assert_eq!(counted.copied_bytes, copied_bytes as u64, "{what}");
                for (position, byte) in buffer.iter().enumerate().filter(|(position, _)| !room.contains(position)) {
                    let was = if plaintext.contains(&position) { data[position - start] } else { UNTOUCHED };
                    assert_eq!(*byte, was, "{what}: {position}");
                }
                server.feed(&buffer[room]).expect("a record that opens");
                assert!(std::mem::take(&mut server.received) == data, "{what}");
            }
        }
        assert!(seen.iter().all(|count| *count >= LENGTHS.len()), "{seen:?}");
        assert!(client.output.is_empty());
    });
}

/// The same keys seal the same plaintext to the same bytes, here and on the usual path.
#[test]
fn the_records_are_those_of_the_usual_path() {
    let provider = tls_engine::Provider::by_name("rustcrypto").expect("the provider of the tests");
    for suite in &provider.suites {
        let [mut usual, mut own] = [(); 2].map(|()| crate::endpoints::twin(provider, suite.code));
        for len in LENGTHS {
            for shift in [0, 3, len + OVERHEAD] {
                let data = noise(len, 1);
                assert_eq!(usual.write(&data), Ok(len));
                let start = HEADER + shift;
                let mut buffer = buffer_with(start + len + OVERHEAD, &data, start);
                let sealed =
                    own.connection.seal_within(&mut buffer, start..start + len, 0..len + OVERHEAD, &mut own.output);
                let SealedRecord { record_bytes, aliasing, .. } = sealed.expect("a record");
                assert_eq!(aliasing == Aliasing::InPlace, shift == 0);
                assert!(buffer[..record_bytes] == *usual.drain(), "{} {len} {shift}", suite.code);
                // Two slices.
                assert_eq!(usual.write(&data), Ok(len));
                let mut record = vec![UNTOUCHED; len + OVERHEAD + 1];
                let sealed = own.connection.seal_into(&data, &mut record, &mut own.output).expect("a record");
                assert_eq!((sealed.record_bytes, sealed.aliasing), (len + OVERHEAD, Aliasing::Disjoint));
                assert_eq!(record.pop(), Some(UNTOUCHED), "what is behind the record is not written");
                assert!(record == usual.drain(), "{} {len}", suite.code);
            }
        }
        assert_eq!(own.connection.sealed().bytes, usual.connection.sealed().bytes);
    }
}

#[test]
fn a_key_that_is_spent_is_replaced_before_the_record() {
    every_suite(|provider, suite| {
        let (mut client, mut server) = crate::endpoints::ends_with_limit(provider, suite, 3);
        let data = noise(1000, 1);
        for index in 0..10 {
            let mut record = vec![0; 1000 + OVERHEAD];
            client.connection.seal_into(&data, &mut record, &mut client.output).expect("a record");
            assert_eq!(!client.output.is_empty(), index % 3 == 0 && index > 0, "a KeyUpdate before every fourth");
            server.feed(&client.drain()).expect("a KeyUpdate");
            server.feed(&record).expect("a record under the right key");
        }
        assert!(server.received == data.repeat(10));
        assert_eq!(server.connection.opened().key_updates, 3);
    });
}

#[test]
fn spans_are_told_apart_to_the_byte() {
    assert!(share_a_byte(&(3..5), &(4..9)) && !share_a_byte(&(3..5), &(5..9)));
}
