//! What the results say, in a few sentences; each leads to the charts that show it.

mod ablation;
mod crypto;
mod handshake;
mod latency;
mod runs;
mod throughput;

use std::collections::HashSet;

use maud::{Markup, html};

use super::run::Run;
use super::section::slug;
use crate::schema::Case;
use crate::schema::history::Series;

/// Where it is on the page.
pub(super) const ANCHOR: &str = "summary";
/// Its heading.
pub(super) const TITLE: &str = "Summary";

/// A sentence or two.
struct Finding {
    /// What it is about: this is what is clicked on.
    subject: String,
    /// What is found.
    words: String,
    /// Where the charts are.
    anchor: String,
}

/// What reads the cases of one command.
type Reader = fn(&[&Case]) -> Vec<Finding>;

/// The commands whose results have a place here, in their order, and who reads them.
const FAMILIES: [(&str, Reader); 5] = [
    ("throughput", throughput::findings),
    ("handshake", handshake::findings),
    ("latency", latency::findings),
    ("crypto", crypto::findings),
    ("ablate", ablation::findings),
];

/// The findings of the latest runs, what changed over time, and how far to trust it.
pub(super) fn section(runs: &[Run], series: &[Series]) -> Markup {
    html! {
        section class="summary" id=(ANCHOR) {
            h2 { (TITLE) }
            ul {
                @for finding in &findings(runs) { (item(finding)) }
                @if let Some(finding) = runs::over_time(series) { (item(&finding)) }
                (runs::ended_early(runs))
                (runs::warnings(runs))
            }
        }
    }
}

/// What the latest runs say about each subject: of several runs, the one with the most cases.
fn findings(runs: &[Run]) -> Vec<Finding> {
    let mut runs: Vec<&Run> = runs.iter().filter(|run| run.is_latest()).collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.source.document.cases.len()));
    let mut known = HashSet::new();
    let mut all = Vec::new();
    for (name, read) in FAMILIES {
        for run in &runs {
            let cases: Vec<&Case> = run.source.document.cases.iter().filter(|case| case.command() == name).collect();
            let new = read(&cases).into_iter().filter(|finding| known.insert(finding.subject.clone()));
            all.extend(new.map(|finding| Finding { anchor: target(run, &finding.anchor), ..finding }));
        }
    }
    all
}

/// The section of a run, or the run itself where it has no such section.
fn target(run: &Run, anchor: &str) -> String {
    let whole = format!("{}-{}", run.anchor, slug(anchor));
    if run.sections.iter().any(|section| section.anchor == whole) { whole } else { run.anchor.clone() }
}

fn item(finding: &Finding) -> Markup {
    html! {
        li { a href=(format!("#{}", finding.anchor)) { (finding.subject) } ": " (finding.words) }
    }
}

/// `a, b and c`.
fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
