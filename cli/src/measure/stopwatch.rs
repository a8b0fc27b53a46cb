use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::clock::thread_cpu_ns;

/// Adds up the time between its starts and stops: wall time, and the processor time of the thread, which passes only
/// while the thread runs. If the machine is busy with other work, only the wall time is longer.
///
/// It must be started and stopped in the same thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stopwatch {
    ran: Lap,
    excluded: Lap,
    since: Option<Moment>,
}

/// The readings of both clocks over one interval.
#[derive(Clone, Copy, Debug, Default)]
struct Lap {
    wall_ns: u64,
    cpu_ns: u64,
}

/// The state of both clocks.
#[derive(Clone, Copy, Debug)]
struct Moment {
    wall: Instant,
    cpu_ns: u64,
}

impl Stopwatch {
    /// Starts it.
    #[inline]
    pub fn start(&mut self) {
        self.since = Some(Moment::before());
    }

    /// Stops it, if it is running.
    #[inline]
    pub fn stop(&mut self) {
        if let Some(since) = self.since.take() {
            self.ran.add(since.until(Moment::after()));
            // The cost of reading the clocks is not part of the timed work.
            let looks_ns = 2 * look_ns();
            self.excluded.add(Lap { wall_ns: looks_ns, cpu_ns: looks_ns });
        }
    }

    /// Runs `work` while it is stopped.
    pub fn without<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let was_running = self.since.is_some();
        self.stop();
        let began = Moment::before();
        let result = work();
        self.excluded.add(began.until(Moment::after()));
        if was_running {
            self.start();
        }
        result
    }

    /// The wall time that it has run.
    pub const fn total_ns(&self) -> u64 {
        self.ran.wall_ns
    }

    /// The thread's processor time while it ran: never more than the wall time.
    pub const fn cpu_ns(&self) -> u64 {
        self.ran.cpu_ns
    }

    /// The wall time that it was stopped by [`Stopwatch::without`], and the cost of its own readings.
    pub const fn excluded_ns(&self) -> u64 {
        self.excluded.wall_ns
    }

    /// The same as processor time of the thread.
    pub const fn excluded_cpu_ns(&self) -> u64 {
        self.excluded.cpu_ns
    }
}

impl Moment {
    /// Reads the wall clock last, so that its interval excludes the reading of the other clock.
    #[inline]
    fn before() -> Self {
        let cpu_ns = thread_cpu_ns();
        Self { wall: Instant::now(), cpu_ns }
    }

    /// Reads the wall clock first, for the same reason.
    #[inline]
    fn after() -> Self {
        let wall = Instant::now();
        Self { wall, cpu_ns: thread_cpu_ns() }
    }

    /// Reading the processor clock is a system call, and its cost is part of what that clock measures. The minimum cost
    /// is subtracted. Any remaining cost is limited by the wall time, which a thread's processor time can't exceed.
    #[inline]
    fn until(self, end: Self) -> Lap {
        let wall_ns = nanoseconds(self.wall, end.wall);
        let cpu_ns = end.cpu_ns.saturating_sub(self.cpu_ns).saturating_sub(look_ns());
        Lap { wall_ns, cpu_ns: cpu_ns.min(wall_ns) }
    }
}

impl Lap {
    const fn add(&mut self, other: Self) {
        self.wall_ns += other.wall_ns;
        self.cpu_ns += other.cpu_ns;
    }
}

/// The minimum processor time of reading the processor clock, nanoseconds.
fn look_ns() -> u64 {
    const LOOKS: usize = 100;
    static LEAST: OnceLock<u64> = OnceLock::new();
    *LEAST.get_or_init(|| {
        let look = |_| {
            let before = thread_cpu_ns();
            thread_cpu_ns().saturating_sub(before)
        };
        (0..LOOKS).map(look).min().unwrap_or(0)
    })
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

    /// Uses the processor for `cpu_ns`.
    fn work(cpu_ns: u64) {
        let began = thread_cpu_ns();
        while thread_cpu_ns() - began < cpu_ns {
            std::hint::spin_loop();
        }
    }

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

    #[test]
    fn processor_time_goes_on_only_while_the_thread_runs() {
        let mut watch = Stopwatch::default();
        watch.start();
        std::thread::sleep(Duration::from_millis(60));
        work(20_000_000);
        watch.without(|| work(30_000_000));
        watch.stop();
        assert!(watch.total_ns() >= 80_000_000, "{watch:?}");
        assert!((19_900_000..30_000_000).contains(&watch.cpu_ns()), "{watch:?}");
        assert!((29_900_000..40_000_000).contains(&watch.excluded_cpu_ns()), "{watch:?}");
        assert!(watch.cpu_ns() <= watch.total_ns() && watch.excluded_cpu_ns() <= watch.excluded_ns() + 1_000_000);
    }

    #[test]
    fn looking_at_the_clocks_is_not_what_is_timed() {
        let mut watch = Stopwatch::default();
        for _ in 0..1_000 {
            watch.start();
            watch.stop();
        }
        // A thousand readings of the processor clock take a hundred times as long on most systems.
        assert!(watch.cpu_ns() <= watch.total_ns(), "{watch:?}");
        assert_eq!(watch.excluded_cpu_ns(), 2_000 * look_ns());
    }
}
