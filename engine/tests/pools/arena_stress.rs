//! Many threads that lease arenas, pass them on, and return them in every manner there is.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use tls_engine::conn::HandshakeArenas;
use tls_engine::internal::mem::{Arena, ArenaLease, ArenaPool, Region};

use super::arenas::{PanickingKeyLog, Setting, large_identity, with_bit_turned};
use super::stress::Random;
use super::support::peer::{Peer, pump};
use super::support::pki::{KeyKind, Pki};

const THREADS: usize = 4;
const ROUNDS: usize = 5_000;
const HANDSHAKES: usize = 40;
/// Less than the threads hold together.
const LIMIT: usize = 5;
/// The most that a thread holds.
const HELD_MAX: usize = 4;

/// What an arena of these tests has at hand, bytes.
const SIZE: usize = 512;

struct Job(Region);

impl Arena for Job {
    fn new(_ahead: bool) -> Self {
        Self(Region::with_capacity(SIZE))
    }

    fn reset(&mut self) -> bool {
        self.0.reset(SIZE)
    }

    fn bytes(&self) -> usize {
        self.0.capacity()
    }
}

/// A lease with what its holder has written into it.
struct Written {
    lease: ArenaLease<Job>,
    len: usize,
    mark: u8,
}

#[derive(Clone, Copy, Default)]
struct Done {
    leases: u64,
    outgrown: u64,
}

impl Done {
    fn plus(self, other: Self) -> Self {
        Self { leases: self.leases + other.leases, outgrown: self.outgrown + other.outgrown }
    }
}

#[test]
fn nothing_leaks_between_arenas_of_many_threads() {
    let pool = ArenaPool::new(LIMIT, 1);
    let done = in_a_ring(|index, next, receiver| run(&pool, index, next, receiver));
    let statistics = pool.statistics();
    assert_eq!((statistics.leases, statistics.outgrown, statistics.active), (done.leases, done.outgrown, 0));
    assert_eq!(statistics.hits + statistics.misses, done.leases, "{statistics:?}");
    assert!(statistics.hits > 0 && statistics.misses > 0 && statistics.outgrown > 100, "{statistics:?}");
    assert!(statistics.peak > 1 && statistics.peak as u64 <= statistics.leases, "{statistics:?}");
    assert!(statistics.bytes <= LIMIT * SIZE && statistics.bytes.is_multiple_of(SIZE), "{statistics:?}");
}

fn run(pool: &ArenaPool<Job>, index: usize, next: &Sender<Written>, receiver: &Receiver<Written>) -> Done {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ index as u64);
    let mut mine: Vec<Written> = Vec::new();
    let mut done = Done::default();
    for round in 0..ROUNDS {
        if mine.len() < HELD_MAX && random.below(2) == 0 {
            let mut lease = pool.lease();
            assert_eq!((lease.0.as_slice().len(), lease.0.capacity()), (0, SIZE), "another's bytes, or its size");
            let (len, mark) = (random.below(SIZE + SIZE / 8), 1 + (round % 255) as u8);
            lease.0.extend_from_slice(&vec![mark; len]);
            done = done.plus(Done { leases: 1, outgrown: u64::from(len > SIZE) });
            mine.push(Written { lease, len, mark });
        } else if !mine.is_empty() {
            let written = mine.swap_remove(random.below(mine.len()));
            check(&written);
            match random.below(8) {
                // The neighbour may have ended, and the lease with the letter.
                0 | 1 => drop(next.send(written)),
                2 => {
                    let panicked = catch_unwind(AssertUnwindSafe(|| {
                        let _held = written;
                        resume_unwind(Box::new("a job that fails"))
                    }));
                    assert!(panicked.is_err());
                }
                _ => drop(written),
            }
        }
        receiver.try_iter().for_each(|written| check(&written));
    }
    done
}

/// Nobody else has written into it.
fn check(written: &Written) {
    let bytes = written.lease.0.as_slice();
    assert_eq!(bytes.len(), written.len);
    assert!(bytes.iter().all(|byte| *byte == written.mark), "someone else wrote here");
}

#[test]
fn handshakes_of_many_threads_end_in_every_manner() {
    let pool = HandshakeArenas::new(LIMIT, 1);
    let small = Setting::with_pool(&pool, Pki::shared_identity(KeyKind::EcdsaP256));
    let large = Setting::with_pool(&pool, &large_identity(400));
    let done = in_a_ring(|index, next, receiver| shake_hands([&small, &large], index, next, receiver));
    let statistics = pool.statistics();
    assert_eq!(statistics.leases, done.leases, "{statistics:?}");
    assert_eq!(statistics.leases, 2 * (THREADS * HANDSHAKES) as u64, "two ends each");
    // Of those with a long chain that came far enough, both ends; of none other.
    assert!(statistics.outgrown >= done.outgrown && statistics.outgrown > 0, "{statistics:?}");
    assert!(statistics.hits > 0 && statistics.misses > 0, "{statistics:?}");
    assert!(statistics.bytes <= LIMIT * small.arena_bytes, "{statistics:?}");
    small.check_rest("all threads have ended");
}

fn shake_hands(
    settings: [&Setting; 2],
    index: usize,
    next: &Sender<[Peer; 2]>,
    receiver: &Receiver<[Peer; 2]>,
) -> Done {
    let mut random = Random(0x2545_f491_4f6c_dd1d ^ index as u64);
    let mut done = Done::default();
    let finish = |[mut client, mut server]: [Peer; 2]| {
        pump(&mut client, &mut server).expect("a handshake that another thread has begun");
        assert!(client.connection.is_ready() && server.connection.is_ready());
    };
    for _ in 0..HANDSHAKES {
        let is_large = random.below(4) == 0;
        let setting = settings[usize::from(is_large)];
        let key_log = Arc::new(PanickingKeyLog { left: AtomicUsize::new(random.below(5)) });
        let is_panic = random.below(4) == 0;
        let changed;
        let setting = if is_panic {
            let client = setting.client(|builder| builder.key_log(key_log));
            changed = Setting { client, ..setting.clone() };
            &changed
        } else {
            setting
        };
        let (mut client, mut server) = setting.ends();
        done.leases += 2;
        if is_panic {
            assert!(catch_unwind(AssertUnwindSafe(|| pump(&mut client, &mut server))).is_err());
            continue;
        }
        server.feed(&client.drain()).expect("a ClientHello");
        match random.below(4) {
            0 => {
                let answer = server.drain();
                let place = random.below(answer.len());
                let _ = client.feed(&with_bit_turned(&answer, place));
            }
            1 => {
                let answer = server.drain();
                client.feed(&answer[..random.below(answer.len())]).expect("a part of an answer");
            }
            // The neighbour may have ended, and the handshake with the letter.
            2 => drop(next.send([client, server])),
            _ => {
                finish([client, server]);
                done.outgrown += 2 * u64::from(is_large);
            }
        }
        receiver.try_iter().for_each(finish);
    }
    done
}

/// Threads each of which can send to the next.
fn in_a_ring<T: Send>(work: impl Fn(usize, &Sender<T>, &Receiver<T>) -> Done + Sync) -> Done {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel()).unzip();
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = receivers
            .into_iter()
            .enumerate()
            .map(|(index, receiver)| {
                let next = senders[(index + 1) % THREADS].clone();
                scope.spawn(move || work(index, &next, &receiver))
            })
            .collect();
        drop(senders);
        let ended = threads.into_iter().map(|thread| thread.join().expect("a thread that found all as it should be"));
        ended.fold(Done::default(), Done::plus)
    })
}
