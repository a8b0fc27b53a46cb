//! Where a series of runs changed.
//!
//! A segment has a change if the ranks of two neighbouring parts differ more than shuffling would make them differ
//! anywhere. The parts may lie in the whole segment or in one of several windows within it (seeded binary
//! segmentation), so that a rise followed by a fall is found too. The segment is cut where two levels fit best, by
//! least absolute deviations, and both parts are searched again. Ranks and absolute deviations give an outlier no more
//! weight than any other run. Taking the maximum over all places accounts for having searched all of them. The
//! assumption is that without a change the order of runs is random: a slow drift counts as a change.

use super::median;
use super::rank::ranks;
use super::resample::{Run, interval};

/// A shorter part is an outlier, not a level.
const SHORTEST: usize = 2;
/// With a window of fewer runs, even the clearest order is not rare enough.
const WINDOW_MIN: usize = 8;
/// With fewer runs there is not enough room for a rise and a fall, and searching for them would only hide a single
/// step.
const RUNS_WITH_WINDOWS: usize = 2 * WINDOW_MIN;
/// The shuffles must be able to show a p-value this many times below the level.
const RESOLUTION: f64 = 20.0;
const SHUFFLES_MIN: usize = 999;
const SHUFFLES_MAX: usize = 50_000;

/// A place where a series changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The index of the first value after the change.
    pub at: usize,
    /// The probability that chance alone looks as much like a change, in the segment that was cut.
    pub p_value: f64,
}

/// The step between two levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The medians before and after.
    pub medians: [f64; 2],
    /// Their difference: as a share of the first, or in the unit of the values.
    pub change: f64,
    /// Its bootstrap interval.
    pub interval: [f64; 2],
}

/// The step between the values before a change and those after it, with an interval at `confidence`. `None` if one of
/// them is empty, or if the change would be a share of 0.
///
/// Not a [`super::Difference`], which compares samples within runs, where neighbours are alike. Here each value is a
/// run, and the change was found on the assumption that their order is random.
pub fn step(before: &[f64], after: &[f64], as_share: bool, confidence: f64, seed: u64) -> Option<Step> {
    let change = |medians: &[f64]| {
        let change = medians[1] - medians[0];
        // An increase is positive, also for values below zero.
        if as_share { change / medians[0].abs() } else { change }
    };
    let medians = [median(before)?, median(after)?];
    let runs = [before, after].map(|samples| Run { samples, block: 1 });
    let step = Step { medians, change: change(&medians), interval: interval(&runs, confidence, seed, change)? };
    [step.change, step.interval[0], step.interval[1]].iter().all(|number| number.is_finite()).then_some(step)
}

/// The changes of `values`, first to last. In a series without changes, one is found with a probability of at most
/// `level`.
pub fn changes(values: &[f64], level: f64, seed: u64) -> Vec<Change> {
    let mut found = Vec::new();
    if values.iter().any(|value| !value.is_finite()) {
        return found;
    }
    let mut open = vec![(0, values.len())];
    // The segments of one generation share the level, so that more segments do not cause more false alarms.
    while !open.is_empty() {
        let own = level / open.len() as f64;
        let mut next = Vec::new();
        for (start, end) in open {
            let Some(cut) = best_cut(&values[start..end], own, seed ^ start as u64) else { continue };
            if cut.p_value <= own {
                let at = start + cut.at;
                found.push(Change { at, p_value: cut.p_value });
                next.extend([(start, at), (at, end)]);
            }
        }
        open = next;
    }
    found.sort_unstable_by_key(|change| change.at);
    found
}

/// The probability that chance alone looks as much like a change as `values` do at their most likely place; 1 if there
/// is no such place.
pub fn p_value(values: &[f64], level: f64, seed: u64) -> f64 {
    if values.iter().any(|value| !value.is_finite()) {
        return 1.0;
    }
    best_cut(values, level, seed).map_or(1.0, |cut| cut.p_value)
}

/// The fewest runs in which a change can be distinguished from chance at this level. With fewer, even the clearest
/// order is not rare enough.
pub fn runs_needed(level: f64) -> usize {
    let mut ways = 1.0;
    for half in 1..40 {
        // From C(n, n/2) to C(n + 1, n/2), and on to C(n + 2, n/2 + 1).
        let runs = 2 * half - 1;
        ways *= f64::from(runs) / f64::from(half);
        if 2.0 / ways <= level {
            return runs as usize;
        }
        ways *= 2.0;
        if 2.0 / ways <= level {
            return runs as usize + 1;
        }
    }
    80
}

/// The levels for several series that are searched together (Benjamini and Hochberg). If none of them changed, a change
/// is found in any with a probability of at most `level`; if many changed, each needs less evidence. A series with a
/// higher p-value is not searched: its level is 0.
pub fn shared_levels(p_values: &[f64], level: f64) -> Vec<f64> {
    let mut sorted = p_values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let bound = |rank: usize| level * (rank + 1) as f64 / count;
    let last = (0..sorted.len()).rev().find(|&rank| sorted[rank] <= bound(rank));
    let shared = last.map_or(0.0, bound);
    p_values.iter().map(|p_value| if *p_value <= shared { shared } else { 0.0 }).collect()
}

