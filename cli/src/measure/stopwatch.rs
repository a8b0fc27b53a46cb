use std::time::{Duration, Instant};

/// Adds up the time between its starts and stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stopwatch {
    total_ns: u64,
    excluded_ns: u64,
    since: Option<Instant>,
}

impl Stopwatch {
    /// Lets it run.
    #[inline]
    pub fn start(&mut self) {
        self.since = Some(Instant::now());
    }

    /// Stops it, if it runs.
    #[inline]
    pub fn stop(&mut self) {
        if let Some(since) = self.since.take() {
            self.total_ns += nanoseconds(since, Instant::now());
        }
    }

    /// Does `work` while it stands still.
    pub fn without<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let began = Instant::now();
        let result = work();
        let ended = Instant::now();
        if let Some(since) = self.since.replace(ended) {
            self.total_ns += nanoseconds(since, began);
        } else {
            self.since = None;
        }
        self.excluded_ns += nanoseconds(began, ended);
        result
    }

    /// How long it has run.
    pub const fn total_ns(&self) -> u64 {
        self.total_ns
    }

    /// How long it was made to stand still.
    pub const fn excluded_ns(&self) -> u64 {
        self.excluded_ns
    }
}

/// The time from `since` to `until`, nanoseconds.
pub fn nanoseconds(since: Instant, until: Instant) -> u64 {
    nanoseconds_of(until.saturating_duration_since(since))
}

/// A duration, nanoseconds.
pub fn nanoseconds_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_without_it_is_not_counted() {
        let mut watch = Stopwatch::default();
        watch.start();
        watch.without(|| std::thread::sleep(Duration::from_millis(200)));
        watch.stop();
        assert!(watch.excluded_ns() >= 200_000_000);
        assert!(watch.total_ns() < 200_000_000, "{watch:?}");
        watch.without(|| ());
        let stopped = watch.total_ns();
        watch.stop();
        assert_eq!(watch.total_ns(), stopped, "it was not running");
    }
}
