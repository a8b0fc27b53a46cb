use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Counters;

/// What many connections have done together. Copies of it are the same monitor; any thread may read it at any time.
///
/// Every number is a relaxed atomic: each is right by itself, and two of them may be some records apart.
#[derive(Clone, Debug, Default)]
pub struct Monitor(Arc<Totals>);

#[derive(Debug, Default)]
struct Totals {
    opened: Direction,
    sealed: Direction,
    connections: AtomicU64,
    active: AtomicU64,
    ready: AtomicU64,
    failed: AtomicU64,
}

#[derive(Debug, Default)]
struct Direction {
    records: AtomicU64,
    bytes: AtomicU64,
    copied_bytes: AtomicU64,
    key_updates: AtomicU64,
}

/// The numbers of a [`Monitor`] at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// What all connections have opened.
    pub opened: Counters,
    /// What all connections have sealed.
    pub sealed: Counters,
    /// Connections that were begun.
    pub connections: u64,
    /// Connections that exist.
    pub active: u64,
    /// Handshakes that were done.
    pub ready: u64,
    /// Connections that ended with an error.
    pub failed: u64,
}

impl Monitor {
    /// The numbers now.
    pub fn snapshot(&self) -> Snapshot {
        let totals = &*self.0;
        Snapshot {
            opened: totals.opened.read(),
            sealed: totals.sealed.read(),
            connections: totals.connections.load(Ordering::Relaxed),
            active: totals.active.load(Ordering::Relaxed),
            ready: totals.ready.load(Ordering::Relaxed),
            failed: totals.failed.load(Ordering::Relaxed),
        }
    }
}

impl Direction {
    fn read(&self) -> Counters {
        Counters {
            records: self.records.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            copied_bytes: self.copied_bytes.load(Ordering::Relaxed),
            key_updates: self.key_updates.load(Ordering::Relaxed),
        }
    }

    fn add(&self, more: Counters) {
        self.records.fetch_add(more.records, Ordering::Relaxed);
        self.bytes.fetch_add(more.bytes, Ordering::Relaxed);
        self.copied_bytes.fetch_add(more.copied_bytes, Ordering::Relaxed);
        self.key_updates.fetch_add(more.key_updates, Ordering::Relaxed);
    }
}

/// The part of one connection: notes its counters as they grow, and tells the monitor from time to time.
#[derive(Debug)]
pub struct Meter {
    monitor: Monitor,
    told: [Counters; 2],
    noted: [Counters; 2],
    notes: u32,
    is_ready: bool,
    is_failed: bool,
}

impl Meter {
    /// So many notes may go by until the monitor is told: an atomic addition for each number costs as much as finding
    /// a record.
    const TELL_EVERY: u32 = 64;

    /// The meter of a connection that begins.
    pub fn new(monitor: &Monitor) -> Self {
        monitor.0.connections.fetch_add(1, Ordering::Relaxed);
        monitor.0.active.fetch_add(1, Ordering::Relaxed);
        Self {
            monitor: monitor.clone(),
            told: Default::default(),
            noted: Default::default(),
            notes: 0,
            is_ready: false,
            is_failed: false,
        }
    }

    /// Notes what the connection has opened and sealed since it began.
    #[inline]
    pub fn note(&mut self, opened: Counters, sealed: Counters) {
        self.noted = [opened, sealed];
        self.notes += 1;
        if self.notes >= Self::TELL_EVERY {
            self.tell();
        }
    }

    /// Notes that the handshake is done.
    pub fn note_ready(&mut self) {
        if !core::mem::replace(&mut self.is_ready, true) {
            self.monitor.0.ready.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that the connection has ended with an error.
    pub fn note_failed(&mut self) {
        if !core::mem::replace(&mut self.is_failed, true) {
            self.monitor.0.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[cold]
    fn tell(&mut self) {
        self.notes = 0;
        let [opened, sealed] = self.noted;
        let [opened_before, sealed_before] = core::mem::replace(&mut self.told, self.noted);
        self.monitor.0.opened.add(opened.since(opened_before));
        self.monitor.0.sealed.add(sealed.since(sealed_before));
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.tell();
        self.monitor.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_told_at_the_latest_at_the_end() {
        let monitor = Monitor::default();
        let mut meter = Meter::new(&monitor);
        let counters = |records| Counters { records, bytes: 10 * records, ..Counters::default() };
        for records in 1..=u64::from(Meter::TELL_EVERY) + 1 {
            meter.note(counters(records), counters(2 * records));
        }
        assert_eq!(monitor.snapshot().opened, counters(64));
        meter.note_ready();
        meter.note_ready();
        assert_eq!(monitor.snapshot().active, 1);
        drop(meter);
        let expected =
            Snapshot { opened: counters(65), sealed: counters(130), connections: 1, active: 0, ready: 1, failed: 0 };
        assert_eq!(monitor.snapshot(), expected);
    }
}
