//! What several runs say about the same cases, `tlsbench-history/1`: the results of the command `history`.

use serde::Serialize;

use super::{Better, Facts, Kind, Tool};

/// The document's version.
pub const SCHEMA: &str = "tlsbench-history/1";

/// Runs in the order of their time, and where they changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct History {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program that looked.
    pub tool: Tool,
    /// How sure a change has to be: that of all series together.
    pub confidence_level: f64,
    /// Smaller changes of times are passed over, as a share.
    pub noise_threshold: f64,
    /// One for each metric of each case; several where the runs can't be joined.
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
    /// What all its runs share: the machine, what was negotiated, the switches, what was asked for.
    pub setting: Facts,
    /// Where that differs from the series of the latest run, and how; empty in that one.
    pub differs: Vec<String>,
    /// What differs among its runs and may be the reason for a change.
    pub notes: Vec<String>,
    /// How many runs it would take to tell a change from chance, where these are too few.
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
    /// Whether it was ended early.
    pub partial: bool,
    /// What it found.
    pub median: f64,
    /// The interval of that, within the run.
    pub ci95: [f64; 2],
    /// From how many samples.
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
    /// What that is: of times as a share of what was before, of counts in their unit.
    pub change: f64,
    /// Its interval, from how runs differ, at the confidence level.
    pub interval: [f64; 2],
    /// How often chance alone looks as much like a change; nothing for counts that do not vary.
    pub p_value: Option<f64>,
    /// Whether it became better.
    pub is_better: bool,
}