fn best_cut(values: &[f64], level: f64, seed: u64) -> Option<Change> {
    if values.len() < 2 * SHORTEST || level <= 0.0 {
        return None;
    }
    let windows = windows(values.len());
    let mut ranks = ranks(values);
    let (strength, window) = strongest(&ranks, &windows)?;
    let shuffles = ((RESOLUTION / level) as usize).clamp(SHUFFLES_MIN, SHUFFLES_MAX);
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut as_strong, mut done) = (0_usize, 0_usize);
    // Once the level is exceeded, it does not matter by how much.
    while done < shuffles && as_strong as f64 <= level * shuffles as f64 {
        random.shuffle(&mut ranks);
        done += 1;
        // Equal values may differ in their last digits.
        if strongest(&ranks, &windows).is_some_and(|(other, _)| other >= strength * (1.0 - 1e-9)) {
            as_strong += 1;
        }
    }
    let at = best_fit(values, window)?;
    Some(Change { at, p_value: (as_strong + 1) as f64 / (done + 1) as f64 })
}

/// The whole, and shorter windows: each layer is shorter by a constant factor, and its windows start a quarter of their
/// length apart.
fn windows(count: usize) -> Vec<(usize, usize)> {
    let mut windows = vec![(0, count)];
    let mut length = if count < RUNS_WITH_WINDOWS { 0.0 } else { count as f64 / std::f64::consts::SQRT_2 };
    while length >= WINDOW_MIN as f64 {
        let whole = length.round() as usize;
        let last = count - whole;
        let starts = (0..last).step_by((whole / 4).max(1)).chain([last]);
        windows.extend(starts.map(|start| (start, start + whole)));
        length /= std::f64::consts::SQRT_2;
    }
    windows
}

/// The largest difference between two neighbouring parts of a window, relative to the random difference at that place;
/// and the window. `None` if all values are equal.
fn strongest(ranks: &[f64], windows: &[(usize, usize)]) -> Option<(f64, (usize, usize))> {
    let mut best: Option<(f64, (usize, usize))> = None;
    for &(start, end) in windows {
        let (count, total) = ((end - start) as f64, ranks[start..end].iter().sum::<f64>());
        let mut sum = 0.0;
        for (index, rank) in ranks[start..end].iter().enumerate() {
            sum += rank;
            let at = index + 1;
            if at < SHORTEST || end - start - at < SHORTEST {
                continue;
            }
            let share = at as f64 / count;
            let strength = (sum - share * total).powi(2) / (share * (1.0 - share) * count);
            if strength > best.map_or(1e-9, |(strength, _)| strength) {
                best = Some((strength, (start, end)));
            }
        }
    }
    best
}

