//! Rank tests. They use only the order of samples, so an outlier, a second mode or a long tail weighs no more than its
//! rank.

use libm::erfc;

/// Up to this many pairs, the signed-rank distribution is computed exactly. Beyond, the normal approximation is as
/// good.
const EXACT_PAIRS_MAX: usize = 40;

/// The ranks of `values`, from 1, in the order of `values`. Equal values share the mean of their ranks.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|left, right| values[*left].total_cmp(&values[*right]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0.0;
    for equal in order.chunk_by(|left, right| values[*left] == values[*right]) {
        let count = equal.len() as f64;
        for index in equal {
            ranks[*index] = before + (count + 1.0) / 2.0;
        }
        before += count;
    }
    ranks
}

/// The rank-sum test of Mann and Whitney: the two-sided probability that ranks lie at least this far apart if both sets
/// come from the same distribution. The first `left` of the joint `ranks` belong to the first set. `inflation` is the
/// factor by which the variance exceeds that of independent samples.
pub(super) fn rank_sum_p(ranks: &[f64], left: usize, inflation: f64) -> f64 {
    let (all, n, m) = (ranks.len() as f64, left as f64, (ranks.len() - left) as f64);
    if n == 0.0 || m == 0.0 {
        return 1.0;
    }
    let expected = n * (all + 1.0) / 2.0;
    let center = (all + 1.0) / 2.0;
    // The variance of the actual ranks, which allows for equal values.
    let spread = ranks.iter().map(|rank| (rank - center).powi(2)).sum::<f64>() / (all - 1.0);
    let variance = n * m / all * spread * inflation;
    if variance <= 0.0 {
        return 1.0;
    }
    let sum: f64 = ranks[..left].iter().sum();
    // The continuity correction of half a rank.
    let distance = ((sum - expected).abs() - 0.5).max(0.0);
    two_sided(distance / variance.sqrt())
}

/// The signed-rank test of Wilcoxon: the two-sided probability that changes lean to one side at least this much if each
/// could as well have the other sign. It is exact, also with equal values. It assumes nothing of the noise except that
/// the order within pairs was random. Zero changes keep their ranks and count half for each side (Pratt).
pub(super) fn signed_rank_p(changes: &[f64]) -> f64 {
    let sizes: Vec<f64> = changes.iter().map(|change| change.abs()).collect();
    let ranks = ranks(&sizes);
    let moved = || changes.iter().zip(&ranks).filter(|(change, _)| **change != 0.0);
    let positive: f64 = moved().filter(|(change, _)| **change > 0.0).map(|(_, rank)| rank).sum();
    let all: f64 = moved().map(|(_, rank)| rank).sum();
    let distance = (positive - all / 2.0).abs();
    if moved().count() == 0 || distance == 0.0 {
        return 1.0;
    }
    if changes.len() > EXACT_PAIRS_MAX {
        let variance = moved().map(|(_, rank)| rank * rank).sum::<f64>() / 4.0;
        return two_sided((distance - 0.5).max(0.0) / variance.sqrt());
    }
    // Twice the ranks are integers, even if values share them.
    let doubled: Vec<usize> = moved().map(|(_, rank)| (2.0 * rank).round() as usize).collect();
    let total: usize = doubled.iter().sum();
    let mut ways = vec![0.0_f64; total + 1];
    ways[0] = 1.0;
    for rank in &doubled {
        for sum in (*rank..=total).rev() {
            ways[sum] = (ways[sum] + ways[sum - rank]) / 2.0;
        }
        for way in &mut ways[..*rank] {
            *way /= 2.0;
        }
    }
    let far = |sum: usize| (sum as f64 / 2.0 - all / 2.0).abs() >= distance - 1e-9;
    ways.iter().enumerate().filter(|(sum, _)| far(*sum)).map(|(_, share)| share).sum::<f64>().min(1.0)
}

/// The probability that a standard normal value lies beyond `z` on either side.
fn two_sided(z: f64) -> f64 {
    erfc(z / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank_sum(left: &[f64], right: &[f64]) -> f64 {
        rank_sum_p(&ranks(&[left, right].concat()), left.len(), 1.0)
    }

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert_eq!(ranks(&[]), Vec::<f64>::new());
    }

    #[test]
    fn the_rank_sum_test_gives_the_published_values() {
        // Mann and Whitney's statistic of these sets is 0: z = (50 - 0.5) / sqrt(175), two-sided.
        let (low, high): (Vec<f64>, Vec<f64>) = ((1..=10).map(f64::from).collect(), (11..=20).map(f64::from).collect());
        assert!((rank_sum(&low, &high) - 0.000_182_67).abs() < 1e-7, "{}", rank_sum(&low, &high));
        assert_eq!(rank_sum(&low, &high), rank_sum(&high, &low));
        assert_eq!(rank_sum(&[1.0; 5], &[1.0; 9]), 1.0);
        assert!(rank_sum_p(&ranks(&[low, high].concat()), 10, 2.0) > 0.008);
    }

    #[test]
    fn the_signed_rank_test_counts_signs_out() {
        // All of the same sign: 2 of 2^n ways.
        for count in [5_i32, 12] {
            let changes: Vec<f64> = (1..=count).map(f64::from).collect();
            assert!((signed_rank_p(&changes) - 2.0 / 2.0_f64.powi(count)).abs() < 1e-12);
        }
        // Of the 64 combinations of 6 signs, the 10 with a sum of at most 3 or at least 18.
        let changes = [-3.0, 1.0, 2.0, 4.0, 5.0, 6.0];
        assert!((signed_rank_p(&changes) - 10.0 / 64.0).abs() < 1e-12, "{}", signed_rank_p(&changes));
        assert_eq!(signed_rank_p(&[0.0; 8]), 1.0);
        assert_eq!(signed_rank_p(&[1.0, -1.0]), 1.0);
    }

    #[test]
    fn many_pairs_come_out_as_few_do() {
        let changes: Vec<f64> = (1..=40).map(|n| f64::from(if n % 3 == 0 { -n } else { n })).collect();
        let exact = signed_rank_p(&changes);
        // The same with an additional zero pair, which uses the normal approximation.
        let smooth = signed_rank_p(&[&changes[..], &[0.0]].concat());
        assert!((exact / smooth - 1.0).abs() < 0.1, "{exact} {smooth}");
    }
}
