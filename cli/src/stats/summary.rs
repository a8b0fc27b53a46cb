//! The summary of one set of samples: median, spread, and a bootstrap interval that a seed reproduces.

/// The number of resamples for an interval.
const RESAMPLES: usize = 2_000;

/// The summary of a set of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The middle of the samples.
    pub median: f64,
    /// The median of their distances from it, unscaled.
    pub mad: f64,
    /// The 95 % bootstrap interval of the median.
    pub ci95: [f64; 2],
}

/// The summary of `samples`, or `None` if there are none or one is not a finite number.
pub fn summarize(samples: &[f64], seed: u64) -> Option<Summary> {
    let median = median(samples)?;
    Some(Summary { median, mad: mad(samples)?, ci95: median_ci95(samples, seed)? })
}

/// The median: the middle sample, or the mean of the middle two.
pub fn median(samples: &[f64]) -> Option<f64> {
    if samples.is_empty() || samples.iter().any(|sample| !sample.is_finite()) {
        return None;
    }
    Some(median_of(samples))
}

/// The median of values that are known to be finite, and not empty.
pub(super) fn median_of(samples: &[f64]) -> f64 {
    median_in(&mut samples.to_vec())
}

/// The same without sorting all of them. The order of `samples` changes.
pub(super) fn median_in(samples: &mut [f64]) -> f64 {
    let half = samples.len() / 2;
    let (below, middle, _) = samples.select_nth_unstable_by(half, f64::total_cmp);
    let middle = *middle;
    match below.iter().copied().max_by(f64::total_cmp) {
        Some(other) if samples.len().is_multiple_of(2) => f64::midpoint(other, middle),
        _ => middle,
    }
}

/// The median absolute deviation from the median.
pub fn mad(samples: &[f64]) -> Option<f64> {
    let center = median(samples)?;
    let distances: Vec<f64> = samples.iter().map(|sample| (sample - center).abs()).collect();
    median(&distances)
}

/// The 95 % percentile-bootstrap interval of the median.
pub fn median_ci95(samples: &[f64], seed: u64) -> Option<[f64; 2]> {
    median(samples)?;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut drawn = vec![0.0; samples.len()];
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            drawn.fill_with(|| samples[random.usize(..samples.len())]);
            median_in(&mut drawn)
        })
        .collect();
    medians.sort_unstable_by(f64::total_cmp);
    Some([quantile(&medians, 0.025), quantile(&medians, 0.975)])
}

/// The value below which the share `q` of the `sorted` values lies, interpolated. `sorted` must not be empty.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = sorted[position.floor() as usize];
    let above = sorted[position.ceil() as usize];
    below + (above - below) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_spreads_of_known_samples() {
        assert_eq!(median(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(mad(&[1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]), Some(1.0));
        assert_eq!(quantile(&[0.0, 10.0, 20.0], 0.25), 5.0);
        assert_eq!(median(&[]), None);
        assert_eq!(summarize(&[1.0, f64::NAN], 0), None);
    }

    #[test]
    fn one_sample_and_equal_samples_have_an_interval_without_width() {
        for samples in [&[7.5][..], &[7.5; 9]] {
            assert_eq!(summarize(samples, 1), Some(Summary { median: 7.5, mad: 0.0, ci95: [7.5, 7.5] }));
        }
    }

    #[test]
    fn the_interval_comes_from_the_seed_and_holds_the_median() {
        let samples: Vec<f64> = (1..=99).map(f64::from).collect();
        let [low, high] = median_ci95(&samples, 42).expect("an interval");
        assert_eq!(median_ci95(&samples, 42), Some([low, high]));
        // The binomial interval of the median of 99 ordered samples runs from the 40th to the 60th.
        assert!((37.0..=43.0).contains(&low), "{low}");
        assert!((57.0..=63.0).contains(&high), "{high}");
    }

    #[test]
    fn the_interval_covers_the_truth_about_as_often_as_it_says() {
        let mut random = fastrand::Rng::with_seed(7);
        let covered = (0..400)
            .filter(|&round| {
                let samples: Vec<f64> = (0..25).map(|_| random.f64()).collect();
                let [low, high] = median_ci95(&samples, round).expect("an interval");
                (low..=high).contains(&0.5)
            })
            .count();
        assert!((360..=396).contains(&covered), "{covered} of 400");
    }
}
