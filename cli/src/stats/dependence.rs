//! Neighbouring samples are alike: a machine that is slow now is still slow a moment later. So there are fewer
//! independent samples than it seems.

/// The maximum number of batches for the samples of a run.
const BATCHES_MAX: usize = 24;
/// The upper limit of the estimate.
const LIKENESS_MAX: f64 = 0.95;

/// The medians of up to [`BATCHES_MAX`] batches of neighbours. Most of the similarity between neighbours stays within a
/// batch, and an outlier is ignored.
pub(super) fn batch_medians(samples: &[f64]) -> Vec<f64> {
    let batches = samples.len().min(BATCHES_MAX);
    let edge = |index: usize| index * samples.len() / batches;
    let batch = |index: usize| super::summary::median_of(&samples[edge(index)..edge(index + 1)]);
    (0..batches).map(batch).collect()
}

/// How alike neighbours are in runs of the same kind: the correlation of each value with its successor, over all runs,
/// rather too high than too low. The estimate from few values is too low by about (1 + 4 r) / n (Marriott and Pope,
/// Kendall), and is off by its own standard error as often as not; both are added.
pub(super) fn likeness(runs: &[&[f64]]) -> f64 {
    let (mut products, mut squares, mut count) = (0.0, 0.0, 0.0);
    for run in runs.iter().filter(|run| run.len() > 2) {
        let mean = run.iter().sum::<f64>() / run.len() as f64;
        products += run.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>();
        squares += run.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        count += run.len() as f64;
    }
    if squares <= 0.0 {
        return 0.0;
    }
    let found = products / squares;
    let bias = (1.0 + 4.0 * found) * runs.len() as f64 / count;
    let doubt = 1.0 / f64::sqrt(count);
    (found + bias + doubt).clamp(0.0, LIKENESS_MAX)
}

/// The factor by which the variance of the mean of such values exceeds that of independent ones.
pub(super) fn inflation(likeness: f64) -> f64 {
    (1.0 + likeness) / (1.0 - likeness)
}

/// The number of neighbours that a bootstrap draws together: about as far as the correlation reaches.
pub(super) fn block_length(likeness: f64, samples: usize) -> usize {
    (inflation(likeness).ceil() as usize).clamp(1, (samples / 4).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_every_sample_once() {
        for count in [1, 5, 24, 25, 47, 300] {
            let samples: Vec<f64> = (0..count).map(f64::from).collect();
            let medians = batch_medians(&samples);
            assert_eq!(medians.len(), samples.len().min(BATCHES_MAX));
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            assert!((mean(&medians) - mean(&samples)).abs() < 1.0, "{count}: {medians:?}");
        }
        assert_eq!(batch_medians(&[]), Vec::<f64>::new());
    }

    #[test]
    fn likeness_tells_a_drift_from_independent_samples() {
        let drifting: Vec<f64> = (0..60).map(f64::from).collect();
        let mut random = fastrand::Rng::with_seed(3);
        let independent: Vec<f64> = (0..600).map(|_| random.f64()).collect();
        let alternating: Vec<f64> = (0..60).map(|index| f64::from(index % 2)).collect();
        assert!(likeness(&[&drifting]) > 0.9);
        assert!(likeness(&[&independent]) < 0.15, "{}", likeness(&[&independent]));
        assert_eq!(likeness(&[&alternating]), 0.0);
        assert_eq!(likeness(&[&[1.0; 9], &[]]), 0.0);
        assert_eq!((inflation(0.0), inflation(0.5)), (1.0, 3.0));
        assert_eq!((block_length(0.0, 60), block_length(0.5, 60), block_length(0.95, 8)), (1, 3, 2));
    }
}
