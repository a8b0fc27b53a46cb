//! Whether a machine is fit for measurements, `tlsbench-doctor/1`: the results of the command `doctor`.

use serde::Serialize;

use super::{Host, Tool};

/// The document's version.
pub const SCHEMA: &str = "tlsbench-doctor/1";

/// The findings about a machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program.
    pub tool: Tool,
    /// The machine: the same facts as in every results document.
    pub host: Host,
    /// The checks with their findings and advice.
    pub checks: Vec<Check>,
    /// Programs that measurements and tests can run against.
    pub peers: Vec<Peer>,
    /// The difference between two equal runs.
    pub noise: Vec<Noise>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The subject.
    pub name: String,
    /// What was found.
    pub finding: String,
    /// Whether the finding is good.
    pub state: CheckState,
    /// What to do, if anything can be done.
    pub advice: Option<String>,
}

/// Whether a finding is good for measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// It is good.
    Good,
    /// It makes results less reliable.
    Warning,
    /// The system does not report it.
    Unknown,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// The first line of its version output; `None` if it is not installed.
    pub version: Option<String>,
}

/// The difference between two equal runs in a metric, as shares of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Noise {
    /// The metric.
    pub metric: String,
    /// The median of the differences.
    pub median: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// The number of runs of each.
    pub rounds: usize,
}

impl Check {
    /// A finding that is as it should be.
    pub fn good(name: &str, finding: impl Into<String>) -> Self {
        Self { name: name.to_owned(), finding: finding.into(), state: CheckState::Good, advice: None }
    }

    /// A finding that makes results less reliable, with advice.
    pub fn warning(name: &str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name: name.to_owned(), finding: finding.into(), state: CheckState::Warning, advice: Some(advice.into()) }
    }

    /// A finding that the system does not report.
    pub fn unknown(name: &str) -> Self {
        Self { name: name.to_owned(), finding: "not told".to_owned(), state: CheckState::Unknown, advice: None }
    }
}

impl Noise {
    /// The largest distance of the interval from zero.
    pub fn size(&self) -> f64 {
        self.ci95[0].abs().max(self.ci95[1].abs())
    }
}
