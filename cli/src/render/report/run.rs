//! A run: the file of one run of a command, with its commands and warnings, and its charts.

use std::collections::HashSet;

use maud::{Markup, html};

use super::section::{Anchors, Section, slug};
use super::{ablation, crypto, distributions, others, peers, throughput};
use crate::render::groups::grouped;
use crate::schema::{Document, Warning};
use crate::series::Source;

/// Warnings beyond these are folded away.
const WARNINGS_SHOWN: usize = 4;
/// Commands beyond these are folded away.
const COMMANDS_SHOWN: usize = 4;
/// Runs older than so many others with their cases have no charts of their own: what they found is in those over time.
const OLDER_DRAWN: usize = 4;
/// Cases of a run that have charts: nobody looks at more.
const CASES_DRAWN: usize = 1_000;

/// A run on the page.
pub(super) struct Run<'a> {
    /// The file.
    pub(super) source: &'a Source,
    /// Where it is on the page.
    pub(super) anchor: String,
    /// Its charts.
    pub(super) sections: Vec<Section>,
    /// All that makes its numbers worth less.
    pub(super) warnings: Vec<Warning>,
    /// Where that is on the page.
    pub(super) warnings_anchor: String,
    /// How many later runs have all of its cases.
    pub(super) later: usize,
    /// The command lines that measure it again.
    commands: Vec<String>,
}

impl<'a> Run<'a> {
    /// The runs of these files: the latest of each case first, then older ones.
    pub(super) fn all(sources: &'a [Source], commands: impl Fn(&Document) -> Vec<String>) -> Vec<Self> {
        let mut sources: Vec<&Source> = sources.iter().collect();
        sources.sort_by(|a, b| b.document.started_at.cmp(&a.document.started_at));
        let mut anchors = Anchors::default();
        let run = |(index, source): (usize, &&'a Source)| {
            let document = &source.document;
            let later = later_ones(&sources[..index], source);
            let stem = source.name.strip_suffix(".json").unwrap_or(&source.name);
            let anchor = anchors.unique(&["run", &slug(stem)]);
            let mut sections = if later <= OLDER_DRAWN { sections(document) } else { Vec::new() };
            for section in &mut sections {
                section.anchor = anchors.unique(&[&anchor, &slug(&section.anchor)]);
            }
            let mut warnings = document.not_measurable();
            warnings.extend(document.warnings.iter().cloned());
            let warnings_anchor = anchors.unique(&[&anchor, "warnings"]);
            Self { source, anchor, sections, warnings, warnings_anchor, later, commands: commands(document) }
        };
        let mut runs: Vec<Self> = sources.iter().enumerate().map(run).collect();
        runs.sort_by_key(|run| !run.is_latest());
        runs
    }

    /// Whether no later run has all of its cases.
    pub(super) fn is_latest(&self) -> bool {
        self.later == 0
    }

    /// Its heading and its charts.
    pub(super) fn markup(&self) -> Markup {
        let document = &self.source.document;
        html! {
            section class="run" id=(self.anchor) {
                div class="run-head" {
                    h2 { (self.source.name) }
                    p class="when" {
                        time { (document.started_at.replace('T', " ").replace('Z', " UTC")) }
                        @if document.partial { " " span class="badge" { "partial: this run was ended early" } }
                    }
                    (self.repeat())
                    (self.warnings())
                }
                @if self.is_latest() {
                    (self.charts())
                } @else if self.later <= OLDER_DRAWN {
                    details class="fold older" {
                        summary { "Charts of this older run" }
                        (self.charts())
                    }
                }
            }
        }
    }

    fn repeat(&self) -> Markup {
        let (few, more) = self.commands.split_at(self.commands.len().min(COMMANDS_SHOWN));
        html! {
            @if !few.is_empty() {
                div class="repeat" {
                    p { "To measure this again:" }
                    (command_list(few))
                    @if !more.is_empty() {
                        details { summary { (more.len()) " more" } (command_list(more)) }
                    }
                }
            }
        }
    }

    fn warnings(&self) -> Markup {
        let (few, more) = self.warnings.split_at(self.warnings.len().min(WARNINGS_SHOWN));
        html! {
            @if !few.is_empty() {
                div class="warnings" id=(self.warnings_anchor) {
                    h3 { "⚠ Reasons to doubt these numbers" }
                    (warning_list(few))
                    @if !more.is_empty() {
                        details { summary { (more.len()) " more" } (warning_list(more)) }
                    }
                }
            }
        }
    }

    fn charts(&self) -> Markup {
        let count = self.source.document.cases.len();
        html! {
            @for section in &self.sections { (section.markup()) }
            @if count == 0 { p class="aside" { "No case was measured." } }
            @if count > CASES_DRAWN {
                p class="aside" { "Only the first " (CASES_DRAWN) " of " (count) " cases are drawn." }
            }
        }
    }
}

fn command_list(commands: &[String]) -> Markup {
    html! { @for command in commands { pre { code { (command) } } } }
}

fn warning_list(warnings: &[Warning]) -> Markup {
    html! {
        ul {
            @for warning in warnings {
                li { (warning.message) span class="advice" { "; " (warning.advice) } }
            }
        }
    }
}

/// How many of the later files have all of its cases.
fn later_ones(later: &[&Source], source: &Source) -> usize {
    let covers = |other: &&&Source| {
        let cases: HashSet<&str> = other.document.cases.iter().map(|case| case.id.as_str()).collect();
        source.document.cases.iter().all(|case| cases.contains(case.id.as_str()))
    };
    later.iter().filter(covers).count()
}

fn sections(document: &Document) -> Vec<Section> {
    let drawn = &document.cases[..document.cases.len().min(CASES_DRAWN)];
    let mut sections: Vec<Section> = peers::section(document).into_iter().collect();
    for (family, cases) in grouped(drawn.iter().map(|case| (case.command(), case))) {
        sections.extend(match family {
            "throughput" => throughput::sections(&cases),
            "crypto" => crypto::sections(&cases),
            "ablate" => ablation::sections(&cases),
            other => vec![others::section(other, &cases)],
        });
    }
    sections.extend(distributions::section(&drawn.iter().collect::<Vec<_>>()));
    sections
}
