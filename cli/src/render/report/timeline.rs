//! A metric over runs: each run's median with its interval, the level between changes, and the changes.

use maud::{Markup, html};

use super::marks::{line, percent, pixels, series_class, shape, text};
use super::scale::{Scale, axis_unit, quantity, tick_labels};
use crate::schema::history::{Change, Run, Series};

const HEIGHT: f64 = 186.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = HEIGHT - 24.0;
const LEFT: f64 = 0.135;
const RIGHT: f64 = 0.965;

/// The drawing of a series. `change` puts a change into words.
pub(super) fn markup(series: &Series, change: impl Fn(&Change) -> String) -> Markup {
    let ends = series.runs.iter().flat_map(|run| [run.median, run.ci95[0], run.ci95[1]]);
    let vertical = Scale::around(ends);
    let horizontal = Scale::exactly((0..series.runs.len()).map(|index| index as f64));
    let x = |index: f64| LEFT + horizontal.place(index) * (RIGHT - LEFT);
    let y = |value: f64| BOTTOM - vertical.place(value) * (BOTTOM - TOP);
    let label = format!("{}, {} over {} runs", series.case, series.metric, series.runs.len());
    html! {
        svg class="chart" role="img" aria-label=(label) width="100%" height=(HEIGHT) {
            (grid(series, &vertical, y))
            (days(series, x))
            g class=(series_class(0)) {
                @for (from, to, level) in levels(series) {
                    (line("level", (x(from as f64 - 0.35), y(level)), (x(to as f64 - 0.65), y(level))))
                }
                @for (index, run) in series.runs.iter().enumerate() {
                    (mark(run, series, x(index as f64), y))
                }
            }
            @for found in &series.changes {
                (cut(found, x(found.run as f64 - 0.5), &change(found)))
            }
        }
    }
}

fn grid(series: &Series, vertical: &Scale, y: impl Fn(f64) -> f64) -> Markup {
    let (low, high) = vertical.ends();
    let (factor, unit) = axis_unit(&series.unit, high.abs().max(low.abs()));
    let ticks = vertical.ticks();
    html! {
        (text("unit", "start", 0.0, 11.0, &unit))
        @for (tick, label) in ticks.iter().zip(tick_labels(vertical, &ticks, factor)) {
            (line("grid", (LEFT - 0.02, y(*tick)), (1.0, y(*tick))))
            (text("tick", "end", LEFT - 0.03, y(*tick) + 4.0, &label))
        }
    }
}

/// The days of the first and the last run.
fn days(series: &Series, x: impl Fn(f64) -> f64) -> Markup {
    let day = |run: Option<&Run>| run.and_then(|run| run.started_at.split('T').next()).unwrap_or_default().to_owned();
    let (first, last) = (day(series.runs.first()), day(series.runs.last()));
    let end = series.runs.len().saturating_sub(1) as f64;
    html! {
        @for index in 0..series.runs.len() {
            (line("notch", (x(index as f64), BOTTOM), (x(index as f64), BOTTOM + 3.0)))
        }
        (text("tick", "start", LEFT - 0.02, BOTTOM + 17.0, &first))
        @if first != last { (text("tick", "end", (x(end) + 0.03).min(1.0), BOTTOM + 17.0, &last)) }
    }
}

/// From run to run, and the level there.
fn levels(series: &Series) -> Vec<(usize, usize, f64)> {
    let Some(first) = series.changes.first() else { return Vec::new() };
    let ends = series.changes.iter().skip(1).map(|change| change.run).chain([series.runs.len()]);
    let after = series.changes.iter().zip(ends).map(|(change, end)| (change.run, end, change.after));
    std::iter::once((0, first.run, first.before)).chain(after).collect()
}

fn mark(run: &Run, series: &Series, x: f64, y: impl Fn(f64) -> f64) -> Markup {
    let [low, high] = run.ci95.map(|end| quantity(end, &series.unit));
    let commit = run.git_commit.as_deref().unwrap_or("no commit known");
    let partial = if run.partial { ", partial" } else { "" };
    let median = quantity(run.median, &series.unit);
    html! {
        g class=(if run.partial { "point partial" } else { "point" }) {
            title { (run.file) "\n" (median) " (" (low) " to " (high) ")\n" (run.started_at) ", " (commit) (partial) }
            circle class="touch" cx=(percent(x)) cy=(pixels(y(run.median))) r="10" {}
            (line("interval", (x, y(run.ci95[0])), (x, y(run.ci95[1]))))
            (shape(0, x, y(run.median)))
        }
    }
}

/// A change: a line, and what it amounts to, beside it where there is more room.
fn cut(change: &Change, x: f64, words: &str) -> Markup {
    let (anchor, place) = if x > 0.55 { ("end", x - 0.008) } else { ("start", x + 0.008) };
    html! {
        g class=(if change.is_better { "change helps" } else { "change hurts" }) {
            title { (words) ", from " (change.file) }
            (line("cut", (x, 18.0), (x, BOTTOM)))
            // The interval is in the table: on a narrow screen there is no room for it.
            (text("cut-label", anchor, place, 26.0, &shortened(words)))
        }
    }
}

/// Without the interval in the middle.
pub(super) fn shortened(words: &str) -> String {
    match (words.find(" ["), words.find(']')) {
        (Some(start), Some(end)) if start < end => format!("{}{}", &words[..start], &words[end + 1..]),
        _ => words.to_owned(),
    }
}
