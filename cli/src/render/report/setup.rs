//! How it was measured: the machines and builds, and what each run's cases ran with. At the end of the page, for whoever asks.

use maud::{Markup, html};

use super::run::Run;
use super::scale::quantity;
use super::section::Section;
use crate::render::groups::grouped;
use crate::schema::{Document, Host, Tool};
use crate::units::grouped as grouped_digits;

/// Where it is on the page.
pub(super) const ANCHOR: &str = "setup";
/// Its heading.
pub(super) const TITLE: &str = "How it was measured";

/// A fact's name and value.
type Fact = (&'static str, String);

/// All of it: what runs share is said once.
pub(super) fn section(runs: &[Run]) -> Markup {
    let setups = grouped(runs.iter().map(|run| (setup(&run.source.document), run)));
    html! {
        section class="setup" id=(ANCHOR) {
            h2 { (TITLE) }
            @for (facts, runs) in &setups {
                section class="panel" {
                    h3 { (runs.iter().map(|run| run.source.name.as_str()).collect::<Vec<_>>().join(", ")) }
                    (list("facts", facts))
                    @for run in runs { (terms(run, runs.len() > 1)) }
                }
            }
        }
    }
}

fn list(class: &str, facts: &[Fact]) -> Markup {
    html! {
        dl class=(class) { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
    }
}

/// What is a run's own.
fn terms(run: &Run, is_named: bool) -> Markup {
    let sections: Vec<&Section> = run.sections.iter().filter(|section| !section.terms.is_empty()).collect();
    html! {
        details class="fold" open[run.is_latest()] {
            summary {
                @if is_named { (run.source.name) ": what its cases ran with" } @else { "What its cases ran with" }
            }
            (list("facts", &loads(&run.source.document.host)))
            @for section in sections {
                h4 { a href=(format!("#{}", section.anchor)) { (section.title) } }
                (section.terms.markup())
            }
        }
    }
}

fn setup(document: &Document) -> Vec<Fact> {
    let Tool { name, version, git_commit, build_profile, features } = &document.tool;
    let commit = git_commit.as_deref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
    let mut facts =
        vec![("program", format!("{name} {version}{commit}, {build_profile} build, {}", features.join(" ")))];
    facts.extend(machine(&document.host));
    facts
}

fn machine(host: &Host) -> Vec<Fact> {
    let on_off = |value: bool| if value { "on" } else { "off" }.to_owned();
    let count = |count: u32, what: &str| format!("{count} {what}");
    let processors = [
        host.cores.map(|cores| count(cores, "cores")),
        host.logical_cpus.map(|cpus| count(cpus, "logical")),
        host.usable_cpus.map(|cpus| count(cpus, "usable")),
    ];
    let processors: Vec<String> = processors.into_iter().flatten().collect();
    let variables: Vec<String> = host.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    known([
        ("processor", host.cpu_model.clone()),
        ("processors", Some(processors.join(", "))),
        ("governor", host.governor.clone()),
        ("turbo", host.turbo.map(on_off)),
        ("SMT", host.smt.map(on_off)),
        ("virtualization", host.virtualization.clone()),
        ("kernel", host.kernel.clone()),
        ("memory", host.memory_bytes.map(|bytes| quantity(bytes as f64, "B"))),
        ("open files", host.open_files_limit.map(grouped_digits)),
        ("clock", host.clock_source.clone()),
        ("environment", Some(variables.join(" "))),
        ("processor flags", Some(host.cpu_flags.join(" "))),
    ])
}

fn loads(host: &Host) -> Vec<Fact> {
    let load = |load: [f64; 3]| load.map(|load| format!("{load:.2}")).join(" ");
    known([("load before", host.load_at_start.map(load)), ("load after", host.load_at_end.map(load))])
}

fn known<const N: usize>(facts: [(&'static str, Option<String>); N]) -> Vec<Fact> {
    let there = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    there.filter(|(_, value)| !value.is_empty()).collect()
}
