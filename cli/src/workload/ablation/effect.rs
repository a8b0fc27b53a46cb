use crate::schema::quantity::Quantity;
use crate::schema::{Better, Kind, Side};
use crate::stats::{self, Summary};

/// Changes of a count that was taken only once get no verdict below this share.
const NEGLIGIBLE: f64 = 0.015;
/// A verdict needs an interval this many times as wide as the 95 % interval. A run has hundreds of effects, and one in
/// twenty lies outside of its 95 % interval by chance.
const WIDER: f64 = 2.0;

/// What a workload measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The side.
    pub side: Side,
    /// The quantity.
    pub quantity: &'static Quantity,
}

/// The estimate from samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// One per round, or a single one for all rounds if a round has too few values to be meaningful.
    pub samples: Vec<f64>,
    /// Their median and its interval.
    pub summary: Summary,
}

/// How a switch changes a measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// With the switch.
    pub with: Estimate,
    /// Without the switch.
    pub without: Estimate,
    /// The difference: a share of the value without the switch for times, in its own unit for counts.
    pub change: Estimate,
    /// The smallest change that this run could have detected.
    pub smallest: f64,
    /// The conclusion.
    pub verdict: Verdict,
}

/// The conclusion about an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The measure is better with the switch.
    Helps,
    /// It is worse.
    Hurts,
    /// Neither can be shown.
    InsideTheNoise,
}

impl Verdict {
    /// The words for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Helps => "helps",
            Self::Hurts => "hurts",
            Self::InsideTheNoise => "inside the noise",
        }
    }
}

impl Estimate {
    /// `None` if there are no samples.
    fn of(samples: Vec<f64>, seed: u64) -> Option<Self> {
        let summary = stats::summarize(&samples, seed)?;
        Some(Self { samples, summary })
    }
}

impl Effect {
    /// The effect from paired samples, where equal settings differ by `noise`. `None` if there are none.
    pub fn of(measure: &Measure, with: &[f64], without: &[f64], noise: f64, seed: u64) -> Option<Self> {
        let change = |(with, without): (&f64, &f64)| match measure.quantity.kind {
            Kind::Time => with / without - 1.0,
            Kind::Count => with - without,
        };
        let changes: Vec<f64> = with.iter().zip(without).map(change).collect();
        let estimate = |samples: &[f64]| Estimate::of(samples.to_vec(), seed);
        Some(Self::estimated(measure, estimate(with)?, estimate(without)?, Estimate::of(changes, seed)?, noise))
    }

    /// The effect from estimates that were obtained in another way.
    pub fn estimated(measure: &Measure, with: Estimate, without: Estimate, change: Estimate, noise: f64) -> Self {
        let Summary { median, ci95, .. } = change.summary;
        // A number that is the same every time is exact, however small the change.
        let is_counted_once = measure.quantity.kind == Kind::Count && without.samples.len() == 1;
        let negligible = if is_counted_once { NEGLIGIBLE * without.summary.median.abs() } else { 0.0 };
        let noise = noise.max(negligible);
        let smallest = noise.max((ci95[1] - ci95[0]) / 2.0 * WIDER);
        let towards_zero = if median < 0.0 { ci95[1] - median } else { median - ci95[0] };
        let is_shown = median.abs() > noise && median.abs() > towards_zero * WIDER;
        let is_better = (median < 0.0) == (measure.quantity.better == Better::Lower);
        let verdict = match (is_shown, is_better) {
            (false, _) => Verdict::InsideTheNoise,
            (true, true) => Verdict::Helps,
            (true, false) => Verdict::Hurts,
        };
        Self { with, without, change, smallest, verdict }
    }

    /// The noise, if this compares equal settings: the end of the interval that is farther from zero.
    pub fn noise(&self) -> f64 {
        let [low, high] = self.change.summary.ci95;
        low.abs().max(high.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::quantity::{CPU_NS_PER_BYTE, HEAP_CALLS_PER_RECORD, THROUGHPUT_BYTES_PER_S};

    fn effect(quantity: &'static Quantity, with: &[f64], without: &[f64], noise: f64) -> Effect {
        Effect::of(&Measure { side: Side::Send, quantity }, with, without, noise, 1).expect("an effect")
    }

    #[test]
    fn a_verdict_needs_an_interval_on_one_side_and_an_effect_beyond_the_noise() {
        let without = [100.0, 101.0, 99.0, 100.0, 100.0, 102.0];
        let less = without.map(|time| time * 0.9);
        let shown = effect(&CPU_NS_PER_BYTE, &less, &without, 0.01);
        assert_eq!(shown.verdict, Verdict::Helps);
        assert!((shown.change.summary.median + 0.1).abs() < 1e-9 && shown.smallest == 0.01);
        assert_eq!(effect(&CPU_NS_PER_BYTE, &less, &without, 0.2).verdict, Verdict::InsideTheNoise);
        assert_eq!(effect(&THROUGHPUT_BYTES_PER_S, &less, &without, 0.01).verdict, Verdict::Hurts);
        let loose = [91.0, 100.5, 92.0, 99.5, 96.0, 97.0];
        let loose = effect(&CPU_NS_PER_BYTE, &loose, &without, 0.01);
        assert!(loose.change.summary.ci95[1] < 0.0, "{loose:?}");
        assert_eq!(loose.verdict, Verdict::InsideTheNoise, "outside of an interval, but not of one that is wider");
        let crossing = [90.0, 112.0, 90.0, 112.0, 91.0, 110.0];
        let unclear = effect(&CPU_NS_PER_BYTE, &crossing, &without, 0.0);
        assert_eq!(unclear.verdict, Verdict::InsideTheNoise);
        assert!(unclear.smallest > 0.05, "{unclear:?}");
    }

    #[test]
    fn counts_differ_by_numbers_and_equal_ones_by_nothing() {
        let fewer = effect(&HEAP_CALLS_PER_RECORD, &[0.0; 4], &[3.0; 4], 0.0);
        let Summary { median, ci95, .. } = fewer.change.summary;
        assert_eq!((median, ci95, fewer.verdict), (-3.0, [-3.0; 2], Verdict::Helps));
        let nearly = effect(&HEAP_CALLS_PER_RECORD, &[299.0], &[300.0], 0.0);
        assert_eq!((nearly.change.summary.median, nearly.verdict), (-1.0, Verdict::InsideTheNoise));
        assert_eq!(effect(&HEAP_CALLS_PER_RECORD, &[299.0; 4], &[300.0; 4], 0.0).verdict, Verdict::Helps);
        let equal = effect(&HEAP_CALLS_PER_RECORD, &[3.0; 4], &[3.0; 4], 0.0);
        assert_eq!((equal.change.summary.median, equal.verdict), (0.0, Verdict::InsideTheNoise));
    }
}
