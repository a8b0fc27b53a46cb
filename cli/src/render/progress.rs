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
    started: Instant,
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
        Self { cases, begun: Cell::new(0), started: Instant::now(), kind }
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
        let text = match self.remaining(share) {
            Some(remaining) => format!("{} left  {text}", format_remaining(remaining)),
            None => text.to_owned(),
        };
        match &self.kind {
            Kind::Silent => {}
            Kind::Bar(bar) => {
                bar.set_position((share.clamp(0.0, 1.0) * STEPS as f64) as u64);
                bar.set_message(text);
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

    /// How long the cases that remain will take, if they take as long as those before. Nothing in the first seconds, which
    /// have little to go by.
    fn remaining(&self, share: f64) -> Option<Duration> {
        let elapsed = self.started.elapsed();
        let done = (self.begun.get().saturating_sub(1) as f64 + share.clamp(0.0, 1.0)) / self.cases.max(1) as f64;
        let is_known = elapsed > Duration::from_secs(1) && done > 0.0;
        is_known.then(|| elapsed.mul_f64((1.0 / done - 1.0).clamp(0.0, 1e6)))
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

/// Such as "5 s" or "3 min": nobody needs it to the second.
fn format_remaining(time: Duration) -> String {
    match time.as_secs_f64().ceil() {
        seconds if seconds < 100.0 => format!("{seconds:.0} s"),
        seconds => format!("{:.0} min", (seconds / 60.0).ceil()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_remains_follows_from_what_was_done() {
        let messages = Messages::new(true, 0, crate::render::Color::Never);
        let mut progress = Progress::new(4, messages);
        assert_eq!(progress.remaining(0.5), None, "too early to say");
        progress.started =
            Instant::now().checked_sub(Duration::from_secs(30)).expect("a clock that runs for that long");
        progress.begin("one");
        progress.begin("two");
        let remaining = progress.remaining(0.5).expect("a guess").as_secs_f64();
        assert!((49.9..51.0).contains(&remaining), "one and a half of four cases took 30 s: {remaining}");
        assert_eq!(format_remaining(Duration::from_secs_f64(remaining)), "51 s");
        assert_eq!(format_remaining(Duration::from_secs(130)), "3 min");
    }
}
