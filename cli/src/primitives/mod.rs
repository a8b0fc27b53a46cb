//! Raw cryptography without any TLS: every part of every provider, and benchmarks in which the parts of one algorithm take
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

/// Operations of one or more kinds on one part, in batches that all parts of the algorithm have alike.
trait Bench {
    /// Carries out about `count` operations of each kind, and adds the time that each kind took to `ns`. Every result is
    /// checked, while no clock runs. Tells how many operations of each kind there were.
    fn run(&mut self, count: u64, ns: &mut [u64]) -> Result<u64, Error>;
}

/// A result that is wrong: cryptography that can't be trusted, so there is nothing to measure.
fn wrong(part: &Part, what: &str) -> Error {
    Error::Failed(format!("{} of {}: {what}", part.algorithm, part.origin.source))
}
