//! Leases by themselves.

use std::cell::RefCell;
use std::sync::mpsc;
use std::thread;

use tls_engine::limits::RECORD_MAX;
use tls_engine::mem::{BufferPool, InBuf, Lease, PoolOptions, PoolStatistics};
use tls_engine::switches::BufferPoolKind;

use super::{POOLED, pool};

/// The size of a pool's buffers as its counters have it.
const BUFFER: u64 = RECORD_MAX as u64;

#[test]
fn what_was_written_is_wiped_and_counted() {
    for kind in POOLED {
        let pool = pool(kind, 4);
        let mut lease = pool.lease();
        assert_eq!((lease.len(), lease.written_bytes()), (RECORD_MAX, 0));
        lease.prefix_mut(100).fill(0xaa);
        lease.prefix_mut(20).fill(0xbb);
        assert_eq!(lease.written_bytes(), 100);
        drop(lease);
        assert_eq!(pool.statistics().wiped_bytes, 100, "{kind:?}");
        let mut lease = pool.lease();
        assert_eq!(pool.statistics().hits, 1, "the same memory");
        assert!(lease.iter().all(|byte| *byte == 0), "{kind:?}");
        // Whoever takes all of it may write anywhere.
        lease.fill(0xcc);
        drop(lease);
        assert_eq!(pool.statistics().wiped_bytes, 100 + BUFFER);
        assert!(pool.lease().iter().all(|byte| *byte == 0), "{kind:?}");
    }
}

#[test]
fn statistics_are_exact() {
    for kind in POOLED {
        let pool = pool(kind, 3);
        let mut leases: Vec<Lease> = (0..5).map(|_| pool.lease()).collect();
        let expected = PoolStatistics { misses: 5, active: 5, peak: 5, ..PoolStatistics::default() };
        assert_eq!(pool.statistics(), expected, "{kind:?}");
        leases[0].prefix_mut(7).fill(1);
        leases.truncate(1);
        // Four came back, of which three may be kept.
        let expected = PoolStatistics { active: 1, held_bytes: 3 * BUFFER, ..expected };
        assert_eq!(pool.statistics(), expected, "{kind:?}");
        leases.push(pool.lease());
        let expected = PoolStatistics { hits: 1, active: 2, held_bytes: 2 * BUFFER, ..expected };
        assert_eq!(pool.statistics(), expected, "{kind:?}");
        drop(leases);
        let expected = PoolStatistics { active: 0, held_bytes: 3 * BUFFER, wiped_bytes: 7, ..expected };
        assert_eq!(pool.statistics(), expected, "{kind:?}");
        pool.trim();
        assert_eq!(pool.statistics(), PoolStatistics { held_bytes: 0, ..expected }, "{kind:?}");
    }
}

#[test]
fn what_is_larger_than_a_buffer_is_not_kept() {
    for kind in POOLED {
        let pool = pool(kind, 4);
        let mut lease = pool.lease_at_least(RECORD_MAX + 1);
        assert_eq!(lease.len(), RECORD_MAX + 1);
        lease.prefix_mut(9).fill(1);
        drop(lease);
        drop(pool.lease());
        drop(pool.lease_at_least(RECORD_MAX + 1));
        let expected = PoolStatistics {
            misses: 3,
            oversized: 2,
            peak: 1,
            held_bytes: BUFFER,
            wiped_bytes: 9,
            ..PoolStatistics::default()
        };
        assert_eq!(pool.statistics(), expected, "{kind:?}");
    }
}

#[test]
fn a_buffer_that_is_larger_than_the_pools_shows_in_its_statistics() {
    for kind in POOLED {
        let (small, large) =
            (pool(kind, 4), BufferPool::new(kind, PoolOptions { buffer_bytes: 2 * RECORD_MAX, free_max: 4 }));
        for pool in [&small, &large] {
            let mut input = InBuf::pooled(pool, RECORD_MAX + 1);
            for _ in 0..3 {
                assert!(input.spare().len() > RECORD_MAX);
                input.release_if_empty();
            }
        }
        let of = |pool: &BufferPool| {
            let PoolStatistics { hits, misses, oversized, .. } = pool.statistics();
            (hits, misses, oversized)
        };
        assert_eq!(of(&small), (0, 3, 3), "{kind:?}: allocated each time, and told");
        assert_eq!(of(&large), (2, 1, 0), "{kind:?}: a pool that has room keeps it");
    }
    // Also where a thread that has leased them has ended.
    let pool = pool(BufferPoolKind::ThreadLocal, 4);
    let lessee = pool.clone();
    thread::spawn(move || drop(lessee.lease_at_least(RECORD_MAX + 1))).join().expect("the thread ends");
    assert_eq!(pool.statistics().oversized, 1);
}

