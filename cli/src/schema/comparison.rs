//! Two results held against each other: what `compare` and `gate` find. `results/comparison.schema.json` says the same for
//! other programs.

use serde::Serialize;

use super::{Better, Kind, Tool};

/// The document's version. A change that breaks readers changes it.
pub const SCHEMA: &str = "tlsbench-comparison/1";

/// All that a comparison found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program that compared.
    pub tool: Tool,
    /// The profile whose thresholds are held to, where there is one.
    pub profile: Option<String>,
    /// What is compared with.
    pub baseline: Run,
    /// What is compared.
    pub candidate: Run,
    /// Whether both ran in turns: then each metric is compared pair by pair.
    pub interleaved: bool,
    /// How sure verdicts are, all of them together.
    pub confidence_level: f64,
    /// How much a metric may differ that varies, as a share; a gate's thresholds are with the metrics.
    pub noise_threshold: Option<f64>,
    /// What differs between the two as a whole.
    pub notes: Vec<String>,
    /// The cases, in the order of the candidate's.
    pub cases: Vec<Case>,
    /// What it all comes to.
    pub outcome: Outcome,
    /// How many metrics have which verdict.
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
    /// What differs between the two: switches that they ran with.
    pub notes: Vec<String>,
    /// Its metrics, in the order that tables print them.
    pub metrics: Vec<Metric>,
}

/// A metric of both results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metric {
    /// Its key, such as `send.efficiency`.
    pub name: String,
    /// The unit of its numbers.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
    /// How it varies.
    pub kind: Kind,
    /// The medians.
    pub baseline: Option<f64>,
    /// The medians.
    pub candidate: Option<f64>,
    /// How many samples there are of each.
    pub samples: [usize; 2],
    /// How they differ.
    pub difference: Option<Difference>,
    /// How much worse it may become, in its unit.
    pub allowed: f64,
    /// Whether it counts for the outcome; what does not is only told.
    pub is_binding: bool,
    /// What it comes to.
    pub verdict: Verdict,
    /// Why that is the verdict, where the numbers do not say it.
    pub why: Option<String>,
}

/// How two sets of samples differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Whether `change`, `ci95` and `smallest` are shares of the baseline; they are in the unit of the metric where not.
    pub is_share: bool,
    /// The candidate's median, less the baseline's; of pairs the median of their differences.
    pub change: f64,
    /// Its interval, at the confidence level.
    pub ci95: [f64; 2],
    /// How likely chance alone differs as much; nothing for counts that do not vary.
    pub p_value: Option<f64>,
    /// The smallest difference that these samples could have shown, among so many metrics; 0 for counts that do not vary, and
    /// nothing where they are too few to show any.
    pub smallest: Option<f64>,
}

/// What a difference comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Worse by more than is allowed, surely.
    Worse,
    /// Better by more than that, surely.
    Better,
    /// No difference that matters was seen, and the noise is too much to say that there is none.
    Inconclusive,
    /// It can't be compared.
    NotComparable,
    /// No difference that matters.
    InsideTheNoise,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing that counts is worse.
    Passed,
    /// Something that counts is worse.
    Regression,
    /// Something that should count can't be compared.
    NotComparable,
}

/// How many metrics have which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Worse.
    pub worse: usize,
    /// Worse ones that count for the outcome.
    pub regressions: usize,
    /// Better.
    pub better: usize,
    /// Inside the noise.
    pub inside_the_noise: usize,
    /// Inconclusive.
    pub inconclusive: usize,
    /// Not comparable.
    pub not_comparable: usize,
    /// Those of them that both should have.
    pub missing: usize,
}

impl Verdict {
    /// All of them, in the order that tables print them.
    pub const ALL: [Self; 5] =
        [Self::Worse, Self::Better, Self::Inconclusive, Self::NotComparable, Self::InsideTheNoise];

    /// In one word, which is easy to search for.
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
    /// Counts the verdicts anew, and what they come to.
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

    /// The metrics with this verdict, with their cases; those that count for the outcome first, and of those the
    /// greatest changes.
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
    /// The difference as a share of the baseline, for sorting; counts that were 0 come first.
    pub fn relative_change(&self) -> f64 {
        match (self.difference, self.baseline) {
            (Some(difference), _) if difference.is_share => difference.change,
            (Some(difference), Some(baseline)) if baseline != 0.0 => difference.change / baseline.abs(),
            (Some(difference), _) if difference.change != 0.0 => f64::MAX.copysign(difference.change),
            _ => 0.0,
        }
    }
}
