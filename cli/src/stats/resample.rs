//! Bootstrap intervals.

use fastrand::Rng;

use super::summary::{median_in, quantile};

/// The minimum and maximum number of resamples for an interval: enough that a few lie beyond its ends.
const RESAMPLES: [f64; 2] = [1_000.0, 4_000.0];

/// Samples, and the number of neighbours that are drawn together.
pub(super) struct Run<'a> {
    pub(super) samples: &'a [f64],
    pub(super) block: usize,
}

/// The bootstrap interval of `statistic`, applied to the medians of resampled `runs`, at the given confidence. A block
/// that extends over the end continues at the beginning, so that every sample is drawn equally often.
pub(super) fn interval(
    runs: &[Run<'_>],
    confidence: f64,
    seed: u64,
    statistic: impl Fn(&[f64]) -> f64,
) -> Option<[f64; 2]> {
    if runs.iter().any(|run| run.samples.is_empty()) {
        return None;
    }
    let mut random = Rng::with_seed(seed);
    let mut drawn: Vec<Vec<f64>> = runs.iter().map(|run| Vec::with_capacity(run.samples.len())).collect();
    let mut medians = vec![0.0; runs.len()];
    let [fewest, most] = RESAMPLES;
    let resamples = (10.0 / (1.0 - confidence)).clamp(fewest, most) as usize;
    let mut found: Vec<f64> = (0..resamples)
        .map(|_| {
            for ((run, drawn), median) in runs.iter().zip(&mut drawn).zip(&mut medians) {
                draw(run, drawn, &mut random);
                *median = median_in(drawn);
            }
            statistic(&medians)
        })
        .collect();
    found.sort_unstable_by(f64::total_cmp);
    let outside = (1.0 - confidence) / 2.0;
    Some([quantile(&found, outside), quantile(&found, 1.0 - outside)])
}

fn draw(run: &Run<'_>, drawn: &mut Vec<f64>, random: &mut Rng) {
    let count = run.samples.len();
    drawn.clear();
    while drawn.len() < count {
        let first = random.usize(..count);
        let block = run.block.min(count - drawn.len());
        drawn.extend((first..first + block).map(|index| run.samples[index % count]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_comes_from_its_seed_and_blocks_widen_it() {
        // Sixteen slow samples, sixteen fast ones, and so on: alike neighbours.
        let samples: Vec<f64> = (0..128).map(|index| f64::from((index / 16) % 2 * 10 + index % 7)).collect();
        let width = |block| {
            let run = || [Run { samples: &samples, block }];
            let [low, high] = interval(&run(), 0.95, 3, |medians| medians[0]).expect("an interval");
            assert_eq!(interval(&run(), 0.95, 3, |medians| medians[0]), Some([low, high]));
            high - low
        };
        assert!(width(16) >= width(1), "{} {}", width(16), width(1));
        assert_eq!(interval(&[Run { samples: &[], block: 1 }], 0.95, 1, |medians| medians[0]), None);
    }

    #[test]
    fn more_confidence_takes_more_room() {
        let samples: Vec<f64> = (0..40).map(f64::from).collect();
        let run = || [Run { samples: &samples, block: 1 }];
        let [low, high] = interval(&run(), 0.999, 1, |medians| medians[0]).expect("an interval");
        let [inner_low, inner_high] = interval(&run(), 0.8, 1, |medians| medians[0]).expect("an interval");
        assert!(low < inner_low && inner_high < high);
    }
}
