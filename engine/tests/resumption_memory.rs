//! However many sessions are resumed, a bounded cache and a client's store take no more memory.

mod support;

use std::sync::Arc;

use heap_meter::count_process;
use support::peer::{Peer, pump};
use support::pki::KeyKind;
use support::{client, localhost, server};
use tls_engine::crypto::Provider;
use tls_engine::session::{MemoryTickets, SessionCache};

#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

/// How many sessions the cache keeps, and how many a connection brings: they fill it, and then replace each other.
const CAPACITY: usize = 1000;
const TICKETS: u8 = 4;

/// How many are resumed; `TLSBENCH_RESUMPTIONS` may ask for more.
fn resumptions() -> usize {
    std::env::var("TLSBENCH_RESUMPTIONS").map_or(4 * CAPACITY, |count| count.parse().expect("a number"))
}

#[test]
fn a_bounded_cache_stays_within_its_bound() {
    let provider = Provider::auto();
    let cache = Arc::new(SessionCache::new(CAPACITY, 3600));
    let store = Arc::new(MemoryTickets::default());
    let client = client(provider, KeyKind::EcdsaP256, |builder| builder.tickets(store.clone()));
    let server = server(provider, KeyKind::EcdsaP256, |builder| builder.tickets(cache.clone()).tickets_sent(TICKETS));
    let resume = |count: usize| {
        for _ in 0..count {
            let mut ends = (Peer::client(&client, localhost()).unwrap(), Peer::server(&server));
            pump(&mut ends.0, &mut ends.1).unwrap();
            assert!(ends.0.connection.negotiated().unwrap().is_resumed());
        }
    };
    let mut first = (Peer::client(&client, localhost()).unwrap(), Peer::server(&server));
    pump(&mut first.0, &mut first.1).unwrap();
    drop(first);
    // Until the cache is as full as it gets: of each connection's sessions one is taken.
    resume(2 * CAPACITY);
    let full = cache.len();
    assert!(full > CAPACITY / 2 && full <= CAPACITY, "{full} sessions");
    let ((), counts) = count_process(|| resume(resumptions()));
    assert!(cache.len() <= CAPACITY);
    // The number of places that are taken differs a little from moment to moment.
    let entry = 512 * (cache.len().abs_diff(full) as i64 + 1);
    assert!(counts.live_bytes.abs() <= entry, "{} bytes more after {} resumptions", counts.live_bytes, resumptions());
}