#[test]
fn a_pool_that_may_keep_nothing_still_leases() {
    for kind in POOLED {
        let pool = pool(kind, 0);
        for _ in 0..3 {
            assert_eq!(pool.lease().len(), RECORD_MAX);
        }
        assert_eq!(pool.statistics(), PoolStatistics { misses: 3, peak: 1, ..PoolStatistics::default() });
    }
}

#[test]
fn a_pool_that_is_off_leases_and_counts_nothing() {
    let pool = pool(BufferPoolKind::Off, 4);
    assert_eq!(pool.kind(), BufferPoolKind::Off);
    assert_eq!(pool.lease_at_least(RECORD_MAX + 1).len(), RECORD_MAX + 1);
    assert_eq!(pool.lease().len(), RECORD_MAX);
    pool.trim();
    assert_eq!(pool.statistics(), PoolStatistics::default());
}

#[test]
fn buffers_hold_a_record_at_least() {
    for kind in BufferPoolKind::ALL {
        let pool = BufferPool::new(kind, PoolOptions { buffer_bytes: 0, free_max: 1 });
        assert_eq!(pool.lease().len(), RECORD_MAX);
        assert_eq!(pool.buffer_bytes(), RECORD_MAX);
    }
}

#[test]
fn no_heap_call_for_a_lease_once_there_is_one_to_have() {
    for kind in POOLED {
        let pool = pool(kind, 4);
        drop([pool.lease(), pool.lease()]);
        // Longer than a period after which the pool trims itself, twice: it has to settle.
        let lease = || (0..600).for_each(|_| pool.lease().prefix_mut(50).fill(1));
        lease();
        let ((), counts) = heap_meter::count(lease);
        assert_eq!(counts, heap_meter::Counts::default(), "{kind:?}");
    }
}

#[test]
fn a_lease_may_end_in_another_thread() {
    for kind in POOLED {
        let pool = pool(kind, 4);
        let leases: Vec<Lease> = (0..3).map(|_| pool.lease()).collect();
        let there = pool.clone();
        let (held, wait) = mpsc::channel();
        let (go, ended) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            drop(leases);
            held.send(there.statistics()).unwrap();
            // Its memory stays in the thread that returned it.
            drop(there.lease());
            held.send(there.statistics()).unwrap();
            ended.recv().unwrap();
        });
        let expected =
            PoolStatistics { misses: 3, active: 0, peak: 3, held_bytes: 3 * BUFFER, ..PoolStatistics::default() };
        assert_eq!(wait.recv().unwrap(), expected, "{kind:?}");
        let expected = PoolStatistics { hits: 1, ..expected };
        assert_eq!(wait.recv().unwrap(), expected, "{kind:?}");
        // This thread has none left, and says so.
        let lease = pool.lease();
        let is_hit = u64::from(kind == BufferPoolKind::Shared);
        let expected = PoolStatistics {
            hits: 1 + is_hit,
            misses: 4 - is_hit,
            active: 1,
            held_bytes: (3 - is_hit) * BUFFER,
            ..expected
        };
        assert_eq!(pool.statistics(), expected, "{kind:?}");
        go.send(()).unwrap();
        thread.join().unwrap();
        drop(lease);
        // What a thread kept goes when it ends; what it counted does not.
        let held_bytes = if kind == BufferPoolKind::Shared { 3 * BUFFER } else { BUFFER };
        assert_eq!(pool.statistics(), PoolStatistics { active: 0, held_bytes, ..expected }, "{kind:?}");
    }
}

