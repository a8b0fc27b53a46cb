use std::sync::Arc;
use std::time::Duration;

use tls_engine::crypto::Origin;

use super::aead::AeadBench;
use super::exchange::ExchangeBench;
use super::hash::HashBench;
use super::signature::{Keys, SignBench, VerifyBench};
use super::{Bench, Part, Primitive};
use crate::error::Error;
use crate::interrupt;
use crate::measure::{Method, Order, Pattern, per_second};

/// What a block should take: less than a turn of the scheduler, so that most blocks are whole even where other programs
/// want the processor, and long enough for some operations of the slowest.
const BLOCK: Duration = Duration::from_millis(2);
/// The fewest and the most rounds of a benchmark: enough for an interval, and no more than a document should hold.
const ROUNDS: core::ops::RangeInclusive<u128> = 25..=75;

/// How long, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How long each operation of each implementation is measured.
    pub duration: Duration,
    /// The seed of the order.
    pub seed: u64,
}

/// The parts of one algorithm, which take turns at texts of one size.
pub struct AlgorithmBench {
    lanes: Vec<Lane>,
}

/// What one operation of one part came to.
pub struct Measured {
    /// The part.
    pub part: Part,
    /// The operation.
    pub operation: &'static str,
    /// Where the operation is from and what computes it on this CPU.
    pub origin: Origin,
    /// How many there were.
    pub operations: u64,
    /// How long they took.
    pub elapsed_ns: u64,
    /// Operations per second, of each round. The rounds of a benchmark's operations belong together.
    pub per_s: Vec<f64>,
}

/// One part with operations that are timed together.
struct Lane {
    part: Part,
    origin: Origin,
    operations: &'static [&'static str],
    bench: Box<dyn Bench>,
}

impl AlgorithmBench {
    /// The benchmark of `parts`, which are of one algorithm, at texts of `size` bytes where its kind has sizes.
    pub fn new(parts: &[&Part], size: usize, keys: &mut Keys, seed: u64) -> Result<Self, Error> {
        let pattern = Arc::new(Pattern::new(seed, size.max(1 << 10)));
        let mut lanes = Vec::new();
        for part in parts {
            // Another provider says what is right, where there is one.
            let other = parts.iter().find(|other| other.origin.source != part.origin.source);
            lanes.extend(lanes_of(part, other.unwrap_or(part), size, keys, &pattern)?);
        }
        Ok(Self { lanes })
    }

    /// Measures all of it. `on_advance` hears now and then which share is done.
    pub fn run(mut self, schedule: &Schedule, on_advance: &mut dyn FnMut(f64)) -> Result<Vec<Measured>, Error> {
        let rounds = rounds(schedule.duration);
        let block_ns = (schedule.duration.as_nanos() / u128::from(rounds)).max(1);
        let block_ns = u64::try_from(block_ns).unwrap_or(u64::MAX);
        let mut counts = Vec::new();
        for lane in &mut self.lanes {
            counts.push(lane.count_that_takes(block_ns)?);
        }
        let mut blocks = vec![Vec::new(); self.lanes.len()];
        let mut measured: Vec<Vec<Measured>> = self.lanes.iter().map(Lane::nothing_yet).collect();
        let mut order = Order::new(schedule.seed);
        let mut turns: Vec<usize> = (0..self.lanes.len()).collect();
        for round in 0..rounds {
            order.shuffle(&mut turns);
            for turn in &turns {
                match self.lanes[*turn].block(counts[*turn]) {
                    // A round that was cut short is none.
                    Err(Error::Interrupted) if round > 0 => return Ok(measured.into_iter().flatten().collect()),
                    block => blocks[*turn] = block?,
                }
            }
            measured.iter_mut().zip(&blocks).for_each(|(measured, block)| add(measured, block));
            on_advance((round + 1) as f64 / rounds as f64);
        }
        Ok(measured.into_iter().flatten().collect())
    }
}

