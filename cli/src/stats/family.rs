use super::difference::Difference;

/// The largest difference that does not matter: the greater of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slack {
    /// As a share of the first median.
    pub share: f64,
    /// In the unit of the samples.
    pub units: f64,
}

/// The verdict on a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Worse by more than the slack, beyond doubt.
    Worse,
    /// Neither.
    InsideTheNoise,
    /// Better by more than the slack, beyond doubt.
    Better,
}

impl Slack {
    /// The slack in the unit of samples whose median is `median`. Numbers that differ only by rounding are equal.
    pub fn in_units(&self, median: f64) -> f64 {
        self.units.max(self.share * median.abs()).max(1e-9 * median.abs())
    }
}

/// The p-values, corrected for their number: the probability that any of those below a limit is there by chance is at
/// most the limit, however the tests depend on each other (Holm's step-down method).
///
/// A gate is a single decision, and a false alarm of any metric is a false alarm of the gate. The method of Benjamini
/// and Hochberg bounds the share of false alarms among all alarms instead, and lets more of them through once one
/// metric has really changed.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_unstable_by(|left, right| p_values[*left].total_cmp(&p_values[*right]));
    let mut corrected = vec![1.0; p_values.len()];
    let mut highest = 0.0_f64;
    for (done, index) in order.into_iter().enumerate() {
        highest = highest.max(p_values[index] * (p_values.len() - done) as f64).min(1.0);
        corrected[index] = highest;
    }
    corrected
}

/// The number of tests in a family that are left to chance, and must be corrected for each other.
pub fn tests_of<'a, 'b: 'a>(family: impl IntoIterator<Item = &'a Difference<'b>>) -> usize {
    family.into_iter().filter(|difference| !difference.is_exact).count().max(1)
}

/// The verdicts on a family of differences, each with its slack and whether less is better. A verdict needs three
/// things: a difference beyond the slack, a p-value that holds for the family as a whole, and an interval on one side
/// of zero. A count that does not vary needs only the first, and is not part of the family.
pub fn judge(family: &[(&Difference<'_>, Slack, bool)], confidence: f64, seed: u64) -> Vec<Verdict> {
    // Too few samples count as a test that shows nothing. Otherwise the other tests would gain from its noise.
    let left_to_chance = family.iter().map(|(difference, ..)| difference).filter(|difference| !difference.is_exact);
    let p_values: Vec<f64> = left_to_chance.map(|difference| difference.p.unwrap_or(1.0)).collect();
    let mut corrected = holm(&p_values).into_iter();
    let mut verdict = |(difference, slack, less_is_better): &(&Difference<'_>, Slack, bool)| {
        let is_sure = difference.is_exact || corrected.next().is_some_and(|p| p < 1.0 - confidence);
        let matters = difference.in_units().abs() > slack.in_units(difference.medians[0]);
        let is_better = (difference.change < 0.0) == *less_is_better;
        // The interval comes last because it takes longest.
        let is_shown =
            || difference.is_exact || difference.interval(confidence, seed).is_on_the_side_of(difference.change);
        match is_sure && matters && is_shown() {
            false => Verdict::InsideTheNoise,
            true if is_better => Verdict::Better,
            true => Verdict::Worse,
        }
    };
    family.iter().map(&mut verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Scale;
    use super::*;

    #[test]
    fn holm_gives_the_values_of_its_paper() {
        let close = |left: Vec<f64>, right: &[f64]| {
            assert!(left.iter().zip(right).all(|(left, right)| (left - right).abs() < 1e-12), "{left:?} {right:?}");
        };
        close(holm(&[0.01, 0.04, 0.03, 0.005]), &[0.03, 0.06, 0.06, 0.02]);
        close(holm(&[0.6, 0.9]), &[1.0, 1.0]);
        close(holm(&[]), &[]);
    }

    fn verdict(scale: Scale, before: &[f64], after: &[f64], slack: Slack) -> Verdict {
        let difference = Difference::of_runs(scale, before, after).expect("a difference");
        judge(&[(&difference, slack, true)], 0.95, 1)[0]
    }

    #[test]
    fn counts_that_do_not_vary_are_told_apart_exactly() {
        let none = Slack::default();
        assert_eq!(verdict(Scale::Units, &[3.0; 4], &[4.0; 4], none), Verdict::Worse);
        assert_eq!(verdict(Scale::Units, &[4.0], &[3.0], none), Verdict::Better);
        assert_eq!(verdict(Scale::Units, &[4.0], &[4.0], none), Verdict::InsideTheNoise);
        assert_eq!(verdict(Scale::Units, &[0.3], &[0.1 + 0.2], none), Verdict::InsideTheNoise, "rounding");
        assert_eq!(verdict(Scale::Units, &[3.0], &[4.0], Slack { units: 1.0, ..none }), Verdict::InsideTheNoise);
        assert_eq!(verdict(Scale::Units, &[3.0], &[5.0], Slack { units: 1.0, ..none }), Verdict::Worse);
        assert_eq!(verdict(Scale::Units, &[0.0], &[0.5], Slack { share: 9.0, ..none }), Verdict::Worse);
    }

    #[test]
    fn a_verdict_needs_an_effect_beyond_the_slack_and_samples_that_show_it() {
        let before: Vec<f64> = (0..30).map(|index| 100.0 + f64::from(index % 5)).collect();
        let after: Vec<f64> = before.iter().map(|time| time * 1.05).collect();
        let slack = |share| Slack { share, units: 0.0 };
        assert_eq!(verdict(Scale::Share, &before, &after, slack(0.02)), Verdict::Worse);
        assert_eq!(verdict(Scale::Share, &after, &before, slack(0.02)), Verdict::Better);
        assert_eq!(verdict(Scale::Share, &before, &after, slack(0.10)), Verdict::InsideTheNoise);
        assert_eq!(verdict(Scale::Share, &before[..4], &after[..4], slack(0.02)), Verdict::InsideTheNoise, "too few");
    }

    #[test]
    fn one_p_value_that_is_low_is_nothing_among_many() {
        let before: Vec<f64> = (0..12).map(|index| 100.0 + f64::from((index * 7) % 12)).collect();
        let after: Vec<f64> = before.iter().map(|time| time + 5.5).collect();
        let difference = Difference::of_runs(Scale::Share, &before, &after).expect("a difference");
        let slack = Slack { share: 0.02, units: 0.0 };
        assert_eq!(judge(&[(&difference, slack, true)], 0.95, 1), [Verdict::Worse]);
        let equal = Difference::of_runs(Scale::Share, &before, &before).expect("a difference");
        let mut family = vec![(&equal, slack, true); 400];
        family.push((&difference, slack, true));
        assert!(judge(&family, 0.95, 1).iter().all(|verdict| *verdict == Verdict::InsideTheNoise));
    }
}
