//! Charts over several runs: the series that changed first.

use maud::{Markup, html};

use super::figure::{DataTable, Figure};
use super::others::title;
use super::scale::quantity;
use super::timeline;
use crate::render::history::told;
use crate::schema::Better;
use crate::schema::history::Series;
use crate::series::{Significance, Source, Wanted, series};

/// Series without a change that are shown at once.
const QUIET_SHOWN: usize = 6;
/// Charts that are drawn at all.
const DRAWN: usize = 120;
/// As the command `history` has it by default.
const DOUBT: Significance = Significance { level: 0.05, threshold: 0.01, seed: 1 };

/// Where they are on the page.
pub(super) const ANCHOR: &str = "over-time";
/// Their heading.
pub(super) const TITLE: &str = "Over time";

/// What several of these files have.
pub(super) fn series_of(sources: &[Source]) -> Vec<Series> {
    let mut all = series(sources, &Wanted::default(), &DOUBT);
    all.retain(|series| series.runs.len() > 1);
    all
}

/// Their charts.
pub(super) fn section(series: &[Series]) -> Markup {
    let (changed, quiet): (Vec<&Series>, Vec<&Series>) = series.iter().partition(|series| !series.changes.is_empty());
    let (shown, folded) = quiet.split_at(quiet.len().min(QUIET_SHOWN));
    let room = DRAWN.saturating_sub(changed.len() + shown.len());
    html! {
        @if !series.is_empty() {
            section class="run history" id=(ANCHOR) {
                h2 { (TITLE) }
                p class="reading" {
                    "Each point is a run, in the order of time, with the interval within that run. A change is marked where it is "
                    "more than 95 % certain for all " (series.len()) " series together and, for times, larger than 1 %. "
                    "Axes do not begin at zero, and each chart has its own."
                    @if let Some(needed) = quiet.iter().filter_map(|series| series.runs_needed).max() {
                        " Telling one change in so many series from chance takes " (needed) " runs; fewer are enough for the "
                        "series of one case (" code { "tlsbench history --case" } ")."
                    }
                }
                @if changed.is_empty() { p class="aside" { "No series has changed." } }
                div class="panels three" {
                    @for series in changed.iter().take(DRAWN).chain(shown) { (figure(series).markup()) }
                }
                @if !folded.is_empty() && room > 0 {
                    details class="fold" {
                        summary { (folded.len()) " more series without a change" }
                        div class="panels three" {
                            @for series in folded.iter().take(room) { (figure(series).markup()) }
                        }
                        @if folded.len() > room {
                            p class="aside" { (folded.len() - room) " more are not drawn; " code { "tlsbench history" } " lists them." }
                        }
                    }
                }
            }
        }
    }
}

fn figure(series: &Series) -> Figure {
    let better = if series.better == Better::Higher { "more" } else { "less" };
    let mut reading = format!("{}; {better} is better.", series.case);
    if !series.differs.is_empty() {
        reading.push_str(&format!(" Not joined with the latest run: {}.", series.differs.join("; ")));
    }
    for note in &series.notes {
        reading.push_str(&format!(" Differs among runs: {note}."));
    }
    let mut table = DataTable::new(["file", "started at", "commit", "median", "95 % interval", "samples", "change"]);
    for (index, run) in series.runs.iter().enumerate() {
        let [low, high] = run.ci95.map(|end| quantity(end, &series.unit));
        let change = series.changes.iter().find(|change| change.run == index);
        table.rows.push(vec![
            format!("{}{}", run.file, if run.partial { " (partial)" } else { "" }),
            run.started_at.clone(),
            run.git_commit.clone().unwrap_or_default(),
            quantity(run.median, &series.unit),
            format!("{low} to {high}"),
            run.samples.to_string(),
            change.map(|change| told(change, series)).unwrap_or_default(),
        ]);
    }
    Figure {
        title: title(&series.metric),
        reading,
        key: Vec::new(),
        drawing: timeline::markup(series, |change| told(change, series)),
        table,
        is_wide: false,
    }
}
