//! The page: its head, what was measured where, and the charts of each file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::marks::definitions;
use super::scale::quantity;
use super::{ablation, crypto, distributions, history, others, throughput};
use crate::render::groups::{grouped, in_order};
use crate::schema::{Case, Document, Host, Tool, Warning};
use crate::series::Source;
use crate::units::Bytes;

const STYLE: &str = include_str!("style.css");
/// Warnings beyond these are folded away.
const WARNINGS_SHOWN: usize = 4;
/// Runs older than so many others of their kind have no charts of their own: what they found is in those over time.
const OLDER_DRAWN: usize = 4;

/// Cases of a run that have charts: nobody looks at more.
const CASES_DRAWN: usize = 1_000;

/// The page of these files, those of the latest runs first.
pub fn page(sources: &[Source]) -> String {
    let history = history::section(sources);
    let mut sources: Vec<&Source> = sources.iter().collect();
    sources.sort_by(|a, b| b.document.started_at.cmp(&a.document.started_at));
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head())
            body {
                (definitions())
                header class="top" {
                    h1 { "tlsbench" span class="thin" { " report" } }
                    p { (summary(&sources)) }
                }
                main {
                    (history)
                    @for (index, source) in sources.iter().enumerate() {
                        (run(source, later_ones(&sources[..index], source)))
                    }
                }
                footer {
                    p {
                        "A value is the median of all rounds; the band or thin line about it is its 95 % bootstrap interval. Times of "
                        "different machines say little about each other: compare ratios of one run."
                    }
                    p { "Drawn by tlsbench " (env!("CARGO_PKG_VERSION")) ". This page loads nothing and runs no script." }
                }
            }
        }
    };
    markup.into_string()
}

/// The hash lets this style in, and nothing else: no script, no other style, no address.
fn head() -> Markup {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'");
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            title { "tlsbench report" }
            link rel="icon" href="data:,";
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn summary(sources: &[&Source]) -> String {
    let cases: usize = sources.iter().map(|source| source.document.cases.len()).sum();
    let first = sources.last().map(|source| day(&source.document.started_at)).unwrap_or_default();
    let last = sources.first().map(|source| day(&source.document.started_at)).unwrap_or_default();
    let when = if first == last { last.to_owned() } else { format!("{first} to {last}") };
    let plural = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    format!("{} of {}, {when}", plural(cases, "case"), plural(sources.len(), "run"))
}

fn day(moment: &str) -> &str {
    moment.split('T').next().unwrap_or(moment)
}

/// What a file is about: the first parts of its cases' names.
fn families(document: &Document) -> Vec<&str> {
    in_order(document.cases.iter().map(family))
}

fn family(case: &Case) -> &str {
    case.id.split('/').next().unwrap_or_default()
}

/// How many of the later files are about the same.
fn later_ones(later: &[&Source], source: &Source) -> usize {
    later.iter().filter(|other| families(&other.document) == families(&source.document)).count()
}

fn run(source: &Source, later: usize) -> Markup {
    let document = &source.document;
    html! {
        section class="run" {
            div class="run-head" {
                h2 { (source.name) }
                p class="when" {
                    time { (document.started_at.replace('T', " ").replace('Z', " UTC")) }
                    @if document.partial { " " span class="badge" { "partial: this run was ended early" } }
                }
                (machine(document))
                (warnings(document))
            }
            @if later == 0 {
                (charts(document))
            } @else if later <= OLDER_DRAWN {
                details class="fold older" {
                    summary { "Charts of this older run" }
                    (charts(document))
                }
            }
        }
    }
}

fn charts(document: &Document) -> Markup {
    let (drawn, rest) = document.cases.split_at(document.cases.len().min(CASES_DRAWN));
    html! {
        @for (family, cases) in grouped(drawn.iter().map(|case| (family(case), case))) {
            @match family {
                "throughput" => (throughput::sections(&cases)),
                "crypto" => (crypto::sections(&cases)),
                "ablate" => (ablation::sections(&cases)),
                other => (others::sections(other, &cases)),
            }
        }
        (distributions::section(&drawn.iter().collect::<Vec<_>>()))
        @if drawn.is_empty() { p class="aside" { "No case was measured." } }
        @if !rest.is_empty() {
            p class="aside" { (rest.len()) " more cases are not drawn: a page has those of the first " (CASES_DRAWN) "." }
        }
    }
}

fn machine(document: &Document) -> Markup {
    let Tool { name, version, git_commit, build_profile, features } = &document.tool;
    let commit = git_commit.as_deref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
    let mut facts = vec![("tool", format!("{name} {version}{commit}, {build_profile} build, {}", features.join(" ")))];
    facts.extend(host(&document.host));
    html! {
        dl class="machine" {
            @for (name, value) in facts { div { dt { (name) } dd { (value) } } }
        }
    }
}

fn host(host: &Host) -> Vec<(&'static str, String)> {
    let yes = |value: bool| if value { "on" } else { "off" }.to_owned();
    let load = |load: [f64; 3]| load.map(|load| format!("{load:.2}")).join(" ");
    let count = |count: u32, what: &str| format!("{count} {what}");
    let processors =
        [host.cores.map(|cores| count(cores, "cores")), host.logical_cpus.map(|cpus| count(cpus, "logical"))];
    let processors: Vec<String> = processors.into_iter().flatten().collect();
    let facts = [
        ("processor", host.cpu_model.clone()),
        ("processors", (!processors.is_empty()).then(|| processors.join(", "))),
        ("governor", host.governor.clone()),
        ("turbo", host.turbo.map(yes)),
        ("SMT", host.smt.map(yes)),
        ("virtualization", host.virtualization.clone()),
        ("kernel", host.kernel.clone()),
        ("memory", host.memory_bytes.map(|bytes| quantity(bytes as f64, "B"))),
        ("load before", host.load_at_start.map(load)),
        ("load after", host.load_at_end.map(load)),
        ("open files", host.open_files_limit.map(|limit| Bytes(limit).to_string().replace(" B", ""))),
        ("flags", (!host.cpu_flags.is_empty()).then(|| host.cpu_flags.join(" "))),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn warnings(document: &Document) -> Markup {
    let mut all = document.not_measurable();
    all.extend(document.warnings.iter().cloned());
    let (few, more) = all.split_at(all.len().min(WARNINGS_SHOWN));
    html! {
        @if !all.is_empty() {
            div class="warnings" {
                h3 { "⚠ What makes these numbers worth less" }
                (warning_list(few))
                @if !more.is_empty() {
                    details { summary { (more.len()) " more" } (warning_list(more)) }
                }
            }
        }
    }
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
