//! What several runs show about the same cases, `tlsbench-history/1`: the results of the command `history`.

use serde::Serialize;

use super::{Better, Facts, Kind, Tool};

/// The document's version.
pub const SCHEMA: &str = "tlsbench-history/1";

/// Runs in chronological order, and where they changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct History {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program that analysed them.
    pub tool: Tool,
    /// The confidence level of changes, for all series together.
    pub confidence_level: f64,
    /// Smaller changes of times are ignored, as a share.
    pub noise_threshold: f64,
    /// One for each metric of each case; several if the runs can't be joined.
    pub series: Vec<Series>,
}

/// One metric of one case in all runs that can be joined.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// The case.
    pub case: String,
    /// The metric's key.
    pub metric: String,
    /// The unit of all numbers.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
    /// How it varies.
    pub kind: Kind,
    /// What all its runs have in common: the machine, what was negotiated, the switches, what was requested.
    pub setting: Facts,
    /// How that differs from the series of the latest run; empty for that one.
    pub differs: Vec<String>,
    /// Differences among its runs that may explain a change.
    pub notes: Vec<String>,
    /// The number of runs needed to distinguish a change from chance, if there are too few.
    pub runs_needed: Option<usize>,
    /// The runs, first to last.
    pub runs: Vec<Run>,
    /// The changes, first to last.
    pub changes: Vec<Change>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Its file.
    pub file: String,
    /// When it began.
    pub started_at: String,
    /// The commit that it measured.
    pub git_commit: Option<String>,
    /// Whether it ended early.
    pub partial: bool,
    /// The median.
    pub median: f64,
    /// The interval of the median within the run.
    pub ci95: [f64; 2],
    /// The number of samples.
    pub samples: usize,
}

/// A place where a series changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The first run after it, counted from 0.
    pub run: usize,
    /// That run's file.
    pub file: String,
    /// The median of the runs before, back to the last change.
    pub before: f64,
    /// The median of the runs after, up to the next one.
    pub after: f64,
    /// The difference: a share of the value before for times, in their unit for counts.
    pub change: f64,
    /// The interval of the change, from the variation between runs, at the confidence level.
    pub interval: [f64; 2],
    /// The probability that chance alone looks as much like a change; `None` for counts that do not vary.
    pub p_value: Option<f64>,
    /// Whether it is an improvement.
    pub is_better: bool,
}
