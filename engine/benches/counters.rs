//! The gate on the cost of counters: how much slower sealing and opening become when a monitor is told. Exits with 1 where
//! the upper end of the 95 % interval is not under the limit, however long it measures. Instructions, which no neighbour
//! disturbs, are counted in `tests/zero_cost.rs`.
//!
//! Two engines that differ in nothing but the switch take turns in short blocks, in random order, within one process. A
//! second pair, made of the same setting twice, shows what this measurement takes for an effect where there is none. Where
//! memory comes to lie decides more than the counters do: all engines are made anew many times, in random order and with
//! gaps of random size between them, so that no setting has the better place more often than another.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use support::blocks::{self, Random, Times, calibrate, median, sorted};
use support::{Batch, Contestant, Engine};
use tls_engine::codes::CipherSuite;
use tls_engine::crypto::Provider;
use tls_engine::switches::Switches;

/// The most that counters may cost, as a share of the time without them.
const LIMIT: f64 = 0.01;
const SUITE: CipherSuite = CipherSuite::AES_128_GCM_SHA256;
/// The first is shown, and the last is judged.
const SIZES: [usize; 2] = [1350, 16_384];
/// How long one block of one contestant takes.
const BLOCK: Duration = Duration::from_millis(1);
/// How often the engines are made, and how often each then has a block.
const LAYOUTS: usize = 40;
const ROUNDS: usize = 25;
/// The bytes that may lie between two engines.
const MAX_GAP: usize = 64 << 10;
/// How often so many layouts are added before an interval that reaches the limit counts.
const ATTEMPTS: usize = 12;
const RESAMPLES: usize = 2_000;

/// The contestants: counters off, off again, and on.
const COUNTERS: [bool; 3] = [false, false, true];

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
    let [shown, judged] = SIZES;
    report(&measure_layouts(shown, &mut random), shown, &mut random);
    let is_kept = judge(judged, &mut random);
    let verdict = if is_kept { "kept" } else { "NOT kept" };
    println!("{verdict}: under {:.0} % at {judged} bytes", LIMIT * 100.0);
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// On a busy machine the interval is wide: it is given more to go by, and the limit stays what it is.
fn judge(size: usize, random: &mut Random) -> bool {
    let mut layouts = Vec::new();
    (0..ATTEMPTS).any(|_| {
        layouts.extend(measure_layouts(size, random));
        report(&layouts, size, random)
    })
}

/// Prints the effects on both sides. Tells whether they are under the limit.
fn report(layouts: &[Vec<[Times; 3]>], size: usize, random: &mut Random) -> bool {
    let mut is_kept = true;
    for (side, name) in ["seal", "open"].into_iter().enumerate() {
        let effect = Effect::of(layouts, side, 2, random);
        let nothing = Effect::of(layouts, side, 1, random);
        println!("{size:>6} B {name}: {effect} ({nothing}), {} layouts", layouts.len());
        is_kept &= effect.high < LIMIT;
    }
    is_kept
}

fn measure_layouts(size: usize, random: &mut Random) -> Vec<Vec<[Times; 3]>> {
    (0..LAYOUTS).map(|_| measure(Batch::of(size), random)).collect()
}

/// One layout: engines made anew, and the rounds in which each has a block, in random order.
fn measure(batch: Batch, random: &mut Random) -> Vec<[Times; 3]> {
    let provider = Provider::by_name("aws-lc-rs").expect("the provider");
    let mut gaps = Vec::new();
    let mut made = random.order().map(|contestant| {
        gaps.push(Vec::<u8>::with_capacity(random.below(MAX_GAP)));
        let switches = Switches { counters: COUNTERS[contestant], ..Switches::default() };
        (contestant, Engine::with_switches(provider, SUITE, batch, switches))
    });
    made.sort_unstable_by_key(|(contestant, _)| *contestant);
    let [(_, off), (_, again), (_, on)] = &mut made;
    // All do the same number: what they differ by is a hundredth.
    let batches = [calibrate(off, BLOCK); COUNTERS.len()];
    let mut engines: [&mut dyn Contestant; COUNTERS.len()] = [off, again, on];
    (0..ROUNDS).map(|_| blocks::round(&mut engines, batches, random)).collect()
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
        let effects: Vec<f64> = layouts.iter().map(|rounds| median(&sorted(rounds.iter().map(ratio)))).collect();
        let drawn = sorted((0..RESAMPLES).map(|_| {
            let draw = effects.iter().map(|_| effects[random.below(effects.len())]);
            median(&sorted(draw))
        }));
        let at = |share: f64| drawn[(share * (RESAMPLES - 1) as f64).round() as usize];
        Self { median: median(&sorted(effects)), low: at(0.025), high: at(0.975) }
    }
}

impl std::fmt::Display for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { median, low, high } = self;
        write!(f, "{:+.2} % [{:+.2}, {:+.2}]", median * 100.0, low * 100.0, high * 100.0)
    }
}
