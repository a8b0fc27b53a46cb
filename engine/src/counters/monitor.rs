use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Counters;

/// Adds up what many connections do. Clones are the same monitor, and any thread may read it at any time.
///
/// Each connection writes to its own tally, so that threads do not wait for each other, and the monitor adds them up when it is
/// read. Each number is exact; two of them may differ by a record.
#[derive(Clone, Debug, Default)]
pub struct Monitor(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    tallies: Mutex<Tallies>,
    connections: AtomicU64,
    active: AtomicU64,
    ready: AtomicU64,
    failed: AtomicU64,
}

/// As many as there were connections at once: one that ends leaves its tally to the next.
#[derive(Debug, Default)]
struct Tallies {
    all: Vec<Arc<Tally>>,
    free: Vec<Arc<Tally>>,
}

/// Written by one connection at a time.
#[derive(Debug, Default)]
struct Tally {
    opened: Direction,
    sealed: Direction,
}

/// A cache line of its own: the halves of a connection may be on two threads.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Direction {
    records: AtomicU64,
    bytes: AtomicU64,
    in_place_records: AtomicU64,
    copied_records: AtomicU64,
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
    /// Connections that were made.
    pub connections: u64,
    /// Connections that exist.
    pub active: u64,
    /// Handshakes that have completed.
    pub ready: u64,
    /// Connections that ended with an error, among them those whose transport ended without a close_notify.
    pub failed: u64,
}

