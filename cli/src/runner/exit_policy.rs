use crate::error::Error;
use crate::schema::comparison::{Comparison, Outcome};

/// Which findings of a comparison are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitPolicy {
    /// Whether regressions are errors, and metrics that can no longer be compared.
    pub fails_on_regression: bool,
    /// Whether metrics without a verdict are errors.
    pub is_strict: bool,
}

impl ExitPolicy {
    /// The outcome of a command with these findings. A regression takes precedence.
    pub fn of(self, comparison: &Comparison) -> Result<(), Error> {
        let counts = comparison.counts;
        if comparison.outcome == Outcome::Regression && self.fails_on_regression {
            return Err(Error::Regression(format!("{}: {}", comparison.headline(), comparison.regressions())));
        }
        if comparison.outcome == Outcome::NotComparable || (self.fails_on_regression && counts.missing > 0) {
            return Err(not_comparable(comparison));
        }
        if self.is_strict && counts.inconclusive > 0 {
            return Err(Error::Inconclusive(format!("too noisy to judge: {}", comparison.unclear())));
        }
        if self.is_strict && counts.not_comparable > 0 {
            return Err(Error::Inconclusive(format!("not comparable: {}", comparison.missing())));
        }
        Ok(())
    }
}

fn not_comparable(comparison: &Comparison) -> Error {
    let missing = comparison.missing();
    let hint = match (&comparison.profile, comparison.interleaved) {
        (_, true) => "both builds must support the cases of the profile",
        (Some(_), false) => "measure the baseline again with the same profile",
        (None, false) => "compare results of the same cases",
    };
    Error::Baseline {
        name: comparison.baseline.name.clone(),
        problem: if missing.is_empty() { "there is no metric in common".to_owned() } else { missing },
        hint: Some(hint.to_owned()),
    }
}
