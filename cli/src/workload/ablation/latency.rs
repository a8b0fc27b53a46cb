use super::{Buckets, Effect, Estimate, Measure};
use crate::schema::Side;
use crate::schema::quantity::{self, Quantity};
use crate::stats::{self, Summary};
use crate::workload::histogram::samples_needed;

/// The number of bootstrap resamples for the interval of pooled rounds.
const RESAMPLES: usize = 1_000;

/// A percentile of the round trips.
pub struct Percentile {
    /// The share of round trips that do not exceed it.
    pub share: f64,
    /// The quantity.
    pub quantity: &'static Quantity,
}

impl Percentile {
    /// All percentiles that are reported.
    pub const ALL: [Self; 4] = [
        Self { share: 0.5, quantity: &quantity::ROUND_TRIP_P50_NS },
        Self { share: 0.9, quantity: &quantity::ROUND_TRIP_P90_NS },
        Self { share: 0.99, quantity: &quantity::ROUND_TRIP_P99_NS },
        Self { share: 0.999, quantity: &quantity::ROUND_TRIP_P999_NS },
    ];

    /// The number of round trips needed to report it.
    pub fn samples_min(&self) -> u64 {
        samples_needed(self.share).round() as u64
    }

    const fn measure(&self) -> Measure {
        Measure { side: Side::Total, quantity: self.quantity }
    }
}

/// The effect on each percentile. `rounds` are with and without, `noise` is the difference between equal settings.
///
/// If each round has enough round trips for a percentile, it is compared round by round, like everything else.
/// Otherwise all rounds are pooled. Their interval resamples whole rounds, because round trips that are close in time
/// share the same disturbances.
pub(super) fn effects(
    rounds: [&[Buckets]; 2],
    percentiles: &[Percentile],
    noise: impl Fn(&Measure) -> f64,
    seed: u64,
) -> Vec<(Measure, Effect)> {
    let counts = || rounds.into_iter().flatten().map(Buckets::count);
    let is_enough = |percentile: &Percentile| counts().all(|count| count >= percentile.samples_min());
    let (paired, pooled): (Vec<_>, Vec<_>) = percentiles.iter().partition(|percentile| is_enough(percentile));
    let of_paired = |percentile: &&Percentile| {
        let measure = percentile.measure();
        let side = |side: usize| rounds[side].iter().filter_map(|round| round.percentile(percentile.share)).collect();
        let [with, without]: [Vec<f64>; 2] = [side(0), side(1)];
        Some((measure, Effect::of(&measure, &with, &without, noise(&measure), seed)?))
    };
    let shares: Vec<f64> = pooled.iter().map(|percentile| percentile.share).collect();
    let of_pooled = |(percentile, [with, without, change]): (&&Percentile, [Estimate; 3])| {
        let measure = percentile.measure();
        (measure, Effect::estimated(&measure, with, without, change, noise(&measure)))
    };
    let mut effects: Vec<_> = paired.iter().filter_map(of_paired).collect();
    effects.extend(pooled.iter().zip(together(rounds, &shares, seed)).map(of_pooled));
    effects
}

/// For each share: the value with, the value without, and their difference, from the pooled rounds.
fn together(rounds: [&[Buckets]; 2], shares: &[f64], seed: u64) -> Vec<[Estimate; 3]> {
    let count = rounds[0].len().min(rounds[1].len());
    let mut random = fastrand::Rng::with_seed(seed);
    let mut pools = rounds.map(|rounds| Pool::new(&rounds[..count]));
    let mut resampled: Vec<[Vec<f64>; 3]> = vec![Default::default(); shares.len()];
    let mut drawn: Vec<usize> = (0..count).collect();
    let Some(found) = percentiles(&mut pools, &drawn, shares) else { return Vec::new() };
    for _ in 0..RESAMPLES {
        drawn.fill_with(|| random.usize(..count));
        for (resampled, values) in
            resampled.iter_mut().zip(percentiles(&mut pools, &drawn, shares).into_iter().flatten())
        {
            resampled.iter_mut().zip(values).for_each(|(all, value)| all.push(value));
        }
    }
    let estimate = |(value, mut resampled): (f64, Vec<f64>)| {
        resampled.sort_unstable_by(f64::total_cmp);
        let ci95 = [stats::quantile(&resampled, 0.025), stats::quantile(&resampled, 0.975)];
        Estimate { samples: vec![value], summary: Summary { median: value, mad: 0.0, ci95 } }
    };
    let of_share = |(values, resampled): ([f64; 3], [Vec<f64>; 3])| {
        let mut pairs = values.into_iter().zip(resampled).map(estimate);
        Some([pairs.next()?, pairs.next()?, pairs.next()?])
    };
    found.into_iter().zip(resampled).filter_map(of_share).collect()
}

fn percentiles(pools: &mut [Pool; 2], drawn: &[usize], shares: &[f64]) -> Option<Vec<[f64; 3]>> {
    let [with, without] = pools;
    let (with, without) = (with.percentiles(drawn, shares)?, without.percentiles(drawn, shares)?);
    let pairs = with.into_iter().zip(without);
    Some(pairs.map(|(with, without)| [with, without, with / without - 1.0]).collect())
}