impl Monitor {
    /// The numbers now. This takes some nanoseconds for each connection.
    pub fn snapshot(&self) -> Snapshot {
        let shared = &*self.0;
        let mut snapshot = Snapshot {
            connections: shared.connections.load(Ordering::Relaxed),
            active: shared.active.load(Ordering::Relaxed),
            ready: shared.ready.load(Ordering::Relaxed),
            failed: shared.failed.load(Ordering::Relaxed),
            ..Snapshot::default()
        };
        for tally in &shared.lock().all {
            snapshot.opened = snapshot.opened.plus(tally.opened.read());
            snapshot.sealed = snapshot.sealed.plus(tally.sealed.read());
        }
        snapshot
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Tallies> {
        // Nothing panics under the lock, unless memory runs out, and the lists are never half changed.
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_tally(&self) -> Arc<Tally> {
        let mut tallies = self.lock();
        tallies.free.pop().unwrap_or_else(|| {
            let tally = Arc::new(Tally::default());
            tallies.all.push(Arc::clone(&tally));
            tally
        })
    }
}

impl Direction {
    // Relaxed throughout: nothing is concluded about other memory from a number.
    #[inline]
    fn read(&self) -> Counters {
        Counters {
            records: self.records.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            in_place_records: self.in_place_records.load(Ordering::Relaxed),
            copied_records: self.copied_records.load(Ordering::Relaxed),
            copied_bytes: self.copied_bytes.load(Ordering::Relaxed),
            key_updates: self.key_updates.load(Ordering::Relaxed),
        }
    }

    /// Plain stores, as there is one writer: an atomic addition costs some twenty times as much.
    #[inline]
    fn write(&self, counters: Counters) {
        self.records.store(counters.records, Ordering::Relaxed);
        self.bytes.store(counters.bytes, Ordering::Relaxed);
        self.in_place_records.store(counters.in_place_records, Ordering::Relaxed);
        self.copied_records.store(counters.copied_records, Ordering::Relaxed);
        self.copied_bytes.store(counters.copied_bytes, Ordering::Relaxed);
        self.key_updates.store(counters.key_updates, Ordering::Relaxed);
    }
}

/// Reports what one connection does to its monitor. Each direction is used by one thread at a time.
#[derive(Debug)]
pub(crate) struct Meter {
    shared: Arc<Shared>,
    tally: Arc<Tally>,
    /// What was in the tally from earlier connections.
    opened_before: Counters,
    sealed_before: Counters,
    is_ready: AtomicBool,
    is_failed: AtomicBool,
}

impl Meter {
    /// The meter of a new connection.
    pub(crate) fn new(monitor: &Monitor) -> Self {
        let shared = Arc::clone(&monitor.0);
        shared.connections.fetch_add(1, Ordering::Relaxed);
        shared.active.fetch_add(1, Ordering::Relaxed);
        // The lock under which the tally was given back makes what was written there visible here.
        let tally = shared.take_tally();
        let (opened_before, sealed_before) = (tally.opened.read(), tally.sealed.read());
        let [is_ready, is_failed] = [false, false].map(AtomicBool::new);
        Self { shared, tally, opened_before, sealed_before, is_ready, is_failed }
    }

    /// Notes what the connection has opened since it began.
    #[inline]
    pub(crate) fn note_opened(&self, opened: Counters) {
        self.tally.opened.write(self.opened_before.plus(opened));
    }

    /// Notes what the connection has sealed since it began.
    #[inline]
    pub(crate) fn note_sealed(&self, sealed: Counters) {
        self.tally.sealed.write(self.sealed_before.plus(sealed));
    }

    /// Notes that the handshake is done.
    pub(crate) fn note_ready(&self) {
        if !self.is_ready.swap(true, Ordering::Relaxed) {
            self.shared.ready.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that the connection has ended with an error.
    pub(crate) fn note_failed(&self) {
        if !self.is_failed.swap(true, Ordering::Relaxed) {
            self.shared.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.shared.active.fetch_sub(1, Ordering::Relaxed);
        self.shared.lock().free.push(Arc::clone(&self.tally));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Meter {
        fn note(&self, opened: Counters, sealed: Counters) {
            self.note_opened(opened);
            self.note_sealed(sealed);
        }
    }

    fn counters(records: u64) -> Counters {
        Counters {
            records,
            bytes: 10 * records,
            in_place_records: records / 2,
            copied_records: records / 2,
            copied_bytes: 2 * records,
            key_updates: records / 2,
        }
    }

    #[test]
    fn what_was_noted_is_there_at_once_and_stays() {
        let monitor = Monitor::default();
        let meter = Meter::new(&monitor);
        meter.note(counters(3), counters(4));
        meter.note_ready();
        meter.note_ready();
        let during =
            Snapshot { opened: counters(3), sealed: counters(4), connections: 1, active: 1, ready: 1, failed: 0 };
        assert_eq!(monitor.snapshot(), during);
        drop(meter);
        assert_eq!(monitor.snapshot(), Snapshot { active: 0, ..during });
    }

    #[test]
    fn a_tally_goes_to_the_next_connection_and_loses_nothing() {
        let monitor = Monitor::default();
        for round in 1..=100 {
            let meters = [Meter::new(&monitor), Meter::new(&monitor)];
            for meter in &meters {
                meter.note(counters(2), counters(4));
                meter.note(counters(4), counters(6));
            }
            let snapshot = monitor.snapshot();
            assert_eq!((snapshot.opened, snapshot.sealed), (counters(8 * round), counters(12 * round)));
            assert_eq!((snapshot.connections, snapshot.active), (2 * round, 2));
        }
        assert_eq!(monitor.0.lock().all.len(), 2, "no more than there were at once");
    }

    #[test]
    fn threads_lose_nothing() {
        let monitor = Monitor::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let meter = Meter::new(&monitor);
                        (1..=10).for_each(|records| meter.note(counters(2 * records), counters(0)));
                        meter.note_failed();
                    }
                });
            }
            let mut last = 0;
            while last < 4 * 200 * 20 {
                let records = monitor.snapshot().opened.records;
                assert!(records >= last, "a count never falls");
                last = records;
            }
        });
        let expected = Snapshot { opened: counters(16_000), connections: 800, failed: 800, ..Snapshot::default() };
        assert_eq!(monitor.snapshot(), expected);
    }
}