#[test]
fn a_lease_may_outlive_the_thread_that_took_it() {
    for kind in POOLED {
        let pool = pool(kind, 4);
        let there = pool.clone();
        let lease = thread::spawn(move || there.lease()).join().unwrap();
        assert_eq!(pool.statistics().active, 1);
        drop(lease);
        let expected = PoolStatistics { misses: 1, peak: 1, held_bytes: BUFFER, ..PoolStatistics::default() };
        assert_eq!(pool.statistics(), expected, "{kind:?}");
    }
}

#[test]
fn a_lease_may_outlive_its_pool() {
    for kind in POOLED {
        let (kept, lease) = {
            let pool = pool(kind, 4);
            let leases = (pool.lease(), pool.lease());
            assert_eq!(pool.statistics().active, 2);
            leases
        };
        drop(kept);
        thread::spawn(move || drop(lease)).join().unwrap();
    }
}

#[test]
fn nothing_stays_of_a_pool_that_is_dropped() {
    for kind in POOLED {
        let use_pool = || {
            let pool = pool(kind, 8);
            let leases: Vec<Lease> = (0..8).map(|_| pool.lease()).collect();
            drop(leases);
            assert_eq!(pool.statistics().held_bytes, 8 * BUFFER);
        };
        use_pool();
        let ((), counts) = heap_meter::count(use_pool);
        // Lists of what there is may have grown meanwhile; buffers would be far larger.
        assert!(counts.live_bytes < 4096, "{kind:?}: {counts:?}");
    }
}

#[test]
fn a_lease_may_be_taken_and_returned_while_its_thread_ends() {
    thread_local! {
        static KEPT: RecursiveLease = const { RecursiveLease(RefCell::new(None)) };
    }
    struct RecursiveLease(RefCell<Option<(BufferPool, Lease)>>);
    impl Drop for RecursiveLease {
        fn drop(&mut self) {
            if let Some((pool, lease)) = self.0.take() {
                drop(pool.lease());
                drop(lease);
            }
        }
    }
    for kind in POOLED {
        for pool_first in [true, false] {
            let pool = pool(kind, 4);
            let there = pool.clone();
            thread::spawn(move || {
                // Thread-locals go in the reverse order of their first use, or in the order of it.
                if pool_first {
                    drop(there.lease());
                }
                KEPT.with(|kept| {
                    let lease = there.lease();
                    *kept.0.borrow_mut() = Some((there, lease));
                });
            })
            .join()
            .unwrap();
            let statistics = pool.statistics();
            assert_eq!(statistics.active, 0, "{kind:?} {pool_first}: {statistics:?}");
            assert_eq!(statistics.hits + statistics.misses, 2 + u64::from(pool_first), "{kind:?}: {statistics:?}");
        }
    }
}

#[test]
fn several_pools_in_one_thread_do_not_mix() {
    for kind in POOLED {
        let pools: Vec<BufferPool> = (1..=4)
            .map(|factor| BufferPool::new(kind, PoolOptions { buffer_bytes: factor * RECORD_MAX, free_max: 2 }))
            .collect();
        for _ in 0..3 {
            let leases: Vec<Lease> = pools.iter().map(BufferPool::lease).collect();
            for (lease, pool) in leases.iter().zip(&pools) {
                assert_eq!(lease.len(), pool.buffer_bytes());
            }
        }
        for pool in &pools {
            let held_bytes = pool.buffer_bytes() as u64;
            let expected =
                PoolStatistics { hits: 2, misses: 1, oversized: 0, active: 0, peak: 1, held_bytes, wiped_bytes: 0 };
            assert_eq!(pool.statistics(), expected, "{kind:?}");
        }
    }
}

#[test]
fn leases_and_pools_go_to_any_thread_and_show_no_contents() {
    fn check<T: Send + Sync>() {}
    check::<Lease>();
    check::<BufferPool>();
    let mut lease = pool(BufferPoolKind::Shared, 1).lease();
    lease.prefix_mut(2).fill(0x77);
    assert_eq!(format!("{lease:?}"), format!("Lease({RECORD_MAX} bytes, 2 written)"));
}
