//! The list of all parts of the page.

use maud::{Markup, html};

use super::run::Run;
use super::{history, setup, summary};

/// The list. Older runs are on the page, but folded: they are not in it.
pub(super) fn list(runs: &[Run], has_history: bool) -> Markup {
    let (latest, older): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| run.is_latest());
    html! {
        nav class="contents" aria-label="Contents" {
            ul {
                (link(summary::ANCHOR, summary::TITLE))
                @if has_history { (link(history::ANCHOR, history::TITLE)) }
                @for run in latest {
                    li {
                        a href=(format!("#{}", run.anchor)) { (run.source.name) }
                        ul { @for section in &run.sections { (link(&section.anchor, &section.title)) } }
                    }
                }
                @if let Some(first) = older.first() {
                    (link(&first.anchor, &format!("Older runs ({})", older.len())))
                }
                (link(setup::ANCHOR, setup::TITLE))
            }
        }
    }
}

fn link(anchor: &str, title: &str) -> Markup {
    html! { li { a href=(format!("#{anchor}")) { (title) } } }
}
