//! Statistics of samples: the summary of one set, the difference between two, and which of many differences are
//! significant.

mod changes;
mod dependence;
mod difference;
mod family;
mod pairs;
mod rank;
mod resample;
#[cfg(test)]
mod simulation;
mod summary;

pub use changes::{
    Change, Step, changes, p_value as change_p_value, runs_needed as change_runs_needed, shared_levels, step,
};
pub use difference::{Difference, Interval, Scale};
pub use family::{Slack, Verdict, holm, judge, tests_of};
pub use pairs::pairs_needed;
pub use summary::{Summary, mad, median, median_ci95, quantile, summarize};
