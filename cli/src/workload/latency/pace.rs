use std::hint;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::interrupt;

/// A thread that sleeps wakes up late, so that the last part of a wait is spun.
const SPUN: Duration = Duration::from_micros(100);
/// The longest sleep before it looks for an interrupt.
const LOOK: Duration = Duration::from_millis(100);

/// When the round trips of a conversation are due: at fixed intervals of the time in which it has its turns, however long each
/// takes. What one of them delays is late, also in the next turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    interval: Duration,
    busy_poll: bool,
    /// How long after the start of the next turn the next one is due, or how long before it it was.
    next: Offset,
}

#[derive(Clone, Copy, Debug)]
enum Offset {
    After(Duration),
    Before(Duration),
}

/// A turn.
pub(super) struct Turn<'a> {
    pace: &'a mut Pace,
    due: Instant,
}

impl Pace {
    /// So many per second. With `busy_poll` all of a wait is spun.
    pub(super) fn new(per_s: f64, busy_poll: bool) -> Self {
        Self { interval: Duration::from_secs_f64(1.0 / per_s), busy_poll, next: Offset::After(Duration::ZERO) }
    }

    /// A turn begins.
    pub(super) fn begin(&mut self) -> Turn<'_> {
        let now = Instant::now();
        let due = match self.next {
            Offset::After(time) => now + time,
            Offset::Before(time) => now.checked_sub(time).unwrap_or(now),
        };
        Turn { pace: self, due }
    }
}

impl Turn<'_> {
    /// Waits until the next round trip is due, and returns when that was.
    pub(super) fn wait(&mut self) -> Result<Instant, Error> {
        let due = self.due;
        loop {
            interrupt::check()?;
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if self.pace.busy_poll || left <= SPUN {
                hint::spin_loop();
            } else {
                thread::sleep((left - SPUN).min(LOOK));
            }
        }
        self.due += self.pace.interval;
        Ok(due)
    }

    /// The turn ends.
    pub(super) fn end(self) {
        let now = Instant::now();
        self.pace.next = match self.due.checked_duration_since(now) {
            Some(time) => Offset::After(time),
            None => Offset::Before(now - self.due),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_stays_late_and_a_pause_between_turns_does_not_count() {
        let mut pace = Pace::new(1000.0, false);
        let mut turn = pace.begin();
        let first = turn.wait().expect("no interrupt");
        thread::sleep(Duration::from_millis(20));
        let second = turn.wait().expect("no interrupt");
        assert_eq!(second - first, Duration::from_millis(1), "it was due, however late it is");
        turn.end();
        thread::sleep(Duration::from_millis(300));
        let mut turn = pace.begin();
        let late = turn.wait().expect("no interrupt").elapsed();
        assert!(late >= Duration::from_millis(18), "{late:?}");
        assert!(late < Duration::from_millis(250), "the pause is not part of it: {late:?}");
    }

    #[test]
    fn nothing_begins_before_it_is_due() {
        for busy_poll in [false, true] {
            let mut pace = Pace::new(500.0, busy_poll);
            let mut turn = pace.begin();
            let began = Instant::now();
            for _ in 0..5 {
                let due = turn.wait().expect("no interrupt");
                assert!(Instant::now() >= due);
            }
            assert!(began.elapsed() >= Duration::from_millis(7));
        }
    }
}
