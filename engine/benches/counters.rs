//! The gate on the cost of counters: how much slower sealing and opening become when a monitor is told. Exits with 1 where
//! the upper end of the 95 % interval is not under the limit.
//!
//! Two engines that differ in nothing but the switch take turns in short blocks, in random order, within one process. A
//! second pair, made of the same setting twice, shows what this measurement takes for an effect where there is none. All
//! engines are made anew several times, because where memory comes to lie decides more than the counters do.

mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use support::{Batch, Contestant, Engine};
use tls_engine::codes::CipherSuite;
use tls_engine::crypto::provider;
use tls_engine::switches::Switches;

/// The most that counters may cost, as a share of the time without them.
const LIMIT: f64 = 0.01;
const SUITE: CipherSuite = CipherSuite::AES_128_GCM_SHA256;
/// What is judged is the last; the others are shown.
const SIZES: [usize; 2] = [1350, 16_384];
/// How long one block of one contestant takes.
const BLOCK: Duration = Duration::from_millis(1);
/// How often the engines are made, and how often each then has a block.
const LAYOUTS: usize = 40;
const ROUNDS: usize = 25;
/// How often so many layouts are added before an interval that reaches the limit counts.
const ATTEMPTS: usize = 3;
const RESAMPLES: usize = 2_000;

/// The contestants: counters off, off again, and on.
const COUNTERS: [bool; 3] = [false, false, true];

/// Nanoseconds of one block: sealing, opening.
type Times = [f64; 2];

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing is measured without --bench");
        return ExitCode::SUCCESS;
    }
    if cfg!(debug_assertions) {
        eprintln!("a debug build is not measured; use cargo bench");
        return ExitCode::from(2);
    }
    println!(
        "{SUITE}, aws-lc-rs: what counters add to the time, with the 95 % interval; in brackets the same of no change at all"
    );
    let mut random = Random(1);
    let mut passed = true;
    for size in SIZES {
        let is_judged = size == SIZES[SIZES.len() - 1];
        let mut layouts = Vec::new();
        // On a busy machine the interval is wide: it is given more to go by, and the limit stays what it is.
        for attempt in 1..=ATTEMPTS {
            layouts.extend((0..LAYOUTS).map(|_| measure(Batch::of(size), &mut random)));
            let kept = report(&layouts, size, &mut random);
            if kept || !is_judged {
                break;
            }
            passed = attempt < ATTEMPTS;
        }
    }
    let verdict = if passed { "kept" } else { "NOT kept" };
    println!("{verdict}: under {:.0} % at {} bytes", LIMIT * 100.0, SIZES[SIZES.len() - 1]);
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the effects on both sides. Tells whether they are under the limit.
fn report(layouts: &[Vec<[Times; 3]>], size: usize, random: &mut Random) -> bool {
    let mut kept = true;
    for (side, name) in ["seal", "open"].into_iter().enumerate() {
        let effect = Effect::of(layouts, side, 2, random);
        let nothing = Effect::of(layouts, side, 1, random);
        println!("{size:>6} B {name}: {effect} ({nothing}), {} layouts", layouts.len());
        kept &= effect.high < LIMIT;
    }
    kept
}

/// One layout: engines made anew, and the rounds in which each has a block, in random order.
fn measure(batch: Batch, random: &mut Random) -> Vec<[Times; 3]> {
    let provider = provider::by_name("aws-lc-rs").expect("the provider");
    let mut engines = COUNTERS
        .map(|counters| Engine::with_switches(provider, SUITE, batch, Switches { counters, ..Switches::default() }));
    let mut batches = 1;
    while block(&mut engines[0], batches).iter().sum::<f64>() < BLOCK.as_nanos() as f64 {
        batches *= 2;
    }
    (0..ROUNDS)
        .map(|_| {
            let mut order = [0, 1, 2];
            for last in [2, 1] {
                order.swap(last, random.below(last + 1));
            }
            let mut times = [[0.0; 2]; 3];
            for index in order {
                times[index] = block(&mut engines[index], batches);
            }
            times
        })
        .collect()
}

fn block(engine: &mut Engine, batches: usize) -> Times {
    let (mut seal, mut open) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..batches {
        let began = Instant::now();
        engine.seal();
        seal += began.elapsed();
        engine.carry();
        let began = Instant::now();
        engine.open();
        open += began.elapsed();
    }
    [seal, open].map(|time| time.as_nanos() as f64)
}

/// A relative change of the time.
struct Effect {
    median: f64,
    low: f64,
    high: f64,
}

impl Effect {
    /// The effect of `contestant` against the first: the median over all layouts of each layout's median ratio, with an
    /// interval from drawing layouts again and again (percentile bootstrap): what varies between layouts counts.
    fn of(layouts: &[Vec<[Times; 3]>], side: usize, contestant: usize, random: &mut Random) -> Self {
        let ratio = |times: &[Times; 3]| times[contestant][side] / times[0][side] - 1.0;
        let effects: Vec<f64> = layouts.iter().map(|rounds| median(rounds.iter().map(ratio).collect())).collect();
        let mut drawn: Vec<f64> = (0..RESAMPLES)
            .map(|_| median((0..effects.len()).map(|_| effects[random.below(effects.len())]).collect()))
            .collect();
        drawn.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| drawn[(share * (RESAMPLES - 1) as f64).round() as usize];
        Self { median: median(effects), low: at(0.025), high: at(0.975) }
    }
}

impl std::fmt::Display for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { median, low, high } = self;
        write!(f, "{:+.2} % [{:+.2}, {:+.2}]", median * 100.0, low * 100.0, high * 100.0)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
