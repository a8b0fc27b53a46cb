use std::time::Duration;

use super::{Comparison, Workload};

/// How often each comparison is timed at the least.
pub(super) const ROUNDS_MIN: usize = 5;

/// What is compared, and for how long.
#[derive(Clone, Copy)]
pub struct AblationSchedule<'a> {
    /// What is done meanwhile.
    pub workload: Workload,
    /// Pairs of settings, each with and without something. One with and without nothing shows the noise for all others of
    /// its base.
    pub comparisons: &'a [Comparison],
    /// How long the timed part of all of them takes together.
    pub duration: Duration,
    /// The seed of the order, and of the intervals.
    pub seed: u64,
}
