use super::dependence::{batch_medians, block_length, inflation, likeness};
use super::rank::{rank_sum_p, ranks, signed_rank_p};
use super::resample::{self, Run};
use super::summary::median;

/// With fewer samples, a set shows nothing about its noise.
const SAMPLES_MIN: usize = 5;
/// The same limit for the effective number of samples if neighbours are alike.
const INDEPENDENT_MIN: f64 = 4.0;

/// How a difference is expressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// As a share of the first median: times.
    Share,
    /// In the unit of the samples: counts.
    Units,
}

/// The difference between two sets of samples of the same quantity: the second relative to the first.
#[derive(Clone, Debug)]
pub struct Difference<'a> {
    /// How the difference is expressed.
    pub scale: Scale,
    /// The medians of both.
    pub medians: [f64; 2],
    /// The difference.
    pub change: f64,
    /// The two-sided probability of such a difference if there is none. `None` if nothing is left to chance
    /// ([`Difference::is_exact`]), or if there are too few samples or too few independent ones.
    pub p: Option<f64>,
    /// Whether all samples of each set are equal: a count that does not vary.
    pub is_exact: bool,
    /// The lowest possible `p` with this many samples. If even that is not significant, no difference can be shown.
    pub least_p: f64,
    samples: [&'a [f64]; 2],
    changes: Option<Vec<f64>>,
}

/// The interval of a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its ends.
    pub ends: [f64; 2],
}

impl<'a> Difference<'a> {
    /// The difference between two runs, one after the other or on different machines: only the sets as wholes are
    /// compared. The correlation of neighbouring samples is accounted for. What a whole run has in common, such as its
    /// memory layout, can't be seen from a single run. `None` if a set is empty or not all finite numbers, or if the
    /// difference would be a share of 0.
    pub fn of_runs(scale: Scale, before: &'a [f64], after: &'a [f64]) -> Option<Self> {
        let mut difference = Self::begin(scale, before, after)?;
        if !difference.is_exact && before.len().min(after.len()) >= SAMPLES_MIN {
            let (left, right) = (batch_medians(before), batch_medians(after));
            let joint = ranks(&[&left[..], &right[..]].concat());
            let alike = likeness(&[&joint[..left.len()], &joint[left.len()..]]);
            let inflation = inflation(alike);
            if left.len().min(right.len()) as f64 / inflation >= INDEPENDENT_MIN {
                difference.p = Some(rank_sum_p(&joint, left.len(), inflation));
                let apart: Vec<f64> = (0..joint.len()).map(|rank| rank as f64 + 1.0).collect();
                difference.least_p = rank_sum_p(&apart, left.len(), inflation);
            }
        }
        Some(difference)
    }

    /// The difference of pairs: two blocks that ran side by side, in random order. Only differences within pairs count,
    /// so a drift of the machine does not.
    pub fn of_pairs(scale: Scale, before: &'a [f64], after: &'a [f64]) -> Option<Self> {
        let mut difference = Self::begin(scale, before, after)?;
        if before.len() != after.len() {
            return None;
        }
        let change = |(before, after): (&f64, &f64)| match scale {
            Scale::Share => after / before - 1.0,
            Scale::Units => after - before,
        };
        let changes: Vec<f64> = before.iter().zip(after).map(change).collect();
        // A sample close to zero has no share.
        difference.change = median(&changes).filter(|change| change.is_finite())?;
        if !difference.is_exact && changes.len() >= SAMPLES_MIN {
            difference.p = Some(signed_rank_p(&changes));
            difference.least_p = 2.0 * 0.5_f64.powi(changes.len().min(1_000) as i32);
        }
        difference.changes = Some(changes);
        Some(difference)
    }

    fn begin(scale: Scale, before: &'a [f64], after: &'a [f64]) -> Option<Self> {
        let medians = [median(before)?, median(after)?];
        let change = match scale {
            Scale::Units => medians[1] - medians[0],
            Scale::Share if medians[0] > 0.0 => medians[1] / medians[0] - 1.0,
            Scale::Share => return None,
        };
        if !f64::is_finite(change) {
            return None;
        }
        let is_constant = |samples: &[f64]| samples.iter().all(|sample| *sample == samples[0]);
        let is_exact = scale == Scale::Units && is_constant(before) && is_constant(after);
        Some(Self { scale, medians, change, p: None, is_exact, least_p: 1.0, samples: [before, after], changes: None })
    }

    /// The bootstrap interval of [`Difference::change`] at `confidence`. It takes a millisecond.
    pub fn interval(&self, confidence: f64, seed: u64) -> Interval {
        let found = match &self.changes {
            _ if self.is_exact => None,
            Some(changes) => {
                resample::interval(&[Run { samples: changes, block: 1 }], confidence, seed, |medians| medians[0])
            }
            None => {
                let run = |samples: &'a [f64]| {
                    let alike = likeness(&[&ranks(samples)]);
                    Run { samples, block: block_length(alike, samples.len()) }
                };
                let runs = self.samples.map(run);
                resample::interval(&runs, confidence, seed, |medians| match self.scale {
                    Scale::Share => medians[1] / medians[0] - 1.0,
                    Scale::Units => medians[1] - medians[0],
                })
            }
        };
        // If a resample divides by zero, the difference may be anything.
        let anywhere = if self.is_exact { [self.change; 2] } else { [f64::MIN, f64::MAX] };
        let finite = found.filter(|ends| ends.iter().all(|end| end.is_finite()));
        Interval { ends: finite.unwrap_or(anywhere) }
    }

    /// The same difference in the unit of the samples.
    pub fn in_units(&self) -> f64 {
        match self.scale {
            Scale::Units => self.change,
            Scale::Share => self.change * self.medians[0],
        }
    }

    /// The number of samples of both sets.
    pub fn counts(&self) -> [usize; 2] {
        self.samples.map(<[f64]>::len)
    }
}

impl Interval {
    /// Whether the interval lies on the same side of zero as `change`, without touching zero.
    pub fn is_on_the_side_of(&self, change: f64) -> bool {
        if change > 0.0 { self.ends[0] > 0.0 } else { self.ends[1] < 0.0 }
    }

    /// Half of the interval's width.
    pub fn half_width(&self) -> f64 {
        (self.ends[1] - self.ends[0]) / 2.0
    }
}
