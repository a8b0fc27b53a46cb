//! The page: its head, the summary, the navigation, the charts of each file, and below them what was measured where.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::marks::definitions;
use super::run::Run;
use super::{history, navigation, setup, summary};
use crate::schema::Document;
use crate::series::Source;
use crate::units::counted;

const STYLE: &str = include_str!("style.css");

/// The page of these files, those of the latest runs first. `commands` names the command lines that measure a file's cases again.
pub fn page(sources: &[Source], commands: impl Fn(&Document) -> Vec<String>) -> String {
    let runs = Run::all(sources, commands);
    let series = history::series_of(sources);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head())
            body {
                (definitions())
                header class="top" {
                    h1 { "tlsbench" span class="thin" { " report" } }
                    p { (scope(sources)) }
                }
                main {
                    (summary::section(&runs, &series))
                    (navigation::list(&runs, !series.is_empty()))
                    div class="content" {
                        (history::section(&series))
                        @for run in &runs { (run.markup()) }
                        (setup::section(&runs))
                    }
                }
                footer {
                    p {
                        "Each value is the median of all rounds; the band or thin line around it is its 95 % bootstrap interval. "
                        "Times from different machines do not compare: use the ratios within one run."
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

/// How much there is on the page, and from when.
fn scope(sources: &[Source]) -> String {
    let cases: usize = sources.iter().map(|source| source.document.cases.len()).sum();
    let days = || sources.iter().map(|source| day(&source.document.started_at));
    let (first, last) = (days().min().unwrap_or_default(), days().max().unwrap_or_default());
    let when = if first == last { last.to_owned() } else { format!("{first} to {last}") };
    format!("{} from {}, {when}", counted(cases, "case", "cases"), counted(sources.len(), "run", "runs"))
}

fn day(moment: &str) -> &str {
    moment.split('T').next().unwrap_or(moment)
}
