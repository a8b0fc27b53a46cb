use std::collections::BTreeSet;
use std::time::Instant;

/// Connections ordered by time, with one entry for each. The entry of a timeout is only moved when it is due, so that busy
/// connections do not touch it.
#[derive(Default)]
pub(super) struct Timers(BTreeSet<(Instant, usize)>);

impl Timers {
    pub(super) fn insert(&mut self, at: Instant, token: usize) {
        self.0.insert((at, token));
    }

    pub(super) fn remove(&mut self, at: Instant, token: usize) {
        self.0.remove(&(at, token));
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.first().map(|(at, _)| at)
    }

    /// The next one.
    pub(super) fn first(&self) -> Option<(Instant, usize)> {
        self.0.first().copied()
    }

    /// The next one that is due by `now`, taken out.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<usize> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, token)| token)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn they_come_in_order_and_not_before_their_time() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let mut timers = Timers::default();
        for (seconds, token) in [(3, 7), (1, 8), (1, 9), (2, 10)] {
            timers.insert(at(seconds), token);
        }
        timers.remove(at(1), 9);
        assert_eq!(timers.next(), Some(at(1)));
        assert_eq!(timers.pop_due(now), None);
        let due: Vec<_> = std::iter::from_fn(|| timers.pop_due(at(2))).collect();
        assert_eq!(due, [8, 10]);
        assert_eq!(timers.next(), Some(at(3)));
    }
}
