//! Spans that nobody thought of.

use std::cell::RefCell;

use proptest::prelude::*;
use tls_engine::conn::{OpenedRecord, SealedRecord};

use crate::endpoints::{HEADER, OVERHEAD, UNTOUCHED, buffer_with, ends, expected, is_right_copy, noise};
use crate::support::peer::Peer;
use crate::support::providers;

const BUFFER: usize = 20_000;

/// A length, and where a text of it lies and another begins: anywhere, near each other, or where they should.
fn spans() -> impl Strategy<Value = (usize, usize, usize)> {
    (1_usize..6000, 0_usize..BUFFER, prop_oneof![Just(0_isize), -30_isize..30, -7000_isize..7000]).prop_map(
        |(len, start, shift)| {
            let last = BUFFER - len - OVERHEAD;
            let start = start.min(last).max(HEADER);
            (len, start, start.saturating_add_signed(shift).clamp(HEADER, last))
        },
    )
}

thread_local! {
    /// One pair of each provider and suite for all cases: none of them ends a connection.
    static PAIRS: RefCell<Vec<(Peer, Peer)>> = RefCell::new(
        providers().iter().flat_map(|provider| provider.suites.iter().map(|suite| ends(provider, suite.code))).collect(),
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_from_anywhere_to_anywhere_is_opened_from_anywhere_to_anywhere(
        (len, start, content) in spans(),
        (_, _, other) in spans(),
        shift in prop_oneof![Just(0_isize), -30_isize..30, -7000_isize..7000],
        pair in any::<prop::sample::Index>(),
        salt in any::<u64>(),
    ) {
        PAIRS.with_borrow_mut(|pairs| {
            let index = pair.index(pairs.len());
            let (client, server) = &mut pairs[index];
            let data = noise(len, salt);
            let mut buffer = buffer_with(BUFFER, &data, start);
            let record = content - HEADER..content - HEADER + len + OVERHEAD;
            let sealed = client.connection.seal_within(&mut buffer, start..start + len, record.clone(), &mut client.output);
            let SealedRecord { record_bytes, aliasing, copied_bytes } = sealed.expect("a record");
            prop_assert_eq!(record_bytes, record.len());
            prop_assert_eq!(aliasing, expected(&(start..start + len), content, &record));
            prop_assert!(is_right_copy(aliasing, copied_bytes, len));

            let start = other.min(BUFFER - len - OVERHEAD);
            let mut target = buffer_with(BUFFER, &buffer[record], start);
            let received = start..start + record_bytes;
            let place = (start + HEADER).saturating_add_signed(shift).min(BUFFER - len - 1);
            let destination = place..place + len + 1;
            let body = start + HEADER..received.end;
            let opened = server.connection.open_within(&mut target, received.clone(), destination.clone(), &mut server.output);
            let Ok(OpenedRecord::Data { data_bytes, aliasing, .. }) = opened else {
                return Err(TestCaseError::fail(format!("{opened:?}")));
            };
            prop_assert_eq!((data_bytes, aliasing), (len, expected(&body, place, &destination)));
            prop_assert!(target[place..place + len] == data);
            let is_untouched = |position: &usize| !received.contains(position) && !destination.contains(position);
            prop_assert!((0..BUFFER).filter(is_untouched).all(|position| target[position] == UNTOUCHED));
            Ok(())
        })?;
    }
}
