use std::time::{Duration, Instant};

use super::visit::VisitTimes;
use crate::clock::thread_cpu_ns;
use crate::error::Error;
use crate::measure::nanoseconds;
use crate::workload::histogram::{Buckets, Times};

/// What is timed of each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timed {
    /// Until TCP has connected.
    Tcp,
    /// From then until the handshake has completed.
    Tls,
    /// From then until the first byte of the response.
    FirstByte,
    /// From the beginning until all that was asked for is there.
    Connection,
    /// The same from when it was due.
    Corrected,
}

impl Timed {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [Self::Tcp, Self::Tls, Self::FirstByte, Self::Connection, Self::Corrected];

    /// The time of a connection, nanoseconds.
    fn of(self, times: &VisitTimes) -> Option<u64> {
        let (from, until) = match self {
            Self::Tcp => (Some(times.begun), times.tcp_connected),
            Self::Tls => (times.tcp_connected, times.ready),
            Self::FirstByte => (times.ready, times.first_byte),
            Self::Connection => (Some(times.begun), times.complete),
            Self::Corrected => (Some(times.due), times.complete),
        };
        Some(nanoseconds(from?, until?))
    }
}

/// What was done in a part of the measurement, by one loop or by several.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// Connections that were completed in it, also those that began in the warm-up.
    pub(super) completed: u64,
    /// Content that came in it, bytes.
    pub(super) received_bytes: u64,
    /// Content that was sent in it, bytes.
    pub(super) sent_bytes: u64,
    /// Processor time of the loops' threads, nanoseconds.
    pub(super) cpu_ns: u64,
    /// Their times, in the order of [`Timed::ALL`].
    pub(super) times: [Buckets; Timed::ALL.len()],
}

impl Window {
    /// Adds the same part of another loop.
    pub(super) fn merge(&mut self, other: &Self) {
        self.completed += other.completed;
        self.received_bytes += other.received_bytes;
        self.sent_bytes += other.sent_bytes;
        self.cpu_ns += other.cpu_ns;
        for (times, others) in self.times.iter_mut().zip(&other.times) {
            *times = Buckets::sum([&*times, others]);
        }
    }
}

/// Collects what one loop does, in windows of one length, which are the same for all loops.
pub(super) struct Windows {
    begin: Instant,
    length: Duration,
    /// When the current one ends.
    ends: Instant,
    /// What the thread had used when it began; `None` before the first.
    cpu_ns: Option<u64>,
    current: Window,
    times: [Times; Timed::ALL.len()],
    closed: Vec<Window>,
    /// How many connections were completed in each.
    completed: Vec<u64>,
    last_completed: Option<Instant>,
}

impl Windows {
    pub(super) fn new(begin: Instant, length: Duration) -> Result<Self, Error> {
        Ok(Self {
            begin,
            length,
            ends: begin + length,
            cpu_ns: None,
            current: Window::default(),
            times: [Times::new()?, Times::new()?, Times::new()?, Times::new()?, Times::new()?],
            closed: Vec::new(),
            completed: Vec::new(),
            last_completed: None,
        })
    }

    /// Closes the windows that have ended by `now`. Returns the 99th percentile of the connections in the last one that had any,
    /// nanoseconds.
    pub(super) fn advance(&mut self, now: Instant) -> Option<u64> {
        if now < self.begin {
            return None;
        }
        self.cpu_ns.get_or_insert_with(thread_cpu_ns);
        let mut p99_ns = None;
        while now >= self.ends {
            p99_ns = self.close().or(p99_ns);
            self.ends += self.length;
        }
        p99_ns
    }

    fn close(&mut self) -> Option<u64> {
        let cpu_ns = thread_cpu_ns();
        let mut window = std::mem::take(&mut self.current);
        window.cpu_ns = cpu_ns - self.cpu_ns.replace(cpu_ns).unwrap_or(cpu_ns);
        for (times, recorded) in window.times.iter_mut().zip(&mut self.times) {
            *times = recorded.take();
        }
        let p99_ns = window.times[Timed::Connection as usize].percentile(0.99);
        self.closed.push(window);
        p99_ns.map(|p99_ns| p99_ns as u64)
    }

    /// Content was received, which is counted where it is `now`.
    pub(super) fn add_received(&mut self, bytes: u64, now: Instant) {
        if now >= self.begin {
            self.current.received_bytes += bytes;
        }
    }

    /// Content was sent, which is counted where it is `now`.
    pub(super) fn add_sent(&mut self, bytes: u64, now: Instant) {
        if now >= self.begin {
            self.current.sent_bytes += bytes;
        }
    }

    /// A connection was completed, which is counted in the window where that was, though it may have ended later.
    pub(super) fn complete(&mut self, times: &VisitTimes) {
        let Some(completed) = times.complete.filter(|at| *at >= self.begin) else { return };
        let index = ((completed - self.begin).as_nanos() / self.length.as_nanos().max(1)) as usize;
        if self.completed.len() <= index {
            self.completed.resize(index + 1, 0);
        }
        self.completed[index] += 1;
        self.last_completed = self.last_completed.max(Some(completed));
    }

    /// The times of a connection that was completed, and began after the warm-up.
    pub(super) fn record(&mut self, times: &VisitTimes) {
        for timed in Timed::ALL {
            if let Some(time_ns) = timed.of(times) {
                self.times[timed as usize].record(time_ns);
            }
        }
    }

    /// All of them, and when the last connection was completed. The last window is what was left, however short.
    pub(super) fn finish(mut self, now: Instant) -> (Vec<Window>, Option<Instant>) {
        self.advance(now);
        self.close();
        for (window, completed) in self.closed.iter_mut().zip(self.completed) {
            window.completed = completed;
        }
        (self.closed, self.last_completed)
    }
}