/// The place in the window where two levels leave the smallest absolute deviations.
fn best_fit(values: &[f64], (start, end): (usize, usize)) -> Option<usize> {
    let distance = |part: &[f64]| {
        let level = median(part).unwrap_or(0.0);
        part.iter().map(|value| (value - level).abs()).sum::<f64>()
    };
    let places = start + SHORTEST..=end.checked_sub(SHORTEST)?;
    let fit = |at: &usize| distance(&values[start..*at]) + distance(&values[*at..end]);
    places.min_by(|a, b| fit(a).total_cmp(&fit(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: f64 = 0.05;

    /// Approximately normal.
    fn bell(random: &mut fastrand::Rng) -> f64 {
        (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
    }

    /// Student's t with two degrees of freedom: one value in twenty lies beyond four.
    fn heavy(random: &mut fastrand::Rng) -> f64 {
        let share = random.f64().clamp(1e-9, 1.0 - 1e-9);
        (2.0 * share - 1.0) / (2.0 * share * (1.0 - share)).sqrt()
    }

    /// Two levels that a run is on by chance, for example because of its memory layout.
    fn two_modes(random: &mut fastrand::Rng) -> f64 {
        bell(random) + if random.bool() { 0.0 } else { 8.0 }
    }

    fn count(random: &mut fastrand::Rng) -> f64 {
        f64::from(random.u32(..3))
    }

    /// The changes found in each of this many series; `step` is added from `at` on.
    fn found(noise: fn(&mut fastrand::Rng) -> f64, runs: usize, at: usize, step: f64, series: u64) -> Vec<Vec<usize>> {
        let of = |seed: u64| {
            let mut random = fastrand::Rng::with_seed(seed);
            let values: Vec<f64> =
                (0..runs).map(|run| noise(&mut random) + if run >= at { step } else { 0.0 }).collect();
            changes(&values, LEVEL, seed).iter().map(|change| change.at).collect()
        };
        (0..series).map(of).collect()
    }

    #[test]
    fn without_a_change_none_is_found_more_often_than_the_level_says() {
        for (name, noise) in [
            ("bell", bell as fn(&mut fastrand::Rng) -> f64),
            ("heavy", heavy),
            ("two modes", two_modes),
            ("count", count),
        ] {
            for runs in [8, 20, 60] {
                let alarms = found(noise, runs, runs, 0.0, 400).iter().filter(|found| !found.is_empty()).count();
                // The 99.9th percentile of 400 draws at 5 % is 34.
                assert!(alarms <= 34, "{alarms} of 400 alarms in {runs} runs with {name} noise");
            }
        }
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        for (name, noise, step) in [
            ("bell", bell as fn(&mut fastrand::Rng) -> f64, 4.0),
            ("heavy", heavy, 8.0),
            ("two modes", two_modes, 14.0),
        ] {
            let all = found(noise, 24, 12, step, 200);
            let right = all.iter().filter(|found| found.iter().any(|at| (11..=13).contains(at))).count();
            assert!(right >= 190, "{right} of 200 found with {name} noise");
            let more = all.iter().filter(|found| found.len() > 1).count();
            assert!(more <= 24, "{more} of 200 with more than one with {name} noise");
        }
    }

    #[test]
    fn a_late_step_is_found_after_a_few_runs() {
        let right = found(bell, 20, 15, 6.0, 100).iter().filter(|found| found[..] == [15]).count();
        assert!(right >= 90, "{right} of 100");
    }

    #[test]
    fn several_steps_are_told_apart_and_a_run_gone_wrong_is_none() {
        let mut random = fastrand::Rng::with_seed(5);
        let levels = [10.0, 20.0, 10.0];
        let values: Vec<f64> = (0..36).map(|run| levels[run / 12] + bell(&mut random)).collect();
        let at: Vec<usize> = changes(&values, LEVEL, 1).iter().map(|change| change.at).collect();
        assert_eq!(at, [12, 24]);
        let mut wrong: Vec<f64> = (0..20).map(|_| bell(&mut random)).collect();
        wrong[9] = 1e6;
        assert_eq!(changes(&wrong, LEVEL, 1), []);
    }

    #[test]
    fn nothing_comes_of_nothing() {
        for values in [&[][..], &[1.0], &[1.0, 2.0], &[3.0; 30], &[1.0, f64::NAN, 2.0, 3.0, 9.0, 9.0, 9.0, 9.0, 9.0]] {
            assert_eq!(changes(values, LEVEL, 1), [], "{values:?}");
            assert_eq!(p_value(values, LEVEL, 1), 1.0, "{values:?}");
        }
    }

    #[test]
    fn as_many_runs_as_are_needed_are_enough_and_fewer_are_not() {
        let needed = runs_needed(LEVEL);
        assert_eq!(needed, 8);
        let step = |runs: usize| -> Vec<f64> { (0..runs).map(|run| if run < runs / 2 { 1.0 } else { 2.0 }).collect() };
        for seed in 0..20 {
            assert_eq!(changes(&step(needed), LEVEL, seed).len(), 1);
            // With one run fewer, chance is at 5.7 %, which shuffling does not always distinguish from 5 %.
            assert_eq!(changes(&step(needed - 2), LEVEL, seed), []);
        }
    }

    #[test]
    fn a_step_has_its_size_and_an_interval_around_it() {
        let found = step(&[9.0, 10.0, 11.0], &[19.0, 20.0, 21.0], true, 0.95, 1).expect("a step");
        assert_eq!((found.medians, found.change), ([10.0, 20.0], 1.0));
        assert!(found.interval[0] < 1.0 && found.interval[1] > 1.0 && found.interval[0] > 0.5, "{found:?}");
        let exact = step(&[3.0], &[5.0, 5.0], false, 0.95, 1).expect("a step");
        assert_eq!((exact.change, exact.interval), (2.0, [2.0, 2.0]));
        let below_zero = step(&[-0.20; 3], &[-0.25; 3], true, 0.95, 1).expect("a step");
        assert!((below_zero.change + 0.25).abs() < 1e-9 && below_zero.interval[1] < 0.0, "{below_zero:?}");
        assert_eq!(step(&[0.0], &[1.0], true, 0.95, 1), None);
        assert_eq!(step(&[], &[1.0], false, 0.95, 1), None);
    }

    #[test]
    fn many_series_share_the_level() {
        assert_eq!(shared_levels(&[0.04], LEVEL), [0.05]);
        assert_eq!(shared_levels(&[0.04, 0.9], LEVEL), [0.0, 0.0]);
        assert_eq!(shared_levels(&[0.001, 0.9, 0.02, 0.5], LEVEL), [0.025, 0.0, 0.025, 0.0]);
        assert_eq!(shared_levels(&[], LEVEL), [0.0; 0]);
    }
}