impl Lane {
    /// The number of operations that a block of this time has. Finding out warms up caches and clock.
    fn count_that_takes(&mut self, block_ns: u64) -> Result<u64, Error> {
        let mut count = 1;
        loop {
            let mut ns = vec![0; self.operations.len()];
            let done = self.bench.run(count, &mut ns)?;
            interrupt::check()?;
            // Where operations are timed together the slowest decides.
            let elapsed_ns = ns.into_iter().max().unwrap_or(0).max(1);
            if elapsed_ns >= block_ns / 4 {
                let count = u128::from(done) * u128::from(block_ns) / u128::from(elapsed_ns);
                return Ok(u64::try_from(count).unwrap_or(u64::MAX).max(1));
            }
            count *= 4;
        }
    }

    fn nothing_yet(&self) -> Vec<Measured> {
        let measured = |operation: &&'static str| Measured {
            part: self.part.clone(),
            operation,
            origin: self.origin.clone(),
            operations: 0,
            elapsed_ns: 0,
            per_s: Vec::new(),
        };
        self.operations.iter().map(measured).collect()
    }

    /// One block: of each operation how many there were, and how long they took.
    fn block(&mut self, count: u64) -> Result<Vec<(u64, u64)>, Error> {
        let mut ns = vec![0; self.operations.len()];
        let done = self.bench.run(count, &mut ns)?;
        Ok(ns.into_iter().map(|ns| (done, ns)).collect())
    }
}

fn add(measured: &mut [Measured], block: &[(u64, u64)]) {
    for (measured, (done, ns)) in measured.iter_mut().zip(block) {
        // A block that takes no time that the clock can tell has at least a tick.
        measured.per_s.push(per_second(*done, (*ns).max(1)));
        measured.operations += done;
        measured.elapsed_ns += ns;
    }
}

fn rounds(duration: Duration) -> u64 {
    let rounds = duration.as_nanos() / BLOCK.as_nanos();
    rounds.clamp(*ROUNDS.start(), *ROUNDS.end()) as u64
}

/// What is measured of a part. `reference` is of the same algorithm and says what is right.
fn lanes_of(
    part: &Part,
    reference: &Part,
    size: usize,
    keys: &mut Keys,
    pattern: &Arc<Pattern>,
) -> Result<Vec<Lane>, Error> {
    let lane =
        |operations, bench: Box<dyn Bench>| Lane { part: part.clone(), origin: part.origin.clone(), operations, bench };
    Ok(match (&part.primitive, &reference.primitive) {
        (Primitive::Aead(aead), _) => {
            let bench = |method| AeadBench::new(part, *aead, method, size, pattern).map(Box::new);
            vec![
                lane(&["seal-in-place", "open-in-place"], bench(Method::InPlace)?),
                lane(&["seal-into", "open-into"], bench(Method::OutOfPlace)?),
            ]
        }
        (Primitive::Hash(hash), Primitive::Hash(reference)) => {
            vec![lane(&["digest"], Box::new(HashBench::new(part, *hash, *reference, size, pattern)))]
        }
        (Primitive::Group(group, random), Primitive::Group(reference, _)) => {
            vec![lane(&["exchange"], Box::new(ExchangeBench::new(part, *group, *random, *reference)?))]
        }
        (Primitive::Signature(provider, scheme), Primitive::Signature(signer, verifier)) => {
            let identity = keys.of(scheme.scheme)?;
            let sign = SignBench::new(part, provider, *verifier, &identity, pattern)?;
            let verify = VerifyBench::new(part, *scheme, signer, &identity, pattern)?;
            let origin = sign.origin();
            vec![Lane { origin, ..lane(&["sign"], Box::new(sign)) }, lane(&["verify"], Box::new(verify))]
        }
        _ => return Err(Error::Failed(format!("{} is of two kinds", part.algorithm))),
    })
}