/// The round trips of several rounds, prepared for fast resampling.
struct Pool {
    /// The distinct values, in order.
    values: Vec<u64>,
    /// For each round, the indexes of its values and their counts.
    rounds: Vec<Vec<(usize, u64)>>,
    /// The number of times each value was drawn.
    counts: Vec<u64>,
}

impl Pool {
    fn new(rounds: &[Buckets]) -> Self {
        let values: Vec<u64> = Buckets::sum(rounds).0.into_iter().map(|(value, _)| value).collect();
        let at = |value: u64| values.partition_point(|known| *known < value);
        let rounds = rounds.iter().map(|round| round.0.iter().map(|(value, count)| (at(*value), *count)).collect());
        Self { rounds: rounds.collect(), counts: vec![0; values.len()], values }
    }

    /// The percentiles of the drawn rounds. `None` if these are empty. `shares` must be ascending.
    fn percentiles(&mut self, drawn: &[usize], shares: &[f64]) -> Option<Vec<f64>> {
        self.counts.fill(0);
        for (at, count) in drawn.iter().flat_map(|round| &self.rounds[*round]) {
            self.counts[*at] += count;
        }
        let total = self.counts.iter().sum::<u64>() as f64;
        let (mut at, mut below) = (0, *self.counts.first()?);
        let percentile = |share: &f64| {
            let target = (total * share).ceil().max(1.0) as u64;
            while below < target {
                at += 1;
                below += self.counts.get(at)?;
            }
            Some(self.values[at] as f64)
        };
        shares.iter().map(percentile).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::ablation::Verdict;
    use crate::workload::histogram::Times as RoundTrips;

    /// Rounds whose times are computed by `of` from the number of the round and a random number between 0 and 1.
    fn rounds(count: usize, each: usize, seed: u64, of: impl Fn(f64) -> f64) -> Vec<Buckets> {
        let mut random = fastrand::Rng::with_seed(seed);
        let round = |_| {
            let mut trips = RoundTrips::new().expect("a histogram");
            (0..each).for_each(|_| trips.record(of(random.f64()) as u64));
            trips.buckets()
        };
        (0..count).map(round).collect()
    }

    fn effect(effects: &[(Measure, Effect)], quantity: &Quantity) -> Effect {
        let found = effects.iter().find(|(measure, _)| measure.quantity == quantity);
        found.unwrap_or_else(|| panic!("{}", quantity.name)).1.clone()
    }

    #[test]
    fn percentiles_are_those_of_all_rounds_together() {
        let rounds = rounds(40, 500, 1, |share| 10_000.0 + share * 10_000.0);
        let mut pool = Pool::new(&rounds);
        let all: Vec<usize> = (0..rounds.len()).collect();
        let found = pool.percentiles(&all, &[0.5, 0.9, 0.99, 0.999]).expect("there are some");
        for (found, expected) in found.iter().zip([15_000.0, 19_000.0, 19_900.0, 19_990.0]) {
            assert!((found / expected - 1.0).abs() < 0.01, "{found} {expected}");
        }
        let sum = Buckets::sum(&rounds);
        assert_eq!((sum.count(), sum.percentile(0.99)), (20_000, Some(found[2])));
        assert_eq!(Pool::new(&[]).percentiles(&[], &[0.5]), None);
    }

    #[test]
    fn a_longer_tail_is_found_and_equals_are_equal() {
        let usual = |share: f64| 10_000.0 + share * 1_000.0;
        let tailed = |share: f64| if share > 0.998 { 50_000.0 } else { usual(share) };
        let without = rounds(60, 500, 1, usual);
        let noise = |_: &Measure| 0.01;
        let equal = effects([&rounds(60, 500, 2, usual), &without], &Percentile::ALL, noise, 3);
        assert_eq!(equal.len(), Percentile::ALL.len());
        assert!(equal.iter().all(|(_, effect)| effect.verdict == Verdict::InsideTheNoise), "{equal:?}");
        let worse = effects([&rounds(60, 500, 2, tailed), &without], &Percentile::ALL, noise, 3);
        assert_eq!(effect(&worse, &quantity::ROUND_TRIP_P50_NS).verdict, Verdict::InsideTheNoise);
        let tail = effect(&worse, &quantity::ROUND_TRIP_P999_NS);
        assert_eq!(tail.verdict, Verdict::Hurts);
        assert!((3.0..4.0).contains(&tail.change.summary.median), "{tail:?}");
        // 500 round trips per round are enough for p50, but not for p99, which has one value for all rounds.
        let samples = |quantity| effect(&worse, quantity).with.samples.len();
        assert_eq!(samples(&quantity::ROUND_TRIP_P50_NS), 60);
        assert_eq!(samples(&quantity::ROUND_TRIP_P99_NS), 1);
    }
}
