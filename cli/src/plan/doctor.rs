use std::time::Duration;

use super::output;
use crate::args;
use crate::error::Error;
use crate::render::{Display, Output};

/// What `doctor` does besides looking.
pub struct Doctor {
    /// How long equal runs are compared.
    pub duration: Duration,
    /// The seed of everything random in the measurement.
    pub seed: u64,
    /// Where the diagnosis goes.
    pub output: Output,
}

impl Doctor {
    pub(super) fn new(args: &args::Doctor, display: Display) -> Result<Self, Error> {
        Ok(Self { duration: args.duration, seed: args.seed, output: output::output(&args.output, display)? })
    }
}
