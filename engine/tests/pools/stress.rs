//! Many threads that lease, write, pass on and return.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use tls_engine::mem::{BufferPool, Lease};
use tls_engine::switches::BufferPoolKind;

use super::{POOLED, pool};

const THREADS: usize = 4;
const ROUNDS: usize = 3_000;
const FREE_MAX: usize = 5;

/// A lease with what its holder has written into it.
struct Written {
    lease: Lease,
    len: usize,
    mark: u8,
}

/// What one thread has done.
#[derive(Default)]
struct Done {
    leases: u64,
    written_bytes: u64,
}

#[test]
fn nothing_leaks_between_leases_of_many_threads() {
    for kind in POOLED {
        let pool = pool(kind, FREE_MAX);
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel()).unzip();
        let threads: Vec<_> = receivers
            .into_iter()
            .enumerate()
            .map(|(index, receiver)| {
                let (pool, next) = (pool.clone(), senders[(index + 1) % THREADS].clone());
                thread::spawn(move || run(&pool, index, &next, &receiver))
            })
            .collect();
        drop(senders);
        let mut sum = Done::default();
        for thread in threads {
            let done = thread.join().expect("a thread that found all as it should be");
            sum.leases += done.leases;
            sum.written_bytes += done.written_bytes;
        }
        let statistics = pool.statistics();
        assert_eq!(statistics.hits + statistics.misses, sum.leases, "{kind:?}: {statistics:?}");
        assert_eq!(statistics.wiped_bytes, sum.written_bytes, "{kind:?}: {statistics:?}");
        assert_eq!(statistics.active, 0, "{kind:?}: {statistics:?}");
        assert!(statistics.hits > 0 && statistics.misses > 0, "{kind:?}: {statistics:?}");
        assert!(statistics.peak >= 1 && statistics.peak <= sum.leases, "{kind:?}: {statistics:?}");
        // All threads have ended, and with them what they kept.
        let lists = if kind == BufferPoolKind::Shared { 1 } else { 0 };
        let bound = (lists * FREE_MAX * pool.buffer_bytes()) as u64;
        assert!(statistics.held_bytes <= bound, "{kind:?}: {statistics:?}");
    }
}

fn run(pool: &BufferPool, index: usize, next: &Sender<Written>, receiver: &Receiver<Written>) -> Done {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ index as u64);
    let mut mine: Vec<Written> = Vec::new();
    let mut done = Done::default();
    for round in 0..ROUNDS {
        if mine.len() < 2 * FREE_MAX && random.below(2) == 0 {
            let mut lease = pool.lease();
            assert!(lease.iter().all(|byte| *byte == 0), "another's bytes");
            let (len, mark) = (random.below(lease.len() + 1), 1 + (round % 255) as u8);
            lease.prefix_mut(len).fill(mark);
            done.leases += 1;
            done.written_bytes += len as u64;
            mine.push(Written { lease, len, mark });
        } else if !mine.is_empty() {
            let written = mine.swap_remove(random.below(mine.len()));
            check(&written);
            if random.below(4) == 0 {
                // The neighbour may have ended, and the lease with the letter.
                let _ = next.send(written);
            }
        }
        receiver.try_iter().for_each(|written| check(&written));
    }
    done
}

/// Nobody else has written into it.
fn check(written: &Written) {
    let (front, back) = written.lease.split_at(written.len);
    assert!(front.iter().all(|byte| *byte == written.mark), "someone else wrote here");
    assert!(back.iter().all(|byte| *byte == 0), "someone else wrote here");
}

/// Marsaglia's xorshift: the same steps in each run of a thread.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}
