use crate::error::Error;
use crate::schema::comparison::{Comparison, Outcome};

/// What of a comparison ends a command with which exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whether something that is worse does.
    pub fails_on_regression: bool,
    /// Whether having no verdict on a metric does.
    pub is_strict: bool,
}

impl Ending {
    /// The ending of a command that found this. A regression comes first: it is known, whatever else is not.
    pub fn of(self, comparison: &Comparison) -> Result<(), Error> {
        match comparison.outcome {
            Outcome::Regression if self.fails_on_regression => {
                return Err(Error::Regression(format!("{}: {}", comparison.headline(), comparison.regressions())));
            }
            Outcome::NotComparable => {
                let missing = comparison.missing();
                return Err(Error::Baseline {
                    name: comparison.baseline.name.clone(),
                    problem: if missing.is_empty() {
                        "it has no metric in common with these".to_owned()
                    } else {
                        missing
                    },
                    hint: Some("measure the baseline anew, with the same profile".to_owned()),
                });
            }
            Outcome::Regression | Outcome::Passed => {}
        }
        let counts = comparison.counts;
        if self.is_strict && counts.inconclusive > 0 {
            let unclear = comparison.unclear();
            return Err(Error::Inconclusive(format!("the noise is too much to tell of {unclear}")));
        }
        if self.is_strict && counts.missing > 0 {
            return Err(Error::Inconclusive(format!("not comparable: {}", comparison.missing())));
        }
        Ok(())
    }
}
