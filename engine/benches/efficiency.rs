//! The gate on speed: how much of the raw AEAD's speed is left when there is TLS around it. Exits with 1 where it is less
//! than it has to be.
//!
//! Engine and raw AEAD alternate in short blocks in random order, within one process; what is judged is the median of
//! their ratios, block by block. The raw AEAD is called in the library itself, and does the same work at the same
//! places of buffers of the same size. The reference of each side is the faster of its two ways: the engine may be held against
//! nothing that is slower than what it could do itself, and it opens in place.
//!
//! With `--hot-path` nothing is measured: the program takes itself apart, to show what the switch `inline` changes in it.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use support::blocks::{self, Random, Times, calibrate, median, sorted};
use support::raw::{InPlace, OutOfPlace};
use support::{Batch, Contestant, Engine};
use tls_engine::codes::CipherSuite;
use tls_engine::crypto::Provider;

/// The share of the raw AEAD, in place or out of place, that has to be reached, sealing and opening each.
const REQUIRED: f64 = 0.90;
/// What is judged; the rest is shown.
const JUDGED: (CipherSuite, usize) = (CipherSuite::AES_128_GCM_SHA256, 16_384);
const SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];
const SIZES: [usize; 3] = [64, 1350, 16_384];
/// How long one block of one contestant takes.
const BLOCK: Duration = Duration::from_millis(2);
/// How often each contestant has a block.
const ROUNDS: usize = 200;

/// Speeds of one block, bytes per nanosecond: sealing, opening.
type Speeds = [f64; 2];

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing is measured without --bench");
        return ExitCode::SUCCESS;
    }
    if cfg!(debug_assertions) {
        eprintln!("a debug build is not measured; use cargo bench");
        return ExitCode::from(2);
    }
    if std::env::args().any(|argument| argument == "--hot-path") {
        return support::hot_path::check_this_program();
    }
    let provider = Provider::by_name("aws-lc-rs").expect("the provider");
    println!("aws-lc-rs, GB/s, medians of {ROUNDS} blocks; in brackets the 95 % interval of the share");
    let mut passed = true;
    for suite in SUITES {
        for size in SIZES {
            let batch = Batch::of(size);
            let mut engine = Engine::new(provider, suite, batch);
            let mut out_of_place = OutOfPlace::new(suite, batch).expect("the suite");
            let mut in_place = InPlace::new(suite, batch).expect("the suite");
            let rounds = run(&mut [&mut engine, &mut out_of_place, &mut in_place], batch);
            for (side, what) in ["seal", "open"].into_iter().enumerate() {
                let of_side: Vec<[f64; 3]> = rounds.iter().map(|round| round.map(|speeds| speeds[side])).collect();
                let share = report(suite, size, what, &of_side);
                passed &= share >= REQUIRED || (suite, size) != JUDGED;
            }
        }
    }
    let verdict = if passed { "reached" } else { "NOT reached" };
    println!("{verdict}: {:.0} % at {} with {} bytes", REQUIRED * 100.0, JUDGED.0, JUDGED.1);
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Rounds in which every contestant has a block, in random order.
fn run(contestants: &mut [&mut dyn Contestant; 3], batch: Batch) -> Vec<[Speeds; 3]> {
    let batches = contestants.each_mut().map(|contestant| calibrate(*contestant, BLOCK));
    let mut random = Random(1);
    let bytes = batches.map(|batches| (batch.bytes() * batches) as f64);
    let speeds = |times: [Times; 3]| std::array::from_fn(|index| times[index].map(|time| bytes[index] / time));
    (0..ROUNDS).map(|_| speeds(blocks::round(contestants, batches, &mut random))).collect()
}

/// Prints a line, and returns the share of the faster raw AEAD. Above 1 it is no share, but a sign of a busy machine.
fn report(suite: CipherSuite, size: usize, what: &str, rounds: &[[f64; 3]]) -> f64 {
    let of = |index: usize| sorted(rounds.iter().map(|round| round[index]));
    let [engine, out_of_place, in_place] = [0, 1, 2].map(|index| median(&of(index)));
    let (reference, name) = if in_place > out_of_place { (2, "in place") } else { (1, "out of place") };
    let shares = sorted(rounds.iter().map(|round| round[0] / round[reference]));
    let (low, high) = interval(&shares);
    let share = median(&shares);
    let told = if share > 1.0 {
        "not measurable, as other programs took the time of the raw AEAD: end them and measure again".to_owned()
    } else {
        format!("{:.1} % [{:.1}, {:.1}]", share * 100.0, low * 100.0, high.min(1.0) * 100.0)
    };
    println!(
        "{suite:<29} {size:>6} B {what}: engine {engine:>6.2}, raw out of place {out_of_place:>6.2}, in place \
         {in_place:>6.2}; share of {name} {told}"
    );
    share
}

/// The 95 % interval of the median from the order of the values: which ranks hold it follows the binomial distribution,
/// here by its normal approximation.
fn interval(sorted: &[f64]) -> (f64, f64) {
    let half_width = 0.98 * (sorted.len() as f64).sqrt();
    let middle = sorted.len() as f64 / 2.0;
    let low = (middle - half_width).floor().max(0.0) as usize;
    let high = ((middle + half_width).ceil() as usize).min(sorted.len() - 1);
    (sorted[low], sorted[high])
}
