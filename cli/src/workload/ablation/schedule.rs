use std::time::Duration;

use super::{Comparison, Workload};

/// The minimum number of timed rounds of each comparison.
pub(super) const ROUNDS_MIN: usize = 5;

/// What is compared, and for how long.
#[derive(Clone, Copy)]
pub struct AblationSchedule<'a> {
    /// The workload to run.
    pub workload: Workload,
    /// Pairs of settings, each with and without something. A comparison of equal settings provides the noise for all
    /// others of its base.
    pub comparisons: &'a [Comparison],
    /// The total length of the timed part.
    pub duration: Duration,
    /// The seed of the order, and of the intervals.
    pub seed: u64,
}
