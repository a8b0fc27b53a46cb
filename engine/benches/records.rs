//! What a record costs: sealing and opening apart, in memory, beside the raw AEAD and beside rustls on the same work.
//!
//! Each sample is many batches; the clock is read twice a batch, and the carrying over between is on nobody's account.
//! The raw AEAD is that of AWS-LC, called in its own library.

mod support;

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::raw::{InPlace, OutOfPlace};
use support::rustls_peer::Rustls;
use support::{Batch, Contestant, Engine};
use tls_engine::crypto::Provider;

const SIZES: [usize; 3] = [64, 1350, 16_384];

fn records(criterion: &mut Criterion) {
    for provider in Provider::all().iter().filter(|provider| provider.name != "auto") {
        for suite in &provider.suites {
            let is_aws_lc = provider.name == "aws-lc-rs";
            for (operation, is_seal) in [("seal", true), ("open", false)] {
                let mut group = criterion.benchmark_group(format!("{operation} {} {}", provider.name, suite.code));
                for size in SIZES {
                    let batch = Batch::of(size);
                    group.throughput(Throughput::Bytes(batch.bytes() as u64));
                    let mut bench = |name, contestant: &mut dyn Contestant| {
                        measure(&mut group, name, size, is_seal, contestant);
                    };
                    bench("engine", &mut Engine::new(provider, suite.code, batch));
                    if is_aws_lc && let Some(mut raw) = OutOfPlace::new(suite.code, batch) {
                        bench("raw AEAD out of place", &mut raw);
                    }
                    if is_aws_lc && let Some(mut raw) = InPlace::new(suite.code, batch) {
                        bench("raw AEAD in place", &mut raw);
                    }
                    if is_aws_lc && let Some(mut peer) = Rustls::new(suite.code, batch) {
                        bench("rustls unbuffered", &mut peer);
                    }
                }
                group.finish();
            }
        }
    }
}

fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    size: usize,
    is_seal: bool,
    contestant: &mut dyn Contestant,
) {
    group.bench_function(BenchmarkId::new(name, size), |bencher| {
        bencher.iter_custom(|batches| {
            let mut elapsed = Duration::ZERO;
            for _ in 0..batches {
                let began = Instant::now();
                contestant.seal();
                let sealed = began.elapsed();
                contestant.carry();
                let began = Instant::now();
                contestant.open();
                elapsed += if is_seal { sealed } else { began.elapsed() };
            }
            elapsed
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = records
}
criterion_main!(benches);
