//! Whether a machine is fit to measure, `tlsbench-doctor/1`: the results of the command `doctor`.

use serde::Serialize;

use super::{Host, Tool};

/// The document's version.
pub const SCHEMA: &str = "tlsbench-doctor/1";

/// What was found out about a machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program.
    pub tool: Tool,
    /// The machine: the same facts as in every results document.
    pub host: Host,
    /// What was looked at, and what is to be said about it.
    pub checks: Vec<Check>,
    /// Programs that measurements and tests can be made against.
    pub peers: Vec<Peer>,
    /// What two equal runs differ by.
    pub noise: Vec<Noise>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is about.
    pub name: String,
    /// What was found.
    pub finding: String,
    /// Whether that is good.
    pub state: CheckState,
    /// What to do, where something can be done.
    pub advice: Option<String>,
}

/// Whether something is good for measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// It is.
    Good,
    /// It makes numbers worth less.
    Warning,
    /// The system does not tell.
    Unknown,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// The first line of what it says about itself; nothing where it is not installed.
    pub version: Option<String>,
}

/// What two equal runs differ by in a metric, as shares of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Noise {
    /// The metric.
    pub metric: String,
    /// The median of the differences.
    pub median: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// How often both were run.
    pub rounds: usize,
}

impl Check {
    /// Something that is as it should be.
    pub fn good(name: &str, finding: impl Into<String>) -> Self {
        Self { name: name.to_owned(), finding: finding.into(), state: CheckState::Good, advice: None }
    }

    /// Something that makes numbers worth less, with what to do about it.
    pub fn warning(name: &str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name: name.to_owned(), finding: finding.into(), state: CheckState::Warning, advice: Some(advice.into()) }
    }

    /// Something that the system does not tell.
    pub fn unknown(name: &str) -> Self {
        Self { name: name.to_owned(), finding: "not told".to_owned(), state: CheckState::Unknown, advice: None }
    }
}

impl Noise {
    /// How far from nothing the interval reaches.
    pub fn size(&self) -> f64 {
        self.ci95[0].abs().max(self.ci95[1].abs())
    }
}
