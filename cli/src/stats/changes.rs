//! Where a series of runs changed.
//!
//! A segment has a change if somewhere, in it or in one of the windows that are laid over it (seeded binary segmentation, so
//! that what goes up and comes down again is seen), the ranks of two neighbouring parts differ more than shuffling would
//! make them differ anywhere. It is cut where two levels then fit best, by least absolute distances, and both parts are asked again.
//! Ranks and absolute distances, so that a run gone wrong counts as one run; the most of all places, so that having looked
//! at every place is allowed for. What is assumed is that the order of runs without a change says nothing: a slow drift
//! counts as a change.

use super::median;
use super::rank::ranks;
use super::resample::{Run, interval};

/// A part that is shorter is a run gone wrong, not a level.
const SHORTEST: usize = 2;
/// In a window of fewer runs even the clearest order is no rarity.
const WINDOW_MIN: usize = 8;
/// With fewer runs there is no room for going up and coming down again, and looking for it would only hide a single step.
const RUNS_WITH_WINDOWS: usize = 2 * WINDOW_MIN;
/// What shuffling has to be able to show: this many times rarer than the level.
const RESOLUTION: f64 = 20.0;
const SHUFFLES_MIN: usize = 999;
const SHUFFLES_MAX: usize = 50_000;

/// A place where a series changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The first value after it.
    pub at: usize,
    /// How often chance alone looks as much like a change, in the segment that it cut.
    pub p_value: f64,
}

/// What lies between two levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The medians before and after.
    pub medians: [f64; 2],
    /// Their difference: as a share of the first, or in its unit.
    pub change: f64,
    /// Its bootstrap interval.
    pub interval: [f64; 2],
}

/// The step between the values before a change and those after it, with an interval of that confidence. `None` where one
/// is empty, or where a share of 0 is asked for.
///
/// Not a [`super::Difference`]: that one looks at samples within runs, of which neighbours are alike. Here each value is a run,
/// and that their order says nothing is what the change was found by.
pub fn step(before: &[f64], after: &[f64], as_share: bool, confidence: f64, seed: u64) -> Option<Step> {
    let change = |medians: &[f64]| {
        let change = medians[1] - medians[0];
        // Of what is below zero too more is more.
        if as_share { change / medians[0].abs() } else { change }
    };
    let medians = [median(before)?, median(after)?];
    let runs = [before, after].map(|samples| Run { samples, block: 1 });
    let step = Step { medians, change: change(&medians), interval: interval(&runs, confidence, seed, change)? };
    [step.change, step.interval[0], step.interval[1]].iter().all(|number| number.is_finite()).then_some(step)
}

/// The changes of `values`, first to last. In a series without any, one is found with a probability of at most `level`.
pub fn changes(values: &[f64], level: f64, seed: u64) -> Vec<Change> {
    let mut found = Vec::new();
    if values.iter().any(|value| !value.is_finite()) {
        return found;
    }
    let mut open = vec![(0, values.len())];
    // Segments of one generation share the level, so that more of them do not mean more false alarms.
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

/// How likely chance alone looks as much like a change as `values` do, at their most likely place; 1 where there is none.
pub fn p_value(values: &[f64], level: f64, seed: u64) -> f64 {
    if values.iter().any(|value| !value.is_finite()) {
        return 1.0;
    }
    best_cut(values, level, seed).map_or(1.0, |cut| cut.p_value)
}

/// The fewest runs in which a change can be told from chance at this level: with fewer even the clearest order is no rarity.
pub fn runs_needed(level: f64) -> usize {
    let mut ways = 1.0;
    for half in 1..40 {
        // From n over n/2 to (n + 1) over n/2, and on to (n + 2) over n/2 + 1.
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

/// The levels of several series that are looked at together (Benjamini and Hochberg): what is found in any of them while
/// none changed is found with a probability of at most `level`; where many changed, each needs to be less of a rarity.
/// A series with a higher p-value is left alone: its level is 0.
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
    // Once the level can't be kept any more, how far it is missed does not matter.
    while done < shuffles && as_strong as f64 <= level * shuffles as f64 {
        random.shuffle(&mut ranks);
        done += 1;
        // What is equal may come out different in its last digits.
        if strongest(&ranks, &windows).is_some_and(|(other, _)| other >= strength * (1.0 - 1e-9)) {
            as_strong += 1;
        }
    }
    let at = best_fit(values, window)?;
    Some(Change { at, p_value: (as_strong + 1) as f64 / (done + 1) as f64 })
}

/// The whole, and shorter windows: each layer by a factor shorter, its windows a quarter of their length apart.
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

/// How much two neighbouring parts of a window differ, where they differ most, each place measured by what it differs by at
/// random; and that window. `None` where all is equal.
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

/// The place in the window where two levels leave the least distance to them.
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

    /// About normal.
    fn bell(random: &mut fastrand::Rng) -> f64 {
        (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
    }

    /// Student's with two degrees of freedom: one in twenty lies beyond four.
    fn heavy(random: &mut fastrand::Rng) -> f64 {
        let share = random.f64().clamp(1e-9, 1.0 - 1e-9);
        (2.0 * share - 1.0) / (2.0 * share * (1.0 - share)).sqrt()
    }

    /// Two levels that a run is on by chance, as where its memory comes to lie.
    fn two_modes(random: &mut fastrand::Rng) -> f64 {
        bell(random) + if random.bool() { 0.0 } else { 8.0 }
    }

    fn count(random: &mut fastrand::Rng) -> f64 {
        f64::from(random.u32(..3))
    }

    /// Of this many series, in how many a change is found; `step` is added from `at` on.
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
            // With one fewer chance is at 5.7 %, which shuffling can't tell from 5 % every time.
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
