//! A comparison of two results, as found by `compare` and `gate`. `results/comparison.schema.json` describes it for
//! other programs.

use serde::Serialize;

use super::{Better, Kind, Tool};

/// The document's version. It changes with every change that breaks readers.
pub const SCHEMA: &str = "tlsbench-comparison/1";

/// The findings of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program that compared.
    pub tool: Tool,
    /// The profile whose thresholds apply, if any.
    pub profile: Option<String>,
    /// The results to compare with.
    pub baseline: Run,
    /// The results that are compared.
    pub candidate: Run,
    /// Whether both ran in turns, so that each metric is compared pair by pair.
    pub interleaved: bool,
    /// The confidence level of all verdicts together.
    pub confidence_level: f64,
    /// The share by which a varying metric may differ. A gate's thresholds are with the metrics.
    pub noise_threshold: Option<f64>,
    /// Differences between the two as a whole.
    pub notes: Vec<String>,
    /// The cases, in the candidate's order.
    pub cases: Vec<Case>,
    /// The overall result.
    pub outcome: Outcome,
    /// The number of metrics with each verdict.
    pub counts: Counts,
}

/// One of the two results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The file, or what was measured.
    pub name: String,
    /// When it began.
    pub started_at: String,
    /// The version of the program that measured.
    pub version: String,
    /// The commit that it was built from.
    pub git_commit: Option<String>,
    /// The processor.
    pub cpu_model: Option<String>,
    /// Whether the run was ended early.
    pub partial: bool,
}

/// A case of both results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// Its id.
    pub id: String,
    /// Differences between the two, such as their switches.
    pub notes: Vec<String>,
    /// Its metrics, in the order that tables print them.
    pub metrics: Vec<Metric>,
}

/// A metric of both results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metric {
    /// The key, such as `send.efficiency`.
    pub name: String,
    /// The unit of its numbers.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
    /// How it varies.
    pub kind: Kind,
    /// The median of the baseline.
    pub baseline: Option<f64>,
    /// The median of the candidate.
    pub candidate: Option<f64>,
    /// The number of samples of each.
    pub samples: [usize; 2],
    /// The difference.
    pub difference: Option<Difference>,
    /// How much worse it may become, in its unit.
    pub allowed: f64,
    /// Whether it affects the outcome. If not, it is only reported.
    pub is_binding: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason for the verdict, if the numbers do not show it.
    pub why: Option<String>,
}

/// The difference between two sets of samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Whether `change`, `ci95` and `smallest` are shares of the baseline; otherwise they are in the unit of the
    /// metric.
    pub is_share: bool,
    /// The candidate's median minus the baseline's; for pairs, the median of their differences.
    pub change: f64,
    /// The interval of the change, at the confidence level.
    pub ci95: [f64; 2],
    /// The probability that chance alone produces such a difference; `None` for counts that do not vary.
    pub p_value: Option<f64>,
    /// The smallest difference that these samples could have shown, among this many metrics; 0 for counts that do not
    /// vary, and `None` if there are too few samples to show any.
    pub smallest: Option<f64>,
}

/// The verdict on a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Worse by more than is allowed, beyond doubt.
    Worse,
    /// Better by more than that, beyond doubt.
    Better,
    /// No difference that matters was found, but there is too much noise to rule one out.
    Inconclusive,
    /// It can't be compared.
    NotComparable,
    /// There is no difference that matters.
    InsideTheNoise,
}

/// The overall result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing that affects the outcome is worse.
    Passed,
    /// Something that affects the outcome is worse.
    Regression,
    /// Something that should affect the outcome can't be compared.
    NotComparable,
}

/// The number of metrics with each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Worse.
    pub worse: usize,
    /// Those of the worse ones that affect the outcome.
    pub regressions: usize,
    /// Better.
    pub better: usize,
    /// Inside the noise.
    pub inside_the_noise: usize,
    /// Inconclusive.
    pub inconclusive: usize,
    /// Not comparable.
    pub not_comparable: usize,
    /// Those not comparable that both results should have.
    pub missing: usize,
}

impl Verdict {
    /// All of them, in the order that tables print them.
    pub const ALL: [Self; 5] =
        [Self::Worse, Self::Better, Self::Inconclusive, Self::NotComparable, Self::InsideTheNoise];

    /// One word, which is easy to search for.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Inconclusive => "inconclusive",
            Self::NotComparable => "not-comparable",
            Self::InsideTheNoise => "inside-the-noise",
        }
    }
}

impl Comparison {
    /// Updates the counts of verdicts and the outcome.
    pub fn conclude(&mut self) {
        let metrics = || self.cases.iter().flat_map(|case| &case.metrics);
        let count = |verdict: Verdict| metrics().filter(|metric| metric.verdict == verdict).count();
        let binding = |verdict: Verdict| metrics().filter(|m| m.verdict == verdict && m.is_binding).count();
        let counts = Counts {
            worse: count(Verdict::Worse),
            regressions: binding(Verdict::Worse),
            better: count(Verdict::Better),
            inside_the_noise: count(Verdict::InsideTheNoise),
            inconclusive: count(Verdict::Inconclusive),
            not_comparable: count(Verdict::NotComparable),
            missing: binding(Verdict::NotComparable),
        };
        let is_blind = counts.not_comparable == metrics().count();
        self.outcome = if counts.regressions > 0 {
            Outcome::Regression
        } else if is_blind || (self.profile.is_some() && counts.missing > 0) {
            Outcome::NotComparable
        } else {
            Outcome::Passed
        };
        self.counts = counts;
    }

    /// The metrics with this verdict, with their cases: those that affect the outcome first, and among them the largest
    /// changes first.
    pub fn with(&self, verdict: Verdict) -> Vec<(&Case, &Metric)> {
        let of_case = |case| move |metric| (case, metric);
        let all = self.cases.iter().flat_map(|case| case.metrics.iter().map(of_case(case)));
        let mut found: Vec<(&Case, &Metric)> = all.filter(|(_, metric)| metric.verdict == verdict).collect();
        let size = |metric: &Metric| metric.relative_change().abs();
        found.sort_by(|(_, a), (_, b)| b.is_binding.cmp(&a.is_binding).then(size(b).total_cmp(&size(a))));
        found
    }
}

impl Metric {
    /// The difference as a share of the baseline, for sorting. Counts that were 0 come first.
    pub fn relative_change(&self) -> f64 {
        match (self.difference, self.baseline) {
            (Some(difference), _) if difference.is_share => difference.change,
            (Some(difference), Some(baseline)) if baseline != 0.0 => difference.change / baseline.abs(),
            (Some(difference), _) if difference.change != 0.0 => f64::MAX.copysign(difference.change),
            _ => 0.0,
        }
    }
}
