//! The child's report to its parent: a line for each counted step, in the order in which callgrind writes its profiles.

use crate::error::Error;
use crate::schema::Side;

/// A call of a counted function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The side whose work it was.
    pub(super) side: Side,
    /// The index of its sample, from 0.
    pub(super) sample: usize,
    /// The number of records or handshakes in that sample.
    pub(super) units: usize,
}

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ChildReport {
    pub(super) steps: Vec<Step>,
    /// The processor as valgrind presents it.
    pub(super) cpu_class: String,
}

const CPU: &str = "cpu";
const STEP: &str = "step";

impl ChildReport {
    /// The report as text.
    pub(super) fn to_text(&self) -> String {
        let mut text = format!("{CPU} {}\n", self.cpu_class);
        for Step { side, sample, units } in &self.steps {
            text.push_str(&format!("{STEP} {} {sample} {units}\n", side.name()));
        }
        text
    }

    /// Parses the child's output.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut told = Self::default();
        for line in text.lines() {
            let refuse = || Error::Failed(format!("the counted program printed {line:?}, which means nothing"));
            match line.split(' ').collect::<Vec<_>>()[..] {
                [CPU, class] if told.cpu_class.is_empty() && !class.is_empty() => told.cpu_class = class.to_owned(),
                [STEP, side, sample, units] => told.steps.push(Step {
                    side: Side::ALL.into_iter().find(|known| known.name() == side).ok_or_else(refuse)?,
                    sample: sample.parse().map_err(|_| refuse())?,
                    units: units.parse().ok().filter(|units| *units > 0).ok_or_else(refuse)?,
                }),
                _ => return Err(refuse()),
            }
        }
        if told.cpu_class.is_empty() || told.steps.is_empty() {
            return Err(Error::Failed("the counted program did not tell what it did".to_owned()));
        }
        Ok(told)
    }

    /// The instructions per unit of each sample of `side`. `counts` are those of callgrind for each step.
    pub(super) fn per_unit(&self, side: Side, counts: &[u64]) -> Vec<f64> {
        let mut samples: Vec<(u64, usize)> = Vec::new();
        for (step, count) in self.steps.iter().zip(counts).filter(|(step, _)| step.side == side) {
            if samples.len() <= step.sample {
                samples.resize(step.sample + 1, (0, step.units));
            }
            samples[step.sample].0 += count;
        }
        samples.into_iter().map(|(count, units)| count as f64 / units as f64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> ChildReport {
        let step = |side, sample, units| Step { side, sample, units };
        let steps = vec![
            step(Side::Client, 0, 2),
            step(Side::Server, 0, 1),
            step(Side::Client, 0, 2),
            step(Side::Client, 1, 2),
        ];
        ChildReport { steps, cpu_class: "x86_64+avx2".to_owned() }
    }

    #[test]
    fn what_is_told_is_understood() {
        assert_eq!(ChildReport::parse(&told().to_text()).expect("it parses"), told());
    }

    #[test]
    fn steps_add_up_to_samples_of_their_side() {
        let counts = [10, 7, 5, 3];
        assert_eq!(told().per_unit(Side::Client, &counts), [7.5, 1.5]);
        assert_eq!(told().per_unit(Side::Server, &counts), [7.0]);
        assert_eq!(told().per_unit(Side::Send, &counts), [0.0; 0]);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let good = told().to_text();
        for wrong in ["", "cpu a\n", "step client 0 1\n", "cpu a\ncpu b\nstep client 0 1\n", "cpu \nstep client 0 1\n"]
        {
            assert!(ChildReport::parse(wrong).is_err(), "{wrong:?}");
        }
        for wrong in ["step nobody 0 1", "step client -1 1", "step client 0 0", "step client 0", "hello"] {
            assert!(ChildReport::parse(&format!("{good}{wrong}\n")).is_err(), "{wrong:?}");
        }
    }
}
