//! What changed from run to run, and what makes runs worth less.

use maud::{Markup, html};

use super::Finding;
use crate::render::history::told;
use crate::render::report::history::ANCHOR;
use crate::render::report::others::title;
use crate::render::report::run::Run;
use crate::render::report::timeline::shortened;
use crate::schema::history::Series;
use crate::units::counted;

/// Changes and files that are named.
const NAMED: usize = 3;

/// The latest change of each series that has one.
pub(super) fn over_time(series: &[Series]) -> Option<Finding> {
    let runs = series.iter().map(|series| series.runs.len()).max()?;
    let changes: Vec<String> = series.iter().filter_map(last_change).collect();
    let words = match changes.len() {
        0 => format!(
            "nothing has changed in {} of up to {runs} runs{}.",
            counted(series.len(), "series", "series"),
            needed(series)
        ),
        count => {
            let more = if count > NAMED { format!("; and {} more", count - NAMED) } else { String::new() };
            format!("{count} of {} series changed: {}{more}.", series.len(), changes[..count.min(NAMED)].join("; "))
        }
    };
    Some(Finding { subject: "Over time".to_owned(), words, anchor: ANCHOR.to_owned() })
}

fn last_change(series: &Series) -> Option<String> {
    let change = series.changes.last()?;
    let words = shortened(&told(change, series));
    Some(format!("{} of {}, {words} from {} on", title(&series.metric), series.case, change.file))
}

fn needed(series: &[Series]) -> String {
    let needed = series.iter().filter_map(|series| series.runs_needed).max();
    needed.map(|runs| format!("; telling a change from chance can take {runs} runs")).unwrap_or_default()
}

/// The runs that are not complete.
pub(super) fn ended_early(runs: &[Run]) -> Markup {
    let partial: Vec<&Run> = runs.iter().filter(|run| run.source.document.partial).collect();
    let files: Vec<(&Run, String)> = partial.iter().map(|run| (*run, run.anchor.clone())).collect();
    html! {
        @if !files.is_empty() {
            li { (counted(files.len(), "run was", "runs were")) " ended early: " (links(&files)) "." }
        }
    }
}

/// How many warnings there are, and where.
pub(super) fn warnings(runs: &[Run]) -> Markup {
    let count: usize = runs.iter().map(|run| run.warnings.len()).sum();
    let doubtful = runs.iter().filter(|run| !run.warnings.is_empty());
    let files: Vec<(&Run, String)> = doubtful.map(|run| (run, run.warnings_anchor.clone())).collect();
    html! {
        @if count > 0 {
            li class="doubt" { "⚠ " (counted(count, "warning", "warnings")) " about these numbers: " (links(&files)) "." }
        }
    }
}

fn links(files: &[(&Run, String)]) -> Markup {
    let (named, more) = files.split_at(files.len().min(NAMED));
    html! {
        @for (index, (run, anchor)) in named.iter().enumerate() {
            @if index > 0 { ", " }
            a href=(format!("#{anchor}")) { (run.source.name) }
        }
        @if !more.is_empty() { " and " (counted(more.len(), "more", "more")) }
    }
}
