//! What a caller gets wrong is told, changes nothing, and can be put right.

use std::ops::Range;

use tls_engine::Error;
use tls_engine::conn::{Connection, OpenedRecord};
use tls_engine::mem::OutBuf;

use crate::endpoints::{HEADER, OVERHEAD, UNTOUCHED, buffer_with, ends, every_suite, noise};
use crate::support::pki::KeyKind;
use crate::support::{client, localhost, providers};

const LEN: usize = 1000;

#[test]
fn a_destination_that_is_too_short_is_told_by_how_much() {
    every_suite(|provider, suite| {
        let (mut client, mut server) = ends(provider, suite);
        let data = noise(LEN, 1);
        let needed_bytes = LEN + OVERHEAD;
        for got_bytes in [0, HEADER, needed_bytes - 1] {
            let mut buffer = buffer_with(4 * LEN, &data, 2 * LEN);
            let original = buffer.clone();
            let (connection, output) = (&mut client.connection, &mut client.output);
            let expected = Err(Error::BufferTooSmall { needed_bytes, got_bytes });
            assert_eq!(connection.seal_within(&mut buffer, 2 * LEN..3 * LEN, 0..got_bytes, output), expected);
            assert_eq!(connection.seal_into(&data, &mut buffer[..got_bytes], output), expected);
            assert!(buffer == original && output.is_empty());
        }
        assert_eq!(client.connection.sealed().bytes, 0);

        // The same record can still be sealed, and opened after two destinations that are too short.
        let mut buffer = vec![UNTOUCHED; 4 * LEN];
        let sealed = client.connection.seal_into(&data, &mut buffer, &mut client.output).expect("a record");
        let received = 0..sealed.record_bytes;
        let needed_bytes = server.connection.opening_bytes(&buffer);
        assert_eq!(needed_bytes, LEN + 1);
        let original = buffer.clone();
        for got_bytes in [0, needed_bytes - 1] {
            let expected = Err(Error::BufferTooSmall { needed_bytes, got_bytes });
            let (connection, output) = (&mut server.connection, &mut server.output);
            for start in [2 * LEN, HEADER, 0] {
                let destination = start..start + got_bytes;
                assert_eq!(connection.open_within(&mut buffer, received.clone(), destination, output), expected);
            }
            let mut room = vec![UNTOUCHED; got_bytes];
            assert_eq!(connection.open_into(&buffer[received.clone()], &mut room, output), expected);
            assert!(buffer == original && room.iter().all(|byte| *byte == UNTOUCHED) && output.is_empty());
        }
        assert_eq!(server.connection.opened().bytes, 0);
        let opened = server.connection.open_within(&mut buffer, received, 2 * LEN..4 * LEN, &mut server.output);
        assert!(matches!(opened, Ok(OpenedRecord::Data { data_bytes: LEN, .. })), "{opened:?}");
        assert!(buffer[2 * LEN..3 * LEN] == data);
    });
}

#[test]
fn spans_outside_of_the_buffer_and_more_than_a_record_are_refused() {
    let provider = providers()[0];
    let (mut client, mut server) = ends(provider, provider.suites[0].code);
    let mut buffer = vec![UNTOUCHED; 100];
    let inside = 0..50;
    // The last is one that ends before it starts, made from parts as a caller might.
    let outside: [Range<usize>; 4] = [50..101, 101..102, usize::MAX - 1..usize::MAX, Range { start: 7, end: 3 }];
    for outside in outside {
        for (source, destination) in [(inside.clone(), outside.clone()), (outside.clone(), inside.clone())] {
            let sealed =
                client.connection.seal_within(&mut buffer, source.clone(), destination.clone(), &mut client.output);
            assert!(matches!(sealed, Err(Error::Usage(_))), "{source:?} {destination:?}: {sealed:?}");
            let opened =
                server.connection.open_within(&mut buffer, source.clone(), destination.clone(), &mut server.output);
            assert!(matches!(opened, Err(Error::Usage(_))), "{source:?} {destination:?}: {opened:?}");
        }
    }
    let (data, mut record) = (noise(16_385, 1), vec![UNTOUCHED; 20_000]);
    let sealed = client.connection.seal_into(&data, &mut record, &mut client.output);
    assert!(matches!(sealed, Err(Error::Usage(_))), "{sealed:?}");
    assert!(record.iter().chain(&buffer).all(|byte| *byte == UNTOUCHED));
    assert!(client.connection.is_ready() && server.connection.is_ready(), "nothing of this ends a connection");
    assert!(client.output.is_empty() && server.output.is_empty());
}

#[test]
fn nothing_is_sealed_of_nothing_before_the_handshake_and_after_the_end() {
    let provider = providers()[0];
    let mut record = [UNTOUCHED; 100];
    let config = client(provider, KeyKind::EcdsaP256, |config| config);
    let mut output = OutBuf::with_capacity(0);
    let mut early = Connection::client(&config, localhost(), &mut output).expect("a client");
    assert!(matches!(early.seal_into(&[1], &mut record, &mut output), Err(Error::Usage(_))));

    let (mut client, _) = ends(provider, provider.suites[0].code);
    let sealed = client.connection.seal_into(&[], &mut record, &mut client.output).expect("nothing");
    assert_eq!((sealed.record_bytes, client.connection.sealed().bytes), (0, 0));
    client.close();
    assert!(matches!(client.connection.seal_into(&[1], &mut record, &mut client.output), Err(Error::Usage(_))));
    assert_eq!(record, [UNTOUCHED; 100]);
}
