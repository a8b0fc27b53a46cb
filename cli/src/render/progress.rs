use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Messages;

/// How often something is said where there is no terminal to draw on.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The bar's steps.
const STEPS: u64 = 1_000;

/// How far a run of several cases has come, on standard error.
pub struct Progress {
    cases: usize,
    begun: Cell<usize>,
    kind: Kind,
}

enum Kind {
    Silent,
    Bar(ProgressBar),
    Heartbeat { messages: Messages, label: Cell<String>, last: Cell<Instant> },
}

impl Progress {
    /// Shows the way through `cases` cases: a bar at a terminal, else a line now and then, nothing where that is asked.
    pub fn new(cases: usize, messages: Messages) -> Self {
        let kind = if messages.is_quiet() {
            Kind::Silent
        } else if std::io::stderr().is_terminal() {
            Kind::Bar(bar())
        } else {
            Kind::Heartbeat { messages, label: Cell::default(), last: Cell::new(Instant::now()) }
        };
        Self { cases, begun: Cell::new(0), kind }
    }

    /// The next case begins.
    pub fn begin(&self, case: &str) {
        self.begun.set(self.begun.get() + 1);
        let text = format!("[{}/{}] {case}", self.begun.get(), self.cases);
        match &self.kind {
            Kind::Silent => {}
            Kind::Bar(bar) => {
                bar.set_position(0);
                bar.set_prefix(text);
                bar.set_message("");
            }
            Kind::Heartbeat { messages, label, last } => {
                messages.note(&text);
                label.set(text);
                last.set(Instant::now());
            }
        }
    }

    /// This share (0 to 1) of the case is done, with a word about how it goes. Cheap; call it between batches.
    pub fn advance(&self, share: f64, text: &str) {
        match &self.kind {
            Kind::Silent => {}
            Kind::Bar(bar) => {
                bar.set_position((share.clamp(0.0, 1.0) * STEPS as f64) as u64);
                bar.set_message(text.to_owned());
            }
            Kind::Heartbeat { messages, label, last } => {
                if last.get().elapsed() >= HEARTBEAT {
                    last.set(Instant::now());
                    let case = label.take();
                    messages.note(&format!("{case}: {:.0} % {text}", share.clamp(0.0, 1.0) * 100.0));
                    label.set(case);
                }
            }
        }
    }

    /// Takes the bar away, so that results begin on a clean line.
    pub fn end(&self) {
        if let Kind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

fn bar() -> ProgressBar {
    // Four draws a second: drawing takes time from what is measured.
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr_with_hz(4));
    // The template is a constant; were it wrong, the default style would do.
    let style = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3} % {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
