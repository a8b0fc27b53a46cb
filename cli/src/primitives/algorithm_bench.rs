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

/// The target length of a block: shorter than a scheduler's time slice, so that most blocks are undisturbed even if
/// other programs compete for the processor, and long enough for several operations of the slowest algorithm.
const BLOCK: Duration = Duration::from_millis(2);
/// The minimum and maximum number of rounds: enough for an interval, and no more than a document should hold.
const ROUNDS: core::ops::RangeInclusive<u128> = 25..=75;

/// The length and the order of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The time for each operation of each implementation.
    pub duration: Duration,
    /// The seed of the order.
    pub seed: u64,
}

/// The implementations of one algorithm, which take turns with texts of one size.
pub struct AlgorithmBench {
    lanes: Vec<Lane>,
}

/// The measurement of one operation of one implementation.
pub struct Measured {
    /// The implementation.
    pub part: Part,
    /// The operation.
    pub operation: &'static str,
    /// The provider of the operation, and what computes it on this CPU.
    pub origin: Origin,
    /// The number of operations.
    pub operations: u64,
    /// The time they took.
    pub elapsed_ns: u64,
    /// Operations per second of each round. The rounds of all operations in a benchmark belong together.
    pub per_s: Vec<f64>,
}

/// One implementation, with operations that are timed together.
struct Lane {
    part: Part,
    origin: Origin,
    operations: &'static [&'static str],
    bench: Box<dyn Bench>,
}

impl AlgorithmBench {
    /// The benchmark of `parts`, which must be of one algorithm, with texts of `size` bytes if its kind has sizes.
    pub fn new(parts: &[&Part], size: usize, keys: &mut Keys, seed: u64) -> Result<Self, Error> {
        let pattern = Arc::new(Pattern::new(seed, size.max(1 << 10)));
        let mut lanes = Vec::new();
        for part in parts {
            // An implementation of another provider checks the results, if there is one.
            let other = parts.iter().find(|other| other.origin.source != part.origin.source);
            lanes.extend(lanes_of(part, other.unwrap_or(part), size, keys, &pattern)?);
        }
        Ok(Self { lanes })
    }

    /// Runs the benchmark. `on_advance` receives the share that is done from time to time.
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
                    // An interrupted round is discarded.
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
    /// The number of operations in a block of this length. Finding it also warms up caches and clock.
    fn count_that_takes(&mut self, block_ns: u64) -> Result<u64, Error> {
        let mut count = 1;
        loop {
            let mut ns = vec![0; self.operations.len()];
            let done = self.bench.run(count, &mut ns)?;
            interrupt::check()?;
            // If operations are timed together, the slowest determines the count.
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

    /// Runs one block. Returns the count and the time of each operation.
    fn block(&mut self, count: u64) -> Result<Vec<(u64, u64)>, Error> {
        let mut ns = vec![0; self.operations.len()];
        let done = self.bench.run(count, &mut ns)?;
        Ok(ns.into_iter().map(|ns| (done, ns)).collect())
    }
}

fn add(measured: &mut [Measured], block: &[(u64, u64)]) {
    for (measured, (done, ns)) in measured.iter_mut().zip(block) {
        // A block that is too short for the clock is taken to last one tick.
        measured.per_s.push(per_second(*done, (*ns).max(1)));
        measured.operations += done;
        measured.elapsed_ns += ns;
    }
}

fn rounds(duration: Duration) -> u64 {
    let rounds = duration.as_nanos() / BLOCK.as_nanos();
    rounds.clamp(*ROUNDS.start(), *ROUNDS.end()) as u64
}

/// The measurements of a part. `reference` is a part of the same algorithm that checks the results.
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
            vec![lane(&["exchange"], Box::new(ExchangeBench::new(part, *group, *random, *reference)))]
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
