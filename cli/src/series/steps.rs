use super::Significance;
use crate::schema::history::{Change, Series};
use crate::schema::{Better, Kind};
use crate::stats;

/// A count that does not vary may have one step in this many runs; more are noise.
const RUNS_PER_STEP: usize = 4;

/// Marks where the series changed. All series that leave something to chance are searched together.
pub(super) fn find(all: &mut [Series], significance: &Significance) {
    let fewest = stats::change_runs_needed(significance.level);
    let (mut uncertain, mut short) = (Vec::new(), Vec::new());
    for series in all.iter_mut() {
        if let Some(steps) = exact_steps(series) {
            series.changes = changes(series, &steps, significance);
        } else if series.runs.len() >= fewest {
            uncertain.push(series);
        } else {
            // A series that is too short to show a change must not raise the bar for the others.
            short.push(series);
        }
    }
    let medians = |series: &Series| -> Vec<f64> { series.runs.iter().map(|run| run.median).collect() };
    let p_value =
        |series: &&mut Series| stats::change_p_value(&medians(series), significance.level / 20.0, significance.seed);
    let p_values: Vec<f64> = uncertain.iter().map(p_value).collect();
    let levels = stats::shared_levels(&p_values, significance.level);
    // For a change in one series alone; if several change at once, fewer runs are enough.
    let needed = stats::change_runs_needed(significance.level / (levels.len() + short.len()).max(1) as f64);
    short.into_iter().for_each(|series| series.runs_needed = Some(needed));
    for (series, level) in uncertain.into_iter().zip(levels) {
        series.runs_needed = (series.runs.len() < needed).then_some(needed);
        let found = stats::changes(&medians(series), level, significance.seed);
        let steps: Vec<(usize, Option<f64>)> = found.iter().map(|change| (change.at, Some(change.p_value))).collect();
        series.changes = changes(series, &steps, significance);
    }
}

/// The runs in which a count that does not vary within a run differs from the run before. `None` if it does vary.
fn exact_steps(series: &Series) -> Option<Vec<(usize, Option<f64>)>> {
    let is_exact = series.kind == Kind::Count && series.runs.iter().all(|run| run.ci95[0] == run.ci95[1]);
    let is_step = |run: &usize| {
        let (before, after) = (series.runs[run - 1].median, series.runs[*run].median);
        (after - before).abs() > 1e-9 * before.abs().max(after.abs())
    };
    let steps: Vec<(usize, Option<f64>)> = (1..series.runs.len()).filter(is_step).map(|run| (run, None)).collect();
    (is_exact && (steps.len() <= 1 || steps.len() * RUNS_PER_STEP <= series.runs.len())).then_some(steps)
}

/// The changes at `steps`. Steps that are too small are dropped, and the parts next to them joined again.
fn changes(series: &Series, steps: &[(usize, Option<f64>)], significance: &Significance) -> Vec<Change> {
    let mut steps = steps.to_vec();
    loop {
        let found: Vec<Option<Change>> =
            (0..steps.len()).map(|index| change(series, &steps, index, significance)).collect();
        let weakest = found.iter().position(Option::is_none);
        match weakest {
            Some(index) => drop(steps.remove(index)),
            None => return found.into_iter().flatten().collect(),
        }
    }
}

fn change(
    series: &Series,
    steps: &[(usize, Option<f64>)],
    index: usize,
    significance: &Significance,
) -> Option<Change> {
    let (at, p_value) = steps[index];
    let start = if index == 0 { 0 } else { steps[index - 1].0 };
    let end = steps.get(index + 1).map_or(series.runs.len(), |(at, _)| *at);
    let medians = |from: usize, to: usize| -> Vec<f64> { series.runs[from..to].iter().map(|run| run.median).collect() };
    let (before, after) = (medians(start, at), medians(at, end));
    let step = stats::step(&before, &after, series.kind == Kind::Time, 1.0 - significance.level, significance.seed)?;
    if series.kind == Kind::Time && step.change.abs() <= significance.threshold {
        return None;
    }
    let is_on_one_side = if step.change > 0.0 { step.interval[0] > 0.0 } else { step.interval[1] < 0.0 };
    if step.change == 0.0 || (p_value.is_some() && !is_on_one_side) {
        return None;
    }
    Some(Change {
        run: at,
        file: series.runs[at].file.clone(),
        before: step.medians[0],
        after: step.medians[1],
        change: step.change,
        interval: step.interval,
        p_value,
        is_better: (step.change > 0.0) == (series.better == Better::Higher),
    })
}
