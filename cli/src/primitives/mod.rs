//! Raw cryptography without TLS: every part of every provider, and benchmarks in which the parts of one algorithm take
//! turns.

mod aead;
mod algorithm_bench;
mod exchange;
mod hash;
mod parts;
mod plausible;
mod signature;

pub use algorithm_bench::{AlgorithmBench, Measured, Schedule};
pub use parts::{Kind, Part, Primitive, parts};
pub use plausible::{contradictions, warn_of_contradictions};
pub use signature::Keys;

use crate::error::Error;

/// Operations of one or more kinds on one part, in batches that are the same for all parts of the algorithm.
trait Bench {
    /// Runs about `count` operations of each kind, and adds the time that each kind took to `ns`. Every result is
    /// checked outside the timed part. Returns the number of operations of each kind.
    fn run(&mut self, count: u64, ns: &mut [u64]) -> Result<u64, Error>;
}

/// The error for a wrong result: the cryptography can't be trusted, so there is nothing to measure.
fn wrong(part: &Part, what: &str) -> Error {
    Error::Failed(format!("{} of {}: {what}", part.algorithm, part.origin.source))
}
