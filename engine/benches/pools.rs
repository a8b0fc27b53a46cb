//! What it costs to lease a buffer and to return it, for each kind of pool, and how much of that is the wiping of what was
//! written. Off is an allocation of zeroed memory and its release.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use tls_engine::limits::RECORD_MAX;
use tls_engine::mem::{BufferPool, PoolOptions};
use tls_engine::switches::BufferPoolKind;

/// Nothing, a short record, the longest one.
const WRITTEN_BYTES: [usize; 3] = [0, 100, RECORD_MAX];

fn one_thread(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lease and return");
    for kind in BufferPoolKind::ALL {
        let pool = BufferPool::new(kind, PoolOptions::default());
        for written in WRITTEN_BYTES {
            group.bench_function(BenchmarkId::new(kind.name(), written), |bencher| {
                bencher.iter(|| lease(&pool, written));
            });
        }
    }
    group.finish();
}

/// The time of the slower of two threads that share a pool.
fn two_threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lease and return in two threads");
    for kind in BufferPoolKind::ALL {
        let pool = BufferPool::new(kind, PoolOptions::default());
        group.bench_function(kind.name(), |bencher| {
            bencher.iter_custom(|iterations| {
                let run = || {
                    let began = Instant::now();
                    (0..iterations).for_each(|_| lease(&pool, 0));
                    began.elapsed()
                };
                thread::scope(|scope| {
                    let threads = [scope.spawn(run), scope.spawn(run)];
                    threads.into_iter().map(|thread| thread.join().expect("a thread that leases")).max()
                })
                .unwrap_or(Duration::ZERO)
            });
        });
    }
    group.finish();
}

fn lease(pool: &BufferPool, written: usize) {
    let mut lease = pool.lease();
    black_box(lease.prefix_mut(written));
    black_box(&lease);
}

criterion_group!(benches, one_thread, two_threads);
criterion_main!(benches);
